//! What a write conditions on, and who gets a lease: on a table of our own.

use std::time::Duration;

use copperbell_state::{Acquired, Key, Lease, Table, TargetChange, TransactionError, Write, key};
use embedded::{Engine, http_client};
use jiff::Timestamp;
use outbound::{Clock, Outbound};

const MINUTE: Duration = Duration::from_mins(1);

struct Bench {
    table: Table,
    clock: Clock,
}

impl Bench {
    async fn new() -> Self {
        let clock = Clock::simulated("2026-03-02T09:00:00Z".parse().unwrap());
        let mut outbound = Outbound::new();
        outbound.clock = clock.clone();
        let http_client = http_client(Engine::memory().unwrap(), &outbound);
        let table = Table::in_process("copperbell", http_client, clock.clone());
        table.create_if_missing().await.unwrap();
        Self { table, clock }
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    async fn make(&self, write: Write) -> &'static str {
        made(self.table.transact(vec![write]).await)
    }

    async fn acquire(&self, tick: Option<Timestamp>) -> Acquired<String> {
        let until = self.now() + MINUTE;
        let acquired = self.table.acquire(key::channel("team"), "test", until, tick).await;
        acquired.unwrap()
    }

    async fn lease(&self) -> Lease {
        match self.acquire(None).await {
            Acquired::Ours(lease, _) => lease,
            other => panic!("{other:?}"),
        }
    }
}

fn made(result: Result<(), TransactionError>) -> &'static str {
    match result {
        Ok(()) => "made",
        Err(TransactionError::Changed) => "changed",
        Err(TransactionError::Table(error)) => panic!("{error}"),
    }
}

fn item() -> Key {
    key::delivery("guid")
}

fn put(rev: Option<u64>) -> Write {
    Write::put(item(), &"a document", rev).unwrap()
}

fn delete(rev: Option<u64>) -> Write {
    Write::Delete { key: item(), rev }
}

fn said(acquired: &Acquired<String>) -> &'static str {
    match acquired {
        Acquired::Ours(..) => "ours",
        Acquired::Held => "held",
        Acquired::Done => "done",
    }
}

/// In this order, on one item.
#[tokio::test]
async fn a_write_is_made_only_where_the_item_is_as_it_was_decided_from() {
    let bench = Bench::new().await;
    for (step, write, expected) in [
        ("there is none to replace", put(Some(1)), "changed"),
        ("there is none to delete", delete(None), "changed"),
        ("it is new", put(None), "made"),
        ("it is there already", put(None), "changed"),
        ("from its first revision", put(Some(1)), "made"),
        ("from one that was replaced", put(Some(1)), "changed"),
        ("deleted as it was before", delete(Some(1)), "changed"),
        ("from its second revision", put(Some(2)), "made"),
        ("deleted as it is", delete(Some(3)), "made"),
        ("it is gone", delete(Some(3)), "changed"),
    ] {
        assert_eq!(bench.make(write).await, expected, "{step}");
    }
}

#[tokio::test]
async fn of_a_transaction_with_one_stale_write_nothing_is_made() {
    let bench = Bench::new().await;
    bench.make(put(None)).await;
    let fresh = Write::put(key::body("digest"), &"guid", None).unwrap();
    let both = bench.table.transact(vec![fresh, put(None)]).await;
    assert_eq!(made(both), "changed");
    let stored = bench.table.get::<String>(&key::body("digest")).await.unwrap();
    assert_eq!(stored, None);
}

#[tokio::test]
async fn a_lease_is_had_by_one_at_a_time_until_its_time_is_over() {
    let bench = Bench::new().await;
    let mut first = bench.lease().await;
    assert_eq!(said(&bench.acquire(None).await), "held");
    let until = bench.now() + 2 * MINUTE;
    assert!(bench.table.renew(&mut first, until).await.unwrap());
    bench.clock.advance(MINUTE + Duration::from_secs(1));
    assert_eq!(said(&bench.acquire(None).await), "held");
    bench.clock.advance(MINUTE);
    assert_eq!(said(&bench.acquire(None).await), "ours");
}

#[tokio::test]
async fn who_lost_a_lease_changes_nothing_and_cannot_have_it_longer() {
    let bench = Bench::new().await;
    let mut lost = bench.lease().await;
    bench.clock.advance(2 * MINUTE);
    let ours = bench.lease().await;
    let doc = TargetChange::store(&"of the one that was frozen").unwrap();
    assert!(!bench.table.change(&lost, doc.clone()).await.unwrap());
    let until = bench.now() + MINUTE;
    assert!(!bench.table.renew(&mut lost, until).await.unwrap());
    assert_eq!(bench.make(lost.hold(doc)).await, "changed");
    assert_eq!(bench.make(lost.hold(TargetChange::default())).await, "changed");
    let doc = TargetChange::store(&"of the holder").unwrap().and_release();
    assert!(bench.table.change(&ours, doc).await.unwrap());
    let Acquired::Ours(_, Some(stored)) = bench.acquire(None).await else {
        panic!("it was given back");
    };
    assert_eq!(stored.doc, "of the holder");
}

#[tokio::test]
async fn who_gives_a_lease_back_hears_once_that_somebody_knocked() {
    let bench = Bench::new().await;
    let target = key::channel("team");
    assert!(!bench.table.knock(&target).await.unwrap(), "nobody is there");
    let quiet = bench.lease().await;
    assert!(!bench.table.release(&quiet).await.unwrap());
    assert!(!bench.table.knock(&target).await.unwrap(), "they have left");
    let busy = bench.lease().await;
    assert!(bench.table.knock(&target).await.unwrap());
    assert!(bench.table.release(&busy).await.unwrap());
    assert!(
        bench.table.release(&busy).await.unwrap(),
        "as if the first answer had been lost"
    );
    let next = bench.lease().await;
    assert!(!bench.table.release(&next).await.unwrap());
}

#[tokio::test]
async fn a_pass_that_has_finished_with_a_target_does_not_get_it_again_and_the_next_one_does() {
    let bench = Bench::new().await;
    let tick = bench.now();
    let Acquired::Ours(lease, _) = bench.acquire(Some(tick)).await else {
        panic!("nobody had it");
    };
    let finished = TargetChange::default().and_finish(tick);
    assert!(bench.table.change(&lease, finished).await.unwrap());
    assert_eq!(said(&bench.acquire(Some(tick)).await), "done");
    assert_eq!(said(&bench.acquire(Some(tick + MINUTE)).await), "ours");
}

#[tokio::test]
async fn a_lease_or_a_tick_from_a_clock_that_was_hours_ahead_holds_nobody_up() {
    let bench = Bench::new().await;
    bench.clock.advance(24 * 60 * MINUTE);
    let ahead = bench.now();
    let Acquired::Ours(lease, _) = bench.acquire(Some(ahead)).await else {
        panic!("nobody had it");
    };
    let finished = TargetChange::default().and_finish(ahead);
    assert!(bench.table.change(&lease, finished).await.unwrap());
    bench.lease().await;
    bench.clock.turn_back(24 * 60 * MINUTE);
    assert_eq!(said(&bench.acquire(Some(bench.now())).await), "ours");
}
