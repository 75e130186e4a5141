//! How far the reading of a history is.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What was read so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Issues; pull requests are none.
    pub issues: u64,
    /// Comments on them.
    pub comments: u64,
    /// What happened to them, as far as webhooks tell the same.
    pub events: u64,
    /// Requests to GitHub.
    pub requests: u64,
}

/// One of GitHub's lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum List {
    /// The issues.
    Issues,
    /// Their comments.
    Comments,
    /// What happened to them.
    Events,
}

/// What the job is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doing {
    /// It reads a page of a list.
    Reading(List),
    /// It waits until then, since GitHub limits our requests.
    Waiting(Timestamp),
}
