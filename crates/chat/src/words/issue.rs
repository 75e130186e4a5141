//! The words for what happens to GitHub issues.

use super::{counted, lasted, link, name, text};
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
pub(super) fn one(issue: &IssueEvent) -> Message {
    let (before, after) = happened(issue);
    let repository = name(&issue.repository);
    Message {
        tone: tone(issue),
        title: format!("{before}{repository}#{}{after}: {}", issue.number, title(&issue.title)),
        link: page(issue),
        lines: issue
            .old_title
            .iter()
            .map(|old| vec![text(format!("was: {}", title(old)))])
            .collect(),
        quote: quote(issue),
        details: details(issue),
    }
}

/// Several events of one repository: a line each, in order.
pub(super) fn repository(notices: &[Notice]) -> Message {
    let issues: Vec<&IssueEvent> = notices
        .iter()
        .filter_map(|notice| match &notice.fact {
            Fact::Issue(issue) => Some(&**issue),
            _ => None,
        })
        .collect();
    let warns = issues.iter().any(|issue| tone(issue) == Tone::Warning);
    let repository = issues.first().map_or_else(String::new, |issue| name(&issue.repository));
    Message {
        tone: if warns { Tone::Warning } else { Tone::Neutral },
        title: format!("{} in {repository}", counted(issues.len(), "issue event")),
        link: issues.first().and_then(|issue| all_issues(issue)),
        lines: issues.iter().map(|issue| line(issue)).collect(),
        ..Message::default()
    }
}

/// One event among many of its repository.
fn line(issue: &IssueEvent) -> Line {
    let (before, after) = happened(issue);
    let number = format!("#{}", issue.number);
    let number = page(issue).map_or_else(
        || text(&*number),
        |page| {
            Span::Link(Link {
                text: number.clone(),
                ..page
            })
        },
    );
    vec![text(before), number, text(format!("{after}: {}", title(&issue.title)))]
}

/// What happened, in the words before and after the issue's name: "alice closed " and " as completed".
fn happened(issue: &IssueEvent) -> (String, String) {
    let actor = name(&issue.actor);
    let pull_request = if issue.is_pr { "pull request " } else { "" };
    let said = |verb: &str, after: String| (format!("{actor} {verb} {pull_request}"), after);
    let did = |verb: &str| said(verb, String::new());
    let about = name(issue.about.as_deref().unwrap_or_default());
    let themselves = issue.about.as_ref() == Some(&issue.actor);
    match (issue.is_comment(), issue.action()) {
        (false, "opened") => did("opened"),
        (false, "closed") => said("closed", why_and_after_how_long(issue)),
        (false, "reopened") => did("reopened"),
        (false, "edited") if issue.old_title.is_some() => did("renamed"),
        (false, "edited") => did("edited"),
        (false, "deleted") => did("deleted"),
        (false, "transferred") if issue.about.is_none() => did("transferred"),
        (false, "transferred") => said("transferred", format!(" to {about}")),
        (false, "pinned") => did("pinned"),
        (false, "unpinned") => did("unpinned"),
        (false, "locked") => did("locked"),
        (false, "unlocked") => did("unlocked"),
        (false, "labeled") => said("labelled", format!(" “{about}”")),
        (false, "unlabeled") => did(&format!("took the label “{about}” off")),
        (false, "assigned") if themselves => said("assigned", " to themselves".to_owned()),
        (false, "assigned") => said("assigned", format!(" to {about}")),
        (false, "unassigned") if themselves => did("unassigned themselves from"),
        (false, "unassigned") => did(&format!("unassigned {about} from")),
        (false, "milestoned") => said("added", format!(" to the milestone “{about}”")),
        (false, "demilestoned") => said("took", format!(" out of the milestone “{about}”")),
        (false, "typed") => said("set the type of", format!(" to “{about}”")),
        (false, "untyped") => did(&format!("took the type “{about}” off")),
        (false, "field_added") => did(&format!("set the field “{about}” of")),
        (false, "field_removed") => did(&format!("cleared the field “{about}” of")),
        (true, "created") => did("commented on"),
        (true, "edited") => did("edited a comment on"),
        (true, "deleted") => did("deleted a comment on"),
        (true, "pinned") => did("pinned a comment on"),
        (true, "unpinned") => did("unpinned a comment on"),
        // What GitHub thinks of next is most likely a participle too.
        (is_comment, action) => {
            let comment = if is_comment { "a comment on " } else { "" };
            let done = spoken(action, "changed");
            (format!("{comment}{pull_request}"), format!(" was {done} by {actor}"))
        }
    }
}

/// " as completed after 3 days"
fn why_and_after_how_long(issue: &IssueEvent) -> String {
    let why = match issue.state_reason.as_deref() {
        None => String::new(),
        Some("duplicate") => " as a duplicate".to_owned(),
        Some(reason) => format!(" as {}", spoken(reason, "closed")),
    };
    let after = issue
        .closed_at
        .map(|closed| format!(" after {}", lasted(issue.opened_at, closed)));
    why + &after.unwrap_or_default()
}

/// GitHub's word for something, as people say it: `not_planned` is "not planned".
fn spoken(word: &str, fallback: &str) -> String {
    let spoken = plain_cut(&word.replace('_', " "), 64);
    if spoken.is_empty() { fallback.to_owned() } else { spoken }
}

fn tone(issue: &IssueEvent) -> Tone {
    match (issue.is_comment(), issue.action(), issue.state_reason.as_deref()) {
        (false, "opened" | "reopened", _) => Tone::Warning,
        (false, "closed", None | Some("completed")) => Tone::Good,
        _ => Tone::Neutral,
    }
}

fn title(title: &str) -> String {
    let title = plain_cut(title, MAX_TITLE);
    if title.is_empty() {
        "(no title)".to_owned()
    } else {
        title
    }
}

/// Where to look at it: the comment or the issue, unless it is no more.
fn page(issue: &IssueEvent) -> Option<Link> {
    let what = match (issue.is_comment(), issue.action()) {
        (false, "deleted") => return all_issues(issue),
        (true, action) if action != "deleted" => "comment".to_owned(),
        _ if issue.is_pr => format!("pull request #{}", issue.number),
        _ => format!("issue #{}", issue.number),
    };
    link(&what, &issue.url)
}

fn all_issues(issue: &IssueEvent) -> Option<Link> {
    link("all issues", &format!("{}/issues", issue.repository_url))
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

fn details(issue: &IssueEvent) -> Vec<Detail> {
    let label = if issue.labels.len() == 1 { "label" } else { "labels" };
    let mut details = vec![
        (label, names(&issue.labels)),
        ("assigned to", names(&issue.assignees)),
        ("milestone", names(issue.milestone.as_slice())),
    ];
    if issue.author != issue.actor {
        details.push(("opened by", name(&issue.author)));
    }
    let known = details.into_iter().filter(|(_, value)| !value.is_empty());
    known.map(|(name, value)| Detail { name, value }).collect()
}

/// "bug, crash"
fn names(all: &[String]) -> String {
    let mut names: Vec<_> = all.iter().take(MAX_NAMES).map(|each| name(each)).collect();
    if all.len() > MAX_NAMES {
        names.push("…".to_owned());
    }
    plain_cut(&names.join(", "), MAX_NAMES_LENGTH)
}
