//! A report as one page that needs nothing else: no script, no other file, no network.

use maud::{DOCTYPE, Markup, PreEscaped, html};
use metrics::{Figure, IssueReport, Measure, OpenIssue};

use super::sections::{self, Cell, Headline, Section};
use super::{chart, words};

/// What the page may do: be shown in its own style. All else is nothing it needs.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

/// The page. `whole` are the figures of all issues together, however the report is grouped.
pub(crate) fn page(report: &IssueReport, whole: &[Figure]) -> String {
    let title = sections::title(report);
    let sections = [
        sections::groups(report),
        sections::in_label(report),
        sections::times(report),
    ];
    let tables: Vec<_> = sections.iter().flatten().collect();
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="referrer" content="no-referrer";
                title { (title) }
                link rel="icon" href="data:,";
                style { (PreEscaped(include_str!("page.css"))) }
            }
            body {
                main {
                    header {
                        h1 { bdi { (title) } }
                        p class="quiet" { (sections::span(report)) }
                    }
                    (overview(report, whole))
                    div class="tables" {
                        @for section in tables { (table(section)) }
                    }
                    (oldest(report))
                    (footer(report))
                }
            }
        }
    };
    page.into_string()
}

/// Numbers and charts at a glance.
pub(crate) fn overview(report: &IssueReport, whole: &[Figure]) -> Markup {
    html! {
        (headline(report, whole))
        div class="charts" {
            (figure("Backlog", &[("backlog", "open at the end of the day")], chart::backlog(report)))
            (figure("New and closed", &[("opened", "new in the week"), ("closed", "closed")], chart::flow(report)))
            (figure("First response", &WITHIN, chart::times(report, Measure::FirstResponse, "response")))
            (figure("Close", &WITHIN, chart::times(report, Measure::Close, "close")))
        }
    }
}

/// The lines of a chart of times.
const WITHIN: [(&str, &str); 3] = [
    ("p50", "half within (p50)"),
    ("p90", "nine of ten within (p90)"),
    ("", "logarithmic scale"),
];

fn headline(report: &IssueReport, whole: &[Figure]) -> Markup {
    let figure = |measure| whole.iter().find(|figure| figure.measure == measure);
    let tile = |name: &str, value: String, more: String| {
        html! {
            div class="tile" {
                dt { (name) }
                dd class="value" { (value) }
                dd class="quiet" { (more) }
            }
        }
    };
    let times = |name: &str, measure| match figure(measure) {
        Some(Figure { n, p50_s, p90_s, .. }) => {
            let more = format!("half of {n} (p50); 9 in 10 within {} (p90)", words::duration(*p90_s));
            tile(name, words::duration(*p50_s), more)
        }
        None => tile(name, words::NOTHING.to_owned(), "none in this time".to_owned()),
    };
    let before = |count: i64| format!("{count} in the week before");
    let Some(headline) = Headline::of(report) else {
        return html! { p class="empty" { (sections::EMPTY) } };
    };
    let Headline {
        open,
        this_week,
        last_week,
    } = headline;
    let age = report.days.last().map_or(0, |day| day.mean_age_s);
    html! {
        dl class="tiles" {
            (tile("Open now", open.to_string(), format!("{} old on the mean", words::duration(age))))
            (tile("New this week", this_week.opened.to_string(), before(last_week.opened)))
            (tile("Closed this week", this_week.closed.to_string(), before(last_week.closed)))
            (times("First response", Measure::FirstResponse))
            (times("Close, completed", Measure::Close))
        }
    }
}

/// A chart under its heading, with what its colours mean (and what has none); a sentence where there is nothing to draw.
fn figure(title: &str, colours: &[(&str, &str)], chart: Option<Markup>) -> Markup {
    html! {
        section class="card" {
            h2 { (title) }
            @if let Some(chart) = chart {
                ul class="colours" {
                    @for (class, name) in colours {
                        li { @if !class.is_empty() { span class={ "colour " (class) } {} } (name) }
                    }
                }
                div class="room" { (chart) }
            } @else {
                p class="empty" { "Nothing was measured in this time." }
            }
        }
    }
}

/// A table that scrolls by itself where it is too wide. Where two texts lead its rows, the first is the heading of those
/// that share it.
fn table(section: &Section) -> Markup {
    let parted = section.columns.get(1).is_some_and(|column| !column.numbers);
    let first = usize::from(parted);
    let columns = &section.columns[first..];
    let class = |at: usize| columns[at].numbers.then_some("number");
    html! {
        section class="card" {
            h2 { (section.title) }
            div class="scroll" tabindex="0" role="region" aria-label=(section.title) {
                table {
                    thead {
                        tr { @for (at, column) in columns.iter().enumerate() { th scope="col" class=[class(at)] { (column.title) } } }
                    }
                    @for rows in section.rows.chunk_by(|one, next| parted && one[0] == next[0]) {
                        tbody {
                            @if parted { tr class="part" { th scope="rowgroup" colspan=(columns.len()) { (text(&rows[0][0])) } } }
                            @for row in rows {
                                tr {
                                    th scope="row" { (text(&row[first])) }
                                    @for (at, cell) in row[first..].iter().enumerate().skip(1) { td class=[class(at)] { (text(cell)) } }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn text(cell: &Cell) -> Markup {
    html! {
        @if let Some(link) = &cell.link { a href=(link) { bdi { (cell.text) } } } @else { bdi { (cell.text) } }
    }
}

fn oldest(report: &IssueReport) -> Markup {
    let entry = |issue: &OpenIssue| {
        let name = words::issue(issue);
        let shown = words::title(issue).unwrap_or_else(|| name.clone());
        let age = words::duration(report.asked.until_s.saturating_sub(issue.created_s));
        let labels = words::labels(issue);
        let answered = issue.responded_s.is_some();
        html! {
            li {
                div class="age" { (age) }
                div class="issue" {
                    p class="name" {
                        @if let Some(link) = words::link(&issue.url) { a href=(link) { bdi { (shown) } } }
                        @else { bdi { (shown) } }
                    }
                    p class="quiet" {
                        @if shown != name { span { bdi { (name) } } }
                        span class=[(!answered).then_some("unanswered")] { "response: " (words::response(issue)) }
                        @if let Some(assignee) = &issue.assignee { span { "assigned to " bdi { (chat::plain(assignee)) } } }
                        @else { span { "assigned to nobody" } }
                    }
                    @if !labels.is_empty() {
                        ul class="labels" aria-label="labels" { @for label in &labels { li { bdi { (label) } } } }
                    }
                }
            }
        }
    };
    html! {
        section class="card oldest" {
            h2 { "Oldest open issues" }
            @if report.oldest.is_empty() {
                p class="empty" { "No issue is open." }
            } @else {
                ol { @for issue in &report.oldest { (entry(issue)) } }
            }
        }
    }
}

fn footer(report: &IssueReport) -> Markup {
    let ignored: Vec<_> = report.asked.ignored.iter().map(|login| chat::plain(login)).collect();
    html! {
        footer class="quiet" {
            p {
                "Weeks begin on Monday; days, weeks and months are UTC. First response: the first comment of somebody other "
                "than the author who is no bot"
                @if !ignored.is_empty() { ", nor one of " bdi { (ignored.join(", ")) } }
                ". Close: from opening to the last close, of issues closed as completed. "
                "p50: half of the issues took no longer. p90: nine of ten took no longer."
            }
        }
    }
}
