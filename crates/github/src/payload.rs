//! The fields of GitHub's payloads that Copperbell uses, borrowed from the body where they have no escapes.
//!
//! GitHub documents them at <https://docs.github.com/en/webhooks/webhook-events-and-payloads>. What it leaves out or
//! sends as null in one event or another is an `Option` here, or an empty list. Every text is from outside.

use std::borrow::Cow;

use jiff::Timestamp;
use serde::de::{Deserialize, Deserializer, IgnoredAny};

/// What every event about an issue tells: who did what to which issue, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Act<'a> {
    /// `opened`, `closed`, …; one that nobody has heard of is taken as it is.
    pub action: Cow<'a, str>,
    /// The issue, as it is afterwards.
    pub issue: Issue<'a>,
    /// Its repository.
    pub repository: Repository<'a>,
    /// Who did it.
    pub sender: Option<User<'a>>,
    /// The organisation of the hook or the repository.
    pub organization: Option<Organization<'a>>,
    /// The installation of the App that the hook is of.
    pub installation: Option<Installation>,
    /// What was before: of `edited` and `transferred`, and of an `opened` that is the other end of a transfer.
    pub changes: Option<Changes<'a>>,
}

/// A repository.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
pub struct Repository<'a> {
    /// Stays the same when it is renamed or moved.
    pub id: u64,
    /// `owner/name`.
    #[serde(borrow)]
    pub full_name: Cow<'a, str>,
    /// Its page.
    #[serde(borrow)]
    pub html_url: Cow<'a, str>,
    /// Do only its members see it?
    pub private: bool,
}

/// An issue, or a pull request where GitHub treats it as one.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
pub struct Issue<'a> {
    /// Unique on this GitHub.
    pub id: u64,
    /// Unique in the repository.
    pub number: u64,
    /// Its title.
    #[serde(borrow)]
    pub title: Cow<'a, str>,
    /// Its page.
    #[serde(borrow)]
    pub html_url: Cow<'a, str>,
    /// `open` or `closed`.
    #[serde(borrow, default, deserialize_with = "text")]
    pub state: Option<Cow<'a, str>>,
    /// `completed`, `not_planned`, `duplicate`, `reopened`.
    #[serde(borrow, default, deserialize_with = "text")]
    pub state_reason: Option<Cow<'a, str>>,
    /// Who opened it; nobody when the account is gone.
    #[serde(borrow)]
    pub user: Option<User<'a>>,
    /// Its labels.
    #[serde(borrow, default, deserialize_with = "list")]
    pub labels: Vec<Label<'a>>,
    /// Who is to deal with it.
    #[serde(borrow, default, deserialize_with = "list")]
    pub assignees: Vec<User<'a>>,
    /// Its milestone.
    #[serde(borrow)]
    pub milestone: Option<Milestone<'a>>,
    /// Its type, where the organisation has such.
    #[serde(borrow, rename = "type")]
    pub kind: Option<IssueType<'a>>,
    /// Its text, in Markdown.
    #[serde(borrow, default, deserialize_with = "text")]
    pub body: Option<Cow<'a, str>>,
    /// When it was opened.
    pub created_at: Option<Timestamp>,
    /// When it was last changed.
    pub updated_at: Option<Timestamp>,
    /// When it was closed. One that was reopened may still have it.
    pub closed_at: Option<Timestamp>,
    /// What the author is to the repository: `OWNER`, `MEMBER`, `CONTRIBUTOR`, `NONE`, ….
    #[serde(borrow, default, deserialize_with = "text")]
    pub author_association: Option<Cow<'a, str>>,
    /// How many comments it has.
    pub comments: Option<u64>,
    /// Is it a pull request?
    #[serde(default, rename = "pull_request", deserialize_with = "is_there")]
    pub is_pull_request: bool,
}

/// A comment on an issue or a pull request.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
pub struct Comment<'a> {
    /// Unique on this GitHub.
    pub id: u64,
    /// Where it is on the page of its issue.
    #[serde(borrow)]
    pub html_url: Cow<'a, str>,
    /// Its text, in Markdown.
    #[serde(borrow, default, deserialize_with = "text")]
    pub body: Option<Cow<'a, str>>,
    /// Who wrote it; nobody when the account is gone.
    #[serde(borrow)]
    pub user: Option<User<'a>>,
    /// When it was written.
    pub created_at: Option<Timestamp>,
    /// What the author is to the repository.
    #[serde(borrow, default, deserialize_with = "text")]
    pub author_association: Option<Cow<'a, str>>,
}

/// An account: a person's, a bot's, an organisation's.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
pub struct User<'a> {
    /// Its name, such as `octocat` or `dependabot[bot]`.
    #[serde(borrow)]
    pub login: Cow<'a, str>,
    /// Stays the same when it is renamed.
    pub id: u64,
    /// `User`, `Bot`, `Organization` or `Mannequin` (a placeholder in imported data).
    #[serde(borrow, default, rename = "type", deserialize_with = "text")]
    pub kind: Option<Cow<'a, str>>,
}

impl User<'_> {
    /// Is it a program? GitHub says so in the type; the name of an App's account says so too.
    #[must_use]
    pub fn is_bot(&self) -> bool {
        self.kind.as_deref() == Some("Bot") || self.login.ends_with("[bot]")
    }
}

/// A label.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
pub struct Label<'a> {
    /// Its name.
    #[serde(borrow)]
    pub name: Cow<'a, str>,
    /// Six hexadecimal digits.
    #[serde(borrow, default, deserialize_with = "text")]
    pub color: Option<Cow<'a, str>>,
}

/// A milestone.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
pub struct Milestone<'a> {
    /// Its title.
    #[serde(borrow)]
    pub title: Cow<'a, str>,
}

/// A type of issues, such as Bug.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
pub struct IssueType<'a> {
    /// Its name.
    #[serde(borrow)]
    pub name: Cow<'a, str>,
}

/// An organisation.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
pub struct Organization<'a> {
    /// Stays the same when it is renamed.
    pub id: u64,
    /// Its name.
    #[serde(borrow)]
    pub login: Cow<'a, str>,
}

/// An App, installed in an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
pub struct Installation {
    /// Unique on this GitHub.
    pub id: u64,
}

/// What an event changed.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
pub struct Changes<'a> {
    /// The title was another.
    #[serde(borrow)]
    pub title: Option<Was<'a>>,
    /// The text of the issue or comment was another.
    #[serde(borrow)]
    pub body: Option<Was<'a>>,
    /// Of `transferred`: the issue it became.
    #[serde(borrow)]
    pub new_issue: Option<IssueLink<'a>>,
    /// Of `transferred`: the repository it went to.
    #[serde(borrow)]
    pub new_repository: Option<Repository<'a>>,
    /// Of `opened` by a transfer: the issue it was.
    #[serde(borrow)]
    pub old_issue: Option<IssueLink<'a>>,
    /// Of `opened` by a transfer: the repository it came from.
    #[serde(borrow)]
    pub old_repository: Option<Repository<'a>>,
}

/// What a text was before.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
pub struct Was<'a> {
    /// The text; nothing when there was none.
    #[serde(borrow, default, deserialize_with = "text")]
    pub from: Option<Cow<'a, str>>,
}

/// Which issue is meant, and no more about it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
pub struct IssueLink<'a> {
    /// Unique in its repository.
    pub number: u64,
    /// Its page.
    #[serde(borrow)]
    pub html_url: Cow<'a, str>,
}

/// A hook, as its ping describes it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
pub struct Hook<'a> {
    /// `Repository`, `Organization` or `App`.
    #[serde(borrow, default, rename = "type", deserialize_with = "text")]
    pub kind: Option<Cow<'a, str>>,
    /// How it sends.
    #[serde(borrow)]
    pub config: Option<HookConfig<'a>>,
}

/// How a hook sends.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
pub struct HookConfig<'a> {
    /// Where to.
    #[serde(borrow, default, deserialize_with = "text")]
    pub url: Option<Cow<'a, str>>,
}

/// A text, borrowed where it can be: serde does not see a `Cow` inside an `Option`.
pub(crate) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Cow<'de, str>>, D::Error> {
    #[derive(serde::Deserialize)]
    struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

    let text = Option::<Text<'de>>::deserialize(deserializer)?;
    Ok(text.map(|text| text.0))
}

/// A list without its nulls, itself maybe one.
pub(crate) fn list<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    let list = Option::<Vec<Option<T>>>::deserialize(deserializer)?;
    Ok(list.unwrap_or_default().into_iter().flatten().collect())
}

pub(crate) fn is_there<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    Ok(Option::<IgnoredAny>::deserialize(deserializer)?.is_some())
}
