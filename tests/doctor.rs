//! The doctor finds what does not work, and says what to do.

mod stage;

use jobs::{Finding, Keys};
use outbound::FaultPoint;
use serde_json::json;
use stage::hooks::{HOOK, HookStage, WEBHOOK_SECRET};
use stage::{PROJECT, monitor};
use world::{ChatAnswer, Rights};

async fn examined(stage: &HookStage, secret: bool, ring: bool) -> (bool, String) {
    let (context, watch) = stage.stage.process(FaultPoint::none());
    let secrets = secret.then(|| github::WebhookSecret::new(&WEBHOOK_SECRET.to_owned().into()).unwrap());
    let keys = Keys {
        secrets: secrets.into_iter().collect(),
        allow_sha1: false,
    };
    let mut lines = Vec::new();
    let note = |finding: Finding| {
        let mark = if finding.well { "✓" } else { "✗" };
        lines.push(format!("{mark} {}: {}", finding.part, finding.said));
    };
    let well = jobs::examine(&context, &keys, &watch, ring, note).await;
    (well, lines.join("\n"))
}

#[tokio::test]
async fn each_part_that_works_is_a_line_and_every_channel_rings_once() {
    let mut stage = HookStage::pointing_here().await;
    stage.stage.set("COPR_PROJECTS", PROJECT);
    stage.stage.monitor(monitor(&[("beta", "succeeded", 5)]));
    stage.emit().await;
    stage.pass().await;
    let before = stage.github.requests().len();
    let (well, lines) = examined(&stage, true, true).await;
    assert!(well);
    insta::assert_snapshot!(lines, @"
    ✓ state: the last pass, at 2026-03-02T09:00:00Z, was complete
    ✓ secrets: there is a secret to verify webhooks with
    ✓ alice/demo: Copr has it: 1 package
    ✓ repo:acme/app:1: it points here; 0 of its newest 2 deliveries failed, the last was at 2026-03-02T09:00:00Z
    ✓ listener: WEBHOOK_URL leads to a listener that refuses what is not signed
    ✓ channel team: it took a test notice
    ✓ channel rpm: it took a test notice
    ");
    assert_eq!(stage.rung().last().map(String::as_str), Some("The bell rings here"));
    let sent = stage.github.deliveries(HOOK).len();
    assert_eq!(sent, 2, "an issue and the ping; the doctor had nothing delivered");
    assert_eq!(stage.github.requests().len(), before + 3);
}

#[tokio::test]
async fn each_part_that_does_not_work_says_what_to_do() {
    let mut stage = HookStage::pointing_here().await;
    stage.stage.set("COPR_PROJECTS", "alice/typo,alice/demo");
    stage.stage.set("GITHUB_HOOKS", "repo:acme/app:1,repo:acme/app:2,app");
    stage.stage.set("WEBHOOK_URL", &stage.stage.copr.url());
    stage.github.set_token("token", Rights::Read);
    let revoked = ChatAnswer::Status {
        status: 404,
        headers: Vec::new(),
        body: "no_service".to_owned(),
    };
    stage.stage.slack.answer_next(vec![revoked]);
    let (well, lines) = examined(&stage, false, true).await;
    assert!(!well);
    insta::assert_snapshot!(lines, @"
    ✓ state: the table can be read; no pass was made yet
    ✗ secrets: github_webhook_secret is missing: every webhook is answered 503
    ✗ alice/typo: Copr answered 404: Project alice/typo does not exist. Check the spelling: upper and lower case differ.
    ✗ alice/demo: Copr answered 404: Project alice/demo does not exist. Check the spelling: upper and lower case differ.
    ✗ repo:acme/app:1: its log can be read, but nothing redelivered (Resource not accessible by personal access token): the token or App needs to write webhooks
    ✗ repo:acme/app:2: GitHub answered 404: Not Found: there is no such hook, or the token may not see it
    ✗ app: no credentials for this hook: put github_app into the secrets document
    ✗ listener: WEBHOOK_URL answered 404 to a request without a signature, not 401: is it Copperbell's?
    ✗ channel team: it refuses, and time will not mend it: answered HTTP 404: no_service: check its URL and secret
    ✓ channel rpm: it took a test notice
    ");

    stage.stage.secrets["github_token"] = json!("another");
    stage.stage.later(10);
    let incomplete = stage.stage.pass().await;
    assert!(!incomplete.complete);
    let (_, lines) = examined(&stage, true, false).await;
    let first = lines.lines().next().unwrap();
    assert!(
        first.starts_with("✗ state: the last pass, at 2026-03-02T09:10:00Z, was not complete: alice/typo: Copr"),
        "{first}"
    );
    let hook = lines
        .lines()
        .find(|line| line.starts_with("✗ repo:acme/app:1"))
        .unwrap();
    insta::assert_snapshot!(hook, @"✗ repo:acme/app:1: GitHub refused github_token (401): Bad credentials: it is wrong, expired or revoked");
}

#[tokio::test]
async fn the_records_are_asked_how_many_they_are() {
    let mut stage = HookStage::new().await;
    let home = tempfile::TempDir::new().unwrap();
    let path = home.path().join("issues.db");
    stage.stage.set("SINK", &format!("sqlite:{}", path.display()));
    let records = async |stage: &HookStage| {
        let (_, lines) = examined(stage, true, false).await;
        let line = lines
            .lines()
            .find(|line| line.contains(" records: "))
            .unwrap()
            .to_owned();
        line.replace(&home.path().display().to_string(), "…")
    };
    assert_eq!(records(&stage).await, "✓ records: sqlite:…/issues.db answers: 0 rows");
    let (context, watch) = stage.stage.process(FaultPoint::none());
    std::fs::write(&path, "no database").unwrap();
    for ending in ["-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{ending}", path.display()));
    }
    let keys = Keys {
        secrets: Vec::new(),
        allow_sha1: false,
    };
    let mut said = String::new();
    let note = |finding: Finding| {
        if finding.part == "records" {
            said = format!(
                "{} {}",
                finding.well,
                finding.said.replace(&home.path().display().to_string(), "…")
            );
        }
    };
    jobs::examine(&context, &keys, &watch, false, note).await;
    assert!(
        said.starts_with("false ") && said.contains("is not a database"),
        "{said}"
    );
}
