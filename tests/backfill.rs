//! The history of a repository's issues: GitHub's lists over real HTTP, and the records that come of them.

mod stage;

use std::collections::BTreeSet;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::time::Duration;

use futures_util::future::BoxFuture;
use jiff::Timestamp;
use jobs::{Backfilled, Counts, Doing, Keys, Received};
use metrics::{IssueRecord, Sink, SinkError};
use outbound::{Fault, FaultPoint};
use serde_json::{Value, json};
use stage::archive::{APP, Archive, at};
use world::{GitHub, GitHubAnswer, IssueAct, Rights};

const SECRET: &str = "It's a Secret to Everybody";

fn counts(done: &Backfilled) -> (u64, u64, u64) {
    (done.counts.issues, done.counts.comments, done.counts.events)
}

#[tokio::test]
async fn a_whole_history_becomes_records() {
    let archive = Archive::new().await;
    let github = &archive.github;
    let day = |time: &str| at(&format!("2026-02-01T{time}:00Z"));
    let crash = github.open_issue(APP, "alice", "Crash ☃", day("09:00"));
    github.act(APP, crash, "bob", IssueAct::Label("雪|ice"), day("09:05"));
    github.comment(APP, crash, "ci[bot]", day("09:10"));
    github.comment(APP, crash, "bob", day("09:15"));
    let pull = github.open_pull_request(APP, "carol", "Mend it", day("09:20"));
    github.comment(APP, pull, "bob", day("09:25"));
    github.act(APP, pull, "bob", IssueAct::Close("completed"), day("09:30"));
    github.act(APP, crash, "bob", IssueAct::Close("completed"), day("09:35"));
    github.act(APP, crash, "alice", IssueAct::Reopen, day("09:40"));
    github.act(APP, crash, "bob", IssueAct::Close("not_planned"), day("09:45"));
    let old = github.open_issue(APP, "mallory", "Old", day("10:00"));
    github.act(APP, old, "alice", IssueAct::Other("mentioned"), day("10:05"));
    github.act(APP, old, "bob", IssueAct::Assign("bob"), day("10:10"));
    github.act(APP, old, "bob", IssueAct::Milestone("1.0"), day("10:15"));
    github.comment(APP, old, "mallory", day("10:20"));
    github.remove_account("mallory");
    let gone = github.open_issue(APP, "dave", "Gone", day("11:00"));
    github.comment(APP, gone, "bob", day("11:05"));
    github.act(APP, gone, "bob", IssueAct::Close("completed"), day("11:10"));
    github.remove_issue(APP, gone);

    let done = archive.backfill().await.unwrap();
    let expected = Counts {
        issues: 2,
        comments: 3,
        events: 6,
        requests: 4,
    };
    assert_eq!((done.counts, done.since, done.events_from), (expected, None, None));
    assert_eq!(done.repository, "Acme/App");
    let columns = "strftime('%H:%M', occurred_s, 'unixepoch'), action, issue_number, actor, actor_type, state, \
                   state_reason, label, labels, assignee, milestone, 'by ' || author";
    let rows = archive.rows(columns).await;
    let lines: Vec<String> = rows
        .into_iter()
        .map(|row| row.into_iter().flatten().collect::<Vec<_>>().join(" "))
        .collect();
    insta::assert_snapshot!(lines.join("\n"), @"
    09:00 opened 1 alice User by alice
    09:05 labeled 1 bob User 雪¦ice by alice
    09:10 created 1 ci[bot] Bot by alice
    09:15 created 1 bob User by alice
    09:35 closed 1 bob User by alice
    09:40 reopened 1 alice User reopened by alice
    09:45 closed 1 bob User not_planned by alice
    09:45 closed 1 bob User not_planned by alice
    09:45 observed 1 closed not_planned |雪¦ice| by alice
    10:00 opened 3
    10:10 assigned 3 bob User
    10:15 milestoned 3 bob User
    10:20 created 3
    10:20 observed 3 open bob 1.0
    ");
    let about = archive
        .rows("event, repository, repository_id, issue_url, association, comment_id IS NULL, received_s, is_pr")
        .await;
    let now = archive.stage.clock.now().as_second().to_string();
    for row in about {
        let row: Vec<String> = row.into_iter().flatten().collect();
        let is_comment = row[0] == "issue_comment";
        let association = if is_comment { "MEMBER" } else { "NONE" };
        assert_eq!(
            [&row[1], &row[2], &row[4]],
            ["Acme/App", &archive.id.to_string(), association]
        );
        assert!(row[3].starts_with("https://github.com/Acme/App/issues/"), "{row:?}");
        assert_eq!(
            [&row[5], &row[6], &row[7]],
            [if is_comment { "0" } else { "1" }, &now, "0"]
        );
    }
}

#[tokio::test]
async fn a_history_of_several_pages_is_read_once_and_then_what_changed_since() {
    let archive = Archive::of(250).await;
    let done = archive.backfill().await.unwrap();
    assert_eq!(counts(&done), (250, 250, 250));
    assert_eq!(done.counts.requests, 1 + 3 + 3 + 3);
    let ids = archive.ids().await;
    assert_eq!(ids.len(), 250 * 4);

    // Nothing happened since.
    archive.stage.later(60);
    let done = archive.backfill().await.unwrap();
    assert_eq!((counts(&done), done.counts.requests), ((0, 0, 0), 4));
    assert_eq!(done.since, Some("2026-03-02T08:50:00Z".parse().unwrap()));

    let github = &archive.github;
    let now = archive.stage.clock.now().as_millisecond();
    github.act(APP, 7, "bob", IssueAct::Close("completed"), now);
    // A comment on an issue that this reading does not list.
    let edited = github.comment(APP, 8, "carol", at("2026-02-01T00:00:02Z"));
    github.edit_comment(APP, edited, now);
    let new = github.open_issue(APP, "dave", "New", now);
    github.comment(APP, new, "carol", now);
    archive.stage.later(60);
    let done = archive.backfill().await.unwrap();
    assert_eq!((counts(&done), done.counts.requests), ((2, 2, 1), 4));
    let added = archive.ids().await.len() - ids.len();
    assert_eq!(
        added,
        2 + 2 + 2 + 1,
        "closed and observed, opened and observed, two comments, an event"
    );

    let again = archive.run(FaultPoint::none(), true, |_, _| {}).await.unwrap().unwrap();
    assert_eq!((counts(&again), again.since), ((251, 252, 251), None));
    assert_eq!(archive.ids().await.len(), ids.len() + added);
}

#[tokio::test]
async fn what_is_written_while_it_is_read_shifts_nothing_past_it() {
    let archive = Archive::of(250).await;
    let (github, clock) = (&archive.github, &archive.stage.clock);
    let mischief = |counts: &Counts, doing: Doing| {
        let Doing::Reading(_) = doing else { return };
        clock.advance(Duration::from_secs(1));
        let now = clock.now().as_millisecond();
        // An issue that was read goes to the end, one that was read is no more, and an event comes before all others.
        let number = 1 + counts.requests;
        github.act(APP, number, "bob", IssueAct::Other("mentioned"), now);
        github.remove_issue(APP, number + 100);
    };
    archive.run(FaultPoint::none(), false, mischief).await.unwrap().unwrap();
    let rows = archive.rows("DISTINCT issue_number, occurred_s, delivery_id").await;
    let read: BTreeSet<String> = rows.into_iter().filter_map(|row| row[0].clone()).collect();
    for number in (1..=250).filter(|number| !(102..=130).contains(number)) {
        assert!(read.contains(&number.to_string()), "{number}");
    }
}

#[tokio::test]
async fn a_reading_that_dies_or_fails_at_any_call_goes_on_and_ends_alike() {
    let whole = Archive::of(101).await;
    let calls = FaultPoint::counting();
    let done = whole.run(calls.clone(), false, |_, _| {}).await.unwrap().unwrap();
    let calls = calls.calls();
    let ids = whole.ids().await;
    assert_eq!((counts(&done), ids.len()), ((101, 101, 101), 101 * 4));
    for service in ["github", "dynamodb", "sink"] {
        assert!(calls.iter().any(|call| call.service == service), "{calls:?}");
    }
    let faults = [Fault::DiesAfter, Fault::AnswerLost, Fault::DiesBefore, Fault::Refused];
    for (number, call) in calls.iter().enumerate() {
        for (place, fault) in faults.iter().enumerate() {
            // One way for each call, unless all are wanted.
            if number % faults.len() != place && !stage::all() {
                continue;
            }
            let archive = Archive::of(101).await;
            archive
                .run(FaultPoint::failing(number, fault.clone()), false, |_, _| {})
                .await;
            let done = archive.backfill().await.unwrap();
            let story = format!("call {number}, {call:?}, {fault:?}");
            assert_eq!(archive.ids().await, ids, "{story}");
            // Unless it was at its end when it failed.
            if done.since.is_none() {
                assert_eq!(counts(&done), (101, 101, 101), "{story}");
            }
        }
    }
}

#[tokio::test]
async fn some_of_the_hours_requests_are_left_and_a_limit_is_waited_for() {
    let archive = Archive::of(250).await;
    archive.github.set_requests_per_hour(6);
    let waits = Mutex::new(Vec::new());
    let keep = |_: &Counts, doing: Doing| {
        if let Doing::Waiting(until) = doing {
            waits.lock().unwrap().push(until.to_string());
        }
    };
    let done = archive.run(FaultPoint::none(), false, &keep).await.unwrap().unwrap();
    assert_eq!(counts(&done), (250, 250, 250));
    assert_eq!(*waits.lock().unwrap(), ["2026-03-02T10:00:01Z"]);
    assert!(
        archive
            .github
            .requests()
            .iter()
            .all(|request| request.status == Some(200))
    );

    archive.github.set_requests_per_hour(5000);
    let limit = |status, headers: &[(&'static str, &str)], said: &str| GitHubAnswer::Status {
        status,
        headers: headers.iter().map(|&(name, value)| (name, value.to_owned())).collect(),
        body: json!({ "message": said }).to_string(),
    };
    let secondary = "You have exceeded a secondary rate limit.";
    archive.github.answer_next(vec![
        limit(403, &[("retry-after", "90")], secondary),
        limit(429, &[], "Too many"),
        limit(403, &[], secondary),
    ]);
    waits.lock().unwrap().clear();
    let before = archive.stage.clock.now();
    archive.run(FaultPoint::none(), true, &keep).await.unwrap().unwrap();
    let waited = archive.stage.clock.now().duration_since(before);
    assert_eq!((waits.lock().unwrap().len(), waited.as_secs()), (3, 90 + 120 + 240));
}

#[tokio::test]
async fn a_failure_that_passes_is_tried_again_and_one_that_stays_is_told() {
    let archive = Archive::of(2).await;
    let html = |status| GitHubAnswer::Status {
        status,
        headers: vec![],
        body: "<html>".to_owned(),
    };
    let cut = GitHubAnswer::Status {
        status: 200,
        headers: vec![],
        body: r#"[{"id": 1, "num"#.to_owned(),
    };
    archive
        .github
        .answer_next(vec![html(502), GitHubAnswer::Reset, cut, html(503)]);
    assert_eq!(counts(&archive.backfill().await.unwrap()), (2, 2, 2));

    archive.github.answer_always(Some(html(502)));
    let told = archive.backfill().await.unwrap_err().to_string();
    insta::assert_snapshot!(told, @"GitHub is not well: it answered 502: run the same command again later, and it goes on from here");
    archive.github.answer_always(None);
    archive.github.answer_by(|request| {
        let status = GitHubAnswer::Status {
            status: 422,
            headers: vec![],
            body: r#"{"message": "Validation Failed"}"#.to_owned(),
        };
        request.path.ends_with("comments").then_some(status)
    });
    let told = archive
        .run(FaultPoint::none(), true, |_, _| {})
        .await
        .unwrap()
        .unwrap_err();
    insta::assert_snapshot!(told, @"GitHub answered 422: Validation Failed");
}

#[tokio::test]
async fn what_cannot_be_read_is_said_in_a_sentence() {
    let mut archive = Archive::of(1).await;
    let mut lines = Vec::new();
    let mut told = async |archive: &Archive| lines.push(archive.backfill().await.unwrap_err().to_string());
    archive.github.answer_next(vec![GitHubAnswer::Status {
        status: 410,
        headers: vec![],
        body: r#"{"message": "Issues has been disabled in this repository."}"#.to_owned(),
    }]);
    told(&archive).await;
    archive.github.set_token("token", Rights::None);
    told(&archive).await;
    archive.github.revoke_token("token");
    told(&archive).await;
    archive.github.set_token("token", Rights::Read);
    archive.github.answer_next(vec![GitHubAnswer::Status {
        status: 403,
        headers: vec![],
        body: r#"{"message": "Resource not accessible by personal access token"}"#.to_owned(),
    }]);
    told(&archive).await;
    archive.github.disable_issues(APP);
    told(&archive).await;
    archive.github.rename_repository(APP, "Acme/Anvil");
    told(&archive).await;
    archive.stage.secrets["github_app"] = json!({"id": GitHub::APP_ID, "private_key": GitHub::APP_KEY});
    archive.stage.secrets["github_token"] = json!(null);
    told(&archive).await;
    archive.stage.secrets["github_app"] = json!(null);
    told(&archive).await;
    archive.stage.set("SINK", "");
    told(&archive).await;
    insta::assert_snapshot!(lines.join("\n"), @r#"
    issues are disabled in acme/app: there is no history to read
    GitHub knows no repository acme/app, or the credentials may not see it: check its name, and that the token or the App has access to it
    GitHub refused github_token (401): Bad credentials: it is wrong, expired or revoked
    GitHub forbids it (403): Resource not accessible by personal access token: a token or an App needs the permission "Issues" of acme/app, read, at least
    issues are disabled in acme/app: there is no history to read
    acme/app has another name now (GitHub answered 301 and points to /repositories/2186349981723163670): give the one that its page shows
    the App is not installed on the account of acme/app: install it there, or give a github_token
    there is nothing to ask GitHub with: put github_token, or a github_app that is installed there, into the secrets document
    there is no sink to put the history into
    "#);
}

#[tokio::test]
async fn an_app_reads_by_its_installation() {
    let mut archive = Archive::of(1).await;
    archive.github.install("acme", Rights::Read);
    archive.stage.secrets["github_app"] = json!({"id": GitHub::APP_ID, "private_key": GitHub::APP_KEY});
    archive.stage.secrets["github_token"] = json!(null);
    assert_eq!(counts(&archive.backfill().await.unwrap()), (1, 1, 1));
    let asked: Vec<String> = archive
        .github
        .requests()
        .into_iter()
        .map(|request| request.path)
        .collect();
    assert_eq!(asked.len(), 2 + 4, "one token serves all: {asked:?}");
}

#[tokio::test]
async fn it_is_said_when_github_lists_not_all_events() {
    let archive = Archive::new().await;
    for n in 0..3 {
        let hour = at("2026-02-01T00:00:00Z") + n * 3_600_000;
        let number = archive.github.open_issue(APP, "alice", "Crash", hour);
        archive
            .github
            .act(APP, number, "bob", IssueAct::Close("completed"), hour + 60_000);
    }
    archive.github.set_listed_events(1);
    let done = archive.backfill().await.unwrap();
    assert_eq!(
        (counts(&done), done.events_from),
        ((3, 0, 1), Some("2026-02-01T02:01:00Z".parse().unwrap()))
    );
    // The closes are known all the same.
    assert_eq!(archive.report().await.groups[0].closed, 3);
}

/// A Firehose that takes some.
#[derive(Debug, Default)]
struct Choosy {
    calls: Mutex<usize>,
    taken: Mutex<Vec<IssueRecord>>,
}

impl Sink for Choosy {
    fn put<'a>(&'a self, records: &'a [&'a str]) -> BoxFuture<'a, Result<Vec<usize>, SinkError>> {
        let mut calls = self.calls.lock().unwrap();
        *calls += 1;
        let (call, mut taken) = (*calls, self.taken.lock().unwrap());
        let mut left = Vec::new();
        for (place, record) in records.iter().enumerate() {
            if (place + call).is_multiple_of(3) {
                taken.push(serde_json::from_str(record).unwrap());
            } else {
                left.push(place);
            }
        }
        Box::pin(async move { Ok(left) })
    }
}

/// A stream that takes nothing.
#[derive(Debug)]
struct Shut;

impl Sink for Shut {
    fn put<'a>(&'a self, _: &'a [&'a str]) -> BoxFuture<'a, Result<Vec<usize>, SinkError>> {
        let (sink, why) = ("firehose:issues".to_owned(), "ServiceUnavailable".to_owned());
        Box::pin(async { Err(SinkError { sink, why }) })
    }
}

#[tokio::test]
async fn what_the_sink_did_not_take_is_put_again_or_the_page_is_not_done() {
    let archive = Archive::of(4).await;
    let (mut context, _) = archive.stage.process(FaultPoint::none());
    let repository = APP.parse().unwrap();
    context.records.sink = Some(std::sync::Arc::new(Shut));
    let told = jobs::backfill(&context, &repository, false, |_, _| {})
        .await
        .unwrap_err();
    insta::assert_snapshot!(told, @"the sink did not take 8 of 8 records: the sink firehose:issues took nothing: ServiceUnavailable: see to it and run the same command again, which goes on from here");

    let choosy = std::sync::Arc::new(Choosy::default());
    context.records.sink = Some(choosy.clone());
    let done = jobs::backfill(&context, &repository, false, |_, _| {}).await.unwrap();
    assert_eq!((counts(&done), done.since), ((4, 4, 4), None));
    let taken = choosy.taken.lock().unwrap();
    let ids: BTreeSet<&str> = taken.iter().map(|record| record.delivery_id.as_str()).collect();
    assert_eq!((ids.len(), taken.len()), (4 * 4, 4 * 4), "all, and none twice");
}

#[tokio::test]
async fn two_at_once_notice_each_other() {
    let archive = Archive::of(250).await;
    let other = std::cell::Cell::new(false);
    let (context, _) = archive.stage.process(FaultPoint::none());
    let (second, _) = archive.stage.process(FaultPoint::none());
    let repository = APP.parse().unwrap();
    let first = jobs::backfill(&context, &repository, false, |_, doing| {
        other.set(other.get() || matches!(doing, Doing::Reading(jobs::List::Comments)));
    });
    let between = async {
        while !other.get() {
            tokio::task::yield_now().await;
        }
        jobs::backfill(&second, &repository, true, |_, _| {}).await
    };
    let (first, second) = futures_util::future::join(first, between).await;
    let told = first.and(second).unwrap_err();
    insta::assert_snapshot!(told, @"another process is reading the history of acme/app: let it finish");
}

#[tokio::test]
async fn figures_are_the_same_whether_hooks_or_history_or_both_tell() {
    let mut archive = Archive::new().await;
    let (context, _) = archive.stage.process(FaultPoint::none());
    let hour = |n: i64| at("2026-02-01T00:00:00Z") + n * 3_600_000;
    let acts = [
        IssueAct::Label("bug"),
        IssueAct::Close("completed"),
        IssueAct::Reopen,
        IssueAct::Label("ui"),
        IssueAct::Unlabel("bug"),
        IssueAct::Close("not_planned"),
    ];
    for n in 0..12 {
        let number = archive.github.open_issue(APP, "alice", "Crash", hour(n));
        deliver(&archive, &context, number, "opened", &json!({})).await;
        for (step, act) in acts.into_iter().enumerate().take(usize::try_from(n).unwrap() % 7) {
            let then = hour(n + 2 * i64::try_from(step).unwrap()) + 60_000 * n;
            archive.github.act(APP, number, "bob", act, then);
            let (action, label) = match act {
                IssueAct::Label(name) => ("labeled", json!({"label": {"name": name}})),
                IssueAct::Unlabel(name) => ("unlabeled", json!({"label": {"name": name}})),
                IssueAct::Reopen => ("reopened", json!({})),
                _ => ("closed", json!({})),
            };
            deliver(&archive, &context, number, action, &label).await;
        }
        let who = ["bob", "alice", "ci[bot]"][usize::try_from(n).unwrap() % 3];
        let written = hour(n) + 1_800_000;
        let id = archive.github.comment(APP, number, who, written);
        let kind = if who == "ci[bot]" { "Bot" } else { "User" };
        let user = json!({"login": who, "id": 2, "type": kind});
        let comment = json!({"comment": {
            "id": id, "html_url": "https://github.com/Acme/App/issues/1#issuecomment-1", "user": user,
            "created_at": Timestamp::from_millisecond(written).unwrap(), "author_association": "MEMBER",
        }, "sender": user});
        deliver(&archive, &context, number, "created", &comment).await;
    }
    let hooks = archive.report().await;
    assert!(hooks.figures.len() > 5 && hooks.in_label.len() > 1, "{hooks:#?}");
    archive.backfill().await.unwrap();
    let rows = archive.rows("delivery_id").await.len();
    assert!(rows > 12 * 4, "{rows}");
    assert_eq!(archive.report().await, hooks);

    archive = archive.into_sink("history.db");
    archive.run(FaultPoint::none(), true, |_, _| {}).await.unwrap().unwrap();
    assert_eq!(archive.report().await, hooks);
}

/// A webhook tells what just happened to an issue.
async fn deliver(archive: &Archive, context: &jobs::Context, number: u64, action: &str, more: &Value) {
    let issue = archive.github.issue(APP, number);
    let mut payload = json!({
        "action": action, "issue": issue, "sender": {"login": "bob", "id": 2, "type": "User"},
        "repository": {"id": archive.id, "full_name": APP, "html_url": "https://github.com/Acme/App", "private": false},
    });
    for (name, value) in more.as_object().unwrap() {
        payload[name] = value.clone();
    }
    let body = payload.to_string();
    let secret = github::WebhookSecret::new(&SECRET.to_owned().into()).unwrap();
    let mut headers = http::HeaderMap::new();
    let event = if action == "created" { "issue_comment" } else { "issues" };
    let guid = format!("{number}-{action}-{}", payload["label"]["name"]);
    let signature = github::sign(&secret, body.as_bytes());
    for (name, value) in [
        ("content-type", "application/json"),
        ("x-github-event", event),
        (
            "x-github-delivery",
            &format!("{guid}-{}", issue["updated_at"].as_str().unwrap()),
        ),
        ("x-hub-signature-256", &signature),
    ] {
        headers.insert(name, value.parse().unwrap());
    }
    let keys = Keys {
        secrets: vec![secret],
        allow_sha1: false,
    };
    let received = jobs::receive(context, &keys, &headers, body.into()).await.received;
    assert_eq!(received, Received::Accepted, "{payload}");
}

#[tokio::test]
async fn the_command_tells_what_it_read_and_refuses_in_a_sentence() {
    use std::os::unix::fs::PermissionsExt as _;
    let archive = Archive::of(3).await;
    let home = archive.home.path();
    let secrets = home.join("secrets.json");
    std::fs::write(&secrets, json!({"github_token": "token", "channels": []}).to_string()).unwrap();
    std::fs::set_permissions(&secrets, std::fs::Permissions::from_mode(0o600)).unwrap();
    let run = |arguments: &[&str], sink: &str, secrets: &str| {
        let output = Command::new(env!("CARGO_BIN_EXE_copperbell"))
            .arg("backfill")
            .args(arguments)
            .current_dir(home)
            .env_clear()
            .env("GITHUB_API_URL", archive.github.url())
            .env("SINK", sink)
            .env("SECRETS", secrets)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let said = format!("{}{}", text(&output.stderr), text(&output.stdout));
        format!("{said}exit {}", output.status.code().unwrap())
    };
    let sink = "sqlite:history.db";
    insta::assert_snapshot!(run(&["acme/app"], sink, "secrets.json"), @"
    acme/app: reading its issues
    acme/app: reading comments
    acme/app: reading what happened
    Acme/App: 3 issues, 3 comments, 3 events; 4 requests
    exit 0
    ");
    insta::assert_snapshot!(run(&["acme/app", "--again"], sink, "secrets.json"), @"
    acme/app: reading its issues
    acme/app: reading comments
    acme/app: reading what happened
    Acme/App: 3 issues, 3 comments, 3 events; 4 requests
    exit 0
    ");
    insta::assert_snapshot!(run(&["acme/other"], sink, "secrets.json"), @"
    copperbell: GitHub knows no repository acme/other, or the credentials may not see it: check its name, and that the token or the App has access to it
    exit 1
    ");
    insta::assert_snapshot!(run(&["acme/app"], "", "secrets.json"), @"
    copperbell: SINK: it is not set, so there is nowhere to keep the history: expected sqlite:PATH or firehose:STREAM
    exit 2
    ");
    insta::assert_snapshot!(run(&["acme/app"], sink, ""), @"
    copperbell: SECRETS: there is nothing to ask GitHub with: put github_token, or a github_app that is installed there, into the secrets document
    exit 2
    ");
    insta::assert_snapshot!(run(&["acme"], sink, "secrets.json"), @"
    error: invalid value 'acme' for '<REPOSITORY>': `acme` is no repository: expected owner/name

    For more information, try '--help'.
    exit 2
    ");
}
