//! Days, weeks, trends, and the oldest issues.

use copperbell_metrics::{Asked, Day, Measure, OpenIssue, Trend, Week};

use crate::story::{DAY, Issue, START, report, rows};

fn until(until: i64) -> Asked {
    Asked {
        since_s: START,
        until_s: START + until,
        ..Asked::default()
    }
}

#[tokio::test]
async fn each_day_ends_with_so_many_open_issues_of_such_an_age() {
    let rows = rows([
        Issue::opened(1, 0).closed(DAY).reopened(3 * DAY + 5),
        Issue::opened(2, DAY + 100).event("transferred", 2 * DAY),
        Issue::opened(3, DAY / 2).closed(DAY / 2),
        Issue::opened(4, 3 * DAY - 1),
    ]);
    let report = report(&until(3 * DAY + DAY / 2), &rows).await;
    let days: Vec<_> = report
        .days
        .iter()
        .map(|day| (day.day_s - START, day.open, day.mean_age_s))
        .collect();
    assert_eq!(
        days,
        [
            (0, 1, DAY),
            (DAY, 1, DAY - 100),
            (2 * DAY, 1, 1),
            // Today ends now: the first issue is 3.5 days old again, the fourth half a day and a second.
            (3 * DAY, 2, (3 * DAY + DAY / 2 + DAY / 2 + 1) / 2),
        ]
    );
}

#[tokio::test]
async fn the_backlog_knows_what_was_opened_before_the_time_asked_about() {
    let early = Issue::unheard(1, -50 * DAY).comment(DAY, "bob");
    let report = report(&until(2 * DAY), &early.rows).await;
    let day = |number: i64| Day {
        day_s: START + number * DAY,
        open: 1,
        mean_age_s: (51 + number) * DAY,
    };
    assert_eq!(report.days, [day(0), day(1)]);
    assert_eq!((report.groups[0].opened, report.groups[0].open), (0, 1));
}

#[tokio::test]
async fn weeks_begin_on_monday_and_none_is_left_out() {
    let rows = rows([
        Issue::opened(1, 0).comment(90, "bob").closed(7 * DAY - 1),
        Issue::opened(2, 0).closed(3 * DAY).reopened(4 * DAY).closed(21 * DAY),
        Issue::opened(3, 21 * DAY).closed_as(21 * DAY + 1, Some("duplicate")),
    ]);
    let report = report(&until(22 * DAY), &rows).await;
    let week = |number: i64, opened, closed| Week {
        week_s: START + number * 7 * DAY,
        opened,
        closed,
    };
    assert_eq!(
        report.weeks,
        [week(0, 2, 1), week(1, 0, 0), week(2, 0, 0), week(3, 1, 2)]
    );
    let trend = |measure, number: i64, time_s| Trend {
        measure,
        week_s: START + number * 7 * DAY,
        n: 1,
        p50_s: time_s,
        p90_s: time_s,
    };
    assert_eq!(
        report.trends,
        [
            trend(Measure::Close, 0, 7 * DAY - 1),
            trend(Measure::Close, 3, 21 * DAY),
            trend(Measure::FirstResponse, 0, 90),
        ]
    );
}

#[tokio::test]
async fn the_oldest_open_issues_come_first_and_are_twenty_five() {
    let issues = (1..=30).map(|number| Issue::opened(number, 3000 - number * 10));
    let told = Issue::opened_as(31, 1, |issue| {
        issue.title = Some("It's \"slow\"".to_owned());
        issue.labels = Some("|bug|docs|".to_owned());
        issue.assignee = Some("carol".to_owned());
    });
    let rows = rows(issues.chain([told.comment(61, "bob"), Issue::opened(32, 0).closed(5)]));
    let report = report(&until(DAY), &rows).await;
    assert_eq!(report.oldest.len(), 25);
    assert_eq!(
        report.oldest[0],
        OpenIssue {
            repository: "octo/hello".to_owned(),
            number: 31,
            url: "https://github.com/octo/hello/issues/31".to_owned(),
            title: Some("It's \"slow\"".to_owned()),
            created_s: START + 1,
            responded_s: Some(START + 61),
            labels: vec!["bug".to_owned(), "docs".to_owned()],
            assignee: Some("carol".to_owned()),
        }
    );
    assert_eq!((report.oldest[1].number, report.oldest[24].number), (30, 7));
}

#[tokio::test]
async fn nothing_told_is_an_empty_report() {
    let report = report(&until(DAY), &[]).await;
    assert!(report.groups.is_empty() && report.figures.is_empty() && report.in_label.is_empty());
    assert!(report.days.is_empty() && report.weeks.is_empty() && report.trends.is_empty() && report.oldest.is_empty());
}
