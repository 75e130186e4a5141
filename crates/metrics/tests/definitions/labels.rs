//! Time in a label.

use copperbell_metrics::IssueReport;

use crate::story::{Issue, NOW, all, medians, report};

fn in_bug(report: &IssueReport) -> Option<i64> {
    let medians = medians(&report.in_label, copperbell_metrics::Measure::Open);
    medians
        .iter()
        .find(|(label, ..)| *label == Some("bug"))
        .map(|(.., median)| *median)
}

#[tokio::test]
async fn time_in_a_label_is_the_time_an_issue_was_open_with_it() {
    let issue = || Issue::opened(1, 0);
    let with_bug = || Issue::opened_as(1, 0, |issue| issue.labels = Some("|bug|docs|".to_owned()));
    for (what, issue, expected) in [
        ("it never had it", issue().labeled("docs", 10), None),
        ("it still has it", issue().labeled("bug", 10), Some(NOW - 10)),
        (
            "it was taken off",
            issue().labeled("bug", 10).unlabeled("bug", 30),
            Some(20),
        ),
        (
            "twice",
            issue()
                .labeled("bug", 10)
                .unlabeled("bug", 30)
                .labeled("bug", 50)
                .closed(55),
            Some(25),
        ),
        (
            "labelled twice in a row",
            issue().labeled("bug", 10).labeled("bug", 20).unlabeled("bug", 30),
            Some(20),
        ),
        ("until it was closed", issue().labeled("bug", 10).closed(100), Some(90)),
        (
            "and reopened with it",
            issue()
                .labeled("bug", 10)
                .closed(100)
                .reopened(200)
                .unlabeled("bug", 205),
            Some(95),
        ),
        (
            "taken off while closed",
            issue()
                .labeled("bug", 10)
                .closed(100)
                .unlabeled("bug", 150)
                .reopened(200),
            Some(90),
        ),
        (
            "labelled as it was closed",
            issue().labeled("bug", 100).closed(100),
            None,
        ),
        (
            "until it was deleted",
            issue().labeled("bug", 10).event("deleted", 40),
            Some(30),
        ),
        (
            "until it was transferred",
            issue().labeled("bug", 10).event("transferred", 40),
            Some(30),
        ),
        ("it was opened with it", with_bug().unlabeled("bug", 60), Some(60)),
        (
            "and GitHub tells so, too",
            with_bug().labeled("bug", 1).unlabeled("bug", 60),
            Some(60),
        ),
        (
            "on before anybody listened",
            Issue::unheard(1, 0).unlabeled("bug", 60),
            None,
        ),
        (
            "another label meanwhile",
            issue().labeled("bug", 10).labeled("docs", 12).unlabeled("bug", 30),
            Some(20),
        ),
    ] {
        assert_eq!(in_bug(&report(&all(), &issue.rows).await), expected, "{what}");
    }
}

#[tokio::test]
async fn labels_with_any_characters_are_told_apart() {
    let issue = Issue::opened_as(1, 0, |issue| issue.labels = Some("|it's|área: x|%_|".to_owned())).closed(9);
    let report = report(&all(), &issue.rows).await;
    let mut labels: Vec<_> = report.in_label.into_iter().filter_map(|figure| figure.group).collect();
    labels.sort();
    assert_eq!(labels, ["%_", "it's", "área: x"]);
}
