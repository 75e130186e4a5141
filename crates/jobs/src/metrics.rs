//! What is counted, for a dashboard and its alarms.

use std::time::Duration;

use jiff::Timestamp;

use crate::receive::Received;
use crate::report::{ChannelReport, Outcome, Report};

/// One figure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Metric {
    /// `RunCompleted`
    pub name: &'static str,
    /// In what it is measured.
    pub unit: Unit,
    /// The figure.
    pub value: f64,
}

/// In what a figure is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Things.
    Count,
    /// Seconds.
    Seconds,
}

impl Unit {
    /// As CloudWatch calls it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Count => "Count",
            Self::Seconds => "Seconds",
        }
    }
}

impl Report {
    /// The figures of a pass. `RunCompleted` is among them only where the pass is complete: an alarm misses it.
    #[must_use]
    pub fn metrics(&self) -> Vec<Metric> {
        let projects = self.projects.iter();
        let late = |outcome: Outcome| usize::from(outcome != Outcome::Ok);
        let late_projects: usize = projects.clone().map(|project| late(project.outcome)).sum();
        let late_hooks: usize = self.hooks.iter().map(|hook| late(hook.outcome)).sum();
        let oldest = self.channels.iter().filter_map(|channel| channel.oldest).min();
        let of_hooks = |figure: fn(&crate::HookReport) -> usize| self.hooks.iter().map(figure).sum();
        let mut metrics = vec![
            seconds("Duration", self.started, self.ended),
            count("IncidentsOpen", projects.map(|project| project.failing).sum()),
            count("TargetsLate", late_projects + late_hooks),
            count("DeliveriesLost", of_hooks(|hook| hook.lost)),
            count("DeliveriesOpen", of_hooks(|hook| hook.open as usize)),
            count("Redelivered", of_hooks(|hook| hook.redelivered)),
            count("Recovered", of_hooks(|hook| hook.recovered)),
            count("GivenUp", of_hooks(|hook| hook.given_up)),
            count("Waiting", self.channels.iter().map(|channel| channel.waiting).sum()),
            seconds("OldestWaiting", oldest.unwrap_or(self.ended), self.ended),
        ];
        metrics.extend(delivered(&self.channels));
        metrics.extend(self.sink.iter().map(|sink| count("RowsWaiting", sink.waiting)));
        if self.complete {
            metrics.push(count("RunCompleted", 1));
        }
        metrics
    }
}

impl Received {
    /// The figures of one request: what became of it, and of what it left to deliver.
    #[must_use]
    pub fn metrics(self, channels: &[ChannelReport], took: Duration) -> Vec<Metric> {
        let name = match self {
            Self::Accepted => "Accepted",
            Self::Repeat | Self::Replay => "Repeated",
            Self::Ping => "Pinged",
            Self::Unused => "Unused",
            Self::Unavailable => "Unavailable",
            _ => "Refused",
        };
        let mut metrics = vec![
            count(name, 1),
            Metric {
                name: "Duration",
                unit: Unit::Seconds,
                value: took.as_secs_f64(),
            },
        ];
        metrics.extend(delivered(channels));
        metrics
    }

    /// Why a request was refused, if it was.
    #[must_use]
    pub fn refusal(self) -> Option<&'static str> {
        match self {
            Self::Conflict => Some("conflict"),
            Self::TooLarge => Some("too_large"),
            Self::Unsigned => Some("unsigned"),
            Self::Forged => Some("forged"),
            Self::Unreadable => Some("unreadable"),
            Self::Accepted | Self::Repeat | Self::Replay | Self::Ping | Self::Unused | Self::Unavailable => None,
        }
    }
}

fn delivered(channels: &[ChannelReport]) -> [Metric; 2] {
    [
        count("Rung", channels.iter().map(|channel| channel.sent).sum()),
        count("DeadLetters", channels.iter().map(|channel| channel.dead).sum()),
    ]
}

fn count(name: &'static str, count: usize) -> Metric {
    Metric {
        name,
        unit: Unit::Count,
        // A count that needs more bits than this is beyond every alarm.
        value: f64::from(u32::try_from(count).unwrap_or(u32::MAX)),
    }
}

fn seconds(name: &'static str, from: Timestamp, to: Timestamp) -> Metric {
    Metric {
        name,
        unit: Unit::Seconds,
        value: to.duration_since(from).as_secs_f64(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_refused_for_a_reason_or_not_refused() {
        for received in [
            Received::Accepted,
            Received::Repeat,
            Received::Replay,
            Received::Conflict,
            Received::Ping,
            Received::Unused,
            Received::TooLarge,
            Received::Unsigned,
            Received::Forged,
            Received::Unreadable,
            Received::Unavailable,
        ] {
            let metrics = received.metrics(&[], Duration::ZERO);
            let refused = metrics.iter().any(|metric| metric.name == "Refused");
            assert_eq!(refused, received.refusal().is_some(), "{received:?}");
            assert_eq!(refused, matches!(received.status(), 400..500), "{received:?}");
        }
    }
}
