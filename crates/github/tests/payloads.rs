//! Payloads as GitHub sends them, from the request to the event.

use std::fmt::Write;

use bytes::Bytes;
use copperbell_github::{
    Act, AuthenticJson, Event, ISSUE_COMMENT_ACTIONS, ISSUES_ACTIONS, User, WebhookSecret, verify,
};
use hmac::{Hmac, KeyInit, Mac};
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use serde_json::Value;
use sha2::Sha256;

const SECRET: &str = "It's a Secret to Everybody";

/// Recorded by Octokit, each file a list of payloads.
const RECORDED: [(&str, &str); 3] = [
    ("issues", include_str!("data/issues.examples.json")),
    ("issue_comment", include_str!("data/issue_comment.examples.json")),
    ("ping", include_str!("data/ping.examples.json")),
];

/// Made of a recorded payload after GitHub's schema.
const DERIVED: [&str; 6] = [
    include_str!("data/issues.closed-completed.json"),
    include_str!("data/issues.closed-not-planned.json"),
    include_str!("data/issues.closed-duplicate.json"),
    include_str!("data/issues.typed.json"),
    include_str!("data/issues.untyped.json"),
    include_str!("data/issues.transferred.json"),
];

/// The JSON of a request that GitHub signed.
fn delivered(body: String, content_type: &str) -> AuthenticJson {
    let mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    let tag = mac.chain_update(&body).finalize().into_bytes();
    let signature = tag
        .iter()
        .fold("sha256=".to_owned(), |header, byte| format!("{header}{byte:02x}"));
    let mut headers = HeaderMap::new();
    headers.insert("x-hub-signature-256", signature.parse().unwrap());
    headers.insert(CONTENT_TYPE, content_type.parse().unwrap());
    let secrets = [WebhookSecret::new(&SECRET.into()).unwrap()];
    let body = verify(&secrets, &headers, Bytes::from(body), false).unwrap();
    AuthenticJson::from_body(&body, &headers).unwrap()
}

fn recorded() -> impl Iterator<Item = (&'static str, String)> {
    RECORDED.into_iter().flat_map(|(name, list)| {
        let list: Vec<Value> = serde_json::from_str(list).unwrap();
        list.into_iter().map(move |payload| (name, payload.to_string()))
    })
}

/// An event in one line.
fn line(event: &Event<'_>) -> String {
    let mut line = match event.subject() {
        Some(subject) => format!("{subject}: {}", shown(event.act().unwrap())),
        None => String::new(),
    };
    let more = match event {
        Event::Ping(ping) => {
            let hook = ping.hook.as_ref().unwrap();
            let url = hook.config.as_ref().unwrap().url.as_deref();
            let repository = ping.repository.as_ref().map(|repository| &*repository.full_name);
            format!(
                "ping {} {:?} {} {} {:?}",
                ping.hook_id,
                ping.zen,
                hook.kind.as_deref().unwrap(),
                url.unwrap(),
                repository,
            )
        }
        Event::Issues(issues) => {
            let mut more = String::new();
            let named = [
                ("label", issues.label.as_ref().map(|label| &label.name)),
                ("assignee", issues.assignee.as_ref().map(|user| &user.login)),
                ("milestone", issues.milestone.as_ref().map(|milestone| &milestone.title)),
                ("type", issues.kind.as_ref().map(|kind| &kind.name)),
            ];
            for (what, name) in named {
                if let Some(name) = name {
                    write!(more, " | {what} {name}").unwrap();
                }
            }
            more
        }
        Event::IssueComment(event) => {
            let comment = &event.comment;
            format!(
                " | comment {} by {} {:?}",
                comment.id,
                who(comment.user.as_ref()),
                comment.body.as_deref().unwrap_or_default()
            )
        }
        Event::Other(name) => (*name).to_owned(),
    };
    line.push_str(&more);
    line
}

fn shown(act: &Act<'_>) -> String {
    let Act { issue, repository, .. } = act;
    let labels: Vec<_> = issue.labels.iter().map(|label| &*label.name).collect();
    let assignees: Vec<_> = issue.assignees.iter().map(|user| &*user.login).collect();
    let mut text = format!(
        "{} {} {}#{} {:?} by {} {}{} +{} @{}",
        who(act.sender.as_ref()),
        if issue.is_pull_request { "PR" } else { "issue" },
        repository.full_name,
        issue.number,
        issue.title,
        who(issue.user.as_ref()),
        issue.state.as_deref().unwrap_or("-"),
        issue
            .state_reason
            .as_deref()
            .map(|reason| format!("/{reason}"))
            .unwrap_or_default(),
        labels.join("+"),
        assignees.join("@"),
    );
    for (what, name) in [
        ("in", issue.milestone.as_ref().map(|milestone| &milestone.title)),
        ("of type", issue.kind.as_ref().map(|kind| &kind.name)),
        ("org", act.organization.as_ref().map(|organization| &organization.login)),
    ] {
        if let Some(name) = name {
            write!(text, ", {what} {name}").unwrap();
        }
    }
    if let Some(installation) = act.installation {
        write!(text, ", app {}", installation.id).unwrap();
    }
    if let Some(closed_at) = issue.closed_at {
        write!(text, ", closed {closed_at}").unwrap();
    }
    if let Some(changes) = &act.changes {
        for (what, was) in [("title", &changes.title), ("body", &changes.body)] {
            if let Some(was) = was {
                write!(text, ", {what} was {:?}", was.from.as_deref().unwrap_or_default()).unwrap();
            }
        }
        for (what, repository, issue) in [
            ("to", &changes.new_repository, &changes.new_issue),
            ("from", &changes.old_repository, &changes.old_issue),
        ] {
            if let (Some(repository), Some(issue)) = (repository, issue) {
                write!(text, ", {what} {}#{}", repository.full_name, issue.number).unwrap();
            }
        }
    }
    text
}

fn who(user: Option<&User<'_>>) -> String {
    user.map(|user| format!("{} ({})", user.login, user.kind.as_deref().unwrap_or("?")))
        .unwrap_or_default()
}

#[test]
fn every_recorded_payload_is_read() {
    let lines: Vec<_> = recorded()
        .map(|(name, payload)| line(&Event::parse(name, &delivered(payload, "application/json")).unwrap()))
        .collect();
    insta::assert_snapshot!(lines.join("\n"), @r#"
    issues.edited 186853002 444500041: Codertocat (User) issue Codertocat/Hello-World#1 "Spelling error in the README file" by Codertocat (User) open +bug @Codertocat, in v1.0
    issues.assigned 186853002 444500041: Codertocat (User) issue Codertocat/Hello-World#1 "Spelling error in the README file" by Codertocat (User) open +bug @Codertocat, in v1.0, app 1 | assignee Codertocat
    issues.deleted 186853002 444500041: Codertocat (User) issue Codertocat/Hello-World#1 "Spelling error in the README file" by Codertocat (User) closed +bug @Codertocat, in v1.0, app 1, closed 2021-07-05T18:07:10Z
    issues.demilestoned 186853002 444500167: Codertocat (User) PR Codertocat/Hello-World#2 "Update the README with new information." by Codertocat (User) open +bug @Codertocat, org Octocoders | milestone v1.0
    issues.edited 186853002 444500041: Codertocat (User) issue Codertocat/Hello-World#1 "Spelling error in the README file" by Codertocat (User) open +bug @Codertocat, in v1.0, org Octocoders
    issues.labeled 186853002 444500041: Codertocat (User) issue Codertocat/Hello-World#1 "Spelling error in the README file" by Codertocat (User) open +bug @Codertocat, in v1.0, org Octocoders | label bug
    issues.locked 186853002 444500041: Codertocat (User) issue Codertocat/Hello-World#1 "Spelling error in the README file" by Codertocat (User) open +bug @Codertocat, org Octocoders
    issues.milestoned 186853002 444500167: Codertocat (User) PR Codertocat/Hello-World#2 "Update the README with new information." by Codertocat (User) open +bug @Codertocat, in v1.0, org Octocoders | milestone v1.0
    issues.opened 186853002 444500041: Codertocat (User) issue Codertocat/Hello-World#1 "Spelling error in the README file" by Codertocat (User) open +bug @Codertocat, in v1.0
    issues.opened 186853002 444500041: Codertocat (User) issue Codertocat/Hello-World#1 "Spelling error in the README file" by Codertocat (User) open +bug @Codertocat, in v1.0, from octo-org/octo-repo#1
    issues.reopened 186853002 444500041: Codertocat (User) issue Codertocat/Hello-World#1 "Spelling error in the README file" by Codertocat (User) open +bug @Codertocat, in v1.0, app 1, closed 2021-07-05T18:07:10Z
    issues.unassigned 186853002 444500041: Codertocat (User) issue Codertocat/Hello-World#1 "Spelling error in the README file" by Codertocat (User) open +bug @Codertocat, in v1.0 | assignee Codertocat
    issues.unlabeled 186853002 444500041: Codertocat (User) issue Codertocat/Hello-World#1 "Spelling error in the README file" by Codertocat (User) open +bug @Codertocat | label bug
    issues.unlocked 186853002 444500041: Codertocat (User) issue Codertocat/Hello-World#1 "Spelling error in the README file" by Codertocat (User) open +bug @Codertocat
    issues.unpinned 186853002 444500041: Codertocat (User) issue Codertocat/Hello-World#1 "Spelling error in the README file" by Codertocat (User) - + @Codertocat, app 1
    issue_comment.created 186853002 444500041: Codertocat (User) issue Codertocat/Hello-World#1 "Spelling error in the README file" by Codertocat (User) open +bug @Codertocat, in v1.0 | comment 492700400 by Codertocat (User) "You are totally right! I'll get this fixed right away."
    issue_comment.created 186853002 444500041: Codertocat (User) issue Codertocat/Hello-World#1 "Spelling error in the README file" by Codertocat (User) open +bug @Codertocat, in v1.0 | comment 492700400 by Codertocat (User) "You are totally right! I'll get this fixed right away."
    issue_comment.created 186853002 444500041: Codertocat (User) issue Codertocat/Hello-World#1 "Spelling error in the README file" by Codertocat (User) open +bug @Codertocat, in v1.0, org Octocoders | comment 492700400 by Codertocat (User) "You are totally right! I'll get this fixed right away."
    issue_comment.deleted 186853002 444500041: Codertocat (User) issue Codertocat/Hello-World#1 "Spelling error in the README file" by Codertocat (User) open +bug @Codertocat, in v1.0, org Octocoders | comment 492700400 by Codertocat (User) "You are totally right! I'll get this fixed today."
    issue_comment.edited 186853002 444500041: Codertocat (User) issue Codertocat/Hello-World#1 "Spelling error in the README file" by Codertocat (User) open +bug @Codertocat, in v1.0, org Octocoders, body was "You are totally right! I'll get this fixed right away." | comment 492700400 by Codertocat (User) "You are totally right! I'll get this fixed today."
    ping 109948940 "Anything added dilutes everything else." Repository https://smee.io/**************** Some("Octocoders/Hello-World")
    ping 109948940 "Anything added dilutes everything else." Repository https://smee.io/YEbF2t8kjvPAn7Ck Some("Octocoders/Hello-World")
    "#);
}

#[test]
fn payloads_after_githubs_schema_are_read() {
    let schema: Value = serde_json::from_str(include_str!("data/webhooks.schema.json")).unwrap();
    let schema = jsonschema::validator_for(&schema).unwrap();
    let lines = DERIVED.map(|payload| {
        let json = serde_json::from_str(payload).unwrap();
        if let Err(error) = schema.validate(&json) {
            panic!("{error}");
        }
        line(&Event::parse("issues", &delivered(payload.to_owned(), "application/json")).unwrap())
    });
    insta::assert_snapshot!(lines.join("\n"), @r#"
    issues.closed 186853002 444500041: Codertocat (User) issue Codertocat/Hello-World#1 "Spelling error in the README file" by Codertocat (User) closed/completed +bug @Codertocat, in v1.0, closed 2025-11-04T16:02:31Z
    issues.closed 186853002 444500041: Codertocat (User) issue Codertocat/Hello-World#1 "Spelling error in the README file" by Codertocat (User) closed/not_planned +bug @Codertocat, in v1.0, closed 2025-11-04T16:02:31Z
    issues.closed 186853002 444500041: Codertocat (User) issue Codertocat/Hello-World#1 "Spelling error in the README file" by Codertocat (User) closed/duplicate + @, closed 2025-11-04T16:02:31Z
    issues.typed 186853002 444500041: Codertocat (User) issue Codertocat/Hello-World#1 "Spelling error in the README file" by Codertocat (User) open +bug @Codertocat, in v1.0, of type Bug, org Octocoders | type Bug
    issues.untyped 186853002 444500041: Codertocat (User) issue Codertocat/Hello-World#1 "Spelling error in the README file" by Codertocat (User) open +bug @Codertocat, in v1.0, org Octocoders | type Bug
    issues.transferred 186853002 444500041: Codertocat (User) issue Codertocat/Hello-World#1 "Spelling error in the README file" by Codertocat (User) open +bug @Codertocat, in v1.0, to Codertocat/Hello-Moon#12
    "#);
}

#[test]
fn a_form_is_the_same_event() {
    for (name, payload) in recorded() {
        let encoded = percent_encoding::utf8_percent_encode(&payload, percent_encoding::NON_ALPHANUMERIC);
        let form = format!("payload={encoded}").replace("%20", "+");
        let form = delivered(form, "application/x-www-form-urlencoded");
        let json = delivered(payload, "application/json");
        assert_eq!(Event::parse(name, &form).unwrap(), Event::parse(name, &json).unwrap());
    }
}

#[test]
fn a_payload_is_read_only_as_the_event_that_it_is() {
    for (name, payload) in recorded() {
        let json = delivered(payload, "application/json");
        for other in ["issues", "issue_comment", "ping"] {
            assert_eq!(Event::parse(other, &json).is_ok(), other == name, "{name} as {other}");
        }
        assert_eq!(Event::parse("push", &json).unwrap(), Event::Other("push"));
    }
}

#[test]
fn recorded_actions_are_among_the_documented() {
    for (name, payload) in recorded() {
        let json = delivered(payload, "application/json");
        if let Some(act) = Event::parse(name, &json).unwrap().act() {
            let documented = if name == "issues" {
                &ISSUES_ACTIONS[..]
            } else {
                &ISSUE_COMMENT_ACTIONS
            };
            assert!(documented.contains(&&*act.action), "{name}.{}", act.action);
        }
    }
}
