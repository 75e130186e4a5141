//! What starts a pass: which tick of the schedule it is, and by when it must have stopped.

use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use outbound::Deadline;
use serde::Deserialize;

use crate::spread::Messages;

/// How much of an invocation's time is kept for the last writes and for the answer?
const RESERVE: Duration = Duration::from_secs(3);

/// What starts the function.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Event {
    /// The queue of targets.
    Messages(Messages),
    /// The schedule, or a person.
    Schedule(Schedule),
}

/// What EventBridge sends, as far as it matters. Rules send their `time`; a Scheduler's target says
/// `{"time": "<aws.scheduler.scheduled-time>"}`; a person who tries the function sends anything, or nothing.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Schedule {
    #[serde(default)]
    time: Option<Timestamp>,
}

impl Schedule {
    /// The tick of the schedule: the same for each message about it, so that only the first makes a pass. One in the
    /// future would make every pass until then a repetition, so it is now.
    pub(crate) fn tick(&self, now: Timestamp) -> Timestamp {
        self.time.map_or(now, |time| time.min(now))
    }
}

/// When a pass stops whose invocation is ended at `end`.
pub(crate) fn deadline(end: SystemTime) -> Deadline {
    let end = Timestamp::try_from(end);
    let stop = end.and_then(|end| end.checked_sub(RESERVE));
    // A time that no calendar has never comes.
    stop.map_or(Deadline::NONE, Deadline::at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tick(event: &str) -> String {
        let now = "2026-11-21T12:00:07.5Z".parse().unwrap();
        let event: Option<Event> = serde_json::from_str(event).unwrap();
        match event {
            Some(Event::Schedule(schedule)) => schedule.tick(now).to_string(),
            None => Schedule::default().tick(now).to_string(),
            Some(Event::Messages(messages)) => panic!("{messages:?}"),
        }
    }

    #[test]
    fn the_tick_is_the_scheduled_time() {
        let rule = r#"{
            "version": "0", "id": "53dc4d37-cffa-4f76-80c9-8b7d4a4d2eaa", "detail-type": "Scheduled Event",
            "source": "aws.events", "account": "123456789012", "time": "2026-11-21T12:00:00Z", "region": "us-east-1",
            "resources": ["arn:aws:events:us-east-1:123456789012:rule/copperbell"], "detail": {}
        }"#;
        assert_eq!(tick(rule), "2026-11-21T12:00:00Z");
        assert_eq!(tick(r#"{"time": "2026-11-21T12:00:00Z"}"#), "2026-11-21T12:00:00Z");
        assert_eq!(tick(r#"{"time": "2026-11-21T13:00:00+01:00"}"#), "2026-11-21T12:00:00Z");
    }

    #[test]
    fn without_a_time_the_tick_is_now() {
        for event in ["null", "{}", r#"{"time": null}"#, r#"{"key1": "value1"}"#] {
            assert_eq!(tick(event), "2026-11-21T12:00:07.5Z", "{event}");
        }
    }

    #[test]
    fn a_time_in_the_future_keeps_no_later_pass_away() {
        assert_eq!(tick(r#"{"time": "2062-11-21T12:00:00Z"}"#), "2026-11-21T12:00:07.5Z");
    }

    #[test]
    fn a_pass_stops_before_its_invocation_is_ended() {
        let ended_at = |ms| SystemTime::UNIX_EPOCH + Duration::from_millis(ms);
        let stops_at = |ended| deadline(ended).cap(Timestamp::MAX).as_millisecond();
        assert_eq!(stops_at(ended_at(1_795_262_460_000)), 1_795_262_457_000);
        assert_eq!(stops_at(ended_at(u64::MAX)), Timestamp::MAX.as_millisecond());
    }
}
