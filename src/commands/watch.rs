//! `copperbell watch`: one pass now.

use std::io::IsTerminal as _;

use indicatif::{ProgressBar, ProgressStyle};
use jobs::{Outcome, Progress, ProjectReport, Report};
use outbound::Deadline;

use crate::connect::{BadStart, Standalone};
use crate::output::{counted, print, print_json};

pub(crate) async fn run(standalone: Standalone, json: bool) -> anyhow::Result<bool> {
    let Standalone { loaded, watch, .. } = standalone;
    let context = loaded.context;
    if watch.projects.is_empty() {
        let what = "COPR_PROJECTS: it is empty, so there is nothing to watch: expected one project at least";
        return Err(BadStart::new(what).into());
    }
    let bar = progress_bar(watch.projects.len());
    let on_progress = |progress: Progress<'_>| {
        bar.set_position(progress.done as u64);
        bar.set_message(progress.project.to_owned());
    };
    let tick = context.outbound.clock.now();
    let report = jobs::run(&context, &watch, tick, Deadline::NONE, on_progress).await;
    bar.finish_and_clear();
    if json {
        print_json(&report)?;
    } else {
        print(&summary(&report))?;
    }
    if let Some(why_not) = &report.why_not {
        eprintln!("copperbell: this pass is not complete: {why_not}");
    }
    Ok(report.complete)
}

/// A line that moves, on a terminal; nothing in a pipe.
fn progress_bar(projects: usize) -> ProgressBar {
    if projects < 2 || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("polling {pos} of {len}: {msg}");
    ProgressBar::new(projects as u64).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// The pass in a few lines.
pub(crate) fn summary(report: &Report) -> String {
    let mut lines: Vec<String> = report.projects.iter().map(project_line).collect();
    for channel in &report.channels {
        let mut parts = Vec::new();
        if channel.sent > 0 {
            parts.push(format!("{} sent", channel.sent));
        }
        if channel.waiting > 0 {
            parts.push(format!("{} waiting", channel.waiting));
        }
        if channel.dead > 0 {
            parts.push(format!("{} given up", channel.dead));
        }
        if let Some(until) = channel.rest_until {
            parts.push(format!("resting until {until}"));
        }
        parts.extend(channel.error.clone());
        if !parts.is_empty() {
            lines.push(format!("channel {}: {}", channel.channel, parts.join(", ")));
        }
    }
    lines.push(String::new());
    lines.join("\n")
}

fn project_line(report: &ProjectReport) -> String {
    let project = &report.project;
    match (report.outcome, &report.error) {
        (Outcome::Ok, _) => {}
        (_, Some(error)) => return format!("{project}: {error}"),
        (_, None) => return format!("{project}: not observed"),
    }
    let mut parts = vec![
        counted(report.packages, "package"),
        format!("{} failing", report.failing),
    ];
    let news = [
        (report.broken, "broke"),
        (report.grown, "fail in more chroots"),
        (report.failed_again, "failed again"),
        (report.reminded, "still failing"),
        (report.recovered, "recovered"),
        (report.gone, "gone"),
        (report.unwatched, "no longer watched"),
    ];
    let news = news.into_iter().filter(|(count, _)| *count > 0);
    parts.extend(news.map(|(count, what)| format!("{count} {what}")));
    format!("{project}: {}", parts.join(", "))
}
