//! A webhook and its log.

use std::collections::HashMap;
use std::sync::Arc;

use super::event::{Attempt, Outcome};
use super::log::{Log, Record};

/// What says how deliveries go where nothing is sent.
pub(super) type Script = Arc<dyn Fn(&Attempt<'_>) -> Outcome + Send + Sync>;

#[derive(Clone)]
pub(super) struct Hook {
    pub(super) kind: Kind,
    /// The hook's own, as in `X-GitHub-Hook-ID`.
    pub(super) id: u64,
    /// `owner/name` or `organization`, in lower case; empty for the App.
    pub(super) target: String,
    pub(super) url: Arc<str>,
    pub(super) secret: Option<Arc<str>>,
    pub(super) active: bool,
    pub(super) removed: bool,
    pub(super) script: Option<Script>,
    /// Where `url` leads, if its name is one that only a GitHub of our own knows.
    pub(super) leads_to: Option<Arc<str>>,
    pub(super) created_at: i64,
    pub(super) updated_at: i64,
    pub(super) log: Log,
    pub(super) guids: HashMap<Arc<str>, Count>,
}

/// How often a guid was sent, and how often it was taken.
#[derive(Clone, Default)]
pub(super) struct Count {
    pub(super) sent: u32,
    pub(super) taken: u32,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    App,
    Repository,
    Organization,
}

impl Hook {
    /// A hook that is `key` to the API.
    pub(super) fn new(key: &str, url: &str, secret: Option<&str>, now: i64) -> Self {
        let parts: Vec<&str> = key.split('/').collect();
        let (kind, target) = match parts[..] {
            ["repos", owner, name, ..] => (Kind::Repository, format!("{owner}/{name}")),
            ["orgs", organization, ..] => (Kind::Organization, organization.to_owned()),
            _ => (Kind::App, String::new()),
        };
        let id = parts.last().and_then(|id| id.parse().ok());
        Self {
            kind,
            id: id.unwrap_or(505_606_707),
            target,
            url: url.into(),
            secret: secret.map(Into::into),
            active: true,
            removed: false,
            script: None,
            leads_to: None,
            created_at: now,
            updated_at: now,
            log: Log::default(),
            guids: HashMap::new(),
        }
    }

    /// Whose hook it is, in lower case; nobody's for the App.
    pub(super) fn account(&self) -> &str {
        self.target.split('/').next().unwrap_or_default()
    }

    /// Writes the log.
    pub(super) fn end(&mut self, record: Record) {
        if record.outcome.is_success() {
            self.guids.entry(Arc::clone(&record.guid)).or_default().taken += 1;
        }
        self.log.insert(record);
    }
}

/// The path of a hook in the API, in lower case and without the first slash, from its name.
pub(super) fn key(name: &str) -> String {
    let parts: Vec<&str> = name.split(':').collect();
    let id = |id: &str| id.parse::<u64>().is_ok();
    let key = match parts[..] {
        ["app"] => "app/hook".to_owned(),
        ["repo", repository, number] if id(number) && repository.split('/').count() == 2 => {
            format!("repos/{repository}/hooks/{number}")
        }
        ["org", organization, number] if id(number) => format!("orgs/{organization}/hooks/{number}"),
        _ => panic!("a hook is app, repo:owner/name:ID or org:name:ID, not {name}"),
    };
    key.to_ascii_lowercase()
}
