//! Notices as the outbox keeps them.

use chat::{Builds, Fact, IssueEvent, MAX_STORED, Notice};
use insta::assert_snapshot;

use crate::samples::{builds, chroot, every_kind, issue, notice, notices, opened};

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
