//! What is said of the issues as a whole.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::language::{Took, Words};
use super::{MAX_NAME, lasted, link, name, text};
use crate::message::{Line, Message, Span};
use crate::notice::{IssueDigest, Times, UnansweredIssue};
use crate::plain::plain_cut;

/// The longest a title may be in a line.
const MAX_TITLE: usize = 100;

pub(super) fn digest(words: &dyn Words, digest: &IssueDigest, at: Timestamp) -> Message {
    let mut lines = Vec::new();
    lines.extend(digest.response.map(|times| took(words, Took::FirstResponse, times, at)));
    lines.extend(digest.close.map(|times| took(words, Took::Close, times, at)));
    if !digest.unanswered.is_empty() {
        lines.push(vec![text(words.unanswered())]);
        lines.extend(digest.unanswered.iter().map(|issue| unanswered(words, issue, at)));
    }
    let since = lasted(digest.since, at);
    Message {
        title: words.digest(since, digest.opened, digest.closed, digest.open),
        lines,
        ..Message::default()
    }
}

/// "first response: half within 3 h, nine of ten within 2 days (10 issues)"
fn took(words: &dyn Words, what: Took, times: Times, at: Timestamp) -> Line {
    let within = |seconds| {
        let took = SignedDuration::try_from(Duration::from_secs(seconds)).unwrap_or_default();
        lasted(at.checked_sub(took).unwrap_or(Timestamp::MIN), at)
    };
    let issues = usize::try_from(times.n).unwrap_or(usize::MAX);
    vec![text(words.took(what, within(times.p50_s), within(times.p90_s), issues))]
}

fn unanswered(words: &dyn Words, issue: &UnansweredIssue, at: Timestamp) -> Line {
    let label = format!("{}#{}", plain_cut(&issue.repository, MAX_NAME), issue.number);
    let mut line = match link(&label, &issue.url) {
        Some(link) => vec![Span::Link(link)],
        None => vec![text(name(words, &label))],
    };
    if let Some(title) = &issue.title {
        line.push(text(format!(" {}", plain_cut(title, MAX_TITLE))));
    }
    line.push(text(format!(" · {}", words.lasted(lasted(issue.opened_at, at)))));
    line
}
