//! Notices as the outbox keeps them.

use chat::{Builds, Fact, MAX_STORED, Notice};

use crate::samples::{builds, chroot, every_kind, notice};

#[test]
fn every_kind_of_notice_is_read_back_as_it_was() {
    for notice in every_kind("be\"ta\\ 日本語 \u{1b}") {
        let stored = notice.to_stored();
        assert!(
            stored.starts_with(r#"{"v":1,"at":"2026-11-20T13:20:00Z","event":""#),
            "{stored}"
        );
        assert!(stored.contains(&format!(r#""event":"{}""#, notice.event())), "{stored}");
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
