//! The words for the issues as a whole.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::{MAX_NAME, counted, lasted, link, name, text};
use crate::message::{Line, Message, Span};
use crate::notice::{IssueDigest, Times, UnansweredIssue};
use crate::plain::plain_cut;

/// The longest a title may be in a line.
const MAX_TITLE: usize = 100;

pub(super) fn digest(digest: &IssueDigest, at: Timestamp) -> Message {
    let IssueDigest {
        opened, closed, open, ..
    } = digest;
    let mut lines = Vec::new();
    lines.extend(digest.response.map(|times| took("first response", times, at)));
    lines.extend(digest.close.map(|times| took("closed as completed", times, at)));
    if !digest.unanswered.is_empty() {
        lines.push(vec![text("longest without a response:")]);
        lines.extend(digest.unanswered.iter().map(|issue| unanswered(issue, at)));
    }
    Message {
        title: format!(
            "Issues of the last {}: {opened} new, {closed} closed, {open} open",
            lasted(digest.since, at)
        ),
        lines,
        ..Message::default()
    }
}

/// "first response: half within 3 h, nine of ten within 2 days (10 issues)"
fn took(what: &str, times: Times, at: Timestamp) -> Line {
    let within = |seconds| {
        let took = SignedDuration::try_from(Duration::from_secs(seconds)).unwrap_or_default();
        lasted(at.checked_sub(took).unwrap_or(Timestamp::MIN), at)
    };
    let issues = counted(usize::try_from(times.n).unwrap_or(usize::MAX), "issue");
    let (half, most) = (within(times.p50_s), within(times.p90_s));
    vec![text(format!(
        "{what}: half within {half}, nine of ten within {most} ({issues})"
    ))]
}

fn unanswered(issue: &UnansweredIssue, at: Timestamp) -> Line {
    let label = format!("{}#{}", plain_cut(&issue.repository, MAX_NAME), issue.number);
    let mut line = match link(&label, &issue.url) {
        Some(link) => vec![Span::Link(link)],
        None => vec![text(name(&label))],
    };
    if let Some(title) = &issue.title {
        line.push(text(format!(" {}", plain_cut(title, MAX_TITLE))));
    }
    line.push(text(format!(" · {}", lasted(issue.opened_at, at))));
    line
}
