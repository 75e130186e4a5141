//! Groups, the time asked about, and who is asked about.

use copperbell_metrics::{Asked, By, IssueRecord, IssueReport, Measure};
use jiff::Timestamp;
use jiff::civil::date;
use jiff::tz::TimeZone;

use crate::story::{DAY, Issue, START, all, by, medians, only, report, rows};

fn in_repository(issue: &mut IssueRecord, name: &str, id: i64) {
    name.clone_into(&mut issue.repository);
    issue.repository_id = id;
}

#[tokio::test]
async fn figures_are_grouped_by_repository_label_and_assignee() {
    let first = Issue::opened_as(1, 0, |issue| {
        in_repository(issue, "octo/a", 1);
        issue.labels = Some("|bug|docs|".to_owned());
        issue.assignee = Some("carol".to_owned());
    });
    let second = Issue::opened_as(2, 0, |issue| {
        in_repository(issue, "octo/b", 2);
        issue.labels = Some("|bug|".to_owned());
    });
    let rows = rows([first.closed(10), second.closed(20), Issue::opened(3, 0).closed(30)]);
    for (grouping, expected) in [
        (By::All, vec![(None, 3, 20)]),
        // The third issue is in the first one's repository, by another name: it was renamed.
        (
            By::Repository,
            vec![(Some("octo/hello"), 2, 10), (Some("octo/b"), 1, 20)],
        ),
        (
            By::Label,
            vec![(Some("bug"), 2, 10), (None, 1, 30), (Some("docs"), 1, 10)],
        ),
        (By::Assignee, vec![(None, 2, 20), (Some("carol"), 1, 10)]),
        (By::Month, vec![(Some("2024-01"), 3, 20)]),
    ] {
        let report = report(&by(grouping), &rows).await;
        assert_eq!(medians(&report.figures, Measure::Close), expected, "{grouping:?}");
    }
}

#[tokio::test]
async fn a_report_about_one_repository_has_its_issues_under_its_latest_name() {
    let quoted = Issue::opened_as(1, 0, |issue| in_repository(issue, "o'brien/\"it\"", 7)).closed(10);
    let renamed = Issue::opened_as(2, 0, |issue| in_repository(issue, "octo/old", 8))
        .is(|issue| in_repository(issue, "octo/new", 8))
        .closed(20);
    let stayed = Issue::opened_as(3, 0, |issue| in_repository(issue, "octo/old", 8)).is(|_| {});
    let rows = rows([quoted, renamed, stayed]);
    for (name, expected) in [
        ("o'brien/\"it\"", (1, 0)),
        ("octo/new", (1, 1)),
        ("Octo/New", (1, 1)),
        ("octo/old", (0, 0)),
        ("' OR 1 = 1 --", (0, 0)),
    ] {
        let repository = Some(name.to_owned());
        let report = report(&Asked { repository, ..all() }, &rows).await;
        let closed = report.groups.iter().map(|group| group.closed).sum::<i64>();
        assert_eq!(
            (closed, i64::try_from(report.oldest.len()).unwrap()),
            expected,
            "{name}"
        );
    }
}

#[tokio::test]
async fn a_measure_belongs_to_the_time_in_which_it_ended() {
    let issue = Issue::opened(1, 10 * DAY).comment(12 * DAY, "bob").closed(20 * DAY);
    let asked = |since, until| Asked {
        since_s: START + since,
        until_s: START + until,
        ..Asked::default()
    };
    let has = |report: &IssueReport, measure| only(&report.figures, measure).is_some();
    for (since, until, response, close, age) in [
        (0, 100 * DAY, true, true, false),
        (0, 20 * DAY, true, false, true),
        (0, 20 * DAY + 1, true, true, false),
        (12 * DAY, 21 * DAY, true, true, false),
        (12 * DAY + 1, 21 * DAY, false, true, false),
        (20 * DAY, 21 * DAY, false, true, false),
        (20 * DAY + 1, 21 * DAY, false, false, false),
        (0, 11 * DAY, false, false, true),
        (0, 10 * DAY, false, false, false),
    ] {
        let report = report(&asked(since, until), &issue.rows).await;
        let found = [Measure::FirstResponse, Measure::Close, Measure::Age].map(|measure| has(&report, measure));
        assert_eq!(found, [response, close, age], "{since} to {until}");
    }
}

#[tokio::test]
async fn months_are_those_of_the_calendar_from_2008_to_2060() {
    let months = (2008..=2060).flat_map(|year| (1..=12).map(move |month| date(year, month, 1)));
    let second = |date: jiff::civil::Date| date.to_zoned(TimeZone::UTC).unwrap().timestamp().as_second();
    let bounds = months.map(|first| (second(first), second(first.last_of_month().tomorrow().unwrap())));
    let bounds: Vec<(i64, i64)> = bounds.collect();
    let issues = (1..).zip(&bounds).flat_map(|(number, (from, to))| {
        // Closed in the month's first second, and in its last.
        let closed = |number, at: i64| Issue::opened(number, at - START).closed(at - START);
        [closed(number, *from), closed(number + 10_000, to - 1)]
    });
    let asked = Asked {
        until_s: second(date(2061, 1, 1)),
        by: By::Month,
        ..Asked::default()
    };
    let report = report(&asked, &rows(issues)).await;
    let mut found = report.groups;
    found.sort_by(|one, other| one.group.cmp(&other.group));
    let names = bounds.iter().map(|(from, _)| {
        let month = Timestamp::from_second(*from).unwrap().strftime("%Y-%m");
        (Some(month.to_string()), 2, 2)
    });
    let found = found.into_iter().map(|group| (group.group, group.opened, group.closed));
    assert_eq!(found.collect::<Vec<_>>(), names.collect::<Vec<_>>());
}
