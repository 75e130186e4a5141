//! What a pass did: one value for `--json`, the log and the metrics.

use std::fmt::Display;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::records::SinkReport;

/// What a pass did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The version of this shape.
    pub version: u8,
    /// When it began.
    pub started: Timestamp,
    /// When it ended.
    pub ended: Timestamp,
    /// Every due target was observed, every channel looked at, and everything decided is stored.
    pub complete: bool,
    /// Why it is not complete.
    pub why_not: Option<String>,
    /// The Copr projects, in the order of the settings, then those no longer watched.
    pub projects: Vec<ProjectReport>,
    /// The hooks whose delivery log was read, in the order of the settings.
    pub hooks: Vec<HookReport>,
    /// The channels.
    pub channels: Vec<ChannelReport>,
    /// The records of issue events that waited, where they are kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sink: Option<SinkReport>,
}

/// How it went with a target.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It was observed, in this pass or in another of the same tick.
    Ok,
    /// It could not be observed, or what was decided could not be stored.
    Failed,
    /// Another worker has it, or there was no time left.
    #[default]
    Late,
}

/// What a pass did for one project.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ProjectReport {
    /// The project.
    pub project: String,
    /// How it went.
    pub outcome: Outcome,
    /// Why not.
    pub error: Option<String>,
    /// Packages in the monitor.
    pub packages: usize,
    /// Packages with an open incident now.
    pub failing: usize,
    /// Incidents that opened.
    pub broken: usize,
    /// Incidents that grew.
    pub grown: usize,
    /// Incidents with a newer failed build.
    pub failed_again: usize,
    /// Incidents that were reminded of.
    pub reminded: usize,
    /// Incidents that ended well.
    pub recovered: usize,
    /// Incidents that ended because nothing is left to fail.
    pub gone: usize,
    /// Incidents removed without a ring, because the settings no longer watch them.
    pub unwatched: usize,
}

impl ProjectReport {
    /// Was something accepted that may wait in an outbox now?
    pub(crate) fn has_news(&self) -> bool {
        let rung = [
            self.broken,
            self.grown,
            self.failed_again,
            self.reminded,
            self.recovered,
            self.gone,
        ];
        self.error.is_some() || rung.iter().any(|&count| count > 0)
    }
}

/// What a pass did for one hook.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct HookReport {
    /// The hook.
    pub hook: String,
    /// How its observation went, and what was due.
    pub outcome: Outcome,
    /// Why not, or why its backlog was left.
    pub error: Option<String>,
    /// Records of its delivery log that were read.
    pub read: usize,
    /// Deliveries found lost.
    pub lost: usize,
    /// Deliveries that are lost and still to be got back.
    pub open: u32,
    /// Redeliveries that GitHub was asked for.
    pub redelivered: usize,
    /// Lost deliveries that arrived, or were pulled.
    pub recovered: usize,
    /// Lost deliveries given up.
    pub given_up: usize,
}

impl HookReport {
    /// Was something accepted that may wait in an outbox now?
    pub(crate) fn has_news(&self) -> bool {
        self.error.is_some() || self.lost + self.recovered + self.given_up > 0
    }

    /// It could not be observed, or its backlog was left.
    pub(crate) fn failed(&mut self, error: &impl Display) {
        self.outcome = Outcome::Failed;
        self.error = Some(error.to_string());
    }
}

/// What a pass did for one channel, and what is left.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ChannelReport {
    /// The channel.
    pub channel: String,
    /// Notices sent.
    pub sent: usize,
    /// Notices waiting.
    pub waiting: usize,
    /// When the oldest of them was accepted.
    pub oldest: Option<Timestamp>,
    /// It is left alone until then.
    pub rest_until: Option<Timestamp>,
    /// Notices given up.
    pub dead: usize,
    /// What its last failure said.
    pub error: Option<String>,
    /// The last messages it took, oldest first.
    #[serde(skip)]
    pub rung: Vec<Rung>,
}

/// A message that a channel took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rung {
    /// When it took it.
    pub at: Timestamp,
    /// What it said, in a line.
    pub title: String,
}

/// How many messages are told of at most?
const TOLD: usize = 20;

impl ChannelReport {
    /// Adds messages that were taken after those it has.
    pub(crate) fn has_rung(&mut self, later: impl IntoIterator<Item = Rung>) {
        self.rung.extend(later);
        let surplus = self.rung.len().saturating_sub(TOLD);
        self.rung.drain(..surplus);
    }
}

/// The last pass, as it is remembered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastRun {
    /// Which tick of the schedule it was.
    pub tick: Timestamp,
    /// When it began.
    pub started: Timestamp,
    /// When it ended.
    pub ended: Timestamp,
    /// Every due target was observed and every channel looked at.
    pub complete: bool,
    /// Why it is not complete.
    pub why_not: Option<String>,
    /// Projects observed.
    pub projects: usize,
    /// Hooks observed.
    #[serde(default)]
    pub hooks: usize,
    /// Notices sent.
    pub sent: usize,
    /// Notices waiting.
    pub waiting: usize,
}
