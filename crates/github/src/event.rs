//! An event: its name from the header and its body, which must agree, read into our own words.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde_json::error::Category;

use crate::form::AuthenticJson;
use crate::payload::{
    Act, Changes, Comment, Hook, Installation, Issue, IssueType, Label, Milestone, Organization, Repository, User, text,
};

/// The actions of `issues` that GitHub documents. Others are read all the same.
pub const ISSUES_ACTIONS: [&str; 18] = [
    "assigned",
    "closed",
    "deleted",
    "demilestoned",
    "edited",
    "labeled",
    "locked",
    "milestoned",
    "opened",
    "pinned",
    "reopened",
    "transferred",
    "typed",
    "unassigned",
    "unlabeled",
    "unlocked",
    "unpinned",
    "untyped",
];

/// The actions of `issue_comment` that GitHub documents. Others are read all the same.
pub const ISSUE_COMMENT_ACTIONS: [&str; 3] = ["created", "deleted", "edited"];

/// What GitHub tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// A hook says that it is there.
    Ping(Box<Ping<'a>>),
    /// Something was done to an issue.
    Issues(Box<Issues<'a>>),
    /// Something was done to a comment on an issue or a pull request.
    IssueComment(Box<IssueComment<'a>>),
    /// An event that Copperbell does not use, by its name. Its body was not looked at.
    Other(&'a str),
}

/// A hook says that it is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ping<'a> {
    /// The hook.
    pub hook_id: u64,
    /// A wise word.
    pub zen: Cow<'a, str>,
    /// More about the hook.
    pub hook: Option<Hook<'a>>,
    /// The repository of the hook, if it is one's.
    pub repository: Option<Repository<'a>>,
    /// The organisation of the hook, if it is one's.
    pub organization: Option<Organization<'a>>,
}

/// Something was done to an issue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issues<'a> {
    /// Who did what to which issue.
    pub act: Act<'a>,
    /// Of `labeled` and `unlabeled`: the label, unless it is gone.
    pub label: Option<Label<'a>>,
    /// Of `assigned` and `unassigned`: who.
    pub assignee: Option<User<'a>>,
    /// Of `milestoned` and `demilestoned`: the milestone.
    pub milestone: Option<Milestone<'a>>,
    /// Of `typed` and `untyped`: the type.
    pub kind: Option<IssueType<'a>>,
}

/// Something was done to a comment on an issue or a pull request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssueComment<'a> {
    /// Who did what, and to a comment on which issue.
    pub act: Act<'a>,
    /// The comment.
    pub comment: Comment<'a>,
}

/// What an event is about, as far as two deliveries of one event must agree.
///
/// It is written `issues.opened 186853002 444500041`: the event and its action, the ids of the repository and the
/// issue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject<'a> {
    /// The event's name.
    pub event: &'static str,
    /// Its action.
    pub action: &'a str,
    /// The repository.
    pub repository_id: u64,
    /// The issue.
    pub issue_id: u64,
}

/// Why a body is not read. No sentence holds anything of the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// The header names one event, and the body is another's.
    #[error("the event is `{event}`, and its body {body}")]
    Mismatch {
        /// The event of the header.
        event: &'static str,
        /// What the body has or lacks.
        body: &'static str,
    },
    /// The body is not JSON, or not as GitHub documents it.
    #[error("the body {what} (line {line}, column {column})")]
    Unreadable {
        /// What is wrong.
        what: &'static str,
        /// Where, counted from 1.
        line: usize,
        /// Where in the line, in bytes.
        column: usize,
    },
}

impl<'a> Event<'a> {
    /// Reads the event whose name is in the header `X-GitHub-Event`. The header is not signed, so the body must be that
    /// event's.
    ///
    /// # Errors
    /// When the body is another event's, is not JSON, or has a field of another kind than GitHub documents.
    pub fn parse(name: &'a str, json: &'a AuthenticJson) -> Result<Self, ParseError> {
        read(name, json.as_bytes())
    }

    /// Who did what to which issue, if this is about one.
    #[must_use]
    pub fn act(&self) -> Option<&Act<'a>> {
        match self {
            Self::Issues(issues) => Some(&issues.act),
            Self::IssueComment(comment) => Some(&comment.act),
            Self::Ping(_) | Self::Other(_) => None,
        }
    }

    /// What it is about, if that is an issue.
    #[must_use]
    pub fn subject(&self) -> Option<Subject<'_>> {
        let act = self.act()?;
        Some(Subject {
            event: match self {
                Self::IssueComment(_) => "issue_comment",
                _ => "issues",
            },
            action: &act.action,
            repository_id: act.repository.id,
            issue_id: act.issue.id,
        })
    }
}

impl fmt::Display for Subject<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            event,
            action,
            repository_id,
            issue_id,
        } = self;
        write!(f, "{event}.{action} {repository_id} {issue_id}")
    }
}

/// The fields of all events that are used. Which of them are there tells the events apart.
#[derive(Deserialize)]
struct Payload<'a> {
    #[serde(borrow, default, deserialize_with = "text")]
    action: Option<Cow<'a, str>>,
    #[serde(borrow)]
    issue: Option<Issue<'a>>,
    #[serde(borrow)]
    comment: Option<Comment<'a>>,
    #[serde(borrow)]
    repository: Option<Repository<'a>>,
    #[serde(borrow)]
    sender: Option<User<'a>>,
    #[serde(borrow)]
    organization: Option<Organization<'a>>,
    installation: Option<Installation>,
    #[serde(borrow)]
    changes: Option<Changes<'a>>,
    #[serde(borrow)]
    label: Option<Label<'a>>,
    #[serde(borrow)]
    assignee: Option<User<'a>>,
    #[serde(borrow)]
    milestone: Option<Milestone<'a>>,
    #[serde(borrow, rename = "type")]
    kind: Option<IssueType<'a>>,
    hook_id: Option<u64>,
    #[serde(borrow, default, deserialize_with = "text")]
    zen: Option<Cow<'a, str>>,
    #[serde(borrow)]
    hook: Option<Hook<'a>>,
}

fn read<'a>(name: &'a str, json: &'a [u8]) -> Result<Event<'a>, ParseError> {
    match name {
        "ping" => Payload::read(json)?.into_ping(),
        "issues" => Payload::read(json)?.into_issues(),
        "issue_comment" => Payload::read(json)?.into_issue_comment(),
        other => Ok(Event::Other(other)),
    }
}

impl<'a> Payload<'a> {
    fn read(json: &'a [u8]) -> Result<Self, ParseError> {
        // What serde says itself may quote the body.
        serde_json::from_slice(json).map_err(|error| ParseError::Unreadable {
            what: match error.classify() {
                Category::Syntax | Category::Io => "is not JSON",
                Category::Eof => "ends too early",
                Category::Data => "lacks a field or has one of another kind than GitHub documents",
            },
            line: error.line(),
            column: error.column(),
        })
    }

    fn into_ping(self) -> Result<Event<'a>, ParseError> {
        let mismatch = mismatch("ping");
        Ok(Event::Ping(Box::new(Ping {
            hook_id: self.hook_id.ok_or(mismatch("has no `hook_id`"))?,
            zen: self.zen.ok_or(mismatch("has no `zen`"))?,
            hook: self.hook,
            repository: self.repository,
            organization: self.organization,
        })))
    }

    fn into_issues(mut self) -> Result<Event<'a>, ParseError> {
        let mismatch = mismatch("issues");
        if self.comment.is_some() {
            return Err(mismatch("has a `comment`"));
        }
        Ok(Event::Issues(Box::new(Issues {
            act: self.take_act(mismatch)?,
            label: self.label,
            assignee: self.assignee,
            milestone: self.milestone,
            kind: self.kind,
        })))
    }

    fn into_issue_comment(mut self) -> Result<Event<'a>, ParseError> {
        let mismatch = mismatch("issue_comment");
        Ok(Event::IssueComment(Box::new(IssueComment {
            comment: self.comment.take().ok_or(mismatch("has no `comment`"))?,
            act: self.take_act(mismatch)?,
        })))
    }

    fn take_act(&mut self, mismatch: impl Fn(&'static str) -> ParseError) -> Result<Act<'a>, ParseError> {
        Ok(Act {
            action: self.action.take().ok_or(mismatch("has no `action`"))?,
            issue: self.issue.take().ok_or(mismatch("has no `issue`"))?,
            repository: self.repository.take().ok_or(mismatch("has no `repository`"))?,
            sender: self.sender.take(),
            organization: self.organization.take(),
            installation: self.installation,
            changes: self.changes.take(),
        })
    }
}

/// The error for a body that is not of the event.
fn mismatch(event: &'static str) -> impl Fn(&'static str) -> ParseError {
    move |body| ParseError::Mismatch { event, body }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TYPED: &str = include_str!("../tests/data/issues.typed.json");

    const USED: [&str; 3] = ["ping", "issues", "issue_comment"];

    /// The least that is an event about an issue, and more fields.
    fn issues(more: &str) -> String {
        format!(
            r#"{{"action": "opened", {more}
            "issue": {{"id": 2, "number": 3, "title": "t", "html_url": "u"}},
            "repository": {{"id": 1, "full_name": "o/r", "html_url": "u", "private": false}}}}"#
        )
    }

    fn failure(name: &str, json: &[u8]) -> String {
        read(name, json).unwrap_err().to_string()
    }

    #[test]
    fn event_and_body_agree_or_it_is_a_mismatch() {
        let issues = &issues("");
        let comment = &issues.replacen('{', r#"{"comment": {"id": 4, "html_url": "u"}, "#, 1);
        let ping = r#"{"zen": "z", "hook_id": 5}"#;
        let table = [
            ("issues", issues.clone(), None),
            ("issue_comment", comment.clone(), None),
            ("ping", ping.to_owned(), None),
            ("issues", comment.clone(), Some("has a `comment`")),
            ("issues", ping.to_owned(), Some("has no `action`")),
            ("issues", "{}".to_owned(), Some("has no `action`")),
            (
                "issues",
                issues.replace("\"issue\"", "\"pull_request\""),
                Some("has no `issue`"),
            ),
            (
                "issues",
                issues.replace("\"repository\"", "\"x\""),
                Some("has no `repository`"),
            ),
            ("issues", issues.replace("\"opened\"", "null"), Some("has no `action`")),
            ("issue_comment", issues.clone(), Some("has no `comment`")),
            ("issue_comment", ping.to_owned(), Some("has no `comment`")),
            (
                "issue_comment",
                comment.replace("\"action\"", "\"x\""),
                Some("has no `action`"),
            ),
            ("ping", issues.clone(), Some("has no `hook_id`")),
            ("ping", comment.clone(), Some("has no `hook_id`")),
            // The event `meta` has that.
            (
                "ping",
                r#"{"action": "deleted", "hook_id": 5}"#.to_owned(),
                Some("has no `zen`"),
            ),
            (
                "ping",
                r#"{"zen": "z", "hook_id": null}"#.to_owned(),
                Some("has no `hook_id`"),
            ),
        ];
        for (event, json, mismatch) in table {
            let expected = mismatch.map(|body| ParseError::Mismatch { event, body });
            assert_eq!(read(event, json.as_bytes()).err(), expected, "{event} {json}");
        }
    }

    #[test]
    fn what_may_be_null_or_missing_is_tolerated() {
        let least = issues("");
        let mut nulls = issues(
            r#""sender": null, "organization": null, "installation": null, "changes": null, "label": null,
            "assignee": null, "milestone": null, "type": null, "comment": null, "zen": null, "hook_id": null,
            "hook": null,"#,
        );
        for field in [
            "state",
            "state_reason",
            "user",
            "labels",
            "assignees",
            "milestone",
            "type",
            "body",
            "created_at",
            "updated_at",
            "closed_at",
            "author_association",
            "comments",
            "pull_request",
        ] {
            nulls = nulls.replacen(r#""id": 2"#, &format!(r#""id": 2, "{field}": null"#), 1);
        }
        assert_eq!(nulls.matches("null").count(), 26);
        let event = read("issues", least.as_bytes()).unwrap();
        assert_eq!(read("issues", nulls.as_bytes()).unwrap(), event);
        let empty = nulls
            .replace(r#""labels": null"#, r#""labels": [null]"#)
            .replace(r#""assignees": null"#, r#""assignees": []"#);
        assert_eq!(read("issues", empty.as_bytes()).unwrap(), event);

        let comment = |user: &str| {
            let comment = format!(r#""comment": {{"id": 4, "html_url": "u", {user} "body": null}},"#);
            read("issue_comment", issues(&comment).as_bytes()).map(|event| format!("{event:?}"))
        };
        assert_eq!(comment(r#""user": null, "created_at": null,"#), comment(""));
    }

    #[test]
    fn what_is_needed_must_be_there_and_of_its_kind() {
        let good = issues("");
        assert!(read("issues", good.as_bytes()).is_ok());
        let table = [
            (r#""id": 2"#, r#""id": null"#),
            (r#""id": 2"#, r#""id": -2"#),
            (r#""id": 2"#, r#""id": 2.5"#),
            (r#""id": 2"#, r#""id": "2""#),
            (r#""id": 2"#, r#""id": 18446744073709551616"#),
            (r#""number": 3"#, r#""nombre": 3"#),
            (r#""title": "t""#, r#""title": null"#),
            (r#""title": "t""#, r#""title": "t", "created_at": "yesterday""#),
            (r#""private": false"#, r#""private": "false""#),
            // Twice the same, and who knows which is meant?
            (r#""action": "opened""#, r#""action": "opened", "action": "opened""#),
            (r#""id": 2"#, r#""id": 2, "id": 2"#),
        ];
        for (from, to) in table {
            let json = good.replacen(from, to, 1);
            assert_ne!(json, good);
            let error = read("issues", json.as_bytes()).unwrap_err();
            let what = "lacks a field or has one of another kind than GitHub documents";
            assert!(
                matches!(error, ParseError::Unreadable { what: said, .. } if said == what),
                "{to}: {error}"
            );
        }
        let largest = good.replace(
            r#""id": 2"#,
            r#""id": 18446744073709551615, "new": {"id": 1, "id": []}"#,
        );
        let event = read("issues", largest.as_bytes()).unwrap();
        assert_eq!(event.subject().unwrap().issue_id, u64::MAX);
    }

    #[test]
    fn no_error_repeats_the_body() {
        let hush = issues("").replace('2', "\"HUSH\"");
        let errors = [
            failure("issues", hush.as_bytes()),
            failure("issues", b"\n HUSH"),
            failure("issues", b""),
            failure("issues", b"\"HUSH\""),
            failure("issues", br#"{"action": "HUSH", "HUSH": "HUSH"#),
            failure("issues", b"{\"HUSH\": \"\xff\"}"),
            failure("issues", b"{\"action\": \"\xff\"}"),
            failure("issues", b"{} HUSH"),
            failure("ping", br#"{"HUSH": "HUSH"}"#),
        ];
        insta::assert_snapshot!(errors.join("\n"), @"
        the body lacks a field or has one of another kind than GitHub documents (line 2, column 34)
        the body is not JSON (line 2, column 2)
        the body ends too early (line 1, column 0)
        the body lacks a field or has one of another kind than GitHub documents (line 1, column 6)
        the body ends too early (line 1, column 32)
        the event is `issues`, and its body has no `action`
        the body is not JSON (line 1, column 13)
        the body is not JSON (line 1, column 4)
        the event is `ping`, and its body has no `hook_id`
        ");
    }

    #[test]
    fn every_action_is_read_documented_or_not() {
        let actions = ISSUES_ACTIONS.iter().chain(&ISSUE_COMMENT_ACTIONS);
        for action in actions.chain(&["exploded", "", "\u{1f514}", "a b"]) {
            let json = issues("").replace("opened", action);
            let event = read("issues", json.as_bytes()).unwrap();
            let subject = event.subject().unwrap();
            let expected = Subject {
                event: "issues",
                action,
                repository_id: 1,
                issue_id: 2,
            };
            assert_eq!(subject, expected);
            assert_eq!(subject.to_string(), format!("issues.{action} 1 2"));
        }
        let comment = issues(r#""comment": {"id": 4, "html_url": "u"},"#);
        let event = read("issue_comment", comment.as_bytes()).unwrap();
        assert_eq!(event.subject().unwrap().to_string(), "issue_comment.opened 1 2");
    }

    #[test]
    fn an_event_that_is_not_used_is_not_read() {
        for name in ["push", "meta", "Issues", "issues ", ""] {
            let event = read(name, b"\xff").unwrap();
            assert_eq!(event, Event::Other(name));
            assert_eq!((event.act(), event.subject()), (None, None));
        }
        let ping = read("ping", br#"{"zen": "z", "hook_id": 5}"#).unwrap();
        assert_eq!((ping.act(), ping.subject()), (None, None));
    }

    #[test]
    fn a_bot_is_told_by_its_type_or_its_name() {
        let table = [
            (r#"{"login": "octocat", "id": 1, "type": "User"}"#, false),
            (r#"{"login": "octocat", "id": 1}"#, false),
            (r#"{"login": "bot", "id": 1, "type": null}"#, false),
            (r#"{"login": "acme", "id": 1, "type": "Organization"}"#, false),
            (r#"{"login": "old", "id": 1, "type": "Mannequin"}"#, false),
            (r#"{"login": "renovate[bot]", "id": 1, "type": "Bot"}"#, true),
            (r#"{"login": "Copilot", "id": 1, "type": "Bot"}"#, true),
            (r#"{"login": "renovate[bot]", "id": 1}"#, true),
        ];
        for (json, expected) in table {
            let user: User<'_> = serde_json::from_str(json).unwrap();
            assert_eq!(user.is_bot(), expected, "{json}");
        }
    }

    #[test]
    fn texts_without_escapes_are_borrowed() {
        let json = issues("").replace(r#""t""#, r#""t", "body": "b", "state_reason": "a\u002fb""#);
        let event = read("issues", json.as_bytes()).unwrap();
        let issue = &event.act().unwrap().issue;
        assert!(matches!(issue.title, Cow::Borrowed("t")));
        assert!(matches!(issue.body, Some(Cow::Borrowed("b"))));
        assert!(matches!(issue.state_reason.as_deref(), Some("a/b")));
    }

    #[test]
    fn a_body_cut_anywhere_is_an_error() {
        assert!(read("issues", TYPED.as_bytes()).is_ok());
        for end in 0..TYPED.len() {
            let error = read("issues", &TYPED.as_bytes()[..end]).unwrap_err();
            let ParseError::Unreadable {
                what: "ends too early", ..
            } = error
            else {
                panic!("{end}: {error}");
            };
        }
    }

    #[test]
    fn deep_nesting_is_no_danger() {
        for (open, close) in [("[", "]"), (r#"{"a":"#, "}")] {
            let (open, close) = (open.repeat(1_000_000), close.repeat(1_000_000));
            let ignored = issues(&format!(r#""new": {open}1{close},"#));
            assert!(read("issues", ignored.as_bytes()).is_ok());
            for json in [
                open.clone(),
                format!("{open}1{close}"),
                issues(&format!(r#""new": {open}"#)),
                issues(&format!(r#""label": {open}1{close},"#)),
                issues(&format!(r#""changes": {{"title": {{"from": {open}1{close}}}}},"#)),
            ] {
                assert!(read("issues", json.as_bytes()).is_err());
            }
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>, name in prop::sample::select(&USED[..])) {
            prop_assert!(read(name, &bytes).is_err());
        }

        #[test]
        fn no_change_of_a_payload_makes_it_panic(
            at: prop::sample::Index,
            put in prop::collection::vec(any::<u8>(), 0..8),
            cut in 0_usize..40,
            name in prop::sample::select(&USED[..]),
        ) {
            let at = at.index(TYPED.len());
            let mut bytes = TYPED.as_bytes().to_vec();
            bytes.splice(at..TYPED.len().min(at + cut), put);
            let _ = read(name, &bytes);
        }
    }
}
