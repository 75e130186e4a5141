//! What happened, for tests to state.

use super::GitHub;
use super::event::Outcome;
use super::log::Record;
use crate::server::lock;

/// A request that came to the API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiRequest {
    /// `GET`, `POST`.
    pub method: String,
    /// As it was asked for, `/api/v3` included.
    pub path: String,
    /// Names and values, decoded.
    pub query: Vec<(String, String)>,
    /// When it came, in milliseconds since the epoch.
    pub at: i64,
    /// What was answered; nothing so far, or ever.
    pub status: Option<u16>,
}

/// A delivery in a hook's log, listed or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The delivery's own.
    pub id: u64,
    /// The event's.
    pub guid: String,
    /// `issues`
    pub event: String,
    /// `opened`
    pub action: Option<String>,
    /// Was it asked for?
    pub redelivery: bool,
    /// When it was sent, in milliseconds since the epoch.
    pub at: i64,
    /// How it went.
    pub outcome: Outcome,
}

impl From<&Record> for Delivery {
    fn from(record: &Record) -> Self {
        Self {
            id: record.id,
            guid: record.guid.to_string(),
            event: record.event.name.to_string(),
            action: record.event.action.as_deref().map(str::to_owned),
            redelivery: record.event.redelivery,
            at: record.at,
            outcome: record.outcome.clone(),
        }
    }
}

impl GitHub {
    /// All requests to the API so far, in order.
    #[must_use]
    pub fn requests(&self) -> Vec<ApiRequest> {
        lock(&self.shared.site).requests.clone()
    }

    /// The most POSTs that came within 60 seconds.
    #[must_use]
    pub fn posts_in_busiest_minute(&self) -> usize {
        let site = lock(&self.shared.site);
        let posts = site.requests.iter().filter(|request| request.method == "POST");
        let mut times: Vec<i64> = posts.map(|request| request.at).collect();
        times.sort_unstable();
        let counts = times.iter().enumerate().map(|(last, &end)| {
            let first = times.partition_point(|&time| time <= end - 60_000);
            last + 1 - first
        });
        counts.max().unwrap_or_default()
    }

    /// The whole log of a hook by time: what was sent to it and what was only written there.
    #[must_use]
    pub fn deliveries(&self, hook: &str) -> Vec<Delivery> {
        let site = lock(&self.shared.site);
        site.hook(hook).log.records().map(Delivery::from).collect()
    }

    /// How often the hook's receiver took this guid.
    #[must_use]
    pub fn successes(&self, hook: &str, guid: &str) -> u32 {
        let site = lock(&self.shared.site);
        site.hook(hook).guids.get(guid).map_or(0, |count| count.taken)
    }

    /// The guids a hook was sent and its receiver never took, in alphabetical order.
    #[must_use]
    pub fn lost(&self, hook: &str) -> Vec<String> {
        self.taken(hook, |times| times == 0)
    }

    /// The guids a hook's receiver took more than once, in alphabetical order.
    #[must_use]
    pub fn taken_twice(&self, hook: &str) -> Vec<String> {
        self.taken(hook, |times| times > 1)
    }

    fn taken(&self, hook: &str, which: impl Fn(u32) -> bool) -> Vec<String> {
        let site = lock(&self.shared.site);
        let guids = site.hook(hook).guids.iter();
        let guids = guids.filter(|(_, count)| which(count.taken));
        let mut guids: Vec<String> = guids.map(|(guid, _)| guid.to_string()).collect();
        guids.sort_unstable();
        guids
    }
}
