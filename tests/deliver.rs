//! Delivery, end to end: what becomes of a notice when a chat does not simply take it.

mod stage;

use std::sync::{Mutex, mpsc};
use std::time::Duration;

use chat::{ChannelTrouble, Fact, Notice};
use jobs::{Context, Limits};
use outbound::{Deadline, FaultPoint};
use serde_json::Value;
use stage::{PROJECT, Stage, monitor};
use world::{ChatAnswer, Reply};

const LIMITS: Limits = Limits {
    send_timeout: Duration::from_secs(5),
    deadline: Deadline::NONE,
};

fn status(status: u16, body: &str) -> ChatAnswer {
    ChatAnswer::Status {
        status,
        headers: Vec::new(),
        body: body.to_owned(),
    }
}

/// Two projects that break: two messages for each channel.
async fn two_projects() -> Stage {
    let mut stage = Stage::new().await;
    stage.set("COPR_PROJECTS", "alice/demo,bob/tools");
    stage.monitor(monitor(&[("beta", "failed", 5)]));
    stage
        .copr
        .set("bob/tools", Reply::monitor(monitor(&[("hammer", "failed", 6)])));
    stage
}

/// Two projects are polled at once: which is first is chance.
fn sorted(mut titles: Vec<String>) -> Vec<String> {
    titles.sort_unstable();
    titles
}

/// Puts a notice into the outbox of the channel `team`, with what a later version may write beside it.
async fn enqueue(context: &Context, number: usize, more: &str) {
    let trouble = ChannelTrouble {
        channel: format!("channel {number}"),
        reason: String::new(),
    };
    let at = context.outbound.clock.now();
    let id = state::key::notice_id(at, &format!("test#{number}"));
    let notice = Notice::new(at, Fact::Channel(trouble)).to_stored();
    let mut notice: Value = serde_json::from_str(&notice).unwrap();
    notice["more"] = more.into();
    let write = state::Write::enqueue("team", &id, &notice.to_string());
    context.table.transact(vec![write]).await.unwrap();
}

const BETA: &str = "beta fails to build in alice/demo";
const HAMMER: &str = "hammer fails to build in bob/tools";

#[tokio::test]
async fn a_busy_channel_rests_as_long_as_it_asks_and_holds_up_nobody() {
    let stage = two_projects().await;
    stage.slack.answer_next(vec![ChatAnswer::Status {
        status: 429,
        headers: vec![("retry-after", "1800".to_owned())],
        body: "rate_limited".to_owned(),
    }]);
    stage.passes(3).await;
    assert_eq!(stage.slack.attempts(), 1, "it was asked to wait for half an hour");
    assert_eq!(sorted(stage.feishu.texts()), [BETA, HAMMER]);
    stage.passes(1).await;
    assert_eq!(sorted(stage.slack.texts()), [BETA, HAMMER]);
}

#[tokio::test]
async fn a_channel_that_is_down_is_tried_less_and_less_and_then_gets_everything_once() {
    let stage = two_projects().await;
    stage.slack.answer_always(Some(ChatAnswer::Reset));
    stage.passes(60).await;
    let attempts = stage.slack.attempts();
    assert!((10..=18).contains(&attempts), "{attempts} attempts in ten hours");
    stage.slack.answer_always(None);
    stage.later(60);
    stage.passes(2).await;
    assert_eq!(sorted(stage.slack.texts()), [BETA, HAMMER]);
}

#[tokio::test]
async fn a_revoked_channel_is_told_once_elsewhere() {
    let stage = two_projects().await;
    stage.slack.answer_always(Some(status(404, "no_service")));
    stage.passes(30).await;
    let told: Vec<_> = stage
        .feishu
        .texts()
        .into_iter()
        .filter(|title| title.contains("team"))
        .collect();
    insta::assert_snapshot!(told.join("\n"), @"Channel team takes no messages");
}

#[tokio::test]
async fn a_group_that_is_refused_is_sent_one_by_one_and_only_the_bad_notice_dies() {
    let stage = Stage::new().await;
    stage.monitor(monitor(&[
        ("alpha", "failed", 4),
        ("beta", "failed", 5),
        ("gamma", "failed", 6),
    ]));
    stage.slack.answer_next(vec![
        status(400, "invalid_blocks"),
        status(200, "ok"),
        status(400, "invalid_blocks"),
        status(200, "ok"),
    ]);
    stage.passes(2).await;
    assert_eq!(stage.slack.attempts(), 4);
    let status = stage.status().await;
    let team = &status
        .channels
        .iter()
        .find(|channel| channel.channel == "team")
        .unwrap();
    assert_eq!((team.waiting, team.dead), (0, 1));
    let told: Vec<_> = stage
        .feishu
        .texts()
        .into_iter()
        .filter(|title| title.contains("team"))
        .collect();
    insta::assert_snapshot!(told.join("\n"), @"1 notice for channel team was given up");
}

#[tokio::test]
async fn a_head_that_the_channel_cannot_stand_does_not_block_the_rest() {
    let mut stage = two_projects().await;
    stage.set("COPR_PROJECTS", PROJECT);
    stage.slack.answer_always(Some(status(500, "")));
    stage.passes(1).await;
    stage.set("COPR_PROJECTS", "alice/demo,bob/tools");
    for _ in 0..3 {
        stage.later(60);
        stage.passes(1).await;
    }
    assert_eq!(stage.slack.attempts(), 4, "the head alone is tried");
    stage.slack.answer_always(None);
    stage.slack.answer_next(vec![status(500, "")]);
    stage.later(60);
    stage.passes(1).await;
    assert_eq!(stage.slack.texts(), [HAMMER]);
    let status = stage.status().await;
    assert_eq!(
        (status.channels[1].channel.as_str(), status.channels[1].dead),
        ("team", 1)
    );
}

#[tokio::test]
async fn a_group_that_the_channel_cannot_stand_is_taken_apart_and_only_its_bad_notice_dies() {
    let stage = Stage::new().await;
    stage.monitor(monitor(&[
        ("alpha", "failed", 4),
        ("beta", "failed", 5),
        ("gamma", "failed", 6),
    ]));
    stage.slack.answer_always(Some(status(500, "")));
    for _ in 0..5 {
        stage.passes(1).await;
        stage.later(60);
    }
    assert_eq!(stage.slack.attempts(), 5);
    stage.slack.answer_always(None);
    stage.slack.answer_next(vec![status(500, "")]);
    stage.passes(1).await;
    assert_eq!(stage.slack.texts(), [BETA, "gamma fails to build in alice/demo"]);
    let (context, _) = stage.process(FaultPoint::none());
    let (pending, dead) = jobs::list(&context).await.unwrap();
    assert_eq!((pending.len(), dead.len()), (0, 1));
    assert_eq!(dead[0].title, "alpha fails to build in alice/demo");
}

#[tokio::test]
async fn a_channel_that_no_pass_has_seen_is_found_all_the_same() {
    let mut stage = Stage::new().await;
    stage.monitor(monitor(&[]));
    let (context, _) = stage.process(FaultPoint::none());
    let id = state::key::notice_id(stage.clock.now(), "copr.broken#x");
    let trouble = chat::Fact::Channel(chat::ChannelTrouble {
        channel: "x".to_owned(),
        reason: "gone".to_owned(),
    });
    let notice = chat::Notice::new(stage.clock.now(), trouble).to_stored();
    context
        .table
        .transact(vec![state::Write::enqueue("team", &id, &notice)])
        .await
        .unwrap();
    stage.slack.answer_always(Some(ChatAnswer::Reset));
    let limits = jobs::Limits {
        send_timeout: std::time::Duration::from_secs(1),
        deadline: outbound::Deadline::NONE,
    };
    jobs::deliver(&context, limits).await;
    stage.secrets["channels"].as_array_mut().unwrap().remove(0);
    stage.passes(3).await;
    let (context, _) = stage.process(FaultPoint::none());
    let (pending, dead) = jobs::list(&context).await.unwrap();
    assert_eq!((pending.len(), dead.len()), (0, 1));
}

#[tokio::test]
async fn a_channel_that_was_down_for_long_does_not_cost_its_head() {
    let stage = two_projects().await;
    stage.slack.answer_always(Some(status(500, "")));
    stage.passes(60).await;
    stage.slack.answer_always(None);
    stage.later(70);
    stage.passes(1).await;
    assert_eq!(sorted(stage.slack.texts()), [BETA, HAMMER]);
}

#[tokio::test]
async fn a_notice_waits_three_days_then_it_is_a_dead_letter_that_can_be_sent_elsewhere() {
    let stage = Stage::new().await;
    stage.monitor(monitor(&[("beta", "failed", 5)]));
    stage.slack.answer_always(Some(ChatAnswer::Reset));
    stage.passes(1).await;
    stage.later(3 * 24 * 60 - 20);
    stage.passes(1).await;
    assert_eq!(stage.status().await.dead, 0);
    stage.later(20);
    stage.passes(2).await;
    assert_eq!(stage.status().await.dead, 1);
    insta::assert_snapshot!(stage.feishu.texts().join("\n"), @"
    beta fails to build in alice/demo
    1 notice for channel team was given up
    ");

    let (context, _) = stage.process(FaultPoint::none());
    let (pending, dead) = jobs::list(&context).await.unwrap();
    assert_eq!((pending.len(), dead.len()), (0, 1));
    assert_eq!(
        dead[0].title,
        "beta still fails to build in alice/demo".replace("still fails", "fails")
    );
    let nowhere = jobs::retry(&context, &dead[0], Some("nowhere")).await.unwrap_err();
    assert_eq!(nowhere.to_string(), "there is no channel `nowhere` in the settings");
    jobs::retry(&context, &dead[0], Some("rpm")).await.unwrap();
    stage.passes(1).await;
    assert_eq!(stage.feishu.texts().last().unwrap(), BETA);
    assert_eq!(stage.status().await.dead, 0);
}

#[tokio::test]
async fn a_channel_that_left_the_settings_leaves_dead_letters_and_is_told_once() {
    let mut stage = two_projects().await;
    stage.slack.answer_always(Some(ChatAnswer::Reset));
    stage.passes(1).await;
    stage.secrets["channels"].as_array_mut().unwrap().remove(0);
    stage.passes(3).await;
    insta::assert_snapshot!(sorted(stage.feishu.texts()).join("\n"), @"
    2 notices for channel team were given up
    beta fails to build in alice/demo
    hammer fails to build in bob/tools
    ");
    let (context, _) = stage.process(FaultPoint::none());
    let (pending, dead) = jobs::list(&context).await.unwrap();
    assert_eq!((pending.len(), dead.len()), (0, 2));
    assert!(dead.iter().all(|letter| letter.channel == "team"));
}

#[tokio::test]
async fn an_answer_that_was_lost_is_the_only_reason_to_say_a_thing_twice() {
    let stage = Stage::new().await;
    stage.monitor(monitor(&[("beta", "failed", 5)]));
    stage.slack.answer_next(vec![ChatAnswer::TakenThenReset]);
    stage.passes(4).await;
    assert_eq!(stage.slack.texts(), [BETA, BETA]);
    assert_eq!(stage.feishu.texts(), [BETA]);
}

#[tokio::test]
async fn what_broke_and_was_mended_while_the_chat_was_down_is_one_message_in_order() {
    let stage = Stage::new().await;
    stage.slack.answer_always(Some(ChatAnswer::Reset));
    stage.monitor(monitor(&[("beta", "failed", 5), ("gamma", "succeeded", 2)]));
    stage.passes(1).await;
    stage.monitor(monitor(&[("beta", "succeeded", 7), ("gamma", "failed", 8)]));
    stage.passes(1).await;
    stage.slack.answer_always(None);
    stage.later(60);
    stage.passes(1).await;
    insta::assert_snapshot!(stage.slack.texts().join("\n"), @"1 broke, 1 recovered in alice/demo");
    assert_eq!(stage.slack.messages().len(), 1);
}

#[tokio::test]
async fn what_comes_while_another_sends_is_left_to_them_and_sent_by_them() {
    let stage = Stage::new().await;
    let [(first, _), (second, _)] = [stage.process(FaultPoint::none()), stage.process(FaultPoint::none())];
    enqueue(&first, 1, "").await;
    let (sends, sending) = tokio::sync::oneshot::channel();
    let (go_on, wait) = mpsc::channel();
    let (sends, wait) = (Mutex::new(Some(sends)), Mutex::new(wait));
    stage.slack.on_message(Box::new(move |_| {
        if let Some(sends) = sends.lock().unwrap().take() {
            sends.send(()).unwrap();
            wait.lock().unwrap().recv().unwrap();
        }
    }));
    let team = ["team".to_owned()];
    let other = async {
        sending.await.unwrap();
        enqueue(&second, 2, "").await;
        let left = jobs::deliver_news(&second, &team, LIMITS).await;
        go_on.send(()).unwrap();
        left
    };
    let (sent, left) = tokio::join!(jobs::deliver_news(&first, &team, LIMITS), other);
    assert_eq!((sent[0].sent, left[0].sent, left[0].waiting), (2, 0, 2));
    assert_eq!(stage.slack.messages().len(), 2);
}

#[tokio::test]
async fn a_backlog_that_no_list_can_hold_is_sent_all_the_same() {
    let stage = Stage::new().await;
    let (context, _) = stage.process(FaultPoint::none());
    let more = "x".repeat(390_000);
    for number in 0..25 {
        enqueue(&context, number, &more).await;
    }
    let listed = context.table.waiting("team", 100).await.unwrap().len();
    assert!((state::CUT_OFF_FROM..25).contains(&listed), "{listed}");
    let sent = jobs::deliver_news(&context, &["team".to_owned()], LIMITS).await;
    assert_eq!((sent[0].sent, sent[0].waiting), (25, 0));
}

#[tokio::test]
async fn a_notice_of_a_newer_version_is_left_for_it_and_blocks_nobody() {
    let stage = Stage::new().await;
    stage.monitor(monitor(&[("beta", "failed", 5)]));
    let (context, _) = stage.process(FaultPoint::none());
    let id = state::key::notice_id(stage.clock.now(), "copr.sung#alice/demo");
    let newer = r#"{"v":2,"at":"2026-03-02T09:00:00Z","event":"copr.sung","song":"la"}"#;
    let write = state::Write::enqueue("team", &id, newer);
    context.table.transact(vec![write]).await.unwrap();
    stage.passes(3).await;
    assert_eq!(stage.slack.texts(), [BETA]);
    let left = context.table.waiting("team", 10).await.unwrap();
    assert_eq!(
        left.iter().map(|waiting| waiting.notice.as_str()).collect::<Vec<_>>(),
        [newer]
    );
}

#[tokio::test]
async fn a_hostile_package_name_pings_and_links_nobody() {
    let stage = Stage::new().await;
    let name = r#"<!channel> *x* <at user_id="all"></at> https://evil.example"#;
    stage.monitor(monitor(&[(name, "failed", 5)]));
    stage.passes(1).await;
    assert!(
        stage.slack.texts()[0].starts_with("&lt;!channel&gt;"),
        "{:?}",
        stage.slack.texts()
    );
    for chat in [&stage.slack, &stage.feishu] {
        let body = chat.messages()[0].body.to_string();
        assert!(!body.contains("<!channel>") || !body.contains("mrkdwn"), "{body}");
        assert!(
            !body.contains(r#""url":"https://evil"#) && !body.contains("lark_md"),
            "{body}"
        );
    }
}

#[tokio::test]
async fn a_channel_hears_only_what_it_is_routed() {
    let mut stage = two_projects().await;
    stage.secrets["channels"][0]["events"] = serde_json::json!(["copr.recovered"]);
    stage.secrets["channels"][1]["projects"] = serde_json::json!(["!bob/*"]);
    stage.passes(1).await;
    stage
        .copr
        .set(PROJECT, Reply::monitor(monitor(&[("beta", "succeeded", 7)])));
    stage.passes(1).await;
    assert_eq!(stage.slack.texts(), ["beta builds again in alice/demo, after 10 min"]);
    assert_eq!(
        stage.feishu.texts(),
        [BETA, "beta builds again in alice/demo, after 10 min"]
    );
}
