//! GitHub with its log, and the engine, driven as the redelivery job drives it.

use std::collections::{BTreeMap, BTreeSet};

use chat::GiveUp;
use copperbell_bell::hook::HookState;
use copperbell_bell::loss::{Loss, Standing, Step, Treatment, by_guid};
use copperbell_bell::review::Review;
use copperbell_bell::wanted::Wanted;
use github::{HookRef, Record};
use jiff::Timestamp;

use crate::HORIZON;
use crate::story::{Answer, Guid, Story};

const PAGE: usize = 8;

/// GitHub and the receiver.
pub(crate) struct Outside {
    /// Each record with the moment from which it is listed.
    pub(crate) log: Vec<(Timestamp, Record)>,
    pub(crate) answer: Answer,
    pub(crate) taken: BTreeSet<String>,
    pub(crate) refused: BTreeSet<Guid>,
}

impl Outside {
    pub(crate) fn deliver(&mut self, guid: &str, redelivery: bool, now: Timestamp, listed: Timestamp) {
        let (status_code, status) = self.answer.recorded();
        if self.answer.takes() {
            self.taken.insert(guid.to_owned());
        }
        let number = u64::try_from(self.log.len()).expect("a short log") + 1;
        let record = Record {
            // In no order, and more than a double holds.
            id: number.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1 << 60,
            guid: guid.to_owned(),
            delivered_at: now,
            redelivery,
            status: status.to_owned(),
            status_code,
            event: "push".to_owned(),
            action: None,
        };
        self.log.push((listed, record));
    }

    pub(crate) fn knows(&self, guid: &str) -> bool {
        self.log.iter().any(|(_, record)| record.guid == guid)
    }

    /// The log as it is listed: three days, newest first.
    pub(crate) fn listed(&self, now: Timestamp) -> Vec<Record> {
        let shown = |(listed, record): &&(Timestamp, Record)| *listed <= now && record.delivered_at + HORIZON >= now;
        let mut records: Vec<_> = self
            .log
            .iter()
            .filter(shown)
            .map(|(_, record)| record.clone())
            .collect();
        records.sort_by_key(|record| std::cmp::Reverse((record.delivered_at, record.id)));
        records
    }
}

/// What a pass did, in the order it did it.
#[derive(Clone, Debug)]
pub(crate) enum Did {
    Redelivered(u64),
    Pulled,
    Probed(u64),
    GaveUp(GiveUp),
    Released,
}

/// The engine, driven as the redelivery job drives it.
#[derive(Default)]
pub(crate) struct Engine {
    pub(crate) state: HookState,
    pub(crate) losses: BTreeMap<String, Loss>,
    pub(crate) did: Vec<(String, Did)>,
}

impl Engine {
    pub(crate) fn read(&mut self, log: &[Record], story: &Story, taken: &BTreeSet<String>, now: Timestamp) {
        let hook: HookRef = "repo:acme/app:1".parse().expect("a hook");
        let (floor, _) = self.state.floor(&hook, None, HORIZON, now);
        let mut unjudged = BTreeSet::new();
        for (number, page) in log.chunks(PAGE).enumerate() {
            let newest = page
                .iter()
                .map(|record| record.delivered_at)
                .max()
                .expect("no page is empty");
            let mut page = page.to_vec();
            if story.oldest_first {
                page.reverse();
            }
            for record in &page {
                self.state.see(record);
            }
            if number == 0 {
                self.state.breaker.judge(&page, now);
                self.state.read_until = self.state.read_until.max(Some(newest.min(now)));
            }
            for (guid, records) in by_guid(&page, floor, &Wanted::default(), &unjudged.clone()) {
                let before = self.losses.get(guid);
                let mut loss = before.cloned().unwrap_or_default();
                for record in records {
                    loss.see(record);
                }
                if story.ours && taken.contains(guid) {
                    if before.is_none() {
                        continue;
                    }
                    loss.succeeded = true;
                }
                loss.judge(story.ours, now);
                match loss.standing() {
                    Standing::Unjudged => unjudged.insert(guid.to_owned()),
                    _ => unjudged.remove(guid),
                };
                if loss.standing() == Standing::Lost {
                    self.state.lose(now);
                }
                self.losses.insert(guid.to_owned(), loss);
            }
            if unjudged.is_empty() && newest < floor {
                break;
            }
        }
        self.state.read_until.get_or_insert(now);
        self.state.last_good = Some(now);
        for guid in unjudged {
            self.losses.entry(guid.clone()).or_default().given_up = Some(GiveUp::ByHand);
            self.did.push((guid, Did::GaveUp(GiveUp::ByHand)));
        }
    }

    pub(crate) fn work(&mut self, dies: bool, listed: Timestamp, story: &Story, outside: &mut Outside, now: Timestamp) {
        let treatment = Treatment {
            horizon: HORIZON,
            attempts: story.attempts,
            points_here: story.ours,
            long_down: self.state.breaker.is_long_open(now),
        };
        let mut review = Review::new(&self.state, treatment, now);
        for (guid, loss) in &mut self.losses {
            if let Some(after) = review.look(guid, loss) {
                let did = after.given_up.clone().map_or(Did::Released, Did::GaveUp);
                self.did.push((guid.clone(), did));
                *loss = after;
            }
        }
        let findings = review.findings();
        for guid in findings.due {
            let loss = self.losses.get_mut(&guid).expect("it was looked at");
            if story.ours && outside.taken.contains(&guid) {
                loss.succeeded = true;
                continue;
            }
            let id = loss.failed.expect("what is due failed").id;
            match loss.step(&treatment, now) {
                Step::Redeliver => {
                    loss.attempt(story.jitter, now);
                    self.did.push((guid.clone(), Did::Redelivered(id)));
                    if dies {
                    } else if outside.refused.contains(guid.as_str()) {
                        loss.refused = Some("no".to_owned());
                    } else {
                        loss.refused = None;
                        outside.deliver(&guid, true, now, listed);
                    }
                }
                Step::Pull => {
                    loss.attempt(story.jitter, now);
                    self.did.push((guid.clone(), Did::Pulled));
                    if !dies {
                        loss.succeeded = true;
                        outside.taken.insert(guid);
                    }
                }
                Step::LookUp => loss.signed = Some(story.signed),
                Step::Nothing | Step::GiveUp(_) => {}
            }
        }
        if let Some(guid) = findings.probe.filter(|guid| !self.losses[guid].succeeded) {
            let loss = self.losses.get_mut(&guid).expect("it was looked at");
            loss.probe(now);
            self.state.breaker.probe(&guid, now);
            self.did
                .push((guid.clone(), Did::Probed(loss.failed.expect("it is lost").id)));
            if outside.refused.contains(guid.as_str()) {
                self.state.breaker.probe_refused();
            } else if !dies {
                outside.deliver(&guid, true, now, listed);
            }
        }
    }
}
