//! Lost deliveries are got back: real passes between a GitHub that loses them and a receiver that is down.

mod stage;

use stage::hooks::{HookStage, issue_opened};

#[tokio::test]
async fn an_outage_elsewhere_is_told_and_healed_without_spending_attempts() {
    let stage = HookStage::new().await;
    let before = stage.emit().await;
    assert_eq!(stage.pass().await.lost, 0);
    stage.answers(0);
    for _ in 0..6 {
        stage.emit().await;
        stage.stage.later(1);
    }
    let report = stage.pass().await;
    assert_eq!((report.lost, report.redelivered), (6, 1), "{report:#?}");
    let outage = stage.passes(20).await;
    assert_eq!(outage.lost, 0);
    assert!(outage.redelivered <= 20, "one probe a pass at most: {outage:?}");
    stage.answers(200);
    let healed = stage.passes(3).await;
    assert_eq!(healed.recovered, 6);
    assert_eq!(stage.github.lost(stage::hooks::HOOK), Vec::<String>::new());
    assert_eq!(stage.github.taken_twice(stage::hooks::HOOK), Vec::<String>::new());
    assert_eq!(stage.github.successes(stage::hooks::HOOK, &before), 1);
    insta::assert_snapshot!(stage.rung().join("\n"), @"
    Deliveries of repo∶acme/app∶1 fail
    Deliveries of repo∶acme/app∶1 arrive again, after 3 h 50 min
    ");
}

#[tokio::test]
async fn what_one_redelivery_mends_rings_nobody() {
    let stage = HookStage::new().await;
    stage.answers(500);
    let lost = stage.emit_as(issue_opened()).await;
    stage.answers(200);
    let report = stage.pass().await;
    assert_eq!((report.lost, report.redelivered), (1, 1));
    assert_eq!(stage.passes(1).await.recovered, 1);
    assert_eq!(stage.github.successes(stage::hooks::HOOK, &lost), 1);
    assert!(stage.rung().is_empty());
    let quiet = stage.passes(3).await;
    assert_eq!((quiet.redelivered, quiet.recovered), (0, 0));
}
