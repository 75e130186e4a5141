//! What a delivery and a quiet pass may ask for, call by call, against the one file of figures: `bench/budget.json`. Sizes of
//! binaries are in it, too, but need a release build: `bench/budget` checks them.
//!
//! After a change that is meant, `COPPERBELL_WRITE=1 cargo test --workspace --test budget` writes the calls anew.

mod stage;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use jobs::{Keys, Limits, Pass, Received};
use outbound::{Deadline, FaultPoint};
use serde_json::{Value, json};
use stage::Stage;
use stage::hooks::{HookStage, WEBHOOK_SECRET};

const BUDGET: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/bench/budget.json");
const ISSUES: &str = include_str!("../crates/github/tests/data/issues.examples.json");

/// What was asked, in order; what was asked at once, in no order of its own.
fn asked(faults: &FaultPoint) -> Vec<String> {
    let what = |call: &outbound::Call| {
        let operation = call.what.trim_start_matches("DynamoDB_20120810.");
        format!("{} {operation}", call.service)
    };
    faults.calls().iter().map(what).collect()
}

fn only_slack(stage: &mut Stage) {
    stage.secrets["channels"] = json!([{"name": "team", "url": stage.slack.url()}]);
}

/// A delivery that is handed to a process in the midst of its life.
async fn deliver(stage: &Stage, number: u64, body: &Value) -> (Received, Vec<String>) {
    let faults = FaultPoint::counting();
    let (context, _) = stage.process(faults.clone());
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
    (receipt.received, asked(&faults))
}

async fn of_deliveries() -> BTreeMap<&'static str, Vec<String>> {
    let mut stage = Stage::new().await;
    only_slack(&mut stage);
    let examples: Vec<Value> = serde_json::from_str(ISSUES).unwrap();
    let with = |action: &str| examples.iter().find(|example| example["action"] == action).unwrap();
    let mut budget = BTreeMap::new();
    for (number, what, action, received) in [
        (1, "a delivery that rings one channel", "opened", Received::Accepted),
        (1, "a delivery that comes again", "opened", Received::Repeat),
        (2, "a delivery that rings nobody", "unlocked", Received::Accepted),
    ] {
        let (became, calls) = deliver(&stage, number, with(action)).await;
        assert_eq!(became, received, "{what}");
        budget.insert(what, calls);
    }
    budget
}

async fn of_a_quiet_pass() -> Vec<String> {
    let mut hooks = HookStage::new().await;
    only_slack(&mut hooks.stage);
    let stage = &mut hooks.stage;
    stage.set("COPR_PROJECTS", stage::PROJECT);
    stage.monitor(stage::monitor(&[("alpha", "succeeded", 7)]));
    stage.passes(2).await;
    stage.later(10);
    let faults = FaultPoint::counting();
    let (context, watch) = stage.process(faults.clone());
    let pass = Pass::new(stage.clock.now(), Deadline::NONE);
    let report = jobs::run(&context, &watch, pass, |_| {}).await;
    assert!(report.complete, "{report:#?}");
    let mut calls = asked(&faults);
    calls.sort_unstable();
    calls
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
        file["calls"] = json!(budget);
        std::fs::write(Path::new(BUDGET), serde_json::to_string_pretty(&file).unwrap() + "\n").unwrap();
        return;
    }
    assert_eq!(
        json!(budget),
        file["calls"],
        "bench/budget.json: see the head of tests/budget.rs"
    );
}
