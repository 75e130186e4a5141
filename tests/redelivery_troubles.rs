//! Troubles of hooks and of those who look after them, that end well.

mod stage;

use jobs::{Pass, Scope};
use outbound::{Deadline, FaultPoint};
use serde_json::json;
use stage::hooks::{HOOK, HookStage, issue_opened, of_hook};
use world::{Event, Rights};

/// How often the log was read.
fn readings(stage: &HookStage) -> usize {
    let asked = stage.github.requests().into_iter();
    asked.filter(|request| request.path.ends_with("/deliveries")).count()
}

#[tokio::test]
async fn a_hook_that_was_moved_and_switched_off_at_once_is_two_notices_and_no_path_is_shown() {
    let stage = HookStage::new().await;
    stage.pass().await;
    stage.github.set_url(HOOK, "https://other.example/token/hush");
    stage.github.set_active(HOOK, false);
    stage.stage.later(70);
    stage.pass().await;
    stage.github.set_url(HOOK, "https://other.example/token/hush2");
    stage.stage.later(70);
    stage.pass().await;
    insta::assert_snapshot!(stage.rung().join("\n"), @"
    GitHub delivers nothing for repo∶acme/app∶1
    Deliveries of repo∶acme/app∶1 go elsewhere
    Deliveries of repo∶acme/app∶1 go elsewhere
    ");
    let said = format!("{:?} {:?}", stage.stage.slack.messages(), stage.stage.status().await);
    assert!(!said.contains("hush"), "{said}");
}

#[tokio::test]
async fn a_short_since_leaves_nothing_unread() {
    let stage = HookStage::new().await;
    stage.pass().await;
    stage.stage.later(60);
    stage.answers(500);
    let guid = stage.emit().await;
    stage.answers(200);
    stage.stage.later(2 * 24 * 60);
    let (context, mut watch) = stage.stage.process(FaultPoint::none());
    watch.redelivery.since = Some(std::time::Duration::from_hours(1));
    let pass = Pass::new(stage.stage.clock.now(), Deadline::NONE);
    let report = of_hook(jobs::run(&context, &watch, pass, |_| {}).await);
    assert_eq!((report.lost, report.redelivered), (1, 1));
    assert_eq!(stage.github.successes(HOOK, &guid), 1);
}

#[tokio::test]
async fn what_was_lost_when_nobody_looked_any_more_is_told_however_late() {
    let stage = HookStage::new().await;
    stage.answers(500);
    for _ in 0..6 {
        stage.emit().await;
    }
    stage.pass().await;
    stage.stage.later(8 * 24 * 60);
    stage.stage.pass().await;
    insta::assert_snapshot!(stage.rung().join("\n"), @"
    Deliveries of repo∶acme/app∶1 fail
    Deliveries of repo∶acme/app∶1 may be lost unseen
    6 deliveries of repo∶acme/app∶1 were given up
    No lost delivery of repo∶acme/app∶1 could be got back, after 8 days
    ");
}

#[tokio::test]
async fn a_token_that_may_not_redeliver_is_told_once_and_forgotten_when_it_may() {
    let stage = HookStage::new().await;
    stage.github.set_token("token", Rights::Read);
    stage.answers(500);
    stage.emit().await;
    stage.answers(200);
    for _ in 0..2 {
        let report = stage.stage.pass().await;
        assert!(!report.complete);
        stage.stage.later(10);
    }
    insta::assert_snapshot!(stage.rung().join("\n"), @"Lost deliveries of repo∶acme/app∶1 cannot be got back");
    stage.github.set_token("token", Rights::Redeliver);
    assert_eq!(stage.passes(2).await.recovered, 1);
    assert_eq!(stage.stage.status().await.hooks[0].state.blocked, None);
}

#[tokio::test]
async fn a_redelivery_that_github_lists_late_is_not_sent_again() {
    let stage = HookStage::new().await;
    stage.github.set_redelivery_lag(13 * 60 * 1000);
    stage.answers(500);
    let guid = stage.emit().await;
    stage.answers(200);
    assert_eq!(stage.pass().await.redelivered, 1);
    assert_eq!(stage.passes(5).await.redelivered, 0);
    assert_eq!(stage.github.successes(HOOK, &guid), 1);
}

#[tokio::test]
async fn an_outage_is_told_also_where_something_was_lost_already() {
    let stage = HookStage::new().await;
    stage.answers(500);
    let poison = stage.emit().await;
    stage.github.script(HOOK, {
        let (answer, poison) = (stage.answer.clone(), poison.clone());
        move |attempt| match answer.load(std::sync::atomic::Ordering::SeqCst) {
            200 if attempt.guid == poison => world::Outcome::answered(500),
            status => world::Outcome::answered(status),
        }
    });
    stage.answers(200);
    for _ in 0..20 {
        stage.emit().await;
    }
    stage.passes(3).await;
    stage.answers(503);
    stage.stage.later(60);
    for _ in 0..20 {
        stage.emit().await;
    }
    stage.passes(1).await;
    insta::assert_snapshot!(stage.rung().join("\n"), @"
    Deliveries of repo∶acme/app∶1 fail
    Deliveries of repo∶acme/app∶1 fail
    ");
}

#[tokio::test]
async fn looking_after_one_hook_by_hand_forgets_none_of_the_others() {
    let stage = HookStage::new().await;
    stage.answers(500);
    stage.emit().await;
    stage.pass().await;
    let (context, mut watch) = stage.stage.process(FaultPoint::none());
    watch.redelivery.hooks = vec!["repo:acme/app:2".parse().unwrap()];
    let pass = Pass {
        scope: Scope::Hooks,
        ..Pass::new(stage.stage.clock.now(), Deadline::NONE)
    };
    jobs::run(&context, &watch, pass, |_| {}).await;
    let status = stage.stage.status().await;
    assert!(
        status
            .hooks
            .iter()
            .any(|hook| hook.hook == HOOK && hook.state.lost == 1)
    );
}

#[tokio::test]
async fn a_guid_that_two_hooks_lost_is_tried_again_for_both() {
    let mut stage = HookStage::new().await;
    let other = "org:acme:9";
    stage.github.add_hook(other, "https://elsewhere.example/hook", None);
    stage.github.script(other, |_| world::Outcome::answered(409));
    stage.github.script(HOOK, |_| world::Outcome::answered(409));
    stage.stage.set("GITHUB_HOOKS", &format!("{HOOK},{other}"));
    let guid = stage.github.emit(&[HOOK, other], issue_opened()).await;
    stage.stage.pass().await;
    let (context, watch) = stage.stage.process(FaultPoint::none());
    jobs::retry_loss(&context, &watch.redelivery, &guid).await.unwrap();
    let before = stage.github.requests().len();
    stage.stage.later(10);
    let report = stage.stage.pass().await;
    let redelivered: Vec<_> = report.hooks.iter().map(|hook| hook.redelivered).collect();
    assert_eq!(redelivered, [1, 1], "{:#?}", &stage.github.requests()[before..]);
}

#[tokio::test]
async fn an_hour_whose_requests_are_used_up_is_waited_for_and_none_is_spent_on_redelivering() {
    let stage = HookStage::new().await;
    stage.github.set_requests_per_hour(2);
    stage.answers(500);
    stage.emit().await;
    stage.answers(200);
    let report = stage.pass().await;
    assert_eq!((report.lost, report.redelivered), (1, 0));
    stage.stage.later(10);
    let used_up = stage.stage.pass().await;
    insta::assert_snapshot!(used_up.why_not.unwrap(), @"repo:acme/app:1: GitHub asked to be left alone until 2026-03-02T10:00:00Z");
    let asked = readings(&stage);
    for _ in 0..4 {
        stage.stage.later(10);
        assert!(!stage.stage.pass().await.complete);
    }
    assert_eq!(readings(&stage), asked);
    stage.github.set_requests_per_hour(5000);
    assert_eq!(stage.passes(1).await.redelivered, 1);
    assert_eq!(stage.github.lost(HOOK), Vec::<String>::new());
}

#[tokio::test]
async fn only_events_that_are_wanted_are_got_back_and_pings_only_if_named() {
    for (events, expected) in [
        (None, "issues push"),
        (Some("issues.*"), "issues"),
        (Some("*"), "issues ping push"),
    ] {
        let mut stage = HookStage::new().await;
        if let Some(events) = events {
            stage.stage.set("REDELIVER_EVENTS", events);
        }
        stage.answers(500);
        stage.emit().await;
        stage
            .emit_as(Event::new("push", &json!({"ref": "refs/heads/main"})))
            .await;
        stage
            .emit_as(Event::new("ping", &json!({"zen": "Speak like a human."})))
            .await;
        stage.answers(200);
        stage.pass().await;
        let log = stage.github.deliveries(HOOK).into_iter();
        let again = log.filter(|delivery| delivery.redelivery);
        let mut again: Vec<_> = again.map(|delivery| delivery.event).collect();
        again.sort_unstable();
        assert_eq!(again.join(" "), expected);
    }
}
