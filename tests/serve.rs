//! The process that stays: it ends soon when it is asked to, whatever it does, and logs as it is told.

mod stage;

use std::time::Duration;

use serde_json::{Value, json};
use stage::hooks::{HOOK, issue_opened};
use stage::serving::{Serving, until};
use world::{Chat, Copr, GitHub, Outcome, Reply, Rights};

/// With so many lost deliveries, at a redelivery every 350 ms, a pass takes half a minute.
const LOST: usize = 80;

#[tokio::test]
async fn a_process_that_redelivers_a_backlog_ends_at_once_and_spends_no_attempt_that_it_did_not_make() {
    let github = GitHub::start(|| jiff::Timestamp::now().as_millisecond()).await;
    github.set_token("token", Rights::Redeliver);
    github.add_hook(HOOK, "https://elsewhere.example/hook", Some("hush"));
    github.script(HOOK, |_| Outcome::answered(200));
    let now = jiff::Timestamp::now().as_millisecond();
    let all = LOST + 20;
    for number in 0..all {
        let at = now - i64::try_from(all - number).unwrap() * 4000;
        // The newest are well: the receiver is up again.
        let outcome = Outcome::answered(if number < LOST { 503 } else { 200 });
        github.record(HOOK, issue_opened().at(at), outcome);
    }
    let chat = Chat::slack().await;
    let secrets = json!({
        "github_token": "token",
        "channels": [{"name": "team", "url": chat.url()}],
    });
    let url = github.url();
    let settings = [
        ("GITHUB_API_URL", url.as_str()),
        ("GITHUB_HOOKS", HOOK),
        ("EVERY", "1s"),
    ];
    let mut serving = Serving::start(&secrets, &settings);
    let asked = || {
        let requests = github.requests();
        requests
            .iter()
            .filter(|request| request.path.ends_with("/attempts"))
            .count()
    };
    until("it redelivers", async || asked() > 0).await;
    let (code, took) = serving.end();
    assert_eq!(code, Some(0), "{}", serving.log());
    assert!(took < Duration::from_secs(4), "{took:?}");
    let asked = asked();
    assert!(asked < LOST / 2, "{asked}");

    // What it remembers: an attempt for each that was made, and a hook that nobody holds.
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_copperbell"))
        .args(["redelivery", "plan", "--json", "--secrets", "secrets.json"])
        .current_dir(serving.home.path())
        .env_clear()
        .envs(settings)
        .output()
        .unwrap();
    let planned: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"));
    let attempts = planned
        .as_array()
        .unwrap()
        .iter()
        .map(|loss| loss["attempts"].as_u64().unwrap());
    let attempts: u64 = attempts.sum();
    // Those that have arrived by now are planned no more.
    assert!(attempts <= asked as u64, "{attempts} of {asked}");
}

#[tokio::test]
async fn the_log_is_lines_for_people_or_objects_for_collectors() {
    let copr = Copr::start().await;
    copr.set(stage::PROJECT, Reply::Html(502));
    let url = copr.url();
    let passed = async |format: &str| {
        let mut settings = vec![
            ("COPR_URL", url.as_str()),
            ("COPR_PROJECTS", stage::PROJECT),
            ("EVERY", "1s"),
        ];
        settings.extend((!format.is_empty()).then_some(("LOG_FORMAT", format)));
        let mut serving = Serving::start(&json!({}), &settings);
        until("a pass is told of", async || serving.log().contains("is not complete")).await;
        serving.end();
        serving.log()
    };
    let (lines, text, objects) = futures_util::join!(passed(""), passed("text"), passed("json"));
    for log in [lines, text] {
        let told = log.lines().find(|line| line.contains("is not complete")).unwrap();
        assert!(
            told.contains(" ERROR copperbell::commands::serve: the pass of "),
            "{told}"
        );
        assert!(
            told.ends_with("alice/demo: the proxy before Copr answered 502"),
            "{told}"
        );
        assert!(serde_json::from_str::<Value>(told).is_err());
    }
    let objects: Vec<Value> = objects
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}")))
        .collect();
    let told = objects
        .iter()
        .find(|line| line["message"].as_str().unwrap().contains("is not complete"))
        .unwrap();
    assert_eq!(told["level"], "ERROR");
    assert!(told["timestamp"].as_str().unwrap().parse::<jiff::Timestamp>().is_ok());
    // There is no secret to verify webhooks with: that is told, too.
    assert!(objects.iter().any(|line| line["level"] == "WARN"));
}

#[tokio::test]
async fn an_address_that_cannot_be_listened_on_is_a_sentence_and_exit_2() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let home = tempfile::TempDir::new().unwrap();
    for (listen, status_listen, setting) in [
        (address.as_str(), "127.0.0.1:0", "LISTEN"),
        ("127.0.0.1:0", address.as_str(), "STATUS_LISTEN"),
    ] {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_copperbell"))
            .args(["serve", "--listen", listen, "--status-listen", status_listen])
            .current_dir(home.path())
            .env_clear()
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(2));
        let said = String::from_utf8(output.stderr).unwrap();
        let expected = format!(
            "copperbell: {setting}: cannot listen on {address} (Address already in use (os error 98)): something listens \
             there already, another `copperbell serve` perhaps: end it, or set another port"
        );
        assert_eq!(said.trim_end(), expected);
    }
}
