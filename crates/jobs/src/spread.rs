//! A pass spread over many workers: one message for each target, and one look at how they all stand.

use bell::hook::HookState;
use bell::polls::ProjectState;
use bell::watch::Watch;
use copr::Project;
use github::HookRef;
use jiff::Timestamp;
use outbound::Deadline;
use serde::{Deserialize, Serialize};
use state::{Error, Stored, key};

use crate::context::Context;
use crate::pass::{Channels, Pass, Scope, conclude, finish, forget_hooks, forget_projects, run, tend_records};
use crate::poll::watch_project;
use crate::report::{HookReport, LastRun, Outcome, ProjectReport, Report};

/// One target of one tick: what a worker is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    /// The tick of the schedule.
    pub tick: Timestamp,
    /// The target, as the settings spell it.
    #[serde(flatten)]
    pub target: Target,
}

/// What one worker looks at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Target {
    /// A Copr project, as the settings spell it.
    Project(String),
    /// All hooks, one after another: GitHub's limits are for whoever asks, so hooks gain nothing from many workers.
    Hooks(bool),
}

/// A task for each target.
pub fn tasks(watch: &Watch, tick: Timestamp) -> impl Iterator<Item = Task> {
    let projects = watch
        .projects
        .iter()
        .map(|project| Target::Project(project.to_string()));
    let hooks = (!watch.redelivery.hooks.is_empty()).then_some(Target::Hooks(true));
    hooks
        .into_iter()
        .chain(projects)
        .map(move |target| Task { tick, target })
}

/// Does a task: what a pass does for that target, by the same code. One that the settings no longer name is done.
pub async fn work(context: &Context, watch: &Watch, task: &Task, deadline: Deadline) -> Report {
    let Target::Project(name) = &task.target else {
        let tick = task.tick;
        let scope = Scope::Hooks;
        return run(context, watch, Pass { tick, deadline, scope }, |_| {}).await;
    };
    let started = context.outbound.clock.now();
    let channels = Channels::new(context, deadline);
    let mut projects = Vec::new();
    // One worker of thousands should not spell all names out to find one.
    let project = name.parse().ok().filter(|project| watch.projects.contains(project));
    if let Some(project) = &project {
        let report = watch_project(context, watch, project, task.tick, deadline).await;
        if report.has_news() {
            channels.drain().await;
        }
        projects.push(report);
    }
    // The channels are the survey's to look at; here only those that had something to say.
    let mut channels = channels.into_reports();
    channels.retain(|(_, looked_at)| *looked_at);
    finish(context, started, Vec::new(), projects, Vec::new(), channels)
}

/// What is left of a pass whose targets are observed by others: the channels, what is no longer watched, and how the targets stand
/// since the last tick. They are all observed where each has finished with that tick, and well.
pub async fn survey(context: &Context, watch: &Watch, tick: Timestamp, deadline: Deadline) -> Report {
    let started = context.outbound.clock.now();
    let channels = Channels::new(context, deadline);
    let mut troubles = Vec::new();
    if let Err(error) = crate::channels::settle(context).await {
        troubles.push(error.to_string());
    }
    let sink = tend_records(context, watch, deadline, &mut troubles).await;
    channels.drain().await;
    let standing = standing(context, watch, deadline, &mut troubles).await;
    let (projects, hooks) = standing.unwrap_or_else(|error| {
        troubles.push(error.to_string());
        (Vec::new(), Vec::new())
    });
    let mut report = finish(context, started, troubles, projects, hooks, channels.into_reports());
    report.sink = sink;
    conclude(context, tick, &mut report).await;
    report
}

async fn standing(
    context: &Context,
    watch: &Watch,
    deadline: Deadline,
    troubles: &mut Vec<String>,
) -> Result<(Vec<ProjectReport>, Vec<HookReport>), Error> {
    let table = &context.table;
    let now = context.outbound.clock.now();
    let last = table
        .get::<LastRun>(&key::last_run())
        .await?
        .map(|stored| stored.doc.tick);
    let known = table.query::<ProjectState>(key::PROJECTS).await?;
    let report = |project: &Project| {
        let name = project.to_string();
        let stored = known.iter().find(|(known, _)| *known == name).map(|(_, stored)| stored);
        let error = stored.and_then(|stored| stored.doc.streak.last_error.clone());
        ProjectReport {
            outcome: outcome(stored, last, error.is_some()),
            error,
            failing: stored.map_or(0, |stored| stored.doc.incidents),
            project: name,
            ..ProjectReport::default()
        }
    };
    let mut projects: Vec<_> = watch.projects.iter().map(report).collect();
    projects.extend(forget_projects(context, watch, &known, deadline).await);
    let known = table.query::<HookState>(key::HOOKS).await?;
    let report = |hook: &HookRef| {
        let name = hook.to_string();
        let stored = known.iter().find(|(known, _)| *known == name).map(|(_, stored)| stored);
        let state = stored.map(|stored| &stored.doc);
        let error = state.and_then(|state| state.streak.last_error.clone().or(state.blocked.clone()));
        let resting = state.is_some_and(|state| state.rest_until.is_some_and(|until| until > now));
        HookReport {
            open: state.map_or(0, |state| state.lost),
            outcome: match outcome(stored, last, error.is_some()) {
                Outcome::Ok if resting => Outcome::Late,
                outcome => outcome,
            },
            error,
            hook: name,
            ..HookReport::default()
        }
    };
    let hooks = watch.redelivery.hooks.iter().map(report).collect();
    forget_hooks(context, watch, &known, deadline, troubles).await;
    Ok((projects, hooks))
}

/// How a target stands that others observed.
fn outcome<T>(stored: Option<&Stored<T>>, last: Option<Timestamp>, failed: bool) -> Outcome {
    let observed = stored.and_then(|stored| stored.tick);
    let before = |observed: Timestamp| last.is_some_and(|last| observed < last);
    if observed.is_none_or(before) {
        Outcome::Late
    } else if failed {
        Outcome::Failed
    } else {
        Outcome::Ok
    }
}
