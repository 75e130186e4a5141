//! A pass that is spread over a queue.

use serde_json::{Value, json};
use world::{Monitor, Reply};

use crate::environment::Environment;
use crate::{counts, tick};

/// Messages as SQS sends them: `bodies` numbered from `first`.
fn messages(first: usize, bodies: &[String]) -> Value {
    let record = |(number, body): (usize, &String)| {
        json!({
            "messageId": format!("m{number}"),
            "receiptHandle": "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a",
            "body": body,
            "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": "1545082649183"},
            "messageAttributes": {},
            "md5OfBody": "e4e68fb7bd0e697a0ae8f1bb342846b3",
            "eventSource": "aws:sqs",
            "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:copperbell-targets",
            "awsRegion": "us-east-1",
        })
    };
    let records: Vec<_> = (first..).zip(bodies).map(record).collect();
    json!({"Records": records})
}

/// An environment with 25 projects, in a file as so many are, and a queue.
async fn spread() -> (Environment, tempfile::NamedTempFile) {
    let mut lambda = Environment::new().await;
    let names: Vec<_> = (0..25).map(|number| format!("alice/p{number}")).collect();
    for name in &names {
        let chroot = ("fedora-43-x86_64", "succeeded", 1, Some("1.0-1"));
        let monitor = Monitor::new(name).package("hello", [chroot]);
        lambda.copr.set(name, Reply::monitor(monitor.json()));
    }
    let list = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(list.path(), names.join("\n")).unwrap();
    lambda.set("COPR_PROJECTS", &format!("file:{}", list.path().display()));
    lambda.set(
        "TARGET_QUEUE_URL",
        "https://sqs.us-east-1.amazonaws.com/123456789012/copperbell-targets",
    );
    (lambda, list)
}

#[tokio::test]
async fn a_spread_pass_sends_each_target_once_and_each_is_polled_once_per_tick() {
    let (lambda, _list) = spread().await;
    let _function = lambda.start();
    lambda.invoke(tick(0)).await.unwrap();
    assert!(lambda.copr.requests().is_empty(), "the workers poll");
    let sent = lambda.aws.messages();
    assert_eq!(sent.len(), 25);
    assert_eq!(sent[0], r#"{"tick":"2026-03-01T12:00:00Z","project":"alice/p0"}"#);

    // SQS may send a message twice.
    for (number, batch) in sent.chunks(10).chain(sent.chunks(10).take(1)).enumerate() {
        let answer = lambda.invoke(messages(number * 10, batch)).await.unwrap();
        assert_eq!(answer, json!({"batchItemFailures": []}));
    }
    assert_eq!(lambda.copr.requests().len(), 25);

    let report = lambda.invoke(tick(1)).await.unwrap();
    assert_eq!(report["complete"], true, "{report}");
    assert_eq!(lambda.aws.messages().len(), 50);
}

#[tokio::test]
async fn a_spread_pass_is_complete_once_every_target_has_finished_with_the_last_tick() {
    let (lambda, _list) = spread().await;
    lambda.copr.set("alice/p3", Reply::Html(502));
    let _function = lambda.start();
    lambda.invoke(tick(0)).await.unwrap();
    let sent = lambda.aws.messages();
    for (number, batch) in sent[..20].chunks(10).enumerate() {
        lambda.invoke(messages(number * 10, batch)).await.unwrap();
    }
    let report = lambda.invoke(tick(1)).await.unwrap();
    assert_eq!(report["complete"], false);
    let outcomes = report["projects"].as_array().unwrap().iter();
    let late = outcomes.clone().filter(|project| project["outcome"] == "late").count();
    let failed = outcomes.filter(|project| project["outcome"] == "failed").count();
    assert_eq!((late, failed), (5, 1));

    let figures: Vec<_> = lambda
        .log()
        .into_iter()
        .filter(|line| line.get("_aws").is_some())
        .collect();
    let shares = figures
        .iter()
        .filter(|line| line["message"] == "the target was observed");
    assert_eq!(shares.count(), 19);
    assert!(
        figures.iter().all(|line| !counts(line).contains("RunCompleted")),
        "no whole pass was complete"
    );
}

#[tokio::test]
async fn what_a_worker_could_not_observe_comes_again_and_what_is_no_task_does_not() {
    let (lambda, _list) = spread().await;
    let _function = lambda.start();
    lambda.invoke(tick(0)).await.unwrap();
    let mut bodies = lambda.aws.messages();
    bodies.truncate(2);
    bodies.push("no task".to_owned());
    bodies.push(r#"{"tick":"2026-03-01T12:00:00Z","project":"alice/left"}"#.to_owned());
    // No time is left to poll anything.
    let answer = lambda.runtime.invoke(messages(0, &bodies), 9_000).await.unwrap();
    let failures = json!([{"itemIdentifier": "m0"}, {"itemIdentifier": "m1"}]);
    assert_eq!(answer, json!({"batchItemFailures": failures}));
    let answer = lambda.invoke(messages(0, &bodies)).await.unwrap();
    assert_eq!(answer, json!({"batchItemFailures": []}));
    assert_eq!(lambda.copr.requests().len(), 2);
}
