//! The Copr job, end to end: from Copr's answers to what people read.

mod stage;

use std::time::Duration;

use futures_util::future;
use outbound::{Answer, Deadline, End, Fault, FaultPoint};
use stage::{PROJECT, Stage, monitor};
use world::{Reply, recorded, refuse};

#[tokio::test]
async fn the_recorded_answers_ring_once_when_it_breaks_and_once_when_it_is_well() {
    let stage = Stage::new().await;
    let well = monitor(&[
        ("alpha", "succeeded", 4),
        ("beta", "succeeded", 9),
        ("gamma-libs", "succeeded", 10),
    ]);
    for (body, hour) in [
        (recorded::WAITING.to_vec(), "queued"),
        (recorded::STARTING_RUNNING.to_vec(), "running"),
        (recorded::MIXED_FAILED_ALL_FIELDS.to_vec(), "failed"),
        (recorded::MIXED_FAILED.to_vec(), "failed, other fields"),
        (recorded::REBUILD_WAITING_HIDES_FAILED.to_vec(), "rebuild"),
        (recorded::MIXED_FAILED_ALL_FIELDS.to_vec(), "rebuild deleted"),
        (recorded::REBUILD_WAITING_HIDES_FAILED.to_vec(), "rebuilt again"),
        (recorded::ONE_CHROOT_RECOVERED.to_vec(), "one chroot well"),
        (well.clone().into_bytes(), "well"),
        (well.into_bytes(), "still well"),
    ] {
        stage.monitor(body);
        stage.later(20);
        let report = stage.pass().await;
        assert!(report.complete, "{hour}: {report:#?}");
    }
    for chat in [&stage.slack, &stage.feishu] {
        insta::allow_duplicates! {
            insta::assert_snapshot!(chat.texts().join("\n"), @"
            2 packages broke in alice/demo
            2 packages recovered in alice/demo
            ");
        }
    }
}

#[tokio::test]
async fn a_hundred_polls_of_a_failing_project_ring_once_in_all() {
    let stage = Stage::new().await;
    stage.monitor(recorded::MIXED_FAILED_ALL_FIELDS);
    stage.passes(100).await;
    assert_eq!(stage.copr.requests().len(), 100);
    assert_eq!(stage.slack.texts(), ["2 packages broke in alice/demo"]);
    assert_eq!(stage.feishu.texts(), ["2 packages broke in alice/demo"]);
}

#[tokio::test]
async fn an_answer_that_proves_nothing_leaves_every_incident_as_it_was() {
    let mut stage = Stage::new().await;
    stage.set("POLL_FAILURES", "100");
    stage.monitor(recorded::MIXED_FAILED_ALL_FIELDS);
    stage.passes(1).await;
    let before = stage.incidents().await;
    assert_eq!(before.len(), 2);

    let cut = &recorded::MIXED_FAILED_ALL_FIELDS[..2000];
    let replies = [
        Reply::monitor(recorded::TRUNCATED_STREAM),
        Reply::monitor(cut),
        Reply::Truncated(cut.into()),
        Reply::Empty,
        Reply::Html(502),
        Reply::Error {
            status: 404,
            error: "Project alice/demo does not exist.".to_owned(),
        },
        Reply::Error {
            status: 500,
            error: "Request wasn't successful, there is probably a bug in the Copr code.".to_owned(),
        },
        Reply::monitor(r#"{"output": "notok", "error": "no", "packages": []}"#),
        Reply::Reset,
    ];
    let mut reasons = Vec::new();
    for reply in replies {
        stage.copr.set(PROJECT, reply);
        stage.later(10);
        let report = stage.pass().await;
        assert!(!report.complete);
        reasons.push(report.why_not.unwrap());
    }
    // A hang is cut off by the poll's time-out, which nobody waits for here.
    stage.monitor(monitor(&[]));
    stage.later(10);
    let calls = FaultPoint::counting();
    stage.pass_with(calls.clone()).await.unwrap();
    let poll = calls.calls().iter().position(|call| call.service == "copr").unwrap();
    assert_eq!(
        stage.incidents().await,
        Vec::<String>::new(),
        "a good poll does change them"
    );

    // … so they are brought back before the last two.
    stage.monitor(recorded::MIXED_FAILED_ALL_FIELDS);
    stage.passes(1).await;
    let again = stage.incidents().await;
    stage.later(10);
    let report = stage
        .pass_with(FaultPoint::failing(poll, Fault::TimedOut))
        .await
        .unwrap();
    reasons.push(report.why_not.unwrap());
    let nobody = refuse();
    stage.set("COPR_URL", &nobody.url());
    stage.later(10);
    let refused = stage.pass().await.why_not.unwrap();
    reasons.push(refused.replace(&nobody.url(), "http://nobody.example"));
    assert_eq!(stage.incidents().await, again);
    assert_eq!(again.len(), 2);
    insta::assert_snapshot!(reasons.join("\n"), @"
    alice/demo: Copr answered 200 and then broke off after 199 packages: an error on its side mid-stream
    alice/demo: Copr answered 200 and then broke off after 1 package: an error on its side mid-stream
    alice/demo: the connection to Copr broke after 1 package: unexpected EOF during chunk size line
    alice/demo: Copr answered 200 with an empty body
    alice/demo: the proxy before Copr answered 502
    alice/demo: Copr answered 404: Project alice/demo does not exist. Check the spelling: upper and lower case differ.
    alice/demo: Copr answered 500: Request wasn't successful, there is probably a bug in the Copr code.
    alice/demo: Copr answered 200 but not `output: ok`: no
    alice/demo: the connection to Copr broke: connection closed before message completed
    alice/demo: Copr did not finish its answer within 60 s
    alice/demo: no connection to http://nobody.example/: nothing listens there: check the URL's host and port, and whether its server runs (Connection refused (os error 111))
    ");
}

#[tokio::test]
async fn a_project_that_cannot_be_polled_rings_once_and_once_when_it_answers_again() {
    let stage = Stage::new().await;
    stage.copr.set(PROJECT, Reply::Html(502));
    for _ in 0..6 {
        stage.later(10);
        assert!(!stage.pass().await.complete);
    }
    stage.monitor(monitor(&[("alpha", "succeeded", 1)]));
    stage.passes(3).await;
    insta::assert_snapshot!(stage.slack.texts().join("\n"), @"
    alice/demo could not be polled, 3 times in a row
    alice/demo can be polled again, after 1 h
    ");
}

#[tokio::test]
async fn a_thousand_packages_that_break_at_once_are_one_message() {
    let stage = Stage::new().await;
    stage.copr.set(
        PROJECT,
        Reply::Generated {
            packages: 1000,
            chroots: 4,
            failed: 1000,
        },
    );
    let report = stage.pass().await;
    assert_eq!(
        (report.complete, report.projects[0].broken),
        (true, 1000),
        "{:?}",
        report.why_not
    );
    assert_eq!(stage.slack.texts(), ["1000 packages broke in alice/demo"]);
    assert_eq!(stage.feishu.texts(), ["1000 packages broke in alice/demo"]);
    assert!(stage.slack.refused().is_empty() && stage.feishu.refused().is_empty());
    assert!(stage.status().await.channels.iter().all(|channel| channel.waiting == 0));
}

#[tokio::test]
async fn more_facts_than_a_transaction_holds_survive_a_death_in_the_middle() {
    let stage = Stage::new().await;
    let packages: Vec<String> = (0..300).map(|n| format!("package-{n:03}")).collect();
    let failing: Vec<_> = packages.iter().map(|name| (name.as_str(), "failed", 7)).collect();
    stage.monitor(monitor(&failing));
    let calls = FaultPoint::counting();
    let dry = Stage::new().await;
    dry.monitor(monitor(&failing));
    dry.pass_with(calls.clone()).await.unwrap();
    let transactions: Vec<usize> = (0..calls.calls().len())
        .filter(|&n| calls.calls()[n].what.ends_with("TransactWriteItems"))
        .collect();
    let middle = transactions[transactions.len() / 2];

    assert!(
        stage
            .pass_with(FaultPoint::failing(middle, Fault::DiesAfter))
            .await
            .is_none()
    );
    let half = stage.status().await.channels[0].waiting;
    assert!(0 < half && half < 300, "{half} were accepted before it died");
    stage.passes(2).await;
    assert_eq!(stage.incidents().await.len(), 300);
    let named: usize = stage.slack.texts().iter().map(|title| packages_in(title)).sum();
    assert_eq!(named, 300, "{:?}", stage.slack.texts());
}

/// The count in `37 packages broke in alice/demo`.
fn packages_in(title: &str) -> usize {
    title.split(' ').next().unwrap().parse().unwrap()
}

#[tokio::test]
async fn two_passes_at_once_ring_once() {
    let stage = Stage::new().await;
    stage.monitor(recorded::MIXED_FAILED_ALL_FIELDS);
    let (one, other) = future::join(Box::pin(stage.pass()), Box::pin(stage.pass())).await;
    assert!(one.complete || other.complete);
    assert_eq!(stage.slack.texts().len(), 1);
    assert_eq!(stage.feishu.texts().len(), 1);
}

#[tokio::test]
async fn a_second_message_for_the_same_tick_polls_nobody() {
    let stage = Stage::new().await;
    stage.monitor(recorded::MIXED_FAILED_ALL_FIELDS);
    assert!(stage.pass().await.complete);
    assert!(stage.pass().await.complete);
    assert_eq!(stage.copr.requests().len(), 1);
}

#[tokio::test]
async fn a_pass_of_a_clock_that_was_years_ahead_does_not_blind_the_next_ones() {
    let stage = Stage::new().await;
    stage.monitor(monitor(&[("beta", "failed", 5)]));
    let mut wrong = Stage::new().await;
    wrong.engine = stage.engine.clone();
    wrong.set("COPR_URL", &stage.copr.url());
    wrong.later(4 * 365 * 24 * 60);
    assert!(wrong.pass().await.complete);
    stage.monitor(monitor(&[("beta", "failed", 5), ("gamma", "failed", 6)]));
    stage.passes(1).await;
    assert_eq!(stage.copr.requests().len(), 2);
    assert_eq!(stage.slack.texts(), ["gamma fails to build in alice/demo"]);
}

#[tokio::test]
async fn a_worker_that_died_holds_its_project_for_half_a_minute_at_most() {
    let stage = Stage::new().await;
    stage.monitor(recorded::MIXED_FAILED_ALL_FIELDS);
    let calls = FaultPoint::counting();
    let dry = Stage::new().await;
    dry.monitor(recorded::MIXED_FAILED_ALL_FIELDS);
    dry.pass_with(calls.clone()).await.unwrap();
    let poll = calls.calls().iter().position(|call| call.service == "copr").unwrap();

    assert!(
        stage
            .pass_with(FaultPoint::failing(poll, Fault::DiesAfter))
            .await
            .is_none()
    );
    stage.clock.advance(Duration::from_secs(1));
    let held = stage.pass().await;
    insta::assert_snapshot!(held.why_not.unwrap(), @"alice/demo: another worker is polling it");
    stage.clock.advance(Duration::from_secs(30));
    assert!(stage.pass().await.complete);
    assert_eq!(stage.slack.texts(), ["2 packages broke in alice/demo"]);
}

#[tokio::test]
async fn a_pass_without_time_polls_nobody_and_the_next_one_goes_on() {
    let mut stage = Stage::new().await;
    stage.set("COPR_PROJECTS", "alice/demo,@demo/grp");
    stage.monitor(recorded::MIXED_FAILED_ALL_FIELDS);
    stage.copr.set("@demo/grp", Reply::monitor(recorded::GROUP_PROJECT));
    let deadline = Deadline::at(stage.clock.now() + Duration::from_secs(2));
    let report = stage.pass_until(deadline).await;
    assert!(!report.complete);
    assert!(stage.copr.requests().is_empty());
    stage.passes(1).await;
    assert_eq!(
        stage.slack.texts(),
        ["2 packages broke in alice/demo", "alpha fails to build in @demo/grp"]
    );
}

#[tokio::test]
async fn what_is_no_longer_watched_is_forgotten_without_a_ring() {
    let mut stage = Stage::new().await;
    stage.set("COPR_PROJECTS", "alice/demo,@demo/grp");
    stage.monitor(recorded::MIXED_FAILED_ALL_FIELDS);
    stage.copr.set("@demo/grp", Reply::monitor(recorded::GROUP_PROJECT));
    stage.passes(1).await;
    assert_eq!(stage.incidents().await.len(), 3);
    stage.set("COPR_PROJECTS", "alice/demo");
    stage.set("COPR_IGNORE", "beta/*");
    stage.later(10);
    let report = stage.pass().await;
    let unwatched: Vec<_> = report
        .projects
        .iter()
        .map(|p| (p.project.as_str(), p.unwatched))
        .collect();
    assert_eq!(unwatched, [("alice/demo", 1), ("@demo/grp", 1)]);
    assert_eq!(stage.incidents().await.len(), 1);
    assert_eq!(stage.slack.texts().len(), 2, "{:?}", stage.slack.texts());
    stage.passes(1).await;
    assert_eq!(stage.status().await.projects.len(), 1);
}

#[tokio::test]
async fn a_rebuild_that_was_canceled_is_looked_up_once_and_shown() {
    let stage = Stage::new().await;
    stage.monitor(recorded::MIXED_FAILED_ALL_FIELDS);
    stage.passes(1).await;
    stage.monitor(recorded::REBUILD_WAITING_HIDES_FAILED);
    stage.copr.set_build(8, "canceled");
    stage.passes(1).await;
    stage.later(24 * 60);
    stage.passes(5).await;
    let lookups = stage.copr.requests();
    assert_eq!(
        lookups
            .iter()
            .filter(|request| request.path == "/api_3/build/8")
            .count(),
        1
    );
    let status = stage.status().await;
    let canceled = status.incidents[0].chroots.iter().filter(|chroot| chroot.canceled);
    assert_eq!(
        canceled.map(|chroot| chroot.name.as_str()).collect::<Vec<_>>(),
        ["fedora-43-x86_64"]
    );
    assert_eq!(stage.slack.texts().len(), 1);
}

#[tokio::test]
async fn a_throttled_table_is_tried_again_and_a_table_that_is_down_loses_nothing() {
    let stage = Stage::new().await;
    stage.monitor(recorded::MIXED_FAILED_ALL_FIELDS);
    let answer = |status, body: &'static str| {
        Fault::Answered(Answer {
            status,
            headers: vec![("content-type", "application/x-amz-json-1.0".to_owned())],
            body: body.into(),
            end: End::Whole,
        })
    };
    let throttled = answer(
        400,
        r#"{"__type":"com.amazonaws.dynamodb.v20120810#ThrottlingException","message":"slow"}"#,
    );
    let every_other =
        FaultPoint::planned(move |n, call| (call.service == "dynamodb" && n % 2 == 0).then(|| throttled.clone()));
    let report = stage.pass_with(every_other).await.unwrap();
    assert!(report.complete, "{report:#?}");
    assert_eq!(stage.slack.texts().len(), 1);

    stage.monitor(monitor(&[("beta", "succeeded", 9)]));
    let down = answer(
        500,
        r#"{"__type":"com.amazonaws.dynamodb.v20120810#InternalServerError","message":"down"}"#,
    );
    let always = FaultPoint::planned(move |n, call| (call.service == "dynamodb" && n > 0).then(|| down.clone()));
    stage.later(10);
    let report = stage.pass_with(always).await.unwrap();
    assert!(!report.complete);
    assert_eq!(stage.slack.texts().len(), 1);
    stage.passes(1).await;
    assert_eq!(stage.slack.texts().len(), 2);
}
