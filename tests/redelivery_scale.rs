//! Thousands of lost deliveries of one hook: how fast they come back, and what that costs.

mod stage;

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use github::HookRef;
use outbound::{Deadline, FaultPoint};
use serde_json::json;
use stage::hooks::{HOOK, HookStage, issue_opened};
use tempfile::TempDir;
use world::Outcome;

/// A pass every ten minutes, which must have ended when the next begins.
const EVERY: Duration = Duration::from_mins(10);

/// Writes deliveries into the log that failed, four seconds apart, and 20 that did not after them: the receiver is well
/// again.
fn lose(stage: &HookStage, lost: usize) {
    let now = stage.stage.clock.now().as_millisecond();
    let all = lost + 20;
    let event = issue_opened();
    for number in 0..all {
        let at = now - i64::try_from(all - number).unwrap() * 4000;
        let outcome = Outcome::answered(if number < lost { 503 } else { 200 });
        stage.github.record(HOOK, event.clone().at(at), outcome);
    }
}

/// How many pages of the log were read, and what redeliveries were answered.
fn asked(stage: &HookStage) -> (usize, Vec<Option<u16>>) {
    let requests = stage.github.requests();
    let pages = requests.iter().filter(|request| request.path.ends_with("/deliveries"));
    let posts = requests.iter().filter(|request| request.path.ends_with("/attempts"));
    (pages.count(), posts.map(|request| request.status).collect())
}

/// Resident memory of this process, in MB.
fn resident() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: usize = statm.split(' ').nth(1).unwrap().parse().unwrap();
    pages * 4096 / 1_000_000
}

#[tokio::test]
async fn thousands_of_lost_deliveries_come_back_once_as_fast_as_github_allows() {
    let lost = if stage::all() { 10_000 } else { 500 };
    let mut stage = HookStage::new().await;
    let home = TempDir::new().unwrap();
    // The table is on a disk, so that it is not counted as memory.
    let engine = embedded::Engine::open(&home.path().join("copperbell.db")).unwrap();
    stage.stage.go_on_with(engine).await;
    lose(&stage, lost);
    let begin = stage.stage.clock.now();
    let mut memory = vec![resident()];
    let mut pages = Vec::new();
    let mut ended = begin;
    while !stage.github.lost(HOOK).is_empty() {
        let pass = u32::try_from(pages.len()).unwrap();
        assert!(pass < 18, "three hours");
        let started = begin + EVERY * pass;
        let left = Duration::try_from(started.duration_since(stage.stage.clock.now())).unwrap();
        stage.stage.clock.advance(left);
        let before = asked(&stage).0;
        let report = stage.stage.pass_until(Deadline::at(started + EVERY)).await;
        assert!(report.complete && report.ended <= started + EVERY, "{report:#?}");
        ended = report.ended;
        memory.push(resident());
        pages.push(asked(&stage).0 - before);
    }
    let took = ended.duration_since(begin);
    // What GitHub allows: 5,000 requests at once, as many an hour later, and the rest an hour after that.
    let floor = 2.0 * 3600.0;
    let (read, posts) = asked(&stage);
    let busiest = stage.github.posts_in_busiest_minute();
    println!(
        "{lost} redeliveries in {took:#}; {busiest} in the busiest minute; pages read: {read}, a pass \
         {pages:?}; memory, in MB: {memory:?}"
    );
    assert_eq!(stage.github.taken_twice(HOOK), Vec::<String>::new());
    assert_eq!(
        posts,
        vec![Some(202); lost],
        "none is refused, and none is asked for twice"
    );
    if stage::all() {
        assert!(took.as_secs_f64() < floor * 1.1, "{took:#}");
    }
    assert!(busiest < 180, "{busiest}");
    // The log once; then what is new and the hour before that: 5,000 redeliveries and 900 deliveries, and the rest of the hour they came in.
    assert_eq!(pages[0], lost / 100 + 1);
    assert!(pages[1..].iter().all(|&pages| pages <= 72), "{pages:?}");
    // The stand-in, which keeps 20,000 deliveries and 11,000 requests of them, and the table's engine are in this process,
    // too; after the first pass nothing but that grows.
    let most = memory.iter().max().unwrap();
    assert!(most - memory[0] < 96 && most - memory[1] < 24, "{memory:?}");
    stage.stage.later(10);
    assert_eq!(stage.pass().await.redelivered, 0);
    let rung = stage.rung();
    if stage::all() {
        let [fail, well] = rung.as_slice() else {
            panic!("{rung:?}");
        };
        assert!(fail.ends_with(" fail") && well.contains("arrive again"), "{rung:?}");
    } else {
        assert!(rung.len() <= 2, "{rung:?}");
    }
}

/// An Enterprise Server that sets no limit, and takes 50 ms for each request in real time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_limit_redeliveries_are_ten_times_as_fast_as_one_after_the_other() {
    const LOST: u32 = 400;
    const LATENCY: Duration = Duration::from_millis(50);
    let mut stage = HookStage::new().await;
    let url = stage.github.enterprise_url();
    stage.stage.set("GITHUB_API_URL", &url);
    stage.stage.secrets["channels"] = json!([]);
    stage.github.unlimited();
    stage.github.set_latency(LATENCY);
    lose(&stage, LOST as usize);

    // One after the other, a few of them, on a connection that is open.
    let (context, _) = stage.stage.process(FaultPoint::none());
    let hook: HookRef = HOOK.parse().unwrap();
    let well = stage.github.deliveries(HOOK).pop().unwrap();
    let ask = || {
        context
            .github
            .redeliver(&context.outbound, &hook, well.id, Duration::from_secs(10))
    };
    ask().await.unwrap();
    let begin = Instant::now();
    for _ in 0..5 {
        ask().await.unwrap();
    }
    let one_by_one = begin.elapsed() / 5 * LOST;

    let times: Arc<Mutex<Vec<Instant>>> = Arc::default();
    let taken = times.clone();
    stage.github.script(HOOK, move |_| {
        taken.lock().unwrap().push(Instant::now());
        Outcome::answered(200)
    });
    let report = stage.pass().await;
    assert_eq!(report.redelivered, LOST as usize);
    assert_eq!(stage.github.lost(HOOK), Vec::<String>::new());
    let times = times.lock().unwrap();
    let took = times.last().unwrap().duration_since(times[0]) + LATENCY;
    println!("{LOST} redeliveries: {took:.1?}; one after the other {one_by_one:.1?}");
    assert!(took * 10 <= one_by_one, "{took:?}, one after the other {one_by_one:?}");
}
