//! GitHub's REST API, as far as Copperbell asks it: webhooks with their delivery logs, the App's tokens, and the issues
//! of repositories. It also sends the webhooks.

mod answer;
mod auth;
mod body;
#[cfg(test)]
mod client;
mod deliver;
mod endpoint;
mod event;
mod fault;
mod hook;
mod issue_body;
mod issue_list;
mod issues;
mod limit;
mod log;
#[cfg(any(test, feature = "openapi"))]
mod openapi;
mod post;
mod query;
mod time;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;

use self::auth::Accounts;
use self::fault::Faults;
use self::hook::Hook;
use self::issues::Repositories;
use self::limit::Limits;
use self::log::Listing;
use crate::server::{Server, lock};

pub use self::auth::Rights;
pub use self::event::{Attempt, Event, Outcome};
pub use self::fault::GitHubAnswer;
pub use self::issues::IssueAct;
pub use self::query::{ApiRequest, Delivery};

/// A GitHub of our own: its API on one side, and what sends its webhooks on the other.
///
/// A hook is named as Copperbell's settings name it: `app`, `repo:owner/name:ID`, `org:name:ID`. Names of accounts
/// are not case-sensitive. Methods that take a hook panic when it was never added.
///
/// With the feature `openapi`, every request and every answer that was not made up is held against GitHub's own
/// description of its API, and dropping this value panics with what was otherwise.
pub struct GitHub {
    server: Server,
    shared: Arc<Shared>,
}

struct Shared {
    /// Milliseconds since the epoch.
    now: Box<dyn Fn() -> i64 + Send + Sync>,
    site: Mutex<Site>,
}

/// All that GitHub knows.
#[derive(Clone)]
struct Site {
    hooks: HashMap<String, Hook>,
    repositories: Repositories,
    accounts: Accounts,
    limits: Limits,
    listing: Listing,
    redelivery: Redelivery,
    faults: Faults,
    requests: Vec<ApiRequest>,
    /// How many ids and guids were given out.
    given: u64,
    /// How long is a receiver waited for, in real time?
    patience: Duration,
    #[cfg(any(test, feature = "openapi"))]
    violations: Vec<String>,
}

/// How redeliveries differ from first deliveries.
#[derive(Clone, Default)]
struct Redelivery {
    /// How long after its sending is one listed, in milliseconds?
    lag: i64,
    unsigned: bool,
    dropped: bool,
    refused: Vec<u64>,
}

/// What a GitHub of our own knew at a moment.
pub struct GitHubMemory(Site);

impl GitHub {
    /// The id of the App whose hook is `app`.
    pub const APP_ID: u64 = 12_345;

    /// The App's private key, in PEM as GitHub gives it out. It was made for tests and guards nothing.
    pub const APP_KEY: &str = include_str!("../data/github/test-app-key.pem");

    /// A GitHub without hooks, tokens and installations, whose clock is `now`, in milliseconds since the epoch.
    ///
    /// # Panics
    /// When this machine has no free port.
    pub async fn start(now: impl Fn() -> i64 + Send + Sync + 'static) -> Self {
        let site = Site {
            hooks: HashMap::new(),
            repositories: Repositories::default(),
            accounts: Accounts::default(),
            limits: Limits::default(),
            listing: Listing::default(),
            redelivery: Redelivery::default(),
            faults: Faults::default(),
            requests: Vec::new(),
            given: 0,
            patience: Duration::from_secs(10),
            #[cfg(any(test, feature = "openapi"))]
            violations: Vec::new(),
        };
        let shared = Arc::new(Shared {
            now: Box::new(now),
            site: Mutex::new(site),
        });
        let app = Router::new().fallback(answer::answer).with_state(Arc::clone(&shared));
        Self {
            server: Server::start(app).await,
            shared,
        }
    }

    /// The base URL as of github.com's API: `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// The base URL as of an Enterprise Server's API: `http://127.0.0.1:PORT/api/v3`.
    #[must_use]
    pub fn enterprise_url(&self) -> String {
        format!("{}{}", self.server.url(), answer::ENTERPRISE)
    }

    /// Adds an active hook that sends to `url` over HTTP. Without a secret nothing is signed.
    ///
    /// # Panics
    /// When `hook` is no name of a hook.
    pub fn add_hook(&self, hook: &str, url: &str, secret: Option<&str>) {
        let key = hook::key(hook);
        let added = Hook::new(&key, url, secret, (self.shared.now)());
        lock(&self.shared.site).hooks.insert(key, added);
    }

    /// From now on the hook sends to another URL.
    pub fn set_url(&self, hook: &str, url: &str) {
        self.change(hook, |hook| hook.url = url.into());
    }

    /// What is sent to the hook's URL goes to `url`, as if a name server of ours said so.
    pub fn lead_to(&self, hook: &str, url: &str) {
        self.change(hook, |hook| hook.leads_to = Some(url.into()));
    }

    /// All that it knows now.
    #[must_use]
    pub fn remember(&self) -> GitHubMemory {
        GitHubMemory(lock(&self.shared.site).clone())
    }

    /// Knows what another GitHub knew, with the same hooks. Who receives their deliveries stays as it is.
    pub fn recall(&self, memory: &GitHubMemory) {
        let mut recalled = memory.0.clone();
        let mut site = lock(&self.shared.site);
        for (key, hook) in &mut recalled.hooks {
            let present = site.hooks.get(key);
            hook.script = present.and_then(|hook| hook.script.clone());
            hook.leads_to = present.and_then(|hook| hook.leads_to.clone());
        }
        *site = recalled;
    }

    /// From now on the hook signs with another secret, or not at all.
    pub fn set_secret(&self, hook: &str, secret: Option<&str>) {
        self.change(hook, |hook| hook.secret = secret.map(Into::into));
    }

    /// An inactive hook is told of no event; pings and redeliveries it still gets.
    pub fn set_active(&self, hook: &str, active: bool) {
        self.change(hook, |hook| hook.active = active);
    }

    /// The API knows the hook no longer, and it is told of nothing; the queries still know what it was sent.
    pub fn remove_hook(&self, hook: &str) {
        self.change(hook, |hook| hook.removed = true);
    }

    /// From now on nothing is sent to the hook's URL; `receiver` says how each delivery goes.
    pub fn script(&self, hook: &str, receiver: impl Fn(&Attempt<'_>) -> Outcome + Send + Sync + 'static) {
        self.change(hook, |hook| hook.script = Some(Arc::new(receiver)));
    }

    /// From now on the hook's deliveries are sent to its URL, as when it was added.
    pub fn unscript(&self, hook: &str) {
        self.change(hook, |hook| hook.script = None);
    }

    /// How long a receiver is waited for, in real time: 10 s unless set.
    pub fn set_patience(&self, patience: Duration) {
        lock(&self.shared.site).patience = patience;
    }

    /// A redelivery is listed so many milliseconds after it was sent: 0 unless set.
    pub fn set_redelivery_lag(&self, milliseconds: i64) {
        lock(&self.shared.site).redelivery.lag = milliseconds;
    }

    /// Redeliveries are sent without signatures from now on, or no longer.
    pub fn unsign_redeliveries(&self, unsigned: bool) {
        lock(&self.shared.site).redelivery.unsigned = unsigned;
    }

    /// Redeliveries are accepted and never made from now on, or no longer.
    pub fn drop_redeliveries(&self, dropped: bool) {
        lock(&self.shared.site).redelivery.dropped = dropped;
    }

    /// Refuses to redeliver the deliveries with these ids, and only these, with 422.
    pub fn refuse_redelivery(&self, ids: &[u64]) {
        ids.clone_into(&mut lock(&self.shared.site).redelivery.refused);
    }

    fn change(&self, hook: &str, change: impl FnOnce(&mut Hook)) {
        let now = (self.shared.now)();
        let mut site = lock(&self.shared.site);
        let hook = site.hook_mut(hook);
        hook.updated_at = now;
        change(hook);
    }
}

impl Site {
    fn hook(&self, name: &str) -> &Hook {
        let hook = self.hooks.get(&hook::key(name));
        hook.unwrap_or_else(|| panic!("the hook {name} should have been added"))
    }

    fn hook_mut(&mut self, name: &str) -> &mut Hook {
        let hook = self.hooks.get_mut(&hook::key(name));
        hook.unwrap_or_else(|| panic!("the hook {name} should have been added"))
    }

    /// A number never given before. Numbers follow each other like random ones, but each run gives the same. They are
    /// above 2^53, where a double no longer tells neighbours apart, and below 2^63.
    fn give_id(&mut self) -> u64 {
        self.given += 1;
        // An odd factor makes this a permutation of the 62-bit numbers.
        let scattered = self.given.wrapping_mul(0x9e37_79b9_7f4a_7c15) & ((1 << 62) - 1);
        (1 << 53) + 1 + scattered
    }

    fn give_guid(&mut self) -> String {
        let id = self.give_id();
        let (high, low) = (id >> 32, id & 0xffff_ffff);
        format!(
            "{low:08x}-{:04x}-11f1-{:04x}-{:012x}",
            high >> 16,
            high & 0xffff,
            self.given
        )
    }
}
