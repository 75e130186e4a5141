//! What is said of what happens to GitHub issues.

use super::language::{Act, CloseReason, Words};
use super::{lasted, link, name, text};
use crate::excerpt::excerpt;
use crate::message::{Detail, Line, Link, Message, Span, Tone};
use crate::notice::{Fact, IssueEvent, Notice};
use crate::plain::{plain, plain_cut};

/// How many labels or people are named.
const MAX_NAMES: usize = 10;
/// The longest a list of names may be: small print is small.
const MAX_NAMES_LENGTH: usize = 200;
/// As long as GitHub lets a title be.
const MAX_TITLE: usize = 256;

/// One event.
pub(super) fn one(words: &dyn Words, issue: &IssueEvent) -> Message {
    let (before, after) = happened(words, issue);
    let repository = name(words, &issue.repository);
    let (colon, title_now) = (words.colon(), title(words, &issue.title));
    Message {
        tone: tone(issue),
        title: format!("{before}{repository}#{}{after}{colon}{title_now}", issue.number),
        link: page(words, issue),
        lines: issue
            .old_title
            .iter()
            .map(|old| vec![text(words.was(&title(words, old)))])
            .collect(),
        quote: quote(issue),
        details: details(words, issue),
        ..Message::default()
    }
}

/// Several events of one repository: a line each, in order.
pub(super) fn repository(words: &dyn Words, notices: &[Notice]) -> Message {
    let issues: Vec<&IssueEvent> = notices
        .iter()
        .filter_map(|notice| match &notice.fact {
            Fact::Issue(issue) => Some(&**issue),
            _ => None,
        })
        .collect();
    let warns = issues.iter().any(|issue| tone(issue) == Tone::Warning);
    let repository = issues
        .first()
        .map_or_else(String::new, |issue| name(words, &issue.repository));
    Message {
        tone: if warns { Tone::Warning } else { Tone::Neutral },
        title: words.issue_events(issues.len(), &repository),
        link: issues.first().and_then(|issue| all_issues(words, issue)),
        lines: issues.iter().map(|issue| line(words, issue)).collect(),
        ..Message::default()
    }
}

/// One event among many of its repository.
fn line(words: &dyn Words, issue: &IssueEvent) -> Line {
    let (before, after) = happened(words, issue);
    let number = format!("#{}", issue.number);
    let number = page(words, issue).map_or_else(
        || text(&*number),
        |page| {
            Span::Link(Link {
                text: number.clone(),
                ..page
            })
        },
    );
    let title = title(words, &issue.title);
    vec![text(before), number, text(format!("{after}{}{title}", words.colon()))]
}

/// What happened, as far as there are words for it.
fn act(words: &dyn Words, issue: &IssueEvent) -> Act {
    let about = || name(words, issue.about.as_deref().unwrap_or_default());
    let whom = || (issue.about.as_ref() != Some(&issue.actor)).then(about);
    match (issue.is_comment(), issue.action()) {
        (false, "opened") => Act::Opened,
        (false, "closed") => {
            let after = issue.closed_at.map(|closed| lasted(issue.opened_at, closed));
            Act::Closed(issue.state_reason.as_deref().and_then(close_reason), after)
        }
        (false, "reopened") => Act::Reopened,
        (false, "edited") if issue.old_title.is_some() => Act::Renamed,
        (false, "edited") => Act::Edited,
        (false, "deleted") => Act::Deleted,
        (false, "transferred") => Act::Transferred(issue.about.is_some().then(about)),
        (false, "pinned") => Act::Pinned,
        (false, "unpinned") => Act::Unpinned,
        (false, "locked") => Act::Locked,
        (false, "unlocked") => Act::Unlocked,
        (false, "labeled") => Act::Labelled(about()),
        (false, "unlabeled") => Act::Unlabelled(about()),
        (false, "assigned") => Act::Assigned(whom()),
        (false, "unassigned") => Act::Unassigned(whom()),
        (false, "milestoned") => Act::Milestoned(about()),
        (false, "demilestoned") => Act::Demilestoned(about()),
        (false, "typed") => Act::Typed(about()),
        (false, "untyped") => Act::Untyped(about()),
        (false, "field_added") => Act::FieldSet(about()),
        (false, "field_removed") => Act::FieldCleared(about()),
        (true, "created") => Act::Commented,
        (true, "edited") => Act::CommentEdited,
        (true, "deleted") => Act::CommentDeleted,
        (true, "pinned") => Act::CommentPinned,
        (true, "unpinned") => Act::CommentUnpinned,
        (false, action) => Act::Other(spoken(action)),
        (true, action) => Act::CommentOther(spoken(action)),
    }
}

fn close_reason(reason: &str) -> Option<CloseReason> {
    match reason {
        "completed" => Some(CloseReason::Completed),
        "not_planned" => Some(CloseReason::NotPlanned),
        "duplicate" => Some(CloseReason::Duplicate),
        reason => spoken(reason).map(CloseReason::Other),
    }
}

/// GitHub's word for something, as people say it: `not_planned` is "not planned".
fn spoken(word: &str) -> Option<String> {
    let spoken = plain_cut(&word.replace('_', " "), 64);
    (!spoken.is_empty()).then_some(spoken)
}

/// What happened, before and after the issue's name.
fn happened(words: &dyn Words, issue: &IssueEvent) -> (String, String) {
    words.happened(&name(words, &issue.actor), &act(words, issue), issue.is_pr)
}

fn tone(issue: &IssueEvent) -> Tone {
    match (issue.is_comment(), issue.action(), issue.state_reason.as_deref()) {
        (false, "opened" | "reopened", _) => Tone::Warning,
        (false, "closed", None | Some("completed")) => Tone::Good,
        _ => Tone::Neutral,
    }
}

fn title(words: &dyn Words, title: &str) -> String {
    let title = plain_cut(title, MAX_TITLE);
    if title.is_empty() {
        words.no_title().to_owned()
    } else {
        title
    }
}

/// Where to look at it: the comment or the issue, unless it is no more.
fn page(words: &dyn Words, issue: &IssueEvent) -> Option<Link> {
    let what = match (issue.is_comment(), issue.action()) {
        (false, "deleted") => return all_issues(words, issue),
        (true, action) if action != "deleted" => words.comment().to_owned(),
        _ if issue.is_pr => words.pull_request(issue.number),
        _ => words.issue(issue.number),
    };
    link(&what, &issue.url)
}

fn all_issues(words: &dyn Words, issue: &IssueEvent) -> Option<Link> {
    link(words.all_issues(), &format!("{}/issues", issue.repository_url))
}

/// What was written, where the event is that somebody wrote it.
fn quote(issue: &IssueEvent) -> Vec<String> {
    let wrote = match (issue.is_comment(), issue.action()) {
        (false, "opened" | "reopened") | (true, "created" | "edited") => true,
        (false, "edited") => issue.old_title.is_none(),
        _ => false,
    };
    let excerpt = if wrote { excerpt(&issue.excerpt) } else { String::new() };
    excerpt.lines().map(plain).filter(|line| !line.is_empty()).collect()
}

fn details(words: &dyn Words, issue: &IssueEvent) -> Vec<Detail> {
    let mut details = vec![
        (words.labels(issue.labels.len()), names(words, &issue.labels)),
        (words.assigned_to(), names(words, &issue.assignees)),
        (words.milestone(), names(words, issue.milestone.as_slice())),
    ];
    if issue.author != issue.actor {
        details.push((words.opened_by(), name(words, &issue.author)));
    }
    let known = details.into_iter().filter(|(_, value)| !value.is_empty());
    known.map(|(name, value)| Detail { name, value }).collect()
}

/// "bug, crash"
fn names(words: &dyn Words, all: &[String]) -> String {
    let mut names: Vec<_> = all.iter().take(MAX_NAMES).map(|each| name(words, each)).collect();
    if all.len() > MAX_NAMES {
        names.push("…".to_owned());
    }
    plain_cut(&names.join(", "), MAX_NAMES_LENGTH)
}
