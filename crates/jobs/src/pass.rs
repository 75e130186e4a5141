//! One scheduled pass: deliver what waits, observe every due target, deliver again.

use std::collections::{BTreeMap, HashSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use bell::hook::HookState;
use bell::polls::ProjectState;
use bell::watch::Watch;
use futures_util::future;
use jiff::Timestamp;
use outbound::Deadline;
use state::{Error, TransactionError, Write, key};

use crate::channels;
use crate::context::Context;
use crate::deliver::{Drained, Limits, Look, SEND_TIMEOUT, drain};
use crate::digest::tell_digest;
use crate::heartbeat::beat;
use crate::pace::Pace;
use crate::poll::{forget_project, watch_project};
use crate::reconcile::{Work, forget_hook, observe_hook};
use crate::records::{SinkReport, send_waiting};
use crate::redeliver::redeliver;
use crate::report::{ChannelReport, HookReport, LastRun, Outcome, ProjectReport, Report};
use crate::targets::{at_once, oldest_first};

/// How many targets are observed at once? Copr and GitHub are shared: be polite.
const AT_ONCE: usize = 4;

/// Why a target is late when the table cannot be read.
const UNREAD: &str = "the state table could not be read";

/// With how many notices waiting is a channel slow?
const MANY_WAITING: usize = 50;

/// How far a pass has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress<'a> {
    /// Projects and hooks done.
    pub done: usize,
    /// Projects and hooks there are.
    pub of: usize,
    /// The one done last.
    pub target: &'a str,
}

/// A pass to be made.
#[derive(Clone, Copy, Debug)]
pub struct Pass {
    /// Names it: a second pass of the same tick finds every target done.
    pub tick: Timestamp,
    /// It stops before.
    pub deadline: Deadline,
    /// What it looks at.
    pub scope: Scope,
}

/// What a pass looks at, besides the channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Everything.
    All,
    /// The hooks alone.
    Hooks,
}

/// Runs one pass.
pub async fn run(context: &Context, watch: &Watch, pass: Pass, on_progress: impl Fn(Progress<'_>)) -> Report {
    let clock = &context.outbound.clock;
    let started = clock.now();
    let channels = Channels::new(context, pass.deadline);
    let run = Run {
        context,
        watch,
        pass,
        channels: &channels,
        of: watch.projects.len() + watch.redelivery.hooks.len(),
        done: AtomicUsize::new(0),
        on_progress,
    };
    let mut troubles = Vec::new();
    if let Err(error) = channels::settle(context).await {
        troubles.push(error.to_string());
    }
    channels.drain().await;
    let projects = match pass.scope {
        Scope::All => run.projects(&mut troubles).await,
        Scope::Hooks => Vec::new(),
    };
    let hooks = run.hooks(&mut troubles).await;
    let sink = match pass.scope {
        Scope::All => tend_records(context, watch, pass.deadline, &mut troubles).await,
        Scope::Hooks => None,
    };
    // A backlog comes last: it may take all the time that is left but for the last messages.
    if hooks.iter().any(|(_, work)| work.is_due()) {
        channels.drain().await;
    }
    let hooks = run.backlog(hooks).await;
    channels.drain().await;

    let mut report = finish(context, started, troubles, projects, hooks, channels.into_reports());
    report.sink = sink;
    if pass.scope == Scope::All {
        conclude(context, pass.tick, &mut report).await;
    }
    report
}

/// What was done, and why it is not all that was to be done.
pub(crate) fn finish(
    context: &Context,
    started: Timestamp,
    mut troubles: Vec<String>,
    projects: Vec<ProjectReport>,
    hooks: Vec<HookReport>,
    channels: Vec<(ChannelReport, bool)>,
) -> Report {
    let trouble = |target: &str, outcome: Outcome, error: &Option<String>| {
        let error = error.as_deref().unwrap_or("not observed");
        (outcome != Outcome::Ok).then(|| format!("{target}: {error}"))
    };
    let of_projects = projects.iter().map(|p| trouble(&p.project, p.outcome, &p.error));
    let of_hooks = hooks.iter().map(|hook| trouble(&hook.hook, hook.outcome, &hook.error));
    troubles.extend(of_projects.chain(of_hooks).flatten());
    troubles.extend(channels.iter().filter_map(|(channel, looked_at)| {
        let error = channel.error.as_deref().unwrap_or("not looked at");
        (!looked_at).then(|| format!("channel {}: {error}", channel.channel))
    }));
    Report {
        version: 1,
        started,
        ended: context.outbound.clock.now(),
        complete: troubles.is_empty(),
        why_not: (!troubles.is_empty()).then(|| troubles.join("; ")),
        projects,
        hooks,
        channels: channels.into_iter().map(|(channel, _)| channel).collect(),
        sink: None,
    }
}

/// What a whole pass does for the records of issue events. A sink that refuses them is a backlog and no trouble.
pub(crate) async fn tend_records(
    context: &Context,
    watch: &Watch,
    deadline: Deadline,
    troubles: &mut Vec<String>,
) -> Option<SinkReport> {
    let sink = send_waiting(context, deadline).await.unwrap_or_else(|error| {
        troubles.push(format!("the records of issue events: {error}"));
        None
    });
    if let Err(error) = tell_digest(context, &watch.digest, deadline).await {
        tracing::error!(error, "the figures of the issues could not be told");
        troubles.push(format!("the figures of the issues: {error}"));
    }
    sink
}

/// Remembers a whole pass, and tells the heartbeat of one that is complete.
pub(crate) async fn conclude(context: &Context, tick: Timestamp, report: &mut Report) {
    if let Err(error) = remember(context, tick, report).await {
        report.complete = false;
        report.why_not.get_or_insert_with(|| error.to_string());
    }
    if report.complete
        && let Some(url) = &context.heartbeat
    {
        beat(&context.outbound, url).await;
    }
}

/// Removes what is remembered of projects that the settings no longer name.
pub(crate) async fn forget_projects<T>(
    context: &Context,
    watch: &Watch,
    known: &[(String, T)],
    deadline: Deadline,
) -> Vec<ProjectReport> {
    let named: HashSet<String> = watch.projects.iter().map(ToString::to_string).collect();
    let mut forgotten = Vec::new();
    for (name, _) in known.iter().filter(|(name, _)| !named.contains(name)) {
        forgotten.push(forget_project(context, name, deadline).await);
    }
    forgotten
}

/// The same of hooks.
pub(crate) async fn forget_hooks<T>(
    context: &Context,
    watch: &Watch,
    known: &[(String, T)],
    deadline: Deadline,
    troubles: &mut Vec<String>,
) {
    let named: HashSet<String> = watch.redelivery.hooks.iter().map(ToString::to_string).collect();
    for (name, _) in known.iter().filter(|(name, _)| !named.contains(name)) {
        if let Err(error) = forget_hook(context, name, deadline).await {
            troubles.push(format!("{name}: {error}"));
        }
    }
}

impl Pass {
    /// Looks at everything that `tick` has not seen yet, until `deadline`.
    #[must_use]
    pub fn new(tick: Timestamp, deadline: Deadline) -> Self {
        let scope = Scope::All;
        Self { tick, deadline, scope }
    }
}

/// A pass on its way.
struct Run<'a, F> {
    context: &'a Context,
    watch: &'a Watch,
    pass: Pass,
    channels: &'a Channels<'a>,
    of: usize,
    done: AtomicUsize,
    on_progress: F,
}

impl<F: Fn(Progress<'_>)> Run<'_, F> {
    async fn projects(&self, troubles: &mut Vec<String>) -> Vec<ProjectReport> {
        let Pass { tick, deadline, .. } = self.pass;
        let known = match self.context.table.query::<ProjectState>(key::PROJECTS).await {
            Ok(known) => known,
            Err(error) => {
                troubles.push(error.to_string());
                let unread = self.watch.projects.iter().map(|project| ProjectReport {
                    project: project.to_string(),
                    error: Some(UNREAD.to_owned()),
                    ..ProjectReport::default()
                });
                return unread.collect();
            }
        };
        let observe = |project| async move {
            let report = watch_project(self.context, self.watch, project, tick, deadline).await;
            self.observed(&report.project, report.has_news()).await;
            report
        };
        let due = oldest_first(&self.watch.projects, &known);
        let mut projects = at_once(AT_ONCE, due, observe).await;
        projects.extend(forget_projects(self.context, self.watch, &known, deadline).await);
        projects
    }

    async fn hooks(&self, troubles: &mut Vec<String>) -> Vec<(HookReport, Work)> {
        let Pass { tick, deadline, .. } = self.pass;
        let hooks = &self.watch.redelivery.hooks;
        let known = match self.context.table.query::<HookState>(key::HOOKS).await {
            Ok(known) => known,
            Err(error) => {
                troubles.push(error.to_string());
                let unread = hooks.iter().map(|hook| HookReport {
                    hook: hook.to_string(),
                    error: Some(UNREAD.to_owned()),
                    ..HookReport::default()
                });
                return unread.map(|report| (report, Work::default())).collect();
            }
        };
        let observe = |hook| async move {
            let (report, work) = observe_hook(self.context, self.watch, hook, tick, deadline).await;
            self.observed(&report.hook, report.has_news()).await;
            (report, work)
        };
        let observed = at_once(AT_ONCE, oldest_first(hooks, &known), observe).await;
        if self.pass.scope == Scope::All {
            forget_hooks(self.context, self.watch, &known, deadline, troubles).await;
        }
        observed
    }

    async fn observed(&self, target: &str, news: bool) {
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        let of = self.of;
        (self.on_progress)(Progress { done, of, target });
        if news {
            self.channels.drain().await;
        }
    }

    /// Does what is due: the hooks with the least first, so that one with thousands does not keep the others waiting.
    async fn backlog(&self, observed: Vec<(HookReport, Work)>) -> Vec<HookReport> {
        let redelivery = &self.watch.redelivery;
        let pace = Pace::new(self.context.outbound.clock.clone(), self.channels.are_slow());
        let mut backlog: Vec<_> = redelivery.hooks.iter().zip(observed).enumerate().collect();
        backlog.sort_by_key(|(_, (_, (_, work)))| work.findings.due.len());
        let mut reports = Vec::new();
        for (place, (hook, (mut report, work))) in backlog {
            let deadline = self.pass.deadline;
            redeliver(self.context, redelivery, hook, work, deadline, &pace, &mut report).await;
            reports.push((place, report));
        }
        reports.sort_by_key(|(place, _)| *place);
        reports.into_iter().map(|(_, report)| report).collect()
    }
}

async fn remember(context: &Context, tick: Timestamp, report: &Report) -> Result<(), Error> {
    let projects = report.projects.iter().filter(|p| p.outcome == Outcome::Ok);
    let hooks = report.hooks.iter().filter(|hook| hook.outcome == Outcome::Ok);
    let last = LastRun {
        tick,
        started: report.started,
        ended: report.ended,
        complete: report.complete,
        why_not: report.why_not.clone(),
        projects: projects.count(),
        hooks: hooks.count(),
        sent: report.channels.iter().map(|channel| channel.sent).sum(),
        waiting: report.channels.iter().map(|channel| channel.waiting).sum(),
    };
    let before = context.table.get::<LastRun>(&key::last_run()).await?;
    let put = Write::put(key::last_run(), &last, before.map(|stored| stored.rev))?;
    match context.table.transact(vec![put]).await {
        // Another pass ended at the same moment and has said so.
        Ok(()) | Err(TransactionError::Changed) => Ok(()),
        Err(TransactionError::Table(error)) => Err(error),
    }
}

/// All channels, and what became of them so far.
pub(crate) struct Channels<'a> {
    context: &'a Context,
    deadline: Deadline,
    reports: Mutex<BTreeMap<String, Drained>>,
}

impl<'a> Channels<'a> {
    pub(crate) fn new(context: &'a Context, deadline: Deadline) -> Self {
        Self {
            context,
            deadline,
            reports: Mutex::default(),
        }
    }

    /// Serves every channel that does not rest.
    pub(crate) async fn drain(&self) {
        let limits = Limits {
            send_timeout: SEND_TIMEOUT,
            deadline: self.deadline,
        };
        let now = self.context.outbound.clock.now();
        let awake = self.context.bells.iter().filter(|bell| {
            let rest = self.with(&bell.channel.name, |drained| drained.report.rest_until);
            rest.is_none_or(|until| until <= now)
        });
        let drains = awake.map(|bell| async {
            let later = drain(self.context, bell, limits, Look::First).await;
            self.with(&bell.channel.name, |drained| drained.then(later));
        });
        future::join_all(drains).await;
    }

    /// Does any of them rest, or have much to say still?
    pub(crate) fn are_slow(&self) -> bool {
        let reports = self.reports.lock().unwrap_or_else(PoisonError::into_inner);
        let slow = |drained: &Drained| drained.report.rest_until.is_some() || drained.report.waiting > MANY_WAITING;
        reports.values().any(slow)
    }

    fn with<T>(&self, name: &str, look: impl FnOnce(&mut Drained) -> T) -> T {
        let mut reports = self.reports.lock().unwrap_or_else(PoisonError::into_inner);
        look(reports.entry(name.to_owned()).or_default())
    }

    /// The channels in the order of the settings, and whether each could be looked at.
    pub(crate) fn into_reports(self) -> Vec<(ChannelReport, bool)> {
        let bells = self.context.bells.iter();
        bells
            .map(|bell| {
                let name = bell.channel.name.clone();
                let drained = self.with(&name, |drained| drained.clone());
                let report = ChannelReport {
                    channel: name,
                    ..drained.report
                };
                (report, drained.looked_at)
            })
            .collect()
    }
}
