//! Reports for tests: a small one, an empty one, and one in which every text is somebody else's.

use jiff::Timestamp;
use metrics::{Asked, By, Day, Figure, Group, IssueReport, Measure, OpenIssue, Trend, Week};

use super::words::{DAY, HOUR, MINUTE};

pub(crate) fn at(text: &str) -> i64 {
    text.parse::<Timestamp>().unwrap().as_second()
}

/// Nothing was found.
pub(crate) fn empty() -> IssueReport {
    IssueReport {
        version: 1,
        asked: Asked {
            since_s: at("2026-10-19T00:00:00Z"),
            until_s: at("2026-11-02T12:00:00Z"),
            ..Asked::default()
        },
        groups: Vec::new(),
        figures: Vec::new(),
        in_label: Vec::new(),
        days: Vec::new(),
        weeks: Vec::new(),
        trends: Vec::new(),
        oldest: Vec::new(),
    }
}

/// Two repositories in two weeks and a day.
pub(crate) fn small() -> IssueReport {
    let mut report = empty();
    report.asked.by = By::Repository;
    report.asked.ignored = vec!["acme-helper".to_owned()];
    report.groups = vec![
        group(Some("acme/app"), [8, 5, 1, 3]),
        group(Some("acme/lib"), [0, 1, 0, 0]),
    ];
    report.figures = vec![
        figure(Measure::Age, Some("acme/app"), 3, [40 * DAY, 9 * DAY, 100 * DAY]),
        figure(Measure::Close, Some("acme/app"), 4, [3 * DAY, DAY + 4 * HOUR, 9 * DAY]),
        figure(Measure::Close, Some("acme/lib"), 1, [200 * DAY; 3]),
        figure(
            Measure::FirstResponse,
            Some("acme/app"),
            6,
            [5 * HOUR + 59, 3 * HOUR + 20 * MINUTE, DAY],
        ),
    ];
    report.in_label = vec![
        figure(Measure::Open, Some("bug"), 4, [2 * DAY, DAY, 5 * DAY]),
        figure(Measure::Open, Some("needs info"), 1, [0; 3]),
    ];
    let monday = at("2026-10-19T00:00:00Z");
    report.days = (0..15)
        .map(|n| Day {
            day_s: monday + n * DAY,
            open: 2 + n % 4,
            mean_age_s: n * DAY,
        })
        .collect();
    let week = |n: i64, opened, closed| Week {
        week_s: monday + 7 * n * DAY,
        opened,
        closed,
    };
    report.weeks = vec![week(0, 3, 1), week(1, 4, 5), week(2, 1, 0)];
    let trend = |measure, n: i64, times: [i64; 2]| Trend {
        measure,
        week_s: monday + 7 * n * DAY,
        n: 3,
        p50_s: times[0],
        p90_s: times[1],
    };
    report.trends = vec![
        trend(Measure::FirstResponse, 0, [3 * HOUR, 20 * HOUR]),
        trend(Measure::FirstResponse, 1, [HOUR, 6 * HOUR]),
        trend(Measure::Close, 1, [DAY, 9 * DAY]),
    ];
    report.oldest = vec![
        OpenIssue {
            repository: "acme/app".to_owned(),
            number: 12,
            url: "https://github.com/acme/app/issues/12".to_owned(),
            title: Some("Crash at start".to_owned()),
            created_s: at("2026-07-25T12:00:00Z"),
            responded_s: Some(at("2026-07-25T15:20:00Z")),
            labels: vec!["bug".to_owned(), "needs info".to_owned()],
            assignee: Some("alice".to_owned()),
        },
        OpenIssue {
            repository: "acme/app".to_owned(),
            number: 40,
            url: "https://github.com/acme/app/issues/40".to_owned(),
            title: None,
            created_s: at("2026-11-02T11:59:00Z"),
            responded_s: None,
            labels: Vec::new(),
            assignee: None,
        },
    ];
    report
}

/// The small one with a text in every place that others fill.
pub(crate) fn with(text: &str) -> IssueReport {
    let mut report = small();
    let text = || text.to_owned();
    report.asked.repository = Some(text());
    report.asked.by = By::Label;
    report.asked.ignored = vec![text()];
    for group in &mut report.groups {
        group.group = Some(text());
    }
    for figure in report.figures.iter_mut().chain(&mut report.in_label) {
        figure.group = Some(text());
    }
    for issue in &mut report.oldest {
        issue.repository = text();
        issue.url = text();
        issue.title = Some(text());
        issue.labels = vec![text(), text()];
        issue.assignee = Some(text());
    }
    report
}

fn group(group: Option<&str>, [opened, closed, reopened, open]: [i64; 4]) -> Group {
    Group {
        group: group.map(str::to_owned),
        opened,
        closed,
        reopened,
        open,
    }
}

fn figure(measure: Measure, group: Option<&str>, n: i64, [mean_s, p50_s, p90_s]: [i64; 3]) -> Figure {
    Figure {
        measure,
        group: group.map(str::to_owned),
        n,
        mean_s,
        p50_s,
        p90_s,
    }
}
