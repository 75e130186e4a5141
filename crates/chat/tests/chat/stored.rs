//! Notices as the outbox keeps them.

use chat::{Builds, Fact, GiveUp, HookFailing, HookState, IssueEvent, MAX_STORED, Notice};
use insta::assert_snapshot;

use crate::samples::{
    builds, chroot, every_kind, expiring, failing, gap, given_up, hook_is, in_vain, issue, notice, notices, opened,
    recovered, silent, unreadable,
};

#[test]
fn every_kind_of_notice_is_read_back_as_it_was() {
    for notice in every_kind("be\"ta\\ 日本語 \u{1b}") {
        let stored = notice.to_stored();
        assert!(
            stored.starts_with(r#"{"v":1,"at":"2026-11-20T13:20:00Z","event":""#),
            "{stored}"
        );
        let named = if matches!(notice.fact, Fact::Issue(_)) {
            "name"
        } else {
            "event"
        };
        assert!(
            stored.contains(&format!(r#""{named}":"{}""#, notice.event())),
            "{stored}"
        );
        assert_eq!(Notice::from_stored(&stored).as_ref(), Some(&notice));
    }
}

#[test]
fn what_this_version_cannot_read_is_left_for_one_that_can() {
    let stored = notice(Fact::CoprBroken(builds("beta"))).to_stored();
    for unreadable in [
        &stored.replace(r#""v":1"#, r#""v":2"#),
        &stored.replace("copr.broken", "copr.exploded"),
        &stored.replace(r#""package":"beta","#, ""),
        &stored[..100],
        "null",
        "",
    ] {
        assert_eq!(Notice::from_stored(unreadable), None, "{unreadable}");
    }
    let newer = stored.replace(r#""package":"#, r#""colour":"red","package":"#);
    assert!(Notice::from_stored(&newer).is_some());
}

#[test]
fn five_thousand_chroots_are_cut_to_size_and_counted() {
    let many = |name: fn(u64) -> String| {
        let chroots = (0..5_000).map(|i| chroot(&name(i), i, "2.3-1")).collect();
        notice(Fact::CoprBroken(Builds {
            chroots,
            ..builds("beta")
        }))
    };
    for notice in [
        many(|i| format!("fedora-{i}-x86_64")),
        many(|i| format!("{i}{}", "\u{1}".repeat(5_000))),
    ] {
        let stored = notice.to_stored();
        assert!(
            (MAX_STORED / 4..=MAX_STORED).contains(&stored.len()),
            "{}",
            stored.len()
        );
        let Some(Fact::CoprBroken(read)) = Notice::from_stored(&stored).map(|notice| notice.fact) else {
            panic!("is read as another fact");
        };
        assert!(!read.chroots.is_empty());
        assert_eq!(read.chroots.len() + read.more_chroots, 5_000);
    }
}

#[test]
fn long_texts_are_cut_to_size() {
    for notice in every_kind(&"\u{1}\"😀".repeat(10_000)) {
        assert!(notice.to_stored().len() <= MAX_STORED);
        assert!(Notice::from_stored(&notice.to_stored()).is_some());
    }
}

#[test]
fn an_issue_event_is_stored_under_one_tag_with_its_name_beside_it() {
    let stored = notices([opened()])[0].to_stored();
    assert_snapshot!(stored, @r#"{"v":1,"at":"2026-11-20T13:20:00Z","event":"issue","name":"issues.opened","repository":"acme/app","repository_url":"https://github.example/acme/app","number":12,"title":"Crash on start","url":"https://github.example/acme/app/issues/12","actor":"carol","author":"carol","labels":["bug","needs triage"],"excerpt":"It **crashes** on start:\n```\nsegmentation fault (core dumped)\n```","opened_at":"2026-11-20T13:20:00Z"}"#);
}

#[test]
fn an_issue_event_of_the_future_is_read() {
    let stored = notices([issue("issues.frobnicated")])[0].to_stored();
    let read = Notice::from_stored(&stored).expect("a notice");
    assert_eq!(read.event(), "issues.frobnicated");
}

#[test]
fn an_issue_with_too_much_of_everything_is_cut_to_size() {
    for text in ["\u{1}", "\"", "😀", "x"] {
        let long = || text.repeat(10_000);
        let url = || format!("https://github.example/{}", text.repeat(100));
        let issue = IssueEvent {
            name: format!("issues.{}", long()),
            repository: long(),
            repository_url: url(),
            title: long(),
            url: url(),
            actor: long(),
            author: long(),
            labels: vec![long(); 100],
            assignees: vec![long(); 100],
            milestone: Some(long()),
            about: Some(long()),
            excerpt: long(),
            state_reason: Some(long()),
            old_title: Some(long()),
            ..issue("")
        };
        let stored = notices([issue])[0].to_stored();
        assert!(stored.len() <= MAX_STORED, "{} bytes", stored.len());
        let Some(Fact::Issue(read)) = Notice::from_stored(&stored).map(|notice| notice.fact) else {
            panic!("is read as another fact");
        };
        assert_eq!(read.title.chars().count(), 256);
    }
}

#[test]
fn what_is_said_of_a_hook_is_stored_as_it_is_named_in_settings() {
    let refused = GiveUp::Refused {
        said: "Not Found".to_owned(),
    };
    let moved = HookState::Moved {
        to: "hooks.example.org/new".to_owned(),
        from: "hooks.example.org/webhook".to_owned(),
    };
    let facts = [
        Fact::RedeliveryFailing(failing()),
        Fact::RedeliveryRecovered(recovered()),
        Fact::RedeliveryExpiring(expiring(3)),
        Fact::RedeliveryGivenUp(given_up(in_vain("500"))),
        Fact::RedeliveryGivenUp(given_up(refused)),
        Fact::RedeliveryGivenUp(given_up(GiveUp::WrongSecret)),
        Fact::RedeliveryGap(gap()),
        Fact::RedeliveryHook(hook_is(unreadable("GitHub answered HTTP 502"))),
        Fact::RedeliveryHook(hook_is(moved)),
        Fact::RedeliveryHook(hook_is(HookState::Inactive)),
        Fact::RedeliverySilent(silent()),
    ];
    let stored = facts.map(|fact| notice(fact).to_stored());
    assert_snapshot!(stored.join("\n"), @r#"
    {"v":1,"at":"2026-11-20T13:20:00Z","event":"redelivery.failing","hook":"repo:acme/app:1","to":"hooks.example.org/webhook","since":"2026-11-20T09:10:00Z","lost":14,"why":[["no answer",12],["500",2]],"down":false}
    {"v":1,"at":"2026-11-20T13:20:00Z","event":"redelivery.recovered","hook":"repo:acme/app:1","to":"hooks.example.org/webhook","since":"2026-11-20T09:10:00Z","lost":14,"recovered":13,"given_up":1}
    {"v":1,"at":"2026-11-20T13:20:00Z","event":"redelivery.expiring","hook":"repo:acme/app:1","count":3,"first":"2026-11-21T01:20:00Z"}
    {"v":1,"at":"2026-11-20T13:20:00Z","event":"redelivery.given_up","hook":"repo:acme/app:1","guid":"72d3162e-cc78-11e3-81ab-4c9367dc0958","name":"issues.opened","delivered_at":"2026-11-20T09:10:00Z","attempts":5,"reason":{"attempts":{"last":"500"}}}
    {"v":1,"at":"2026-11-20T13:20:00Z","event":"redelivery.given_up","hook":"repo:acme/app:1","guid":"72d3162e-cc78-11e3-81ab-4c9367dc0958","name":"issues.opened","delivered_at":"2026-11-20T09:10:00Z","attempts":5,"reason":{"refused":{"said":"Not Found"}}}
    {"v":1,"at":"2026-11-20T13:20:00Z","event":"redelivery.given_up","hook":"repo:acme/app:1","guid":"72d3162e-cc78-11e3-81ab-4c9367dc0958","name":"issues.opened","delivered_at":"2026-11-20T09:10:00Z","attempts":5,"reason":"wrong_secret"}
    {"v":1,"at":"2026-11-20T13:20:00Z","event":"redelivery.gap","hook":"repo:acme/app:1","from":"2026-11-14T09:10:00Z","to":"2026-11-17T13:20:00Z"}
    {"v":1,"at":"2026-11-20T13:20:00Z","event":"redelivery.hook","hook":"repo:acme/app:1","what":{"unreadable":{"failures":3,"since":"2026-11-20T12:50:00Z","error":"GitHub answered HTTP 502"}}}
    {"v":1,"at":"2026-11-20T13:20:00Z","event":"redelivery.hook","hook":"repo:acme/app:1","what":{"moved":{"to":"hooks.example.org/new","from":"hooks.example.org/webhook"}}}
    {"v":1,"at":"2026-11-20T13:20:00Z","event":"redelivery.hook","hook":"repo:acme/app:1","what":"inactive"}
    {"v":1,"at":"2026-11-20T13:20:00Z","event":"redelivery.silent","hook":"repo:acme/app:1","pinged":"2026-11-20T13:08:00Z"}
    "#);
}

#[test]
fn ten_thousand_ways_to_fail_are_cut_to_the_most_frequent() {
    let why: Vec<_> = (0..10_000).map(|i| (format!("{i} \u{1}"), 10_000 - i)).collect();
    let stored = notice(Fact::RedeliveryFailing(HookFailing {
        why: why.clone(),
        ..failing()
    }))
    .to_stored();
    assert!(
        (MAX_STORED / 4..=MAX_STORED).contains(&stored.len()),
        "{}",
        stored.len()
    );
    let Some(Fact::RedeliveryFailing(read)) = Notice::from_stored(&stored).map(|notice| notice.fact) else {
        panic!("is read as another fact");
    };
    assert!(why.starts_with(&read.why) && !read.why.is_empty());
}
