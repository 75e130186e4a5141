//! `copperbell demo`: a build's life, by the real code on stand-ins of Copr and the chats, in simulated hours.
//!
//! It is given nothing of the user's: no settings, no secrets, no state, and the engine it remembers in ends with it.

use std::time::Duration;

use anyhow::Context as _;
use boot::{Secrets, Settings};
use jiff::Timestamp;
use jobs::{Context, Report, Watch};
use outbound::{Clock, Deadline, FaultPoint, Outbound};
use serde_json::json;
use world::{Chat, ChatAnswer, Monitor, Reply, recorded};

use crate::connect::{bells, local_table, watch};
use crate::output::{counted, print};

const PROJECT: &str = "alice/demo";
const SECRET: &str = "demo";

pub(crate) async fn run() -> anyhow::Result<bool> {
    let mut stage = Stage::set().await?;
    print(
        "Copperbell watches the Copr project alice/demo and rings in Slack and in Feishu.\n\
         Copr and the chats are stand-ins on this machine; Copr's answers are recorded real ones, the hours are simulated.\n\n",
    )?;
    stage.at("09:00", "a first build is queued", recorded::WAITING).await?;
    stage
        .at("09:20", "it is being built", recorded::STARTING_RUNNING)
        .await?;
    stage
        .at(
            "09:40",
            "more packages were built, and some broke",
            recorded::MIXED_FAILED_ALL_FIELDS,
        )
        .await?;
    stage
        .at("10:00", "nothing has changed", recorded::MIXED_FAILED_ALL_FIELDS)
        .await?;
    stage
        .at(
            "10:20",
            "nor now: an open incident does not nag",
            recorded::MIXED_FAILED_ALL_FIELDS,
        )
        .await?;
    stage
        .at(
            "10:40",
            "a rebuild of beta hides its failure; that proves nothing",
            recorded::REBUILD_WAITING_HIDES_FAILED,
        )
        .await?;
    stage
        .at(
            "11:00",
            "Copr breaks off in the middle of its answer; that proves nothing",
            recorded::TRUNCATED_STREAM,
        )
        .await?;
    stage
        .at(
            "11:20",
            "beta is well in one chroot and fails in another",
            recorded::ONE_CHROOT_RECOVERED,
        )
        .await?;
    stage.slack.answer_next(vec![ChatAnswer::Status {
        status: 429,
        headers: vec![("retry-after", "30".to_owned())],
        body: "rate_limited".to_owned(),
    }]);
    stage
        .at(
            "12:00",
            "beta is fixed; Slack is busy, so its notice waits",
            beta_well(),
        )
        .await?;
    stage
        .at("12:20", "Slack is back, and gets what it missed", beta_well())
        .await?;
    stage.at("13:00", "everything is fixed", all_well()).await?;
    stage
        .at("13:20", "all is well, and so all is quiet", all_well())
        .await?;
    stage.end()
}

/// The stand-ins, and Copperbell between them.
struct Stage {
    copr: world::Copr,
    slack: Chat,
    feishu: Chat,
    context: Context,
    watch: Watch,
    passes: usize,
}

impl Stage {
    async fn set() -> anyhow::Result<Self> {
        let copr = world::Copr::start().await;
        let slack = Chat::slack().await;
        let feishu = Chat::feishu(Some(SECRET)).await;
        let start: Timestamp = "2026-03-02T09:00:00Z".parse().context("Failed to read the hour")?;
        let outbound = Outbound::with(Clock::simulated(start), FaultPoint::none());
        let engine = embedded::Engine::memory()?;
        let table = local_table(engine, &outbound).await?;
        let secrets = Secrets::parse(
            &json!({"channels": [
                {"name": "team", "url": slack.url()},
                {"name": "rpm", "url": feishu.url(), "secret": SECRET},
                {"name": "console", "url": "console:"},
            ]})
            .to_string(),
        )?;
        let settings = Settings::read(|name| match name {
            "COPR_URL" => Some(copr.url()),
            "COPR_PROJECTS" => Some(PROJECT.to_owned()),
            _ => None,
        })?;
        let context = Context {
            outbound,
            table,
            owner: "demo".to_owned(),
            bells: bells(secrets),
        };
        Ok(Self {
            copr,
            slack,
            feishu,
            context,
            watch: watch(settings),
            passes: 0,
        })
    }

    /// Moves the clock on to `hour`, lets Copr answer `monitor` and runs a pass.
    async fn at(&mut self, hour: &str, what: &str, monitor: impl Into<Vec<u8>>) -> anyhow::Result<()> {
        let clock = &self.context.outbound.clock;
        let to: Timestamp = format!("2026-03-02T{hour}:00Z")
            .parse()
            .context("Failed to read the hour")?;
        let wait = Duration::try_from(to.duration_since(clock.now())).unwrap_or_default();
        clock.advance(wait);
        self.feishu.set_now(clock.now().as_second());
        self.copr.set(PROJECT, Reply::monitor(monitor.into()));
        print(&format!("{hour}  {what}\n"))?;
        let report = jobs::run(&self.context, &self.watch, clock.now(), Deadline::NONE, |_| {}).await;
        self.passes += 1;
        print(&format!("       {}\n\n", seen(&report)))
    }

    /// Counts what rang.
    fn end(self) -> anyhow::Result<bool> {
        let said = |name: &str, chat: &Chat| {
            let messages = chat.texts();
            let titles: Vec<String> = messages.iter().map(|title| format!("  {title}\n")).collect();
            format!(
                "{name} got {}:\n{}",
                counted(messages.len(), "message"),
                titles.concat()
            )
        };
        print(&format!(
            "In {}, each fact was rung once on each channel.\n{}{}",
            counted(self.passes, "pass").replace("passs", "passes"),
            said("Slack", &self.slack),
            said("Feishu", &self.feishu),
        ))?;
        Ok(true)
    }
}

/// What a pass saw, in a line.
fn seen(report: &Report) -> String {
    let project = &report.projects[0];
    let sent = report.channels.iter().any(|channel| channel.sent > 0);
    let silent = if sent { "" } else { ", silent" };
    match &project.error {
        Some(error) => format!("({error}{silent})"),
        None => format!(
            "({}, {} failing{silent})",
            counted(project.packages, "package"),
            project.failing
        ),
    }
}

/// The recorded project with beta's second chroot fixed too. No real answer of this moment was recorded.
fn beta_well() -> String {
    well(&[("gamma-libs", "failed", 6, None)])
}

/// The recorded project, all of it well.
fn all_well() -> String {
    well(&[("gamma-libs", "succeeded", 10, Some("1.4-1"))])
}

fn well(gamma_libs: &[(&str, &str, u64, Option<&str>)]) -> String {
    let packages = [
        ("alpha", "succeeded", 4, Some("1.0-1")),
        ("beta", "succeeded", 9, Some("2.3-3")),
        ("python-delta", "succeeded", 7, Some("0.9-1")),
    ];
    let chroots = [
        "fedora-42-x86_64",
        "fedora-43-x86_64",
        "fedora-43-aarch64",
        "fedora-rawhide-x86_64",
    ];
    let all = packages.iter().chain(gamma_libs);
    let monitor = all.fold(Monitor::new(PROJECT), |monitor, (name, state, build, version)| {
        monitor.package(name, chroots.map(|chroot| (chroot, *state, *build, *version)))
    });
    monitor.json()
}
