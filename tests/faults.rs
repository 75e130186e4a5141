//! Every call of a build's life fails once, in every way, and nothing is lost.

mod stage;

use std::collections::BTreeMap;
use std::sync::Arc;

use outbound::{Answer, Call, Fault, FaultPoint};
use stage::{Stage, may_repeat, monitor};
use tokio::task::JoinSet;
use world::Chat;

/// The ways a call can fail. DynamoDB's own come on top.
fn faults(call: &Call) -> Vec<Fault> {
    let answer = |status, body: &'static str| {
        Fault::Answered(Answer {
            status,
            headers: vec![("content-type", "application/x-amz-json-1.0".to_owned())],
            body: body.into(),
            truncated: false,
        })
    };
    let truncated = Fault::Answered(Answer {
        status: 200,
        headers: Vec::new(),
        body: "{\"output\": \"ok".into(),
        truncated: true,
    });
    let retry_after = Fault::Answered(Answer {
        status: 429,
        headers: vec![("retry-after", "60".to_owned())],
        body: "".into(),
        truncated: false,
    });
    let mut faults = vec![
        Fault::AnswerLost,
        Fault::DiesBefore,
        Fault::DiesAfter,
        answer(500, ""),
        answer(200, "garbage"),
    ];
    if call.service == "dynamodb" {
        // Refusals, time-outs, 503 and 429 are to the SDK what a 500 is.
        let throttled = r#"{"__type":"com.amazonaws.dynamodb.v20120810#ThrottlingException","message":"slow"}"#;
        faults.push(answer(400, throttled));
    } else {
        faults.extend([
            Fault::Refused,
            Fault::TimedOut,
            answer(503, "<html>"),
            answer(429, ""),
            retry_after,
            truncated,
        ]);
    }
    if call.what.ends_with("TransactWriteItems") {
        faults.push(answer(
            400,
            r#"{"__type":"com.amazonaws.dynamodb.v20120810#TransactionCanceledException","Message":"conflict",
                "CancellationReasons":[{"Code":"TransactionConflict"}]}"#,
        ));
    }
    faults
}

const BREAKS: &str = "beta fails to build in alice/demo";
const WELL: &str = "beta builds again in alice/demo";

/// It breaks, is rebuilt, is well: a pass each. The faults befall the first process that makes so many calls.
async fn life(stage: &Stage, faults: &FaultPoint) {
    for state in [("failed", 5), ("waiting", 6), ("succeeded", 6)] {
        stage.monitor(monitor(&[("beta", state.0, state.1)]));
        stage.later(10);
        stage.pass_with(faults.clone()).await;
        if state.0 == "succeeded" {
            continue;
        }
        // The schedule goes on; so a fact that a fault held up is accepted before Copr moves on.
        stage.later(10);
        stage.pass().await;
    }
    for minutes in [20, 70] {
        stage.later(minutes);
        stage.pass().await;
    }
}

fn rung(chat: &Chat) -> BTreeMap<&'static str, usize> {
    let mut rung = BTreeMap::new();
    for title in chat.texts() {
        let known = [BREAKS, WELL].into_iter().find(|known| title.starts_with(known));
        *rung
            .entry(known.unwrap_or_else(|| panic!("nobody expects {title:?}")))
            .or_default() += 1;
    }
    rung
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_call_of_a_builds_life_fails_in_every_way_and_nothing_is_lost() {
    let calls = FaultPoint::counting();
    let dry = Stage::new().await;
    life(&dry, &calls).await;
    let calls = calls.calls();
    assert!(calls.iter().any(|call| call.service == "copr") && calls.iter().any(|call| call.service == "chat"));

    let calls = Arc::new(calls);
    let mut runs = JoinSet::new();
    let mut count = 0;
    for number in 0..calls.len() {
        for fault in faults(&calls[number]) {
            // Two at a time: as many as a small machine has cores.
            if runs.len() == 2 {
                runs.join_next().await.unwrap().unwrap();
            }
            runs.spawn(one_fault(calls.clone(), number, fault));
            count += 1;
        }
    }
    while let Some(run) = runs.join_next().await {
        run.unwrap();
    }
    println!(
        "{} calls, {count} faults: every fact rung on every channel, in order",
        calls.len()
    );
    assert!(count > 300, "{count}");
}

async fn one_fault(calls: Arc<Vec<Call>>, number: usize, fault: Fault) {
    let call = &calls[number];
    let story = format!("call {number} ({} {}), {fault:?}", call.service, call.what);
    let stage = Stage::new().await;
    // Channels are served at once, so another call may come at this number: then nothing fails.
    let (expected, planned) = (call.clone(), fault.clone());
    let faults = FaultPoint::planned(move |n, call| (n == number && *call == expected).then(|| planned.clone()));
    life(&stage, &faults).await;
    let calls = faults.calls();
    for chat in [&stage.slack, &stage.feishu] {
        let rung = rung(chat);
        assert_eq!(rung.keys().copied().collect::<Vec<_>>(), [WELL, BREAKS], "{story}");
        let most = if may_repeat(&calls, number, &fault) { 2 } else { 1 };
        assert!(rung.values().all(|&times| times <= most), "{story}: {rung:?}");
        assert!(
            chat.texts()[0].starts_with(BREAKS),
            "{story}: out of order: {:?}",
            chat.texts()
        );
    }
    let status = stage.status().await;
    assert!(status.incidents.is_empty() && status.dead == 0, "{story}: {status:?}");
    assert!(
        status.channels.iter().all(|channel| channel.waiting == 0),
        "{story}: {status:?}"
    );
    assert!(status.last_run.is_some_and(|run| run.complete), "{story}");
}
