//! What there is to say of a repository's issues as a whole, now and then.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::plain::cut;

/// How the issues fared since the last time this was told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IssueDigest {
    /// Since when.
    pub since: Timestamp,
    /// Opened since then.
    pub opened: u64,
    /// Closed since then.
    pub closed: u64,
    /// Open now.
    pub open: u64,
    /// How long first responses took, if there were any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response: Option<Times>,
    /// How long it took to close issues as completed, if any were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub close: Option<Times>,
    /// The oldest open issues that nobody responded to, the oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unanswered: Vec<UnansweredIssue>,
}

/// How long something took.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Times {
    /// For how many issues.
    pub n: u64,
    /// Half of them took no longer, in seconds.
    pub p50_s: u64,
    /// Nine of ten took no longer, in seconds.
    pub p90_s: u64,
}

/// An issue that waits for somebody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnansweredIssue {
    /// `owner/name`.
    pub repository: String,
    /// Its number there.
    pub number: u64,
    /// Its page.
    pub url: String,
    /// Its title, where titles are kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// When it was opened.
    pub opened_at: Timestamp,
}

/// How many unanswered issues are told.
const MAX_UNANSWERED: usize = 10;

impl IssueDigest {
    /// Cuts the list and its texts to what fits a stored notice.
    pub(super) fn cut_texts(&mut self) {
        self.unanswered.truncate(MAX_UNANSWERED);
        for issue in &mut self.unanswered {
            cut(&mut issue.repository, 160);
            if let Some(title) = &mut issue.title {
                cut(title, 256);
            }
            if issue.url.len() > 512 {
                issue.url.clear();
            }
        }
    }
}
