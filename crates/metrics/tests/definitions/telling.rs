//! However often and in whatever order a story is told, it is the same story.

use copperbell_metrics::{By, IssueRecord, IssueReport};

use crate::story::{DAY, Issue, by, from_history, report, rows};

fn stories() -> [Issue; 6] {
    let labels = |issue: &mut IssueRecord| issue.labels = Some("|bug|".to_owned());
    [
        Issue::opened_as(1, 0, labels)
            .comment(60, "bob")
            .labeled("docs", 70)
            .closed(DAY)
            .reopened(2 * DAY),
        Issue::opened(2, DAY)
            .comment(DAY + 5, "ci[bot]")
            .closed_as(3 * DAY, Some("not_planned")),
        Issue::opened(3, DAY)
            .labeled("bug", DAY + 1)
            .unlabeled("bug", DAY + 4)
            .labeled("bug", DAY + 7)
            .closed(4 * DAY),
        Issue::opened(4, DAY)
            .comment(2 * DAY, "bob")
            .comment_deleted(2 * DAY, 2 * DAY + 9)
            .event("transferred", 5 * DAY),
        Issue::opened(5, DAY)
            .closed(2 * DAY)
            .reopened(2 * DAY + 3)
            .closed(2 * DAY + 6),
        Issue::unheard(6, -DAY).closed(DAY),
    ]
}

async fn told(rows: &[IssueRecord]) -> IssueReport {
    report(&by(By::Label), rows).await
}

#[tokio::test]
async fn order_and_repetition_change_nothing() {
    let rows = rows(stories());
    let expected = told(&rows).await;
    assert_eq!(expected.figures.len(), 12, "{:#?}", expected.figures);
    let twice = |change: fn(usize, IssueRecord) -> IssueRecord| {
        let again = rows.iter().cloned().enumerate().map(|(place, row)| change(place, row));
        rows.iter().cloned().chain(again).collect::<Vec<_>>()
    };
    let mut reversed = rows.clone();
    reversed.reverse();
    for (what, rows) in [
        ("the last first", reversed),
        ("the same rows again", twice(|_, row| row)),
        (
            "sent again, so received later",
            twice(|_, mut row| {
                row.received_s += 3600;
                row
            }),
        ),
        (
            "the same bodies under other names",
            twice(|place, mut row| {
                row.delivery_id = format!("replay-{place}");
                row.received_s += 3600;
                row
            }),
        ),
        (
            "the same deliveries, and nobody saw the bodies",
            twice(|_, mut row| {
                row.body_digest = None;
                row
            }),
        ),
        ("by a backfill, too", twice(|_, row| from_history(&row, 0))),
        ("by a backfill, seconds later", twice(|_, row| from_history(&row, 2))),
        ("by a backfill, seconds earlier", twice(|_, row| from_history(&row, -2))),
        (
            "and pull requests with the same ids",
            twice(|place, mut row| {
                row.delivery_id = format!("pull-{place}");
                row.occurred_s += 5;
                row.is_pr = 1;
                row
            }),
        ),
    ] {
        assert_eq!(told(&rows).await, expected, "{what}");
    }
}

#[tokio::test]
async fn a_backfill_alone_tells_the_same() {
    // A backfill does not know what has left, nor what was deleted.
    let issues: Vec<_> = stories().into_iter().filter(|issue| issue.number() != 4).collect();
    let observed: Vec<_> = issues.iter().map(Issue::observed).collect();
    let rows = rows(issues);
    let mut expected = told(&rows).await;
    let history: Vec<_> = rows.iter().map(|row| from_history(row, 0)).chain(observed).collect();
    let mut found = told(&history).await;
    // Nor since when an issue bore the labels with which it was opened.
    expected.in_label.clear();
    found.in_label.clear();
    assert_eq!(found, expected);
}
