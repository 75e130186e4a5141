//! Time to first response.

use copperbell_metrics::{Asked, Measure};

use crate::story::{Issue, all, measured, only, report};

#[tokio::test]
async fn the_first_comment_of_another_person_is_the_first_response() {
    let issue = || Issue::opened(1, 0);
    let bot_by_type = |at| {
        issue()
            .comment(at, "helper")
            .but(|row| row.actor_type = Some("Bot".to_owned()))
    };
    for (what, issue, expected) in [
        ("nobody answered", issue(), None),
        ("bob answered", issue().comment(60, "bob"), Some(60)),
        ("in the same second", issue().comment(0, "bob"), Some(0)),
        (
            "the first of two",
            issue().comment(60, "bob").comment(90, "carol"),
            Some(60),
        ),
        (
            "a bot first, by its name",
            issue().comment(5, "ci[bot]").comment(60, "bob"),
            Some(60),
        ),
        ("a bot first, by its type", bot_by_type(5).comment(60, "bob"), Some(60)),
        ("its author only", issue().comment(60, "alice"), None),
        (
            "its author first",
            issue().comment(5, "alice").comment(60, "bob"),
            Some(60),
        ),
        (
            "an account that is gone first",
            issue().comment_of_nobody(5).comment(60, "bob"),
            Some(60),
        ),
        (
            "the ghost first",
            issue().comment(5, "ghost").comment(60, "bob"),
            Some(60),
        ),
        (
            "a comment that was deleted",
            issue().comment(5, "bob").comment_deleted(5, 7),
            None,
        ),
        (
            "and another that was not",
            issue().comment(5, "bob").comment(60, "bob").comment_deleted(5, 70),
            Some(60),
        ),
        ("after it was closed", issue().closed(30).comment(60, "bob"), Some(60)),
        (
            "an answer that was edited",
            issue().comment(60, "bob").event("edited", 90),
            Some(60),
        ),
        ("before anybody listened", Issue::unheard(1, 0).comment(60, "bob"), None),
        (
            "then it was deleted",
            issue().comment(60, "bob").event("deleted", 90),
            Some(60),
        ),
    ] {
        assert_eq!(measured(issue, Measure::FirstResponse).await, expected, "{what}");
    }
}

#[tokio::test]
async fn an_author_whose_account_is_gone_is_nobody() {
    let gone = Issue::opened_as(1, 0, |issue| issue.author = None);
    assert_eq!(
        measured(gone.comment(60, "alice"), Measure::FirstResponse).await,
        Some(60)
    );
}

#[tokio::test]
async fn whom_the_team_ignores_does_not_respond() {
    let asked = Asked {
        ignored: vec!["it's-a-bot".to_owned(), "Triage".to_owned()],
        ..all()
    };
    let issue = Issue::opened(1, 0);
    let issue = issue.comment(5, "it's-a-bot").comment(6, "triage").comment(60, "bob");
    let report = report(&asked, &issue.rows).await;
    assert_eq!(only(&report.figures, Measure::FirstResponse), Some(60));
}

#[tokio::test]
async fn comments_on_pull_requests_are_no_part_of_it() {
    let pull = Issue::opened_as(1, 0, |issue| issue.is_pr = 1).comment(60, "bob");
    let report = report(&all(), &pull.rows).await;
    assert_eq!((report.figures, report.groups, report.oldest), Default::default());
}
