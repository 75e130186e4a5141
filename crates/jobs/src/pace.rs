//! How fast GitHub is asked to redeliver.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use github::Rate;
use jiff::Timestamp;
use outbound::{Clock, Deadline};

/// GitHub's limit is 900 points a minute, and a redelivery is 5: 171 of them leave room for a little reading.
const GAP: Duration = Duration::from_millis(350);

/// A request that reads is one point: this much of the minute it was made in.
const READING: Duration = Duration::from_millis(70);

/// The window of GitHub's limit.
const MINUTE: Duration = Duration::from_mins(1);

/// And where the receiver is ours and a chat of ours is slow: each redelivery rings.
const SLOW_GAP: Duration = Duration::from_secs(1);

/// How long does a turn wait at most without looking whether the process is asked to end?
const LOOK_UP: Duration = Duration::from_secs(1);

/// How many requests at once, where they are paced?
const PACED_AT_ONCE: usize = 4;

/// And where GitHub sets no limit (an Enterprise Server)? A batch.
const UNLIMITED_AT_ONCE: usize = 25;

/// How many of our requests are left for reading logs?
const KEPT_BACK: u64 = 200;

/// The turns of all redeliveries of a pass: GitHub's limits are for whoever asks, not for each hook.
#[derive(Debug)]
pub(crate) struct Pace {
    clock: Clock,
    slow: bool,
    next: Mutex<Timestamp>,
}

impl Pace {
    pub(crate) fn new(clock: Clock, slow: bool) -> Self {
        Self {
            clock,
            slow,
            next: Mutex::new(Timestamp::MIN),
        }
    }

    /// So many requests that read were made just now.
    pub(crate) fn has_read(&self, requests: u32) {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.clock.now();
        // A minute later none of them counts.
        let latest = now.checked_add(MINUTE).unwrap_or(now);
        let from = now.max(*next);
        *next = from.checked_add(READING * requests).unwrap_or(from).min(latest);
    }

    /// Waits for its turn. False, at once, where `deadline` does not leave `need` after it, or is brought forward meanwhile.
    pub(crate) async fn turn(&self, rate: Rate, points_here: bool, deadline: Deadline, need: Duration) -> bool {
        let gap = match rate.limit {
            _ if self.slow && points_here => SLOW_GAP,
            Some(_) => GAP,
            None => Duration::ZERO,
        };
        let now = self.clock.now();
        let wait = {
            let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
            let turn = if gap.is_zero() { now } else { now.max(*next) };
            let wait = Duration::try_from(turn.duration_since(now)).unwrap_or_default();
            if !deadline.leaves(now, wait.saturating_add(need)) {
                return false;
            }
            *next = turn.checked_add(gap).unwrap_or(turn);
            wait
        };
        let mut left = wait;
        while !left.is_zero() {
            let slice = left.min(LOOK_UP);
            self.clock.sleep(slice).await;
            left -= slice;
            if deadline.is_now() {
                return false;
            }
        }
        true
    }
}

/// How many requests may be under way at once?
pub(crate) fn at_once(rate: Rate) -> usize {
    if rate.limit.is_some() {
        PACED_AT_ONCE
    } else {
        UNLIMITED_AT_ONCE
    }
}

/// Are requests left that need not be kept for reading?
pub(crate) fn leaves(rate: Rate, requests: usize) -> bool {
    let requests = u64::try_from(requests).unwrap_or(u64::MAX);
    rate.remaining
        .is_none_or(|remaining| remaining > KEPT_BACK.saturating_add(requests))
}
