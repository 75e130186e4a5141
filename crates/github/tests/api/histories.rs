use github::{ApiError, Credentials, GitHub, PastLabel, RepositoryRef};
use jiff::Timestamp;
use world::{GitHubAnswer, IssueAct, Rights};

use crate::site::{Site, TIMEOUT, TOKEN, app};

fn repository() -> RepositoryRef {
    "acme/anvil".parse().unwrap()
}

fn page(body: &str, link: Option<&str>) -> GitHubAnswer {
    GitHubAnswer::Status {
        status: 200,
        headers: link.map(|link| ("link", link.to_owned())).into_iter().collect(),
        body: body.to_owned(),
    }
}

#[tokio::test]
async fn a_repository_its_issues_comments_and_events_are_read() {
    let site = Site::start().await;
    let id = site.world.add_repository("Acme/Anvil");
    let github = site.as_person();
    let (found, rate) = github.repository(&site.outbound, &repository(), TIMEOUT).await.unwrap();
    assert_eq!(
        (found.id, found.full_name.as_str(), found.has_issues),
        (id, "Acme/Anvil", true)
    );
    assert_eq!(rate.remaining, Some(4999));

    let morning = site.outbound.clock.now().as_millisecond();
    for n in 0..101 {
        site.world
            .open_issue("acme/anvil", "alice", "Crash ☃", morning + n * 1000);
    }
    site.world.remove_account("alice");
    site.world
        .act("acme/anvil", 101, "bob", IssueAct::Label("bug"), morning + 200_000);
    site.world.comment("acme/anvil", 101, "ci[bot]", morning + 201_000);
    let issues = async |since, page| {
        github
            .issues(&site.outbound, &repository(), since, page, TIMEOUT)
            .await
            .unwrap()
    };
    let first = issues(None, 1).await;
    assert_eq!(
        (first.items.len(), first.more, first.rate.limit),
        (100, true, Some(5000))
    );
    assert_eq!((first.items[0].number, &first.items[0].user), (1, &None));
    let second = issues(None, 2).await;
    assert_eq!((second.items.len(), second.more), (1, false));
    assert_eq!(second.items[0].labels, [PastLabel(Some("bug".to_owned()))]);
    let since = Timestamp::from_millisecond(morning + 99_500).ok();
    assert_eq!(issues(since, 1).await.items.len(), 2);

    let comments = github
        .issue_comments(&site.outbound, &repository(), None, 1, TIMEOUT)
        .await
        .unwrap();
    assert_eq!((comments.items.len(), comments.more), (1, false));
    assert_eq!(comments.items[0].user.as_ref().unwrap().kind.as_deref(), Some("Bot"));
    let events = github
        .issue_events(&site.outbound, &repository(), 1, TIMEOUT)
        .await
        .unwrap();
    let event = &events.items[0];
    assert_eq!(
        (event.event.as_str(), event.issue.as_ref().unwrap().number),
        ("labeled", 101)
    );
    let beyond = github.issue_events(&site.outbound, &repository(), 301, TIMEOUT).await;
    assert!(
        matches!(beyond, Err(ApiError::Status { status: 422, .. })),
        "{beyond:?}"
    );
}

#[tokio::test]
async fn a_former_name_is_a_redirect_and_a_link_that_cannot_be_read_is_no_last_page() {
    let site = Site::start().await;
    let id = site.world.add_repository("acme/anvil");
    site.world.rename_repository("acme/anvil", "acme/hammer");
    let github = site.as_person();
    let moved = github
        .repository(&site.outbound, &repository(), TIMEOUT)
        .await
        .unwrap_err();
    let to = format!("/repositories/{id}");
    assert_eq!(moved, ApiError::Redirect { status: 301, to });

    site.world
        .answer_next(vec![page("[]", Some("<https://elsewhere/?page=2; rel=next"))]);
    let unreadable = github.issues(&site.outbound, &repository(), None, 1, TIMEOUT).await;
    assert!(matches!(unreadable, Err(ApiError::Unreadable(_))), "{unreadable:?}");
    site.world
        .answer_next(vec![page("[]", Some("<https://elsewhere/?page=2>; rel=next"))]);
    let empty = github
        .issues(&site.outbound, &repository(), None, 1, TIMEOUT)
        .await
        .unwrap();
    assert!(empty.items.is_empty() && empty.more);
    for body in ["", "{}", r#"[{"id": 1}]"#, "[null]"] {
        site.world.answer_next(vec![page(body, None)]);
        let unreadable = github.issues(&site.outbound, &repository(), None, 1, TIMEOUT).await;
        assert!(
            matches!(unreadable, Err(ApiError::Unreadable(_))),
            "{body}: {unreadable:?}"
        );
    }
}

#[tokio::test]
async fn what_is_odd_in_an_item_hides_nothing_else() {
    let site = Site::start().await;
    let odd = r#"[{
        "id": 9007199254740993, "number": 1, "title": "", "html_url": "", "created_at": "2026-11-01T08:00:00Z",
        "updated_at": "2026-11-01T09:00:00+01:00", "labels": [null, "old", {"name": null}, {"id": 1}], "assignees": null,
        "user": {"login": "alice"}, "milestone": null, "pull_request": {}
    }]"#;
    site.world.answer_next(vec![page(odd, None)]);
    let github = site.as_person();
    let issues = github
        .issues(&site.outbound, &repository(), None, 1, TIMEOUT)
        .await
        .unwrap();
    let issue = &issues.items[0];
    assert_eq!(
        (issue.id, issue.is_pull_request, issue.state.as_deref()),
        ((1 << 53) + 1, true, None)
    );
    assert_eq!(
        issue.labels,
        [PastLabel(Some("old".to_owned())), PastLabel(None), PastLabel(None)]
    );
    assert_eq!(issue.created_at, issue.updated_at);
    assert_eq!(issue.user.as_ref().unwrap().kind, None);
}

#[tokio::test]
async fn the_app_asks_with_one_token_for_a_repository_and_its_hook() {
    let site = Site::start().await;
    site.world.add_repository("acme/anvil");
    let github: GitHub = site.as_app();
    github.repository(&site.outbound, &repository(), TIMEOUT).await.unwrap();
    github
        .issues(&site.outbound, &repository(), None, 1, TIMEOUT)
        .await
        .unwrap();
    let hook = crate::site::hook(crate::site::REPOSITORY);
    github.deliveries(&site.outbound, &hook, None, TIMEOUT).await.unwrap();
    assert_eq!(site.asked("/access_tokens"), 1);

    site.world.install("acme", Rights::None);
    let both = Credentials {
        app: Some(app()),
        token: Some(TOKEN.into()),
    };
    site.asked_with(both)
        .repository(&site.outbound, &repository(), TIMEOUT)
        .await
        .unwrap();
}
