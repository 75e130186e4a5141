//! Repositories with their issues, and what happens to them.

use std::collections::{BTreeSet, HashMap};

use serde_json::Value;

use super::{GitHub, Site, issue_body};
use crate::server::lock;

#[derive(Clone)]
pub(super) struct Repositories {
    /// By name, in lower case.
    pub(super) known: HashMap<String, Repository>,
    /// The ids of those that had this name before, in lower case.
    pub(super) renamed: HashMap<String, u64>,
    /// Accounts that are gone.
    pub(super) gone: BTreeSet<String>,
    /// How many of a repository's events are listed?
    pub(super) listed_events: usize,
}

impl Default for Repositories {
    fn default() -> Self {
        Self {
            known: HashMap::new(),
            renamed: HashMap::new(),
            gone: BTreeSet::new(),
            listed_events: 30_000,
        }
    }
}

#[derive(Clone)]
pub(super) struct Repository {
    pub(super) id: u64,
    /// `owner/name`, as its owner writes it.
    pub(super) name: String,
    pub(super) has_issues: bool,
    pub(super) issues: Vec<Issue>,
    pub(super) comments: Vec<Comment>,
    pub(super) events: Vec<Happening>,
}

#[derive(Clone)]
pub(super) struct Issue {
    pub(super) id: u64,
    pub(super) number: u64,
    pub(super) title: String,
    pub(super) author: String,
    pub(super) labels: Vec<String>,
    pub(super) assignees: Vec<String>,
    pub(super) milestone: Option<String>,
    pub(super) state_reason: Option<String>,
    /// Milliseconds since the epoch, as all times here.
    pub(super) created_at: i64,
    pub(super) updated_at: i64,
    /// An open issue has none.
    pub(super) closed_at: Option<i64>,
    pub(super) closed_by: Option<String>,
    pub(super) comments: usize,
    pub(super) is_pull_request: bool,
}

#[derive(Clone)]
pub(super) struct Comment {
    pub(super) id: u64,
    pub(super) number: u64,
    pub(super) author: String,
    pub(super) created_at: i64,
    pub(super) updated_at: i64,
}

#[derive(Clone)]
pub(super) struct Happening {
    pub(super) id: u64,
    pub(super) number: u64,
    pub(super) actor: String,
    pub(super) event: String,
    pub(super) label: Option<String>,
    pub(super) assignee: Option<String>,
    pub(super) milestone: Option<String>,
    pub(super) state_reason: Option<String>,
    pub(super) at: i64,
}

/// Something that somebody does to an issue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IssueAct<'a> {
    /// `completed`, `not_planned` or `duplicate`.
    Close(&'a str),
    /// The opposite.
    Reopen,
    /// Puts a label on it.
    Label(&'a str),
    /// Takes a label from it.
    Unlabel(&'a str),
    /// Makes it somebody's, besides others.
    Assign(&'a str),
    /// Puts it into a milestone.
    Milestone(&'a str),
    /// Another event, such as `mentioned`, which changes nothing.
    Other(&'a str),
}

#[expect(clippy::must_use_candidate, reason = "what happens may be all that a test wants")]
impl GitHub {
    /// Adds a repository (`owner/name`) without issues, and returns its id.
    pub fn add_repository(&self, name: &str) -> u64 {
        let mut site = lock(&self.shared.site);
        let id = site.give_id();
        let repository = Repository {
            id,
            name: name.to_owned(),
            has_issues: true,
            issues: Vec::new(),
            comments: Vec::new(),
            events: Vec::new(),
        };
        site.repositories.known.insert(name.to_ascii_lowercase(), repository);
        id
    }

    /// Renames a repository; its former name leads to it by a redirect.
    ///
    /// # Panics
    /// When it was never added, as with every method that takes a repository.
    pub fn rename_repository(&self, name: &str, to: &str) {
        let mut site = lock(&self.shared.site);
        let key = name.to_ascii_lowercase();
        let mut repository = site
            .repositories
            .known
            .remove(&key)
            .expect("a repository that was added");
        to.clone_into(&mut repository.name);
        site.repositories.renamed.insert(key, repository.id);
        site.repositories.known.insert(to.to_ascii_lowercase(), repository);
    }

    /// The repository has no issues any more.
    pub fn disable_issues(&self, name: &str) {
        lock(&self.shared.site).repository_mut(name).has_issues = false;
    }

    /// Only so many of a repository's events are listed, the newest: 30,000 unless set.
    pub fn set_listed_events(&self, events: usize) {
        lock(&self.shared.site).repositories.listed_events = events;
    }

    /// The account is gone: nobody stands in its place.
    pub fn remove_account(&self, login: &str) {
        lock(&self.shared.site).repositories.gone.insert(login.to_owned());
    }

    /// Somebody opened an issue at this time, in milliseconds since the epoch; its number.
    pub fn open_issue(&self, repository: &str, author: &str, title: &str, at: i64) -> u64 {
        self.open(repository, author, title, at, false)
    }

    /// Somebody opened a pull request; its number.
    pub fn open_pull_request(&self, repository: &str, author: &str, title: &str, at: i64) -> u64 {
        self.open(repository, author, title, at, true)
    }

    fn open(&self, repository: &str, author: &str, title: &str, at: i64, is_pull_request: bool) -> u64 {
        let mut site = lock(&self.shared.site);
        let id = site.give_id();
        let repository = site.repository_mut(repository);
        // Numbers are never given again.
        let number = repository.issues.last().map_or(1, |last| last.number + 1);
        repository.issues.push(Issue {
            id,
            number,
            title: title.to_owned(),
            author: author.to_owned(),
            labels: Vec::new(),
            assignees: Vec::new(),
            milestone: None,
            state_reason: None,
            created_at: at,
            updated_at: at,
            closed_at: None,
            closed_by: None,
            comments: 0,
            is_pull_request,
        });
        number
    }

    /// Somebody wrote a comment; its id.
    pub fn comment(&self, repository: &str, number: u64, author: &str, at: i64) -> u64 {
        let mut site = lock(&self.shared.site);
        let id = site.give_id();
        let repository = site.repository_mut(repository);
        let issue = repository.issue_mut(number);
        issue.comments += 1;
        issue.updated_at = at.max(issue.updated_at);
        repository.comments.push(Comment {
            id,
            number,
            author: author.to_owned(),
            created_at: at,
            updated_at: at,
        });
        id
    }

    /// Somebody edited a comment.
    ///
    /// # Panics
    /// When there is no such comment.
    pub fn edit_comment(&self, repository: &str, id: u64, at: i64) {
        let mut site = lock(&self.shared.site);
        let mut comments = site.repository_mut(repository).comments.iter_mut();
        let comment = comments.find(|comment| comment.id == id);
        comment.expect("a comment that was written").updated_at = at;
    }

    /// Somebody did something to an issue; the id of the event.
    pub fn act(&self, repository: &str, number: u64, actor: &str, act: IssueAct<'_>, at: i64) -> u64 {
        let mut site = lock(&self.shared.site);
        let id = site.give_id();
        let repository = site.repository_mut(repository);
        let mut event = Happening {
            id,
            number,
            actor: actor.to_owned(),
            event: String::new(),
            label: None,
            assignee: None,
            milestone: None,
            state_reason: None,
            at,
        };
        let issue = repository.issue_mut(number);
        issue.updated_at = at.max(issue.updated_at);
        let name = match act {
            IssueAct::Close(reason) => {
                (issue.closed_at, issue.closed_by) = (Some(at), Some(actor.to_owned()));
                issue.state_reason = Some(reason.to_owned());
                event.state_reason = Some(reason.to_owned()).filter(|reason| reason != "completed");
                "closed"
            }
            IssueAct::Reopen => {
                (issue.closed_at, issue.closed_by) = (None, None);
                issue.state_reason = Some("reopened".to_owned());
                "reopened"
            }
            IssueAct::Label(label) => {
                issue.labels.push(label.to_owned());
                event.label = Some(label.to_owned());
                "labeled"
            }
            IssueAct::Unlabel(label) => {
                issue.labels.retain(|other| other != label);
                event.label = Some(label.to_owned());
                "unlabeled"
            }
            IssueAct::Assign(assignee) => {
                issue.assignees.push(assignee.to_owned());
                event.assignee = Some(assignee.to_owned());
                "assigned"
            }
            IssueAct::Milestone(title) => {
                issue.milestone = Some(title.to_owned());
                event.milestone = Some(title.to_owned());
                "milestoned"
            }
            IssueAct::Other(name) => name,
        };
        name.clone_into(&mut event.event);
        repository.events.push(event);
        id
    }

    /// The issue is gone, with its comments; its events are listed without it.
    pub fn remove_issue(&self, repository: &str, number: u64) {
        let mut site = lock(&self.shared.site);
        let repository = site.repository_mut(repository);
        repository.issues.retain(|issue| issue.number != number);
        repository.comments.retain(|comment| comment.number != number);
    }

    /// An issue as the API, and the payload of a webhook, shows it.
    ///
    /// # Panics
    /// When it was never opened.
    pub fn issue(&self, repository: &str, number: u64) -> Value {
        let base = self.url();
        let site = lock(&self.shared.site);
        let repositories = &site.repositories;
        let repository = repositories.known.get(&repository.to_ascii_lowercase());
        let issue = repository.and_then(|repository| Some((repository, repository.issue(number)?)));
        let (repository, issue) = issue.expect("an issue that was opened");
        issue_body::issue(repository, issue, &repositories.gone, &base)
    }
}

impl Site {
    fn repository_mut(&mut self, name: &str) -> &mut Repository {
        let repository = self.repositories.known.get_mut(&name.to_ascii_lowercase());
        repository.unwrap_or_else(|| panic!("the repository {name} should have been added"))
    }
}

impl Repository {
    pub(super) fn issue(&self, number: u64) -> Option<&Issue> {
        self.issues.iter().find(|issue| issue.number == number)
    }

    fn issue_mut(&mut self, number: u64) -> &mut Issue {
        let issue = self.issues.iter_mut().find(|issue| issue.number == number);
        issue.unwrap_or_else(|| panic!("the issue {number} should have been opened"))
    }
}
