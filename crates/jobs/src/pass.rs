//! One scheduled pass: deliver what waits, observe every due target, deliver again.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};

use bell::polls::ProjectState;
use copr::Project;
use futures_util::{StreamExt as _, future, stream};
use jiff::Timestamp;
use outbound::Deadline;
use state::{Error, TransactionError, Write, key};

use crate::channels;
use crate::context::{Context, Watch};
use crate::deliver::{Drained, Limits, SEND_TIMEOUT, drain};
use crate::poll::{forget_project, watch_project};
use crate::report::{ChannelReport, LastRun, Outcome, ProjectReport, Report};

/// How many projects are polled at once? Copr is shared: be polite.
const AT_ONCE: usize = 4;

/// How far a pass has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress<'a> {
    /// Projects done.
    pub done: usize,
    /// Projects there are.
    pub of: usize,
    /// The one done last.
    pub project: &'a str,
}

/// Runs one pass. `tick` names it: a second pass of the same tick finds every target done.
pub async fn run(
    context: &Context,
    watch: &Watch,
    tick: Timestamp,
    deadline: Deadline,
    on_progress: impl Fn(Progress<'_>),
) -> Report {
    let clock = &context.outbound.clock;
    let started = clock.now();
    let mut troubles = Vec::new();
    if let Err(error) = channels::settle(context).await {
        troubles.push(error.to_string());
    }
    let channels = Channels::new(context, deadline);
    channels.drain().await;
    let mut projects = Vec::new();
    match context.table.query::<ProjectState>(key::PROJECTS).await {
        Err(error) => {
            troubles.push(error.to_string());
            projects.extend(watch.projects.iter().map(|project| ProjectReport {
                project: project.to_string(),
                error: Some("the state table could not be read".to_owned()),
                ..ProjectReport::default()
            }));
        }
        Ok(known) => {
            let ticks: HashMap<_, _> = known
                .iter()
                .map(|(name, stored)| (name.as_str(), stored.tick))
                .collect();
            let done = Mutex::new(0);
            let observe = async |project: &Project| {
                let report = watch_project(context, watch, project, tick, deadline).await;
                let done = {
                    let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
                    *done += 1;
                    *done
                };
                on_progress(Progress {
                    done,
                    of: watch.projects.len(),
                    project: &report.project,
                });
                if report.has_news() {
                    channels.drain().await;
                }
                report
            };
            projects = stream::iter(oldest_first(&watch.projects, &ticks))
                .map(observe)
                .buffer_unordered(AT_ONCE)
                .collect()
                .await;
            let order: HashMap<_, _> = watch.projects.iter().map(Project::to_string).zip(0..).collect();
            projects.sort_by_key(|report| order.get(&report.project).copied());
            for (name, _) in known.iter().filter(|(name, _)| !order.contains_key(name)) {
                projects.push(forget_project(context, name, deadline).await);
            }
        }
    }
    channels.drain().await;

    let channels = channels.into_reports();
    troubles.extend(projects.iter().filter_map(|project| {
        let error = project.error.as_deref().unwrap_or("not observed");
        (project.outcome != Outcome::Ok).then(|| format!("{}: {error}", project.project))
    }));
    troubles.extend(channels.iter().filter_map(|(channel, looked_at)| {
        let error = channel.error.as_deref().unwrap_or("not looked at");
        (!looked_at).then(|| format!("channel {}: {error}", channel.channel))
    }));
    let mut report = Report {
        version: 1,
        started,
        ended: clock.now(),
        complete: troubles.is_empty(),
        why_not: (!troubles.is_empty()).then(|| troubles.join("; ")),
        projects,
        hooks: [],
        channels: channels.into_iter().map(|(channel, _)| channel).collect(),
    };
    if let Err(error) = remember(context, tick, &report).await {
        report.complete = false;
        report.why_not.get_or_insert_with(|| error.to_string());
    }
    report
}

/// The projects that were observed longest ago come first, so that a pass that runs out of time starves nobody.
fn oldest_first<'a>(projects: &'a [Project], ticks: &HashMap<&str, Option<Timestamp>>) -> Vec<&'a Project> {
    let mut projects: Vec<_> = projects.iter().collect();
    projects.sort_by_cached_key(|project| ticks.get(project.to_string().as_str()).copied().flatten());
    projects
}

async fn remember(context: &Context, tick: Timestamp, report: &Report) -> Result<(), Error> {
    let observed = report.projects.iter().filter(|p| p.outcome == Outcome::Ok);
    let last = LastRun {
        tick,
        started: report.started,
        ended: report.ended,
        complete: report.complete,
        why_not: report.why_not.clone(),
        projects: observed.count(),
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
struct Channels<'a> {
    context: &'a Context,
    deadline: Deadline,
    reports: Mutex<BTreeMap<String, Drained>>,
}

impl<'a> Channels<'a> {
    fn new(context: &'a Context, deadline: Deadline) -> Self {
        Self {
            context,
            deadline,
            reports: Mutex::default(),
        }
    }

    /// Serves every channel that does not rest.
    async fn drain(&self) {
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
            let later = drain(self.context, bell, limits).await;
            self.with(&bell.channel.name, |drained| drained.then(later));
        });
        future::join_all(drains).await;
    }

    fn with<T>(&self, name: &str, look: impl FnOnce(&mut Drained) -> T) -> T {
        let mut reports = self.reports.lock().unwrap_or_else(PoisonError::into_inner);
        look(reports.entry(name.to_owned()).or_default())
    }

    /// The channels in the order of the settings, and whether each could be looked at.
    fn into_reports(self) -> Vec<(ChannelReport, bool)> {
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
