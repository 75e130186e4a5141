//! What is said of an issue's event, and which channel hears of it.

use chat::{Fact, IssueEvent, Notice, excerpt};
use github::{Act, Event, User};
use jiff::Timestamp;

use crate::routing::Route;

/// What an account that is no more is called.
const GHOST: &str = "ghost";

/// The notice of an event, if it is one that Copperbell tells.
#[must_use]
pub fn notice(event: &Event<'_>, now: Timestamp) -> Option<Notice> {
    let act = event.act()?;
    let (kind, about, text) = match event {
        Event::Issues(issues) => {
            let about = match act.action.as_ref() {
                "labeled" | "unlabeled" => issues.label.as_ref().map(|label| label.name.as_ref()),
                "assigned" | "unassigned" => issues.assignee.as_ref().map(|user| user.login.as_ref()),
                "milestoned" | "demilestoned" => issues.milestone.as_ref().map(|milestone| milestone.title.as_ref()),
                "typed" | "untyped" => issues.kind.as_ref().map(|kind| kind.name.as_ref()),
                "transferred" => new_repository(act),
                _ => None,
            };
            // The text is for those who have not read it yet.
            let tells = matches!(act.action.as_ref(), "opened" | "edited" | "labeled");
            ("issues", about, act.issue.body.as_deref().filter(|_| tells))
        }
        Event::IssueComment(comment) => ("issue_comment", None, comment.comment.body.as_deref()),
        Event::Ping(_) | Event::Other(_) => return None,
    };
    let url = match event {
        Event::IssueComment(comment) if act.action != "deleted" => &comment.comment.html_url,
        _ => &act.issue.html_url,
    };
    let issue = &act.issue;
    let old_title = act.changes.as_ref().and_then(|changes| changes.title.as_ref());
    let fact = IssueEvent {
        name: format!("{kind}.{}", act.action),
        repository: act.repository.full_name.to_string(),
        repository_url: act.repository.html_url.to_string(),
        number: issue.number,
        title: issue.title.to_string(),
        url: url.to_string(),
        is_pr: issue.is_pull_request,
        actor: login(act.sender.as_ref()),
        is_bot: act.sender.as_ref().is_some_and(User::is_bot),
        author: login(issue.user.as_ref()),
        labels: issue.labels.iter().map(|label| label.name.to_string()).collect(),
        assignees: issue.assignees.iter().map(|user| user.login.to_string()).collect(),
        milestone: issue.milestone.as_ref().map(|milestone| milestone.title.to_string()),
        about: about.map(str::to_owned),
        excerpt: text.map(excerpt).unwrap_or_default(),
        state_reason: issue.state_reason.as_deref().map(str::to_owned),
        opened_at: issue.created_at.unwrap_or(now),
        closed_at: issue.closed_at,
        old_title: old_title.and_then(|was| was.from.as_deref()).map(str::to_owned),
    };
    Some(Notice::new(now, Fact::Issue(Box::new(fact))))
}

fn login(user: Option<&User<'_>>) -> String {
    user.map_or(GHOST, |user| user.login.as_ref()).to_owned()
}

fn new_repository<'a>(act: &'a Act<'_>) -> Option<&'a str> {
    let repository = act.changes.as_ref()?.new_repository.as_ref()?;
    Some(repository.full_name.as_ref())
}

/// Does a channel hear of this? `heard`: it was rung for this issue before. A label that arrives later rings a channel
/// that waits for labels and would have heard of the issue's opening, had the label been there.
#[must_use]
pub fn hears(route: &Route, notice: &Notice, heard: bool) -> bool {
    if route.takes(notice) {
        return true;
    }
    let arrived_later = notice.event() == "issues.labeled" && !heard && route.waits_for_labels();
    arrived_later && route.takes_as(notice, "issues.opened")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routing::Rules;

    struct Case {
        event: &'static str,
        labels: &'static [&'static str],
        author: &'static str,
        is_bot: bool,
    }

    fn told(case: &Case) -> Notice {
        let fact = IssueEvent {
            name: case.event.to_owned(),
            repository: "acme/app".to_owned(),
            repository_url: String::new(),
            number: 12,
            title: "Crash".to_owned(),
            url: String::new(),
            is_pr: false,
            actor: "bob".to_owned(),
            is_bot: case.is_bot,
            author: case.author.to_owned(),
            labels: case.labels.iter().map(|&label| label.to_owned()).collect(),
            assignees: Vec::new(),
            milestone: None,
            about: None,
            excerpt: String::new(),
            state_reason: None,
            opened_at: Timestamp::UNIX_EPOCH,
            closed_at: None,
            old_title: None,
        };
        Notice::new(Timestamp::UNIX_EPOCH, Fact::Issue(Box::new(fact)))
    }

    fn list(entries: &[&str]) -> Vec<String> {
        entries.iter().map(|&entry| entry.to_owned()).collect()
    }

    #[test]
    fn all_filters_must_hold_and_either_of_their_alternatives() {
        let opened = |labels, author, is_bot| Case {
            event: "issues.opened",
            labels,
            author,
            is_bot,
        };
        let route = Route::parse(&Rules {
            repositories: &list(&["acme/*", "!acme/attic"]),
            authors: &list(&["!*[bot]"]),
            labels: &list(&["bug|regression", "!wontfix"]),
            skip_bots: true,
            ..Rules::default()
        })
        .unwrap();
        for (case, hears_of_it) in [
            (opened(&["bug"], "alice", false), true),
            (opened(&["docs", "regression"], "alice", false), true),
            (opened(&["docs"], "alice", false), false),
            (opened(&[], "alice", false), false),
            (opened(&["bug", "wontfix"], "alice", false), false),
            (opened(&["bug"], "renovate[bot]", false), false),
            (opened(&["bug"], "alice", true), false),
        ] {
            let notice = told(&case);
            assert_eq!(
                hears(&route, &notice, false),
                hears_of_it,
                "{:?} {}",
                case.labels,
                case.author
            );
        }
    }

    #[test]
    fn a_label_that_arrives_later_rings_once_and_only_a_channel_that_waits_for_labels() {
        let labeled = told(&Case {
            event: "issues.labeled",
            labels: &["bug"],
            author: "alice",
            is_bot: false,
        });
        let route = |events: Option<&[String]>, labels: &[&str]| {
            let labels = list(labels);
            Route::parse(&Rules {
                events,
                labels: &labels,
                ..Rules::default()
            })
            .unwrap()
        };
        let closed_only = list(&["issues.closed"]);
        let every_label = list(&["issues.labeled"]);
        for (route, heard, rings) in [
            (route(None, &["bug"]), false, true),
            (route(None, &["bug"]), true, false),
            (route(None, &["docs"]), false, false),
            (route(None, &[]), false, false),
            (route(None, &["!wontfix"]), false, false),
            (route(Some(&closed_only), &["bug"]), false, false),
            (route(Some(&every_label), &["bug"]), true, true),
        ] {
            assert_eq!(hears(&route, &labeled, heard), rings, "{route:?} {heard}");
        }
    }
}
