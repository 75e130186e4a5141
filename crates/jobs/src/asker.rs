//! Asks GitHub, patiently: what passes is tried again, a limit is waited for, and some of the hour's requests are left to
//! others.

use std::time::Duration;

use github::{ApiError, Rate};
use jiff::{SignedDuration, Timestamp};

use crate::context::Context;
use crate::progress::{Counts, Doing};

/// How often is made again what failed for a reason that passes?
pub(crate) const TRIES: u32 = 5;

/// The first pause between such tries; doubles.
const FIRST_PAUSE: Duration = Duration::from_secs(2);

/// How often in a row may GitHub limit us before we give up?
const LIMITED_TRIES: u32 = 10;

/// How long do we wait when GitHub limits us without saying until when? Doubles each time.
const FIRST_REST: Duration = Duration::from_mins(1);

/// And at most? Its limits are of an hour: where it says more than twice that, a clock is wrong.
const LONGEST_REST: Duration = Duration::from_hours(1);

/// How many requests of an hour are left to others: to redelivery, most of all.
const KEPT_BACK: u64 = 200;

/// Asks GitHub, and counts.
pub(crate) struct Asker<'a, P> {
    pub(crate) context: &'a Context,
    pub(crate) on_progress: P,
    /// As the last answer said.
    pub(crate) rate: Rate,
    pub(crate) counts: Counts,
}

impl<P: Fn(&Counts, Doing)> Asker<'_, P> {
    /// Asks until there is an answer, or an error that stays.
    pub(crate) async fn ask<T>(
        &mut self,
        question: impl AsyncFn() -> Result<(T, Rate), ApiError>,
    ) -> Result<T, ApiError> {
        let (mut failed, mut limited) = (0, 0);
        loop {
            if let Some(until) = rest(self.rate, self.context.outbound.clock.now()) {
                self.wait(until).await;
            }
            self.counts.requests += 1;
            match question().await {
                Ok((answer, rate)) => {
                    self.rate = rate;
                    return Ok(answer);
                }
                Err(ApiError::RateLimited { until }) if limited < LIMITED_TRIES => {
                    self.rate = Rate::default();
                    let now = self.context.outbound.clock.now();
                    self.wait(limited_until(until, limited, now)).await;
                    limited += 1;
                }
                Err(error) if passes(&error) && failed < TRIES => {
                    tracing::warn!(%error, "asking GitHub again");
                    self.context.outbound.clock.sleep(pause(failed)).await;
                    failed += 1;
                }
                Err(error) => return Err(error),
            }
        }
    }

    async fn wait(&mut self, until: Timestamp) {
        (self.on_progress)(&self.counts, Doing::Waiting(until));
        let clock = &self.context.outbound.clock;
        let wait = until.duration_since(clock.now());
        clock.sleep(Duration::try_from(wait).unwrap_or_default()).await;
    }
}

/// Is it worth asking again?
pub(crate) fn passes(error: &ApiError) -> bool {
    matches!(
        error,
        ApiError::NoConnection { .. }
            | ApiError::TimedOut(_)
            | ApiError::Broken(_)
            | ApiError::Server(_)
            | ApiError::TokenExpired(_)
            | ApiError::Unreadable(_)
    )
}

/// The pause after a try (from 0) that failed.
pub(crate) fn pause(attempt: u32) -> Duration {
    FIRST_PAUSE * 2u32.saturating_pow(attempt)
}

/// Until when we rest of our own accord: what is left of the hour's requests is others'.
fn rest(rate: Rate, now: Timestamp) -> Option<Timestamp> {
    let (limit, remaining, reset) = (rate.limit?, rate.remaining?, rate.reset?);
    let until = reset.checked_add(SignedDuration::from_secs(1)).ok()?;
    let longest = now.checked_add(2 * LONGEST_REST).ok()?;
    (remaining <= KEPT_BACK.min(limit / 10) && until > now).then_some(until.min(longest))
}

/// Until when we wait after GitHub limited us, `times` (from 0) in a row.
fn limited_until(until: Option<Timestamp>, times: u32, now: Timestamp) -> Timestamp {
    let rest = FIRST_REST.saturating_mul(2u32.saturating_pow(times)).min(LONGEST_REST);
    let after = |rest: Duration| now.checked_add(rest).unwrap_or(now);
    // A time that is over is one of a clock that is wrong.
    let until = until.filter(|until| *until > now);
    until.unwrap_or_else(|| after(rest)).min(after(2 * LONGEST_REST))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn second(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn some_requests_of_the_hour_are_left_to_others() {
        let rest = |limit, remaining, reset: i64| {
            let rate = Rate {
                limit,
                remaining,
                reset: Some(second(reset)),
            };
            rest(rate, second(10_000)).map(Timestamp::as_second)
        };
        assert_eq!(rest(Some(5000), Some(201), 11_000), None);
        assert_eq!(rest(Some(5000), Some(200), 11_000), Some(11_001));
        assert_eq!(rest(Some(1000), Some(101), 11_000), None);
        assert_eq!(rest(Some(1000), Some(100), 11_000), Some(11_001));
        assert_eq!(rest(Some(5000), Some(0), 9999), None);
        assert_eq!(rest(Some(5000), Some(0), 99_999), Some(17_200));
        assert_eq!(rest(None, None, 11_000), None);
        assert_eq!(super::rest(Rate::default(), second(10_000)), None);
    }

    #[test]
    fn a_limit_is_waited_for_as_long_as_it_says_else_longer_each_time() {
        let until = |until: Option<i64>, times| limited_until(until.map(second), times, second(10_000)).as_second();
        assert_eq!(until(Some(10_030), 5), 10_030);
        assert_eq!(until(None, 0), 10_060);
        assert_eq!(until(None, 2), 10_240);
        assert_eq!(until(None, 9), 13_600);
        assert_eq!(until(Some(9000), 0), 10_060);
        assert_eq!(until(Some(99_000), 0), 17_200);
    }
}
