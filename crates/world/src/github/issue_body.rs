//! What the API shows of a repository, its issues, their comments and what happened to them.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use serde_json::{Value, json};

use super::issues::{Comment, Happening, Issue, Repository};
use super::{body, time};

/// The example of the schema `full-repository` in GitHub's description of its API, without what only some have. It lacks
/// the language, which the schema requires.
static EXAMPLE: LazyLock<Value> = LazyLock::new(|| {
    let example = include_str!("../../data/github/repository.json");
    serde_json::from_str(example).expect("the example is JSON")
});

/// The schema `full-repository`.
pub(super) fn repository(repository: &Repository) -> Value {
    let mut shown = EXAMPLE.clone();
    let (owner, name) = repository.name.split_once('/').unwrap_or_default();
    shown["id"] = json!(repository.id);
    shown["full_name"] = json!(repository.name);
    shown["name"] = json!(name);
    shown["owner"] = body::account(owner, "Organization");
    shown["html_url"] = json!(format!("https://github.com/{}", repository.name));
    shown["language"] = json!("Rust");
    shown["has_issues"] = json!(repository.has_issues);
    shown
}

/// The schema `issue`. `base` is the API's base URL.
pub(super) fn issue(repository: &Repository, issue: &Issue, gone: &BTreeSet<String>, base: &str) -> Value {
    let Issue { id, number, .. } = issue;
    let at = format!("{base}/repos/{}", repository.name);
    let url = format!("{at}/issues/{number}");
    let page = page(repository, issue);
    let labels = issue.labels.iter().map(|name| {
        json!({
            "id": 1, "node_id": "LA_1", "name": name, "color": "d73a4a", "default": false, "description": null,
            "url": format!("{at}/labels/1"),
        })
    });
    let labels: Vec<Value> = labels.collect();
    let assignees: Vec<Value> = issue.assignees.iter().map(|login| known(login)).collect();
    let mut shown = json!({
        "id": id, "node_id": format!("I_{number}"), "number": number,
        "url": url, "repository_url": at, "html_url": page,
        "labels_url": format!("{url}/labels{{/name}}"), "comments_url": format!("{url}/comments"),
        "events_url": format!("{url}/events"), "timeline_url": format!("{url}/timeline"),
        "title": issue.title, "body": "It does not ring.", "user": account(&issue.author, gone),
        "state": if issue.closed_at.is_some() { "closed" } else { "open" },
        "state_reason": issue.state_reason, "labels": labels,
        "assignee": assignees.first(), "assignees": assignees,
        "milestone": issue.milestone.as_deref().map(|title| milestone(title, &at)),
        "locked": false, "active_lock_reason": null, "comments": issue.comments,
        "created_at": time::iso(issue.created_at), "updated_at": time::iso(issue.updated_at),
        "closed_at": issue.closed_at.map(time::iso),
        "closed_by": issue.closed_by.as_deref().map(|login| account(login, gone)),
        "author_association": "NONE", "performed_via_github_app": null,
    });
    if issue.is_pull_request {
        shown["draft"] = json!(false);
        shown["pull_request"] = json!({
            "url": format!("{at}/pulls/{number}"), "html_url": page, "diff_url": format!("{page}.diff"),
            "patch_url": format!("{page}.patch"), "merged_at": null,
        });
    }
    shown
}

/// The schema `issue-comment`.
pub(super) fn comment(repository: &Repository, comment: &Comment, gone: &BTreeSet<String>, base: &str) -> Value {
    let at = format!("{base}/repos/{}/issues", repository.name);
    let page = repository.issue(comment.number).map(|issue| page(repository, issue));
    json!({
        "id": comment.id, "node_id": format!("IC_{}", comment.id), "url": format!("{at}/comments/{}", comment.id),
        "html_url": format!("{}#issuecomment-{}", page.unwrap_or_default(), comment.id),
        "issue_url": format!("{at}/{}", comment.number), "body": "Me too.", "user": account(&comment.author, gone),
        "created_at": time::iso(comment.created_at), "updated_at": time::iso(comment.updated_at),
        "author_association": "MEMBER", "performed_via_github_app": null,
    })
}

/// The schema `issue-event`.
pub(super) fn event(repository: &Repository, event: &Happening, gone: &BTreeSet<String>, base: &str) -> Value {
    let issue = repository.issue(event.number);
    let mut shown = json!({
        "id": event.id, "node_id": format!("EV_{}", event.id),
        "url": format!("{base}/repos/{}/issues/events/{}", repository.name, event.id),
        "actor": account(&event.actor, gone), "event": event.event, "commit_id": null, "commit_url": null,
        "created_at": time::iso(event.at), "performed_via_github_app": null,
        "issue": issue.map(|issue| self::issue(repository, issue, gone, base)),
    });
    if let Some(name) = &event.label {
        shown["label"] = json!({"name": name, "color": "d73a4a"});
    }
    if let Some(login) = &event.assignee {
        shown["assignee"] = account(login, gone);
        shown["assigner"] = account(&event.actor, gone);
    }
    if let Some(title) = &event.milestone {
        shown["milestone"] = json!({"title": title});
    }
    if event.event == "closed" {
        shown["state_reason"] = json!(event.state_reason);
    }
    shown
}

/// The page that people read.
fn page(repository: &Repository, issue: &Issue) -> String {
    let kind = if issue.is_pull_request { "pull" } else { "issues" };
    format!("https://github.com/{}/{kind}/{}", repository.name, issue.number)
}

/// The schema `nullable-simple-user`.
fn account(login: &str, gone: &BTreeSet<String>) -> Value {
    if gone.contains(login) {
        Value::Null
    } else {
        known(login)
    }
}

fn known(login: &str) -> Value {
    let kind = if login.ends_with("[bot]") { "Bot" } else { "User" };
    // A URL has no brackets.
    let mut account = body::account(login.trim_end_matches("[bot]"), kind);
    account["login"] = json!(login);
    account
}

/// The schema `nullable-milestone`.
fn milestone(title: &str, at: &str) -> Value {
    json!({
        "id": 1, "node_id": "MI_1", "number": 1, "title": title, "description": null, "state": "open",
        "url": format!("{at}/milestones/1"), "labels_url": format!("{at}/milestones/1/labels"),
        "html_url": "https://github.com/acme/app/milestone/1", "creator": null, "open_issues": 1, "closed_issues": 0,
        "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z", "closed_at": null, "due_on": null,
    })
}
