//! Failures in a row of something that is looked at on every pass: told once, and told again once it is well.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Failures in a row.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Streak {
    /// How many.
    #[serde(default)]
    pub failures: u32,
    /// The first of them.
    #[serde(default)]
    pub failing_since: Option<Timestamp>,
    /// What the last of them met.
    #[serde(default)]
    pub last_error: Option<String>,
    /// Its channels were told.
    #[serde(default, rename = "told_unreachable")]
    pub told: bool,
}

impl Streak {
    /// One more failure. Is it to be told? After `limit` in a row, once.
    pub fn fail(&mut self, error: &str, limit: u32, now: Timestamp) -> bool {
        self.failures = self.failures.saturating_add(1);
        self.failing_since.get_or_insert(now);
        self.last_error = Some(error.to_owned());
        let tell = !self.told && self.failures >= limit;
        self.told |= tell;
        tell
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_third_failure_in_a_row_is_told_and_no_later_one() {
        let at = |minute: i64| Timestamp::from_second(minute * 60).unwrap();
        let mut streak = Streak::default();
        let told: Vec<_> = (0..10)
            .filter(|&minute| streak.fail("HTTP 500", 3, at(minute)))
            .collect();
        assert_eq!(told, [2]);
        assert_eq!((streak.failures, streak.failing_since), (10, Some(at(0))));
    }
}
