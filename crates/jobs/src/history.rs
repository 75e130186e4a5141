//! What the past of an issue is as records: the same as its webhooks would have told, as far as GitHub still knows it.
//!
//! Only what is told of the present has a state, labels and the like: what they were at each moment of the past is not
//! known, and who reads the records takes them from the latest row that has a state.

use std::collections::HashMap;

use github::{PastAccount, PastComment, PastEvent, PastIssue, RepositoryInfo};
use jiff::Timestamp;
use metrics::{IssueRecord, SCHEMA_VERSION, all_labels, one_label};
use serde::{Deserialize, Serialize};

/// The events whose names mean to webhooks what they mean in the list. `transferred` does not: a webhook tells it of the
/// issue that left, the list of the one that came.
const ACTIONS: [&str; 12] = [
    "assigned",
    "closed",
    "demilestoned",
    "labeled",
    "locked",
    "milestoned",
    "pinned",
    "reopened",
    "unassigned",
    "unlabeled",
    "unlocked",
    "unpinned",
];

/// How an issue is as of its last change. No webhook has this action.
const OBSERVED: &str = "observed";

/// What a comment's record tells of its issue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Known {
    pub(crate) number: u64,
    id: u64,
    created_s: i64,
    author: Option<String>,
    author_type: Option<String>,
}

/// The issues that were met so far, by number.
pub(crate) type KnownIssues = HashMap<u64, Known>;

/// Where records come from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct History<'a> {
    pub(crate) repository: &'a RepositoryInfo,
    /// When it is read.
    pub(crate) now: Timestamp,
    /// Are titles to be kept?
    pub(crate) titles: bool,
}

impl From<&PastIssue> for Known {
    fn from(issue: &PastIssue) -> Self {
        Self {
            number: issue.number,
            id: issue.id,
            created_s: issue.created_at.as_second(),
            author: issue.user.as_ref().map(|user| user.login.clone()),
            author_type: issue.user.as_ref().and_then(account),
        }
    }
}

impl History<'_> {
    /// That an issue was opened, that it was closed if it is, and how it is now. Its last close is told here too, since
    /// GitHub lists only the newest events.
    pub(crate) fn of_issue(&self, issue: &PastIssue) -> Vec<IssueRecord> {
        let closed_at = issue.closed_at.filter(|_| issue.state.as_deref() == Some("closed"));
        let opened = IssueRecord {
            delivery_id: format!("backfill:issue:{}", issue.id),
            actor: issue.user.as_ref().map(|user| user.login.clone()),
            actor_type: issue.user.as_ref().and_then(account),
            ..self.about(issue, "opened", issue.created_at)
        };
        let closed = closed_at.map(|at| IssueRecord {
            delivery_id: format!("backfill:closed:{}:{}", issue.id, at.as_second()),
            actor: issue.closed_by.as_ref().map(|actor| actor.login.clone()),
            actor_type: issue.closed_by.as_ref().and_then(account),
            state_reason: issue.state_reason.clone(),
            ..self.about(issue, "closed", at)
        });
        let changed = issue.updated_at;
        let observed = IssueRecord {
            delivery_id: format!("backfill:observed:{}:{}", issue.id, changed.as_second()),
            state: issue.state.clone(),
            state_reason: issue.state_reason.clone(),
            closed_s: closed_at.map(Timestamp::as_second),
            labels: all_labels(issue.labels.iter().filter_map(|label| label.0.as_deref())),
            assignee: issue.assignees.first().map(|assignee| assignee.login.clone()),
            milestone: issue.milestone.as_ref().map(|milestone| milestone.title.clone()),
            ..self.about(issue, OBSERVED, changed)
        };
        [Some(opened), closed, Some(observed)].into_iter().flatten().collect()
    }

    /// That a comment was written. None of a comment on a pull request, or on an issue that is gone.
    pub(crate) fn of_comment(&self, comment: &PastComment, known: &KnownIssues) -> Option<IssueRecord> {
        let number = comment.issue_url.rsplit('/').next()?.parse().ok()?;
        let issue = known.get(&number)?;
        let page = comment.html_url.split('#').next().unwrap_or_default();
        Some(IssueRecord {
            delivery_id: format!("backfill:comment:{}", comment.id),
            event: "issue_comment".to_owned(),
            action: "created".to_owned(),
            issue_id: integer(issue.id),
            issue_number: integer(number),
            issue_url: page.to_owned(),
            comment_id: Some(integer(comment.id)),
            created_s: Some(issue.created_s),
            occurred_s: comment.created_at.as_second(),
            actor: comment.user.as_ref().map(|user| user.login.clone()),
            actor_type: comment.user.as_ref().and_then(account),
            author: issue.author.clone(),
            author_type: issue.author_type.clone(),
            association: comment.author_association.clone(),
            ..self.here()
        })
    }

    /// That something happened to an issue. None of what webhooks do not tell, of a pull request, or of an issue that is
    /// gone. The issue is listed as it is now, so what it was then is not known.
    pub(crate) fn of_event(&self, event: &PastEvent) -> Option<IssueRecord> {
        let issue = event.issue.as_ref().filter(|issue| !issue.is_pull_request)?;
        let action = ACTIONS.into_iter().find(|action| *action == event.event)?;
        let label = event.label.as_ref().and_then(|label| label.0.as_deref());
        let reason = match action {
            // The list leaves the reason out where the issue still has it.
            "closed" => {
                let is_last = issue.closed_at == Some(event.created_at);
                event
                    .state_reason
                    .clone()
                    .or(issue.state_reason.clone().filter(|_| is_last))
            }
            "reopened" => Some("reopened".to_owned()),
            _ => None,
        };
        Some(IssueRecord {
            delivery_id: format!("backfill:event:{}", event.id),
            actor: event.actor.as_ref().map(|actor| actor.login.clone()),
            actor_type: event.actor.as_ref().and_then(account),
            label: label.map(one_label),
            state_reason: reason,
            ..self.about(issue, action, event.created_at)
        })
    }

    /// What is the same in all records about an issue.
    fn about(&self, issue: &PastIssue, action: &str, at: Timestamp) -> IssueRecord {
        IssueRecord {
            event: "issues".to_owned(),
            action: action.to_owned(),
            issue_id: integer(issue.id),
            issue_number: integer(issue.number),
            issue_url: issue.html_url.clone(),
            title: self.titles.then(|| issue.title.clone()),
            created_s: Some(issue.created_at.as_second()),
            occurred_s: at.as_second(),
            author: issue.user.as_ref().map(|user| user.login.clone()),
            author_type: issue.user.as_ref().and_then(account),
            association: issue.author_association.clone(),
            ..self.here()
        }
    }

    /// What is the same in all records.
    fn here(&self) -> IssueRecord {
        IssueRecord {
            schema_version: SCHEMA_VERSION,
            repository: self.repository.full_name.clone(),
            repository_id: integer(self.repository.id),
            received_s: self.now.as_second(),
            ..IssueRecord::default()
        }
    }
}

/// The account's type; its name says so too where it is a program.
fn account(account: &PastAccount) -> Option<String> {
    let bot = account.login.ends_with("[bot]").then(|| "Bot".to_owned());
    account.kind.clone().or(bot)
}

/// GitHub's ids are below 2^63 and will be for a while.
fn integer(id: u64) -> i64 {
    i64::try_from(id).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn history(repository: &RepositoryInfo) -> History<'_> {
        let now = "2026-11-01T08:00:00Z".parse().unwrap();
        History {
            repository,
            now,
            titles: false,
        }
    }

    fn repository() -> RepositoryInfo {
        RepositoryInfo {
            id: 7,
            full_name: "Acme/App".to_owned(),
            has_issues: true,
        }
    }

    fn issue(changes: &Value) -> Value {
        let mut issue = json!({
            "id": 9_007_199_254_740_993_u64, "number": 5, "title": "Crash ☃", "state": "open", "state_reason": null,
            "html_url": "https://github.com/Acme/App/issues/5", "user": {"login": "alice", "type": "User"},
            "labels": [], "assignees": [], "milestone": null, "closed_at": null, "author_association": "NONE",
            "created_at": "2026-03-02T09:00:00Z", "updated_at": "2026-03-02T09:00:00Z",
        });
        for (name, value) in changes.as_object().unwrap() {
            issue[name] = value.clone();
        }
        issue
    }

    /// What a record tells besides which issue it is about, on a line.
    fn line(record: &IssueRecord) -> String {
        let mut record = serde_json::to_value(record).unwrap();
        for (name, value) in [
            ("schema_version", json!(1)),
            ("repository", json!("Acme/App")),
            ("repository_id", json!(7)),
            ("issue_id", json!(9_007_199_254_740_993_u64)),
            ("issue_number", json!(5)),
            ("issue_url", json!("https://github.com/Acme/App/issues/5")),
            ("created_s", json!(1_772_442_000)),
            ("received_s", json!(1_793_520_000)),
            ("is_pr", json!(0)),
        ] {
            assert_eq!(record[name].take(), value, "{name}");
        }
        let fields = record.as_object().unwrap().iter();
        let fields = fields.filter(|(_, value)| !value.is_null());
        let fields: Vec<String> = fields.map(|(name, value)| format!("{name}={value}")).collect();
        fields.join(" ")
    }

    fn of_issue(changes: &Value) -> String {
        let issue: PastIssue = serde_json::from_value(issue(changes)).unwrap();
        let repository = repository();
        let records = history(&repository).of_issue(&issue);
        records.iter().map(line).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn an_issue_was_opened_and_is_as_it_is() {
        insta::assert_snapshot!(of_issue(&json!({})), @r#"
        action="opened" actor="alice" actor_type="User" association="NONE" author="alice" author_type="User" delivery_id="backfill:issue:9007199254740993" event="issues" occurred_s=1772442000
        action="observed" association="NONE" author="alice" author_type="User" delivery_id="backfill:observed:9007199254740993:1772442000" event="issues" occurred_s=1772442000 state="open"
        "#);
        insta::assert_snapshot!(of_issue(&json!({
            "state": "closed", "state_reason": "not_planned", "user": null,
            "labels": [{"name": "bug"}, "old|style", {"name": null}, {"name": "雪"}],
            "assignees": [{"login": "bob", "type": "User"}, null], "milestone": {"title": "1.0"},
            "closed_at": "2026-03-03T09:00:00Z", "closed_by": {"login": "ci[bot]", "type": null},
            "updated_at": "2026-03-04T09:00:00Z",
        })), @r#"
        action="opened" association="NONE" delivery_id="backfill:issue:9007199254740993" event="issues" occurred_s=1772442000
        action="closed" actor="ci[bot]" actor_type="Bot" association="NONE" delivery_id="backfill:closed:9007199254740993:1772528400" event="issues" occurred_s=1772528400 state_reason="not_planned"
        action="observed" assignee="bob" association="NONE" closed_s=1772528400 delivery_id="backfill:observed:9007199254740993:1772614800" event="issues" labels="|bug|old¦style|雪|" milestone="1.0" occurred_s=1772614800 state="closed" state_reason="not_planned"
        "#);
        // One that was reopened may still have the time of its close.
        insta::assert_snapshot!(of_issue(&json!({
            "state_reason": "reopened", "closed_at": "2026-03-03T09:00:00Z", "updated_at": "2026-03-04T09:00:00Z",
            "labels": null, "assignees": null,
        })), @r#"
        action="opened" actor="alice" actor_type="User" association="NONE" author="alice" author_type="User" delivery_id="backfill:issue:9007199254740993" event="issues" occurred_s=1772442000
        action="observed" association="NONE" author="alice" author_type="User" delivery_id="backfill:observed:9007199254740993:1772614800" event="issues" occurred_s=1772614800 state="open" state_reason="reopened"
        "#);
    }

    #[test]
    fn titles_are_kept_where_they_are_asked_for() {
        let issue: PastIssue = serde_json::from_value(issue(&json!({}))).unwrap();
        let repository = repository();
        let titles = History {
            titles: true,
            ..history(&repository)
        };
        assert!(
            titles
                .of_issue(&issue)
                .iter()
                .all(|record| record.title.as_deref() == Some("Crash ☃"))
        );
    }

    #[test]
    fn a_comment_is_joined_with_its_issue() {
        let issue: PastIssue = serde_json::from_value(issue(&json!({}))).unwrap();
        let known = KnownIssues::from([(5, Known::from(&issue))]);
        let of = |number: &str, user: Value| {
            let comment = serde_json::from_value(json!({
                "id": 9_007_199_254_740_995_u64, "user": user, "author_association": "MEMBER",
                "html_url": format!("https://github.com/Acme/App/issues/{number}#issuecomment-9007199254740995"),
                "issue_url": format!("https://api.github.com/repos/Acme/App/issues/{number}"),
                "created_at": "2026-03-02T10:00:00Z", "updated_at": "2026-03-02T11:00:00Z",
            }));
            let repository = repository();
            history(&repository).of_comment(&comment.unwrap(), &known)
        };
        insta::assert_snapshot!(line(&of("5", json!({"login": "bob", "type": "User"})).unwrap()), @r#"action="created" actor="bob" actor_type="User" association="MEMBER" author="alice" author_type="User" comment_id=9007199254740995 delivery_id="backfill:comment:9007199254740995" event="issue_comment" occurred_s=1772445600"#);
        assert_eq!(of("5", Value::Null).unwrap().actor, None);
        for number in ["6", "", "x", "-5"] {
            assert_eq!(of(number, Value::Null), None, "{number}");
        }
    }

    #[test]
    fn an_event_tells_what_happened_and_not_what_the_issue_is_now() {
        let of = |event: &str, more: &Value, issue: Value| {
            let mut past = json!({
                "id": 9_007_199_254_740_997_u64, "event": event, "actor": {"login": "bob", "type": "User"},
                "created_at": "2026-03-03T09:00:00Z", "issue": issue,
            });
            for (name, value) in more.as_object().unwrap() {
                past[name] = value.clone();
            }
            let repository = repository();
            let record = history(&repository).of_event(&serde_json::from_value(past).unwrap());
            record.as_ref().map(line)
        };
        let now = || issue(&json!({"labels": [{"name": "bug"}], "assignees": [{"login": "carol"}], "state": "open"}));
        insta::assert_snapshot!(of("labeled", &json!({"label": {"name": "a|b"}}), now()).unwrap(), @r#"action="labeled" actor="bob" actor_type="User" association="NONE" author="alice" author_type="User" delivery_id="backfill:event:9007199254740997" event="issues" label="a¦b" occurred_s=1772528400"#);
        insta::assert_snapshot!(of("assigned", &json!({"assignee": {"login": "dave"}}), now()).unwrap(), @r#"action="assigned" actor="bob" actor_type="User" association="NONE" author="alice" author_type="User" delivery_id="backfill:event:9007199254740997" event="issues" occurred_s=1772528400"#);
        insta::assert_snapshot!(of("closed", &json!({"state_reason": "duplicate"}), now()).unwrap(), @r#"action="closed" actor="bob" actor_type="User" association="NONE" author="alice" author_type="User" delivery_id="backfill:event:9007199254740997" event="issues" occurred_s=1772528400 state_reason="duplicate""#);
        insta::assert_snapshot!(of("reopened", &json!({"actor": null}), now()).unwrap(), @r#"action="reopened" association="NONE" author="alice" author_type="User" delivery_id="backfill:event:9007199254740997" event="issues" occurred_s=1772528400 state_reason="reopened""#);
        // The reason of the last close is the issue's.
        let closed = |at: &str| issue(&json!({"state": "closed", "state_reason": "completed", "closed_at": at}));
        let last = of("closed", &json!({"state_reason": null}), closed("2026-03-03T09:00:00Z")).unwrap();
        assert!(last.contains("state_reason=\"completed\""), "{last}");
        let earlier = of("closed", &json!({}), closed("2026-03-09T09:00:00Z")).unwrap();
        assert!(!earlier.contains("state_reason"), "{earlier}");

        for event in ["mentioned", "transferred", "renamed", "subscribed", ""] {
            assert_eq!(of(event, &json!({}), now()), None, "{event}");
        }
        assert_eq!(of("closed", &json!({}), Value::Null), None);
        assert_eq!(
            of("closed", &json!({}), issue(&json!({"pull_request": {"url": "x"}}))),
            None
        );
    }

    #[test]
    fn every_action_is_one_of_webhooks() {
        for action in ACTIONS {
            assert!(github::ISSUES_ACTIONS.contains(&action), "{action}");
        }
        assert!(!github::ISSUES_ACTIONS.contains(&OBSERVED));
    }
}
