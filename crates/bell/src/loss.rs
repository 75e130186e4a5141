//! A delivery that failed: what a hook's log tells of it, what was done about it, and what to do next.
//!
//! What the log tells is joined so that neither the order of its records nor reading one twice changes anything: GitHub
//! lists records late, and readings overlap.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;
use std::time::Duration;

use chat::GiveUp;
use github::{Failure, Record};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::wanted::Wanted;

/// How long after an attempt may the next be made? Three times as long after each.
const FIRST_PAUSE: Duration = Duration::from_mins(5);

/// And at most?
const LONGEST_PAUSE: Duration = Duration::from_hours(6);

/// How long after an attempt may GitHub list its outcome? While nothing shows, the next waits that long.
const SHOWS_WITHIN: Duration = Duration::from_mins(15);

/// After how many attempts is the payload of a delivery to ourselves pulled?
const PULL_AFTER: u32 = 3;

/// A guid is a UUID; what is far longer is none, and must fit a key.
const GUID_LENGTHS: RangeInclusive<usize> = 1..=100;

/// What is remembered of one guid of one hook: it failed at least once, or was redelivered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Loss {
    /// The event and its action: `issues.opened`, `push`.
    pub name: String,
    /// When it was delivered first, once a reading has seen that.
    #[serde(default)]
    pub first: Option<Timestamp>,
    /// The newest delivery of it that failed: the one to redeliver.
    #[serde(default)]
    pub failed: Option<Failed>,
    /// A delivery of it succeeded, or it was accepted some other way.
    #[serde(default)]
    pub succeeded: bool,
    /// When it was found to be lost.
    #[serde(default)]
    pub lost_at: Option<Timestamp>,
    /// Redeliveries and pulls begun.
    #[serde(default)]
    pub attempts: u32,
    /// When the last of them began, and the newest delivery that had failed then: as long as that is still the newest,
    /// the outcome is not listed.
    #[serde(default)]
    pub attempted: Option<(Timestamp, u64)>,
    /// The next is not begun before.
    #[serde(default)]
    pub next: Option<Timestamp>,
    /// A redelivery that we asked for was seen to fail.
    #[serde(default)]
    pub survived: bool,
    /// Can its signature be what is wrong? Known once that was looked up.
    #[serde(default)]
    pub signed: Option<bool>,
    /// What GitHub said when it refused to redeliver it.
    #[serde(default)]
    pub refused: Option<String>,
    /// Why it is no longer tried.
    #[serde(default)]
    pub given_up: Option<GiveUp>,
    /// Somebody asks for it: it is redelivered once more, whatever the receiver said.
    #[serde(default)]
    pub asked_for: bool,
}

/// A delivery that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failed {
    /// GitHub's id of it.
    pub id: u64,
    /// When it was made.
    pub at: Timestamp,
    /// Somebody asked for it.
    #[serde(default)]
    pub redelivery: bool,
    /// How it failed.
    pub failure: Failure,
}

/// What is known of how things are with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It arrived.
    Well,
    /// All that is known is a redelivery that failed: whether an earlier delivery succeeded is still to be read.
    Unjudged,
    /// It is to be got back.
    Lost,
    /// It is signed with a secret that the receiver does not have: it waits until that is mended.
    Held,
    /// It is no longer tried.
    GivenUp,
}

/// What to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing, or nothing yet.
    Nothing,
    /// Ask GitHub to redeliver it.
    Redeliver,
    /// Fetch its payload and take it as if it had arrived.
    Pull,
    /// Look whether it was signed: only then is a 401 the secret's fault.
    LookUp,
    /// Tell that it is given up.
    GiveUp(GiveUp),
}

/// How a hook's losses are treated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Treatment {
    /// How long after its first delivery does GitHub redeliver?
    pub horizon: Duration,
    /// How many attempts are made?
    pub attempts: u32,
    /// Is the hook's receiver we?
    pub points_here: bool,
    /// Has it been down for long?
    pub long_down: bool,
}

impl Loss {
    /// What a guid's records make of what was known of it.
    pub fn see(&mut self, record: &Record) {
        if self.name.is_empty() {
            self.name = name(record);
        }
        if !record.redelivery {
            self.first = Some(record.delivered_at);
        }
        if record.succeeded() {
            self.succeeded = true;
            return;
        }
        let failed = Failed {
            id: record.id,
            at: record.delivered_at,
            redelivery: record.redelivery,
            failure: record.failure(),
        };
        // GitHub's times are whole seconds.
        let newer = |known: Failed| (known.at, known.redelivery, known.id) < (failed.at, failed.redelivery, failed.id);
        if self.failed.is_none_or(newer) {
            self.survived |= record.redelivery && self.attempts > 0;
            self.failed = Some(failed);
        }
    }

    /// How things are with it.
    #[must_use]
    pub fn standing(&self) -> Standing {
        match &self.given_up {
            _ if self.succeeded => Standing::Well,
            Some(GiveUp::WrongSecret) => Standing::Held,
            Some(_) => Standing::GivenUp,
            None if self.lost_at.is_some() => Standing::Lost,
            None => Standing::Unjudged,
        }
    }

    /// Decides whether it is lost, as far as that can be decided: a failed redelivery proves nothing unless the first
    /// delivery was seen, or our own table would know of it.
    pub fn judge(&mut self, points_here: bool, now: Timestamp) {
        if self.failed.is_some() && (self.first.is_some() || points_here) {
            self.lost_at.get_or_insert(now);
            // It was left to whoever redelivered it only while its first delivery was not listed.
            self.given_up.take_if(|reason| *reason == GiveUp::ByHand);
        }
    }

    /// The oldest delivery known.
    #[must_use]
    pub fn since(&self) -> Timestamp {
        let known = self.first.or(self.failed.map(|failed| failed.at));
        known.or(self.lost_at).unwrap_or(Timestamp::UNIX_EPOCH)
    }

    /// When GitHub stops redelivering it.
    #[must_use]
    pub fn edge(&self, horizon: Duration) -> Timestamp {
        self.since().checked_add(horizon).unwrap_or(Timestamp::MAX)
    }

    /// What to do about it now.
    #[must_use]
    pub fn step(&self, treatment: &Treatment, now: Timestamp) -> Step {
        let standing = self.standing();
        let over = now >= self.edge(treatment.horizon);
        match (standing, self.failed) {
            // It was told when it was held.
            (Standing::Held, _) if over => Step::GiveUp(GiveUp::TooOld),
            (Standing::Lost, Some(failed)) => {
                if over {
                    return Step::GiveUp(GiveUp::TooOld);
                }
                if self.next.is_some_and(|next| now < next) || self.is_under_way(now) {
                    return Step::Nothing;
                }
                self.cure(failed.failure, treatment)
            }
            (Standing::Lost, None) => Step::GiveUp(GiveUp::TooOld),
            _ => Step::Nothing,
        }
    }

    /// Was it sent and may GitHub list the outcome yet? To send it again now could bring it twice.
    #[must_use]
    pub fn is_under_way(&self, now: Timestamp) -> bool {
        let newest = self.failed.map(|failed| failed.id);
        let unseen = self.attempted.filter(|(_, then)| Some(*then) == newest);
        let shown_by = unseen.and_then(|(attempted, _)| attempted.checked_add(SHOWS_WITHIN).ok());
        shown_by.is_some_and(|shown_by| now < shown_by)
    }

    fn cure(&self, failure: Failure, treatment: &Treatment) -> Step {
        if self.attempts >= treatment.attempts {
            return Step::GiveUp(match &self.refused {
                Some(said) => GiveUp::Refused { said: said.clone() },
                None => GiveUp::Attempts {
                    last: failure.to_string(),
                },
            });
        }
        match failure {
            // Lambda takes 6 MB; and what our secret did not verify, GitHub's API vouches for.
            Failure::Status(401 | 413) if treatment.points_here => Step::Pull,
            // Our front door may be shut, and we who read this are not.
            _ if treatment.points_here && (self.attempts >= PULL_AFTER || treatment.long_down) => Step::Pull,
            _ if self.asked_for => Step::Redeliver,
            Failure::Status(409) => Step::GiveUp(GiveUp::Conflict),
            Failure::Status(401) => match self.signed {
                None => Step::LookUp,
                Some(true) => Step::GiveUp(GiveUp::WrongSecret),
                Some(false) => Step::Redeliver,
            },
            _ => Step::Redeliver,
        }
    }

    /// An attempt begins. `jitter`, from 0 to 1, keeps what failed together from coming back together.
    pub fn attempt(&mut self, jitter: f64, now: Timestamp) {
        let pause = FIRST_PAUSE.saturating_mul(3u32.saturating_pow(self.attempts));
        let pause = pause.min(LONGEST_PAUSE).mul_f64(0.75 + jitter / 2.0);
        self.attempts = self.attempts.saturating_add(1);
        self.asked_for = false;
        self.attempted = self.failed.map(|failed| (now, failed.id));
        self.next = now.checked_add(pause).ok();
    }

    /// Something of its hook got through since: its signature is no longer what is wrong.
    pub fn release(&mut self) {
        self.try_again();
        self.signed = Some(false);
    }

    /// It is about to try a receiver that is down: no attempt, but nothing else is to send it meanwhile.
    pub fn probe(&mut self, now: Timestamp) {
        self.attempted = self.failed.map(|failed| (now, failed.id));
        self.next = self.next.max(now.checked_add(FIRST_PAUSE).ok());
    }

    /// Somebody asks for it, whatever was decided.
    pub fn ask_for(&mut self, now: Timestamp) {
        self.try_again();
        self.asked_for = true;
        self.survived = false;
        self.lost_at = Some(now);
    }

    /// It is tried anew, as if nothing had been tried.
    fn try_again(&mut self) {
        self.given_up = None;
        self.attempts = 0;
        self.attempted = None;
        self.next = None;
        self.signed = None;
        self.refused = None;
    }
}

/// The records of a page that matter, by guid: those of every delivery worth getting back that failed, or was
/// redelivered, at `floor` or later; and of every guid in `unjudged`, however old.
#[must_use]
pub fn by_guid<'a>(
    records: &'a [Record],
    floor: Timestamp,
    wanted: &Wanted,
    unjudged: &BTreeSet<String>,
) -> BTreeMap<&'a str, Vec<&'a Record>> {
    let matters = |record: &&Record| {
        let tells = !record.succeeded() || record.redelivery;
        let recent = record.delivered_at >= floor && GUID_LENGTHS.contains(&record.guid.len());
        let worth = tells && recent && wanted.matches(&record.event, record.action.as_deref());
        worth || unjudged.contains(&record.guid)
    };
    let mut by_guid: BTreeMap<&str, Vec<&Record>> = BTreeMap::new();
    for record in records.iter().filter(matters) {
        by_guid.insert(&record.guid, Vec::new());
    }
    for record in records {
        if let Some(records) = by_guid.get_mut(record.guid.as_str()) {
            records.push(record);
        }
    }
    by_guid
}

/// The event and its action, as routes and filters spell them.
#[must_use]
pub fn name(record: &Record) -> String {
    match &record.action {
        Some(action) => format!("{}.{action}", record.event),
        None => record.event.clone(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HOUR: i64 = 3600;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn record(second: i64, redelivery: bool, status_code: u16) -> Record {
        Record {
            id: u64::try_from(second).unwrap() + (1 << 60),
            guid: "g".to_owned(),
            delivered_at: at(second),
            redelivery,
            status: String::new(),
            status_code,
            event: "issues".to_owned(),
            action: Some("opened".to_owned()),
        }
    }

    fn seen(records: &[Record], points_here: bool) -> Loss {
        let mut loss = Loss::default();
        for record in records {
            loss.see(record);
        }
        loss.judge(points_here, at(HOUR));
        loss
    }

    const ELSEWHERE: Treatment = Treatment {
        horizon: Duration::from_hours(72),
        attempts: 12,
        points_here: false,
        long_down: false,
    };
    const HERE: Treatment = Treatment {
        points_here: true,
        ..ELSEWHERE
    };

    #[test]
    fn what_the_log_shows_of_a_guid_tells_how_it_stands() {
        for (records, elsewhere, here) in [
            (vec![record(1, false, 500)], Standing::Lost, Standing::Lost),
            (vec![record(1, false, 0)], Standing::Lost, Standing::Lost),
            (vec![record(1, false, 200)], Standing::Well, Standing::Well),
            // What was redirected arrived, whatever the word for it.
            (vec![record(1, false, 302)], Standing::Well, Standing::Well),
            (
                vec![record(1, false, 500), record(2, true, 200)],
                Standing::Well,
                Standing::Well,
            ),
            // It had been processed; a redelivery that fails takes nothing back.
            (
                vec![record(1, false, 200), record(2, true, 500)],
                Standing::Well,
                Standing::Well,
            ),
            // Without the first delivery a failed redelivery proves nothing, but our own table would know.
            (vec![record(2, true, 500)], Standing::Unjudged, Standing::Lost),
            (vec![record(2, true, 200)], Standing::Well, Standing::Well),
        ] {
            assert_eq!(seen(&records, false).standing(), elsewhere, "{records:?}");
            assert_eq!(seen(&records, true).standing(), here, "{records:?}");
        }
    }

    proptest! {
        #[test]
        fn neither_the_order_of_the_records_nor_reading_one_twice_changes_anything(
            codes in prop::collection::vec((0..50i64, any::<bool>(), prop_oneof![Just(0u16), Just(200), Just(401), Just(500)]), 1..8),
            shuffle in any::<prop::sample::Index>(),
        ) {
            let mut records: Vec<_> = codes.iter().map(|&(second, redelivery, code)| record(second, redelivery, code)).collect();
            // One moment has one delivery, and one delivery is the first.
            records.sort_by_key(|record| record.delivered_at);
            records.dedup_by_key(|record| record.delivered_at);
            for (index, record) in records.iter_mut().enumerate() {
                record.redelivery |= index > 0;
            }
            let once = seen(&records, false);
            let middle = shuffle.index(records.len());
            records.rotate_left(middle);
            records.extend_from_within(..middle);
            records.reverse();
            prop_assert_eq!(seen(&records, false), once);
        }
    }

    #[test]
    fn a_loss_is_redelivered_pulled_looked_up_or_given_up() {
        let lost = |code| seen(&[record(1, false, code)], false);
        let tried = |code, attempts| Loss { attempts, ..lost(code) };
        let signed = |signed| Loss {
            signed: Some(signed),
            ..lost(401)
        };
        let attempts = |last: &str| Step::GiveUp(GiveUp::Attempts { last: last.to_owned() });
        let conflict = Step::GiveUp(GiveUp::Conflict);
        let said = "no".to_owned();
        for (loss, elsewhere, here) in [
            (lost(500), Step::Redeliver, Step::Redeliver),
            (lost(0), Step::Redeliver, Step::Redeliver),
            (tried(500, 2), Step::Redeliver, Step::Redeliver),
            (tried(500, 3), Step::Redeliver, Step::Pull),
            (tried(500, 12), attempts("500"), attempts("500")),
            (tried(504, 12), attempts("no answer"), attempts("no answer")),
            (lost(409), conflict.clone(), conflict),
            (lost(413), Step::Redeliver, Step::Pull),
            (lost(401), Step::LookUp, Step::Pull),
            (signed(true), Step::GiveUp(GiveUp::WrongSecret), Step::Pull),
            (signed(false), Step::Redeliver, Step::Pull),
            (
                Loss {
                    refused: Some(said.clone()),
                    ..tried(500, 12)
                },
                Step::GiveUp(GiveUp::Refused { said: said.clone() }),
                Step::GiveUp(GiveUp::Refused { said }),
            ),
            (
                Loss {
                    next: Some(at(3 * HOUR)),
                    ..lost(500)
                },
                Step::Nothing,
                Step::Nothing,
            ),
            (
                Loss {
                    succeeded: true,
                    ..lost(500)
                },
                Step::Nothing,
                Step::Nothing,
            ),
            (
                Loss {
                    given_up: Some(GiveUp::Conflict),
                    ..lost(409)
                },
                Step::Nothing,
                Step::Nothing,
            ),
            (seen(&[record(1, true, 500)], false), Step::Nothing, Step::Nothing),
        ] {
            assert_eq!(loss.step(&ELSEWHERE, at(2 * HOUR)), elsewhere, "{loss:?}");
            assert_eq!(loss.step(&HERE, at(2 * HOUR)), here, "{loss:?}");
        }
    }

    #[test]
    fn what_somebody_asks_for_is_redelivered_once_whatever_was_decided() {
        let by_hand = seen(&[record(1, true, 500)], false);
        for loss in [
            seen(&[record(1, false, 409)], false),
            seen(&[record(1, false, 401)], false),
            by_hand,
        ] {
            let mut loss = Loss {
                given_up: Some(GiveUp::ByHand),
                ..loss
            };
            loss.ask_for(at(HOUR));
            assert_eq!(loss.step(&ELSEWHERE, at(HOUR)), Step::Redeliver);
            loss.attempt(0.5, at(HOUR));
            assert!(!loss.asked_for);
        }
    }

    #[test]
    fn what_was_left_to_the_hand_that_sent_it_is_lost_once_its_first_delivery_is_listed_late() {
        let mut loss = Loss {
            given_up: Some(GiveUp::ByHand),
            ..seen(&[record(2, true, 500)], false)
        };
        loss.see(&record(1, false, 500));
        loss.judge(false, at(HOUR));
        assert_eq!(loss.standing(), Standing::Lost);
    }

    #[test]
    fn while_our_own_front_door_is_shut_for_long_payloads_are_pulled() {
        let lost = seen(&[record(1, false, 502)], true);
        let down = |points_here| Treatment {
            points_here,
            long_down: true,
            ..ELSEWHERE
        };
        assert_eq!(lost.step(&down(true), at(2 * HOUR)), Step::Pull);
        assert_eq!(lost.step(&down(false), at(2 * HOUR)), Step::Redeliver);
    }

    #[test]
    fn three_days_after_its_first_delivery_a_loss_is_too_old_whatever_was_to_come() {
        let loss = seen(&[record(0, false, 500), record(30 * HOUR, true, 500)], false);
        let waiting = Loss {
            next: Some(at(100 * HOUR)),
            ..loss.clone()
        };
        let held = Loss {
            given_up: Some(GiveUp::WrongSecret),
            ..loss.clone()
        };
        for loss in [loss, waiting, held] {
            assert_ne!(loss.step(&ELSEWHERE, at(72 * HOUR - 1)), Step::GiveUp(GiveUp::TooOld));
            assert_eq!(loss.step(&ELSEWHERE, at(72 * HOUR)), Step::GiveUp(GiveUp::TooOld));
        }
    }

    #[test]
    fn attempts_are_spread_from_five_minutes_to_six_hours_over_two_days() {
        let mut loss = seen(&[record(0, false, 500)], false);
        let mut now = at(0);
        let mut pauses = Vec::new();
        for _ in 0..12 {
            loss.attempt(0.5, now);
            let next = loss.next.unwrap();
            pauses.push(next.duration_since(now).as_mins());
            now = next;
        }
        assert_eq!(pauses, [5, 15, 45, 135, 360, 360, 360, 360, 360, 360, 360, 360]);
        let jittered = |jitter| {
            let mut loss = Loss::default();
            loss.attempt(jitter, at(0));
            loss.next.unwrap().duration_since(at(0)).as_secs()
        };
        assert_eq!((jittered(0.0), jittered(1.0)), (225, 375));
    }

    #[test]
    fn a_probe_shortens_no_pause() {
        let mut loss = seen(&[record(1, false, 500)], false);
        for (next, after) in [(None, at(300)), (Some(at(HOUR)), at(HOUR))] {
            loss.next = next;
            loss.probe(at(0));
            assert_eq!(loss.next, Some(after));
        }
    }

    #[test]
    fn a_page_gives_the_records_of_those_guids_that_matter() {
        let of = |guid: &str, second, redelivery, code| Record {
            guid: guid.to_owned(),
            ..record(second, redelivery, code)
        };
        let long = "g".repeat(101);
        let records = [
            of("fine", 90, false, 200),
            of("failed", 80, false, 500),
            of("mended", 79, true, 200),
            of("failed", 70, true, 200),
            of("failed", 50, false, 500),
            of("unjudged", 20, false, 200),
            of("old", 10, false, 500),
            of("", 90, false, 500),
            of(&long, 90, false, 500),
        ];
        let unjudged = BTreeSet::from(["unjudged".to_owned()]);
        let found = by_guid(&records, at(60), &Wanted::default(), &unjudged);
        let counts: Vec<_> = found.iter().map(|(guid, records)| (*guid, records.len())).collect();
        assert_eq!(counts, [("failed", 3), ("mended", 1), ("unjudged", 1)]);
        let unwanted = Wanted::parse("push").unwrap();
        assert!(by_guid(&records, at(60), &unwanted, &BTreeSet::new()).is_empty());
    }
}
