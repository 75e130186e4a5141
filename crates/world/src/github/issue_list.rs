//! How a repository, its issues, their comments and what happened to them are listed.

use serde_json::Value;
use url::form_urlencoded;

use super::answer::{Answer, Call, refusal};
use super::auth::Caller;
use super::issues::{Repositories, Repository};
use super::{Site, issue_body, time};

/// How many issues can be reached by the number of a page?
const NUMBERED_ISSUES: usize = 10_000;

/// How many comments?
const NUMBERED_COMMENTS: usize = 30_000;

impl Site {
    pub(super) fn repository_reply(
        &self,
        call: &Call,
        caller: &Caller,
        name: &str,
        rest: &[&str],
    ) -> Result<Answer, Answer> {
        let not_found = || refusal(404, "Not Found");
        let account = name.split('/').next().unwrap_or_default();
        if let Some(refused) = caller.refused(account, false) {
            return Err(refused);
        }
        let repositories = &self.repositories;
        if let Some(id) = repositories.renamed.get(name) {
            let to = [&["repositories", &id.to_string()], rest].concat().join("/");
            let url = format!("{}/{to}", call.base);
            let mut moved = refusal(301, "Moved Permanently");
            if let Some(body) = &mut moved.body {
                body["url"] = url.as_str().into();
            }
            return Err(moved.with("location", &url));
        }
        let repository = repositories.known.get(name).ok_or_else(not_found)?;
        match rest {
            [] => Ok(Answer::new(200, issue_body::repository(repository))),
            ["issues"] => issues(call, repositories, repository),
            ["issues", "comments"] => comments(call, repositories, repository),
            ["issues", "events"] => events(call, repositories, repository),
            _ => Err(not_found()),
        }
    }
}

fn asked_for<'a>(call: &'a Call, name: &str) -> Option<&'a str> {
    let found = call.query.iter().find(|(asked, _)| asked == name);
    found.map(|(_, value)| value.as_str())
}

fn issues(call: &Call, repositories: &Repositories, repository: &Repository) -> Result<Answer, Answer> {
    let since = asked_for(call, "since").unwrap_or_default();
    let state = asked_for(call, "state").unwrap_or("open");
    let listed = repository.issues.iter().filter(|issue| {
        let is_open = issue.closed_at.is_none();
        time::iso(issue.updated_at).as_str() >= since && (state == "all" || (state == "open") == is_open)
    });
    let mut listed: Vec<_> = listed.collect();
    match asked_for(call, "sort") {
        Some("updated") => listed.sort_by_key(|issue| issue.updated_at),
        _ => listed.sort_by_key(|issue| issue.created_at),
    }
    if asked_for(call, "direction") != Some("asc") {
        listed.reverse();
    }
    let too_far = "Pagination with the page parameter is not supported for large datasets, please use cursor based \
                   pagination (after/before)";
    page(
        call,
        repository,
        "issues",
        &listed,
        (NUMBERED_ISSUES, too_far),
        |issue| issue_body::issue(repository, issue, &repositories.gone, &call.base),
    )
}

fn comments(call: &Call, repositories: &Repositories, repository: &Repository) -> Result<Answer, Answer> {
    let since = asked_for(call, "since").unwrap_or_default();
    let listed = repository.comments.iter();
    let mut listed: Vec<_> = listed
        .filter(|comment| time::iso(comment.updated_at).as_str() >= since)
        .collect();
    match asked_for(call, "sort") {
        Some("updated") => listed.sort_by_key(|comment| comment.updated_at),
        _ => listed.sort_by_key(|comment| comment.created_at),
    }
    if asked_for(call, "sort").is_some() && asked_for(call, "direction") == Some("desc") {
        listed.reverse();
    }
    let limit = (NUMBERED_COMMENTS, LIMITED);
    page(call, repository, "issues/comments", &listed, limit, |comment| {
        issue_body::comment(repository, comment, &repositories.gone, &call.base)
    })
}

fn events(call: &Call, repositories: &Repositories, repository: &Repository) -> Result<Answer, Answer> {
    let mut listed: Vec<_> = repository.events.iter().collect();
    listed.sort_by_key(|event| event.at);
    listed.reverse();
    listed.truncate(repositories.listed_events);
    let limit = (repositories.listed_events, LIMITED);
    page(call, repository, "issues/events", &listed, limit, |event| {
        issue_body::event(repository, event, &repositories.gone, &call.base)
    })
}

const LIMITED: &str = "In order to keep the API fast for everyone, pagination is limited for this resource. Check the \
                       rel=last link relation in the Link response header to see how far back you can traverse.";

/// One page, with a link to the next. What is beyond the limit is refused.
fn page<T>(
    call: &Call,
    repository: &Repository,
    list: &str,
    listed: &[T],
    (most, too_far): (usize, &str),
    show: impl Fn(&T) -> Value,
) -> Result<Answer, Answer> {
    let number = |name: &str| asked_for(call, name).and_then(|number| number.parse::<usize>().ok());
    let per_page = number("per_page").filter(|number| *number > 0).unwrap_or(30).min(100);
    let page = number("page").unwrap_or(1).max(1);
    let start = (page - 1) * per_page;
    if start >= most {
        return Err(refusal(422, too_far));
    }
    let end = listed.len().min(start + per_page);
    let shown = listed.get(start..end).unwrap_or_default();
    let answer = Answer::new(200, shown.iter().map(show).collect());
    if end >= listed.len() {
        return Ok(answer);
    }
    // Links name the repository by its id, and repeat the query.
    let kept = call.query.iter().filter(|(name, _)| name != "page");
    let url = |page: usize| {
        let query = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(kept.clone())
            .append_pair("page", &page.to_string())
            .finish();
        format!("{}/repositories/{}/{list}?{query}", call.base, repository.id)
    };
    let pages = listed.len().div_ceil(per_page);
    let link = format!("<{}>; rel=\"next\", <{}>; rel=\"last\"", url(page + 1), url(pages));
    Ok(answer.with("link", &link))
}

#[cfg(test)]
mod tests {
    use super::super::client::{MINUTE, MORNING, get, start};
    use super::super::{GitHub, IssueAct};
    use serde_json::json;

    const APP: &str = "/repos/acme/app";

    /// An issue every minute, up to the morning.
    fn fill(github: &GitHub, issues: i64) {
        github.add_repository("Acme/App");
        for n in (0..issues).rev() {
            github.open_issue("acme/app", "alice", &format!("Crash {n}"), MORNING - n * MINUTE);
        }
    }

    fn numbers(page: &serde_json::Value) -> Vec<u64> {
        let items = page.as_array().unwrap().iter();
        items.map(|item| item["number"].as_u64().unwrap()).collect()
    }

    #[tokio::test]
    async fn issues_are_listed_by_change_from_a_time_on_and_page_by_page() {
        let (github, _) = start().await;
        fill(&github, 250);
        github.act("acme/app", 7, "bob", IssueAct::Close("completed"), MORNING + MINUTE);
        let query = "state=all&sort=updated&direction=asc&per_page=100";
        let first = get(&github, &format!("{APP}/issues?{query}")).await;
        let expected: Vec<u64> = (1..=101).filter(|number| *number != 7).collect();
        assert_eq!(numbers(&first.body), expected);
        let link = first.header("link").unwrap();
        assert!(
            link.contains("page=2>; rel=\"next\"") && link.contains("page=3>; rel=\"last\""),
            "{link}"
        );
        let third = get(&github, &format!("{APP}/issues?{query}&page=3")).await;
        assert_eq!(third.header("link"), None);
        assert_eq!(
            (third.body[49]["number"].as_u64(), third.body[49]["state"].as_str()),
            (Some(7), Some("closed"))
        );
        let late = get(&github, &format!("{APP}/issues?{query}&since=2026-11-01T07:58:00Z")).await;
        assert_eq!(numbers(&late.body), [248, 249, 250, 7]);
        let open = get(&github, &format!("{APP}/issues")).await;
        assert_eq!(numbers(&open.body), (221..=250).rev().collect::<Vec<_>>());
        assert_eq!(
            get(&github, &format!("{APP}/issues?per_page=100&page=101"))
                .await
                .status,
            422
        );
    }

    #[tokio::test]
    async fn comments_and_events_are_listed_with_what_they_are_about() {
        let (github, _) = start().await;
        fill(&github, 2);
        let pull = github.open_pull_request("acme/app", "carol", "Mend it", MORNING);
        for number in [1, pull] {
            github.comment("acme/app", number, "gone", MORNING + MINUTE);
        }
        github.remove_account("gone");
        let comments = get(&github, &format!("{APP}/issues/comments?sort=updated&direction=asc"))
            .await
            .body;
        assert_eq!(comments[0]["user"], json!(null));
        assert!(
            comments[0]["issue_url"]
                .as_str()
                .unwrap()
                .ends_with("/repos/Acme/App/issues/1")
        );
        assert!(
            comments[1]["html_url"]
                .as_str()
                .unwrap()
                .starts_with("https://github.com/Acme/App/pull/3#")
        );

        for (act, name) in [
            (IssueAct::Label("bug"), "labeled"),
            (IssueAct::Assign("bob"), "assigned"),
            (IssueAct::Milestone("1.0"), "milestoned"),
            (IssueAct::Close("not_planned"), "closed"),
            (IssueAct::Reopen, "reopened"),
            (IssueAct::Unlabel("bug"), "unlabeled"),
            (IssueAct::Other("mentioned"), "mentioned"),
        ] {
            let id = github.act("acme/app", 2, "ci[bot]", act, MORNING + MINUTE);
            let events = get(&github, &format!("{APP}/issues/events?per_page=1")).await;
            let event = &events.body[0];
            assert_eq!((event["id"].as_u64(), event["event"].as_str()), (Some(id), Some(name)));
            assert_eq!(
                (&event["issue"]["number"], &event["actor"]["type"]),
                (&json!(2), &json!("Bot"))
            );
        }
        let issue = github.issue("acme/app", 2);
        assert_eq!(
            (&issue["state"], &issue["state_reason"]),
            (&json!("open"), &json!("reopened"))
        );
        assert_eq!(
            (&issue["labels"], &issue["milestone"]["title"]),
            (&json!([]), &json!("1.0"))
        );
        github.remove_issue("acme/app", 2);
        github.set_listed_events(6);
        let events = get(&github, &format!("{APP}/issues/events")).await;
        assert_eq!(events.body.as_array().unwrap().len(), 6);
        assert_eq!((&events.body[0]["issue"], events.header("link")), (&json!(null), None));
        assert_eq!(
            get(&github, &format!("{APP}/issues/events?per_page=3&page=3"))
                .await
                .status,
            422
        );
    }

    #[tokio::test]
    async fn a_repository_is_found_by_its_name_and_its_former_name_leads_to_it() {
        let (github, _) = start().await;
        let id = github.add_repository("acme/App");
        assert_eq!(get(&github, "/repos/acme/other").await.status, 404);
        let shown = get(&github, APP).await.body;
        assert_eq!(
            (shown["id"].as_u64(), shown["full_name"].as_str()),
            (Some(id), Some("acme/App"))
        );
        github.disable_issues("acme/app");
        github.rename_repository("acme/app", "acme/bell");
        assert_eq!(get(&github, "/repos/ACME/bell").await.body["has_issues"], false);
        let moved = get(&github, APP).await;
        let to = format!("{}/repositories/{id}", github.url());
        assert_eq!((moved.status, moved.header("location")), (301, Some(to.as_str())));
    }
}
