//! The time, and waiting: the system's, or a simulated one in which waiting is instant.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use jiff::Timestamp;

/// Where the time comes from. Clones of a simulated clock share one time.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    /// Milliseconds since the epoch, where the time is simulated.
    simulated: Option<Arc<AtomicI64>>,
}

impl Clock {
    /// The wall clock of this machine.
    #[must_use]
    pub fn system() -> Self {
        Self::default()
    }

    /// A clock that stands at `start` until it is advanced or somebody sleeps on it.
    #[must_use]
    pub fn simulated(start: Timestamp) -> Self {
        Self {
            simulated: Some(Arc::new(AtomicI64::new(start.as_millisecond()))),
        }
    }

    /// The present time, in whole milliseconds: what the table stores is what was compared.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        let ms = match &self.simulated {
            Some(ms) => ms.load(Ordering::SeqCst),
            None => Timestamp::now().as_millisecond(),
        };
        Timestamp::from_millisecond(ms).unwrap_or(Timestamp::MAX)
    }

    /// Waits. A simulated clock moves on instead.
    pub async fn sleep(&self, duration: Duration) {
        if self.simulated.is_some() {
            self.advance(duration);
            tokio::task::yield_now().await;
        } else {
            tokio::time::sleep(duration).await;
        }
    }

    /// Moves a simulated clock on. The system's cannot be moved: nothing happens.
    pub fn advance(&self, duration: Duration) {
        if let Some(ms) = &self.simulated {
            let by = i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
            ms.fetch_add(by, Ordering::SeqCst);
        }
    }

    /// Turns a simulated clock back, as a machine's may be that was wrong. The system's stays as it is.
    pub fn turn_back(&self, duration: Duration) {
        if let Some(ms) = &self.simulated {
            let by = i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
            ms.fetch_sub(by, Ordering::SeqCst);
        }
    }
}

/// The moment by which a pass must have stopped, if there is one (an invocation has, a command has not). A process that
/// is asked to end brings it forward.
#[derive(Clone, Copy, Debug, Default)]
pub struct Deadline {
    at: Option<Timestamp>,
    /// True: it is now.
    ended: Option<&'static AtomicBool>,
}

impl Deadline {
    /// No deadline.
    pub const NONE: Self = Self { at: None, ended: None };

    /// Stop before `at`.
    #[must_use]
    pub fn at(at: Timestamp) -> Self {
        Self {
            at: Some(at),
            ended: None,
        }
    }

    /// The same, and stop at once when `ended` becomes true.
    #[must_use]
    pub fn or_when(self, ended: &'static AtomicBool) -> Self {
        let ended = Some(ended);
        Self { ended, ..self }
    }

    /// Has the moment come, whatever the time is?
    #[must_use]
    pub fn is_now(self) -> bool {
        self.ended.is_some_and(|ended| ended.load(Ordering::Relaxed))
    }

    /// Is there time left for something that may take as long as `need`?
    #[must_use]
    pub fn leaves(self, now: Timestamp, need: Duration) -> bool {
        let in_time = |at| now.checked_add(need).is_ok_and(|finished_by| finished_by <= at);
        !self.is_now() && self.at.is_none_or(in_time)
    }

    /// How long something may take: `at_most`, and less where the deadline is nearer, `reserve` kept back.
    #[must_use]
    pub fn time_left(self, now: Timestamp, reserve: Duration, at_most: Duration) -> Duration {
        self.at.map_or(at_most, |at| {
            let left = Duration::try_from(at.duration_since(now)).unwrap_or_default();
            left.saturating_sub(reserve).min(at_most)
        })
    }

    /// The earlier of `until` and the deadline.
    #[must_use]
    pub fn cap(self, until: Timestamp) -> Timestamp {
        self.at.map_or(until, |at| until.min(at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_that_is_brought_forward_leaves_nothing() {
        static ENDED: AtomicBool = AtomicBool::new(false);
        let now = Timestamp::UNIX_EPOCH;
        let second = Duration::from_secs(1);
        let deadlines = [
            Deadline::NONE.or_when(&ENDED),
            Deadline::at(now + second).or_when(&ENDED),
        ];
        assert!(
            deadlines
                .iter()
                .all(|deadline| deadline.leaves(now, second) && !deadline.is_now())
        );
        ENDED.store(true, Ordering::Relaxed);
        assert!(
            deadlines
                .iter()
                .all(|deadline| !deadline.leaves(now, Duration::ZERO) && deadline.is_now())
        );
        // What has begun has its time.
        assert_eq!(deadlines[1].time_left(now, Duration::ZERO, second), second);
    }
}
