//! A project that cannot be polled: told once, and told again once it is well.

use chat::{Fact, Polls};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::streak::Streak;

/// What is remembered of a project between passes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProjectState {
    /// The last poll that brought a whole monitor.
    pub last_good: Option<Timestamp>,
    /// Polls that failed since.
    #[serde(flatten)]
    pub streak: Streak,
    /// Packages with an open incident.
    #[serde(default)]
    pub incidents: usize,
}

/// What a failed poll makes of a project, and what to say: after `limit` failures in a row, once.
#[must_use]
pub fn failed(
    before: &ProjectState,
    error: &str,
    limit: u32,
    now: Timestamp,
    names: (&str, &str),
) -> (ProjectState, Option<Fact>) {
    let mut after = before.clone();
    let tell = after.streak.fail(error, limit, now);
    let fact = tell.then(|| Fact::CoprUnreachable(polls(&after.streak, now, names)));
    (after, fact)
}

/// What a good poll makes of a project, and what to say: that it is well again, if it was told that it is not.
#[must_use]
pub fn succeeded(
    before: &ProjectState,
    incidents: usize,
    now: Timestamp,
    names: (&str, &str),
) -> (ProjectState, Option<Fact>) {
    let streak = &before.streak;
    let fact = streak.told.then(|| Fact::CoprReachable(polls(streak, now, names)));
    let after = ProjectState {
        last_good: Some(now),
        incidents,
        ..ProjectState::default()
    };
    (after, fact)
}

fn polls(streak: &Streak, now: Timestamp, (project, project_url): (&str, &str)) -> Polls {
    Polls {
        project: project.to_owned(),
        project_url: project_url.to_owned(),
        failures: streak.failures,
        since: streak.failing_since.unwrap_or(now),
        error: streak.last_error.clone().unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: (&str, &str) = ("alice/demo", "https://copr.example/coprs/alice/demo/monitor/");

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(minute * 60).unwrap()
    }

    #[test]
    fn the_third_failed_poll_rings_and_no_later_one() {
        let mut state = ProjectState::default();
        let mut rang = Vec::new();
        for minute in 0..10 {
            let (after, fact) = failed(&state, "HTTP 500", 3, at(minute), NAMES);
            rang.extend(fact.map(|fact| (minute, fact)));
            state = after;
        }
        let [(2, Fact::CoprUnreachable(polls))] = rang.as_slice() else {
            panic!("{rang:?}");
        };
        assert_eq!((polls.failures, polls.since), (3, at(0)));
        assert_eq!(state.streak.failures, 10);
    }

    #[test]
    fn a_project_that_was_told_unreachable_is_told_well_once() {
        let (mut state, _) = failed(&ProjectState::default(), "HTTP 500", 1, at(0), NAMES);
        let mut rang = Vec::new();
        for minute in 1..4 {
            let (after, fact) = succeeded(&state, 0, at(minute), NAMES);
            rang.extend(fact);
            state = after;
        }
        assert!(matches!(rang.as_slice(), [Fact::CoprReachable(_)]));
        assert_eq!(state.last_good, Some(at(3)));
    }

    #[test]
    fn two_failed_polls_and_a_good_one_say_nothing() {
        let (state, first) = failed(&ProjectState::default(), "HTTP 500", 3, at(0), NAMES);
        let (state, second) = failed(&state, "HTTP 500", 3, at(1), NAMES);
        let (state, third) = succeeded(&state, 0, at(2), NAMES);
        assert_eq!((first, second, third), (None, None, None));
        assert_eq!(state.streak.failures, 0);
    }
}
