//! The issue bell, end to end: GitHub's deliveries over real HTTP to `copperbell serve`, and what people read.

mod stage;

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use http::Request;
use jobs::{Keys, Limits, Received};
use outbound::{Deadline, Fault, FaultPoint};
use serde_json::{Value, json};
use stage::serving::{Serving, until, write_private};
use world::{Chat, ChatAnswer};

const SECRET: &str = "It's a Secret to Everybody";

/// `copperbell serve` with these channels.
fn serving(channels: &Value) -> Serving {
    Serving::start(&secrets(&json!(SECRET), channels), &[])
}

fn secrets(webhook: &Value, channels: &Value) -> Value {
    json!({"github_webhook_secret": webhook, "channels": channels})
}

/// The status of what is answered to a delivery as GitHub sends it.
async fn deliver(serve: &Serving, event: &str, guid: &str, body: &[u8]) -> u16 {
    let request = request(serve, event, guid).header("x-hub-signature-256", sign(body));
    serve.send(request, body.to_vec()).await.status
}

fn request(serve: &Serving, event: &str, guid: &str) -> http::request::Builder {
    Request::post(&serve.webhook_url)
        .header("content-type", "application/json")
        .header("x-github-event", event)
        .header("x-github-delivery", guid)
        .header("x-github-hook-id", "77")
}

/// The signature, by another implementation than the one that verifies it.
fn sign(body: &[u8]) -> String {
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, SECRET.as_bytes());
    let tag = ring::hmac::sign(&key, body);
    format!("sha256={:x}", Bytes::copy_from_slice(tag.as_ref()))
}

fn examples(event: &str) -> Vec<Value> {
    let file = format!(
        "{}/crates/github/tests/data/{event}.examples.json",
        env!("CARGO_MANIFEST_DIR")
    );
    serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap()
}

fn payload(name: &str) -> Vec<u8> {
    std::fs::read(format!(
        "{}/crates/github/tests/data/{name}.json",
        env!("CARGO_MANIFEST_DIR")
    ))
    .unwrap()
}

fn opened() -> Value {
    examples("issues")
        .into_iter()
        .find(|example| example["action"] == "opened")
        .unwrap()
}

/// An opened issue with this number, distinct from every other.
fn issue(number: u64) -> Vec<u8> {
    let mut issue = opened();
    issue["issue"]["number"] = number.into();
    issue["issue"]["id"] = (1_000_000 + number).into();
    issue["issue"]["title"] = format!("issue {number}").into();
    issue.to_string().into_bytes()
}

/// The same issue, when it is closed.
fn closed(number: u64) -> Vec<u8> {
    let mut issue: Value = serde_json::from_slice(&issue(number)).unwrap();
    issue["action"] = "closed".into();
    issue.to_string().into_bytes()
}

#[tokio::test]
async fn every_recorded_delivery_is_rung_as_it_should_be() {
    let chats = [
        ("slack", Chat::slack().await),
        ("feishu", Chat::feishu(None).await),
        ("discord", Chat::discord().await),
        ("teams", Chat::teams().await),
        ("json", Chat::json().await),
        ("ntfy", Chat::ntfy(Some("tk_recorded")).await),
    ];
    let channels: Vec<_> = chats
        .iter()
        .map(|(name, chat)| {
            let secret = (*name == "ntfy").then_some("tk_recorded");
            json!({"name": name, "url": chat.url(), "secret": secret, "events": ["issues.*", "issue_comment.*"]})
        })
        .collect();
    let serve = serving(&json!(channels));
    for example in examples("ping") {
        assert_eq!(
            deliver(&serve, "ping", "ping", example.to_string().as_bytes()).await,
            200
        );
    }
    let mut deliveries: Vec<(&str, Vec<u8>)> = Vec::new();
    for event in ["issues", "issue_comment"] {
        deliveries.extend(
            examples(event)
                .into_iter()
                .map(|example| (event, example.to_string().into_bytes())),
        );
    }
    for name in [
        "closed-completed",
        "closed-duplicate",
        "closed-not-planned",
        "typed",
        "untyped",
        "transferred",
    ] {
        deliveries.push(("issues", payload(&format!("issues.{name}"))));
    }
    for (number, (event, body)) in deliveries.iter().enumerate() {
        assert_eq!(deliver(&serve, event, &format!("guid-{number}"), body).await, 200);
        // One by one, so that none is part of a list.
        for (name, chat) in &chats {
            until(name, async || chat.messages().len() == number + 1).await;
        }
    }
    let titles = chats[4].1.texts();
    for (name, chat) in &chats {
        assert!(chat.refused().is_empty(), "{name}");
        let bodies = chat.messages().into_iter().map(|message| match *name {
            // The rest of it has the hour in it.
            "json" => json!({"title": message.body["title"], "text": message.body["text"]}),
            _ => message.body,
        });
        let bodies: Vec<_> = bodies.collect();
        insta::assert_json_snapshot!(format!("recorded_deliveries_on_{name}"), bodies);
    }
    insta::assert_snapshot!(titles.join("\n"), @"
    Codertocat edited Codertocat/Hello-World#1: Spelling error in the README file
    Codertocat assigned Codertocat/Hello-World#1 to themselves: Spelling error in the README file
    Codertocat deleted Codertocat/Hello-World#1: Spelling error in the README file
    Codertocat took pull request Codertocat/Hello-World#2 out of the milestone “v1.0”: Update the README with new information.
    Codertocat edited Codertocat/Hello-World#1: Spelling error in the README file
    Codertocat labelled Codertocat/Hello-World#1 “bug”: Spelling error in the README file
    Codertocat locked Codertocat/Hello-World#1: Spelling error in the README file
    Codertocat added pull request Codertocat/Hello-World#2 to the milestone “v1.0”: Update the README with new information.
    Codertocat opened Codertocat/Hello-World#1: Spelling error in the README file
    Codertocat opened Codertocat/Hello-World#1: Spelling error in the README file
    Codertocat reopened Codertocat/Hello-World#1: Spelling error in the README file
    Codertocat unassigned themselves from Codertocat/Hello-World#1: Spelling error in the README file
    Codertocat took the label “bug” off Codertocat/Hello-World#1: Spelling error in the README file
    Codertocat unlocked Codertocat/Hello-World#1: Spelling error in the README file
    Codertocat unpinned Codertocat/Hello-World#1: Spelling error in the README file
    Codertocat commented on Codertocat/Hello-World#1: Spelling error in the README file
    Codertocat commented on Codertocat/Hello-World#1: Spelling error in the README file
    Codertocat commented on Codertocat/Hello-World#1: Spelling error in the README file
    Codertocat deleted a comment on Codertocat/Hello-World#1: Spelling error in the README file
    Codertocat edited a comment on Codertocat/Hello-World#1: Spelling error in the README file
    Codertocat closed Codertocat/Hello-World#1 as completed after 2365 days: Spelling error in the README file
    Codertocat closed Codertocat/Hello-World#1 as a duplicate after 2365 days: Spelling error in the README file
    Codertocat closed Codertocat/Hello-World#1 as not planned after 2365 days: Spelling error in the README file
    Codertocat set the type of Codertocat/Hello-World#1 to “Bug”: Spelling error in the README file
    Codertocat took the type “Bug” off Codertocat/Hello-World#1: Spelling error in the README file
    Codertocat transferred Codertocat/Hello-World#1 to Codertocat/Hello-Moon: Spelling error in the README file
    ");
}

#[tokio::test]
async fn what_is_not_authentic_is_refused_in_one_word_and_leaves_nothing() {
    let chat = Chat::json().await;
    let mut serve = serving(&json!([{"name": "team", "url": chat.url()}]));
    let body = issue(1);
    let good = sign(&body);
    let upper = format!("sha256={}", good["sha256=".len()..].to_uppercase());
    let other_key = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
    let bad: Vec<Vec<&str>> = vec![
        vec![],
        vec![""],
        vec![other_key],
        vec![&good[..70]],
        vec![&good["sha256=".len()..]],
        vec![&upper],
        vec!["sha1=0123456789012345678901234567890123456789"],
        vec![&good, &good],
    ];
    for signatures in bad {
        let request = signatures
            .iter()
            .fold(request(&serve, "issues", "forged"), |request, signature| {
                request.header("x-hub-signature-256", *signature)
            });
        let answer = serve.send(request, body.clone()).await;
        let said = (answer.status, answer.body.as_str());
        assert_eq!(said, (401, "the signature is missing or wrong\n"), "{signatures:?}");
    }
    let mut reencoded: Value = serde_json::from_slice(&body).unwrap();
    reencoded["action"] = "closed".into();
    for changed in [
        body[..body.len() - 1].to_vec(),
        reencoded.to_string().into_bytes(),
        Vec::new(),
    ] {
        let request = request(&serve, "issues", "changed").header("x-hub-signature-256", &good);
        assert_eq!(serve.send(request, changed).await.status, 401);
    }
    let signed = |request: http::request::Builder, body: &[u8]| request.header("x-hub-signature-256", sign(body));
    let without_guid = Request::post(&serve.webhook_url)
        .header("content-type", "application/json")
        .header("x-github-event", "issues");
    assert_eq!(serve.send(signed(without_guid, &body), body.clone()).await.status, 400);
    assert_eq!(deliver(&serve, "issue_comment", "disagrees", &body).await, 400);
    assert_eq!(deliver(&serve, "issues", "no-json", b"{").await, 400);
    assert_eq!(deliver(&serve, "star", "not-used", b"{}").await, 200);
    assert_eq!(serve.send(Request::get(&serve.webhook_url), "").await.status, 405);
    let strange_host = Request::get(&serve.status_url).header("host", "evil.example");
    assert_eq!(serve.send(strange_host, "").await.status, 403);

    assert_eq!(
        deliver(&serve, "issues", "forged", &body).await,
        200,
        "no refused delivery took the guid"
    );
    until("it rings", async || chat.messages().len() == 1).await;
    assert_eq!(serve.end().0, Some(0));
    let log = serve.log();
    for secret in [SECRET, "issue 1", &good["sha256=".len()..], "/hook", "services"] {
        assert!(!log.contains(secret), "{secret}");
    }
}

#[tokio::test]
async fn a_delivery_is_accepted_once_whatever_comes_again() {
    let chat = Chat::json().await;
    let serve = serving(&json!([{"name": "team", "url": chat.url()}]));
    let body = issue(1);
    assert_eq!(deliver(&serve, "issues", "one", &body).await, 200);
    assert_eq!(deliver(&serve, "issues", "one", &body).await, 200, "repeat");
    assert_eq!(
        deliver(&serve, "issues", "two", &body).await,
        200,
        "replay under another guid"
    );
    assert_eq!(deliver(&serve, "issues", "one", &issue(2)).await, 409, "conflict");
    let mut other_hook: Value = serde_json::from_slice(&body).unwrap();
    other_hook["organization"] = json!({"login": "acme", "id": 5});
    let other_hook = other_hook.to_string().into_bytes();
    let request = Request::post(&serve.webhook_url)
        .header("content-type", "application/json")
        .header("x-github-event", "issues")
        .header("x-github-delivery", "one")
        .header("x-github-hook-id", "78")
        .header("x-hub-signature-256", sign(&other_hook));
    assert_eq!(
        serve.send(request, other_hook).await.status,
        200,
        "the same news through another hook"
    );
    let form = format!("payload={}", percent_encoded(&issue(3)));
    let request = Request::post(&serve.webhook_url)
        .header("content-type", "application/x-www-form-urlencoded")
        .header("x-github-event", "issues")
        .header("x-github-delivery", "form")
        .header("x-hub-signature-256", sign(form.as_bytes()));
    assert_eq!(serve.send(request, form).await.status, 200);
    until("both ring", async || chat.messages().len() == 2).await;
    assert_eq!(deliver(&serve, "issues", "one", &body).await, 200);
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(chat.messages().len(), 2);
}

fn percent_encoded(bytes: &[u8]) -> String {
    let pairs = format!("{:x}", Bytes::copy_from_slice(bytes));
    let pairs: Vec<&str> = (0..bytes.len()).map(|at| &pairs[2 * at..2 * at + 2]).collect();
    format!("%{}", pairs.join("%"))
}

#[tokio::test]
async fn a_channel_hears_of_its_labels_also_when_they_arrive_later_and_once() {
    let [bugs, all] = [Chat::json().await, Chat::json().await];
    let serve = serving(&json!([
        {"name": "bugs", "url": bugs.url(), "labels": ["bug|regression", "!wontfix"], "skip_bots": true},
        {"name": "all", "url": all.url(), "repositories": ["Codertocat/*"]},
    ]));
    let event = |action: &str, labels: &[&str]| {
        let mut event = opened();
        event["action"] = action.into();
        let labels: Vec<_> = labels
            .iter()
            .map(|name| json!({"id": 1, "name": name, "color": "ededed"}))
            .collect();
        if let Some(last) = labels.last() {
            event["label"] = last.clone();
        }
        event["issue"]["labels"] = labels.into();
        event["issue"]["updated_at"] = "2026-03-02T09:00:00Z".into();
        event.to_string().into_bytes()
    };
    let story = [
        ("opened", vec!["question"]),
        ("labeled", vec!["question", "bug"]),
        ("labeled", vec!["question", "bug", "regression"]),
        ("closed", vec!["question", "bug", "regression", "wontfix"]),
    ];
    for (number, (action, labels)) in story.iter().enumerate() {
        let guid = number.to_string();
        assert_eq!(deliver(&serve, "issues", &guid, &event(action, labels)).await, 200);
    }
    until("all hear of it", async || all.messages().len() == 2).await;
    until("bugs hear of it", async || !bugs.messages().is_empty()).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    insta::assert_snapshot!(bugs.texts().join("\n"), @"Codertocat labelled Codertocat/Hello-World#1 “bug”: Spelling error in the README file");
    insta::assert_snapshot!(all.texts().join("\n"), @"
    Codertocat opened Codertocat/Hello-World#1: Spelling error in the README file
    Codertocat closed Codertocat/Hello-World#1: Spelling error in the README file
    ");
}

#[tokio::test]
async fn github_gets_its_answer_at_once_while_the_chat_hangs() {
    let chat = Chat::slack().await;
    let serve = serving(&json!([{"name": "team", "url": chat.url()}]));
    chat.answer_always(Some(ChatAnswer::Hang));
    let began = Instant::now();
    for number in 1..=20 {
        let guid = number.to_string();
        assert_eq!(deliver(&serve, "issues", &guid, &issue(number)).await, 200);
    }
    assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
}

#[tokio::test]
async fn whatever_the_chat_does_a_notice_arrives_later_once_and_in_order() {
    let status = |status, headers| ChatAnswer::Status {
        status,
        headers,
        body: "rate_limited".to_owned(),
    };
    for trouble in [
        status(429, vec![("retry-after", "1".to_owned())]),
        status(500, Vec::new()),
        ChatAnswer::Reset,
        ChatAnswer::Hang,
    ] {
        let stage = stage::Stage::new().await;
        stage.monitor(stage::monitor(&[]));
        stage.slack.answer_next(vec![trouble.clone()]);
        let (context, _) = stage.process(FaultPoint::none());
        for (guid, body) in [("opened", &issue(1)), ("closed", &closed(1))] {
            let receipt = jobs::receive(&context, &keys(), &headers(guid, body), body.clone().into()).await;
            assert_eq!(receipt.received, Received::Accepted);
            let limits = Limits {
                send_timeout: Duration::from_millis(200),
                deadline: Deadline::NONE,
            };
            jobs::deliver(&context, limits).await;
        }
        assert!(
            stage.slack.messages().is_empty(),
            "{trouble:?}: nothing overtakes what waits"
        );
        stage.passes(1).await;
        let texts = stage.slack.texts();
        assert!(
            texts.len() == 2 && texts[0].contains("opened") && texts[1].contains("closed"),
            "{trouble:?} {texts:?}"
        );
        assert_eq!(stage.feishu.texts().len(), 2);
    }
}

#[tokio::test]
async fn a_secret_that_is_rotated_while_it_serves_is_found() {
    let chat = Chat::json().await;
    let serve = serving(&json!([{"name": "team", "url": chat.url()}]));
    let channels = json!([{"name": "team", "url": chat.url()}]);
    let rotated = secrets(&json!(["another", SECRET]), &channels);
    write_private(&serve.home.path().join("secrets.json"), &rotated.to_string());
    assert_eq!(deliver(&serve, "issues", "one", &issue(1)).await, 200);
    until("it rings", async || chat.messages().len() == 1).await;
    let status: Value = serde_json::from_str(&serve.get("status.json").await.body).unwrap();
    assert_eq!(status["channels"][0]["waiting"], 0);
}

#[tokio::test]
async fn ring_signs_a_payload_and_the_listener_takes_it() {
    let chat = Chat::json().await;
    let serve = serving(&json!([{"name": "team", "url": chat.url()}]));
    std::fs::write(serve.home.path().join("opened.json"), issue(1)).unwrap();
    let ring = |secrets: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_copperbell"));
        command
            .args([
                "ring",
                "opened.json",
                "--event",
                "issues",
                "--guid",
                "by-hand",
                "--url",
                &serve.webhook_url,
            ])
            .args(["--secrets", secrets, "--state", "other.db"])
            .current_dir(serve.home.path())
            .env_clear();
        let output = command.output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    assert_eq!(ring("secrets.json"), (Some(0), "200 ok (by-hand)\n".to_owned()));
    until("it rings", async || chat.texts().len() == 1).await;

    let mut status = Command::new(env!("CARGO_BIN_EXE_copperbell"));
    status
        .args(["status", "--json", "--secrets", "secrets.json"])
        .current_dir(serve.home.path())
        .env_clear();
    let output = status.output().unwrap();
    let status: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(status["channels"][0]["channel"], "team", "of the file that serve holds");
}

#[tokio::test]
async fn a_body_over_githubs_own_cap_is_refused_before_it_is_hashed() {
    let stage = stage::Stage::new().await;
    let (context, _) = stage.process(FaultPoint::none());
    let body = vec![b' '; jobs::MAX_BODY + 1];
    let received = jobs::receive(&context, &keys(), &http::HeaderMap::new(), body.into())
        .await
        .received;
    assert_eq!((received, received.status()), (Received::TooLarge, 413));
}

#[tokio::test]
async fn a_thousand_deliveries_from_fifty_connections_are_each_rung_once() {
    let [first, second] = [Chat::json().await, Chat::json().await];
    let mut serve = serving(&json!([
        {"name": "first", "url": first.url()},
        {"name": "second", "url": second.url()},
    ]));
    // 750 issues; of these 200 come twice, and 50 again under another guid.
    let mut deliveries: Vec<(u64, String)> = (0..750).map(|n| (n, format!("guid-{n}"))).collect();
    deliveries.extend((0..200).map(|n| (n, format!("guid-{n}"))));
    deliveries.extend((0..50).map(|n| (700 + n, format!("replay-{n}"))));
    // Mixed, and the same each time.
    deliveries.sort_by_key(|(number, guid)| (number.wrapping_mul(0x9E37_79B9) % 1009, guid.clone()));
    let answers: Vec<u16> = stream::iter(&deliveries)
        .map(async |(number, guid)| deliver(&serve, "issues", guid, &issue(*number)).await)
        .buffer_unordered(50)
        .collect()
        .await;
    let mut counts: BTreeMap<u16, usize> = BTreeMap::new();
    for answer in answers {
        *counts.entry(answer).or_default() += 1;
    }
    let rung = |chat: &Chat| -> Vec<u64> {
        let messages = chat.messages();
        let notices = messages
            .iter()
            .flat_map(|message| message.body["notices"].as_array().unwrap().clone());
        notices.map(|notice| notice["number"].as_u64().unwrap()).collect()
    };
    until("all are rung", async || {
        rung(&first).len() >= 750 && rung(&second).len() >= 750
    })
    .await;
    assert_eq!(serve.end().0, Some(0));
    for chat in [&first, &second] {
        let rung = rung(chat);
        let unique: BTreeSet<_> = rung.iter().collect();
        assert_eq!(unique.len(), 750);
        // On a machine that is too busy a chat's answer may come too late: what it took then comes again, and the log
        // says so.
        let log = serve.log();
        let troubles: Vec<_> = log
            .lines()
            .filter(|line| line.contains("WARN") || line.contains("ERROR"))
            .collect();
        let repeated = rung.len() - unique.len();
        let unheard = troubles
            .iter()
            .filter(|line| line.contains("no answer in time"))
            .count();
        assert!(repeated == 0 || unheard > 0, "{repeated} rung twice: {troubles:#?}");
    }
    println!(
        "1000 deliveries, answers {counts:?}; 750 issues rung once on each of two channels, in {} and {} messages",
        first.messages().len(),
        second.messages().len()
    );
    assert_eq!(counts, BTreeMap::from([(200, 1000)]));
}

fn keys() -> Keys {
    Keys {
        secrets: vec![github::WebhookSecret::new(&SECRET.to_owned().into()).unwrap()],
        allow_sha1: false,
    }
}

fn headers(guid: &str, body: &[u8]) -> http::HeaderMap {
    let mut headers = http::HeaderMap::new();
    headers.insert("content-type", "application/json".parse().unwrap());
    headers.insert("x-github-event", "issues".parse().unwrap());
    headers.insert("x-github-delivery", guid.parse().unwrap());
    headers.insert("x-hub-signature-256", sign(body).parse().unwrap());
    headers
}

#[tokio::test]
async fn a_state_that_cannot_be_written_is_503_and_the_same_delivery_rings_later() {
    let stage = stage::Stage::new().await;
    stage.monitor(stage::monitor(&[]));
    let body = issue(1);
    let take = async |context: &jobs::Context, keys: &Keys| {
        let receipt = jobs::receive(context, keys, &headers("one", &body), body.clone().into()).await;
        receipt.received
    };
    let (context, _) = stage.process(FaultPoint::none());
    let no_secret = take(&context, &Keys::default()).await;
    assert_eq!((no_secret, no_secret.status()), (Received::Unavailable, 503));
    let down = FaultPoint::planned(|_, call| (call.service == "dynamodb").then_some(Fault::Refused));
    let (broken, _) = stage.process(down);
    let received = take(&broken, &keys()).await;
    assert_eq!((received, received.status()), (Received::Unavailable, 503));

    assert_eq!(take(&context, &keys()).await, Received::Accepted);
    assert_eq!(take(&context, &keys()).await, Received::Repeat);
    stage.passes(1).await;
    assert_eq!(stage.slack.texts().len(), 1);
}

/// The accepting of an opening, cut off or failing at each of its calls, and GitHub's redelivery after that.
#[tokio::test]
async fn a_delivery_that_fails_at_any_call_rings_once_when_it_comes_again() {
    failing_anywhere(None, &["TransactWriteItems"]).await;
}

/// Its channels have heard of the issue, against what is guessed of an opening.
#[tokio::test]
async fn an_opening_that_comes_after_its_closing_rings_once_whichever_call_fails() {
    let asked = ["TransactWriteItems", "BatchGetItem", "TransactWriteItems"];
    failing_anywhere(Some(closed(1)), &asked).await;
}

async fn failing_anywhere(earlier: Option<Vec<u8>>, asked: &[&str]) {
    use Fault::{AnswerLost, DiesAfter, DiesBefore, Refused, TimedOut};
    let body = issue(1);
    let deliver = async |stage: &stage::Stage, faults: FaultPoint, guid: &str, body: &[u8]| {
        let taken = async {
            let (context, _) = stage.process(faults.clone());
            let receipt = jobs::receive(&context, &keys(), &headers(guid, body), body.to_vec().into()).await;
            Some(receipt.received)
        };
        tokio::select! {
            received = taken => received,
            () = faults.died() => None,
        }
    };
    let new_stage = async || {
        let stage = stage::Stage::new().await;
        stage.monitor(stage::monitor(&[]));
        stage.process(FaultPoint::none());
        if let Some(earlier) = &earlier {
            deliver(&stage, FaultPoint::none(), "earlier", earlier).await;
        }
        stage
    };
    let counting = FaultPoint::counting();
    deliver(&new_stage().await, counting.clone(), "one", &body).await;
    let calls = counting.calls();
    let operations = calls
        .iter()
        .filter_map(|call| call.what.strip_prefix("DynamoDB_20120810."));
    assert_eq!(operations.collect::<Vec<_>>(), asked);
    let rung = 1 + usize::from(earlier.is_some());
    for (number, call) in calls.iter().enumerate() {
        for fault in [Refused, TimedOut, AnswerLost, DiesBefore, DiesAfter] {
            let story = format!("{} {fault:?}", call.what);
            let stage = new_stage().await;
            deliver(&stage, FaultPoint::failing(number, fault), "one", &body).await;
            let again = deliver(&stage, FaultPoint::none(), "one", &body).await;
            let taken = matches!(again, Some(Received::Accepted | Received::Repeat));
            assert!(taken, "{story}: {again:?}");
            stage.passes(2).await;
            let heard = [stage.slack.texts().len(), stage.feishu.texts().len()];
            assert_eq!(heard, [rung; 2], "{story}");
        }
    }
}
