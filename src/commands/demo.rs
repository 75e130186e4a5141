//! `copperbell demo`: a build's life, an issue's and an outage's, by the real code on stand-ins, in simulated hours.
//!
//! It is given nothing of the user's: no settings, no secrets, no state, and the engine it remembers in ends with it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use boot::{Secrets, Settings};
use jiff::Timestamp;
use jobs::{Limits, Pass, Received, Records, Report, Scope, Watch};
use outbound::{Clock, Deadline, FaultPoint, Outbound};
use serde_json::{Value, json};
use world::{Chat, ChatAnswer, Event, GitHub, Monitor, Outcome, Reply, Rights, recorded};

use crate::connect::{Loaded, Parts, local_table};
use crate::output::{counted, print};

const PROJECT: &str = "alice/demo";
const HOOK: &str = "repo:acme/app:1";
const SECRET: &str = "demo";
const WEBHOOK_SECRET: &str = "It's a Secret to Everybody";

pub(crate) async fn run() -> anyhow::Result<bool> {
    let mut stage = Stage::set().await?;
    builds(&mut stage).await?;
    issues(&mut stage).await?;
    outage(&mut stage).await?;
    stage.end()
}

async fn builds(stage: &mut Stage) -> anyhow::Result<()> {
    print(
        "Copperbell watches the Copr project alice/demo and rings in Slack and in Feishu.\n\
         Copr and the chats are stand-ins on this machine; Copr's answers are recorded real ones, the hours are \
         simulated.\n\n",
    )?;
    let broken = recorded::MIXED_FAILED_ALL_FIELDS.to_vec();
    for (hour, what, monitor) in [
        ("09:00", "a first build is queued", recorded::WAITING.to_vec()),
        ("09:20", "it is being built", recorded::STARTING_RUNNING.to_vec()),
        ("09:40", "more packages were built, and some broke", broken.clone()),
        ("10:00", "nothing has changed", broken.clone()),
        ("10:20", "nor now: an open incident does not nag", broken),
        (
            "10:40",
            "a rebuild of beta hides its failure; that proves nothing",
            recorded::REBUILD_WAITING_HIDES_FAILED.to_vec(),
        ),
        (
            "11:00",
            "Copr breaks off in the middle of its answer; that proves nothing",
            recorded::TRUNCATED_STREAM.to_vec(),
        ),
        (
            "11:20",
            "beta is well in one chroot and fails in another",
            recorded::ONE_CHROOT_RECOVERED.to_vec(),
        ),
    ] {
        stage.at(hour, what, monitor).await?;
    }
    stage.slack.answer_next(vec![ChatAnswer::Status {
        status: 429,
        headers: vec![("retry-after", "30".to_owned())],
        body: "rate_limited".to_owned(),
    }]);
    for (hour, what, monitor) in [
        (
            "12:00",
            "beta is fixed; Slack is busy, so its notice waits",
            beta_well(),
        ),
        ("12:20", "Slack is back, and gets what it missed", beta_well()),
        ("13:00", "everything is fixed", all_well()),
        ("13:20", "all is well, and so all is quiet", all_well()),
    ] {
        stage.at(hour, what, monitor).await?;
    }
    Ok(())
}

async fn issues(stage: &mut Stage) -> anyhow::Result<()> {
    print(
        "GitHub sends what happens to the issues of acme/app, signed. Slack is told; Feishu hears of builds alone.\n\n",
    )?;
    let (ours, forged) = (WEBHOOK_SECRET, "somebody else's secret");
    for (hour, what, guid, event, payload, secret) in [
        (
            "13:30",
            "an issue is opened",
            "1",
            "issues",
            issue("opened", &["bug"]),
            ours,
        ),
        (
            "13:31",
            "GitHub sends the same delivery again",
            "1",
            "issues",
            issue("opened", &["bug"]),
            ours,
        ),
        (
            "13:35",
            "somebody else claims that it was closed",
            "2",
            "issues",
            issue("closed", &[]),
            forged,
        ),
        ("13:40", "a maintainer answers", "3", "issue_comment", comment(), ours),
        (
            "13:45",
            "it gets a label",
            "4",
            "issues",
            issue("labeled", &["bug", "crash"]),
            ours,
        ),
        (
            "14:50",
            "it is closed",
            "5",
            "issues",
            issue("closed", &["bug", "crash"]),
            ours,
        ),
    ] {
        stage.delivery(hour, what, guid, event, &payload, secret).await?;
    }
    Ok(())
}

async fn outage(stage: &mut Stage) -> anyhow::Result<()> {
    print(
        "Another server of yours takes GitHub's webhooks, too. GitHub never sends a failed one again by itself; \
         Copperbell reads the log of the hook and sees to it.\n\n",
    )?;
    stage.quiet("15:00", "all is well").await?;
    stage.receiver_answers(0);
    stage.lose(3).await;
    stage
        .quiet("15:10", "the server is down, and three deliveries are lost")
        .await?;
    stage.lose(4).await;
    for (hour, what) in [
        (
            "15:20",
            "four more; redelivering would be in vain, so one delivery a pass tries",
        ),
        ("15:30", "nothing is held against a delivery while its receiver is down"),
    ] {
        stage.quiet(hour, what).await?;
    }
    stage.receiver_answers(200);
    for (hour, what) in [
        ("15:40", "the server is back"),
        ("15:50", "the one that tried got through, so the others follow"),
        ("16:00", "and all of them have arrived"),
    ] {
        stage.quiet(hour, what).await?;
    }
    Ok(())
}

/// The stand-ins, and Copperbell between them.
struct Stage {
    copr: world::Copr,
    github: GitHub,
    answer: Arc<AtomicU16>,
    guids: Vec<String>,
    slack: Chat,
    feishu: Chat,
    loaded: Loaded,
    watch: Watch,
}

impl Stage {
    async fn set() -> anyhow::Result<Self> {
        let copr = world::Copr::start().await;
        copr.set(PROJECT, Reply::monitor(recorded::WAITING));
        let slack = Chat::slack().await;
        let feishu = Chat::feishu(Some(SECRET)).await;
        let start: Timestamp = "2026-03-02T09:00:00Z".parse().context("Failed to read the hour")?;
        let outbound = Outbound::with(Clock::simulated(start), FaultPoint::none());
        let clock = outbound.clock.clone();
        let github = GitHub::start(move || clock.now().as_millisecond()).await;
        github.set_token("token", Rights::Redeliver);
        github.add_hook(HOOK, "https://ci.acme.example/webhook", None);
        let answer = Arc::new(AtomicU16::new(200));
        let answers = answer.clone();
        github.script(HOOK, move |_| match answers.load(Ordering::Relaxed) {
            0 => Outcome::refused(),
            status => Outcome::answered(status),
        });
        let engine = embedded::Engine::memory()?;
        let table = local_table(engine, &outbound).await?;
        let secrets = Secrets::parse(
            &json!({"channels": [
                {"name": "team", "url": slack.url(), "events": ["copr.*", "issues.*", "issue_comment.*", "redelivery.*"]},
                {"name": "rpm", "url": feishu.url(), "secret": SECRET, "events": ["copr.*"]},
                {"name": "console", "url": "console:", "events": ["copr.*", "issues.*", "issue_comment.*", "redelivery.*"]},
            ], "github_webhook_secret": WEBHOOK_SECRET, "github_token": "token"})
            .to_string(),
        )?;
        let settings = Settings::read(|name| match name {
            "COPR_URL" => Some(copr.url()),
            "COPR_PROJECTS" => Some(PROJECT.to_owned()),
            "GITHUB_API_URL" => Some(github.url()),
            "GITHUB_HOOKS" => Some(HOOK.to_owned()),
            _ => None,
        })?;
        let parts = Parts {
            outbound,
            table,
            github: settings.github,
            language: settings.language,
            allow_sha1: false,
            records: Records::default(),
        };
        let loaded = parts.load(secrets);
        Ok(Self {
            copr,
            github,
            answer,
            guids: Vec::new(),
            slack,
            feishu,
            loaded,
            watch: settings.watch,
        })
    }

    /// Moves the clock on.
    fn turn_to(&self, hour: &str) -> anyhow::Result<()> {
        let clock = &self.loaded.context.outbound.clock;
        let to: Timestamp = at(hour).parse().context("Failed to read the hour")?;
        clock.advance(Duration::try_from(to.duration_since(clock.now())).unwrap_or_default());
        self.feishu.set_now(clock.now().as_second());
        Ok(())
    }

    /// Moves the clock on to `hour`, lets Copr answer `monitor` and runs a pass.
    async fn at(&mut self, hour: &str, what: &str, monitor: impl Into<Vec<u8>>) -> anyhow::Result<()> {
        self.turn_to(hour)?;
        self.copr.set(PROJECT, Reply::monitor(monitor.into()));
        print(&format!("{hour}  {what}\n"))?;
        let context = &self.loaded.context;
        let pass = Pass::new(context.outbound.clock.now(), Deadline::NONE);
        let report = jobs::run(context, &self.watch, pass, |_| {}).await;
        print(&format!("       {}\n\n", seen(&report)))
    }

    /// What the other server answers from now on; 0: nobody is there.
    fn receiver_answers(&self, status: u16) {
        self.answer.store(status, Ordering::Relaxed);
    }

    /// So many deliveries are sent to the other server, each a minute after the one before.
    async fn lose(&mut self, count: usize) {
        for _ in 0..count {
            self.loaded.context.outbound.clock.advance(Duration::from_mins(1));
            let event = Event::new("push", &json!({"repository": {"id": 7}}));
            self.guids.push(self.github.emit(&[HOOK], event).await);
        }
    }

    /// Moves the clock on to `hour` and runs a pass that looks at the hook alone.
    async fn quiet(&mut self, hour: &str, what: &str) -> anyhow::Result<()> {
        self.turn_to(hour)?;
        print(&format!("{hour}  {what}\n"))?;
        let context = &self.loaded.context;
        let pass = Pass {
            scope: Scope::Hooks,
            ..Pass::new(context.outbound.clock.now(), Deadline::NONE)
        };
        let report = jobs::run(context, &self.watch, pass, |_| {}).await;
        let hook = report.hooks.first().context("Failed to read the log of the hook")?;
        let arrived = self.guids.iter().filter(|guid| self.github.successes(HOOK, guid) > 0);
        let sent = report.channels.iter().any(|channel| channel.sent > 0);
        let silent = if sent { "" } else { ", silent" };
        print(&format!(
            "       ({} of {} arrived, {} redelivered now{silent})\n\n",
            arrived.count(),
            self.guids.len(),
            hook.redelivered
        ))
    }

    /// Moves the clock on to `hour` and takes a delivery of GitHub's.
    async fn delivery(
        &mut self,
        hour: &str,
        what: &str,
        guid: &str,
        event: &str,
        payload: &Value,
        signed_with: &str,
    ) -> anyhow::Result<()> {
        self.turn_to(hour)?;
        print(&format!("{hour}  {what}\n"))?;
        let body = payload.to_string();
        let secret = github::WebhookSecret::new(&signed_with.to_owned().into())?;
        let mut headers = http::HeaderMap::new();
        for (name, value) in [
            ("content-type", "application/json"),
            ("x-github-event", event),
            ("x-github-delivery", guid),
            ("x-hub-signature-256", &github::sign(&secret, body.as_bytes())),
        ] {
            headers.insert(http::HeaderName::from_bytes(name.as_bytes())?, value.parse()?);
        }
        let Loaded { context, keys } = &self.loaded;
        let received = jobs::receive(context, keys, &headers, body.into()).await.received;
        let limits = Limits {
            send_timeout: Duration::from_secs(5),
            deadline: Deadline::NONE,
        };
        jobs::deliver(context, limits).await;
        let silent = if received == Received::Accepted { "" } else { ", silent" };
        print(&format!("       (answered {}{silent})\n\n", received.status()))
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
            "{}{}",
            said("Slack", &self.slack),
            said("Feishu", &self.feishu),
        ))?;
        Ok(true)
    }
}

fn at(hour: &str) -> String {
    format!("2026-03-02T{hour}:00Z")
}

/// An `issues` payload, of the fields that are read of GitHub's.
fn issue(action: &str, labels: &[&str]) -> Value {
    let label = |name: &str| json!({"id": 1, "name": name, "color": "d73a4a"});
    let person = |login: &str, id: u32| json!({"login": login, "id": id, "type": "User"});
    json!({
        "action": action,
        "issue": {
            "id": 1012,
            "number": 12,
            "title": "Crash on start",
            "html_url": "https://github.com/acme/app/issues/12",
            "state": if action == "closed" { "closed" } else { "open" },
            "state_reason": if action == "closed" { json!("completed") } else { Value::Null },
            "user": person("alice", 1),
            "labels": labels.iter().copied().map(label).collect::<Vec<_>>(),
            "assignees": [],
            "body": "It stops with `bell not found`.\nHere is what I did …",
            "created_at": at("13:30"),
            "updated_at": at("13:30"),
            "closed_at": if action == "closed" { json!(at("14:50")) } else { Value::Null },
        },
        "label": labels.last().copied().map(label),
        "repository": {
            "id": 7,
            "full_name": "acme/app",
            "html_url": "https://github.com/acme/app",
            "private": false,
        },
        "sender": if action == "opened" { person("alice", 1) } else { person("bob", 2) },
    })
}

/// An `issue_comment` payload for the same issue.
fn comment() -> Value {
    let mut payload = issue("created", &["bug"]);
    payload["comment"] = json!({
        "id": 5,
        "html_url": "https://github.com/acme/app/issues/12#issuecomment-5",
        "user": {"login": "bob", "id": 2, "type": "User"},
        "body": "Thank you! Fixed on main.",
        "created_at": at("13:40"),
    });
    payload
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
