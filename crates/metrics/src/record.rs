//! The record: one flat row for each event about an issue or a comment. No text of anybody, and the title only where it
//! is asked for.

use github::{Act, Event, User};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The version of the row's shape. A reader leaves rows of a later one alone.
pub const SCHEMA_VERSION: i64 = 1;

/// What is between two labels, and around all of them: `|bug|regression|`.
pub(crate) const BETWEEN_LABELS: char = '|';

/// What a label's own `|` becomes.
const INSIDE_LABELS: &str = "¦";

/// One row. Times are seconds since the epoch, since every engine compares whole numbers alike.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct IssueRecord {
    /// The version of this shape.
    pub schema_version: i64,
    /// `X-GitHub-Delivery`: the same when GitHub sends it again. Of history: made of what GitHub calls it.
    pub delivery_id: String,
    /// SHA-256 of the body, in hexadecimal; nothing where nobody saw the body.
    pub body_digest: Option<String>,
    /// `issues` or `issue_comment`.
    pub event: String,
    /// `opened`, `closed`, `created`, …
    pub action: String,
    /// `owner/name`, as it was called then.
    pub repository: String,
    /// Stays the same when the repository is renamed.
    pub repository_id: i64,
    /// Unique on this GitHub.
    pub issue_id: i64,
    /// Unique in the repository.
    pub issue_number: i64,
    /// The issue's page.
    pub issue_url: String,
    /// The issue's title, where titles are asked for.
    pub title: Option<String>,
    /// 1 where GitHub treats a pull request as an issue, else 0: not every engine has booleans.
    pub is_pr: i64,
    /// Of `issue_comment`: which comment.
    pub comment_id: Option<i64>,
    /// When the issue was opened.
    pub created_s: Option<i64>,
    /// When this happened: as GitHub says, else when we heard of it.
    pub occurred_s: i64,
    /// When we heard of it.
    pub received_s: i64,
    /// When the issue was last closed, if it is closed.
    pub closed_s: Option<i64>,
    /// Who did this; nobody when the account is gone.
    pub actor: Option<String>,
    /// `User`, `Bot`, `Organization`, `Mannequin`.
    pub actor_type: Option<String>,
    /// Who opened the issue; nobody when the account is gone.
    pub author: Option<String>,
    /// `User`, `Bot`, `Organization`, `Mannequin`.
    pub author_type: Option<String>,
    /// What the author of the comment, else of the issue, is to the repository: `MEMBER`, `NONE`, …
    pub association: Option<String>,
    /// `open` or `closed`.
    pub state: Option<String>,
    /// `completed`, `not_planned`, `duplicate`, `reopened`.
    pub state_reason: Option<String>,
    /// Of `labeled` and `unlabeled`: the label.
    pub label: Option<String>,
    /// The issue's labels: `|bug|regression|`, or nothing.
    pub labels: Option<String>,
    /// The first of those who are to deal with it.
    pub assignee: Option<String>,
    /// The milestone's title.
    pub milestone: Option<String>,
}

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A whole number of 64 bits.
    Integer,
    /// Text.
    Text,
}

/// A column of the table of records, in every engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
}

const fn integer(name: &'static str) -> Column {
    let kind = Kind::Integer;
    Column { name, kind }
}

const fn text(name: &'static str) -> Column {
    let kind = Kind::Text;
    Column { name, kind }
}

/// All columns, in the order of the record.
pub const COLUMNS: [Column; 28] = [
    integer("schema_version"),
    text("delivery_id"),
    text("body_digest"),
    text("event"),
    text("action"),
    text("repository"),
    integer("repository_id"),
    integer("issue_id"),
    integer("issue_number"),
    text("issue_url"),
    text("title"),
    integer("is_pr"),
    integer("comment_id"),
    integer("created_s"),
    integer("occurred_s"),
    integer("received_s"),
    integer("closed_s"),
    text("actor"),
    text("actor_type"),
    text("author"),
    text("author_type"),
    text("association"),
    text("state"),
    text("state_reason"),
    text("label"),
    text("labels"),
    text("assignee"),
    text("milestone"),
];

/// How a delivery came.
#[derive(Clone, Copy, Debug)]
pub struct Arrival<'a> {
    /// `X-GitHub-Delivery`.
    pub delivery_id: &'a str,
    /// SHA-256 of its body, in hexadecimal, if anybody saw the body.
    pub body_digest: Option<&'a str>,
    /// When.
    pub at: Timestamp,
    /// Is the title to be kept? It may tell more than a figure should.
    pub titles: bool,
}

impl IssueRecord {
    /// The record of an event, if it is about an issue.
    #[must_use]
    pub fn of(event: &Event<'_>, arrival: Arrival<'_>) -> Option<Self> {
        let subject = event.subject()?;
        let act = event.act()?;
        let issue = &act.issue;
        let comment = match event {
            Event::IssueComment(comment) => Some(&comment.comment),
            _ => None,
        };
        let label = match event {
            Event::Issues(issues) => issues.label.as_ref(),
            _ => None,
        };
        let sender = act
            .sender
            .as_ref()
            .or(comment.and_then(|comment| comment.user.as_ref()));
        let association = match comment {
            Some(comment) => &comment.author_association,
            None => &issue.author_association,
        };
        let comment_made = comment.and_then(|comment| comment.created_at);
        let closed_s = issue.closed_at.filter(|_| issue.state.as_deref() != Some("open"));
        Some(Self {
            schema_version: SCHEMA_VERSION,
            delivery_id: arrival.delivery_id.to_owned(),
            body_digest: arrival.body_digest.map(str::to_owned),
            event: subject.event.to_owned(),
            action: act.action.to_string(),
            repository: act.repository.full_name.to_string(),
            repository_id: number(act.repository.id),
            issue_id: number(issue.id),
            issue_number: number(issue.number),
            issue_url: issue.html_url.to_string(),
            title: arrival.titles.then(|| issue.title.to_string()),
            is_pr: i64::from(issue.is_pull_request),
            comment_id: comment.map(|comment| number(comment.id)),
            created_s: issue.created_at.map(Timestamp::as_second),
            occurred_s: happened(act, comment_made).unwrap_or(arrival.at).as_second(),
            received_s: arrival.at.as_second(),
            closed_s: closed_s.map(Timestamp::as_second),
            actor: sender.map(login),
            actor_type: sender.and_then(account),
            author: issue.user.as_ref().map(login),
            author_type: issue.user.as_ref().and_then(account),
            association: association.as_deref().map(str::to_owned),
            state: issue.state.as_deref().map(str::to_owned),
            state_reason: issue.state_reason.as_deref().map(str::to_owned),
            label: label.map(|label| one_label(&label.name)),
            labels: all_labels(issue.labels.iter().map(|label| label.name.as_ref())),
            assignee: issue.assignees.first().map(login),
            milestone: issue.milestone.as_ref().map(|milestone| milestone.title.to_string()),
        })
    }

    /// The row as one line of JSON, as it is sent and stored.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Numbers, texts and nothing else: there is no way for this to fail.
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// GitHub says when only for some actions; for the others the issue was changed then.
fn happened(act: &Act<'_>, comment_made: Option<Timestamp>) -> Option<Timestamp> {
    let issue = &act.issue;
    match act.action.as_ref() {
        "opened" => issue.created_at,
        "created" => comment_made,
        "closed" => issue.closed_at.or(issue.updated_at),
        // What is gone has not been changed.
        "deleted" | "transferred" => None,
        _ => issue.updated_at,
    }
}

/// One label as it is kept.
#[must_use]
pub fn one_label(name: &str) -> String {
    name.replace(BETWEEN_LABELS, INSIDE_LABELS)
}

/// Labels as they are kept together.
pub fn all_labels<'a>(names: impl Iterator<Item = &'a str>) -> Option<String> {
    let mut labels = String::new();
    for name in names {
        if labels.is_empty() {
            labels.push(BETWEEN_LABELS);
        }
        labels.push_str(&one_label(name));
        labels.push(BETWEEN_LABELS);
    }
    (!labels.is_empty()).then_some(labels)
}

/// GitHub's ids are below 2^63 and will be for a while.
fn number(id: u64) -> i64 {
    i64::try_from(id).unwrap_or(i64::MAX)
}

fn login(user: &User<'_>) -> String {
    user.login.to_string()
}

fn account(user: &User<'_>) -> Option<String> {
    // Some payloads leave the type of an App's account out; its name says it.
    let kind = user.kind.as_deref().or(user.is_bot().then_some("Bot"));
    kind.map(str::to_owned)
}
