//! The records of issue events: one row for each event, whatever becomes of the sink, and however often GitHub sends it.

mod stage;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use github::WebhookSecret;
use http::HeaderMap;
use jobs::{Keys, Received};
use metrics::{Question, Row, Select};
use outbound::{Fault, FaultPoint};
use serde_json::{Value, json};
use stage::Stage;
use tempfile::TempDir;

const SECRET: &str = "It's a Secret to Everybody";

/// A stage with a sink, and the sink's file.
async fn stage() -> (Stage, TempDir) {
    let home = TempDir::new().unwrap();
    let mut stage = Stage::new().await;
    stage.set("COPR_PROJECTS", "");
    stage.set("SINK", &format!("sqlite:{}", home.path().join("records.db").display()));
    (stage, home)
}

/// What GitHub sends of an issue, as far as a record needs it.
fn issue(action: &str, number: u64) -> Value {
    json!({
        "action": action,
        "issue": {
            "id": 1000 + number, "number": number, "title": "Crash on start", "state": "open",
            "html_url": format!("https://github.com/acme/app/issues/{number}"),
            "created_at": "2026-03-02T08:00:00Z", "updated_at": "2026-03-02T08:30:00Z",
            "user": {"login": "alice", "id": 1, "type": "User"}, "author_association": "NONE",
            "labels": [{"name": "bug"}, {"name": "os|linux"}], "assignees": [{"login": "bob", "id": 2}],
            "milestone": {"title": "1.0"},
        },
        "repository": {"id": 7, "full_name": "acme/app", "html_url": "https://github.com/acme/app", "private": false},
        "sender": {"login": "alice", "id": 1, "type": "User"},
    })
}

fn comment(number: u64) -> Value {
    let mut payload = issue("created", number);
    payload["comment"] = json!({
        "id": 5000 + number, "html_url": "https://github.com/acme/app/issues/1#issuecomment-1", "body": "It is a secret.",
        "user": {"login": "bob", "id": 2, "type": "User"}, "created_at": "2026-03-02T08:45:00Z",
        "author_association": "MEMBER",
    });
    payload["sender"] = json!({"login": "bob", "id": 2, "type": "User"});
    payload
}

async fn deliver(stage: &Stage, faults: FaultPoint, guid: &str, event: &str, payload: &Value) -> Received {
    let (context, _) = stage.process(faults);
    let body = payload.to_string();
    let secret = WebhookSecret::new(&SECRET.into()).unwrap();
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("x-github-delivery", guid.to_owned()),
        ("x-github-event", event.to_owned()),
        ("x-github-hook-id", "1".to_owned()),
        ("content-type", "application/json".to_owned()),
        ("x-hub-signature-256", github::sign(&secret, body.as_bytes())),
    ] {
        headers.insert(name, value.parse().unwrap());
    }
    let keys = Keys {
        secrets: vec![secret],
        allow_sha1: false,
    };
    let receipt = jobs::receive(&context, &keys, &headers, Bytes::from(body)).await;
    receipt.received
}

async fn rows(stage: &Stage, sql: &str) -> Vec<Row> {
    let (context, _) = stage.process(FaultPoint::none());
    let question = Question {
        views: Vec::new(),
        selects: vec![Select {
            name: "rows",
            sql: sql.to_owned(),
        }],
    };
    let mut rows = Vec::new();
    let warehouse = context.records.warehouse.unwrap();
    warehouse.ask(&question, &mut |_, row| rows.push(row)).await.unwrap();
    rows
}

/// The guids of all rows, sorted.
async fn guids(stage: &Stage) -> Vec<String> {
    let rows = rows(stage, "SELECT delivery_id FROM issue_events ORDER BY delivery_id").await;
    rows.into_iter().map(|row| row[0].clone().unwrap()).collect()
}

/// A sink that refuses while it is told to.
fn sink_down(down: &Arc<AtomicBool>) -> FaultPoint {
    let down = down.clone();
    FaultPoint::planned(move |_, call| {
        let fails = call.service == "sink" && down.load(Ordering::SeqCst);
        fails.then_some(Fault::Refused)
    })
}

#[tokio::test]
async fn an_accepted_event_is_one_row_without_anybodys_words() {
    let (stage, _home) = stage().await;
    let none = FaultPoint::none;
    assert_eq!(
        deliver(&stage, none(), "a", "issues", &issue("opened", 1)).await,
        Received::Accepted
    );
    assert_eq!(
        deliver(&stage, none(), "a", "issues", &issue("opened", 1)).await,
        Received::Repeat
    );
    assert_eq!(
        deliver(&stage, none(), "b", "issues", &issue("opened", 1)).await,
        Received::Replay
    );
    assert_eq!(
        deliver(&stage, none(), "a", "issues", &issue("closed", 1)).await,
        Received::Conflict
    );
    assert_eq!(
        deliver(&stage, none(), "c", "issue_comment", &comment(1)).await,
        Received::Accepted
    );
    let all = rows(&stage, "SELECT * FROM issue_events ORDER BY delivery_id").await;
    let shown: Vec<String> = all.iter().map(shown).collect();
    insta::assert_snapshot!(shown.join("\n"), @"
    schema_version=1 delivery_id=a body_digest=… event=issues action=opened repository=acme/app repository_id=7 issue_id=1001 issue_number=1 issue_url=https://github.com/acme/app/issues/1 is_pr=0 created_s=1772438400 occurred_s=1772438400 received_s=1772442000 actor=alice actor_type=User author=alice author_type=User association=NONE state=open labels=|bug|os¦linux| assignee=bob milestone=1.0
    schema_version=1 delivery_id=c body_digest=… event=issue_comment action=created repository=acme/app repository_id=7 issue_id=1001 issue_number=1 issue_url=https://github.com/acme/app/issues/1 is_pr=0 comment_id=5001 created_s=1772438400 occurred_s=1772441100 received_s=1772442000 actor=bob actor_type=User author=alice author_type=User association=MEMBER state=open labels=|bug|os¦linux| assignee=bob milestone=1.0
    ");
}

fn shown(row: &Row) -> String {
    let values = row.iter().zip(metrics::COLUMNS).filter_map(|(value, column)| {
        let value = value.as_ref()?;
        // A digest of the body that the snapshot need not repeat.
        let value = if column.name == "body_digest" { "…" } else { value };
        Some(format!("{}={value}", column.name))
    });
    values.collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn a_title_is_kept_only_where_titles_are_asked_for() {
    let (mut stage, _home) = stage().await;
    deliver(&stage, FaultPoint::none(), "a", "issues", &issue("opened", 1)).await;
    stage.set("SINK_TITLES", "true");
    deliver(&stage, FaultPoint::none(), "b", "issues", &issue("opened", 2)).await;
    let titles = rows(&stage, "SELECT title FROM issue_events ORDER BY delivery_id").await;
    assert_eq!(titles, [vec![None], vec![Some("Crash on start".to_owned())]]);
}

#[tokio::test]
async fn while_the_sink_is_down_deliveries_are_accepted_and_afterwards_each_is_one_row() {
    let (stage, _home) = stage().await;
    let down = Arc::new(AtomicBool::new(false));
    let mut expected = Vec::new();
    // Two hours, a delivery and a pass every ten minutes; in the middle the sink is down for one.
    for step in 0..12_u64 {
        down.store((3..9).contains(&step), Ordering::SeqCst);
        let guid = format!("guid-{step:02}");
        let received = deliver(&stage, sink_down(&down), &guid, "issues", &issue("opened", step + 1)).await;
        assert_eq!(received, Received::Accepted, "{step}");
        // GitHub did not hear of it, and sends it again.
        let again = deliver(&stage, sink_down(&down), &guid, "issues", &issue("opened", step + 1)).await;
        assert_eq!(again, Received::Repeat, "{step}");
        expected.push(guid);
        stage.later(10);
        let report = stage.pass_with(sink_down(&down)).await.unwrap();
        assert!(report.complete, "a sink that is down keeps nobody else: {report:?}");
        let sink = report.sink.unwrap();
        let waiting = if (3..9).contains(&step) {
            usize::try_from(step).unwrap() - 2
        } else {
            0
        };
        assert_eq!((sink.waiting, sink.error.is_some()), (waiting, waiting > 0), "{step}");
        assert_eq!(stage.status().await.records_waiting, waiting);
    }
    assert_eq!(guids(&stage).await, expected);
}

#[tokio::test]
async fn a_record_whose_taking_was_not_heard_of_is_sent_again_and_is_still_one_row() {
    let (stage, _home) = stage().await;
    let lost = || FaultPoint::planned(|_, call| (call.service == "sink").then_some(Fault::AnswerLost));
    let received = deliver(&stage, lost(), "a", "issues", &issue("opened", 1)).await;
    assert_eq!(received, Received::Accepted);
    assert_eq!(stage.status().await.records_waiting, 1);
    stage.pass_with(lost()).await.unwrap();
    stage.passes(1).await;
    assert_eq!(stage.status().await.records_waiting, 0);
    assert_eq!(guids(&stage).await, ["a"]);
}

#[tokio::test]
async fn a_record_of_a_later_version_waits_for_the_program_that_can_read_it() {
    let (stage, _home) = stage().await;
    let down = Arc::new(AtomicBool::new(true));
    deliver(&stage, sink_down(&down), "a", "issues", &issue("opened", 1)).await;
    let (context, _) = stage.process(FaultPoint::none());
    let newer = json!({"schema_version": metrics::SCHEMA_VERSION + 1, "delivery_id": "newer"}).to_string();
    let id = state::key::notice_id(stage.clock.now(), "newer");
    let write = state::Write::enqueue("sink:", &id, &newer);
    context.table.transact(vec![write]).await.unwrap();
    let report = stage.pass().await;
    let sink = report.sink.unwrap();
    assert_eq!((sink.sent, sink.waiting), (1, 1));
    insta::assert_snapshot!(sink.error.unwrap(), @"the sink did not take 1 of 2");
    assert_eq!(guids(&stage).await, ["a"]);
}

/// A stage whose figures are told every week, with three issues: one answered and closed, two that wait.
async fn weekly() -> (Stage, TempDir) {
    let (mut stage, home) = stage().await;
    stage.set("REPORT_EVERY", "7d");
    for number in 1..=3 {
        let guid = format!("opened-{number}");
        deliver(&stage, FaultPoint::none(), &guid, "issues", &issue("opened", number)).await;
    }
    deliver(&stage, FaultPoint::none(), "answered", "issue_comment", &comment(1)).await;
    let mut closed = issue("closed", 1);
    closed["issue"]["state"] = json!("closed");
    closed["issue"]["state_reason"] = json!("completed");
    closed["issue"]["closed_at"] = json!("2026-03-02T08:50:00Z");
    deliver(&stage, FaultPoint::none(), "closed", "issues", &closed).await;
    (stage, home)
}

/// What the team's channel was told of the issues as a whole.
fn figures(stage: &Stage) -> Vec<String> {
    let told = stage.slack.texts().into_iter();
    told.filter(|text| text.starts_with("Issues of the last")).collect()
}

#[tokio::test]
async fn the_figures_are_told_once_a_week_however_many_passes_there_are() {
    let (stage, _home) = weekly().await;
    stage.passes(3).await;
    assert_eq!(figures(&stage).len(), 1);
    insta::assert_snapshot!(figures(&stage)[0], @"Issues of the last 7 days: 3 new, 1 closed, 2 open");
    stage.later(7 * 24 * 60 - 40);
    stage.passes(1).await;
    assert_eq!(figures(&stage).len(), 1, "a week is not over yet");
    stage.passes(3).await;
    assert_eq!(figures(&stage).len(), 2);
}

#[tokio::test]
async fn figures_that_cannot_be_had_are_said_and_told_when_they_can() {
    let (stage, _home) = weekly().await;
    stage.later(10);
    let away = FaultPoint::planned(|_, call| (call.service == "warehouse").then_some(Fault::Refused));
    let report = stage.pass_with(away).await.unwrap();
    assert!(!report.complete);
    let why = report.why_not.unwrap();
    insta::assert_snapshot!(why.split_once("sqlite:").unwrap().0, @"the figures of the issues: the warehouse");
    insta::assert_snapshot!(why.split_once("records.db").unwrap().1, @" did not answer: could not connect: connection refused");
    stage.passes(3).await;
    assert_eq!(figures(&stage).len(), 1);
}
