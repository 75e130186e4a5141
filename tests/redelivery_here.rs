//! Hooks that point at us: what our table knows, what is pulled, and the ping; and what hooks elsewhere do not get of that.

mod stage;

use bytes::Bytes;
use jobs::Report;
use outbound::{Answer, Call, End, Fault, FaultPoint};
use serde_json::{Value, json};
use stage::hooks::{HOOK, HookStage, WEBHOOK_SECRET, issue, issue_opened};
use world::{ApiRequest, Event, GitHub, Outcome, refuse};

const HOUR: u64 = 60;

/// The hook that points at us.
const HERE: &str = "org:acme:9";

/// The same events at a receiver that is not ours.
const ELSEWHERE: &str = "repo:acme/app:2";

async fn pointing_here() -> HookStage {
    let mut stage = HookStage::pointing_here().await;
    stage.github.add_hook(HERE, &url_of_ours(&stage), Some(WEBHOOK_SECRET));
    stage.stage.set("GITHUB_HOOKS", HERE);
    stage
}

fn url_of_ours(stage: &HookStage) -> String {
    let settings = &stage.stage.settings;
    let (_, url) = settings.iter().find(|(name, _)| *name == "WEBHOOK_URL").unwrap();
    url.clone()
}

/// The requests of this kind that GitHub was asked.
fn asked(stage: &HookStage, what: &str) -> Vec<ApiRequest> {
    let asked = stage.github.requests().into_iter();
    asked.filter(|request| request.path.ends_with(what)).collect()
}

/// An issue that is opened, and what Slack says of it.
fn opened() -> (Event, String) {
    let payload = issue();
    let (number, title) = (&payload["issue"]["number"], payload["issue"]["title"].as_str().unwrap());
    let said = format!("alice opened acme/app#{number}: {title}");
    (Event::new("issues", &payload), said)
}

/// What Slack says of issues: each of these once, nothing else.
#[track_caller]
fn assert_rung_once(stage: &HookStage, said: &[String]) {
    let mut rung = stage.rung();
    rung.retain(|text| text.contains("acme/app#"));
    let mut said = said.to_vec();
    rung.sort_unstable();
    said.sort_unstable();
    assert_eq!(rung, said);
}

/// What Slack says of hooks, without how long it took: pauses are random.
fn said_of_hooks(stage: &HookStage) -> String {
    let mut rung = stage.rung();
    rung.retain(|text| !text.contains("acme/app#"));
    let titles = rung.iter().map(|text| text.split(", after").next().unwrap());
    titles.collect::<Vec<_>>().join("\n")
}

fn find<'a>(report: &'a Report, hook: &str) -> &'a jobs::HookReport {
    report.hooks.iter().find(|report| report.hook == hook).unwrap()
}

#[tokio::test]
async fn what_our_table_accepted_is_not_redelivered_though_github_never_heard_our_answer() {
    let stage = pointing_here().await;
    let (event, said) = opened();
    stage.answers(299);
    stage.github.emit(&[HERE], event).await;
    stage.answers(200);
    let report = stage.pass().await;
    assert_eq!((report.lost, report.redelivered), (0, 0));
    let later = stage.passes(3).await;
    assert_eq!((later.lost, later.redelivered), (0, 0));
    assert_rung_once(&stage, &[said]);
    assert_eq!(said_of_hooks(&stage), "");
}

#[tokio::test]
async fn an_outage_of_ours_is_healed_and_each_issue_rings_once() {
    let stage = pointing_here().await;
    stage.pass().await;
    stage.answers(503);
    let mut all = Vec::new();
    for _ in 0..5 {
        stage.stage.later(2);
        let (event, said) = opened();
        all.push(said);
        stage.github.emit(&[HERE], event).await;
    }
    let down = stage.passes(2).await;
    assert_eq!((down.lost, down.recovered), (5, 0));
    stage.answers(200);
    let healed = stage.passes(5).await;
    assert_eq!(healed.recovered, 5);
    stage.passes(2).await;
    assert_eq!(stage.github.lost(HERE), Vec::<String>::new());
    assert_eq!(stage.github.taken_twice(HERE), Vec::<String>::new());
    assert_rung_once(&stage, &all);
    insta::assert_snapshot!(said_of_hooks(&stage), @"
    Deliveries of org∶acme∶9 fail
    Deliveries of org∶acme∶9 arrive again
    ");
}

#[tokio::test]
async fn while_our_front_door_stays_shut_what_was_lost_is_pulled_and_rings_once() {
    let stage = pointing_here().await;
    stage.pass().await;
    stage.answers(503);
    let mut all = Vec::new();
    for _ in 0..5 {
        let (event, said) = opened();
        all.push(said);
        stage.github.emit(&[HERE], event).await;
    }
    assert_eq!(stage.passes(6).await.recovered, 5);
    assert_rung_once(&stage, &all);
}

#[tokio::test]
async fn what_three_redeliveries_did_not_bring_is_pulled_rings_once_and_is_a_repeat_when_it_comes() {
    let stage = pointing_here().await;
    stage.pass().await;
    let (event, said) = opened();
    stage.answers(500);
    let guid = stage.github.emit(&[HERE], event.clone()).await;
    let report = stage.passes(12).await;
    assert_eq!((report.lost, report.redelivered, report.recovered), (1, 3, 1));
    assert_rung_once(&stage, std::slice::from_ref(&said));

    stage.answers(200);
    stage.github.emit(&[HERE], event.guid(&guid).redelivery()).await;
    assert_eq!(stage.github.successes(HERE, &guid), 1, "a repeat is answered 200");
    stage.passes(2).await;
    assert_rung_once(&stage, &[said]);
    insta::assert_snapshot!(said_of_hooks(&stage), @"
    Deliveries of org∶acme∶9 fail
    Deliveries of org∶acme∶9 arrive again
    ");
}

#[tokio::test]
async fn a_redelivery_that_github_does_not_sign_is_pulled_and_rings_once() {
    let stage = pointing_here().await;
    stage.pass().await;
    stage.github.unsign_redeliveries(true);
    let (event, said) = opened();
    stage.answers(500);
    stage.github.emit(&[HERE], event).await;
    stage.answers(200);
    let report = stage.passes(3).await;
    assert_eq!((report.lost, report.redelivered, report.recovered), (1, 1, 1));
    let last = stage.github.deliveries(HERE).pop().unwrap();
    assert_eq!((last.redelivery, last.outcome.status_code), (true, 401));
    stage.passes(3).await;
    assert_rung_once(&stage, &[said]);
}

#[tokio::test]
async fn what_is_too_large_for_our_front_door_is_pulled_at_once() {
    let stage = pointing_here().await;
    let (event, said) = opened();
    stage.answers(413);
    stage.github.emit(&[HERE], event).await;
    let report = stage.pass().await;
    assert_eq!((report.lost, report.redelivered, report.recovered), (1, 0, 1));
    stage.passes(2).await;
    assert_rung_once(&stage, &[said]);
}

#[tokio::test]
async fn what_github_signs_with_a_secret_we_do_not_have_is_pulled_however_much_it_is() {
    for count in [1, 5] {
        let stage = pointing_here().await;
        stage.pass().await;
        stage.github.set_secret(HERE, Some("another"));
        let mut all = Vec::new();
        for _ in 0..count {
            stage.stage.later(1);
            let (event, said) = opened();
            all.push(said);
            stage.github.emit(&[HERE], event).await;
        }
        let report = stage.passes(2).await;
        assert_eq!((report.lost, report.recovered), (count, count));
        stage.passes(1).await;
        assert_rung_once(&stage, &all);
        assert_eq!(stage.stage.status().await.hooks[0].state.lost, 0);
    }
}

#[tokio::test]
async fn two_hooks_of_one_guid_are_each_healed_by_their_own_log() {
    let mut stage = pointing_here().await;
    stage.github.add_hook(ELSEWHERE, "https://elsewhere.example/hook", None);
    stage.github.script(ELSEWHERE, |attempt| {
        Outcome::answered(if attempt.number < 3 { 500 } else { 200 })
    });
    stage.stage.set("GITHUB_HOOKS", &format!("{HERE},{ELSEWHERE}"));
    let (event, said) = opened();
    stage.answers(503);
    let guid = stage.github.emit(&[HERE, ELSEWHERE], event).await;
    stage.answers(200);
    let first = stage.stage.pass().await;
    for hook in [HERE, ELSEWHERE] {
        let report = find(&first, hook);
        assert_eq!((report.lost, report.redelivered), (1, 1), "{hook}");
    }
    stage.stage.later(10);
    let second = stage.stage.pass().await;
    assert_eq!((find(&second, HERE).recovered, find(&second, HERE).redelivered), (1, 0));
    // Our own table has it by now, and knows nothing of the other receiver.
    assert_eq!(
        (find(&second, ELSEWHERE).recovered, find(&second, ELSEWHERE).redelivered),
        (0, 1)
    );
    stage.stage.passes(1).await;
    for hook in [HERE, ELSEWHERE] {
        assert_eq!(stage.github.successes(hook, &guid), 1, "{hook}");
    }
    assert_rung_once(&stage, &[said]);
}

#[tokio::test]
async fn a_guid_that_we_accepted_is_still_redelivered_where_another_receiver_missed_it() {
    let mut stage = pointing_here().await;
    stage.github.add_hook(ELSEWHERE, "https://elsewhere.example/hook", None);
    stage.github.script(ELSEWHERE, |attempt| {
        Outcome::answered(if attempt.number < 2 { 500 } else { 200 })
    });
    stage.stage.set("GITHUB_HOOKS", ELSEWHERE);
    let guid = stage.github.emit(&[HERE, ELSEWHERE], issue_opened()).await;
    assert_eq!(stage.github.successes(HERE, &guid), 1);
    let report = stage.pass().await;
    assert_eq!((report.lost, report.redelivered), (1, 1));
    assert_eq!(stage.github.successes(ELSEWHERE, &guid), 1);
}

#[tokio::test]
async fn a_ping_a_day_that_arrives_says_nothing() {
    let stage = pointing_here().await;
    for _ in 0..5 {
        stage.pass().await;
        stage.stage.later(11);
        stage.pass().await;
        stage.stage.later(12 * HOUR);
    }
    assert_eq!(asked(&stage, "/pings").len(), 3);
    assert!(stage.rung().is_empty(), "{:?}", stage.rung());
}

#[tokio::test]
async fn a_ping_that_does_not_arrive_is_told_once() {
    let nobody = refuse();
    for elsewhere in [None, Some(format!("{}/webhook", nobody.url()))] {
        let mut stage = pointing_here().await;
        // The listener is ours, and knows no such path; or there is none.
        let url = elsewhere.unwrap_or_else(|| format!("{}-of-another", url_of_ours(&stage)));
        stage.github.set_url(HERE, &url);
        stage.stage.set("WEBHOOK_URL", &url);
        stage.passes(6).await;
        assert_eq!(asked(&stage, "/pings").len(), 1);
        insta::allow_duplicates! {
            insta::assert_snapshot!(said_of_hooks(&stage), @"A ping of org∶acme∶9 did not arrive");
        }
    }
}

#[tokio::test]
async fn the_hook_of_an_app_is_not_pinged() {
    let mut stage = pointing_here().await;
    stage.github.add_hook("app", &url_of_ours(&stage), Some(WEBHOOK_SECRET));
    stage.stage.secrets["github_app"] = json!({"id": GitHub::APP_ID, "private_key": GitHub::APP_KEY});
    stage.stage.set("GITHUB_HOOKS", "app");
    stage.passes(3).await;
    assert!(stage.stage.status().await.hooks[0].state.points_here());
    let all: Vec<_> = stage
        .github
        .requests()
        .into_iter()
        .map(|request| request.method)
        .collect();
    assert!(all.iter().all(|method| method == "GET"), "{all:?}");
}

#[tokio::test]
async fn a_hook_that_moved_stopped_or_vanished_is_said_once_each_time() {
    let stage = HookStage::new().await;
    stage.pass().await;
    stage.github.set_url(HOOK, "https://moved.example/hook?key=hush");
    stage.passes(13).await;
    stage.github.set_active(HOOK, false);
    stage.passes(13).await;
    stage.github.set_active(HOOK, true);
    stage.passes(13).await;
    stage.github.remove_hook(HOOK);
    for _ in 0..13 {
        stage.stage.later(10);
        stage.stage.pass().await;
    }
    insta::assert_snapshot!(said_of_hooks(&stage), @"
    Deliveries of repo∶acme/app∶1 go elsewhere
    GitHub delivers nothing for repo∶acme/app∶1
    GitHub delivers again for repo∶acme/app∶1
    The delivery log of repo∶acme/app∶1 could not be read, 3 times in a row
    ");
    let messages = stage.stage.slack.messages();
    let bodies: Vec<&Value> = messages.iter().map(|message| &message.body).collect();
    assert!(!format!("{bodies:?}").contains("hush"));
}

#[tokio::test]
async fn a_conflict_elsewhere_is_given_up_and_told() {
    let stage = HookStage::new().await;
    stage.answers(409);
    stage.emit().await;
    let report = stage.pass().await;
    assert_eq!((report.lost, report.redelivered, report.given_up), (1, 0, 1));
    let later = stage.passes(3).await;
    assert_eq!((later.redelivered, later.given_up), (0, 0));
    insta::assert_snapshot!(said_of_hooks(&stage), @"issues.opened of repo∶acme/app∶1 was given up");
}

#[tokio::test]
async fn a_401_elsewhere_though_it_was_signed_is_told_and_waits_until_another_delivery_succeeds() {
    let stage = HookStage::new().await;
    stage.answers(401);
    let guid = stage.emit().await;
    let told = stage.passes(6).await;
    assert_eq!((told.lost, told.redelivered, told.given_up), (1, 0, 1));
    insta::assert_snapshot!(said_of_hooks(&stage), @"
    Deliveries of repo∶acme/app∶1 fail
    issues.opened of repo∶acme/app∶1 was given up
    ");
    stage.answers(200);
    assert_eq!(
        stage.passes(6).await.redelivered,
        0,
        "nothing says that the secret is right again"
    );
    stage.emit().await;
    let tried = stage.passes(2).await;
    assert_eq!((tried.redelivered, tried.recovered, tried.given_up), (1, 1, 0));
    assert_eq!(stage.github.successes(HOOK, &guid), 1);
}

#[tokio::test]
async fn a_401_elsewhere_that_was_not_signed_is_redelivered() {
    let stage = HookStage::new().await;
    let believes = |signed: bool| if signed { 200 } else { 401 };
    stage
        .github
        .script(HOOK, move |attempt| Outcome::answered(believes(attempt.signed)));
    let guid = stage.emit_as(issue_opened().unsigned()).await;
    let report = stage.passes(2).await;
    assert_eq!((report.lost, report.redelivered), (1, 1));
    assert_eq!(stage.github.successes(HOOK, &guid), 1);
}

/// Payloads are fetched one at a time, and several wait for their turn.
#[tokio::test]
async fn once_github_limits_us_no_further_payload_is_asked_for() {
    let stage = pointing_here().await;
    stage.answers(413);
    for _ in 0..3 {
        stage.github.emit(&[HERE], opened().0).await;
    }
    stage.answers(200);
    let is_payload = |call: &Call| call.service == "github" && call.what == "GET delivery";
    let limit = Answer {
        status: 429,
        headers: Vec::new(),
        body: Bytes::new(),
        end: End::Whole,
    };
    let limited = FaultPoint::planned(move |_, call| is_payload(call).then(|| Fault::Answered(limit.clone())));
    stage.stage.pass_with(limited.clone()).await.unwrap();
    let calls = limited.calls();
    assert_eq!(calls.iter().filter(|call| is_payload(call)).count(), 1, "{calls:?}");
}
