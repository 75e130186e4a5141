//! Which faults befall a run, and what came of its calls.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use outbound::{Call, Clock, Fault, FaultPoint};

use crate::ways::Way;

/// How long does every call take?
const A_MOMENT: Duration = Duration::from_millis(1);

/// A call of a scenario: what it is, and its turn (from 1) among those that are the same. So it is found again though
/// channels are served at once, and in no order.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    pub call: Call,
    pub turn: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = self.call.what.rsplit('.').next().unwrap_or_default();
        write!(f, "{} {what} #{}", self.call.service, self.turn)
    }
}

/// A fault, and the call it befalls.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Blow {
    pub place: Place,
    pub way: Way,
}

impl fmt::Display for Blow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}", self.place, self.way)
    }
}

/// A call that was made.
#[derive(Clone, Debug)]
pub struct Made {
    pub place: Place,
    /// Of which process, by their order.
    pub process: usize,
    pub way: Option<Way>,
}

/// The plan of a run. The faults befall whatever process makes the call.
pub struct Plan {
    blows: Vec<Blow>,
    clock: Clock,
    so_far: Mutex<SoFar>,
}

/// How far a run is.
#[derive(Clone, Default)]
pub struct SoFar {
    turns: HashMap<Place, usize>,
    made: Vec<Made>,
    processes: usize,
    deadline: Option<Timestamp>,
    /// The process whose table throttles everything.
    throttled: Option<usize>,
    /// How many calls had been made when a process stood still.
    suspended: usize,
}

impl Plan {
    pub fn new(blows: Vec<Blow>, clock: Clock) -> Arc<Self> {
        Arc::new(Self {
            blows,
            clock,
            so_far: Mutex::default(),
        })
    }

    /// The fault point of a process that starts now and must have ended by `deadline`.
    pub fn process(self: &Arc<Self>, deadline: Timestamp) -> FaultPoint {
        let process = {
            let mut so_far = self.so_far();
            so_far.processes += 1;
            so_far.deadline = Some(deadline);
            so_far.processes
        };
        let plan = self.clone();
        FaultPoint::planned(move |_, call| plan.befalls(process, call))
    }

    /// A process stands still now.
    pub fn suspended(&self) {
        let mut so_far = self.so_far();
        so_far.suspended = so_far.made.len();
    }

    /// How often may a fact come more than once?
    pub fn repeats(&self) -> usize {
        let so_far = self.so_far();
        repeats(&so_far.made, so_far.suspended)
    }

    /// All calls so far.
    pub fn made(&self) -> Vec<Made> {
        self.so_far().made.clone()
    }

    /// Have all faults befallen a call?
    pub fn is_done(&self) -> bool {
        let so_far = self.so_far();
        let made = so_far.made.iter().filter(|made| made.way.is_some());
        let mut done: Vec<_> = made.map(|made| &made.place).collect();
        done.dedup();
        self.blows.iter().all(|blow| done.contains(&&blow.place))
    }

    fn befalls(&self, process: usize, call: &Call) -> Option<Fault> {
        let mut so_far = self.so_far();
        let first = Place {
            call: call.clone(),
            turn: 0,
        };
        let turn = so_far.turns.entry(first).or_default();
        *turn += 1;
        let place = Place {
            call: call.clone(),
            turn: *turn,
        };
        let planned = self.blows.iter().find(|blow| blow.place == place).map(|blow| blow.way);
        if planned == Some(Way::ThrottledOn) {
            so_far.throttled = Some(process);
        }
        let throttled = so_far.throttled == Some(process) && call.service == "dynamodb";
        let way = if throttled { Some(Way::ThrottledOn) } else { planned };
        so_far.made.push(Made { place, process, way });
        self.clock.advance(A_MOMENT);
        match way? {
            Way::Ahead => self.clock.advance(Duration::from_hours(3)),
            Way::Back => self.clock.turn_back(Duration::from_mins(30)),
            Way::FarBack => self.clock.turn_back(Duration::from_hours(24)),
            Way::PastDeadline => self.move_to_deadline(&so_far, Duration::ZERO),
            Way::NearDeadline => self.move_to_deadline(&so_far, Duration::from_secs(7)),
            _ => {}
        }
        way?.fault(call)
    }

    fn move_to_deadline(&self, so_far: &SoFar, before: Duration) {
        let left = so_far
            .deadline
            .map(|deadline| deadline.duration_since(self.clock.now()));
        let left = left.and_then(|left| Duration::try_from(left).ok()).unwrap_or_default();
        self.clock.advance(left.saturating_sub(before));
    }

    pub fn so_far(&self) -> MutexGuard<'_, SoFar> {
        self.so_far.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SoFar {
    /// All calls.
    pub fn made(&self) -> &[Made] {
        &self.made
    }
}

/// Each fault between a sending and its recorded removal may let a fact come once more: the chat
/// took it and we did not hear so, it could not be removed, or the process ended or stood still in between.
fn repeats(made: &[Made], suspended: usize) -> usize {
    let sent = |made: &Made| made.place.call.service == "chat";
    let removed = |made: &Made| made.place.call.what.ends_with("BatchWriteItem");
    let had_effect = |made: &Made| made.way.is_none_or(Way::has_effect);
    let may_add = |at: usize| {
        let this = &made[at];
        let Some(way) = this.way else {
            return false;
        };
        // Of the calls that had their effect, were there more sendings than removals?
        let unrecorded = |calls: &[Made]| {
            let done = || {
                calls
                    .iter()
                    .filter(|made| made.process == this.process && had_effect(made))
            };
            done().filter(|made| sent(made)).count() > done().filter(|made| removed(made)).count()
        };
        match way {
            // The clock is no excuse: what was sent is removed whatever the hour.
            _ if way.moves_the_clock() => false,
            // Channels are served at once: another may have sent since.
            Way::ThrottledOn => unrecorded(made),
            // What was under way to another channel arrives all the same.
            Way::Freezes => sent(this) || removed(this) || unrecorded(&made[..suspended]),
            Way::DiesBefore => unrecorded(&made[..at]),
            Way::DiesAfter => unrecorded(&made[..=at]),
            _ if sent(this) => way.has_effect(),
            // The SDK asks again for what was reset or throttled.
            Way::Garbage => removed(this),
            _ => false,
        }
    };
    let process = |at: usize| (made[at].process, made[at].way);
    let mut adding: Vec<_> = (0..made.len()).filter(|&at| may_add(at)).map(process).collect();
    // A table that throttles a process to its end does so once.
    adding.dedup();
    adding.len()
}
