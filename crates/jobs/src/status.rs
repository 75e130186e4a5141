//! How things stand, from the table alone.

use std::collections::BTreeMap;

use bell::hook::HookState;
use bell::incident::Incident;
use bell::polls::ProjectState;
use jiff::Timestamp;
use serde::Serialize;
use state::{DeadLetter, Error, key};

use crate::context::Context;
use crate::deliver::ChannelState;
use crate::records;
use crate::report::LastRun;

/// How many waiting notices are counted.
const COUNTED: usize = 10_000;

/// How things stand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Status {
    /// The version of this shape.
    pub version: u8,
    /// The last pass, if there was one.
    pub last_run: Option<LastRun>,
    /// The watched projects.
    pub projects: Vec<ProjectStatus>,
    /// The open incidents, by project and package.
    pub incidents: Vec<IncidentStatus>,
    /// The watched hooks.
    pub hooks: Vec<HookStatus>,
    /// The channels.
    pub channels: Vec<ChannelStatus>,
    /// Dead letters in all.
    pub dead: usize,
    /// Records of issue events that wait for their sink.
    pub records_waiting: usize,
}

/// How a project stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ProjectStatus {
    /// The project.
    pub project: String,
    /// How its polls went.
    #[serde(flatten)]
    pub polls: ProjectState,
}

/// How a hook stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HookStatus {
    /// The hook.
    pub hook: String,
    /// How its deliveries and the readings of its log went.
    #[serde(flatten)]
    pub state: HookState,
}

/// An open incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct IncidentStatus {
    /// The project.
    pub project: String,
    /// The package.
    pub package: String,
    /// Since when.
    pub since: Timestamp,
    /// The failing chroots.
    pub chroots: Vec<ChrootStatus>,
    /// When a channel was last told.
    pub last_rung: Timestamp,
}

/// A failing chroot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ChrootStatus {
    /// Its name.
    pub name: String,
    /// The build that failed.
    pub build_id: u64,
    /// Its version.
    pub version: Option<String>,
    /// A rebuild of it was canceled: nothing newer is to be expected.
    pub canceled: bool,
}

/// How a channel stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ChannelStatus {
    /// The channel.
    pub channel: String,
    /// Notices waiting.
    pub waiting: usize,
    /// It is left alone until then.
    pub rest_until: Option<Timestamp>,
    /// Failures since the last notice it took.
    pub failures: u32,
    /// What the last of them said.
    pub last_error: Option<String>,
    /// Dead letters.
    pub dead: usize,
}

/// Reads how things stand.
///
/// # Errors
/// When the table cannot be reached.
pub async fn status(context: &Context) -> Result<Status, Error> {
    let table = &context.table;
    let last_run = table.get::<LastRun>(&key::last_run()).await?;
    let projects = table.query::<ProjectState>(key::PROJECTS).await?;
    let mut incidents = Vec::new();
    for (project, _) in projects.iter().filter(|(_, stored)| stored.doc.incidents > 0) {
        let open = table.query::<Incident>(&key::incidents(project)).await?;
        incidents.extend(
            open.into_iter()
                .map(|(package, stored)| incident(project.clone(), package, stored.doc)),
        );
    }
    let hooks = table.query::<HookState>(key::HOOKS).await?;
    let known = table.query::<ChannelState>(key::CHANNELS).await?;
    let mut states: BTreeMap<String, ChannelState> =
        known.into_iter().map(|(name, stored)| (name, stored.doc)).collect();
    let leased_only = table.sort_keys(key::CHANNELS).await?;
    let named = context.bells.iter().map(|bell| bell.channel.name.clone());
    for name in leased_only.into_iter().chain(named) {
        states.entry(name).or_default();
    }
    let mut channels = Vec::new();
    for (channel, state) in states {
        channels.push(ChannelStatus {
            waiting: table.waiting(&channel, COUNTED).await?.len(),
            dead: table.query::<DeadLetter>(&key::dead(&channel)).await?.len(),
            channel,
            rest_until: state.rest_until,
            failures: state.failures,
            last_error: state.last_error,
        });
    }
    Ok(Status {
        version: 1,
        last_run: last_run.map(|stored| stored.doc),
        projects: projects
            .into_iter()
            .map(|(project, stored)| ProjectStatus {
                project,
                polls: stored.doc,
            })
            .collect(),
        incidents,
        hooks: hooks
            .into_iter()
            .map(|(hook, stored)| HookStatus {
                hook,
                state: stored.doc,
            })
            .collect(),
        dead: channels.iter().map(|channel| channel.dead).sum(),
        records_waiting: records::waiting(context).await?,
        channels,
    })
}

fn incident(project: String, package: String, incident: Incident) -> IncidentStatus {
    let chroots = incident.chroots.into_iter().map(|(name, failing)| ChrootStatus {
        name,
        build_id: failing.build_id,
        version: failing.version,
        canceled: failing.rebuild.is_some_and(|rebuild| rebuild.canceled),
    });
    IncidentStatus {
        project,
        package,
        since: incident.since,
        chroots: chroots.collect(),
        last_rung: incident.last_rung,
    }
}
