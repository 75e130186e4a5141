//! Every call of a redelivery's life fails once, in every way, and nothing is lost.

mod stage;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use outbound::{Answer, Call, Fault, FaultPoint};
use serde_json::json;
use stage::hooks::{HOOK, HookStage};
use stage::may_repeat;
use tempfile::TempDir;
use tokio::task::JoinSet;
use world::Outcome;

/// Every how many faults is one tried in a sample? No multiple of how many ways a call has to fail.
const SAMPLE: usize = 5;

/// The ways a call can fail. Dying right before a call to the table is dying right after the call before.
fn faults(call: &Call) -> Vec<Fault> {
    let answer = |status, headers: &[(&'static str, &str)], body: &'static str, truncated| {
        let headers = headers.iter().map(|(name, value)| (*name, (*value).to_owned()));
        Fault::Answered(Answer {
            status,
            headers: headers.collect(),
            body: body.into(),
            truncated,
        })
    };
    let garbage = answer(200, &[], "garbage", false);
    match call.service {
        "dynamodb" => {
            let mut faults = vec![Fault::DiesAfter, garbage];
            // What only reads is asked again by the SDK.
            if call.what.contains("Write") || call.what.ends_with("UpdateItem") {
                faults.push(Fault::AnswerLost);
            }
            if call.what.ends_with("TransactWriteItems") {
                let conflict = r#"{"__type":"com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
                    "Message":"conflict","CancellationReasons":[{"Code":"TransactionConflict"}]}"#;
                faults.push(answer(
                    400,
                    &[("content-type", "application/x-amz-json-1.0")],
                    conflict,
                    false,
                ));
            }
            faults
        }
        "chat" => vec![
            Fault::DiesBefore,
            Fault::DiesAfter,
            Fault::AnswerLost,
            Fault::Refused,
            garbage,
        ],
        _ => {
            let used_up = [("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1772442900")];
            vec![
                Fault::DiesBefore,
                Fault::DiesAfter,
                Fault::AnswerLost,
                Fault::Refused,
                Fault::TimedOut,
                garbage,
                answer(200, &[], "[{\"id\": 1", true),
                answer(500, &[], "<html>", false),
                answer(429, &[("retry-after", "60")], "", false),
                answer(403, &used_up, "", false),
                answer(404, &[], "{\"message\": \"Not Found\"}", false),
                answer(422, &[], "{\"message\": \"Validation Failed\"}", false),
            ]
        }
    }
}

/// Whose life it is.
#[derive(Clone, Copy, Debug)]
enum Life {
    /// A hook elsewhere loses six deliveries in an outage; its receiver is well again when they are found.
    Elsewhere,
    /// A hook that points at us loses one to be redelivered, one to be pulled, and the answer to one that was taken.
    Here,
}

impl Life {
    async fn stage(self) -> HookStage {
        let mut stage = match self {
            Self::Elsewhere => HookStage::new().await,
            Self::Here => HookStage::pointing_here().await,
        };
        stage.stage.secrets["channels"] = json!([{"name": "team", "url": stage.stage.slack.url()}]);
        stage
    }

    /// What rings, as it begins.
    fn rings(self) -> &'static [&'static str] {
        match self {
            Self::Elsewhere => &[
                "Deliveries of repo∶acme/app∶1 arrive again",
                "Deliveries of repo∶acme/app∶1 fail",
            ],
            Self::Here => &[
                "alice opened acme/app",
                "Deliveries of repo∶acme/app∶1 arrive again",
                "Deliveries of repo∶acme/app∶1 fail",
            ],
        }
    }

    /// After how many minutes there is a pass, and whether the faults may befall it. The last are the schedule that goes
    /// on. A redelivery is listed three minutes late, and a pass comes before that.
    fn passes(self) -> &'static [(u64, bool)] {
        match self {
            Self::Elsewhere => &[(10, true), (10, true), (2, false), (10, true), (20, false), (70, false)],
            Self::Here => &[(10, true), (2, false), (10, true), (20, false), (70, false)],
        }
    }

    /// The faults befall the first process that makes so many calls.
    async fn run(self, stage: &HookStage, faults: &FaultPoint) {
        stage.emit().await;
        let answers: &[u16] = match self {
            Self::Elsewhere => &[0; 6],
            Self::Here => &[500, 413, 299],
        };
        for answer in answers {
            stage.answers(*answer);
            stage.emit().await;
        }
        stage.answers(200);
        stage.github.set_redelivery_lag(3 * 60_000);
        for (minutes, fails) in self.passes() {
            stage.stage.later(*minutes);
            let faults = if *fails { faults.clone() } else { FaultPoint::none() };
            stage.stage.pass_with(faults).await;
        }
    }
}

/// The shortest time between two redeliveries of a guid that GitHub was asked for, in minutes.
fn shortest_pause(stage: &HookStage) -> Option<i64> {
    let log = stage.github.deliveries(HOOK);
    let guids: HashMap<String, &str> = log.iter().map(|one| (one.id.to_string(), one.guid.as_str())).collect();
    let mut last = HashMap::new();
    let mut pauses = Vec::new();
    for request in stage.github.requests() {
        if let Some((_, id)) = request
            .path
            .strip_suffix("/attempts")
            .and_then(|path| path.rsplit_once('/'))
            && let Some(before) = last.insert(guids[id], request.at)
        {
            pauses.push((request.at - before) / 60_000);
        }
    }
    pauses.into_iter().min()
}

/// The calls, by number, that are not made between the same two as an earlier one.
fn situations(calls: &[Call], seen: &mut HashSet<[String; 3]>) -> Vec<usize> {
    let at = |number: Option<usize>| {
        number
            .and_then(|number| calls.get(number))
            .map_or_else(String::new, |call| format!("{} {}", call.service, call.what))
    };
    let around = |number: usize| [number.checked_sub(1), Some(number), Some(number + 1)].map(at);
    (0..calls.len()).filter(|&number| seen.insert(around(number))).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_call_of_a_redeliverys_life_fails_in_every_way_and_nothing_is_lost() {
    let mut seen = HashSet::new();
    let (mut count, mut possible) = (0, 0);
    for life in [Life::Elsewhere, Life::Here] {
        let calls = FaultPoint::counting();
        life.run(&life.stage().await, &calls).await;
        let calls = Arc::new(calls.calls());
        for service in ["github", "chat", "dynamodb"] {
            assert!(calls.iter().any(|call| call.service == service), "{service}");
        }
        let mut runs = JoinSet::new();
        let before = count;
        for number in situations(&calls, &mut seen) {
            for fault in faults(&calls[number]) {
                possible += 1;
                if !stage::all() && possible % SAMPLE != 0 {
                    continue;
                }
                // Two at a time: as many as a small machine has cores.
                if runs.len() == 2 {
                    runs.join_next().await.unwrap().unwrap();
                }
                runs.spawn(one_fault(life, calls.clone(), number, fault));
                count += 1;
            }
        }
        while let Some(run) = runs.join_next().await {
            run.unwrap();
        }
        println!(
            "{life:?}: {} calls, {} faults: nothing lost, nothing sent twice, all told",
            calls.len(),
            count - before,
        );
    }
    assert!(possible > 200 && count >= possible / SAMPLE, "{count} of {possible}");
}

async fn one_fault(life: Life, calls: Arc<Vec<Call>>, number: usize, fault: Fault) {
    let call = &calls[number];
    let story = format!("{life:?}: call {number} ({} {}), {fault:?}", call.service, call.what);
    let stage = life.stage().await;
    // Several are redelivered at once, so another call may come at this number: then nothing fails.
    let (expected, planned) = (call.clone(), fault.clone());
    let faults = FaultPoint::planned(move |n, call| (n == number && *call == expected).then(|| planned.clone()));
    life.run(&stage, &faults).await;
    let calls = faults.calls();

    if matches!(life, Life::Elsewhere) {
        assert_eq!(stage.github.lost(HOOK), Vec::<String>::new(), "{story}");
    }
    assert_eq!(stage.github.taken_twice(HOOK), Vec::<String>::new(), "{story}");
    let pause = shortest_pause(&stage);
    assert!(pause.is_none_or(|minutes| minutes >= 3), "{story}: {pause:?} minutes");

    let mut rung = BTreeMap::new();
    for text in stage.rung() {
        *rung.entry(text).or_insert(0) += 1;
    }
    let most = if may_repeat(&calls, number, &fault) { 2 } else { 1 };
    assert!(rung.values().all(|&times| times <= most), "{story}: {rung:?}");
    let expected = match life {
        Life::Elsewhere => 2,
        Life::Here => 4,
    };
    let known = rung
        .keys()
        .all(|text| life.rings().iter().any(|known| text.starts_with(known)));
    // A process that dies leaves an attempt whose outcome may yet show: what waits for that so long is told.
    let told = |text: &String| matches!(life, Life::Here) && text.starts_with("Deliveries of");
    let needed = rung.keys().filter(|text| !told(text)).count();
    assert!(known && needed == expected, "{story}: {rung:?}");

    let status = stage.stage.status().await;
    let hook = &status.hooks[0].state;
    assert!(
        hook.lost == 0 && !hook.pending && hook.episode.is_none(),
        "{story}: {hook:?}"
    );
    assert!(hook.reading.is_none() && !hook.breaker.is_open(), "{story}: {hook:?}");
    assert_eq!((status.channels[0].waiting, status.dead), (0, 0), "{story}: {status:?}");
    assert!(status.last_run.is_some_and(|run| run.complete), "{story}");
}

/// GitHub kills the process by SIGKILL while it answers the third redelivery that it was asked for; later passes go on with
/// its file.
#[tokio::test]
async fn a_process_killed_while_it_redelivers_loses_nothing_and_sends_nothing_twice() {
    const LOST: usize = 8;
    let home = TempDir::new().unwrap();
    let mut stage = HookStage::new().await;
    stage.stage.engine = embedded::Engine::open(&home.path().join("copperbell.db")).unwrap();
    // The process has the machine's clock.
    let now = Timestamp::now().duration_since(stage.stage.clock.now());
    stage.stage.clock.advance(now.try_into().unwrap());
    for answer in [[500; LOST], [200; LOST]].as_flattened() {
        stage.answers(*answer);
        stage.emit().await;
    }
    let secrets = home.path().join("secrets.json");
    std::fs::write(&secrets, json!({"github_token": "token", "channels": []}).to_string()).unwrap();
    std::fs::set_permissions(&secrets, Permissions::from_mode(0o600)).unwrap();

    let child: Arc<Mutex<Option<Child>>> = Arc::default();
    let (victim, asked) = (child.clone(), AtomicUsize::new(0));
    stage.github.script(HOOK, move |_| {
        if asked.fetch_add(1, Ordering::SeqCst) + 1 == 3 {
            let mut child = victim.lock().unwrap().take().unwrap();
            child.kill().unwrap();
            child.wait().unwrap();
        }
        Outcome::answered(200)
    });
    let mut command = Command::new(env!("CARGO_BIN_EXE_copperbell"));
    command
        .args(["redelivery", "run", "--secrets", "secrets.json", "--github-hooks", HOOK])
        .args(["--github-api-url", &stage.github.url()])
        .current_dir(home.path())
        .env_clear()
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    {
        let mut child = child.lock().unwrap();
        *child = Some(command.spawn().unwrap());
    }
    let killed = async {
        while child.lock().unwrap().is_some() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), killed)
        .await
        .expect("it redelivers, and is killed");
    let left = stage.github.lost(HOOK).len();
    assert!((1..LOST).contains(&left), "{left}");

    let healed = stage.passes(3).await;
    assert_eq!(stage.github.lost(HOOK), Vec::<String>::new());
    assert_eq!(stage.github.taken_twice(HOOK), Vec::<String>::new());
    assert_eq!((healed.lost, healed.recovered), (0, LOST));
    assert_eq!(stage.stage.status().await.hooks[0].state.lost, 0);
}
