//! How things stand, as one page: no script, and text from outside is text.

use chat::plain;
use jiff::{SignedDuration, Timestamp};
use jobs::{ChannelStatus, Dead, HookStatus, IncidentStatus, ProjectStatus, Status};
use maud::{DOCTYPE, Markup, html};

use super::charts::Drawn;
use super::tally::Rang;
use crate::output::counted;
use crate::report::words;

/// How often does the page come again by itself, in seconds?
const AGAIN: u32 = 60;

/// And while its charts are being drawn?
const SOON: u32 = 5;

/// How long ago may the last pass have ended?
const RECENT: SignedDuration = SignedDuration::from_hours(2);

/// How many rows does a table have at most?
const ROWS: usize = 200;

/// What the page shows.
pub(super) struct View<'a> {
    pub(super) status: &'a Status,
    pub(super) dead: &'a [Dead],
    /// Newest first.
    pub(super) rung: &'a [Rang],
    pub(super) charts: &'a Drawn,
    /// Where a build is shown.
    pub(super) build_page: &'a dyn Fn(u64) -> String,
    pub(super) now: Timestamp,
}

pub(super) fn page(view: &View<'_>) -> Markup {
    let again = if matches!(view.charts, Drawn::NotYet) {
        SOON
    } else {
        AGAIN
    };
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta http-equiv="refresh" content=(again);
                title { (title(view.status)) }
                link rel="icon" href="data:,";
                link rel="stylesheet" href="/style.css";
            }
            body {
                main {
                    header {
                        h1 { "Copperbell" }
                        p class="quiet" { (words::minute(view.now.as_second())) " UTC" }
                    }
                    (verdict(view))
                    (tiles(view))
                    (incidents(view))
                    (dead_letters(view))
                    (channels(view))
                    (hooks(view))
                    (projects(view))
                    (rung(view))
                    (charts(view))
                    footer class="quiet" {
                        p {
                            "Copperbell " (env!("CARGO_PKG_VERSION")) ". This page comes again every minute. The same for programs: "
                            a href="/status.json" { "/status.json" } ", " a href="/metrics" { "/metrics" } "."
                        }
                    }
                }
            }
        }
    }
}

/// What a tab shows.
fn title(status: &Status) -> String {
    match status.incidents.len() {
        0 => "Copperbell".to_owned(),
        open => format!("({open}) Copperbell"),
    }
}

/// What needs somebody, in a line.
fn verdict(view: &View<'_>) -> Markup {
    let troubles = troubles(view);
    html! {
        @if troubles.is_empty() {
            p class="verdict" { strong { "All is well." } }
        } @else {
            ul class="verdict unwell" { @for trouble in troubles { li { strong { (trouble) } } } }
        }
    }
}

fn troubles(view: &View<'_>) -> Vec<String> {
    let status = view.status;
    let mut troubles = Vec::new();
    let watches = !status.projects.is_empty() || !status.hooks.is_empty();
    match &status.last_run {
        Some(run) if view.now.duration_since(run.ended) > RECENT => troubles.push("No pass in two hours".to_owned()),
        Some(run) if !run.complete => troubles.push("The last pass was not complete".to_owned()),
        None if watches => troubles.push("No pass yet".to_owned()),
        _ => {}
    }
    let mut several = |count: usize, one: &str, many: &str| match count {
        0 => {}
        1 => troubles.push(format!("1 {one}")),
        n => troubles.push(format!("{n} {many}")),
    };
    several(status.incidents.len(), "package fails", "packages fail");
    let down = status.hooks.iter().filter(|hook| hook.state.breaker.is_open()).count();
    several(down, "hook's receiver is down", "hooks' receivers are down");
    let failing = status.channels.iter().filter(|channel| channel.failures > 0).count();
    several(failing, "channel does not take notices", "channels do not take notices");
    several(status.dead, "dead letter", "dead letters");
    troubles
}

fn tiles(view: &View<'_>) -> Markup {
    let status = view.status;
    let waiting: usize = status.channels.iter().map(|channel| channel.waiting).sum();
    let lost: u32 = status.hooks.iter().map(|hook| hook.state.lost).sum();
    let given_up: u32 = status.hooks.iter().map(|hook| hook.state.given_up).sum();
    let run = status.last_run.as_ref();
    html! {
        dl class="tiles" {
            (tile("Open incidents", &html! { (status.incidents.len()) }, &html! { "in " (counted(status.projects.len(), "project")) }))
            (tile(
                "Last pass",
                &html! { @if let Some(run) = run { (ago(run.ended, view.now)) } @else { (words::NOTHING) } },
                &html! {
                    @match run {
                        None => "none yet",
                        Some(run) if run.complete => "complete",
                        Some(_) => span class="trouble" { "not complete" },
                    }
                },
            ))
            (tile("Waiting", &html! { (waiting) }, &html! { (noun(waiting, "notice")) " in the outbox" }))
            (tile("Dead letters", &html! { (status.dead) }, &html! { "given up" }))
            @if !status.hooks.is_empty() {
                (tile("Lost deliveries", &html! { (lost) }, &html! { "to be got back; " (given_up) " given up" }))
            }
            @if status.records_waiting > 0 {
                (tile("Records", &html! { (status.records_waiting) }, &html! { "waiting for their sink" }))
            }
        }
        @if let Some(why_not) = run.and_then(|run| run.why_not.as_ref()) {
            section class="card" {
                h2 { "Why the last pass was not complete" }
                p class="trouble" { bdi { (plain(why_not)) } }
            }
        }
    }
}

fn tile(name: &str, value: &Markup, more: &Markup) -> Markup {
    html! {
        div class="tile" {
            dt { (name) }
            dd class="value" { (value) }
            dd class="quiet" { (more) }
        }
    }
}

fn incidents(view: &View<'_>) -> Markup {
    let row = |incident: &IncidentStatus| {
        vec![
            Some(text(&incident.package)),
            Some(text(&incident.project)),
            Some(since(incident.since, view.now)),
            Some(chroots(incident, view.build_page)),
        ]
    };
    let header = ["package", "project", "failing for", "builds"];
    table(
        "Open incidents",
        &header,
        view.status.incidents.iter().map(row),
        Some("No package fails."),
    )
}

/// The failing chroots, those of one build together.
fn chroots(incident: &IncidentStatus, build_page: &dyn Fn(u64) -> String) -> Markup {
    let mut chroots: Vec<_> = incident.chroots.iter().collect();
    chroots.sort_by_key(|chroot| chroot.build_id);
    html! {
        ul class="chroots" {
            @for of_build in chroots.chunk_by(|one, next| one.build_id == next.build_id) {
                @let build = &of_build[0];
                @let address = build_page(build.build_id);
                li {
                    @if let Some(address) = words::link(&address) { a href=(address) { (build.build_id) } }
                    @else { (build.build_id) }
                    @if let Some(version) = &build.version { " " (text(version)) }
                    @if of_build.iter().any(|chroot| chroot.canceled) { " (rebuild canceled)" }
                    span class="quiet" { @for (at, chroot) in of_build.iter().enumerate() { @if at > 0 { ", " } (text(&chroot.name)) } }
                }
            }
        }
    }
}

fn dead_letters(view: &View<'_>) -> Markup {
    let row = |dead: &Dead| {
        vec![
            Some(text(&dead.title)),
            Some(text(&dead.channel)),
            Some(trouble(&dead.reason)),
        ]
    };
    html! {
        (table("Dead letters", &["notice", "channel", "why it was given up"], view.dead.iter().map(row), None))
    }
}

fn channels(view: &View<'_>) -> Markup {
    let row = |channel: &ChannelStatus| {
        vec![
            Some(text(&channel.channel)),
            Some(html! { (channel.waiting) }),
            Some(html! { (channel.dead) }),
            channel
                .rest_until
                .filter(|until| *until > view.now)
                .map(|until| left(until, view.now)),
            channel.last_error.as_deref().map(trouble),
        ]
    };
    let header = ["channel", "waiting", "dead letters", "rests for", "trouble"];
    table("Channels", &header, view.status.channels.iter().map(row), None)
}

fn hooks(view: &View<'_>) -> Markup {
    let row = |hook: &HookStatus| {
        let state = &hook.state;
        let down = state
            .breaker
            .open_since
            .map(|open| html! { span class="trouble" { "its receiver is down for " (since(open, view.now)) } });
        let error = state.streak.last_error.as_deref().or(state.blocked.as_deref());
        vec![
            Some(text(&hook.hook)),
            state.last_good.map(|at| ago(at, view.now)),
            state.newest.map(|at| ago(at, view.now)),
            Some(html! { (state.lost) }),
            Some(html! { (state.given_up) }),
            error.map(trouble).or(down),
        ]
    };
    let header = ["hook", "read", "newest delivery", "lost", "given up", "trouble"];
    table("Hooks", &header, view.status.hooks.iter().map(row), None)
}

fn projects(view: &View<'_>) -> Markup {
    let row = |project: &ProjectStatus| {
        let polls = &project.polls;
        vec![
            Some(text(&project.project)),
            polls.last_good.map(|at| ago(at, view.now)),
            Some(html! { (polls.incidents) }),
            polls.streak.last_error.as_deref().map(trouble),
        ]
    };
    let header = ["project", "polled", "failing", "trouble"];
    table("Projects", &header, view.status.projects.iter().map(row), None)
}

fn rung(view: &View<'_>) -> Markup {
    let row = |rang: &Rang| {
        vec![
            Some(text(&rang.title)),
            Some(text(&rang.channel)),
            Some(ago(rang.at, view.now)),
        ]
    };
    let none = "Nothing since this process began.";
    table(
        "Rung lately",
        &["notice", "channel", "when"],
        view.rung.iter().map(row),
        Some(none),
    )
}

fn charts(view: &View<'_>) -> Markup {
    let said = |said: Markup| {
        html! { section class="card" { h2 { "Issues" } p class="empty" { (said) } } }
    };
    match view.charts {
        Drawn::Nowhere => html! {},
        Drawn::Elsewhere => said(html! {
            "The records are where every question is paid for, so this page asks none: " code { "copperbell report" } " does."
        }),
        Drawn::NotYet => said(html! { "The charts are being drawn." }),
        Drawn::Failed(error) => said(html! { "The charts cannot be drawn: " (trouble(error)) }),
        Drawn::At(drawn, charts) => html! {
            section class="issues" {
                h2 { "Issues of the last 90 days" }
                p class="quiet" { "As they were " (ago(*drawn, view.now)) "." }
            }
            (charts)
        },
    }
}

/// A table; on a narrow screen each row is a paragraph. `none` is said where there is no row; without it nothing is.
fn table(title: &str, header: &[&str], rows: impl Iterator<Item = Vec<Option<Markup>>>, none: Option<&str>) -> Markup {
    let mut rows: Vec<_> = rows.collect();
    let more = rows.len().saturating_sub(ROWS);
    rows.truncate(ROWS);
    html! {
        @if !rows.is_empty() || none.is_some() {
            section class="card" {
                h2 { (title) }
                @if rows.is_empty() {
                    p class="empty" { (none.unwrap_or_default()) }
                } @else {
                    table class="rows" {
                        thead { tr { @for name in header { th scope="col" { (name) } } } }
                        tbody {
                            @for row in &rows {
                                tr { @for (at, (name, cell)) in header.iter().zip(row).enumerate() { (self::cell(at, name, cell.as_ref())) } }
                            }
                        }
                    }
                    @if more > 0 { p class="quiet more" { "… and " (more) " more: " code { "copperbell status" } " shows all." } }
                }
            }
        }
    }
}

fn cell(at: usize, name: &str, cell: Option<&Markup>) -> Markup {
    html! {
        @match cell {
            Some(cell) if at == 0 => th scope="row" { (cell) },
            Some(cell) => td data-name=(name) { (cell) },
            None => td class="none" { (words::NOTHING) },
        }
    }
}

/// What somebody else wrote.
fn text(text: &str) -> Markup {
    html! { bdi class="what" { (plain(text)) } }
}

fn trouble(error: &str) -> Markup {
    html! { bdi class="trouble" { (plain(error)) } }
}

fn ago(at: Timestamp, now: Timestamp) -> Markup {
    html! { time datetime=(second(at)) title=(second(at)) { (words::duration(now.duration_since(at).as_secs())) " ago" } }
}

fn since(at: Timestamp, now: Timestamp) -> Markup {
    html! { time datetime=(second(at)) title=(second(at)) { (words::duration(now.duration_since(at).as_secs())) } }
}

fn left(until: Timestamp, now: Timestamp) -> Markup {
    html! { time datetime=(second(until)) title=(second(until)) { (words::duration(until.duration_since(now).as_secs())) } }
}

fn second(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}

fn noun(count: usize, one: &str) -> String {
    if count == 1 { one.to_owned() } else { format!("{one}s") }
}
