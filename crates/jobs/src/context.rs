//! What every job works with.

use std::sync::Arc;

use bell::routing::Route;
use chat::{Channel, Language, Notice};
use github::GitHub;
use metrics::{Sink, Warehouse};
use outbound::Outbound;
use secrecy::SecretString;
use state::Table;

/// A channel and what it hears of.
#[derive(Debug)]
pub struct Bell {
    /// Where it rings.
    pub channel: Channel,
    /// What for.
    pub route: Route,
}

/// What every job works with.
#[derive(Debug)]
pub struct Context {
    /// The way out, the clock and the fault point.
    pub outbound: Outbound,
    /// What is remembered.
    pub table: Table,
    /// Who we are in a lease, for the person who reads the table.
    pub owner: String,
    /// The channels.
    pub bells: Vec<Bell>,
    /// What notices are written in.
    pub language: Language,
    /// GitHub's API, as far as we may ask it.
    pub github: GitHub,
    /// Who is told of each complete pass.
    pub heartbeat: Option<SecretString>,
    /// The records of issue events.
    pub records: Records,
}

/// Where records of issue events go, and where they are asked about.
#[derive(Clone, Debug, Default)]
pub struct Records {
    /// Where they go, if anywhere.
    pub sink: Option<Arc<dyn Sink>>,
    /// Keep the titles of issues?
    pub titles: bool,
    /// Where they are asked about, if anywhere.
    pub warehouse: Option<Arc<dyn Warehouse>>,
}

impl Context {
    /// The names of the channels that hear of `notice`.
    pub(crate) fn routed<'a>(&'a self, notice: &'a Notice) -> impl Iterator<Item = &'a str> {
        let takers = self.bells.iter().filter(|bell| bell.route.takes(notice));
        takers.map(|bell| bell.channel.name.as_str())
    }
}
