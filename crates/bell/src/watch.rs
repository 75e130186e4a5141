//! What is watched, and how: what the settings say of it.

use std::time::Duration;

use copr::{Copr, Project};
use github::HookRef;
use url::Url;

use crate::ignore::Ignore;
use crate::wanted::Wanted;

/// What a pass watches.
#[derive(Debug)]
pub struct Watch {
    /// The Copr instance.
    pub copr: Copr,
    /// Its projects.
    pub projects: Vec<Project>,
    /// What of them is none of our business.
    pub ignore: Ignore,
    /// Ring again for what still fails after this long; `None`: never.
    pub remind_after: Option<Duration>,
    /// How many failed polls in a row are told.
    pub poll_failures: u32,
    /// The redelivery job.
    pub redelivery: Redelivery,
    /// The figures of the issues, told now and then.
    pub digest: Digest,
}

impl Watch {
    /// Is there nothing to watch?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.projects.is_empty() && self.redelivery.hooks.is_empty()
    }
}

/// How often the figures of the issues are told, and whose comments they leave out.
#[derive(Debug, Default)]
pub struct Digest {
    /// `None`: never.
    pub every: Option<Duration>,
    /// Logins whose comments are no response, besides those of bots.
    pub ignored: Vec<String>,
}

/// What the redelivery job watches, and how.
#[derive(Debug)]
pub struct Redelivery {
    /// The hooks whose delivery log is read.
    pub hooks: Vec<HookRef>,
    /// Where GitHub reaches us: a hook that delivers there points at us.
    pub webhook_url: Option<Url>,
    /// Which deliveries are worth getting back.
    pub wanted: Wanted,
    /// How long after its first delivery does GitHub redeliver?
    pub horizon: Duration,
    /// How many attempts are made for each?
    pub attempts: u32,
    /// How far back to read; `None`: to the last reading, and a day for a hook that is new.
    pub since: Option<Duration>,
}

impl Redelivery {
    /// Does a hook that delivers to `url` deliver to us?
    #[must_use]
    pub fn points_here(&self, url: &str) -> bool {
        let url = Url::parse(url).ok();
        url.is_some() && url == self.webhook_url
    }
}
