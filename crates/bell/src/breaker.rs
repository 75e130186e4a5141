//! A receiver that is down: one delivery at a time tries it, and the others wait without spending their attempts.

use std::time::Duration;

use github::Record;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// How many of the newest deliveries tell whether a receiver is up?
pub const NEWEST: usize = 20;

/// How many of them must have failed before one stops?
const FAILED: usize = 5;

/// By when is a probe in the log? One that is not is sent again.
const PROBE_SHOWS_WITHIN: Duration = Duration::from_mins(10);

/// After how long does nobody wait for a receiver who has another way?
const LONG: Duration = Duration::from_mins(30);

/// How long after a probe that failed is the next one sent?
const PROBE_PAUSE: Duration = Duration::from_mins(4);

/// Whether a hook's receiver is down. Open: it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Breaker {
    /// Open since then.
    #[serde(default)]
    pub open_since: Option<Timestamp>,
    /// Deliveries up to then do not count: the receiver came back after them.
    #[serde(default)]
    counted_from: Option<Timestamp>,
    /// The redelivery that tries the receiver.
    #[serde(default)]
    probe: Option<Probe>,
}

/// A redelivery that tries the receiver.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Probe {
    guid: String,
    sent: Timestamp,
    failed: bool,
}

impl Breaker {
    /// Is it open?
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.open_since.is_some()
    }

    /// Has it been open for so long that nobody should wait for the receiver who has another way?
    #[must_use]
    pub fn is_long_open(&self, now: Timestamp) -> bool {
        let long = |since: Timestamp| since.checked_add(LONG).is_ok_and(|long| long <= now);
        self.open_since.is_some_and(long)
    }

    /// A record of the log: maybe the probe's.
    pub fn see(&mut self, record: &Record) {
        let Some(probe) = self.probe.as_mut().filter(|probe| probe.guid == record.guid) else {
            return;
        };
        // GitHub's clock may be a little behind ours.
        let after = probe.sent.checked_sub(Duration::from_mins(1)).unwrap_or(probe.sent);
        if !record.redelivery || record.delivered_at < after {
            return;
        }
        if record.succeeded() {
            self.close(record.delivered_at);
        } else {
            probe.failed = true;
        }
    }

    /// Judges the newest deliveries of a hook, [`NEWEST`] at most of those that still count. Open when 5 or more and over
    /// half of them failed; closed again when a probe got through or the newest mostly succeed.
    pub fn judge<'a>(&mut self, newest: impl IntoIterator<Item = &'a Record>, now: Timestamp) {
        let counted_from = self.counted_from;
        let counts = |record: &&Record| counted_from.is_none_or(|from| record.delivered_at > from);
        let mut newest: Vec<_> = newest.into_iter().filter(counts).collect();
        newest.sort_by_key(|record| std::cmp::Reverse(record.delivered_at));
        newest.truncate(NEWEST);
        let failed = newest.iter().filter(|record| !record.succeeded()).count();
        let mostly = failed * 2 > newest.len();
        match newest.first() {
            Some(_) if failed >= FAILED && mostly => {
                self.open_since.get_or_insert(now);
            }
            Some(latest) if self.is_open() && !mostly => self.close(latest.delivered_at),
            _ => {}
        }
    }

    fn close(&mut self, at: Timestamp) {
        *self = Self {
            counted_from: Some(at),
            ..Self::default()
        };
    }

    /// Is it time to try the receiver?
    #[must_use]
    pub fn wants_probe(&self, now: Timestamp) -> bool {
        let pause = |probe: &Probe| {
            if probe.failed { PROBE_PAUSE } else { PROBE_SHOWS_WITHIN }
        };
        let passed = |probe: &Probe| probe.sent.checked_add(pause(probe)).is_ok_and(|next| next <= now);
        self.is_open() && self.probe.as_ref().is_none_or(passed)
    }

    /// Which of two losses is the better probe? The next after the last one in the order of their guids, so that one that no
    /// receiver ever takes does not keep the breaker open.
    #[must_use]
    pub fn better_probe(&self, a: &str, b: &str) -> bool {
        let last = self.probe.as_ref().map_or("", |probe| probe.guid.as_str());
        (a <= last, a) < (b <= last, b)
    }

    /// A probe is about to be sent.
    pub fn probe(&mut self, guid: &str, now: Timestamp) {
        self.probe = Some(Probe {
            guid: guid.to_owned(),
            sent: now,
            failed: false,
        });
    }

    /// GitHub would not send the probe: another is tried.
    pub fn probe_refused(&mut self) {
        if let Some(probe) = &mut self.probe {
            probe.failed = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + minute * 60).unwrap()
    }

    fn record(minute: i64, guid: &str, redelivery: bool, status_code: u16) -> Record {
        Record {
            id: 1,
            guid: guid.to_owned(),
            delivered_at: at(minute),
            redelivery,
            status: String::new(),
            status_code,
            event: "push".to_owned(),
            action: None,
        }
    }

    fn log(codes: &[u16]) -> Vec<Record> {
        let codes = (0..).zip(codes);
        codes.map(|(minute, &code)| record(minute, "g", false, code)).collect()
    }

    #[test]
    fn it_opens_when_five_and_more_than_half_of_the_newest_twenty_failed() {
        let newest = |failed: usize, well: usize| [vec![500; failed], vec![200; well]].concat();
        for (codes, open) in [
            (newest(4, 0), false),
            (newest(5, 0), true),
            (newest(5, 5), false),
            (newest(6, 5), true),
            (newest(11, 9), true),
            // The eleventh that failed is the twenty-first.
            (newest(11, 10), false),
            (newest(0, 20), false),
        ] {
            let mut breaker = Breaker::default();
            breaker.judge(&log(&codes), at(60));
            assert_eq!(breaker.is_open(), open, "{codes:?}");
        }
    }

    #[test]
    fn a_probe_that_got_through_closes_it_and_what_failed_before_does_not_open_it_again() {
        let mut breaker = Breaker::default();
        let mut records = log(&[500; 20]);
        breaker.judge(&records, at(60));
        assert!(breaker.wants_probe(at(60)));
        breaker.probe("g", at(60));
        for (minute, redelivery, closed) in [
            (59, true, true),
            (58, true, false),
            (61, false, false),
            (61, true, true),
        ] {
            let mut breaker = breaker.clone();
            breaker.see(&record(minute, "g", redelivery, 200));
            assert_eq!(!breaker.is_open(), closed, "{minute} {redelivery}");
        }
        records.push(record(61, "g", true, 200));
        breaker.see(&records[20]);
        breaker.judge(&records, at(62));
        assert!(!breaker.is_open());
        records.extend((62..67).map(|minute| record(minute, "h", false, 500)));
        breaker.judge(&records, at(67));
        assert!(breaker.is_open(), "it fails anew");
    }

    #[test]
    fn it_closes_when_new_deliveries_arrive_again() {
        let mut breaker = Breaker::default();
        breaker.judge(&log(&[500; 10]), at(60));
        assert!(breaker.is_open());
        breaker.judge(&log(&[vec![500; 10], vec![200; 10]].concat()), at(61));
        assert!(!breaker.is_open());
    }

    #[test]
    fn a_probe_that_is_not_in_the_log_is_sent_again_after_ten_minutes_and_one_that_failed_sooner() {
        let mut breaker = Breaker::default();
        breaker.judge(&log(&[500; 10]), at(0));
        breaker.probe("g", at(0));
        let due = |breaker: &Breaker| (1..60).find(|&minute| breaker.wants_probe(at(minute)));
        assert_eq!(due(&breaker), Some(10));
        let mut failed = breaker.clone();
        failed.see(&record(0, "g", true, 500));
        assert_eq!(due(&failed), Some(4));
        breaker.probe_refused();
        assert_eq!(due(&breaker), Some(4));
    }

    #[test]
    fn probes_go_round_so_that_one_nobody_takes_keeps_nothing_up() {
        let mut breaker = Breaker::default();
        breaker.judge(&log(&[500; 10]), at(0));
        let mut probed = Vec::new();
        for _ in 0..4 {
            let best = ["b", "c", "a"].into_iter().reduce(
                |best, next| {
                    if breaker.better_probe(next, best) { next } else { best }
                },
            );
            breaker.probe(best.unwrap(), at(0));
            probed.push(best.unwrap());
        }
        assert_eq!(probed, ["a", "b", "c", "a"]);
    }
}
