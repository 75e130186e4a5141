//! The same question as views made once, and as one text for each query.

use copperbell_metrics::{Asked, By, Question, Row, Select, Warehouse as _, named_queries, question};
use embedded::Records;

use crate::story::{Issue, START, by, rows, stored};

async fn answer(records: &Records, question: &Question) -> Vec<(usize, Row)> {
    let mut rows = Vec::new();
    let asked = records.ask(question, &mut |place, row| rows.push((place, row))).await;
    asked.unwrap();
    rows
}

fn one_text(name: &'static str, sql: String) -> Question {
    Question {
        views: Vec::new(),
        selects: vec![Select { name, sql }],
    }
}

async fn with_stories() -> (tempfile::TempDir, Records) {
    let labels = |issue: &mut copperbell_metrics::IssueRecord| issue.labels = Some("|bug|docs|".to_owned());
    let issues = [
        Issue::opened_as(1, 0, labels)
            .comment(60, "bob")
            .closed(90)
            .reopened(100),
        Issue::opened(2, 5).labeled("bug", 10).closed(4000),
    ];
    stored(&rows(issues)).await
}

#[tokio::test]
async fn a_query_answers_as_one_text_as_it_does_over_views() {
    let (_dir, records) = with_stories().await;
    for grouping in [By::All, By::Repository, By::Label, By::Assignee, By::Month] {
        let question = question(&by(grouping));
        let over_views = answer(&records, &question).await;
        for (place, select) in question.selects.iter().enumerate() {
            let alone = answer(&records, &one_text(select.name, question.text(select))).await;
            let alone: Vec<_> = alone.into_iter().map(|(_, row)| row).collect();
            let of_all = over_views.iter().filter(|(other, _)| *other == place);
            let of_all: Vec<_> = of_all.map(|(_, row)| row.clone()).collect();
            assert!(!alone.is_empty(), "{} by {grouping:?}", select.name);
            assert_eq!(alone, of_all, "{} by {grouping:?}", select.name);
        }
    }
}

#[tokio::test]
async fn a_named_query_is_about_all_until_the_last_that_was_heard() {
    let (_dir, records) = with_stories().await;
    // The last was heard two seconds after it happened.
    let until_s = START + 4003;
    let question = question(&Asked {
        until_s,
        ..Asked::default()
    });
    let expected = answer(&records, &question).await;
    for (place, (name, text)) in named_queries().into_iter().enumerate() {
        let found = answer(&records, &one_text(name, text)).await;
        let expected = expected.iter().filter(|(other, _)| *other == place);
        let expected: Vec<_> = expected.map(|(_, row)| (0, row.clone())).collect();
        assert_eq!(found, expected, "{name}");
    }
}
