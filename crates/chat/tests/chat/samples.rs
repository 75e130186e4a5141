//! Facts to speak of.

use chat::{
    Builds, ChannelTrouble, DeadLetters, Expiring, Fact, FailingChroot, Gap, GiveUp, GivenUpDelivery, HookFailing,
    HookRecovered, HookState, HookTrouble, IssueDigest, IssueEvent, Notice, Polls, SilentHook, Times, UnansweredIssue,
    excerpt,
};
use jiff::{SignedDuration, Timestamp};

/// A package's name by somebody who would like to be read as more than a name.
pub(crate) const HOSTILE: &str = r#"<!channel> *x* <at user_id="all"></at> https://evil.example"#;

/// The same by somebody who has room for every chat's markup.
pub(crate) const HOSTILE_TITLE: &str = r#"<!channel> @everyone <@U123> <@&1> *x* __y__ ||z|| `c` :tada: [x](https://evil.example) <https://evil.example|x> <at user_id="all"></at> <at>all</at> @[x](y) https://evil.example"#;

pub(crate) fn at(time: &str) -> Timestamp {
    format!("2026-11-20T{time}Z").parse().expect("a time")
}

/// When everything here was accepted, and when it is sent.
pub(crate) fn now() -> Timestamp {
    at("13:20:00")
}

pub(crate) fn notice(fact: Fact) -> Notice {
    Notice::new(now(), fact)
}

pub(crate) fn chroot(name: &str, build_id: u64, version: &str) -> FailingChroot {
    FailingChroot {
        name: name.to_owned(),
        build_id,
        version: Some(version.to_owned()),
        log_url: Some(format!(
            "https://download.copr.example/results/alice/demo/{name}/{build_id:08}-beta/builder-live.log.gz"
        )),
        canceled: false,
    }
}

/// `package` of `alice/demo`, failing in two chroots since 10:00.
pub(crate) fn builds(package: &str) -> Builds {
    Builds {
        project: "alice/demo".to_owned(),
        project_url: "https://copr.example/coprs/alice/demo/monitor/".to_owned(),
        package: package.to_owned(),
        build_id: 5,
        build_url: "https://copr.example/coprs/build/5".to_owned(),
        since: at("10:00:00"),
        source: false,
        chroots: vec![
            chroot("fedora-43-aarch64", 5, "2.3-1"),
            chroot("fedora-43-x86_64", 5, "2.3-1"),
        ],
        more_chroots: 0,
    }
}

/// `package`, whose SRPM failed.
pub(crate) fn source_failure(package: &str) -> Builds {
    let chroots = ["fedora-43-aarch64", "fedora-43-x86_64"].map(|name| FailingChroot {
        version: None,
        log_url: None,
        ..chroot(name, 6, "")
    });
    Builds {
        build_id: 6,
        build_url: "https://copr.example/coprs/build/6".to_owned(),
        source: true,
        chroots: chroots.into(),
        ..builds(package)
    }
}

pub(crate) fn polls() -> Polls {
    Polls {
        project: "alice/demo".to_owned(),
        project_url: "https://copr.example/coprs/alice/demo/monitor/".to_owned(),
        failures: 3,
        since: at("12:50:00"),
        error: "Copr answered HTTP 502".to_owned(),
    }
}

/// What alice did to `acme/app#12`, which carol opened three days ago.
pub(crate) fn issue(name: &str) -> IssueEvent {
    let comment = if name.starts_with("issue_comment.") {
        "#issuecomment-345"
    } else {
        ""
    };
    IssueEvent {
        name: name.to_owned(),
        repository: "acme/app".to_owned(),
        repository_url: "https://github.example/acme/app".to_owned(),
        number: 12,
        title: "Crash on start".to_owned(),
        url: format!("https://github.example/acme/app/issues/12{comment}"),
        is_pr: false,
        actor: "alice".to_owned(),
        is_bot: false,
        author: "carol".to_owned(),
        labels: vec!["bug".to_owned(), "needs triage".to_owned()],
        assignees: vec!["bob".to_owned()],
        milestone: Some("1.0".to_owned()),
        about: None,
        excerpt: "It **crashes** on start:\n```\nsegmentation fault (core dumped)\n```".to_owned(),
        state_reason: None,
        opened_at: "2026-11-17T10:00:00Z".parse().expect("a time"),
        closed_at: None,
        old_title: None,
    }
}

/// An issue carol has just opened.
pub(crate) fn opened() -> IssueEvent {
    IssueEvent {
        actor: "carol".to_owned(),
        assignees: Vec::new(),
        milestone: None,
        opened_at: now(),
        ..issue("issues.opened")
    }
}

/// One that alice closed.
pub(crate) fn closed(reason: &str) -> IssueEvent {
    IssueEvent {
        state_reason: Some(reason.to_owned()),
        closed_at: Some(now()),
        ..issue("issues.closed")
    }
}

pub(crate) fn labelled(label: &str) -> IssueEvent {
    IssueEvent {
        about: Some(label.to_owned()),
        ..issue("issues.labeled")
    }
}

/// Everything strangers write is `text`.
pub(crate) fn written(name: &str, text: &str) -> IssueEvent {
    IssueEvent {
        title: text.to_owned(),
        actor: text.to_owned(),
        author: format!("{text}, too"),
        labels: vec![text.to_owned(); 3],
        assignees: vec![text.to_owned()],
        milestone: Some(text.to_owned()),
        about: Some(text.to_owned()),
        excerpt: excerpt(&format!("{text}\n# {text}\n- {text}\n1. {text}")),
        state_reason: Some(text.to_owned()),
        closed_at: Some(now()),
        old_title: (name == "issues.edited").then(|| text.to_owned()),
        ..issue(name)
    }
}

pub(crate) fn notices(issues: impl IntoIterator<Item = IssueEvent>) -> Vec<Notice> {
    let facts = issues.into_iter().map(|issue| Fact::Issue(Box::new(issue)));
    facts.map(notice).collect()
}

pub(crate) fn dead_letters(count: usize, reason: &str) -> Fact {
    Fact::DeadLetter(DeadLetters {
        channel: "team".to_owned(),
        count,
        reason: reason.to_owned(),
    })
}

/// Fourteen deliveries through a hook of `acme/app`'s, lost since 09:10.
pub(crate) fn failing() -> HookFailing {
    HookFailing {
        hook: "repo:acme/app:1".to_owned(),
        to: Some("hooks.example.org/webhook".to_owned()),
        since: at("09:10:00"),
        lost: 14,
        why: vec![("no answer".to_owned(), 12), ("500".to_owned(), 2)],
        down: false,
    }
}

/// The same, when none is waited for any more.
pub(crate) fn recovered() -> HookRecovered {
    HookRecovered {
        hook: "repo:acme/app:1".to_owned(),
        to: Some("hooks.example.org/webhook".to_owned()),
        since: at("09:10:00"),
        lost: 14,
        recovered: 13,
        given_up: 1,
    }
}

/// The edge is twelve hours away.
pub(crate) fn expiring(count: u32) -> Expiring {
    Expiring {
        hook: "repo:acme/app:1".to_owned(),
        count,
        first: "2026-11-21T01:20:00Z".parse().expect("a time"),
    }
}

/// One of the fourteen.
pub(crate) fn given_up(reason: GiveUp) -> GivenUpDelivery {
    GivenUpDelivery {
        hook: "repo:acme/app:1".to_owned(),
        guid: "72d3162e-cc78-11e3-81ab-4c9367dc0958".to_owned(),
        name: "issues.opened".to_owned(),
        delivered_at: at("09:10:00"),
        attempts: 5,
        reason,
    }
}

/// After every redelivery ended in `last`.
pub(crate) fn in_vain(last: &str) -> GiveUp {
    GiveUp::Attempts { last: last.to_owned() }
}

pub(crate) fn gap() -> Gap {
    Gap {
        hook: "repo:acme/app:1".to_owned(),
        from: "2026-11-14T09:10:00Z".parse().expect("a time"),
        to: "2026-11-17T13:20:00Z".parse().expect("a time"),
    }
}

pub(crate) fn hook_is(what: HookState) -> HookTrouble {
    HookTrouble {
        hook: "repo:acme/app:1".to_owned(),
        what,
    }
}

/// Three readings of its log failed.
pub(crate) fn unreadable(error: &str) -> HookState {
    HookState::Unreadable {
        failures: 3,
        since: at("12:50:00"),
        error: error.to_owned(),
    }
}

pub(crate) fn silent() -> SilentHook {
    SilentHook {
        hook: "repo:acme/app:1".to_owned(),
        pinged: at("13:08:00"),
    }
}

/// Everything there is to say of a hook, with `text` wherever there is text.
pub(crate) fn of_a_hook(text: &str) -> Vec<Fact> {
    let said = || text.to_owned();
    let failing = HookFailing {
        hook: said(),
        to: Some(said()),
        why: vec![(said(), 12); 7],
        ..failing()
    };
    let recovered = HookRecovered {
        hook: said(),
        to: Some(said()),
        ..recovered()
    };
    let expiring = Expiring {
        hook: said(),
        ..expiring(3)
    };
    let gap = Gap { hook: said(), ..gap() };
    let silent = SilentHook {
        hook: said(),
        ..silent()
    };
    let given_up = |reason| {
        Fact::RedeliveryGivenUp(GivenUpDelivery {
            hook: said(),
            guid: said(),
            name: said(),
            ..given_up(reason)
        })
    };
    let hook_is = |what| {
        Fact::RedeliveryHook(HookTrouble {
            hook: said(),
            ..hook_is(what)
        })
    };
    vec![
        Fact::RedeliveryFailing(failing.clone()),
        Fact::RedeliveryFailing(HookFailing { down: true, ..failing }),
        Fact::RedeliveryRecovered(recovered),
        Fact::RedeliveryExpiring(expiring),
        given_up(in_vain(text)),
        given_up(GiveUp::Refused { said: said() }),
        given_up(GiveUp::Conflict),
        given_up(GiveUp::WrongSecret),
        given_up(GiveUp::ByHand),
        given_up(GiveUp::TooOld),
        Fact::RedeliveryGap(gap),
        hook_is(unreadable(text)),
        hook_is(HookState::Readable { since: at("12:50:00") }),
        hook_is(HookState::Inactive),
        hook_is(HookState::Active),
        hook_is(HookState::Moved {
            to: said(),
            from: said(),
        }),
        Fact::RedeliverySilent(silent),
    ]
}

/// How the issues fared in a week; two wait for a response.
pub(crate) fn digest(text: &str) -> IssueDigest {
    let unanswered = |number, title: Option<&str>| UnansweredIssue {
        repository: text.to_owned(),
        number,
        url: format!("https://github.com/acme/app/issues/{number}"),
        title: title.map(str::to_owned),
        opened_at: at("12:00:00") - SignedDuration::from_hours(30 * 24),
    };
    IssueDigest {
        since: at("12:00:00") - SignedDuration::from_hours(7 * 24),
        opened: 12,
        closed: 9,
        open: 134,
        response: Some(Times {
            n: 10,
            p50_s: 3 * 3600,
            p90_s: 52 * 3600,
        }),
        close: Some(Times {
            n: 1,
            p50_s: 0,
            p90_s: 0,
        }),
        unanswered: vec![unanswered(4, Some(text)), unanswered(5, None)],
    }
}

/// One notice of every kind, with `text` wherever strangers choose the text.
pub(crate) fn every_kind(text: &str) -> Vec<Notice> {
    let builds = Builds {
        chroots: vec![chroot(text, 5, text), chroot("fedora-43-x86_64", 5, text)],
        ..builds(text)
    };
    let polls = Polls {
        error: text.to_owned(),
        ..polls()
    };
    let trouble = ChannelTrouble {
        channel: "team".to_owned(),
        reason: text.to_owned(),
    };
    let mut facts = vec![
        Fact::CoprBroken(builds.clone()),
        Fact::CoprBroken(source_failure(text)),
        Fact::CoprGrown(builds.clone()),
        Fact::CoprFailedAgain(builds.clone()),
        Fact::CoprReminder(builds.clone()),
        Fact::CoprRecovered(builds.clone()),
        Fact::CoprGone(builds),
        Fact::CoprUnreachable(polls.clone()),
        Fact::CoprReachable(polls),
        Fact::Issue(Box::new(written("issues.opened", text))),
        Fact::Issue(Box::new(written("issues.edited", text))),
        Fact::Issue(Box::new(written("issue_comment.created", text))),
    ];
    facts.extend(of_a_hook(text));
    facts.extend([dead_letters(2, text), Fact::Channel(trouble), Fact::Test]);
    facts.push(Fact::Digest(digest(text)));
    facts.into_iter().map(notice).collect()
}

/// So many packages with names of 100 characters, all broken, each in eight chroots.
pub(crate) fn mass_failure(packages: usize) -> Vec<Notice> {
    let names = ["a", "b", "c", "d", "e", "f", "g", "h"];
    (0..packages)
        .map(|i| {
            let chroots = names.map(|name| chroot(&format!("fedora-rawhide-{name}-x86_64"), 5, "2.3-1.20261120git"));
            let package = format!("{i:05}-{}", "long-".repeat(20));
            notice(Fact::CoprBroken(Builds {
                chroots: chroots.into(),
                ..builds(&package)
            }))
        })
        .collect()
}
