//! The life of an issue, told by webhooks, as the webhook function and `serve` take them.

use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue};
use jobs::{Context, Keys, Limits, Received, Watch};
use outbound::{Deadline, FaultPoint};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::Scene;
use super::copr;
use crate::invariants::{Told, must};
use crate::run::Run;
use crate::stage::Stage;

/// By when is a delivery answered?
const ANSWER_LIMIT: Duration = Duration::from_secs(8);

/// How long may one message take then?
const SEND_TIMEOUT: Duration = Duration::from_secs(2);

pub const SECRET: &str = "nobody knows this secret";

/// A delivery of GitHub's.
#[derive(Clone)]
pub struct Sent {
    pub event: &'static str,
    pub guid: &'static str,
    pub body: Bytes,
    /// What it is signed with, if it is.
    pub secret: Option<&'static str>,
}

pub async fn scene() -> Scene {
    let mut stage = Stage::new().await;
    stage.set("COPR_PROJECTS", "");
    let bugs = json!(["issues.opened", "issues.closed"]);
    stage.secrets["channels"][0]["events"] = json!(["issues.*", "issue_comment.*"]);
    stage.secrets["channels"][1]["events"] = bugs;
    stage.secrets["channels"][1]["labels"] = json!(["bug"]);
    // In memory, where there is such a place: what a disk takes for each run is not of interest.
    let memory = Path::new("/dev/shm");
    let place = if memory.is_dir() {
        memory.to_owned()
    } else {
        std::env::temp_dir()
    };
    let home = TempDir::new_in(place).unwrap();
    stage.set("SINK", &format!("sqlite:{}", home.path().join("records.db").display()));
    Scene::Home(stage, home)
}

pub async fn life(run: &Run<'_>) -> Result<Told, String> {
    let labelled = sent("issues", "guid-2", &issue(7, "labeled", &["bug"]));
    let forged = Sent {
        secret: Some("another secret"),
        ..sent("issues", "guid-8", &issue(8, "opened", &[]))
    };
    let unsigned = Sent {
        secret: None,
        ..forged.clone()
    };
    let unreadable = Sent {
        body: Bytes::from_static(b"{"),
        ..labelled.clone()
    };
    let conflict = Sent {
        body: body(&issue(7, "reopened", &[])),
        ..labelled.clone()
    };
    let mut refused = 0;
    taken(run, &sent("issues", "guid-1", &issue(7, "opened", &[]))).await?;
    refused += refuses(run, &forged, Received::Forged).await?;
    taken(run, &labelled).await?;
    refused += refuses(run, &unsigned, Received::Unsigned).await?;
    refused += refuses(run, &conflict, Received::Conflict).await?;
    taken(run, &sent("issue_comment", "guid-3", &comment(7))).await?;
    refused += refuses(run, &unreadable, Received::Unreadable).await?;
    // GitHub may send what it sent before.
    taken(run, &labelled).await?;
    taken(run, &sent("issues", "guid-4", &issue(7, "closed", &["bug"]))).await?;
    run.pass().await;
    let about = |begins| must("7", begins);
    let labelled = about("alice labelled acme/app#7 “bug”");
    let closed = about("alice closed acme/app#7");
    let commented = about("alice commented on acme/app#7");
    Ok(Told {
        team: vec![
            about("alice opened acme/app#7"),
            labelled.clone(),
            commented,
            closed.clone(),
        ],
        rpm: vec![labelled, closed],
        records: vec!["guid-1", "guid-2", "guid-3", "guid-4"],
        secrets: secrets(),
        refused: Some(refused),
    })
}

/// What is secret besides the channels.
pub fn secrets() -> Vec<String> {
    let mut secrets = copr::secrets();
    secrets.push(SECRET.to_owned());
    secrets
}

/// GitHub sends a delivery, and once more where it failed.
pub async fn taken(run: &Run<'_>, sent: &Sent) -> Result<(), String> {
    run.stage.clock.advance(Duration::from_secs(1));
    if receive(run, sent)
        .await
        .is_some_and(|received| received.status() == 200)
    {
        return Ok(());
    }
    run.later(1);
    let (context, _) = run.stage.process(FaultPoint::none());
    let received = Box::pin(answer(&context, &keys(SECRET), sent, Deadline::NONE)).await;
    match received.status() {
        200 => Ok(()),
        _ => Err(format!("{} came again, and is {received:?}", sent.guid)),
    }
}

/// Somebody sends what must be refused; how often it was.
async fn refuses(run: &Run<'_>, sent: &Sent, expected: Received) -> Result<usize, String> {
    let Some(received) = receive(run, sent)
        .await
        .filter(|received| *received != Received::Unavailable)
    else {
        return Ok(0);
    };
    let counted = received.metrics(&[], Duration::ZERO);
    let counted = counted
        .iter()
        .any(|metric| metric.name == "Refused" && metric.value > 0.0);
    if received == expected && counted && received.refusal().is_some() {
        Ok(1)
    } else {
        Err(format!("expected {expected:?}, counted: {received:?}"))
    }
}

/// What a process that faults may befall answers. `None`: nothing, it died.
pub async fn receive(run: &Run<'_>, sent: &Sent) -> Option<Received> {
    let take =
        async |context: Context, _: Watch, deadline: Deadline| answer(&context, &keys(SECRET), sent, deadline).await;
    run.process(ANSWER_LIMIT, take).await
}

/// Takes a delivery, and delivers what it says: before the answer, as nothing outlives it.
pub async fn answer(context: &Context, keys: &Keys, sent: &Sent, deadline: Deadline) -> Received {
    let receipt = jobs::receive(context, keys, &headers(sent), sent.body.clone()).await;
    let send_timeout = SEND_TIMEOUT;
    jobs::deliver_news(context, &receipt.rung, Limits { send_timeout, deadline }).await;
    receipt.received
}

pub fn keys(secret: &str) -> Keys {
    let secret = github::WebhookSecret::new(&secret.to_owned().into()).unwrap();
    Keys {
        secrets: vec![secret],
        allow_sha1: false,
    }
}

pub fn sent(event: &'static str, guid: &'static str, payload: &Value) -> Sent {
    Sent {
        event,
        guid,
        body: body(payload),
        secret: Some(SECRET),
    }
}

fn body(payload: &Value) -> Bytes {
    payload.to_string().into()
}

pub fn headers(sent: &Sent) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let mut add = |name: &'static str, value: &str| headers.insert(name, HeaderValue::from_str(value).unwrap());
    add("content-type", "application/json");
    add("x-github-event", sent.event);
    add("x-github-delivery", sent.guid);
    add("x-github-hook-id", "77");
    if let Some(secret) = sent.secret {
        let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, secret.as_bytes());
        let tag = Bytes::copy_from_slice(ring::hmac::sign(&key, &sent.body).as_ref());
        add("x-hub-signature-256", &format!("sha256={tag:x}"));
    }
    headers
}

/// A payload about an issue of that number.
pub fn issue(number: u64, action: &str, labels: &[&str]) -> Value {
    let labels: Vec<Value> = labels.iter().map(|name| json!({"name": name})).collect();
    let mut payload = json!({
        "action": action,
        "issue": {
            "id": 1000 + number, "number": number, "title": format!("Crash {number}"),
            "html_url": format!("https://github.com/acme/app/issues/{number}"),
            "state": if action == "closed" { "closed" } else { "open" },
            "user": {"login": "alice", "id": 1, "type": "User"}, "labels": labels, "assignees": [],
            "created_at": "2026-03-02T09:00:00Z",
        },
        "repository": {"id": 7, "full_name": "acme/app", "html_url": "https://github.com/acme/app", "private": false},
        "sender": {"login": "alice", "id": 1, "type": "User"},
    });
    if action == "labeled" {
        payload["label"] = labels[0].clone();
    }
    payload
}

pub fn comment(number: u64) -> Value {
    let mut payload = issue(number, "created", &["bug"]);
    payload["comment"] = json!({
        "id": 5, "html_url": format!("https://github.com/acme/app/issues/{number}#issuecomment-5"),
        "user": {"login": "alice", "id": 1, "type": "User"}, "body": "Me too.", "created_at": "2026-03-02T09:00:00Z",
    });
    payload
}
