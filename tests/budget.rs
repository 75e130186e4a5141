//! What a delivery and a quiet pass may ask for, call by call, and how many items they may write, against the one file of
//! figures: `bench/budget.json`. Sizes of binaries are in it, too, but need a release build: `bench/budget` checks them.
//!
//! After a change that is meant, `COPPERBELL_WRITE=1 cargo test --workspace --test budget` writes the calls anew.

mod stage;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use jobs::{Context, Keys, Limits, Pass, Received, Watch};
use outbound::{Deadline, FaultPoint};
use serde::Serialize;
use serde_json::{Value, json};
use stage::hooks::{HookStage, WEBHOOK_SECRET};
use stage::{Stage, access};
use state::Table;
use world::Aws;

const BUDGET: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/bench/budget.json");
const ISSUES: &str = include_str!("../crates/github/tests/data/issues.examples.json");

/// What a job asks for.
#[derive(Debug, Serialize)]
struct Asked {
    /// In order; what was asked at once, in no order of its own.
    calls: Vec<String>,
    items_written: usize,
}

/// Counts from the start of a process.
struct Counting<'a> {
    aws: &'a Aws,
    faults: FaultPoint,
    before: usize,
}

/// An AWS that has the state of this stage from now on.
async fn aws(stage: &mut Stage) -> Aws {
    let aws = Aws::start().await;
    stage.go_on_with(aws.engine().clone()).await;
    aws
}

impl<'a> Counting<'a> {
    /// A process that has just started.
    fn process(stage: &Stage, aws: &'a Aws) -> (Context, Watch, Self) {
        let faults = FaultPoint::counting();
        let (mut context, watch) = stage.process(faults.clone());
        let access = access(&context.outbound, aws.url());
        context.table = Table::new("copperbell", access, stage.clock.clone());
        let before = aws.items_written();
        (context, watch, Self { aws, faults, before })
    }

    fn asked(&self) -> Asked {
        let what = |call: &outbound::Call| match call.what.strip_prefix("DynamoDB_20120810.") {
            Some(operation) => format!("dynamodb {operation}"),
            None => format!("{} {}", call.service, call.what),
        };
        Asked {
            calls: self.faults.calls().iter().map(what).collect(),
            items_written: self.aws.items_written() - self.before,
        }
    }
}

fn only_slack(stage: &mut Stage) {
    stage.secrets["channels"] = json!([{"name": "team", "url": stage.slack.url()}]);
}

/// A delivery that is handed to a process in the midst of its life.
async fn deliver(stage: &Stage, aws: &Aws, number: u64, body: &Value) -> (Received, Asked) {
    let (context, _, counting) = Counting::process(stage, aws);
    let secret = github::WebhookSecret::new(&WEBHOOK_SECRET.to_owned().into()).unwrap();
    let body = Bytes::from(body.to_string());
    let mut headers = HeaderMap::new();
    headers.insert("x-hub-signature-256", github::sign(&secret, &body).parse().unwrap());
    headers.insert("content-type", "application/json".parse().unwrap());
    headers.insert("x-github-event", "issues".parse().unwrap());
    headers.insert("x-github-delivery", format!("0b989ba4-{number}").parse().unwrap());
    let keys = Keys {
        secrets: vec![secret],
        allow_sha1: false,
    };
    let receipt = jobs::receive(&context, &keys, &headers, body).await;
    let limits = Limits {
        send_timeout: Duration::from_secs(2),
        deadline: Deadline::NONE,
    };
    jobs::deliver_news(&context, &receipt.rung, limits).await;
    (receipt.received, counting.asked())
}

async fn of_deliveries() -> BTreeMap<&'static str, Asked> {
    let mut stage = Stage::new().await;
    only_slack(&mut stage);
    let aws = aws(&mut stage).await;
    let examples: Vec<Value> = serde_json::from_str(ISSUES).unwrap();
    let with = |action: &str| examples.iter().find(|example| example["action"] == action).unwrap();
    let mut budget = BTreeMap::new();
    for (number, what, action, received) in [
        (1, "a delivery that rings one channel", "opened", Received::Accepted),
        (1, "a delivery that comes again", "opened", Received::Repeat),
        (2, "a delivery that rings nobody", "unlocked", Received::Accepted),
    ] {
        let (became, asked) = deliver(&stage, &aws, number, with(action)).await;
        assert_eq!(became, received, "{what}");
        budget.insert(what, asked);
    }
    budget
}

async fn of_a_quiet_pass() -> Asked {
    let mut hooks = HookStage::new().await;
    only_slack(&mut hooks.stage);
    let stage = &mut hooks.stage;
    let aws = aws(stage).await;
    stage.set("COPR_PROJECTS", stage::PROJECT);
    stage.monitor(stage::monitor(&[("alpha", "succeeded", 7)]));
    stage.passes(2).await;
    stage.later(10);
    let (context, watch, counting) = Counting::process(stage, &aws);
    let pass = Pass::new(stage.clock.now(), Deadline::NONE);
    let report = jobs::run(&context, &watch, pass, |_| {}).await;
    assert!(report.complete, "{report:#?}");
    let mut asked = counting.asked();
    asked.calls.sort_unstable();
    asked
}

#[tokio::test]
async fn a_delivery_and_a_quiet_pass_ask_for_what_their_budget_says() {
    let mut budget = of_deliveries().await;
    budget.insert(
        "a quiet pass over one project and one hook, sorted",
        of_a_quiet_pass().await,
    );
    let text = std::fs::read_to_string(BUDGET).unwrap();
    let mut file: Value = serde_json::from_str(&text).unwrap();
    if std::env::var_os("COPPERBELL_WRITE").is_some() {
        file["asked"] = json!(budget);
        std::fs::write(Path::new(BUDGET), serde_json::to_string_pretty(&file).unwrap() + "\n").unwrap();
        return;
    }
    assert_eq!(
        json!(budget),
        file["asked"],
        "bench/budget.json: see the head of tests/budget.rs"
    );
}
