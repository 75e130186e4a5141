//! Copperbell between stand-ins, with a clock that a test moves and a fault point that a test loads.

#![allow(dead_code, unreachable_pub, reason = "each test binary uses a part of it")]

pub mod archive;
pub mod hooks;
pub mod serving;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use aws_credential_types::Credentials;
use boot::{Secrets, Settings, SinkAt};
use github::GitHub;
use jiff::Timestamp;
use jobs::{Bell, Context, Pass, Records, Report, Watch};
use metrics::Firehose;
use outbound::{Access, Clock, Deadline, FaultPoint, Outbound, sdk_http_client};
use serde_json::{Value, json};
use state::Table;
use world::{Chat, Copr, Monitor, Reply};

pub const PROJECT: &str = "alice/demo";

/// Is everything to be tried? `cargo test` takes a sample of what takes minutes; `.ci/run` sets `COPPERBELL_PROVE=all`.
pub fn all() -> bool {
    std::env::var("COPPERBELL_PROVE").is_ok_and(|prove| prove == "all")
}

/// The hour at which every story begins.
pub fn start() -> Timestamp {
    "2026-03-02T09:00:00Z".parse().unwrap()
}

pub struct Stage {
    pub copr: Copr,
    pub slack: Chat,
    pub feishu: Chat,
    pub clock: Clock,
    pub engine: embedded::Engine,
    /// Where AWS stands, for a sink of its own.
    pub aws: Option<String>,
    /// How every process leaves: they share its connections.
    outbound: Outbound,
    pub settings: Vec<(&'static str, String)>,
    pub secrets: Value,
}

impl Stage {
    pub async fn new() -> Self {
        Self::on(embedded::Engine::memory().unwrap()).await
    }

    pub async fn on_file(path: &Path) -> Self {
        Self::on(embedded::Engine::open(path).unwrap()).await
    }

    async fn on(engine: embedded::Engine) -> Self {
        let copr = Copr::start().await;
        let slack = Chat::slack().await;
        let feishu = Chat::feishu(Some("demo")).await;
        let secrets = json!({"channels": [
            {"name": "team", "url": slack.url()},
            {"name": "rpm", "url": feishu.url(), "secret": "demo"},
        ]});
        let settings = vec![("COPR_URL", copr.url()), ("COPR_PROJECTS", PROJECT.to_owned())];
        let mut stage = Self {
            copr,
            slack,
            feishu,
            clock: Clock::simulated(start()),
            engine,
            aws: None,
            outbound: Outbound::new(),
            settings,
            secrets,
        };
        stage.go_on_with(stage.engine.clone()).await;
        stage
    }

    /// Goes on with this state.
    pub async fn go_on_with(&mut self, engine: embedded::Engine) {
        self.engine = engine;
        self.table(&self.outbound).create_if_missing().await.unwrap();
    }

    fn table(&self, outbound: &Outbound) -> Table {
        let http_client = embedded::http_client(self.engine.clone(), outbound);
        Table::in_process("copperbell", http_client, self.clock.clone())
    }

    /// Leaves by the connections of `outbound`, which other stages may share.
    pub fn leave_by(&mut self, outbound: &Outbound) {
        self.outbound = outbound.clone();
    }

    /// Changes a setting.
    pub fn set(&mut self, name: &'static str, value: &str) {
        self.settings.retain(|(setting, _)| *setting != name);
        self.settings.push((name, value.to_owned()));
    }

    pub fn monitor(&self, body: impl Into<Vec<u8>>) {
        self.copr.set(PROJECT, Reply::monitor(body.into()));
    }

    /// A process that has just started.
    pub fn process(&self, faults: FaultPoint) -> (Context, Watch) {
        let mut outbound = self.outbound.clone();
        outbound.clock = self.clock.clone();
        outbound.faults = faults;
        let table = self.table(&outbound);
        let secrets = Secrets::parse(&self.secrets.to_string()).unwrap();
        let settings = Settings::read(|name| {
            let set = self.settings.iter().find(|(setting, _)| *setting == name);
            set.map(|(_, value)| value.clone())
        })
        .unwrap();
        let bells = secrets
            .bells
            .into_iter()
            .map(|(channel, route)| Bell { channel, route });
        let mut records = Records {
            titles: settings.sink_titles,
            ..Records::default()
        };
        match &settings.sink {
            Some(SinkAt::Sqlite(path)) => {
                let file = Arc::new(embedded::Records::open(path, &outbound).unwrap());
                records.sink = Some(file.clone());
                records.warehouse = Some(file);
            }
            Some(SinkAt::Firehose(stream)) => {
                let access = access(&outbound, self.aws.clone().expect("the stage has an AWS"));
                records.sink = Some(Arc::new(Firehose::new(stream, access, &outbound)));
            }
            None => {}
        }
        let context = Context {
            outbound,
            table,
            owner: "test".to_owned(),
            bells: bells.collect(),
            language: settings.language,
            github: GitHub::new(settings.github, secrets.github),
            heartbeat: secrets.heartbeat,
            records,
        };
        (context, settings.watch)
    }

    /// A pass of a process that has just started, at the hour it is.
    pub async fn pass(&self) -> Report {
        self.pass_until(Deadline::NONE).await
    }

    pub async fn pass_until(&self, deadline: Deadline) -> Report {
        self.feishu.set_now(self.clock.now().as_second());
        let (context, watch) = self.process(FaultPoint::none());
        jobs::run(&context, &watch, Pass::new(self.clock.now(), deadline), |_| {}).await
    }

    /// A pass in which calls fail as planned. `None`: the process died.
    pub async fn pass_with(&self, faults: FaultPoint) -> Option<Report> {
        self.feishu.set_now(self.clock.now().as_second());
        let pass = async {
            let (context, watch) = self.process(faults.clone());
            let pass = Pass::new(self.clock.now(), Deadline::NONE);
            Some(jobs::run(&context, &watch, pass, |_| {}).await)
        };
        tokio::select! {
            report = pass => report,
            () = faults.died() => None,
        }
    }

    /// A pass every ten minutes, each of which must be complete.
    pub async fn passes(&self, count: usize) {
        for _ in 0..count {
            self.later(10);
            let report = self.pass().await;
            assert!(report.complete, "{report:#?}");
        }
    }

    /// The file of the records, where there is one.
    pub fn records(&self) -> Option<&str> {
        let sink = self.settings.iter().find(|(setting, _)| *setting == "SINK");
        sink.and_then(|(_, at)| at.strip_prefix("sqlite:"))
    }

    pub fn later(&self, minutes: u64) {
        self.clock.advance(Duration::from_mins(minutes));
    }

    /// How things stand.
    pub async fn status(&self) -> jobs::Status {
        let (context, _) = self.process(FaultPoint::none());
        jobs::status(&context).await.unwrap()
    }

    /// `package since build` of each open incident.
    pub async fn incidents(&self) -> Vec<String> {
        let status = self.status().await;
        let incidents = status.incidents.iter();
        incidents
            .map(|incident| format!("{} {} {:?}", incident.package, incident.since, incident.chroots))
            .collect()
    }
}

/// How an SDK reaches what stands in for AWS.
pub fn access(outbound: &Outbound, endpoint_url: String) -> Access {
    Access {
        http_client: sdk_http_client(outbound),
        credentials: Credentials::from_keys("local", "local", None),
        region: "local".to_owned(),
        endpoint_url: Some(endpoint_url),
    }
}

/// A monitor of packages that each have one state in two chroots.
pub fn monitor(packages: &[(&str, &str, u64)]) -> String {
    let all = packages
        .iter()
        .fold(Monitor::new(PROJECT), |monitor, (name, state, build)| {
            let chroot = |name| (name, *state, *build, Some("1.0-1"));
            monitor.package(name, [chroot("fedora-43-x86_64"), chroot("fedora-42-x86_64")])
        });
    all.json()
}
