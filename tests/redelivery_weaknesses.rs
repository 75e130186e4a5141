//! What a script that redelivers failed deliveries on a schedule gets wrong, GitHub's own example among them: each as a
//! story in which nothing is lost and nothing is sent twice.

mod stage;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future;
use outbound::{Answer, End, Fault, FaultPoint};
use serde_json::{Value, json};
use stage::hooks::{HOOK, HookStage, issue_opened};
use world::{ApiRequest, GitHub, GitHubAnswer, Outcome};

const HOUR: u64 = 60;
const DAY: u64 = 24 * HOUR;

/// So that what is said in minutes does not hang on the moments that requests are apart.
const HALF_A_MINUTE: Duration = Duration::from_secs(30);

/// When it was so many minutes ago, in milliseconds since the epoch.
fn ago(stage: &HookStage, minutes: u64) -> i64 {
    let minutes = i64::try_from(minutes).unwrap();
    stage.stage.clock.now().as_millisecond() - minutes * 60_000
}

/// The redeliveries that GitHub was asked for.
fn posts(stage: &HookStage) -> Vec<ApiRequest> {
    let asked = stage.github.requests().into_iter();
    asked.filter(|request| request.path.ends_with("/attempts")).collect()
}

fn attempts_of(id: u64) -> String {
    format!("/repos/acme/app/hooks/1/deliveries/{id}/attempts")
}

/// All that can be read of the messages on Slack.
fn read(stage: &HookStage) -> String {
    fn texts(value: &Value, all: &mut Vec<String>) {
        match value {
            Value::String(text) => all.push(text.clone()),
            Value::Array(values) => values.iter().for_each(|value| texts(value, all)),
            Value::Object(fields) => {
                let fields = ["text", "elements", "fields"].map(|name| fields.get(name));
                fields.into_iter().flatten().for_each(|value| texts(value, all));
            }
            _ => {}
        }
    }
    let mut all = Vec::new();
    for message in stage.stage.slack.messages() {
        texts(&message.body["blocks"], &mut all);
    }
    all.join("\n")
}

fn failed_answer(status: u16) -> Fault {
    Fault::Answered(Answer {
        status,
        headers: Vec::new(),
        body: "".into(),
        end: End::Whole,
    })
}

#[tokio::test]
async fn a_delivery_listed_twenty_minutes_late_is_found_though_later_ones_were_read_before() {
    let stage = HookStage::new().await;
    stage.emit().await;
    stage.pass().await;
    stage.stage.later(5);
    stage.answers(500);
    let late = stage.emit_as(issue_opened().late(20 * 60_000)).await;
    stage.answers(200);
    stage.stage.later(1);
    stage.emit().await;
    let before = stage.passes(1).await;
    assert_eq!((before.lost, before.redelivered), (0, 0));
    let found = stage.passes(1).await;
    assert_eq!((found.lost, found.redelivered), (1, 1));
    assert_eq!(stage.passes(1).await.recovered, 1);
    assert_eq!(stage.github.successes(HOOK, &late), 1);
}

#[tokio::test]
async fn reading_every_minute_loses_nothing_though_each_failed_redelivery_is_a_new_record() {
    let stage = HookStage::new().await;
    stage.github.set_redelivery_lag(3 * 60_000);
    stage.answers(500);
    let (mut lost, mut redelivered, mut recovered) = (0, 0, 0);
    for minute in 0..30 {
        match minute {
            0 | 7 | 14 => {
                stage.emit().await;
            }
            22 => stage.answers(200),
            _ => {}
        }
        stage.stage.later(1);
        let report = stage.pass().await;
        lost += report.lost;
        redelivered += report.redelivered;
    }
    let failed = stage.github.deliveries(HOOK).into_iter();
    let failed = failed.filter(|delivery| !delivery.outcome.is_success()).count();
    assert!(failed > 6, "an outage of many records: {failed}");
    for _ in 0..3 {
        stage.stage.later(25);
        let report = stage.pass().await;
        lost += report.lost;
        redelivered += report.redelivered;
        recovered += report.recovered;
    }
    assert_eq!(lost, 3);
    assert_eq!(redelivered, posts(&stage).len());
    assert!(recovered <= 3);
    assert_eq!(stage.github.lost(HOOK), Vec::<String>::new());
    assert_eq!(stage.github.taken_twice(HOOK), Vec::<String>::new());
    assert_eq!(stage.stage.status().await.hooks[0].state.lost, 0);
}

/// How long after each attempt the next is made, in minutes, a quarter more or less.
const PAUSES: [u64; 12] = [5, 15, 45, 135, 360, 360, 360, 360, 360, 360, 360, 360];

/// A guid that its receiver never takes.
const POISON: &str = "0a1b2c3d-0000-11f1-8000-00000000000f";

#[tokio::test]
async fn a_delivery_nobody_takes_is_tried_twelve_times_ever_more_rarely_then_told_once_and_left_alone() {
    let stage = HookStage::new().await;
    let refuse_poison = |guid: &str| if guid == POISON { 500 } else { 200 };
    stage
        .github
        .script(HOOK, move |attempt| Outcome::answered(refuse_poison(attempt.guid)));
    stage.emit_as(issue_opened().guid(POISON)).await;
    for (made, pause) in (1..).zip(PAUSES) {
        let report = stage.pass().await;
        assert_eq!((report.redelivered, posts(&stage).len()), (1, made));
        stage.emit().await;
        stage.emit().await;
        stage.stage.later(pause * 3 / 4 - 1);
        assert_eq!(
            stage.pass().await.redelivered,
            0,
            "within the pause after attempt {made}"
        );
        stage.stage.later(pause / 2 + 3);
    }
    let given_up = stage.pass().await;
    assert_eq!((given_up.given_up, given_up.redelivered), (1, 0));
    let silence = stage.passes(6).await;
    assert_eq!((silence.given_up, silence.redelivered), (0, 0));
    assert_eq!(posts(&stage).len(), 12);
    insta::assert_snapshot!(stage.rung().join("\n"), @"
    Deliveries of repo∶acme/app∶1 fail
    1 delivery of repo∶acme/app∶1 will soon be lost for good
    issues.opened of repo∶acme/app∶1 was given up
    No lost delivery of repo∶acme/app∶1 could be got back, after 2 days
    ");
    let told = read(&stage);
    assert_eq!(told.matches(POISON).count(), 1, "{told}");
    assert!(
        told.contains(&format!("copperbell redelivery retry {POISON}")),
        "{told}"
    );

    // Somebody redelivers it by hand, to a receiver that was mended.
    stage
        .github
        .record(HOOK, issue_opened().guid(POISON).redelivery(), Outcome::answered(200));
    let by_hand = stage.passes(1).await;
    assert_eq!((by_hand.recovered, by_hand.redelivered), (1, 0));
    let status = stage.stage.status().await;
    assert_eq!((status.hooks[0].state.lost, status.hooks[0].state.given_up), (0, 0));
}

#[tokio::test]
async fn where_nothing_else_is_delivered_one_nobody_takes_is_a_receiver_that_is_down() {
    let stage = HookStage::new().await;
    stage.answers(500);
    stage.emit().await;
    let mut spent = 0;
    for minutes in PAUSES.map(|pause| pause * 5 / 4 + 2) {
        assert!(stage.pass().await.redelivered <= 1, "one try a pass at most");
        spent += minutes;
        stage.stage.later(minutes);
    }
    assert!(spent < 3 * DAY);
    stage.answers(200);
    assert_eq!(stage.pass().await.redelivered, 1, "it spends no attempts");
    assert_eq!(stage.passes(1).await.recovered, 1);
}

#[tokio::test]
async fn one_redelivery_that_github_refuses_does_not_stop_the_others() {
    let stage = HookStage::new().await;
    stage.answers(500);
    let refused = stage.emit().await;
    for _ in 0..3 {
        stage.stage.later(1);
        stage.emit().await;
    }
    let oldest = stage.github.deliveries(HOOK)[0].id;
    stage.github.refuse_redelivery(&[oldest]);
    stage.answers(200);
    let report = stage.pass().await;
    assert_eq!((report.lost, report.redelivered), (4, 3));
    let answers = posts(&stage).into_iter().filter(|request| request.status == Some(422));
    let refused_paths: Vec<String> = answers.map(|request| request.path).collect();
    assert_eq!(refused_paths, [attempts_of(oldest)]);
    assert_eq!(stage.passes(1).await.recovered, 3);
    assert_eq!(stage.github.lost(HOOK), [refused.as_str()]);
    // It has its own pauses like any other, and may be redelivered one day.
    stage.github.refuse_redelivery(&[]);
    stage.stage.later(HOUR);
    stage.passes(2).await;
    assert_eq!(stage.github.successes(HOOK, &refused), 1);
    assert_eq!(stage.github.taken_twice(HOOK), Vec::<String>::new());
}

#[tokio::test]
async fn an_empty_log_is_fine_and_so_is_an_empty_page_with_more_behind_it() {
    let stage = HookStage::new().await;
    let nothing = stage.pass().await;
    assert_eq!((nothing.read, nothing.lost), (0, 0));
    assert_eq!(stage.passes(1).await.lost, 0);

    stage.answers(500);
    let guid = stage.emit().await;
    stage.answers(200);
    let lost = &stage.github.deliveries(HOOK)[0];
    let delivered_at = stage.stage.clock.now().strftime("%FT%TZ").to_string();
    let record = json!({
        "id": lost.id, "guid": guid, "delivered_at": delivered_at, "redelivery": false, "duration": 0.1,
        "status": "Invalid HTTP Response: 500", "status_code": 500, "event": "issues", "action": "opened",
        "installation_id": null, "repository_id": 7,
    });
    let link = format!(
        "<{}/repos/acme/app/hooks/1/deliveries?per_page=100&cursor=next>; rel=\"next\"",
        stage.github.url()
    );
    let page = |link: Option<String>, records: Value| GitHubAnswer::Status {
        status: 200,
        headers: link.into_iter().map(|link| ("link", link)).collect(),
        body: records.to_string(),
    };
    stage.stage.later(10);
    stage
        .github
        .answer_next(vec![page(Some(link), json!([])), page(None, json!([record]))]);
    let report = stage.pass().await;
    assert_eq!((report.read, report.lost, report.redelivered), (1, 1, 1));
    let asked = stage.github.requests();
    let cursor = asked
        .iter()
        .flat_map(|request| &request.query)
        .find(|(name, _)| name == "cursor");
    assert_eq!(cursor, Some(&("cursor".to_owned(), "next".to_owned())));
    assert_eq!(stage.github.successes(HOOK, &guid), 1);
}

#[tokio::test]
async fn ids_that_no_double_can_hold_are_redelivered_exactly() {
    let stage = HookStage::new().await;
    stage.answers(500);
    for _ in 0..4 {
        stage.emit().await;
    }
    let log = stage.github.deliveries(HOOK);
    let mut expected: Vec<String> = log.iter().map(|delivery| attempts_of(delivery.id)).collect();
    assert!(log.iter().all(|delivery| delivery.id > 1 << 53));
    stage.answers(200);
    stage.pass().await;
    let mut asked: Vec<String> = posts(&stage).into_iter().map(|request| request.path).collect();
    expected.sort_unstable();
    asked.sort_unstable();
    assert_eq!(asked, expected);
    assert_eq!(stage.github.lost(HOOK), Vec::<String>::new());
}

#[tokio::test]
async fn what_succeeded_two_days_ago_is_not_redelivered_because_a_redelivery_by_hand_fails_now() {
    for looked_before in [false, true] {
        let stage = HookStage::new().await;
        let (guid, event) = ("by-hand", issue_opened().guid("by-hand"));
        let first = event.clone().at(ago(&stage, 2 * DAY));
        stage.github.record(HOOK, first, Outcome::answered(200));
        for minute in 1..=250 {
            let between = issue_opened().at(ago(&stage, 2 * DAY - minute * 10));
            stage.github.record(HOOK, between, Outcome::answered(200));
        }
        if looked_before {
            stage.pass().await;
            stage.stage.later(5 * HOUR);
            stage.pass().await;
            stage.stage.later(10);
        }
        stage.github.record(HOOK, event.redelivery(), Outcome::answered(500));
        let report = stage.pass().await;
        assert_eq!((report.lost, report.redelivered, report.given_up), (0, 0, 0));
        let later = stage.passes(3).await;
        assert_eq!((later.lost, later.redelivered, later.given_up), (0, 0, 0));
        assert_eq!(stage.github.successes(HOOK, guid), 1);
        assert!(stage.rung().is_empty(), "{:?}", stage.rung());
    }
}

#[tokio::test]
async fn a_redelivery_by_hand_whose_first_delivery_left_the_log_is_told_once_and_left_to_that_hand() {
    let stage = HookStage::new().await;
    let event = issue_opened().guid("by-hand");
    let first = event.clone().at(ago(&stage, 4 * DAY));
    stage.github.record(HOOK, first, Outcome::answered(200));
    stage.github.record(HOOK, event.redelivery(), Outcome::answered(500));
    let report = stage.pass().await;
    assert_eq!((report.lost, report.redelivered, report.given_up), (0, 0, 1));
    let later = stage.passes(3).await;
    assert_eq!((later.lost, later.redelivered, later.given_up), (0, 0, 0));
    insta::assert_snapshot!(read(&stage), @"
    issues.opened of repo:acme/app:1 was given up
    somebody redelivered it by hand and that failed; whether it ever arrived is no longer in GitHub's log
    copperbell redelivery retry by-hand tries again
    delivered 2026-03-02 09:00 UTC
    ");
}

#[tokio::test]
async fn a_status_code_of_200_to_399_is_a_success_whatever_its_word() {
    let stage = HookStage::new().await;
    for status_code in [200, 204, 302, 399] {
        let outcome = Outcome {
            status_code,
            status: "Invalid HTTP Response".into(),
        };
        stage.github.record(HOOK, issue_opened(), outcome);
    }
    let report = stage.pass().await;
    assert_eq!((report.read, report.lost), (4, 0));
    stage.github.record(HOOK, issue_opened(), Outcome::answered(400));
    assert_eq!(stage.passes(1).await.lost, 1);
}

#[tokio::test]
async fn a_code_of_0_502_or_504_is_no_answer() {
    let stage = HookStage::new().await;
    let outcomes = [Outcome::broken(), Outcome::refused(), Outcome::timed_out()];
    for outcome in &outcomes {
        stage.github.record(HOOK, issue_opened(), outcome.clone());
    }
    let turn = Arc::new(AtomicUsize::new(0));
    stage.github.script(HOOK, move |_| {
        let turn = turn.fetch_add(1, Ordering::SeqCst);
        outcomes[turn % 3].clone()
    });
    let report = stage.pass().await;
    assert_eq!((report.lost, report.redelivered), (3, 3));
    stage.passes(1).await;
    insta::assert_snapshot!(read(&stage), @"
    Deliveries of repo:acme/app:1 fail
    3 lost since 2026-03-02 09:00 UTC: 3 no answer · to elsewhere.example
    redelivering waits until one gets through; please look at the receiver
    ");
}

#[tokio::test]
async fn a_link_to_another_host_gives_its_cursor_and_is_not_followed() {
    let stage = HookStage::new().await;
    let clock = stage.stage.clock.clone();
    let other = GitHub::start(move || clock.now().as_millisecond()).await;
    stage.github.set_link_base(Some(&other.url()));
    stage.answers(500);
    let lost = stage.emit().await;
    stage.answers(200);
    for _ in 0..150 {
        stage.github.record(HOOK, issue_opened(), Outcome::answered(200));
    }
    let report = stage.pass().await;
    assert_eq!((report.read, report.lost, report.redelivered), (151, 1, 1));
    assert!(other.requests().is_empty());
    assert_eq!(stage.github.successes(HOOK, &lost), 1);
}

#[tokio::test]
async fn a_cursor_that_got_too_old_between_two_passes_starts_the_reading_over() {
    for refusal in [400, 422] {
        let stage = HookStage::new().await;
        stage.answers(500);
        let lost = stage.emit().await;
        stage.answers(200);
        for _ in 0..250 {
            stage.stage.clock.advance(Duration::from_secs(1));
            stage.github.record(HOOK, issue_opened(), Outcome::answered(200));
        }
        let pages = AtomicUsize::new(0);
        let faults = FaultPoint::planned(move |_, call| {
            let is_second = call.what == "GET deliveries" && pages.fetch_add(1, Ordering::SeqCst) == 1;
            is_second.then(|| failed_answer(502))
        });
        let broken_off = stage.stage.pass_with(faults).await.unwrap();
        assert!(!broken_off.complete);
        assert_eq!((broken_off.hooks[0].read, broken_off.hooks[0].lost), (100, 0));
        stage.github.expire_cursors(refusal);
        let report = stage.passes(1).await;
        assert_eq!((report.lost, report.redelivered), (1, 1));
        let refused = stage.github.requests().into_iter();
        assert_eq!(refused.filter(|request| request.status == Some(refusal)).count(), 1);
        assert_eq!(stage.github.successes(HOOK, &lost), 1);
    }
}

#[tokio::test]
async fn two_passes_at_once_redeliver_nothing_twice() {
    let stage = HookStage::new().await;
    for _ in 0..6 {
        stage.emit().await;
    }
    stage.answers(500);
    for _ in 0..5 {
        stage.emit().await;
    }
    stage.answers(200);
    stage.github.set_redelivery_lag(5 * 60_000);
    let (one, other) = future::join(Box::pin(stage.stage.pass()), Box::pin(stage.stage.pass())).await;
    let redelivered = one.hooks[0].redelivered + other.hooks[0].redelivered;
    assert_eq!((redelivered, posts(&stage).len()), (5, 5));
    // Nor does the next, before the log shows what became of them.
    stage.stage.later(1);
    assert_eq!(stage.pass().await.redelivered, 0);
    assert_eq!(stage.passes(1).await.recovered, 5);
    assert_eq!(stage.github.lost(HOOK), Vec::<String>::new());
    assert_eq!(stage.github.taken_twice(HOOK), Vec::<String>::new());
}

#[tokio::test]
async fn three_days_that_pass_are_warned_of_and_what_is_then_too_old_is_named() {
    let stage = HookStage::new().await;
    stage.answers(503);
    let guid = stage.emit().await;
    stage.stage.clock.advance(HALF_A_MINUTE);
    let mut given_up = 0;
    for hours in [0, 1, 58, 2, 6, 4, 2, 1] {
        stage.stage.later(hours * HOUR);
        given_up += stage.pass().await.given_up;
    }
    assert_eq!(given_up, 1);
    insta::assert_snapshot!(read(&stage).replace(&guid, "GUID"), @"
    Deliveries of repo:acme/app:1 fail
    1 lost since 2026-03-02 09:00 UTC: 1 HTTP 503 · to elsewhere.example
    redelivering goes on; please look at the receiver
    1 delivery of repo:acme/app:1 will soon be lost for good
    GitHub redelivers the first until 2026-03-05 09:00 UTC, 10 h 59 min from now
    please look at the receiver
    issues.opened of repo:acme/app:1 was given up
    GitHub no longer redelivers it: it is too old
    its guid is GUID; please look up at GitHub what it told
    delivered 2026-03-02 09:00 UTC
    No lost delivery of repo:acme/app:1 could be got back, after 3 days
    1 lost, 0 got back, 1 given up · to elsewhere.example
    ");
}

#[tokio::test]
async fn five_days_in_which_nobody_looked_are_said_once() {
    let stage = HookStage::new().await;
    stage.emit().await;
    stage.pass().await;
    stage.answers(500);
    for _ in 0..4 {
        stage.stage.later(DAY + 6 * HOUR);
        stage.emit().await;
    }
    stage.stage.clock.advance(HALF_A_MINUTE);
    stage.answers(200);
    let report = stage.pass().await;
    assert_eq!(
        (report.lost, report.redelivered),
        (3, 3),
        "what the log still has is got back"
    );
    stage.passes(2).await;
    insta::assert_snapshot!(read(&stage), @"
    1 delivery of repo:acme/app:1 will soon be lost for good
    GitHub redelivers the first until 2026-03-07 21:00 UTC, 11 h 59 min from now
    please look at the receiver
    Deliveries of repo:acme/app:1 may be lost unseen
    the delivery log was not read from 2026-03-02 09:00 UTC to 2026-03-04 09:00 UTC, and no longer goes back that far
    please compare what arrived in that time with what happened at GitHub
    ");
}

#[tokio::test]
async fn a_hook_that_was_quiet_for_five_days_of_passes_has_no_gap() {
    let stage = HookStage::new().await;
    stage.emit().await;
    stage.pass().await;
    for _ in 0..5 {
        stage.stage.later(DAY);
        stage.pass().await;
    }
    assert!(stage.rung().is_empty(), "{:?}", stage.rung());
}

#[tokio::test]
async fn a_log_in_disorder_loses_nothing() {
    let stage = HookStage::new().await;
    stage.github.disorder(true);
    // The first reading goes through pages, the later ones end within one.
    for (count, minutes) in [(300, 4), (20, 3), (7, 10), (40, 1)] {
        for number in 0..count {
            stage.stage.later(minutes);
            let outcome = if number % 6 == 0 { 500 } else { 200 };
            stage.github.record(HOOK, issue_opened(), Outcome::answered(outcome));
        }
        stage.pass().await;
    }
    let log = stage.github.deliveries(HOOK);
    let healed = log.iter().filter(|delivery| delivery.redelivery).count();
    assert_eq!(healed, 50 + 4 + 2 + 7);
    assert_eq!(stage.github.lost(HOOK), Vec::<String>::new());
    assert_eq!(stage.github.taken_twice(HOOK), Vec::<String>::new());
}

#[tokio::test]
async fn github_is_left_alone_as_long_as_it_asks_for_then_the_reading_goes_on() {
    let stage = HookStage::new().await;
    stage.pass().await;
    stage.answers(500);
    stage.emit().await;
    stage.answers(200);
    stage.stage.later(10);
    stage.github.answer_next(vec![GitHubAnswer::Status {
        status: 403,
        headers: vec![("retry-after", "1500".to_owned())],
        body: json!({"message": "You have exceeded a secondary rate limit."}).to_string(),
    }]);
    let limited = stage.stage.pass().await;
    insta::assert_snapshot!(limited.why_not.unwrap(), @"repo:acme/app:1: GitHub asked to be left alone until 2026-03-02T09:35:00Z");
    let asked = stage.github.requests().len();
    for _ in 0..2 {
        stage.stage.later(10);
        let resting = stage.stage.pass().await;
        assert!(!resting.complete);
    }
    assert_eq!(stage.github.requests().len(), asked);
    let report = stage.passes(1).await;
    assert_eq!((report.lost, report.redelivered), (1, 1));
    assert_eq!(stage.github.lost(HOOK), Vec::<String>::new());
    assert!(
        stage.rung().is_empty(),
        "a limit is no trouble of the hook: {:?}",
        stage.rung()
    );
}

#[tokio::test]
async fn redeliveries_that_meet_the_limit_of_a_minute_go_on_in_the_next_pass() {
    let stage = HookStage::new().await;
    stage.pass().await;
    stage.answers(500);
    for _ in 0..4 {
        stage.emit().await;
    }
    stage.answers(200);
    stage.stage.later(10);
    stage.github.set_points_per_minute(1 + 2 * 5);
    let report = stage.pass().await;
    assert_eq!((report.lost, report.redelivered), (4, 2));
    stage.github.set_points_per_minute(900);
    let rest = stage.passes(2).await;
    assert_eq!(rest.redelivered, 2);
    assert_eq!(stage.github.lost(HOOK), Vec::<String>::new());
    assert_eq!(stage.github.taken_twice(HOOK), Vec::<String>::new());
}
