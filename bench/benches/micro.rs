//! Parts of the work, each in this process: the check of a signature beside the hash alone, a large monitor beside Node's
//! `JSON.parse`, a large incident diff, and how many deliveries a second one core accepts and rings with a table in process.
//! Writes `micro.json` into the directory that is given.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use bell::ignore::Ignore;
use bell::incident::decide;
use bell::seen::Seen;
use boot::Secrets;
use bytes::Bytes;
use copr::MonitorParser;
use github::{Credentials, GitHub, WebhookSecret, sign, verify};
use http::HeaderMap;
use jiff::Timestamp;
use jobs::{Bell, Keys, Limits, Received, Records, deliver_news, receive};
use outbound::{Deadline, Outbound};
use secrecy::SecretString;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use state::Table;
use world::{Chat, Monitor};

/// GitHub's own examples.
const ISSUES: &str = include_str!("../../crates/github/tests/data/issues.examples.json");

const PACKAGES: usize = 100_000;
const CHROOTS: [&str; 4] = [
    "fedora-42-x86_64",
    "fedora-43-x86_64",
    "fedora-43-aarch64",
    "fedora-rawhide-x86_64",
];

/// How much of an answer comes at once?
const PIECE: usize = 16 << 10;

const DELIVERIES: u64 = 500;

type Figures = BTreeMap<String, f64>;

fn main() -> anyhow::Result<()> {
    // Cargo adds `--bench`.
    let mut arguments = std::env::args().skip(1).filter(|argument| !argument.starts_with("--"));
    let first = arguments.next().context("Usage: micro DIRECTORY")?;
    if first == "monitor" {
        // In a process of its own, so that its memory is what it says.
        let body = arguments.next().context("Usage: micro monitor FILE")?;
        return monitor_alone(Path::new(&body));
    }
    let home = PathBuf::from(first);
    let mut figures = Figures::new();
    signatures(&mut figures)?;
    monitor(&home, &mut figures)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(deliveries(&mut figures))?;
    let text = serde_json::to_string_pretty(&figures)?;
    println!("{text}");
    std::fs::write(home.join("micro.json"), text)?;
    Ok(())
}

/// The shortest of some times: what else the machine did only makes it longer.
fn best(mut work: impl FnMut() -> bool) -> anyhow::Result<Duration> {
    let mut best = Duration::MAX;
    let until = Instant::now() + Duration::from_secs(1);
    while Instant::now() < until || best == Duration::MAX {
        let begin = Instant::now();
        ensure!(work(), "the work was not done");
        best = best.min(begin.elapsed());
    }
    Ok(best)
}

fn signatures(figures: &mut Figures) -> anyhow::Result<()> {
    let secret = WebhookSecret::new(&SecretString::from("It's a Secret to Everybody"))?;
    for (name, size) in [("1 KB", 1 << 10), ("100 KB", 100 << 10), ("25 MB", 25 << 20)] {
        let body = Bytes::from(vec![b'x'; size]);
        let mut headers = HeaderMap::new();
        headers.insert("x-hub-signature-256", sign(&secret, &body).parse()?);
        let secrets = [secret.clone()];
        let check = best(|| verify(&secrets, &headers, body.clone(), false).is_ok())?;
        let hash = best(|| std::hint::black_box(Sha256::digest(&body)).len() == 32)?;
        figures.insert(format!("signature at {name}, µs"), check.as_secs_f64() * 1e6);
        let ratio = hash.as_secs_f64() / check.as_secs_f64();
        figures.insert(format!("signature at {name}, of the bare hash's speed"), ratio);
    }
    Ok(())
}

/// Writes a monitor, a piece at a time: all of it would be counted as our memory.
fn write_monitor(path: &Path) -> anyhow::Result<()> {
    let one = Monitor::new("alice/demo").json();
    let (head, tail) = one.split_at(one.find('[').context("a monitor has packages")? + 1);
    let mut file = BufWriter::new(File::create(path)?);
    file.write_all(head.as_bytes())?;
    for number in 0..PACKAGES {
        let build = 9_000_000 + u64::try_from(number)?;
        let state = if number % 20 == 0 { "failed" } else { "succeeded" };
        let chroots = CHROOTS.map(|chroot| (chroot, state, build, Some("1.0-1")));
        let package = Monitor::new("alice/demo")
            .package(&format!("package-{number:06}"), chroots)
            .json();
        let package = package
            .strip_prefix(head)
            .and_then(|rest| rest.trim_end().strip_suffix(tail.trim()));
        let comma = if number == 0 { "" } else { "," };
        file.write_all(comma.as_bytes())?;
        file.write_all(package.context("a monitor is its packages")?.as_bytes())?;
    }
    file.write_all(tail.as_bytes())?;
    Ok(file.flush()?)
}

/// Reads a monitor as it comes from Copr, and calls `on_package` with each.
fn read_monitor(path: &Path, on_package: &mut impl FnMut(copr::Package<'_>)) -> anyhow::Result<usize> {
    let mut file = File::open(path)?;
    let mut piece = vec![0; PIECE];
    let mut parser = MonitorParser::new();
    loop {
        let read = file.read(&mut piece)?;
        if read == 0 {
            return Ok(parser.finish()?);
        }
        parser = parser.feed(&piece[..read], &mut *on_package)?;
    }
}

/// A line of `/proc/self/status`, in MB.
fn memory(line: &str) -> anyhow::Result<f64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let kib = status.lines().find_map(|text| text.strip_prefix(line));
    let kib: u32 = kib.context("no such line")?.trim().trim_end_matches(" kB").parse()?;
    Ok(f64::from(kib) * 1024.0 / 1e6)
}

/// Milliseconds and MB above idle, as JSON; what fails is kept as a poll keeps it.
fn monitor_alone(body: &Path) -> anyhow::Result<()> {
    let idle = memory("VmRSS:")?;
    let ignore = Ignore::default();
    let mut shortest = Duration::MAX;
    for _ in 0..5 {
        let mut seen = Vec::new();
        let begin = Instant::now();
        let packages = read_monitor(body, &mut |package| {
            if package.chroots.iter().any(|chroot| chroot.state.is_failure()) {
                let kept = Seen::of(&package, &ignore);
                seen.push((package.name.into_owned(), kept));
            }
        })?;
        shortest = shortest.min(begin.elapsed());
        ensure!(
            packages == PACKAGES && seen.len() == PACKAGES / 20,
            "{packages}, {}",
            seen.len()
        );
    }
    let above = memory("VmHWM:")? - idle;
    println!("{}", json!({"ms": shortest.as_secs_f64() * 1000.0, "mb": above}));
    Ok(())
}

fn json_of(command: &mut Command) -> anyhow::Result<Value> {
    let output = command.output()?;
    ensure!(
        output.status.success(),
        "{command:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(serde_json::from_slice(&output.stdout)?)
}

fn monitor(home: &Path, figures: &mut Figures) -> anyhow::Result<()> {
    let body = home.join("monitor.json");
    write_monitor(&body)?;
    let ours = json_of(Command::new(std::env::current_exe()?).arg("monitor").arg(&body))?;
    let parse = concat!(env!("CARGO_MANIFEST_DIR"), "/peers/node/parse.mjs");
    let node = json_of(Command::new("node").arg(parse).arg(&body))?;
    let of = |value: &Value, name: &str| value[name].as_f64().unwrap_or(f64::NAN);
    figures.insert("monitor, ms".to_owned(), of(&ours, "ms"));
    figures.insert("monitor, Node's JSON.parse, ms".to_owned(), of(&node, "ms"));
    figures.insert(
        "monitor, time of Node's JSON.parse".to_owned(),
        of(&ours, "ms") / of(&node, "ms"),
    );
    figures.insert("monitor, MB above idle".to_owned(), of(&ours, "mb"));
    figures.insert("monitor, Node's MB above idle".to_owned(), of(&node, "mb"));

    // Every package has an open incident, and a build that failed again.
    let ignore = Ignore::default();
    let now = Timestamp::UNIX_EPOCH;
    let mut all = Vec::new();
    read_monitor(&body, &mut |package| {
        let mut seen = Seen::of(&package, &ignore);
        for chroot in seen.chroots.values_mut() {
            chroot.state = copr::BuildState::Failed;
        }
        let before = decide(None, Some(&seen), |_| false, None, now).incident;
        for chroot in seen.chroots.values_mut() {
            chroot.build_id += 1;
        }
        all.push((before, seen));
    })?;
    let diff = best(|| {
        let decided = all
            .iter()
            .map(|(before, seen)| decide(before.as_ref(), Some(seen), |_| false, None, now));
        decided.filter(|decision| decision.event.is_some()).count() == PACKAGES
    })?;
    figures.insert(
        "incident diff of 400,000 chroots, ms".to_owned(),
        diff.as_secs_f64() * 1000.0,
    );
    Ok(std::fs::remove_file(body)?)
}

/// Accepts and rings one after the other, as one Lambda environment does.
async fn deliveries(figures: &mut Figures) -> anyhow::Result<()> {
    let outbound = Outbound::new();
    let home = tempfile::tempdir()?;
    let engine = embedded::Engine::open(&home.path().join("copperbell.db"))?;
    let http_client = embedded::http_client(engine, &outbound);
    let table = Table::in_process("copperbell", http_client, outbound.clock.clone());
    table.create_if_missing().await?;
    let slack = Chat::slack().await;
    let document = json!({"github_webhook_secret": "secret", "channels": [{"name": "team", "url": slack.url()}]});
    let secrets = Secrets::parse(&document.to_string())?;
    let bells = secrets
        .bells
        .into_iter()
        .map(|(channel, route)| Bell { channel, route });
    let github = github::ApiUrl::new(github::DEFAULT_API_URL)?;
    let context = jobs::Context {
        table,
        owner: "bench".to_owned(),
        bells: bells.collect(),
        language: boot::Settings::read(|_| None)?.language,
        github: GitHub::new(github, Credentials::default()),
        heartbeat: None,
        records: Records::default(),
        outbound,
    };
    let secret = WebhookSecret::new(&SecretString::from("secret"))?;
    let keys = Keys {
        secrets: secrets.webhook,
        allow_sha1: false,
    };
    let limits = Limits {
        send_timeout: Duration::from_secs(2),
        deadline: Deadline::NONE,
    };
    let examples: Vec<Value> = serde_json::from_str(ISSUES)?;
    let opened = examples.into_iter().find(|example| example["action"] == "opened");
    let mut payload = opened.context("an issue should be opened")?;
    let (mut accepting, mut delivering) = (Duration::ZERO, Duration::ZERO);
    for number in 0..DELIVERIES {
        payload["issue"]["id"] = json!(number);
        payload["issue"]["number"] = json!(number);
        let body = Bytes::from(payload.to_string());
        let mut headers = HeaderMap::new();
        headers.insert("x-hub-signature-256", sign(&secret, &body).parse()?);
        headers.insert("content-type", "application/json".parse()?);
        headers.insert("x-github-event", "issues".parse()?);
        headers.insert(
            "x-github-delivery",
            format!("72d3162e-cc78-11e3-81ab-{number:012x}").parse()?,
        );
        let begin = Instant::now();
        let receipt = receive(&context, &keys, &headers, body).await;
        accepting += begin.elapsed();
        ensure!(receipt.received == Received::Accepted, "{receipt:?}");
        let begin = Instant::now();
        let channels = deliver_news(&context, &receipt.rung, limits).await;
        delivering += begin.elapsed();
        ensure!(channels.iter().all(|channel| channel.sent == 1), "{channels:?}");
    }
    let a_second = |time: Duration| f64::from(u32::try_from(DELIVERIES).unwrap_or(u32::MAX)) / time.as_secs_f64();
    figures.insert(
        "deliveries accepted a second, table in a file".to_owned(),
        a_second(accepting),
    );
    figures.insert(
        "deliveries accepted and rung a second, table in a file".to_owned(),
        a_second(accepting + delivering),
    );
    Ok(())
}
