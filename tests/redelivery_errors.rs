//! What is wrong with the way GitHub is asked: one sentence that says what to mend, told once; all else goes on. And the
//! commands that look, or ask for a delivery again.

mod stage;

use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use jiff::Timestamp;
use jobs::{HookReport, Planned, Report};
use outbound::FaultPoint;
use serde_json::{Value, json};
use stage::PROJECT;
use stage::hooks::{HOOK, HookStage, issue_opened};
use tempfile::TempDir;
use world::{Event, GitHub, Outcome, Rights, recorded};

/// A token that no sentence may hold.
const TOKEN: &str = "ghp_hush";

/// The key of another App.
const OTHER_KEY: &str = include_str!("../crates/github/tests/data/keys/pkcs1.pem");

/// A repository's hook that nobody has added.
const NO_HOOK: &str = "repo:acme/app:99";

/// A Copr project that fails, and two hooks: of the one something is wrong, of the other a delivery is lost.
struct Errors {
    hooks: HookStage,
    bad: &'static str,
    good: &'static str,
}

impl Errors {
    async fn new(bad: &'static str, good: &'static str) -> Self {
        let mut hooks = HookStage::new().await;
        hooks.github.revoke_token("token");
        hooks.github.set_token(TOKEN, Rights::Redeliver);
        hooks.stage.secrets["github_token"] = json!(TOKEN);
        hooks.stage.secrets["github_app"] = app(GitHub::APP_ID, GitHub::APP_KEY);
        hooks.stage.set("COPR_PROJECTS", PROJECT);
        hooks.stage.monitor(recorded::MIXED_FAILED_ALL_FIELDS);
        hooks.stage.set("GITHUB_HOOKS", &format!("{bad},{good}"));
        for hook in [bad, good] {
            if ![HOOK, NO_HOOK].contains(&hook) {
                hooks.github.add_hook(hook, "https://elsewhere.example/other", None);
            }
            if hook != NO_HOOK {
                let answer = |number| if number == 1 { 500 } else { 200 };
                hooks
                    .github
                    .script(hook, move |attempt| Outcome::answered(answer(attempt.number)));
            }
        }
        hooks.github.emit(&[good], issue_opened()).await;
        Self { hooks, bad, good }
    }

    /// A pass that is not complete: why. Copr and the other hook go on.
    async fn first_pass(&self) -> String {
        let report = self.hooks.stage.pass().await;
        let good = self.of(&report, self.good);
        assert_eq!((good.lost, good.redelivered), (1, 1), "{report:#?}");
        assert_eq!(report.projects[0].broken, 2);
        assert!(self.hooks.rung().contains(&"2 packages broke in alice/demo".to_owned()));
        report.why_not.unwrap()
    }

    /// Three failures in a row are told, no later one, and then that it is well.
    async fn told(&self, mend: impl FnOnce(&HookStage)) -> String {
        for _ in 0..5 {
            self.hooks.stage.later(10);
            assert!(!self.hooks.stage.pass().await.complete);
        }
        mend(&self.hooks);
        self.hooks.stage.passes(2).await;
        assert_eq!(self.hooks.github.lost(self.good), Vec::<String>::new());
        self.assert_no_secret().await;
        let rung = self.hooks.rung().into_iter();
        let of_bad = rung.filter(|text| !text.contains("alice/demo"));
        of_bad.collect::<Vec<_>>().join("\n")
    }

    fn of<'a>(&self, report: &'a Report, hook: &str) -> &'a HookReport {
        let found = report.hooks.iter().find(|report| report.hook == hook);
        found.unwrap_or_else(|| panic!("neither {} nor {}", self.bad, self.good))
    }

    /// Nothing that is said, remembered or reported holds a secret.
    async fn assert_no_secret(&self) {
        let stage = &self.hooks.stage;
        let report = stage.pass().await;
        let messages = [stage.slack.messages(), stage.feishu.messages()].concat();
        let bodies: Vec<&Value> = messages.iter().map(|message| &message.body).collect();
        let (context, watch) = stage.process(FaultPoint::none());
        let all = format!(
            "{report:?} {bodies:?} {context:?} {watch:?} {:?} {}",
            stage.status().await,
            table(&self.hooks)
        );
        assert_holds_no_secret(&all);
    }
}

fn app(id: u64, key: &str) -> Value {
    json!({"id": id, "private_key": key})
}

#[track_caller]
fn assert_holds_no_secret(said: &str) {
    let of_a_key = |key: &'static str| key.lines().nth(5).unwrap();
    // A token, what is in the URL of a hook, keys, a JWT, an installation's token.
    for secret in [
        "ghp_",
        "hush",
        of_a_key(GitHub::APP_KEY),
        of_a_key(OTHER_KEY),
        "eyJ",
        "ghs_",
    ] {
        assert!(!said.contains(secret), "{secret} in {said}");
    }
}

/// All that the table holds of hooks, their losses, what waits to be said and the last pass.
fn table(stage: &HookStage) -> Value {
    let lost_of = |hook| format!("lost#{hook}");
    let partitions = [
        "hook".to_owned(),
        lost_of(HOOK),
        lost_of("app"),
        lost_of("org:acme:5"),
        "outbox#team".to_owned(),
        "outbox#rpm".to_owned(),
        "dead#team".to_owned(),
        "dead#rpm".to_owned(),
        "channel".to_owned(),
        "project".to_owned(),
        "run".to_owned(),
        "ping".to_owned(),
    ];
    let items = partitions.map(|partition| {
        let query = json!({
            "TableName": "copperbell", "KeyConditionExpression": "pk = :pk",
            "ExpressionAttributeValues": {":pk": {"S": partition}},
        });
        let target = "DynamoDB_20120810.Query";
        let (status, answer) = stage.stage.engine.answer(target, query.to_string().as_bytes());
        assert_eq!(status, 200, "{answer}");
        serde_json::from_str::<Value>(&answer).unwrap()
    });
    items.into()
}

#[tokio::test]
async fn the_key_of_another_app() {
    let mut errors = Errors::new("app", HOOK).await;
    errors.hooks.stage.secrets["github_app"] = app(GitHub::APP_ID, OTHER_KEY);
    insta::assert_snapshot!(errors.first_pass().await, @"app: GitHub does not know the App by its JWT: A JSON web token could not be decoded: check that the id and the private key of github_app belong together");
}

#[tokio::test]
async fn the_id_of_another_app() {
    let mut errors = Errors::new("app", HOOK).await;
    errors.hooks.stage.secrets["github_app"] = app(1, GitHub::APP_KEY);
    insta::assert_snapshot!(errors.first_pass().await, @"app: GitHub does not know the App by its JWT: Integration not found: check that the id and the private key of github_app belong together");
}

#[tokio::test]
async fn a_token_that_was_revoked_is_told_once_and_once_that_there_is_another() {
    let errors = Errors::new(HOOK, "app").await;
    errors.hooks.github.revoke_token(TOKEN);
    insta::assert_snapshot!(errors.first_pass().await, @"repo:acme/app:1: GitHub refused github_token (401): Bad credentials: it is wrong, expired or revoked");
    let told = errors
        .told(|stage| stage.github.set_token(TOKEN, Rights::Redeliver))
        .await;
    insta::assert_snapshot!(told, @"
    The delivery log of repo∶acme/app∶1 could not be read, 3 times in a row
    The delivery log of repo∶acme/app∶1 can be read again, after 1 h
    ");
}

#[tokio::test]
async fn a_token_that_may_only_look() {
    let errors = Errors::new(HOOK, "app").await;
    errors.hooks.github.set_token(TOKEN, Rights::Read);
    let lost = errors.hooks.emit().await;
    insta::assert_snapshot!(errors.first_pass().await, @r#"repo:acme/app:1: GitHub forbids it (403): Resource not accessible by personal access token: a token needs admin:repo_hook or admin:org_hook, a fine-grained token or an App the permission "Webhooks", read and write"#);
    // Nothing is held against what could not be asked for.
    for _ in 0..3 {
        errors.hooks.stage.later(10);
        assert!(!errors.hooks.stage.pass().await.complete);
    }
    errors.hooks.github.set_token(TOKEN, Rights::Redeliver);
    errors.hooks.stage.passes(2).await;
    assert_eq!(errors.hooks.github.successes(HOOK, &lost), 1);
    errors.assert_no_secret().await;
}

#[tokio::test]
async fn a_token_that_may_not_see_hooks() {
    let errors = Errors::new(HOOK, "app").await;
    errors.hooks.github.set_token(TOKEN, Rights::None);
    insta::assert_snapshot!(errors.first_pass().await, @"repo:acme/app:1: GitHub answered 404: Not Found: there is no such hook, or the token may not see it");
}

#[tokio::test]
async fn an_app_without_the_permission_is_told_once_and_once_that_it_has_it() {
    let mut errors = Errors::new("org:acme:5", "app").await;
    errors.hooks.stage.secrets["github_token"] = Value::Null;
    errors.hooks.github.install("acme", Rights::None);
    insta::assert_snapshot!(errors.first_pass().await, @r#"org:acme:5: GitHub forbids it (403): Resource not accessible by integration: a token needs admin:repo_hook or admin:org_hook, a fine-grained token or an App the permission "Webhooks", read and write"#);
    let told = errors
        .told(|stage| stage.github.install("acme", Rights::Redeliver))
        .await;
    insta::assert_snapshot!(told, @"
    The delivery log of org∶acme∶5 could not be read, 3 times in a row
    The delivery log of org∶acme∶5 can be read again, after 1 h
    ");
}

#[tokio::test]
async fn an_app_that_is_not_installed() {
    let mut errors = Errors::new("org:acme:5", "app").await;
    errors.hooks.stage.secrets["github_token"] = Value::Null;
    insta::assert_snapshot!(errors.first_pass().await, @"org:acme:5: the App is not installed there: install it on the account of the hook, or give a github_token");
}

#[tokio::test]
async fn a_hook_that_is_not_there() {
    let errors = Errors::new(NO_HOOK, HOOK).await;
    insta::assert_snapshot!(errors.first_pass().await, @"repo:acme/app:99: GitHub answered 404: Not Found: there is no such hook, or the token may not see it");
}

#[tokio::test]
async fn nothing_to_ask_with() {
    let mut errors = Errors::new("app", HOOK).await;
    errors.hooks.stage.secrets["github_app"] = Value::Null;
    insta::assert_snapshot!(errors.first_pass().await, @"app: no credentials for this hook: put github_app into the secrets document");

    let mut errors = Errors::new(HOOK, "app").await;
    errors.hooks.stage.secrets["github_token"] = Value::Null;
    insta::assert_snapshot!(errors.first_pass().await, @"repo:acme/app:1: the App is not installed there: install it on the account of the hook, or give a github_token");

    let mut neither = HookStage::new().await;
    neither.stage.secrets["github_token"] = Value::Null;
    insta::assert_snapshot!(neither.stage.pass().await.why_not.unwrap(), @"repo:acme/app:1: no credentials for this hook: put github_token, or a github_app that is installed there, into the secrets document");
}

#[tokio::test]
async fn a_clock_that_is_wrong() {
    let mut wrong = Vec::new();
    for minutes in [-20, 20] {
        let mut stage = HookStage::new().await;
        let clock = stage.stage.clock.clone();
        let github = GitHub::start(move || clock.now().as_millisecond() + minutes * 60_000).await;
        github.add_hook("app", "https://elsewhere.example/hook", None);
        stage.stage.set("GITHUB_API_URL", &github.url());
        stage.stage.set("GITHUB_HOOKS", "app");
        stage.stage.secrets["github_app"] = app(GitHub::APP_ID, GitHub::APP_KEY);
        wrong.push(stage.stage.pass().await.why_not.unwrap());
    }
    insta::assert_snapshot!(wrong.join("\n"), @"
    app: GitHub refused the App's JWT, and the clock of this machine is 1200 s fast: set it right
    app: GitHub refused the App's JWT, and the clock of this machine is 1200 s slow: set it right
    ");
}

#[tokio::test]
async fn an_apps_hook_and_an_organisations_through_its_installation_are_healed() {
    let mut stage = HookStage::new().await;
    let hooks = ["app", "org:acme:5"];
    for hook in hooks {
        stage
            .github
            .add_hook(hook, "https://elsewhere.example/hook", Some("hush"));
        let answer = |number| if number == 1 { 500 } else { 200 };
        stage
            .github
            .script(hook, move |attempt| Outcome::answered(answer(attempt.number)));
    }
    stage.github.install("acme", Rights::Redeliver);
    stage.stage.secrets["github_token"] = Value::Null;
    stage.stage.secrets["github_app"] = app(GitHub::APP_ID, GitHub::APP_KEY);
    stage.stage.set("GITHUB_HOOKS", "app,org:acme:5");
    stage.github.emit(&hooks, issue_opened()).await;
    let first = stage.stage.pass().await;
    assert!(first.complete, "{first:#?}");
    assert!(first.hooks.iter().all(|hook| (hook.lost, hook.redelivered) == (1, 1)));
    stage.stage.later(10);
    let second = stage.stage.pass().await;
    assert!(
        second
            .hooks
            .iter()
            .all(|hook| (hook.recovered, hook.redelivered) == (1, 0))
    );
    for hook in hooks {
        assert_eq!(stage.github.lost(hook), Vec::<String>::new());
        assert_eq!(stage.github.taken_twice(hook), Vec::<String>::new());
    }
    assert!(stage.rung().is_empty());
    // One pass is one process, and asks for one token.
    let asked = stage.github.requests().into_iter();
    let tokens = asked.filter(|request| request.path.ends_with("/access_tokens"));
    assert_eq!(tokens.count(), 2);
}

#[tokio::test]
async fn the_whole_program_at_its_most_talkative_tells_no_secret() {
    let now = || Timestamp::now().as_millisecond();
    let github = GitHub::start(now).await;
    github.set_token(TOKEN, Rights::Redeliver);
    for (hook, lost) in [(HOOK, 500), ("app", 401)] {
        github.add_hook(hook, "https://elsewhere.example/hook?key=hush", Some("hush"));
        github.script(hook, |_| Outcome::answered(200));
        github.record(hook, issue_opened(), Outcome::answered(lost));
    }
    let home = TempDir::new().unwrap();
    let path = home.path().join("secrets.json");
    let mut outputs = String::new();
    for (token, key) in [(TOKEN, GitHub::APP_KEY), ("ghp_hush_revoked", OTHER_KEY)] {
        let secrets = json!({"github_token": token, "github_app": app(GitHub::APP_ID, key)});
        std::fs::write(&path, secrets.to_string()).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        for command in [["redelivery", "run", "--json"], ["redelivery", "plan", "--json"]] {
            let output = Command::new(env!("CARGO_BIN_EXE_copperbell"))
                .args(command)
                .current_dir(home.path())
                .env_clear()
                .env("SECRETS", "secrets.json")
                .env("GITHUB_API_URL", github.url())
                .env("GITHUB_HOOKS", format!("{HOOK},app"))
                .env("LOG_LEVEL", "info")
                .output()
                .unwrap();
            outputs += &String::from_utf8_lossy(&output.stdout);
            outputs += &String::from_utf8_lossy(&output.stderr);
        }
    }
    for expected in [
        "a delivery is lost",
        "\"redelivered\": 1",
        "github_token (401)",
        "private key of github_app",
    ] {
        assert!(outputs.contains(expected), "{expected} not in {outputs}");
    }
    assert_holds_no_secret(&outputs);
}

async fn plan(stage: &HookStage) -> Vec<Planned> {
    let (context, watch) = stage.stage.process(FaultPoint::none());
    let hook = &watch.redelivery.hooks[0];
    jobs::plan(&context, &watch.redelivery, hook).await.unwrap()
}

/// `guid event since failure attempts next`, a line each. When the next try is, is random.
fn rows(planned: &[Planned]) -> String {
    let rows = planned.iter().map(|loss| {
        let next = loss.next.split(", not before").next().unwrap();
        let failure = loss.failure.as_deref().unwrap_or("-");
        let Planned {
            guid,
            name,
            since,
            attempts,
            ..
        } = loss;
        format!("{guid} · {name} · {since} · {failure} · {attempts} · {next}")
    });
    rows.collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn a_plan_says_what_is_to_come_and_changes_nothing() {
    let stage = HookStage::new().await;
    stage.github.script(HOOK, |attempt| {
        let answer = attempt.guid.split('-').next().and_then(|answer| answer.parse().ok());
        Outcome::answered(answer.unwrap_or(200))
    });
    let fails_with = |guid: &str| issue_opened().guid(guid);
    stage.emit().await;
    // Before anything was ever read.
    stage.stage.status().await;
    stage.emit_as(fails_with("500-waits")).await;
    let empty = table(&stage);
    insta::assert_snapshot!(rows(&plan(&stage).await), @"500-waits · issues.opened · 2026-03-02T09:00:00Z · 500 · 0 · redeliver");
    assert_eq!(table(&stage), empty);

    stage.emit_as(fails_with("409-conflict")).await;
    stage.emit_as(fails_with("401-held")).await;
    stage.passes(2).await;
    let posted = |stage: &HookStage| {
        let asked = stage.github.requests().into_iter();
        asked.filter(|request| request.method == "POST").count()
    };
    stage.stage.later(1);
    stage.emit_as(fails_with("502-new")).await;
    stage.emit_as(fails_with("401-new")).await;
    stage.emit_as(Event::new("ping", &json!({})).guid("500-unwanted")).await;
    stage
        .github
        .record(HOOK, fails_with("by-hand").redelivery(), Outcome::answered(500));
    for _ in 0..12 {
        stage.emit().await;
    }
    let (before, posts, rung) = (table(&stage), posted(&stage), stage.rung());
    assert!(before.to_string().contains("409-conflict"));
    let planned = plan(&stage).await;
    insta::assert_snapshot!(rows(&planned), @"
    401-held · issues.opened · 2026-03-02T09:00:00Z · 401 · 0 · wait until the receiver has the right secret
    409-conflict · issues.opened · 2026-03-02T09:00:00Z · 409 · 0 · nothing: it was given up
    500-waits · issues.opened · 2026-03-02T09:00:00Z · 500 · 2 · another try
    401-new · issues.opened · 2026-03-02T09:21:00Z · 401 · 0 · look whether it was signed
    502-new · issues.opened · 2026-03-02T09:21:00Z · no answer · 0 · redeliver
    by-hand · issues.opened · 2026-03-02T09:21:00Z · 500 · 0 · nothing: somebody redelivered it by hand
    ");
    assert_eq!(plan(&stage).await, planned);
    assert_eq!(table(&stage), before);
    assert_eq!(posted(&stage), posts);
    assert_eq!(stage.rung(), rung);
}

#[tokio::test]
async fn a_delivery_that_was_given_up_is_tried_again_for_whoever_asks() {
    for status in [401, 409] {
        let stage = HookStage::new().await;
        stage.answers(status);
        let guid = stage.emit().await;
        let given_up = stage.passes(3).await;
        assert_eq!((given_up.lost, given_up.redelivered, given_up.given_up), (1, 0, 1));
        let retry = async |guid: &str| {
            let (context, watch) = stage.stage.process(FaultPoint::none());
            jobs::retry_loss(&context, &watch.redelivery, guid).await
        };
        stage.answers(200);
        retry(&guid).await.unwrap();
        let again = stage.passes(2).await;
        assert_eq!(
            (again.redelivered, again.recovered, again.given_up),
            (1, 1, 0),
            "{status}"
        );
        assert_eq!(stage.github.successes(HOOK, &guid), 1);
        let arrived = retry(&guid).await.unwrap_err().to_string();
        assert_eq!(arrived, format!("the delivery {guid} has arrived"));
        let unknown = retry("another").await.unwrap_err();
        insta::allow_duplicates! {
            insta::assert_snapshot!(unknown, @"no hook has lost a delivery another: `copperbell redelivery plan` shows those there are");
        }
    }
}
