//! The figures as Prometheus takes them
//! (<https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format>).
//!
//! Written by hand: all but the counters is read from the state at the moment of asking, so there is nothing for the
//! registry of a client library to hold.

use std::fmt::Write as _;

use jiff::Timestamp;
use jobs::Status;

use super::tally::Counts;

/// All figures: how things stand, and what this process has done since it began.
pub(super) fn exposition(status: &Status, counts: &Counts) -> String {
    let mut text = Exposition(String::new());
    let one = |value: f64| [(Vec::new(), value)];
    let version = env!("CARGO_PKG_VERSION");
    text.gauge(
        "build_info",
        "Which version this is.",
        [(vec![("version", version)], 1.0)],
    );
    if let Some(run) = &status.last_run {
        text.gauge(
            "last_run_timestamp_seconds",
            "When the last pass ended.",
            one(seconds(run.ended)),
        );
        let took = run.ended.duration_since(run.started).as_secs_f64();
        text.gauge("last_run_duration_seconds", "How long the last pass took.", one(took));
        text.gauge(
            "last_run_complete",
            "Whether the last pass was complete.",
            one(truth(run.complete)),
        );
    }
    let projects = || {
        status
            .projects
            .iter()
            .map(|project| (vec![("project", project.project.as_str())], &project.polls))
    };
    text.gauge(
        "incidents_open",
        "Packages that fail, by project.",
        projects().map(|(labels, polls)| (labels, count(polls.incidents))),
    );
    text.gauge(
        "project_poll_failures",
        "Polls of a project that failed in a row.",
        projects().map(|(labels, polls)| (labels, f64::from(polls.streak.failures))),
    );
    text.gauge(
        "project_last_good_poll_timestamp_seconds",
        "When a project was last polled with success.",
        projects().filter_map(|(labels, polls)| Some((labels, seconds(polls.last_good?)))),
    );
    of_hooks(&mut text, status);
    of_channels(&mut text, status);
    text.gauge(
        "records_waiting",
        "Records of issue events that wait for their sink.",
        one(count(status.records_waiting)),
    );
    counters(&mut text, counts);
    text.0
}

fn of_hooks(text: &mut Exposition, status: &Status) {
    let hooks = || {
        status
            .hooks
            .iter()
            .map(|hook| (vec![("hook", hook.hook.as_str())], &hook.state))
    };
    text.gauge(
        "hook_deliveries_open",
        "Deliveries that are lost and still to be got back, by hook.",
        hooks().map(|(labels, state)| (labels, f64::from(state.lost))),
    );
    text.gauge(
        "hook_deliveries_given_up",
        "Deliveries that were given up, as far as they are still remembered, by hook.",
        hooks().map(|(labels, state)| (labels, f64::from(state.given_up))),
    );
    text.gauge(
        "hook_receiver_down",
        "Whether most of a hook's newest deliveries failed.",
        hooks().map(|(labels, state)| (labels, truth(state.breaker.is_open()))),
    );
    text.gauge(
        "hook_reading_failures",
        "Readings of a hook's delivery log that failed in a row.",
        hooks().map(|(labels, state)| (labels, f64::from(state.streak.failures))),
    );
    text.gauge(
        "hook_last_read_timestamp_seconds",
        "When a hook's delivery log was last read to its end.",
        hooks().filter_map(|(labels, state)| Some((labels, seconds(state.last_good?)))),
    );
}

fn of_channels(text: &mut Exposition, status: &Status) {
    let channels = || {
        status
            .channels
            .iter()
            .map(|channel| (vec![("channel", channel.channel.as_str())], channel))
    };
    text.gauge(
        "outbox_waiting",
        "Notices that wait, by channel.",
        channels().map(|(labels, channel)| (labels, count(channel.waiting))),
    );
    text.gauge(
        "dead_letters",
        "Notices that were given up and not yet dropped or tried again, by channel.",
        channels().map(|(labels, channel)| (labels, count(channel.dead))),
    );
    text.gauge(
        "channel_failures",
        "Failures of a channel since it last took a notice.",
        channels().map(|(labels, channel)| (labels, f64::from(channel.failures))),
    );
}

fn counters(text: &mut Exposition, counts: &Counts) {
    let [complete, incomplete] = counts.passes.map(of_u64);
    text.counter(
        "passes",
        "Passes made, by whether they were complete.",
        [
            (vec![("complete", "true")], complete),
            (vec![("complete", "false")], incomplete),
        ],
    );
    let webhooks = counts
        .webhooks
        .iter()
        .map(|((outcome, reason), n)| (vec![("outcome", *outcome), ("reason", *reason)], of_u64(*n)));
    text.counter(
        "webhooks",
        "Requests to the webhook's listener, by what became of them.",
        webhooks,
    );
    let channels = |at: usize| {
        let channels = counts.channels.iter();
        channels.map(move |(channel, counts)| (vec![("channel", channel.as_str())], of_u64(counts[at])))
    };
    text.counter("rung", "Notices that channels took, by channel.", channels(0));
    text.counter("given_up", "Notices that were given up, by channel.", channels(1));
    let hooks = |at: usize| {
        let hooks = counts.hooks.iter();
        hooks.map(move |(hook, counts)| (vec![("hook", hook.as_str())], of_u64(counts[at])))
    };
    text.counter("deliveries_lost", "Deliveries found lost, by hook.", hooks(0));
    text.counter(
        "redeliveries",
        "Redeliveries that GitHub was asked for, by hook.",
        hooks(1),
    );
    text.counter(
        "deliveries_recovered",
        "Lost deliveries that were got back, by hook.",
        hooks(2),
    );
    text.counter(
        "deliveries_given_up",
        "Lost deliveries that were given up, by hook.",
        hooks(3),
    );
}

type Labels<'a> = Vec<(&'static str, &'a str)>;

/// Families of samples, one after another; one without samples is left out.
struct Exposition(String);

impl Exposition {
    fn gauge<'a>(&mut self, name: &str, help: &str, samples: impl IntoIterator<Item = (Labels<'a>, f64)>) {
        self.family(name, "gauge", help, samples);
    }

    fn counter<'a>(&mut self, name: &str, help: &str, samples: impl IntoIterator<Item = (Labels<'a>, f64)>) {
        self.family(&format!("{name}_total"), "counter", help, samples);
    }

    fn family<'a>(&mut self, name: &str, kind: &str, help: &str, samples: impl IntoIterator<Item = (Labels<'a>, f64)>) {
        let mut samples = samples.into_iter().peekable();
        if samples.peek().is_none() {
            return;
        }
        let text = &mut self.0;
        // To write to a string cannot fail.
        let _ = writeln!(text, "# HELP copperbell_{name} {help}\n# TYPE copperbell_{name} {kind}");
        for (labels, value) in samples {
            let labels: Vec<_> = labels
                .iter()
                .map(|(label, value)| format!("{label}=\"{}\"", escaped(value)))
                .collect();
            let labels = if labels.is_empty() {
                String::new()
            } else {
                format!("{{{}}}", labels.join(","))
            };
            let _ = writeln!(text, "copperbell_{name}{labels} {value}");
        }
    }
}

/// A label's value: these three would end it, or its line.
fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

fn seconds(at: Timestamp) -> f64 {
    at.as_duration().as_secs_f64()
}

fn truth(is: bool) -> f64 {
    f64::from(u8::from(is))
}

fn count(count: usize) -> f64 {
    of_u64(count as u64)
}

#[expect(clippy::cast_precision_loss, reason = "a count beyond 2^53 is beyond every graph")]
fn of_u64(count: u64) -> f64 {
    count as f64
}
