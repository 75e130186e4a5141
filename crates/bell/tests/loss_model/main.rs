//! The redelivery ledger against a model: whatever a hook's log shows, and when, what was lost is asked for as the
//! promises say, and nothing else is.
//!
//! The model keeps every record and every ask of a guid, and judges them from scratch each time by sorting.

mod engine;
mod story;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chat::GiveUp;
use copperbell_bell::loss::{Loss, Standing};
use github::Record;
use jiff::Timestamp;
use proptest::prelude::*;
use proptest::sample::select;

use crate::engine::{Did, Engine, Outside};
use crate::story::{Answer, Pass, Story, What, any_story};

const HORIZON: Duration = Duration::from_hours(72);
const MINUTE: Duration = Duration::from_mins(1);

/// A guid was asked for.
#[derive(Debug)]
struct Ask {
    at: Timestamp,
    /// As an attempt, not as a probe.
    attempt: bool,
    refused: bool,
    /// Its newest failure then.
    newest: u64,
}

/// All that is known of a guid.
#[derive(Default, Debug)]
struct Known {
    records: Vec<Record>,
    /// Since it was last tried anew.
    asks: Vec<Ask>,
    asked_for: bool,
    given_up: Option<GiveUp>,
}

/// What all records of a guid together say.
#[derive(Debug, PartialEq)]
enum Verdict {
    Arrived,
    Lost {
        newest: u64,
        code: u16,
        since: Timestamp,
    },
    /// A redelivery of somebody failed, and nothing shows whether it ever arrived.
    LeftToTheHand,
}

fn judged(mut records: Vec<Record>, ours: bool) -> Verdict {
    records.sort_by_key(|record| (record.delivered_at, record.redelivery, record.id));
    if records
        .iter()
        .any(|record| (200..400).contains(&record.status_code) || record.status == "OK")
    {
        return Verdict::Arrived;
    }
    match (&records[..], records.last()) {
        ([first, ..], Some(last)) if ours || !first.redelivery => Verdict::Lost {
            newest: last.id,
            code: last.status_code,
            since: if first.redelivery {
                last.delivered_at
            } else {
                first.delivered_at
            },
        },
        _ => Verdict::LeftToTheHand,
    }
}

impl Known {
    fn verdict(&self, story: &Story) -> Verdict {
        judged(self.records.clone(), story.ours || self.asked_for)
    }

    fn attempts(&self) -> u32 {
        u32::try_from(self.asks.iter().filter(|ask| ask.attempt).count()).expect("few")
    }

    /// How long is it left alone after it was asked for last? 5 minutes, three times as long after each attempt, at most
    /// 6 hours; and 15 minutes while nothing shows of it.
    fn rests(&self, newest: u64, of_pause: f64) -> Option<Timestamp> {
        let last = self.asks.last()?;
        let minutes = match self.attempts() {
            0 | 1 => 5,
            2 => 15,
            3 => 45,
            4 => 135,
            _ => 360,
        };
        let pause = if last.attempt {
            (minutes * MINUTE).mul_f64(of_pause)
        } else {
            5 * MINUTE
        };
        let shows = if last.newest == newest {
            15 * MINUTE
        } else {
            Duration::ZERO
        };
        Some(last.at + pause.max(shows))
    }

    /// The last ask may still be under way, and to ask again could bring it twice. A probe is given 10 minutes.
    fn is_under_way(&self, newest: u64, now: Timestamp) -> bool {
        let shows = |ask: &Ask| if ask.attempt { 15 * MINUTE } else { 10 * MINUTE };
        let under_way = |ask: &Ask| !ask.refused && ask.newest == newest && now < ask.at + shows(ask);
        self.asks.last().is_some_and(under_way)
    }

    /// Was it right to do that?
    fn allows(&self, did: &Did, story: &Story, taken: bool, now: Timestamp) -> Result<(), String> {
        let verdict = self.verdict(story);
        let Verdict::Lost { newest, code, since } = verdict else {
            let left = verdict == Verdict::LeftToTheHand && matches!(did, Did::GaveUp(GiveUp::ByHand));
            return if left {
                Ok(())
            } else {
                Err(format!("it is {verdict:?}"))
            };
        };
        let over = now >= since + HORIZON;
        let rested = self.rests(newest, 0.75).is_none_or(|until| now >= until);
        let right = match did {
            Did::Redelivered(_) | Did::Probed(_) | Did::Pulled if over => false,
            Did::Redelivered(_) if story.ours && taken => false,
            Did::Redelivered(id) => *id == newest && rested && self.attempts() < story.attempts,
            Did::Pulled => story.ours && rested && self.attempts() < story.attempts,
            Did::Probed(id) => *id == newest && !self.is_under_way(newest, now),
            Did::GaveUp(GiveUp::TooOld) => over,
            Did::GaveUp(GiveUp::Attempts { .. } | GiveUp::Refused { .. }) => {
                rested && self.attempts() == story.attempts
            }
            Did::GaveUp(GiveUp::Conflict) => code == 409,
            Did::GaveUp(GiveUp::WrongSecret) => code == 401 && story.signed && !story.ours,
            Did::GaveUp(GiveUp::ByHand) => false,
            Did::Released => self.given_up == Some(GiveUp::WrongSecret),
        };
        if right {
            Ok(())
        } else {
            Err(format!("it is {verdict:?}, {self:?}"))
        }
    }

    /// Nothing stands in the way of asking for it: a receiver that may be up failed it, and it has rested.
    fn must_be_asked_for(&self, story: &Story, now: Timestamp) -> bool {
        let Verdict::Lost { newest, code, since } = self.verdict(story) else {
            return false;
        };
        let rested = self.rests(newest, 1.25).is_none_or(|until| now >= until);
        let ordinary = !matches!(code, 401 | 409);
        let is_open = matches!(self.given_up, None | Some(GiveUp::ByHand));
        let may = is_open && self.attempts() < story.attempts;
        may && rested && ordinary && now < since + HORIZON
    }

    fn note(&mut self, did: &Did, story: &Story, refused: bool, at: Timestamp) {
        let newest = match self.verdict(story) {
            Verdict::Lost { newest, .. } => newest,
            _ => 0,
        };
        match did {
            Did::Redelivered(_) | Did::Pulled | Did::Probed(_) => self.asks.push(Ask {
                at,
                attempt: !matches!(did, Did::Probed(_)),
                refused,
                newest,
            }),
            Did::GaveUp(reason) => self.given_up = Some(reason.clone()),
            Did::Released => self.anew(),
        }
    }

    fn anew(&mut self) {
        self.asks.clear();
        self.given_up = None;
    }
}

/// A story on its way.
struct Run<'a> {
    story: &'a Story,
    now: Timestamp,
    outside: Outside,
    engine: Engine,
    known: BTreeMap<String, Known>,
    /// The last probe, and when it was sent.
    probed: Option<(String, Timestamp)>,
}

impl<'a> Run<'a> {
    fn new(story: &'a Story) -> Self {
        Self {
            story,
            now: Timestamp::from_second(1_800_000_000).expect("a time"),
            outside: Outside {
                log: Vec::new(),
                answer: Answer::Fails(500),
                taken: BTreeSet::new(),
                refused: BTreeSet::new(),
            },
            engine: Engine::default(),
            known: BTreeMap::new(),
            probed: None,
        }
    }

    fn happen(&mut self, what: &What) -> Result<(), TestCaseError> {
        let listed = |late: &u16| self.now + MINUTE * u32::from(*late);
        match what {
            What::Delivered(guid, late) if !self.outside.knows(guid) => {
                self.outside.deliver(guid, false, self.now, listed(late));
            }
            What::ByHand(guid, late) if self.outside.knows(guid) => {
                self.outside.deliver(guid, true, self.now, listed(late));
            }
            What::Delivered(..) | What::ByHand(..) | What::Pass(Pass::Blind, _) => {}
            What::Answers(answer) => self.outside.answer = *answer,
            What::Refuses(guid) => _ = self.outside.refused.insert(guid),
            What::AskedFor(guid) => {
                let loss = self.engine.losses.get_mut(*guid);
                if let Some(loss) = loss.filter(|loss| loss.standing() != Standing::Well) {
                    loss.ask_for(self.now);
                    self.engine.state.lose(self.now);
                    let known = self.known.entry((*guid).to_owned()).or_default();
                    known.anew();
                    known.asked_for = true;
                }
            }
            What::Pass(pass, late) => {
                // The outcome of an ask is never listed in the pass that asks.
                let listed = listed(late) + Duration::from_secs(1);
                self.pass(*pass == Pass::Dies, listed)?;
            }
        }
        Ok(())
    }

    /// The log shows for the first time that the last probe got through, and fewer than five that failed since.
    fn is_up_again(&mut self, log: &[Record]) -> bool {
        let well = |record: &Record| judged(vec![record.clone()], true) == Verdict::Arrived;
        let is_probe = |record: &&Record| {
            let probe = |(guid, sent): &(String, Timestamp)| record.guid == *guid && record.delivered_at >= *sent;
            record.redelivery && self.probed.as_ref().is_some_and(probe)
        };
        let Some(through) = log.iter().filter(is_probe).rfind(|record| well(record)) else {
            return false;
        };
        self.probed = None;
        let since = log.iter().filter(|record| record.delivered_at >= through.delivered_at);
        since.filter(|record| !well(record)).count() < 5
    }

    fn pass(&mut self, dies: bool, listed: Timestamp) -> Result<(), TestCaseError> {
        let Self { story, now, .. } = *self;
        let log = self.outside.listed(now);
        // A success that nothing else was ever heard of needs no memory.
        let tells = |record: &&Record| record.redelivery || judged(vec![(*record).clone()], true) != Verdict::Arrived;
        for record in log.iter().filter(tells) {
            self.known.entry(record.guid.clone()).or_default();
        }
        for record in &log {
            if let Some(known) = self.known.get_mut(&record.guid)
                && known.records.iter().all(|seen| seen.id != record.id)
            {
                known.records.push(record.clone());
            }
        }
        let taken = self.outside.taken.clone();
        self.engine.did.clear();
        self.engine.read(&log, story, &taken, now);
        let breaker_was_open = self.engine.state.breaker.is_open();
        let is_up_again = self.is_up_again(&log);
        prop_assert!(
            !(breaker_was_open && is_up_again),
            "{}: a probe got through, and it is down",
            now
        );
        self.engine.work(dies, listed, story, &mut self.outside, now);

        let minute = now
            .duration_since(Timestamp::from_second(1_800_000_000).expect("a time"))
            .as_mins();
        let mut asked = BTreeSet::new();
        for (guid, did) in &self.engine.did {
            let known = self.known.entry(guid.clone()).or_default();
            let probe = matches!(did, Did::Probed(_));
            if matches!(did, Did::Redelivered(_)) || probe {
                prop_assert_eq!(breaker_was_open, probe, "minute {}: {}: {:?}", minute, guid, did);
            }
            // While the receiver is down nothing is held against a delivery, but the time that passes.
            if let Did::GaveUp(reason) = did {
                let whenever = matches!(reason, GiveUp::TooOld | GiveUp::ByHand);
                prop_assert!(whenever || !breaker_was_open, "minute {}: {}: {:?}", minute, guid, did);
            }
            if probe {
                self.probed = Some((guid.clone(), now));
            }
            if let Err(why) = known.allows(did, story, taken.contains(guid), now) {
                return Err(TestCaseError::fail(format!(
                    "minute {minute}: {guid}: {did:?}, but {why}"
                )));
            }
            if matches!(did, Did::Redelivered(_) | Did::Pulled) {
                asked.insert(guid.clone());
            }
        }
        for (guid, known) in &mut self.known {
            let arrived = story.ours && taken.contains(guid);
            if !breaker_was_open && !arrived && !asked.contains(guid) && known.must_be_asked_for(story, now) {
                return Err(TestCaseError::fail(format!(
                    "minute {minute}: {guid} is not asked for: {known:?}"
                )));
            }
            for (_, did) in self.engine.did.iter().filter(|(of, _)| of == guid) {
                known.note(did, story, self.outside.refused.contains(guid.as_str()), now);
            }
            // Our own table may know before the log does.
            if story.ours && self.outside.taken.contains(guid) {
                continue;
            }
            let verdict = known.verdict(story);
            let promised = match (&verdict, &known.given_up) {
                (Verdict::Arrived, _) => Standing::Well,
                (Verdict::Lost { .. }, None | Some(GiveUp::ByHand)) => Standing::Lost,
                (Verdict::Lost { .. }, Some(GiveUp::WrongSecret)) => Standing::Held,
                (Verdict::Lost { .. } | Verdict::LeftToTheHand, _) => Standing::GivenUp,
            };
            let standing = self.engine.losses.get(guid).map(Loss::standing);
            prop_assert_eq!(standing, Some(promised), "minute {}: {} is {:?}", minute, guid, verdict);
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 500,
        failure_persistence: None,
        max_shrink_iters: 20_000,
        ..ProptestConfig::default()
    })]

    #[test]
    fn over_any_log_what_is_asked_for_and_given_up_is_what_the_promises_say(story in any_story()) {
        let mut run = Run::new(&story);
        run.happen(&What::Pass(Pass::Whole, 0))?;
        for (later, what) in &story.moments {
            run.now += Duration::from_mins(*later);
            run.happen(what)?;
        }

        // The receiver is mended, and something new arrives: all that can be had comes back before the edge.
        run.outside.answer = Answer::Takes;
        run.outside.refused.clear();
        run.now += Duration::from_hours(1);
        run.happen(&What::Pass(Pass::Whole, 0))?;
        let has_time = |known: &Known| match known.verdict(&story) {
            Verdict::Lost { code, since, .. } => {
                code != 409 && since + HORIZON >= run.now + Duration::from_hours(12) && known.attempts() < story.attempts
                    && matches!(known.given_up, None | Some(GiveUp::WrongSecret | GiveUp::ByHand))
            }
            _ => false,
        };
        let due: Vec<_> = run.known.iter().filter(|(_, known)| has_time(known)).map(|(guid, _)| guid.clone()).collect();
        run.outside.deliver("new", false, run.now, run.now);
        let is_settled = |loss: &Loss| matches!(loss.standing(), Standing::Well | Standing::GivenUp);
        for _ in 0..80 {
            if run.engine.losses.values().all(is_settled) {
                break;
            }
            run.now += Duration::from_hours(1);
            run.happen(&What::Pass(Pass::Whole, 0))?;
        }
        for guid in due {
            prop_assert!(run.outside.taken.contains(&guid), "{} never came back: {:?}", guid, run.known[&guid]);
        }
        for (guid, loss) in &run.engine.losses {
            prop_assert!(is_settled(loss), "{} is {:?} in the end", guid, loss.standing());
        }
    }

    #[test]
    fn however_the_records_of_a_guid_are_listed_they_say_the_same(
        codes in prop::collection::vec((0..4i64, select(vec![200, 302, 0, 401, 500, 504])), 1..8),
        first_is_listed in any::<bool>(),
        listing in prop::collection::vec((any::<prop::sample::Index>(), any::<bool>()), 0..12),
        ours in any::<bool>(),
    ) {
        let mut outside = Run::new(&Story {
            ours, signed: true, attempts: 1, jitter: 0.0, oldest_first: false, moments: Vec::new(),
        }).outside;
        let mut at = Timestamp::from_second(1_800_000_000).expect("a time");
        for (number, (later, code)) in codes.iter().enumerate() {
            at += Duration::from_secs(u64::try_from(*later).expect("forward"));
            outside.answer = Answer::Fails(*code);
            outside.deliver("a", number > 0 || !first_is_listed, at, at);
        }
        let records: Vec<_> = outside.log.into_iter().map(|(_, record)| record).collect();
        let mut loss = Loss::default();
        // Some are listed in any order, some of them repeatedly, and things are judged in between; then all are listed.
        for (index, judge) in listing {
            loss.see(index.get(&records));
            if judge {
                loss.judge(ours, at);
            }
        }
        for record in records.iter().rev() {
            loss.see(record);
        }
        loss.judge(ours, at);
        let newest = loss.failed.map(|failed| failed.id);
        match judged(records, ours) {
            Verdict::Arrived => prop_assert_eq!(loss.standing(), Standing::Well),
            Verdict::LeftToTheHand => prop_assert_eq!(loss.standing(), Standing::Unjudged),
            Verdict::Lost { newest: lost, since, .. } => {
                prop_assert_eq!((loss.standing(), newest, loss.since()), (Standing::Lost, Some(lost), since));
            }
        }
    }
}
