//! `copperbell status`: how things stand.

use jobs::{IncidentStatus, Status};

use crate::connect::Standalone;
use crate::output::{counted, print, print_json, table};

pub(crate) async fn run(standalone: &Standalone, json: bool) -> anyhow::Result<bool> {
    let status = jobs::status(&standalone.loaded.context).await?;
    if json {
        print_json(&status)?;
    } else {
        print(&for_people(&status))?;
    }
    Ok(true)
}

fn for_people(status: &Status) -> String {
    let mut shown = match &status.last_run {
        None => "No pass yet: run `copperbell watch`.\n".to_owned(),
        Some(run) if run.complete => format!("Last pass: {}, complete.\n", run.ended),
        Some(run) => format!(
            "Last pass: {}, not complete: {}\n",
            run.ended,
            run.why_not.as_deref().unwrap_or("no reason given")
        ),
    };
    if !status.projects.is_empty() {
        let rows = status.projects.iter().map(|project| {
            let polls = &project.polls;
            vec![
                project.project.clone(),
                polls.last_good.map_or("never".to_owned(), |at| at.to_string()),
                counted(polls.incidents, "incident"),
                polls.streak.last_error.clone().unwrap_or_default(),
            ]
        });
        shown += "\n";
        shown += &table(&["project", "last good poll", "open", "last error"], rows);
    }
    if !status.hooks.is_empty() {
        let rows = status.hooks.iter().map(|hook| {
            let state = &hook.state;
            let down = state.breaker.open_since.map(|since| format!("down since {since}"));
            vec![
                hook.hook.clone(),
                state.last_good.map_or("never".to_owned(), |at| at.to_string()),
                state.newest.map(|at| at.to_string()).unwrap_or_default(),
                state.lost.to_string(),
                state.given_up.to_string(),
                state.streak.last_error.clone().or(down).unwrap_or_default(),
            ]
        });
        let header = ["hook", "last read", "newest delivery", "lost", "given up", "trouble"];
        shown += "\n";
        shown += &table(&header, rows);
    }
    if !status.incidents.is_empty() {
        let rows = status.incidents.iter().map(incident_row);
        shown += "\n";
        shown += &table(&["failing", "since", "chroots"], rows);
    }
    if !status.channels.is_empty() {
        let rows = status.channels.iter().map(|channel| {
            vec![
                channel.channel.clone(),
                channel.waiting.to_string(),
                channel.dead.to_string(),
                channel.rest_until.map(|until| until.to_string()).unwrap_or_default(),
                channel.last_error.clone().unwrap_or_default(),
            ]
        });
        let header = ["channel", "waiting", "dead", "resting until", "last error"];
        shown += "\n";
        shown += &table(&header, rows);
    }
    if status.records_waiting > 0 {
        shown += "\n";
        shown += &counted(status.records_waiting, "record");
        shown += " of issue events waiting for the sink\n";
    }
    shown
}

fn incident_row(incident: &IncidentStatus) -> Vec<String> {
    let chroots = incident.chroots.iter().map(|chroot| {
        let canceled = if chroot.canceled { " (rebuild canceled)" } else { "" };
        format!("{} build {}{canceled}", chroot.name, chroot.build_id)
    });
    vec![
        format!("{} {}", incident.project, incident.package),
        incident.since.to_string(),
        chroots.collect::<Vec<_>>().join("\n"),
    ]
}
