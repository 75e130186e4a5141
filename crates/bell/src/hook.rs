//! A hook whose delivery log is read: how far, how its deliveries fare, and what to say of that.

use std::collections::BTreeMap;
use std::time::Duration;

use chat::{Expiring, Fact, Gap, HookFailing, HookRecovered, HookTrouble, SilentHook};
use github::{HookRef, Record};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::breaker::Breaker;
use crate::loss::{Loss, Standing};
use crate::streak::Streak;

/// How long after its `delivered_at` may GitHub list a delivery? Readings overlap by this.
const LISTED_WITHIN: Duration = Duration::from_hours(1);

/// How far does the first reading of a hook go back?
const FIRST_LOOK: Duration = Duration::from_hours(24);

/// How often is a hook's own setup looked at?
const SETUP_EVERY: Duration = Duration::from_hours(1);

/// How often is a hook that points at us pinged?
const PING_EVERY: Duration = Duration::from_hours(24);

/// By when must the ping have arrived?
const PING_ARRIVES_WITHIN: Duration = Duration::from_mins(10);

/// How long may a delivery be lost before that is told, though nothing says that its receiver is in trouble?
const TOLD_AFTER: Duration = Duration::from_mins(30);

/// How many losses make an outage of what was told as less?
const OUTAGE: u32 = 5;

/// At what part of the horizon before its edge is a loss warned of? A sixth: 12 hours of 3 days.
const WARNING: u32 = 6;

/// How often is it warned?
const WARN_EVERY: Duration = Duration::from_hours(12);

/// What is remembered of a hook between passes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HookState {
    /// The last reading that reached its end.
    #[serde(default)]
    pub last_good: Option<Timestamp>,
    /// Readings that failed since.
    #[serde(flatten)]
    pub streak: Streak,
    /// Every delivery up to then has been read, but for those that GitHub lists late.
    #[serde(default)]
    pub read_until: Option<Timestamp>,
    /// A reading that did not reach its end.
    #[serde(default)]
    pub reading: Option<Reading>,
    /// The newest delivery.
    #[serde(default)]
    pub newest: Option<Timestamp>,
    /// The newest delivery that succeeded.
    #[serde(default)]
    pub newest_success: Option<Timestamp>,
    /// Is the receiver down?
    #[serde(default)]
    pub breaker: Breaker,
    /// Deliveries are lost and not all of them back, since then.
    #[serde(default)]
    pub episode: Option<Episode>,
    /// Some of its losses may be open. Never false while one is.
    #[serde(default)]
    pub pending: bool,
    /// Losses that were open after the last pass.
    #[serde(default)]
    pub lost: u32,
    /// Losses that were given up, as far as they are still remembered.
    #[serde(default)]
    pub given_up: u32,
    /// How the hook was set up when that was last looked at.
    #[serde(default)]
    pub setup: Option<Setup>,
    /// The last ping sent through it.
    #[serde(default)]
    pub ping: Option<Ping>,
    /// When it was last warned that losses fall over the edge.
    #[serde(default)]
    pub warned: Option<Timestamp>,
    /// GitHub does not let us redeliver, and says this; its channels were told.
    #[serde(default)]
    pub blocked: Option<String>,
    /// GitHub asked to be left alone until then.
    #[serde(default)]
    pub rest_until: Option<Timestamp>,
    /// How often it asked so in a row without saying how long.
    #[serde(default)]
    pub rests: u32,
}

/// A reading of the log, newest first, on its way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    /// Where it goes on; `None`: it has not begun.
    pub cursor: Option<String>,
    /// The newest delivery it saw.
    pub top: Option<Timestamp>,
    /// It goes back to here.
    pub floor: Timestamp,
}

/// A time in which deliveries are lost and not all of them back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Episode {
    /// The first loss was found then.
    pub since: Timestamp,
    /// Its channels were told.
    pub told: bool,
    /// They were told that the receiver is down.
    #[serde(default)]
    pub told_down: bool,
}

/// How a hook is set up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setup {
    /// Where it delivers: the host. Path and query may hold a secret.
    pub to: String,
    /// A digest of the whole URL, so that a change is noticed.
    #[serde(default)]
    pub digest: String,
    /// GitHub uses it.
    pub active: bool,
    /// It delivers to us.
    pub points_here: bool,
    /// When this was looked up.
    pub checked: Timestamp,
}

/// A ping that was sent through a hook.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ping {
    /// When.
    pub sent: Timestamp,
    /// It arrived, or it was told that it did not.
    pub settled: bool,
}

/// What a hook's losses add up to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    open: u32,
    unjudged: u32,
    given_up: u32,
    survived: bool,
    why: BTreeMap<String, u32>,
    /// Of the present episode.
    lost: u32,
    recovered: u32,
    episode_given_up: u32,
    expiring: u32,
    first_edge: Option<Timestamp>,
    longest_open: Option<Timestamp>,
}

impl Tally {
    /// Counts a loss.
    pub fn add(&mut self, loss: &Loss, episode: Option<&Episode>, horizon: Duration, now: Timestamp) {
        let standing = loss.standing();
        let open = matches!(standing, Standing::Lost | Standing::Held);
        match standing {
            Standing::Unjudged => self.unjudged += 1,
            Standing::GivenUp => self.given_up += 1,
            Standing::Lost | Standing::Held => self.open += 1,
            Standing::Well => {}
        }
        let of_episode = |lost_at: Timestamp| episode.is_some_and(|episode| lost_at >= episode.since);
        if loss.lost_at.is_some_and(of_episode) {
            self.lost += 1;
            self.recovered += u32::from(standing == Standing::Well);
            self.episode_given_up += u32::from(standing == Standing::GivenUp);
            if let Some(failed) = loss.failed {
                *self.why.entry(failed.failure.to_string()).or_default() += 1;
            }
        }
        if open {
            let longest = self.longest_open.into_iter().chain(loss.lost_at).min();
            self.longest_open = longest;
            self.survived |= loss.survived || standing == Standing::Held;
            let edge = loss.edge(horizon);
            if now.checked_add(horizon / WARNING).is_ok_and(|soon| edge <= soon) {
                self.expiring += 1;
                self.first_edge = Some(self.first_edge.map_or(edge, |first| first.min(edge)));
            }
        }
    }
}

impl HookState {
    /// Where a new reading goes back to, and the time that left the log unread, if nobody looked for too long.
    #[must_use]
    pub fn floor(
        &self,
        hook: &HookRef,
        since: Option<Duration>,
        horizon: Duration,
        now: Timestamp,
    ) -> (Timestamp, Option<Fact>) {
        let edge = before(now, horizon);
        // A log without a delivery since then has nothing that was missed.
        let looked = self
            .read_until
            .map(|until| self.last_good.map_or(until, |good| good.max(until)));
        let gap = looked.filter(|looked| *looked < edge).map(|looked| {
            Fact::RedeliveryGap(Gap {
                hook: hook.to_string(),
                from: looked,
                to: edge,
            })
        });
        let unread = self
            .read_until
            .map_or(before(now, FIRST_LOOK), |until| before(until, LISTED_WITHIN));
        let floor = since.map_or(unread, |since| unread.min(before(now, since)));
        (floor.max(edge), gap)
    }

    /// A record of the log.
    pub fn see(&mut self, record: &Record) {
        self.breaker.see(record);
        let at = Some(record.delivered_at);
        self.newest = self.newest.max(at);
        if record.succeeded() {
            self.newest_success = self.newest_success.max(at);
        }
    }

    /// A delivery is lost.
    pub fn lose(&mut self, now: Timestamp) {
        self.pending = true;
        self.episode.get_or_insert(Episode {
            since: now,
            told: false,
            told_down: false,
        });
    }

    /// Does the hook deliver to us?
    #[must_use]
    pub fn points_here(&self) -> bool {
        self.setup.as_ref().is_some_and(|setup| setup.points_here)
    }

    /// What all losses together make of the hook, and what to say of it.
    pub fn settle(&mut self, hook: &HookRef, tally: &Tally, now: Timestamp) -> Vec<Fact> {
        self.pending = tally.open + tally.unjudged > 0;
        self.lost = tally.open;
        self.given_up = tally.given_up;
        let (name, to) = (hook.to_string(), self.setup.as_ref().map(|setup| setup.to.clone()));
        let mut facts = Vec::new();
        if let Some(episode) = &mut self.episode {
            let since = episode.since;
            let long = tally
                .longest_open
                .is_some_and(|lost_at| now >= after(lost_at, TOLD_AFTER));
            // What one redelivery mends is not worth a ring.
            let down = self.breaker.is_open();
            // One delivery that nobody takes must not hide an outage, nor be told as one.
            let outage = down && !episode.told_down && (!episode.told || tally.open >= OUTAGE);
            let worth_telling = (tally.survived || long) && !episode.told || outage;
            if tally.open > 0 && worth_telling {
                episode.told = true;
                episode.told_down |= down;
                let mut why: Vec<_> = tally.why.clone().into_iter().collect();
                why.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
                facts.push(Fact::RedeliveryFailing(HookFailing {
                    hook: name.clone(),
                    to: to.clone(),
                    since,
                    lost: tally.lost,
                    why,
                    down,
                }));
            }
            if tally.open == 0 {
                if episode.told {
                    facts.push(Fact::RedeliveryRecovered(HookRecovered {
                        hook: name.clone(),
                        to,
                        since,
                        lost: tally.lost,
                        recovered: tally.recovered,
                        given_up: tally.episode_given_up,
                    }));
                }
                self.episode = None;
            }
        }
        if let Some(first) = tally.first_edge
            && self.warned.is_none_or(|warned| now >= after(warned, WARN_EVERY))
        {
            self.warned = Some(now);
            facts.push(Fact::RedeliveryExpiring(Expiring {
                hook: name,
                count: tally.expiring,
                first,
            }));
        }
        facts
    }

    /// Is it time to look how the hook is set up?
    #[must_use]
    pub fn wants_setup(&self, now: Timestamp) -> bool {
        let fresh = |setup: &Setup| setup.checked <= now && now < after(setup.checked, SETUP_EVERY);
        !self.setup.as_ref().is_some_and(fresh)
    }

    /// How the hook is set up now, and what to say of a change.
    pub fn set_up(&mut self, hook: &HookRef, setup: Setup) -> Vec<Fact> {
        let before = self.setup.replace(setup.clone());
        let mut said = Vec::new();
        let was_active = before.as_ref().is_none_or(|before| before.active);
        match (was_active, setup.active) {
            (true, false) => said.push(chat::HookState::Inactive),
            (false, true) => said.push(chat::HookState::Active),
            _ => {}
        }
        if let Some(before) = before.filter(|before| before.digest != setup.digest) {
            let same_host = before.to == setup.to;
            said.push(chat::HookState::Moved {
                from: before.to,
                to: if same_host {
                    format!("{}, another path", setup.to)
                } else {
                    setup.to
                },
            });
        }
        let trouble = |what| {
            let hook = hook.to_string();
            Fact::RedeliveryHook(HookTrouble { hook, what })
        };
        said.into_iter().map(trouble).collect()
    }

    /// Is it time to ping the hook?
    #[must_use]
    pub fn wants_ping(&self, now: Timestamp) -> bool {
        let due = |ping: &Ping| now >= after(ping.sent, PING_EVERY);
        self.points_here() && self.ping.as_ref().is_none_or(due)
    }

    /// The ping that must have arrived by now, if that is not settled.
    #[must_use]
    pub fn awaits_ping(&self, now: Timestamp) -> Option<Timestamp> {
        let ping = self.ping.as_ref().filter(|ping| !ping.settled)?;
        (self.points_here() && now >= after(ping.sent, PING_ARRIVES_WITHIN)).then_some(ping.sent)
    }

    /// The ping did not arrive.
    pub fn silent(&mut self, hook: &HookRef, sent: Timestamp) -> Fact {
        self.ping = Some(Ping { sent, settled: true });
        Fact::RedeliverySilent(SilentHook {
            hook: hook.to_string(),
            pinged: sent,
        })
    }
}

fn before(at: Timestamp, by: Duration) -> Timestamp {
    at.checked_sub(by).unwrap_or(Timestamp::MIN)
}

fn after(at: Timestamp, by: Duration) -> Timestamp {
    at.checked_add(by).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use chat::GiveUp;
    use github::Failure;

    use super::*;
    use crate::loss::Failed;

    const HORIZON: Duration = Duration::from_hours(72);

    fn at(hour: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + hour * 3600).unwrap()
    }

    fn hook() -> HookRef {
        "repo:acme/app:1".parse().unwrap()
    }

    fn lost(hour: i64) -> Loss {
        Loss {
            first: Some(at(hour)),
            lost_at: Some(at(hour)),
            failed: Some(Failed {
                id: 1,
                at: at(hour),
                redelivery: false,
                failure: Failure::Status(500),
            }),
            ..Loss::default()
        }
    }

    fn settled(state: &mut HookState, losses: &[Loss], hour: i64) -> Vec<String> {
        let mut tally = Tally::default();
        for loss in losses {
            tally.add(loss, state.episode.as_ref(), HORIZON, at(hour));
        }
        let said = state.settle(&hook(), &tally, at(hour)).into_iter();
        said.map(|fact| chat::Notice::new(at(hour), fact).event().to_owned())
            .collect()
    }

    #[test]
    fn a_reading_goes_back_to_an_hour_before_the_last_one_and_a_day_at_first() {
        let state = |until, good| HookState {
            read_until: Some(at(until)),
            last_good: Some(at(good)),
            ..HookState::default()
        };
        let hours = |hours| Some(Duration::from_hours(hours));
        for (state, since, floor, gap) in [
            (HookState::default(), None, 100 - 24, None),
            (HookState::default(), hours(48), 100 - 48, None),
            (HookState::default(), hours(1000), 100 - 72, None),
            (state(90, 99), None, 89, None),
            (state(90, 99), hours(20), 80, None),
            // Less than is unread leaves nothing out.
            (state(50, 50), hours(1), 49, None),
            (state(20, 20), hours(1), 100 - 72, Some((20, 100 - 72))),
            // A quiet hook: nothing came, and we looked.
            (state(10, 99), None, 100 - 72, None),
            (state(20, 20), None, 100 - 72, Some((20, 100 - 72))),
        ] {
            let (from, fact) = state.floor(&hook(), since, HORIZON, at(100));
            assert_eq!(from, at(floor), "{state:?} {since:?}");
            let told = fact.map(|fact| match fact {
                Fact::RedeliveryGap(gap) => (gap.from, gap.to),
                fact => panic!("{fact:?}"),
            });
            assert_eq!(told, gap.map(|(from, to)| (at(from), at(to))), "{state:?}");
        }
    }

    #[test]
    fn what_one_redelivery_mends_is_not_told() {
        let mut state = HookState::default();
        state.lose(at(0));
        assert!(settled(&mut state, &[lost(0)], 0).is_empty());
        assert!(state.pending && state.lost == 1);
        let mended = Loss {
            succeeded: true,
            ..lost(0)
        };
        assert!(settled(&mut state, &[mended], 0).is_empty());
        assert!(!state.pending && state.episode.is_none() && state.lost == 0);
    }

    type Reason<'a> = &'a dyn Fn(&mut HookState) -> Vec<String>;

    #[test]
    fn failing_is_told_once_and_once_that_it_is_well_again() {
        let survived = Loss {
            survived: true,
            ..lost(0)
        };
        let mended = Loss {
            succeeded: true,
            ..lost(0)
        };
        let given_up = Loss {
            given_up: Some(GiveUp::Conflict),
            ..lost(0)
        };
        let long = |state: &mut HookState| settled(state, &[lost(0)], 1);
        let surviving = |state: &mut HookState| settled(state, std::slice::from_ref(&survived), 0);
        let down = |state: &mut HookState| {
            state.breaker.open_since = Some(at(0));
            settled(state, &[lost(0)], 0)
        };
        let reasons: [Reason<'_>; 3] = [&long, &surviving, &down];
        for reason in reasons {
            let mut state = HookState::default();
            state.lose(at(0));
            assert_eq!(reason(&mut state), ["redelivery.failing"]);
            assert!(reason(&mut state).is_empty());
            let all = [mended.clone(), given_up.clone()];
            assert_eq!(settled(&mut state, &all, 2), ["redelivery.recovered"]);
            assert!(settled(&mut state, &all, 2).is_empty());
        }
    }

    #[test]
    fn losses_near_the_edge_are_warned_of_every_twelve_hours() {
        let mut state = HookState::default();
        state.lose(at(0));
        let survived = [Loss {
            survived: true,
            ..lost(0)
        }];
        settled(&mut state, &survived, 1);
        let warned: Vec<_> = (2..72)
            .filter(|&hour| !settled(&mut state, &survived, hour).is_empty())
            .collect();
        assert_eq!(warned, [60]);
    }

    #[test]
    fn a_change_of_the_hooks_setup_is_told_once() {
        let setup = |to: &str, active| Setup {
            to: to.to_owned(),
            digest: to.to_owned(),
            active,
            points_here: false,
            checked: at(0),
        };
        let mut state = HookState::default();
        let told = |state: &mut HookState, setup| state.set_up(&hook(), setup).len();
        assert_eq!(told(&mut state, setup("a.example/", true)), 0);
        assert_eq!(told(&mut state, setup("a.example/", false)), 1);
        assert_eq!(told(&mut state, setup("a.example/", false)), 0);
        assert_eq!(told(&mut state, setup("b.example/", true)), 2);
        assert_eq!(told(&mut HookState::default(), setup("a.example/", false)), 1);
    }

    #[test]
    fn a_ping_a_day_must_arrive_within_ten_minutes_where_the_hook_points_at_us() {
        let mut state = HookState::default();
        assert!(!state.wants_ping(at(0)));
        state.setup = Some(Setup {
            to: String::new(),
            digest: String::new(),
            active: true,
            points_here: true,
            checked: at(0),
        });
        assert!(state.wants_ping(at(0)));
        state.ping = Some(Ping {
            sent: at(0),
            settled: false,
        });
        assert!(!state.wants_ping(at(23)) && state.wants_ping(at(24)));
        assert_eq!(state.awaits_ping(at(0) + PING_ARRIVES_WITHIN), Some(at(0)));
        assert_eq!(state.awaits_ping(at(0)), None);
        state.silent(&hook(), at(0));
        assert_eq!(state.awaits_ping(at(1)), None);
    }
}
