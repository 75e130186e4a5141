//! The record of GitHub's own payloads.

use bytes::Bytes;
use copperbell_metrics::{Arrival, COLUMNS, IssueRecord};
use github::{AuthenticJson, Event, WebhookSecret, sign, verify};
use http::HeaderMap;
use jiff::Timestamp;
use serde_json::{Value, json};

/// The record of a delivery, as it came.
fn record(event: &str, payload: &Value, titles: bool) -> Option<IssueRecord> {
    let secret = WebhookSecret::new(&"hush".into()).unwrap();
    let body = payload.to_string();
    let mut headers = HeaderMap::new();
    headers.insert("x-hub-signature-256", sign(&secret, body.as_bytes()).parse().unwrap());
    headers.insert("content-type", "application/json".parse().unwrap());
    let body = verify(&[secret], &headers, Bytes::from(body), false).unwrap();
    let json = AuthenticJson::from_body(&body, &headers).unwrap();
    let event = Event::parse(event, &json).unwrap();
    let arrival = Arrival {
        delivery_id: "guid",
        body_digest: Some("digest"),
        at: Timestamp::from_second(2_000_000_000).unwrap(),
        titles,
    };
    IssueRecord::of(&event, arrival)
}

/// The examples that GitHub's documentation gives of an event.
fn examples(file: &str) -> Vec<Value> {
    let examples: Value = serde_json::from_str(file).unwrap();
    let examples = examples.as_array().cloned();
    examples.unwrap_or_default()
}

#[test]
fn every_documented_example_has_a_record_with_its_ids_and_a_time() {
    let issues = examples(include_str!("../../github/tests/data/issues.examples.json"));
    let comments = examples(include_str!("../../github/tests/data/issue_comment.examples.json"));
    let issues = issues.iter().map(|payload| ("issues", payload));
    let all: Vec<_> = issues
        .chain(comments.iter().map(|payload| ("issue_comment", payload)))
        .collect();
    assert!(all.len() > 15, "{}", all.len());
    for (event, payload) in all {
        let record = record(event, payload, false).unwrap();
        assert_eq!(record.event, event);
        assert_eq!(record.action, payload["action"].as_str().unwrap());
        assert_eq!(record.issue_id, payload["issue"]["id"].as_i64().unwrap());
        assert_eq!(record.repository_id, payload["repository"]["id"].as_i64().unwrap());
        assert_eq!(record.comment_id, payload["comment"]["id"].as_i64());
        assert_eq!(record.is_pr == 1, payload["issue"]["pull_request"].is_object());
        assert!(record.occurred_s <= record.received_s, "{record:?}");
        assert_eq!(record.title, None);
        let body = payload["issue"]["body"].as_str().unwrap_or("no text");
        assert!(
            body.len() < 20 || !record.to_json().contains(body),
            "the text is nobody's business"
        );
    }
}

#[test]
fn a_record_has_the_columns_of_the_table_in_their_order() {
    let json: Value = serde_json::from_str(&IssueRecord::default().to_json()).unwrap();
    let fields: Vec<_> = json.as_object().unwrap().keys().cloned().collect();
    let mut columns = COLUMNS.map(|column| column.name.to_owned()).to_vec();
    let text = IssueRecord::default().to_json();
    let places: Vec<_> = columns
        .iter()
        .map(|name| text.find(&format!("\"{name}\"")).unwrap())
        .collect();
    assert!(places.is_sorted());
    columns.sort_unstable();
    assert_eq!(fields, columns);
}

/// An event of an issue that was opened at 08:00, changed at 09:00, closed at 10:00.
fn event(action: &str, more: &Value) -> Value {
    let mut payload = json!({
        "action": action,
        "issue": {
            "id": 2, "number": 3, "title": "t", "html_url": "u", "state": "open",
            "created_at": "2026-03-02T08:00:00Z", "updated_at": "2026-03-02T09:00:00Z",
        },
        "repository": {"id": 1, "full_name": "o/r", "html_url": "u", "private": false},
    });
    for (name, value) in more.as_object().unwrap() {
        if payload["issue"].get(name).is_some() || name == "closed_at" || name == "user" {
            payload["issue"][name] = value.clone();
        } else {
            payload[name] = value.clone();
        }
    }
    payload
}

#[test]
fn an_event_happened_when_github_says_and_else_when_it_came() {
    const CAME: &str = "2033-05-18T03:33:20Z";
    let closed = json!({"state": "closed", "closed_at": "2026-03-02T10:00:00Z"});
    let comment = json!({"comment": {"id": 9, "html_url": "u", "created_at": "2026-03-02T11:00:00Z"}});
    for (name, payload, expected) in [
        ("issues", event("opened", &json!({})), "2026-03-02T08:00:00Z"),
        ("issues", event("labeled", &json!({})), "2026-03-02T09:00:00Z"),
        ("issues", event("closed", &closed), "2026-03-02T10:00:00Z"),
        // What is gone was not changed by that.
        ("issues", event("deleted", &json!({})), CAME),
        ("issues", event("transferred", &json!({})), CAME),
        ("issues", event("labeled", &json!({"updated_at": null})), CAME),
        ("issue_comment", event("created", &comment), "2026-03-02T11:00:00Z"),
        ("issue_comment", event("deleted", &comment), CAME),
    ] {
        let record = record(name, &payload, false).unwrap();
        let expected: Timestamp = expected.parse().unwrap();
        assert_eq!(record.occurred_s, expected.as_second(), "{name} {payload}");
    }
}

#[test]
fn only_a_closed_issue_has_a_time_of_closing() {
    let closed_at = "2026-03-02T10:00:00Z";
    let reopened = event("reopened", &json!({"closed_at": closed_at}));
    assert_eq!(record("issues", &reopened, false).unwrap().closed_s, None);
    let closed = event("closed", &json!({"state": "closed", "closed_at": closed_at}));
    assert!(record("issues", &closed, false).unwrap().closed_s.is_some());
}

#[test]
fn nobody_and_bots_are_told_from_people() {
    let table = [
        (json!({"user": null, "sender": null}), (None, None)),
        (
            json!({"user": {"login": "alice", "id": 1, "type": "User"}, "sender": {"login": "renovate[bot]", "id": 2}}),
            (Some("User"), Some("Bot")),
        ),
    ];
    for (who, (author, actor)) in table {
        let record = record("issues", &event("opened", &who), false).unwrap();
        assert_eq!(
            (record.author_type.as_deref(), record.actor_type.as_deref()),
            (author, actor)
        );
        assert_eq!(
            (record.author.is_some(), record.actor.is_some()),
            (author.is_some(), actor.is_some())
        );
    }
}

#[test]
fn a_labels_own_separator_does_not_make_two_of_it() {
    let mut payload = event("labeled", &json!({"label": {"name": "os|linux"}}));
    payload["issue"]["labels"] = json!([{"name": "bug"}, {"name": "os|linux"}]);
    let record = record("issues", &payload, true).unwrap();
    assert_eq!(record.label.as_deref(), Some("os¦linux"));
    assert_eq!(record.labels.as_deref(), Some("|bug|os¦linux|"));
    assert_eq!(record.title.as_deref(), Some("t"));
}

#[test]
fn a_ping_has_no_record() {
    assert_eq!(record("ping", &json!({"zen": "z", "hook_id": 5}), false), None);
}
