//! Copperbell's functions beside what people would use instead: each started as Lambda starts it, all in turn, so that
//! ratios hold on a noisy machine. `bench/run` builds what this compares.

mod candidate;
mod cost;
mod delivery;
mod process;
mod report;
mod results;
mod session;
mod stand_ins;
mod table;

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::Context as _;
use serde_json::{Value, json};
use world::Monitor;

use crate::candidate::{Built, Candidate, secret};
use crate::delivery::Deliveries;
use crate::process::{Throttle, stay_on_one_core};
use crate::report::Report;
use crate::results::Figures;
use crate::session::{Plan, Session};
use crate::stand_ins::StandIns;

/// An RSA key made for tests.
const APP_KEY: &str = include_str!("../../crates/github/tests/data/keys/pkcs1.pem");

/// The memory whose share of a core is measured, in MB: the least that Lambda gives.
const MEMORY_MB: u32 = 128;

/// How often everything is done. `BENCH_RUNS` says it otherwise.
const RUNS: usize = 15;

/// Invocations after the first of a session, and of one that is held back.
const WARM: usize = 100;
const WARM_HELD: usize = 10;

/// Where everything is.
struct Places {
    release: PathBuf,
    peers: PathBuf,
    out: PathBuf,
}

fn main() -> anyhow::Result<()> {
    let target = std::env::args().nth(1).context("Usage: copperbell-bench TARGET OUT")?;
    let out = std::env::args().nth(2).context("Usage: copperbell-bench TARGET OUT")?;
    let target = std::path::absolute(target)?;
    stay_on_one_core()?;
    let places = Places {
        release: target.join("release"),
        peers: target.join("bench"),
        out: out.into(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(bench(&places))
}

async fn bench(places: &Places) -> anyhow::Result<()> {
    let runs = std::env::var("BENCH_RUNS")
        .ok()
        .and_then(|runs| runs.parse().ok())
        .unwrap_or(RUNS);
    let home = tempfile::tempdir()?;
    let stand_ins = StandIns::start(home.path())?;
    stand_ins.set_secret(&secret(&stand_ins, APP_KEY));
    stand_ins.set_quiet(quiet_monitor(), &quiet_deliveries());
    let built = Built {
        release: &places.release,
        peers: &places.peers,
    };
    let python_path = places.peers.join("python");
    let plan = Plan {
        stand_ins: &stand_ins,
        python_path: &python_path,
        memory: None,
        warm: WARM,
    };
    let mut deliveries = Deliveries::new()?;
    let mut webhooks = built.webhooks();
    // Some of those that take a delivery, while one of them is being made faster.
    let only = std::env::var("BENCH_ONLY");
    if let Ok(only) = &only {
        webhooks.retain(|candidate| only.split(',').any(|name| name == candidate.name));
    }
    let full = webhook(&plan, &webhooks, &mut deliveries, runs).await?;
    let held = if Throttle::for_memory(MEMORY_MB).is_ok() {
        let plan = Plan {
            memory: Some(MEMORY_MB),
            warm: WARM_HELD,
            ..plan
        };
        webhook(&plan, &webhooks, &mut deliveries, runs).await?
    } else {
        BTreeMap::new()
    };
    let watches = built.watches();
    let quiet = if only.is_ok() {
        BTreeMap::new()
    } else {
        watch(&Plan { warm: 0, ..plan }, &watches, runs).await?
    };
    let report = Report::new(full, held, quiet, &webhooks, &watches, places)?;
    report.write()?;
    anyhow::ensure!(report.holds(), "something does not hold that must");
    Ok(())
}

type AllFigures = BTreeMap<&'static str, Figures>;

async fn webhook(
    plan: &Plan<'_>,
    candidates: &[Candidate],
    deliveries: &mut Deliveries,
    runs: usize,
) -> anyhow::Result<AllFigures> {
    let mut sessions: BTreeMap<&'static str, Vec<Session>> = BTreeMap::new();
    for run in 0..runs {
        for candidate in in_turn(candidates, run) {
            let good = |answer: &Value| answer["statusCode"] == 200;
            let session = plan.run(candidate, || deliveries.next(), good).await?;
            if !candidate.is_floor {
                let posts = session
                    .warm_calls
                    .calls
                    .iter()
                    .filter(|call| *call == "slack POST")
                    .count();
                anyhow::ensure!(posts == plan.warm, "{} rang {posts} times", candidate.name);
            }
            sessions.entry(candidate.name).or_default().push(session);
        }
        eprintln!(
            "webhook{}: {} of {runs}",
            if plan.memory.is_some() { " at 128 MB" } else { "" },
            run + 1
        );
    }
    Ok(sessions
        .into_iter()
        .map(|(name, sessions)| (name, Figures::of(&sessions)))
        .collect())
}

async fn watch(plan: &Plan<'_>, candidates: &[Candidate], runs: usize) -> anyhow::Result<AllFigures> {
    let mut sessions: BTreeMap<&'static str, Vec<Session>> = BTreeMap::new();
    // The first pass of all finds things out.
    for run in 0..=runs {
        for candidate in in_turn(candidates, run) {
            let good = |answer: &Value| answer["complete"] == true;
            let session = plan.run(candidate, || json!({}), good).await?;
            if run > 0 {
                sessions.entry(candidate.name).or_default().push(session);
            }
        }
    }
    Ok(sessions
        .into_iter()
        .map(|(name, sessions)| (name, Figures::of(&sessions)))
        .collect())
}

/// Each time another one is first.
fn in_turn(candidates: &[Candidate], run: usize) -> impl Iterator<Item = &Candidate> {
    candidates
        .iter()
        .cycle()
        .skip(run % candidates.len())
        .take(candidates.len())
}

/// Twenty packages that are well, in four chroots.
fn quiet_monitor() -> String {
    let chroots = [
        "fedora-42-x86_64",
        "fedora-43-x86_64",
        "fedora-43-aarch64",
        "fedora-rawhide-x86_64",
    ];
    let mut monitor = Monitor::new("alice/demo");
    for number in 0..20 {
        let package = chroots.map(|chroot| (chroot, "succeeded", 9_000_000 + number, Some("1.0-1")));
        monitor = monitor.package(&format!("package-{number:02}"), package);
    }
    monitor.json()
}

/// Thirty deliveries that arrived, a few hours ago.
fn quiet_deliveries() -> Value {
    let delivery = |number: u64| {
        json!({
            "id": 9_007_199_254_740_993_u64 + number, "guid": format!("0b989ba4-242f-11e5-81e1-{number:012x}"),
            "delivered_at": "2026-01-01T00:00:00Z", "redelivery": false, "duration": 0.27, "status": "OK",
            "status_code": 200, "event": "issues", "action": "opened", "installation_id": null, "repository_id": 7,
            "throttled_at": null,
        })
    };
    (0..30).map(delivery).collect()
}
