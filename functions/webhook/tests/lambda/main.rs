//! The function as Lambda runs it: the real program, with stand-ins of everything it talks to.

mod delivery;
mod environment;

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use world::{ChatAnswer, StreamFault};

use crate::delivery::Delivery;
use crate::environment::{AWS_SECRET_KEY, AWS_SESSION_TOKEN, CHANNEL_SECRET, Environment, WEBHOOK_SECRET};

/// What is answered to a stranger, whatever is wrong.
const REFUSED: &str = "the signature is missing or wrong\n";

fn ok() -> (u64, String) {
    (200, "ok\n".to_owned())
}

/// `LEVEL message` of each line.
fn said(log: &[Value]) -> Vec<String> {
    let said = |line: &Value| [&line["level"], &line["message"]].map(|text| text.as_str().unwrap_or("?").to_owned());
    log.iter().map(|line| said(line).join(" ")).collect()
}

#[tokio::test]
async fn every_request_is_counted_by_what_became_of_it() {
    let lambda = Environment::new().await;
    let _function = lambda.start();
    let opened = Delivery::opened(7);
    lambda.deliver(&opened).await;
    lambda.deliver(&opened).await;
    lambda.deliver(&opened.signed_with("a guess")).await;
    lambda.deliver(&opened.signed(None)).await;
    lambda.deliver(&Delivery::ping()).await;
    let counted: Vec<_> = lambda.figures().iter().map(counts).collect();
    insta::assert_snapshot!(counted.join("\n"), @r#"
    Accepted 1.0, Rung 1.0 null
    Repeated 1.0 null
    Refused 1.0 "forged"
    Refused 1.0 "unsigned"
    Pinged 1.0 null
    "#);
}

/// The figures of a line that are not 0, times left out, and the reason.
fn counts(line: &Value) -> String {
    let declared = &line["_aws"]["CloudWatchMetrics"][0];
    assert_eq!(declared["Namespace"], "Copperbell");
    let names = declared["Metrics"].as_array().unwrap().iter();
    let names = names.map(|metric| metric["Name"].as_str().unwrap());
    let counts = names.filter(|name| *name != "Duration" && line[*name] != 0.0);
    let counts: Vec<_> = counts.map(|name| format!("{name} {}", line[name])).collect();
    format!("{} {}", counts.join(", "), line["Reason"])
}

#[tokio::test]
async fn an_accepted_event_is_in_the_stream_once_and_waits_where_the_stream_takes_nothing() {
    let mut lambda = Environment::new().await;
    lambda.set("SINK", "firehose:records");
    let _function = lambda.start();
    for _ in 0..2 {
        assert_eq!(lambda.deliver(&Delivery::opened(7)).await, ok());
    }
    assert_eq!((lambda.aws.stream().len(), lambda.records_waiting().await), (1, 0));
    let record: Value = serde_json::from_str(&lambda.aws.stream()[0]).unwrap();
    assert_eq!((&record["action"], &record["title"]), (&json!("opened"), &Value::Null));
    lambda.aws.fail_stream(Some(StreamFault::Unavailable));
    assert_eq!(lambda.deliver(&Delivery::opened(8)).await, ok());
    assert_eq!((lambda.aws.stream().len(), lambda.records_waiting().await), (1, 1));
    assert_eq!(lambda.slack.attempts(), 2);
}

#[tokio::test]
async fn an_opened_issue_rings_once_however_often_it_is_delivered() {
    let lambda = Environment::new().await;
    let _function = lambda.start();
    let delivery = Delivery::opened(7);
    for _ in 0..3 {
        assert_eq!(lambda.deliver(&delivery).await, ok());
        assert_eq!((lambda.slack.attempts(), lambda.waiting().await), (1, 0));
    }
    insta::assert_snapshot!(lambda.slack.texts().join("\n"), @"Codertocat opened Codertocat/Hello-World#7: Spelling error in the README file");
    // The delivery, its body, that the channel has heard of the issue, and the channel.
    assert_eq!(lambda.items(), 4);
    let log = lambda.log();
    assert_eq!(said(&log), ["INFO a delivery"; 3]);
    let received: Vec<_> = log.iter().map(|line| line["received"].as_str().unwrap()).collect();
    assert_eq!(received, ["Accepted", "Repeat", "Repeat"]);
}

#[tokio::test]
async fn every_shape_of_a_delivery_is_accepted() {
    let lambda = Environment::new().await;
    let _function = lambda.start();
    let [text, base64, form, url, url_base64] = [1, 2, 3, 4, 5].map(Delivery::opened);
    let events = [
        text.http_api(),
        base64.in_base64().http_api(),
        form.as_form().http_api(),
        url.function_url(),
        url_base64.in_base64().function_url(),
    ];
    for (event, rung) in events.into_iter().zip(1..) {
        assert_eq!(lambda.invoke(event).await, ok());
        assert_eq!(lambda.slack.messages().len(), rung);
    }
    // In base64 or not, it is the same delivery.
    assert_eq!(lambda.deliver(&text.in_base64()).await, ok());
    assert_eq!(lambda.slack.attempts(), 5);
}

#[tokio::test]
async fn whoever_does_not_know_the_secret_gets_one_constant_answer_and_leaves_nothing() {
    let lambda = Environment::new().await;
    let _function = lambda.start();
    lambda.runtime.first_poll().await;
    let mut asked = lambda.aws.operations();
    asked.sort_unstable();
    let delivery = Delivery::opened(7);
    let mac = delivery.expected_mac();
    let signatures = [
        None,
        Some(String::new()),
        Some("sha256=".to_owned()),
        Some(mac.clone()),
        Some(format!("sha1={mac}")),
        Some(format!("SHA256={mac}")),
        Some(format!("sha256={}", mac.to_uppercase())),
        Some(format!("sha256={}", &mac[..62])),
        Some(format!("sha256={mac}00")),
        Some(format!("sha256={mac},sha256={mac}")),
        Some(format!("sha256={}", "0".repeat(64))),
    ];
    let mut forged: Vec<_> = signatures.map(|signature| delivery.signed(signature)).into();
    forged.push(delivery.signed_with("It's a Secret to Nobody"));
    // What GitHub signed, changed on its way.
    let mut changed = delivery.clone();
    changed.body.push(' ');
    forged.push(changed);
    // Nothing is parsed before it is verified.
    forged.push(Delivery::of("issues", 8, "{").signed(None));
    forged.push(Delivery::ping().signed(None));
    for delivery in &forged {
        for delivery in [delivery, &delivery.in_base64()] {
            assert_eq!(lambda.deliver(delivery).await, (401, REFUSED.to_owned()));
        }
    }
    let mut bare = delivery.function_url();
    bare["headers"] = json!({});
    bare["body"] = Value::Null;
    assert_eq!(lambda.invoke(bare).await, (401, REFUSED.to_owned()));
    // One look for a newer secret (the current version and the one before), and nothing of the table.
    let look = ["secretsmanager.GetSecretValue"; 2].map(str::to_owned);
    let mut heard = lambda.aws.operations();
    heard.sort_unstable();
    assert_eq!(heard, [asked, look.into()].concat(), "AWS hears nothing else of it");
    assert_eq!((lambda.items(), lambda.slack.attempts()), (0, 0));

    assert_eq!(lambda.deliver(&delivery).await, ok());
    assert_eq!(lambda.slack.attempts(), 1);
}

#[tokio::test]
async fn what_is_authentic_but_no_issue_is_answered_by_what_it_is() {
    let lambda = Environment::new().await;
    let _function = lambda.start();
    let unreadable = (400, "this is no delivery that can be read\n".to_owned());
    for (delivery, expected, items) in [
        (Delivery::of("issues", 1, "opened"), &unreadable, 0),
        (Delivery::of("issues", 1, ""), &unreadable, 0),
        (Delivery::of("issues", 1, "{\"action\":\"opened\"}"), &unreadable, 0),
        (Delivery::of("push", 1, "{\"ref\":\"refs/heads/main\"}"), &ok(), 0),
        // The hook is remembered, and nothing else.
        (Delivery::ping(), &ok(), 1),
        (Delivery::ping(), &ok(), 1),
    ] {
        assert_eq!(lambda.deliver(&delivery).await, *expected, "{}", delivery.body);
        assert_eq!(lambda.items(), items, "{}", delivery.body);
    }
    let conflict = Delivery::of("issues", 7, &Delivery::opened(8).body);
    assert_eq!(lambda.deliver(&Delivery::opened(7)).await, ok());
    let refused = (409, "another delivery had this id\n".to_owned());
    assert_eq!(lambda.deliver(&conflict).await, refused);
    assert_eq!(lambda.slack.attempts(), 1);
}

#[tokio::test]
async fn what_was_signed_before_a_rotation_is_accepted_after_it() {
    let lambda = Environment::new().await;
    lambda.set_secret("the new one", Some(WEBHOOK_SECRET));
    let _function = lambda.start();
    assert_eq!(lambda.deliver(&Delivery::opened(7)).await, ok());
    let new = Delivery::opened(8).signed_with("the new one");
    assert_eq!(lambda.deliver(&new).await, ok());
    // At init the current one; then, for a signature that nobody knows, both.
    assert_eq!((lambda.slack.attempts(), lambda.secret_reads()), (2, 3));
}

#[tokio::test]
async fn a_rotation_under_a_running_function_costs_no_delivery_and_a_flood_of_forgeries_one_look_in_ten_seconds() {
    let lambda = Environment::new().await;
    let _function = lambda.start();
    lambda.runtime.first_poll().await;
    let forged = Delivery::opened(6).signed_with("a guess");
    let flood = async || {
        for _ in 0..20 {
            assert_eq!(lambda.deliver(&forged).await, (401, REFUSED.to_owned()));
        }
    };
    assert_eq!(lambda.secret_reads(), 1, "the secret was read at init");
    lambda.set_secret("the new one", Some(WEBHOOK_SECRET));
    let new = Delivery::opened(7).signed_with("the new one");
    assert_eq!(lambda.deliver(&new).await, ok());
    // Of each look, one for the current version and one for the one before.
    assert_eq!(lambda.secret_reads(), 3);
    flood().await;
    lambda.aws.fail_secrets(true);
    flood().await;
    assert_eq!(lambda.deliver(&Delivery::opened(8)).await, ok());
    assert_eq!((lambda.secret_reads(), lambda.slack.attempts()), (3, 2));
}

#[tokio::test]
async fn without_its_table_a_delivery_is_put_off_and_rings_when_it_comes_again() {
    let lambda = Environment::new().await;
    lambda.aws.fail_tables(true);
    let _function = lambda.start();
    let delivery = Delivery::opened(7);
    let later = (503, "try again later\n".to_owned());
    assert_eq!(lambda.deliver(&delivery).await, later);
    assert_eq!(lambda.deliver(&Delivery::ping()).await, later);
    lambda.aws.fail_tables(false);
    assert_eq!((lambda.items(), lambda.slack.attempts()), (0, 0));
    insta::assert_snapshot!(said(&lambda.log()).join("\n"), @"
    ERROR the delivery could not be stored
    WARN a delivery could not be accepted
    ERROR the delivery could not be stored
    WARN a delivery could not be accepted
    ");

    assert_eq!(lambda.deliver(&delivery).await, ok());
    assert_eq!((lambda.slack.attempts(), lambda.waiting().await), (1, 0));
}

#[tokio::test]
async fn without_a_secret_to_verify_with_every_delivery_is_put_off_until_there_is_one() {
    for document in [CHANNEL_SECRET, r#"{"channels": []}"#] {
        let lambda = Environment::new().await;
        lambda.spoil_secret(document);
        let _function = lambda.start();
        let delivery = Delivery::opened(7);
        for delivery in [&delivery, &delivery.signed(None), &Delivery::ping()] {
            let (status, _) = lambda.deliver(delivery).await;
            assert_eq!((status, lambda.items()), (503, 0), "{document}");
        }
        if document == CHANNEL_SECRET {
            lambda.set_secret(WEBHOOK_SECRET, None);
            assert_eq!(lambda.deliver(&delivery).await, ok());
            assert_eq!(lambda.slack.attempts(), 1);
        }
        assert!(!lambda.printed().contains(CHANNEL_SECRET));
    }
}

#[tokio::test]
async fn a_chat_that_hangs_keeps_nobody_waiting_and_its_notice_waits_in_the_outbox() {
    let lambda = Environment::new().await;
    lambda.slack.answer_always(Some(ChatAnswer::Hang));
    let _function = lambda.start();
    lambda.runtime.first_poll().await;
    let started = Instant::now();
    assert_eq!(lambda.deliver(&Delivery::opened(7)).await, ok());
    assert!(started.elapsed() < Duration::from_secs(8), "{:?}", started.elapsed());
    assert_eq!((lambda.slack.attempts(), lambda.waiting().await), (1, 1));

    // It rests now, and costs the next delivery nothing.
    let started = Instant::now();
    assert_eq!(lambda.deliver(&Delivery::opened(8)).await, ok());
    assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
    assert_eq!((lambda.slack.attempts(), lambda.waiting().await), (1, 2));
}

#[tokio::test]
async fn the_secret_and_the_connections_are_there_before_the_first_request() {
    let lambda = Environment::new().await;
    let _function = lambda.start();
    lambda.runtime.first_poll().await;
    let mut asked = lambda.aws.operations();
    asked.sort_unstable();
    let [read, secret] = ["DynamoDB_20120810.BatchGetItem", "secretsmanager.GetSecretValue"];
    assert_eq!(asked, [read, secret]);
    assert_eq!(lambda.slack.attempts(), 0);

    assert_eq!(lambda.deliver(&Delivery::opened(7)).await, ok());
    assert_eq!(lambda.secret_reads(), 1);
}

#[tokio::test]
async fn no_line_of_the_log_has_a_secret_a_body_or_a_signature() {
    let lambda = Environment::new().await;
    lambda.set_secret(WEBHOOK_SECRET, Some("the old one"));
    let _function = lambda.start();
    let [opened, forged, unreadable] = [
        Delivery::opened(7),
        Delivery::opened(8),
        Delivery::of("issues", 9, "HUSH"),
    ];
    let guess = forged.signed_with("a guess");
    for (delivery, status) in [
        (&opened, 200),
        (&opened, 200),
        (&guess, 401),
        (&forged.signed(None), 401),
        (&unreadable, 400),
        (&Delivery::ping(), 200),
    ] {
        assert_eq!(lambda.deliver(delivery).await.0, status);
    }
    lambda.slack.answer_always(Some(ChatAnswer::Reset));
    assert_eq!(lambda.deliver(&Delivery::opened(10)).await, ok());
    lambda.aws.fail_tables(true);
    assert_eq!(lambda.deliver(&Delivery::opened(11)).await.0, 503);

    let log = lambda.log();
    assert!(log.len() > 8, "{log:#?}");
    for line in log.iter().chain(&lambda.figures()) {
        let time = line["timestamp"].as_str();
        assert!(time.is_some_and(|time| time.ends_with('Z')), "{line}");
        let level = line["level"].as_str().unwrap_or_default();
        assert!(["ERROR", "WARN", "INFO", "DEBUG", "TRACE"].contains(&level), "{line}");
    }
    let macs = [&opened, &forged, &unreadable].map(Delivery::expected_mac);
    let guessed = guess.http_api()["headers"]["x-hub-signature-256"].to_string();
    let mut hushed = vec![
        CHANNEL_SECRET,
        AWS_SECRET_KEY,
        AWS_SESSION_TOKEN,
        WEBHOOK_SECRET,
        "the old one",
        "a guess",
    ];
    hushed.extend(macs.iter().map(String::as_str));
    hushed.push(guessed.trim_matches('"').trim_start_matches("sha256="));
    // Of the bodies: an issue's title and text, a field's name, and what is no JSON.
    hushed.extend(["Spelling error", "accidently", "repository_url", "HUSH"]);
    let printed = lambda.printed();
    for hush in hushed {
        let leaks: Vec<_> = printed.lines().filter(|line| line.contains(hush)).collect();
        assert_eq!(leaks, Vec::<&str>::new(), "{hush}");
    }
}

#[tokio::test]
async fn a_wrong_setting_ends_the_process_with_one_sentence() {
    let mut sentences = Vec::new();
    for (name, value) in [
        ("STATE", ""),
        ("STATE", "copperbell.db"),
        ("SECRETS", ""),
        ("SECRETS", "secrets.json"),
        ("ALLOW_SHA1", "perhaps"),
        ("LOG_LEVEL", "loud"),
        ("AWS_REGION", ""),
    ] {
        let mut lambda = Environment::new().await;
        lambda.set(name, value);
        let ended = lambda.start().wait().await.unwrap();
        assert_eq!(ended.code(), Some(1), "{name}={value}");
        assert_eq!(lambda.runtime.polls(), 0, "{name}={value}");
        let said = said(&lambda.log()).join("; ");
        sentences.push(format!("{name}={value}\n  {said}"));
    }
    insta::assert_snapshot!(sentences.join("\n"), @"
    STATE=
      ERROR STATE: a function has no file that lasts: expected dynamodb:TABLE
    STATE=copperbell.db
      ERROR STATE: a function has no file that lasts: expected dynamodb:TABLE
    SECRETS=
      ERROR SECRETS: a function has no file of secrets: expected aws:ID, a secret's name or ARN
    SECRETS=secrets.json
      ERROR SECRETS: a function has no file of secrets: expected aws:ID, a secret's name or ARN
    ALLOW_SHA1=perhaps
      ERROR ALLOW_SHA1: `perhaps` is neither true nor false
    LOG_LEVEL=loud
      ERROR LOG_LEVEL: `loud` is no level: expected error, warn or info
    AWS_REGION=
      ERROR AWS_REGION: it is not set; AWS needs AWS_REGION, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY
    ");
}

#[tokio::test]
async fn a_delivery_asks_aws_for_these_operations_alone() {
    let lambda = Environment::new().await;
    let _function = lambda.start();
    for delivery in [Delivery::opened(7), Delivery::opened(7), Delivery::ping()] {
        assert_eq!(lambda.deliver(&delivery).await, ok());
    }
    lambda.slack.answer_always(Some(ChatAnswer::Reset));
    assert_eq!(lambda.deliver(&Delivery::opened(8)).await, ok());
    let asked: BTreeSet<String> = lambda.aws.operations().into_iter().collect();
    // The policy in the stack's template allows just these.
    let allowed = [
        "DynamoDB_20120810.BatchGetItem",
        "DynamoDB_20120810.BatchWriteItem",
        "DynamoDB_20120810.Query",
        "DynamoDB_20120810.TransactWriteItems",
        "DynamoDB_20120810.UpdateItem",
        "secretsmanager.GetSecretValue",
    ];
    assert_eq!(asked, allowed.map(str::to_owned).into());
}
