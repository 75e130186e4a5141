//! What this process has done since it began: counts, and the last messages that channels took. The table does not hold
//! them: a notice is removed once it was sent.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use jobs::{ChannelReport, Received, Report};

/// How many messages are remembered?
const REMEMBERED: usize = 20;

/// What this process has done since it began.
#[derive(Debug, Default)]
pub(crate) struct Tally(Mutex<(Counts, Vec<Rang>)>);

/// How often it did what.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counts {
    /// Passes that were complete, and that were not.
    pub(crate) passes: [u64; 2],
    /// Requests to the webhook's listener, by what became of them and why they were refused.
    pub(crate) webhooks: BTreeMap<(&'static str, &'static str), u64>,
    /// Notices taken and given up, by channel.
    pub(crate) channels: BTreeMap<String, [u64; 2]>,
    /// Deliveries found lost, asked for again, got back and given up, by hook.
    pub(crate) hooks: BTreeMap<String, [u64; 4]>,
}

/// A message that a channel took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rang {
    pub(crate) at: Timestamp,
    pub(crate) channel: String,
    pub(crate) title: String,
}

impl Tally {
    /// A pass was made.
    pub(crate) fn passed(&self, report: &Report) {
        self.with(|counts, _| {
            counts.passes[usize::from(!report.complete)] += 1;
            for hook in &report.hooks {
                let now = [hook.lost, hook.redelivered, hook.recovered, hook.given_up];
                add(counts.hooks.entry(hook.hook.clone()).or_default(), now);
            }
        });
        self.delivered(&report.channels);
    }

    /// Channels were served.
    pub(crate) fn delivered(&self, channels: &[ChannelReport]) {
        self.with(|counts, rung| {
            for report in channels {
                let channel = &report.channel;
                add(
                    counts.channels.entry(channel.clone()).or_default(),
                    [report.sent, report.dead],
                );
                rung.extend(report.rung.iter().map(|message| Rang {
                    at: message.at,
                    channel: channel.clone(),
                    title: message.title.clone(),
                }));
            }
            rung.sort_by_key(|message| message.at);
            let surplus = rung.len().saturating_sub(REMEMBERED);
            rung.drain(..surplus);
        });
    }

    /// A request was answered.
    pub(crate) fn received(&self, received: Received) {
        let metrics = received.metrics(&[], Duration::ZERO);
        let Some(outcome) = metrics.first() else { return };
        let key = (outcome.name, received.refusal().unwrap_or_default());
        self.with(|counts, _| *counts.webhooks.entry(key).or_default() += 1);
    }

    pub(crate) fn counts(&self) -> Counts {
        self.with(|counts, _| counts.clone())
    }

    /// The last messages, newest first.
    pub(crate) fn rung(&self) -> Vec<Rang> {
        self.with(|_, rung| rung.iter().rev().cloned().collect())
    }

    fn with<T>(&self, what: impl FnOnce(&mut Counts, &mut Vec<Rang>) -> T) -> T {
        let mut tally = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (counts, rung) = &mut *tally;
        what(counts, rung)
    }
}

fn add<const N: usize>(counts: &mut [u64; N], more: [usize; N]) {
    for (count, more) in counts.iter_mut().zip(more) {
        *count += more as u64;
    }
}
