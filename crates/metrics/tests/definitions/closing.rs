//! Times to close, states, and what ends an issue.

use copperbell_metrics::{Figure, Group, Measure};

use crate::story::{Issue, NOW, all, measured, report};

/// Opened, closed, reopened, open.
async fn counts(issue: Issue) -> [i64; 4] {
    let report = report(&all(), &issue.rows).await;
    let group = report.groups.first().cloned().unwrap_or(Group {
        group: None,
        opened: 0,
        closed: 0,
        reopened: 0,
        open: 0,
    });
    [group.opened, group.closed, group.reopened, group.open]
}

#[tokio::test]
async fn what_became_of_an_issue() {
    let issue = || Issue::opened(1, 0);
    for (what, issue, expected) in [
        ("it is open", issue(), [1, 0, 0, 1]),
        ("it was closed", issue().closed(50), [1, 1, 0, 0]),
        ("closed twice", issue().closed(50).closed(60), [1, 1, 0, 0]),
        ("closed and reopened", issue().closed(50).reopened(70), [1, 0, 0, 1]),
        (
            "and closed again",
            issue().closed(50).reopened(70).closed(90),
            [1, 1, 1, 0],
        ),
        ("deleted", issue().event("deleted", 50), [1, 0, 0, 0]),
        ("transferred", issue().event("transferred", 50), [1, 0, 0, 0]),
        (
            "closed, then deleted",
            issue().closed(50).event("deleted", 60),
            [1, 0, 0, 0],
        ),
        (
            "its closing was lost",
            issue().closed(50).lost().comment(9000, "bob"),
            [1, 1, 0, 0],
        ),
        (
            "its reopening was lost",
            issue().closed(50).reopened(60).lost().comment(9000, "bob"),
            [1, 0, 0, 1],
        ),
        (
            "a comment that came with the close, and was written before it",
            issue().comment(50, "bob").closed(50).but(|row| row.received_s -= 1),
            [1, 1, 0, 0],
        ),
        (
            "opened before anybody listened",
            Issue::unheard(1, 0).closed(50),
            [1, 1, 0, 0],
        ),
        (
            "and heard of when it is closed",
            Issue::unheard(1, 0).closed(50).lost().comment(90, "bob"),
            [1, 1, 0, 0],
        ),
    ] {
        assert_eq!(counts(issue).await, expected, "{what}");
    }
}

#[tokio::test]
async fn time_to_close_is_from_opening_to_the_last_close_by_its_reason() {
    use Measure::{Age, Close, CloseDuplicate, CloseNotPlanned, FirstClose, Open};
    let issue = || Issue::opened(1, 0);
    let again = || issue().closed(50).reopened(70).closed(90);
    let as_what = |reason| issue().closed_as(50, reason);
    for (what, issue, measure, expected) in [
        ("open", issue(), Close, None),
        ("open", issue(), Age, Some(NOW)),
        ("open again", issue().closed(50).reopened(70), Close, None),
        ("open again", issue().closed(50).reopened(70), FirstClose, Some(50)),
        ("open again", issue().closed(50).reopened(70), Age, Some(NOW)),
        ("closed", issue().closed(50), Close, Some(50)),
        ("closed", issue().closed(50), Age, None),
        ("in its first second", issue().closed(0), Close, Some(0)),
        ("in its first second", issue().closed(0), FirstClose, Some(0)),
        ("in its first second", issue().closed(0), Open, Some(0)),
        ("closed again", again(), Close, Some(90)),
        ("closed again", again(), FirstClose, Some(50)),
        ("closed again", again(), Open, Some(70)),
        ("without a reason", as_what(None), Close, Some(50)),
        ("not planned", as_what(Some("not_planned")), CloseNotPlanned, Some(50)),
        ("not planned", as_what(Some("not_planned")), Close, None),
        ("duplicate", as_what(Some("duplicate")), CloseDuplicate, Some(50)),
        ("duplicate", as_what(Some("duplicate")), Close, None),
        (
            "another reason later",
            issue().closed(50).closed_as(60, Some("not_planned")),
            CloseNotPlanned,
            Some(50),
        ),
        (
            "not planned at first",
            as_what(Some("not_planned")).reopened(70).closed_as(90, None),
            Close,
            Some(90),
        ),
        ("transferred", issue().closed(50).event("transferred", 60), Close, None),
        (
            "transferred",
            issue().closed(50).event("transferred", 60),
            FirstClose,
            Some(50),
        ),
        (
            "before anybody listened",
            Issue::unheard(1, 0).closed(50),
            Close,
            Some(50),
        ),
    ] {
        assert_eq!(measured(issue, measure).await, expected, "{what}: {measure:?}");
    }
}

#[tokio::test]
async fn a_percentile_is_the_nearest_rank_and_the_mean_whole_seconds() {
    for (times, mean_s, p50_s, p90_s) in [
        (&[7][..], 7, 7, 7),
        (&[8, 3], 5, 3, 8),
        (&[30, 10, 20], 20, 20, 30),
        (&[10, 9, 8, 7, 6, 5, 4, 3, 2, 1], 5, 5, 9),
    ] {
        let issues = (1..)
            .zip(times)
            .map(|(number, time)| Issue::opened(number, 0).closed(*time));
        let report = report(&all(), &crate::story::rows(issues)).await;
        let figure = report.figures.iter().find(|figure| figure.measure == Measure::Close);
        let expected = Figure {
            measure: Measure::Close,
            group: None,
            n: i64::try_from(times.len()).unwrap(),
            mean_s,
            p50_s,
            p90_s,
        };
        assert_eq!(figure, Some(&expected));
    }
}
