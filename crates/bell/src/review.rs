//! All losses of a hook, looked through one by one: which to give up, which are due, and what they add up to.

use std::collections::BTreeSet;

use chat::GiveUp;
use jiff::Timestamp;

use crate::hook::{HookState, Tally};
use crate::loss::{Loss, Standing, Step, Treatment};

/// How many losses may one review change? Each that is given up is told; the next review goes on.
const CHANGED_AT_ONCE: usize = 500;

/// How many may be due? An hour's worth of GitHub's limit.
const DUE_AT_ONCE: usize = 10_000;

/// A look through all losses of a hook.
#[derive(Debug)]
pub struct Review<'a> {
    state: &'a HookState,
    treatment: Treatment,
    now: Timestamp,
    changed: usize,
    tally: Tally,
    due: BTreeSet<(Timestamp, String)>,
    probe: Option<String>,
}

/// What a review found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// What the losses add up to.
    pub tally: Tally,
    /// The guids whose next step is due, those longest lost first; only what is pulled while the receiver is down.
    pub due: Vec<String>,
    /// The guid that is to try the receiver, if it is down and a try is due.
    pub probe: Option<String>,
}

impl<'a> Review<'a> {
    /// Nothing was looked at yet.
    #[must_use]
    pub fn new(state: &'a HookState, treatment: Treatment, now: Timestamp) -> Self {
        Self {
            state,
            treatment,
            now,
            changed: 0,
            tally: Tally::default(),
            due: BTreeSet::new(),
            probe: None,
        }
    }

    /// Looks at one loss. If it changes, returns what it becomes: given up, or tried anew.
    pub fn look(&mut self, guid: &str, loss: &Loss) -> Option<Loss> {
        let changed = self.change(loss).filter(|_| self.changed < CHANGED_AT_ONCE);
        self.changed += usize::from(changed.is_some());
        let after = changed.as_ref().unwrap_or(loss);
        let episode = self.state.episode.as_ref();
        self.tally.add(after, episode, self.treatment.horizon, self.now);
        let breaker = &self.state.breaker;
        if breaker.wants_probe(self.now)
            && matches!(after.standing(), Standing::Lost | Standing::Held)
            && !after.is_under_way(self.now)
            && self.probe.as_ref().is_none_or(|best| breaker.better_probe(guid, best))
        {
            self.probe = Some(guid.to_owned());
        }
        let step = after.step(&self.treatment, self.now);
        let is_due = match step {
            Step::Redeliver | Step::LookUp => !breaker.is_open(),
            // That needs no receiver.
            Step::Pull => true,
            Step::Nothing | Step::GiveUp(_) => false,
        };
        if is_due {
            self.due.insert((after.since(), guid.to_owned()));
            if self.due.len() > DUE_AT_ONCE {
                self.due.pop_last();
            }
        }
        changed
    }

    fn change(&self, loss: &Loss) -> Option<Loss> {
        let mut after = loss.clone();
        match loss.step(&self.treatment, self.now) {
            // While the receiver is down nothing is held against a delivery, but the time that passes.
            Step::GiveUp(reason) if reason == GiveUp::TooOld || !self.state.breaker.is_open() => {
                after.given_up = Some(reason);
            }
            // Something of this hook got through since: the secret is right again.
            _ if loss.standing() == Standing::Held
                && self.state.newest_success > loss.failed.map(|failed| failed.at) =>
            {
                after.release();
            }
            _ => return None,
        }
        Some(after)
    }

    /// What it found.
    #[must_use]
    pub fn findings(self) -> Findings {
        Findings {
            tally: self.tally,
            due: self.due.into_iter().map(|(_, guid)| guid).collect(),
            probe: self.probe,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use github::Failure;

    use super::*;
    use crate::loss::Failed;

    const TREATMENT: Treatment = Treatment {
        horizon: Duration::from_hours(72),
        attempts: 12,
        points_here: false,
        long_down: false,
    };

    fn at(hour: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + hour * 3600).unwrap()
    }

    fn lost(hour: i64, status: u16) -> Loss {
        Loss {
            first: Some(at(hour)),
            lost_at: Some(at(hour)),
            failed: Some(Failed {
                id: 1,
                at: at(hour),
                redelivery: false,
                failure: Failure::Status(status),
            }),
            ..Loss::default()
        }
    }

    #[test]
    fn the_longest_lost_are_due_first_and_one_of_them_tries_a_receiver_that_is_down() {
        let mut state = HookState::default();
        let waiting = Loss {
            next: Some(at(11)),
            ..lost(1, 500)
        };
        let losses = [
            ("b", lost(2, 500)),
            ("a", lost(3, 500)),
            ("c", lost(1, 0)),
            ("d", waiting),
        ];
        let found = |state: &HookState| {
            let mut review = Review::new(state, TREATMENT, at(10));
            for (guid, loss) in &losses {
                assert_eq!(review.look(guid, loss), None);
            }
            review.findings()
        };
        let Findings { due, probe, .. } = found(&state);
        assert_eq!((due.join(" ").as_str(), probe.as_deref()), ("c b a", None));
        state.breaker.open_since = Some(at(9));
        let Findings { due, probe, .. } = found(&state);
        assert_eq!((due.join(" ").as_str(), probe.as_deref()), ("", Some("a")));
    }

    #[test]
    fn what_may_still_be_on_its_way_does_not_try_the_receiver() {
        let mut state = HookState::default();
        state.breaker.open_since = Some(at(9));
        let mut sent = lost(1, 500);
        sent.attempt(0.5, at(10));
        for (minute, probe) in [(14, None), (15, Some("a"))] {
            let mut review = Review::new(&state, TREATMENT, at(10) + Duration::from_mins(minute));
            assert_eq!(review.look("a", &sent), None);
            assert_eq!(review.findings().probe.as_deref(), probe, "after {minute} minutes");
        }
    }

    #[test]
    fn what_is_pulled_needs_no_receiver() {
        let here = Treatment {
            points_here: true,
            ..TREATMENT
        };
        let mut state = HookState::default();
        state.breaker.open_since = Some(at(9));
        let mut review = Review::new(&state, here, at(10));
        for (guid, status) in [("a", 500), ("b", 401)] {
            assert_eq!(review.look(guid, &lost(1, status)), None);
        }
        assert_eq!(review.findings().due, ["b"]);
    }

    #[test]
    fn a_conflict_is_given_up_but_not_while_the_receiver_is_down() {
        let mut state = HookState::default();
        let conflict = lost(1, 409);
        let given_up = Review::new(&state, TREATMENT, at(10)).look("a", &conflict);
        assert_eq!(given_up.and_then(|loss| loss.given_up), Some(GiveUp::Conflict));
        state.breaker.open_since = Some(at(9));
        assert_eq!(Review::new(&state, TREATMENT, at(10)).look("a", &conflict), None);
        let too_old = Review::new(&state, TREATMENT, at(80)).look("a", &conflict);
        assert_eq!(too_old.and_then(|loss| loss.given_up), Some(GiveUp::TooOld));
    }

    #[test]
    fn what_was_held_for_a_wrong_secret_is_tried_anew_once_something_gets_through() {
        let held = Loss {
            given_up: Some(GiveUp::WrongSecret),
            signed: Some(true),
            attempts: 1,
            ..lost(1, 401)
        };
        let mut state = HookState::default();
        assert_eq!(Review::new(&state, TREATMENT, at(10)).look("a", &held), None);
        state.newest_success = Some(at(2));
        let mut review = Review::new(&state, TREATMENT, at(10));
        let tried = review.look("a", &held);
        assert_eq!(
            tried.as_ref().map(|loss| (loss.standing(), loss.attempts)),
            Some((Standing::Lost, 0))
        );
        assert_eq!(tried.unwrap().step(&TREATMENT, at(10)), Step::Redeliver);
        assert_eq!(review.findings().due, ["a"]);
    }

    #[test]
    fn no_more_than_five_hundred_are_given_up_at_once() {
        let state = HookState::default();
        let mut review = Review::new(&state, TREATMENT, at(80));
        let loss = lost(1, 500);
        let given_up = (0..2000)
            .filter(|n| review.look(&n.to_string(), &loss).is_some())
            .count();
        assert_eq!(given_up, 500);
    }
}
