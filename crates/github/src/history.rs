//! The past of a repository's issues, as three lists of the API tell it: the issues
//! (<https://docs.github.com/en/rest/issues/issues#list-repository-issues>), their comments
//! (<https://docs.github.com/en/rest/issues/comments#list-issue-comments-for-a-repository>) and what happened to them
//! (<https://docs.github.com/en/rest/issues/events#list-issue-events-for-a-repository>).
//!
//! The fields are owned: a page has megabytes of texts that nobody needs here.

use std::time::Duration;

use jiff::Timestamp;
use outbound::Outbound;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use url::Url;

use crate::ask::read;
use crate::client::GitHub;
use crate::error::ApiError;
use crate::limits::Rate;
use crate::link::has_next;
use crate::payload::{is_there, list};
use crate::question::Question;
use crate::repository::RepositoryRef;

/// A page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed<T> {
    /// A hundred at most. There may be none and yet more pages.
    pub items: Vec<T>,
    /// Is there a next page?
    pub more: bool,
    /// What is left of our requests.
    pub rate: Rate,
}

/// An issue as it is now, or a pull request where GitHub treats it as one.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct PastIssue {
    /// Unique on this GitHub.
    pub id: u64,
    /// Unique in the repository.
    pub number: u64,
    /// Its title.
    pub title: String,
    /// Its page.
    pub html_url: String,
    /// `open` or `closed`.
    pub state: Option<String>,
    /// `completed`, `not_planned`, `duplicate`, `reopened`.
    pub state_reason: Option<String>,
    /// Who opened it; nobody when the account is gone.
    pub user: Option<PastAccount>,
    /// Its labels.
    #[serde(default, deserialize_with = "list")]
    pub labels: Vec<PastLabel>,
    /// Who is to deal with it.
    #[serde(default, deserialize_with = "list")]
    pub assignees: Vec<PastAccount>,
    /// Its milestone.
    pub milestone: Option<Titled>,
    /// When it was opened.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// When it was last closed.
    pub closed_at: Option<Timestamp>,
    /// Who closed it last, where the list tells.
    pub closed_by: Option<PastAccount>,
    /// What the author is to the repository: `MEMBER`, `NONE`, ….
    pub author_association: Option<String>,
    /// Is it a pull request?
    #[serde(default, rename = "pull_request", deserialize_with = "is_there")]
    pub is_pull_request: bool,
}

/// A comment on an issue or a pull request.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct PastComment {
    /// Unique on this GitHub.
    pub id: u64,
    /// Where it is on the page of its issue.
    pub html_url: String,
    /// Its issue at the API; ends with the issue's number.
    pub issue_url: String,
    /// Who wrote it; nobody when the account is gone.
    pub user: Option<PastAccount>,
    /// When it was written.
    pub created_at: Timestamp,
    /// When it was last edited.
    pub updated_at: Timestamp,
    /// What the author is to the repository.
    pub author_association: Option<String>,
}

/// Something that happened to an issue or a pull request.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct PastEvent {
    /// Unique on this GitHub.
    pub id: u64,
    /// `closed`, `labeled`, `mentioned`, …: more than webhooks tell.
    pub event: String,
    /// Who did it; nobody when the account is gone.
    pub actor: Option<PastAccount>,
    /// When.
    pub created_at: Timestamp,
    /// Of `labeled` and `unlabeled`: the label.
    pub label: Option<PastLabel>,
    /// Of `closed`: why, where GitHub tells.
    pub state_reason: Option<String>,
    /// The issue as it is now; nothing when it is gone.
    pub issue: Option<PastIssue>,
}

/// An account.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct PastAccount {
    /// Its name.
    pub login: String,
    /// `User`, `Bot`, `Organization`, `Mannequin`.
    #[serde(rename = "type")]
    pub kind: Option<String>,
}

/// What has a title.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Titled {
    /// The title.
    pub title: String,
}

/// A label, by its name; nothing when even that is gone. Old ones may be a text instead of an object.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "AnyLabel")]
pub struct PastLabel(pub Option<String>);

#[derive(Deserialize)]
#[serde(untagged)]
enum AnyLabel {
    Object { name: Option<String> },
    Text(String),
}

impl From<AnyLabel> for PastLabel {
    fn from(label: AnyLabel) -> Self {
        match label {
            AnyLabel::Object { name } => Self(name),
            AnyLabel::Text(name) => Self(Some(name)),
        }
    }
}

impl GitHub {
    /// Reads a page (from 1) of the issues and pull requests that were changed since then, or of all, the one that was
    /// changed longest ago first.
    ///
    /// # Errors
    /// Whenever the answer is anything but a page.
    pub async fn issues(
        &self,
        outbound: &Outbound,
        repository: &RepositoryRef,
        since: Option<Timestamp>,
        page: u32,
        timeout: Duration,
    ) -> Result<Listed<PastIssue>, ApiError> {
        let mut url = self.api.join(&repository.path(&["issues"]));
        url.query_pairs_mut().append_pair("state", "all");
        let url = by_change(url, since, page);
        self.list(outbound, repository, Question::Issues, &url, timeout).await
    }

    /// Reads a page (from 1) of the comments on issues and pull requests that were changed since then, or of all, the one
    /// that was changed longest ago first.
    ///
    /// # Errors
    /// Whenever the answer is anything but a page.
    pub async fn issue_comments(
        &self,
        outbound: &Outbound,
        repository: &RepositoryRef,
        since: Option<Timestamp>,
        page: u32,
        timeout: Duration,
    ) -> Result<Listed<PastComment>, ApiError> {
        let url = self.api.join(&repository.path(&["issues", "comments"]));
        let url = by_change(url, since, page);
        self.list(outbound, repository, Question::Comments, &url, timeout).await
    }

    /// Reads a page (from 1) of what happened to issues and pull requests, newest first; there is no other order. GitHub
    /// shows the newest 30,000 alone, and answers 422 beyond them.
    ///
    /// # Errors
    /// Whenever the answer is anything but a page.
    pub async fn issue_events(
        &self,
        outbound: &Outbound,
        repository: &RepositoryRef,
        page: u32,
        timeout: Duration,
    ) -> Result<Listed<PastEvent>, ApiError> {
        let url = self.api.join(&repository.path(&["issues", "events"]));
        let url = numbered(url, page);
        self.list(outbound, repository, Question::IssueEvents, &url, timeout)
            .await
    }

    async fn list<T: DeserializeOwned>(
        &self,
        outbound: &Outbound,
        repository: &RepositoryRef,
        question: Question,
        url: &Url,
        timeout: Duration,
    ) -> Result<Listed<T>, ApiError> {
        let installation = Some(repository.path(&["installation"]));
        let answer = self.ask(outbound, installation, question, url, timeout).await?;
        Ok(Listed {
            items: read(question, &answer.body)?,
            more: has_next(&answer.headers).map_err(|error| question.unreadable(error.to_string()))?,
            rate: Rate::of(&answer.headers),
        })
    }
}

fn by_change(mut url: Url, since: Option<Timestamp>, page: u32) -> Url {
    url.query_pairs_mut()
        .append_pair("sort", "updated")
        .append_pair("direction", "asc");
    if let Some(since) = since {
        // In whole seconds, as GitHub's own times are.
        let since = Timestamp::from_second(since.as_second()).unwrap_or(since);
        url.query_pairs_mut().append_pair("since", &since.to_string());
    }
    numbered(url, page)
}

fn numbered(mut url: Url, page: u32) -> Url {
    url.query_pairs_mut().append_pair("per_page", "100");
    if page > 1 {
        url.query_pairs_mut().append_pair("page", &page.to_string());
    }
    url
}
