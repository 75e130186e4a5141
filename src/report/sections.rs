//! A report as headings and tables of words, which every format for people shows in its own way.

use metrics::{By, Figure, IssueReport, OpenIssue, Week};

use super::words::{self, NOTHING};

/// A table with a heading.
#[derive(Debug)]
pub(crate) struct Section {
    pub(crate) title: String,
    pub(crate) columns: Vec<Column>,
    /// None is empty; each row has a cell for each column.
    pub(crate) rows: Vec<Vec<Cell>>,
}

/// A column of a table.
#[derive(Debug)]
pub(crate) struct Column {
    pub(crate) title: &'static str,
    /// Does it hold numbers? They stand to the right.
    pub(crate) numbers: bool,
}

/// What stands in a table: one line of visible text, not yet escaped for any format.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Cell {
    pub(crate) text: String,
    /// An address that can stand in any document.
    pub(crate) link: Option<String>,
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self { text, link: None }
    }
}

/// What is to be seen at a glance.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Headline {
    /// Open at the end.
    pub(crate) open: i64,
    /// The week of the end, which is not over.
    pub(crate) this_week: Week,
    /// The week before it.
    pub(crate) last_week: Week,
}

impl Headline {
    /// Nothing, if nothing is known of any day.
    pub(crate) fn of(report: &IssueReport) -> Option<Self> {
        let open = report.days.last()?.open;
        let week = |week_s| {
            let known = report.weeks.iter().find(|week| week.week_s == week_s);
            let nothing = Week {
                week_s,
                opened: 0,
                closed: 0,
            };
            known.cloned().unwrap_or(nothing)
        };
        let monday = words::monday(report.asked.until_s.saturating_sub(1));
        Some(Self {
            open,
            this_week: week(monday),
            last_week: week(monday - words::WEEK),
        })
    }

    /// `144 open now. This week 12 new and 9 closed, the week before 15 and 17.`
    pub(crate) fn sentence(&self) -> String {
        let Self {
            open,
            this_week,
            last_week,
        } = self;
        format!(
            "{open} open now. This week {} new and {} closed, the week before {} and {}.",
            this_week.opened, this_week.closed, last_week.opened, last_week.closed
        )
    }
}

/// What the report is called.
pub(crate) fn title(report: &IssueReport) -> String {
    match &report.asked.repository {
        Some(repository) => format!("Issues of {}", chat::plain(repository)),
        None => "Issues of all repositories".to_owned(),
    }
}

/// From when to when.
pub(crate) fn span(report: &IssueReport) -> String {
    let asked = &report.asked;
    let (from, to) = (words::date(asked.since_s), words::minute(asked.until_s));
    format!("{from} to {to} UTC, {}", words::days(asked.since_s, asked.until_s))
}

/// What is said when there is nothing to show.
pub(crate) const EMPTY: &str = "No issue was opened, closed or answered in this time, and none is open.";

/// All tables that hold anything.
pub(crate) fn sections(report: &IssueReport) -> Vec<Section> {
    let sections = [groups(report), times(report), in_label(report), oldest(report)];
    sections.into_iter().flatten().collect()
}

/// What became of the issues.
pub(crate) fn groups(report: &IssueReport) -> Option<Section> {
    let by = report.asked.by;
    let rows = report.groups.iter().map(|group| {
        vec![
            words::group(by, group.group.as_deref()),
            group.opened.to_string(),
            group.closed.to_string(),
            words::percent(group.closed, group.opened),
            group.reopened.to_string(),
            group.open.to_string(),
        ]
    });
    let numbers = ["opened", "closed", "closure ratio", "reopened", "open now"];
    section("Opened and closed", by, &[words::by(by)], &numbers, rows)
}

/// How long they took.
pub(crate) fn times(report: &IssueReport) -> Option<Section> {
    let by = report.asked.by;
    let mut figures: Vec<_> = report.figures.iter().collect();
    figures.sort_by_key(|figure| figure.measure);
    let rows = figures.into_iter().map(|figure| {
        let mut row = vec![words::measure(figure.measure).to_owned()];
        if by != By::All {
            row.push(words::group(by, figure.group.as_deref()));
        }
        row.extend(numbers(figure));
        row
    });
    let mut texts = vec!["time"];
    if by != By::All {
        texts.push(words::by(by));
    }
    section("Times", by, &texts, &NUMBERS, rows)
}

/// How long issues bore a label.
pub(crate) fn in_label(report: &IssueReport) -> Option<Section> {
    let rows = report.in_label.iter().map(|figure| {
        let mut row = vec![words::group(By::Label, figure.group.as_deref())];
        row.extend(numbers(figure));
        row
    });
    section("Time in label", By::All, &["label"], &NUMBERS, rows)
}

/// The oldest open issues.
pub(crate) fn oldest(report: &IssueReport) -> Option<Section> {
    let titles = report.oldest.iter().any(|issue| words::title(issue).is_some());
    let row = |issue: &OpenIssue| {
        let mut row = vec![
            words::issue(issue),
            words::duration(report.asked.until_s.saturating_sub(issue.created_s)),
            words::response(issue),
            issue.assignee.as_deref().map_or(NOTHING.to_owned(), chat::plain),
            Some(words::labels(issue).join(", "))
                .filter(|labels| !labels.is_empty())
                .unwrap_or_else(|| NOTHING.to_owned()),
        ];
        if titles {
            row.push(words::title(issue).unwrap_or_else(|| NOTHING.to_owned()));
        }
        row
    };
    let mut columns = vec!["issue", "age", "response", "assignee", "labels"];
    if titles {
        columns.push("title");
    }
    let mut section = section(
        "Oldest open issues",
        By::All,
        &columns,
        &[],
        report.oldest.iter().map(row),
    )?;
    for (row, issue) in section.rows.iter_mut().zip(&report.oldest) {
        row[0].link = words::link(&issue.url).map(str::to_owned);
    }
    Some(section)
}

/// The columns of [`numbers`].
const NUMBERS: [&str; 4] = ["n", "mean", "p50", "p90"];

fn numbers(figure: &Figure) -> [String; 4] {
    [
        figure.n.to_string(),
        words::duration(figure.mean_s),
        words::duration(figure.p50_s),
        words::duration(figure.p90_s),
    ]
}

/// A table of texts and then numbers, unless it is empty.
fn section(
    title: &str,
    by: By,
    texts: &[&'static str],
    numbers: &[&'static str],
    rows: impl Iterator<Item = Vec<String>>,
) -> Option<Section> {
    let rows: Vec<Vec<Cell>> = rows.map(|row| row.into_iter().map(Cell::from).collect()).collect();
    let title = match by {
        By::All => title.to_owned(),
        by => format!("{title} by {}", words::by(by)),
    };
    let column = |numbers: bool| move |&title: &&'static str| Column { title, numbers };
    let columns = texts.iter().map(column(false)).chain(numbers.iter().map(column(true)));
    let columns = columns.collect();
    (!rows.is_empty()).then_some(Section { title, columns, rows })
}
