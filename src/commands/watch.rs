//! `copperbell watch`: one pass now.

use std::io::IsTerminal as _;

use indicatif::{ProgressBar, ProgressStyle};
use jobs::{HookReport, Outcome, Pass, Progress, ProjectReport, Report, Scope};
use outbound::Deadline;

use crate::bad_start::BadStart;
use crate::connect::Standalone;
use crate::output::{counted, print, print_json, tell};

pub(crate) async fn run(standalone: Standalone, json: bool) -> anyhow::Result<bool> {
    if standalone.watch.is_empty() {
        let what = "COPR_PROJECTS, GITHUB_HOOKS: both are empty, so there is nothing to watch: expected one project or \
                    hook at least";
        return Err(BadStart::new(what).into());
    }
    pass(&standalone, Scope::All, json).await
}

/// Makes a pass and prints what it did.
pub(crate) async fn pass(standalone: &Standalone, scope: Scope, json: bool) -> anyhow::Result<bool> {
    let Standalone { loaded, watch, .. } = standalone;
    let context = &loaded.context;
    let bar = progress_bar(watch.projects.len() + watch.redelivery.hooks.len());
    let on_progress = |progress: Progress<'_>| {
        bar.set_position(progress.done as u64);
        bar.set_message(progress.target.to_owned());
    };
    let pass = Pass {
        tick: context.outbound.clock.now(),
        deadline: Deadline::NONE,
        scope,
    };
    let report = jobs::run(context, watch, pass, on_progress).await;
    bar.finish_and_clear();
    if json {
        print_json(&report)?;
    } else {
        print(&summary(&report))?;
    }
    if let Some(why_not) = &report.why_not {
        tell(&format!("copperbell: this pass is not complete: {why_not}"));
    }
    Ok(report.complete)
}

/// A line that moves, on a terminal; nothing in a pipe.
fn progress_bar(targets: usize) -> ProgressBar {
    if targets < 2 || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("looked at {pos} of {len}: {msg}");
    ProgressBar::new(targets as u64).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// The pass in a few lines.
pub(crate) fn summary(report: &Report) -> String {
    let projects = report.projects.iter().map(project_line);
    let mut lines: Vec<String> = projects.chain(report.hooks.iter().map(hook_line)).collect();
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
    parts.extend(counts(&news));
    format!("{project}: {}", parts.join(", "))
}

fn hook_line(report: &HookReport) -> String {
    let hook = &report.hook;
    let mut parts = Vec::new();
    if report.outcome == Outcome::Ok {
        parts.push(format!("{} read", counted(report.read, "delivery")));
    }
    let news = [
        (report.lost, "lost"),
        (report.redelivered, "redelivered"),
        (report.recovered, "recovered"),
        (report.given_up, "given up"),
    ];
    parts.extend(counts(&news));
    parts.extend(report.error.clone());
    format!("{hook}: {}", parts.join(", "))
}

/// Those that there are any of: "2 broke".
fn counts(news: &[(usize, &str)]) -> impl Iterator<Item = String> {
    let news = news.iter().filter(|(count, _)| *count > 0);
    news.map(|(count, what)| format!("{count} {what}"))
}
