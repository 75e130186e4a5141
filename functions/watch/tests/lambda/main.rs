//! The function as Lambda runs it: the real program, with stand-ins of everything it talks to.

mod environment;
mod spread;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

use serde_json::{Value, json};
use world::{ChatAnswer, Copr, Event, GitHub, Monitor, Outcome, Reply, Rights};

use crate::environment::{AWS_SECRET_KEY, AWS_SESSION_TOKEN, CHANNEL_SECRET, Environment, PROJECT};

/// The message about a minute of the schedule.
fn tick(minute: u8) -> Value {
    json!({"time": format!("2026-03-01T12:{minute:02}:00Z")})
}

/// A project whose one package is in this state.
fn monitor(state: &str, build: u64) -> Reply {
    let chroot = ("fedora-43-x86_64", state, build, Some("1.0-1"));
    Reply::monitor(Monitor::new(PROJECT).package("hello", [chroot]).json())
}

/// `LEVEL message` of each line.
fn said(log: &[Value]) -> Vec<String> {
    let said = |line: &Value| [&line["level"], &line["message"]].map(|text| text.as_str().unwrap_or("?").to_owned());
    log.iter().map(|line| said(line).join(" ")).collect()
}

#[tokio::test]
async fn a_broken_build_rings_once_and_the_answer_is_the_report() {
    let lambda = Environment::new().await;
    lambda.copr.set(PROJECT, monitor("failed", 7));
    let _function = lambda.start();

    let report = lambda.invoke(tick(0)).await.unwrap();
    assert_eq!(lambda.copr.requests().len(), 1);
    assert_eq!(lambda.slack.texts(), ["hello fails to build in alice/demo"]);
    assert_eq!((&report["version"], &report["complete"]), (&json!(1), &json!(true)));
    assert_eq!(report["projects"][0]["broken"], 1);
    assert_eq!(report["channels"][0]["sent"], 1);

    let log = lambda.log();
    assert_eq!(said(&log), ["INFO accepted", "INFO the pass is complete"]);
    assert_eq!(log[1]["report"], report);
    assert_eq!(log[1]["requestId"], log[0]["spans"][0]["requestId"]);
}

#[tokio::test]
async fn a_second_message_of_the_same_tick_polls_nothing_and_rings_nothing() {
    let lambda = Environment::new().await;
    lambda.copr.set(PROJECT, monitor("failed", 7));
    let _function = lambda.start();

    lambda.invoke(tick(0)).await.unwrap();
    let again = lambda.invoke(tick(0)).await.unwrap();
    assert_eq!(again["complete"], true);
    assert_eq!(again["projects"][0]["outcome"], "ok");
    assert_eq!((lambda.copr.requests().len(), lambda.slack.attempts()), (1, 1));
}

#[tokio::test]
async fn a_build_that_broke_and_was_fixed_rings_twice_in_all() {
    let lambda = Environment::new().await;
    let _function = lambda.start();
    for (minute, state, build) in [
        (0, "succeeded", 6),
        (1, "failed", 7),
        (2, "failed", 7),
        (3, "running", 8),
        (4, "succeeded", 8),
        (5, "succeeded", 8),
    ] {
        lambda.copr.set(PROJECT, monitor(state, build));
        let report = lambda.invoke(tick(minute)).await.unwrap();
        assert_eq!(report["complete"], true, "{report}");
    }
    assert_eq!(lambda.copr.requests().len(), 6);
    let rings = [
        "hello fails to build in alice/demo",
        "hello builds again in alice/demo, after less than a minute",
    ];
    assert_eq!(lambda.slack.texts(), rings);
}

#[tokio::test]
async fn the_secret_and_the_connections_are_there_before_the_first_event() {
    let lambda = Environment::new().await;
    lambda.copr.set(PROJECT, monitor("succeeded", 6));
    let _function = lambda.start();
    lambda.runtime.first_poll().await;
    let mut asked = lambda.aws.operations();
    asked.sort_unstable();
    asked.dedup();
    assert_eq!(
        asked,
        ["DynamoDB_20120810.BatchGetItem", "secretsmanager.GetSecretValue"]
    );

    lambda.invoke(tick(0)).await.unwrap();
    lambda.invoke(tick(1)).await.unwrap();
    let secret = lambda.aws.operations();
    let secret = secret.iter().filter(|target| target.starts_with("secretsmanager."));
    assert_eq!(secret.count(), 1);
}

#[tokio::test]
async fn a_secret_that_cannot_be_used_at_init_is_read_again_with_the_event() {
    let lambda = Environment::new().await;
    lambda.spoil_secret();
    lambda.copr.set(PROJECT, monitor("failed", 7));
    let _function = lambda.start();

    let error = lambda.invoke(tick(0)).await.unwrap_err();
    let why = "SECRETS: the document is not usable: it is not JSON (line 1 column 1): look there for a quote that is missing, or a comma too many";
    assert_eq!(error["errorType"], "SecretUnreadable");
    assert_eq!(error["errorMessage"], why);
    let log = said(&lambda.log()).join("\n");
    insta::assert_snapshot!(log, @r#"
    WARN SECRETS: the document is not usable: it is not JSON (line 1 column 1): look there for a quote that is missing, or a comma too many
    WARN SECRETS: the document is not usable: it is not JSON (line 1 column 1): look there for a quote that is missing, or a comma too many
    ERROR Diagnostic { error_type: "SecretUnreadable", error_message: "SECRETS: the document is not usable: it is not JSON (line 1 column 1): look there for a quote that is missing, or a comma too many" }
    "#);
    assert!(lambda.copr.requests().is_empty());

    lambda.set_secret();
    let report = lambda.invoke(tick(0)).await.unwrap();
    assert_eq!(report["complete"], true);
    assert_eq!(lambda.slack.attempts(), 1);
}

#[tokio::test]
async fn a_wrong_setting_ends_the_process_with_one_sentence() {
    let mut sentences = Vec::new();
    for (name, value) in [
        ("STATE", ""),
        ("STATE", "copperbell.db"),
        ("SECRETS", ""),
        ("SECRETS", "secrets.json"),
        ("COPR_PROJECTS", ""),
        ("COPR_PROJECTS", "demo"),
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
    COPR_PROJECTS=
      ERROR COPR_PROJECTS, GITHUB_HOOKS: both are empty, so there is nothing to watch: expected one project or hook at least
    COPR_PROJECTS=demo
      ERROR COPR_PROJECTS: `demo` is no Copr project: expected owner/name, @group/name or owner/name:pr:12
    LOG_LEVEL=loud
      ERROR LOG_LEVEL: `loud` is no level: expected error, warn or info
    AWS_REGION=
      ERROR AWS_REGION: it is not set; AWS needs AWS_REGION, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY
    ");
}

#[tokio::test]
async fn an_event_without_a_readable_time_is_refused_and_the_next_one_is_served() {
    let lambda = Environment::new().await;
    lambda.copr.set(PROJECT, monitor("succeeded", 6));
    let _function = lambda.start();
    for event in [json!({"time": "<aws.scheduler.scheduled-time>"}), json!("now")] {
        let error = lambda.invoke(event).await.unwrap_err();
        let message = error["errorMessage"].as_str().unwrap();
        assert!(
            message.starts_with("failed to deserialize the incoming data"),
            "{error}"
        );
    }
    assert!(lambda.copr.requests().is_empty());
    let report = lambda.invoke(json!({})).await.unwrap();
    assert_eq!(report["complete"], true);
    assert_eq!(lambda.copr.requests().len(), 1);
}

#[tokio::test]
async fn a_pass_without_its_table_is_a_report_that_says_so() {
    let lambda = Environment::without_table().await;
    let _function = lambda.start();
    let report = lambda.invoke(tick(0)).await.unwrap();
    assert_eq!(report["complete"], false);
    let why_not = report["why_not"].as_str().unwrap();
    assert!(
        why_not.starts_with("the state table could not be reached: Query: ResourceNotFoundException"),
        "{why_not}"
    );
    let log = lambda.log();
    assert_eq!(said(&log).last().unwrap(), "WARN the pass is not complete");
    assert_eq!(log.last().unwrap()["report"], report);
}

#[tokio::test]
async fn a_pass_without_enough_time_leaves_its_projects_to_the_next_tick() {
    let lambda = Environment::new().await;
    lambda.copr.set(PROJECT, monitor("failed", 7));
    let _function = lambda.start();
    let report = lambda.runtime.invoke(tick(0), 12_000).await.unwrap();
    assert_eq!(report["complete"], false);
    assert_eq!(report["projects"][0]["outcome"], "late");
    assert!(lambda.copr.requests().is_empty());

    let report = lambda.invoke(tick(1)).await.unwrap();
    assert_eq!(report["complete"], true);
    assert_eq!(lambda.slack.attempts(), 1);
}

#[tokio::test]
async fn every_line_of_the_log_has_a_time_and_a_level_and_none_has_a_secret() {
    let lambda = Environment::new().await;
    lambda.copr.set(PROJECT, monitor("failed", 7));
    let _function = lambda.start();
    lambda.invoke(tick(0)).await.unwrap();
    lambda.slack.answer_always(Some(ChatAnswer::Reset));
    lambda.copr.set(PROJECT, monitor("succeeded", 8));
    lambda.invoke(tick(1)).await.unwrap();

    let log = lambda.log();
    for line in &log {
        assert!(
            line["timestamp"].as_str().is_some_and(|time| time.ends_with('Z')),
            "{line}"
        );
        let level = line["level"].as_str().unwrap_or_default();
        assert!(["ERROR", "WARN", "INFO", "DEBUG", "TRACE"].contains(&level), "{line}");
    }
    let printed = lambda.printed();
    let leaks = printed.lines().filter(|line| {
        [CHANNEL_SECRET, AWS_SECRET_KEY, AWS_SESSION_TOKEN]
            .iter()
            .any(|secret| line.contains(secret))
    });
    assert_eq!(leaks.collect::<Vec<_>>(), Vec::<&str>::new());
}

/// The figures of a line that are not 0, times left out.
fn counts(line: &Value) -> String {
    let declared = &line["_aws"]["CloudWatchMetrics"][0];
    assert_eq!(declared["Namespace"], "Copperbell");
    assert_eq!(line["FunctionName"], "copperbell-watch");
    let names = declared["Metrics"].as_array().unwrap().iter();
    let names = names.map(|metric| metric["Name"].as_str().unwrap());
    let counts = names.filter(|name| !["Duration", "OldestWaiting"].contains(name) && line[*name] != 0.0);
    counts
        .map(|name| format!("{name} {}", line[name]))
        .collect::<Vec<_>>()
        .join(", ")
}

#[tokio::test]
async fn a_complete_pass_is_counted_and_told_to_the_heartbeat_and_no_other_is() {
    let lambda = Environment::new().await;
    let heartbeat = Copr::start().await;
    lambda.set_secret_with(json!({"heartbeat_url": format!("{}/api_3/monitor?key=HUSH", heartbeat.url())}));
    let _function = lambda.start();
    lambda.copr.set(PROJECT, monitor("failed", 7));
    lambda.invoke(tick(0)).await.unwrap();
    assert_eq!(heartbeat.requests().len(), 1);
    lambda.copr.set(PROJECT, Reply::Html(502));
    lambda.invoke(tick(1)).await.unwrap();
    assert_eq!(heartbeat.requests().len(), 1);
    let log = lambda.log();
    let passes: Vec<_> = log
        .iter()
        .filter(|line| line.get("_aws").is_some())
        .map(counts)
        .collect();
    insta::assert_snapshot!(passes.join("\n"), @"
    IncidentsOpen 1.0, Rung 1.0, RunCompleted 1.0
    IncidentsOpen 1.0, TargetsLate 1.0
    ");
    assert!(!lambda.printed().contains("HUSH"));
}

#[tokio::test]
async fn a_lost_delivery_is_got_back() {
    let github = GitHub::start(|| jiff::Timestamp::now().as_millisecond()).await;
    let lambda = with_hook(&github).await;
    let _function = lambda.start();
    let answer = Arc::new(AtomicU16::new(500));
    let answers = answer.clone();
    github.script(HOOK, move |_| Outcome::answered(answers.load(Ordering::SeqCst)));
    let guid = github.emit(&[HOOK], Event::new("push", &json!({}))).await;
    answer.store(200, Ordering::SeqCst);

    let report = lambda.invoke(tick(0)).await.unwrap();
    assert_eq!(report["hooks"][0]["redelivered"], 1, "{report}");
    assert_eq!(github.successes(HOOK, &guid), 1);
    let report = lambda.invoke(tick(1)).await.unwrap();
    assert_eq!(
        (&report["hooks"][0]["recovered"], &report["complete"]),
        (&json!(1), &json!(true))
    );
}

const HOOK: &str = "repo:acme/app:1";

/// An environment that looks after a hook as well.
async fn with_hook(github: &GitHub) -> Environment {
    let mut lambda = Environment::new().await;
    lambda.copr.set(PROJECT, monitor("succeeded", 6));
    github.set_token("token", Rights::Redeliver);
    github.add_hook(HOOK, "https://elsewhere.example/hook", None);
    lambda.set("GITHUB_API_URL", &github.url());
    lambda.set("GITHUB_HOOKS", HOOK);
    lambda.set_secret_with(json!({"github_token": "token"}));
    lambda
}

#[tokio::test]
async fn a_pass_asks_aws_for_these_operations_alone() {
    let github = GitHub::start(|| jiff::Timestamp::now().as_millisecond()).await;
    let lambda = with_hook(&github).await;
    github.script(HOOK, |_| Outcome::answered(500));
    github.emit(&[HOOK], Event::new("push", &json!({}))).await;
    let _function = lambda.start();
    for (minute, state, build) in [(0, "failed", 7), (1, "succeeded", 8)] {
        lambda.copr.set(PROJECT, monitor(state, build));
        lambda.invoke(tick(minute)).await.unwrap();
    }
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
