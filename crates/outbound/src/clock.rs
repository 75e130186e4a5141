//! The time, and waiting: the system's, or a simulated one in which waiting is instant.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
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

/// The moment by which a pass must have stopped, if there is one (an invocation has, a command has not).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Deadline(Option<Timestamp>);

impl Deadline {
    /// No deadline.
    pub const NONE: Self = Self(None);

    /// Stop before `at`.
    #[must_use]
    pub fn at(at: Timestamp) -> Self {
        Self(Some(at))
    }

    /// Is there time left for something that may take as long as `need`?
    #[must_use]
    pub fn leaves(self, now: Timestamp, need: Duration) -> bool {
        self.0
            .is_none_or(|at| now.checked_add(need).is_ok_and(|finished_by| finished_by <= at))
    }

    /// How long something may take: `at_most`, and less where the deadline is nearer, `reserve` kept back.
    #[must_use]
    pub fn time_left(self, now: Timestamp, reserve: Duration, at_most: Duration) -> Duration {
        self.0.map_or(at_most, |at| {
            let left = Duration::try_from(at.duration_since(now)).unwrap_or_default();
            left.saturating_sub(reserve).min(at_most)
        })
    }

    /// The earlier of `until` and the deadline.
    #[must_use]
    pub fn cap(self, until: Timestamp) -> Timestamp {
        self.0.map_or(until, |at| until.min(at))
    }
}
