//! The words, as a terminal shows them: what packagers read.

use chat::{Builds, Fact, FailingChroot, Language, Notice, Polls, message};
use insta::assert_snapshot;
use jiff::SignedDuration;

use crate::samples::{at, builds, chroot, dead_letters, digest, mass_failure, notice, now, polls, source_failure};

fn said(facts: impl IntoIterator<Item = Fact>) -> String {
    let notices: Vec<_> = facts.into_iter().map(notice).collect();
    chat::show::console::show(&message(&notices, Language::En, now()), false)
}

#[test]
fn a_package_that_broke() {
    assert_snapshot!(said([Fact::CoprBroken(builds("beta"))]), @"
    ✗ beta fails to build in alice/demo
      fedora-43-aarch64, fedora-43-x86_64 · 2.3-1 · build 5 (https://copr.example/coprs/build/5) · log (https://download.copr.example/results/alice/demo/fedora-43-aarch64/00000005-beta/builder-live.log.gz)
    ");
}

#[test]
fn a_package_whose_source_package_broke() {
    assert_snapshot!(said([Fact::CoprBroken(source_failure("beta"))]), @"
    ✗ beta fails to build in alice/demo
      source package (SRPM) · build 6 (https://copr.example/coprs/build/6)
    ");
}

#[test]
fn a_package_that_broke_in_several_builds() {
    let mut several = builds("beta");
    several.chroots.push(FailingChroot {
        canceled: true,
        ..chroot("epel-10-x86_64", 4, "2.2-7")
    });
    several.chroots.push(FailingChroot {
        log_url: None,
        ..chroot("epel-9-x86_64", 4, "2.2-7")
    });
    several
        .chroots
        .extend((0..15).map(|i| chroot(&format!("mageia-{i:02}-x86_64"), 3, "2.2-7")));
    several.more_chroots = 40;
    assert_snapshot!(said([Fact::CoprBroken(several)]), @"
    ✗ beta fails to build in alice/demo
      fedora-43-aarch64, fedora-43-x86_64 · 2.3-1 · build 5 (https://copr.example/coprs/build/5) · log (https://download.copr.example/results/alice/demo/fedora-43-aarch64/00000005-beta/builder-live.log.gz)
      epel-10-x86_64 (rebuild canceled), epel-9-x86_64 · 2.2-7 · build 4 (https://copr.example/coprs/build/4) · log (https://download.copr.example/results/alice/demo/epel-10-x86_64/00000004-beta/builder-live.log.gz)
      mageia-00-x86_64, mageia-01-x86_64, mageia-02-x86_64, mageia-03-x86_64, mageia-04-x86_64, mageia-05-x86_64, mageia-06-x86_64, mageia-07-x86_64, mageia-08-x86_64, mageia-09-x86_64, mageia-10-x86_64, mageia-11-x86_64, 3 more · 2.2-7 · build 3 (https://copr.example/coprs/build/3) · log (https://download.copr.example/results/alice/demo/mageia-00-x86_64/00000003-beta/builder-live.log.gz)
      and 40 more chroots
    ");
}

#[test]
fn a_package_that_fails_in_more_chroots() {
    assert_snapshot!(said([Fact::CoprGrown(builds("beta"))]), @"
    ✗ beta fails in more chroots in alice/demo
      fedora-43-aarch64, fedora-43-x86_64 · 2.3-1 · build 5 (https://copr.example/coprs/build/5) · log (https://download.copr.example/results/alice/demo/fedora-43-aarch64/00000005-beta/builder-live.log.gz)
      failing for 3 h 20 min
    ");
}

#[test]
fn a_package_that_failed_again() {
    assert_snapshot!(said([Fact::CoprFailedAgain(builds("beta"))]), @"
    ✗ beta failed again in alice/demo
      fedora-43-aarch64, fedora-43-x86_64 · 2.3-1 · build 5 (https://copr.example/coprs/build/5) · log (https://download.copr.example/results/alice/demo/fedora-43-aarch64/00000005-beta/builder-live.log.gz)
      failing for 3 h 20 min
    ");
}

#[test]
fn a_package_that_still_fails() {
    let old = Builds {
        since: now() - SignedDuration::from_hours(80),
        ..builds("beta")
    };
    assert_snapshot!(said([Fact::CoprReminder(old)]), @"
    ! beta still fails in alice/demo, after 3 days
      fedora-43-aarch64, fedora-43-x86_64 · 2.3-1 · build 5 (https://copr.example/coprs/build/5) · log (https://download.copr.example/results/alice/demo/fedora-43-aarch64/00000005-beta/builder-live.log.gz)
    ");
}

#[test]
fn a_package_that_builds_again() {
    assert_snapshot!(said([Fact::CoprRecovered(builds("beta"))]), @"
    ✓ beta builds again in alice/demo, after 3 h 20 min
      had failed: fedora-43-aarch64, fedora-43-x86_64 · 2.3-1 · build 5 (https://copr.example/coprs/build/5) · log (https://download.copr.example/results/alice/demo/fedora-43-aarch64/00000005-beta/builder-live.log.gz)
      project monitor (https://copr.example/coprs/alice/demo/monitor/)
    ");
}

#[test]
fn a_package_that_is_gone() {
    assert_snapshot!(said([Fact::CoprGone(builds("beta"))]), @"
    · beta has no failing build left in alice/demo
      gone: fedora-43-aarch64, fedora-43-x86_64 · 2.3-1 · build 5 (https://copr.example/coprs/build/5) · log (https://download.copr.example/results/alice/demo/fedora-43-aarch64/00000005-beta/builder-live.log.gz)
      failed for 3 h 20 min until it was deleted, disabled or skipped
      project monitor (https://copr.example/coprs/alice/demo/monitor/)
    ");
}

#[test]
fn a_project_that_cannot_be_polled() {
    assert_snapshot!(said([Fact::CoprUnreachable(polls())]), @"
    ! alice/demo could not be polled, 3 times in a row
      Copr answered HTTP 502
      first failed 30 min ago; nothing is said of its builds until a poll succeeds
      project monitor (https://copr.example/coprs/alice/demo/monitor/)
    ");
}

#[test]
fn a_project_that_can_be_polled_again() {
    let long = Polls {
        since: at("11:00:00"),
        failures: 17,
        ..polls()
    };
    assert_snapshot!(said([Fact::CoprReachable(long)]), @"
    ✓ alice/demo can be polled again, after 2 h 20 min
      17 polls had failed, the last one with: Copr answered HTTP 502
      project monitor (https://copr.example/coprs/alice/demo/monitor/)
    ");
}

#[test]
fn notices_that_were_given_up() {
    assert_snapshot!(said([dead_letters(1, "answered HTTP 400: invalid_payload")]), @"
    ✗ 1 notice for channel team was given up
      answered HTTP 400: invalid_payload
      kept as dead letters: copperbell outbox list
    ");
}

#[test]
fn notices_that_were_given_up_for_several_reasons() {
    let given_up = [
        dead_letters(12, "waited for 3 days"),
        dead_letters(1, "answered HTTP 400: invalid_payload"),
        dead_letters(4, "waited for 3 days"),
    ];
    assert_snapshot!(said(given_up), @"
    ✗ 17 notices for channel team were given up
      1 notice: answered HTTP 400: invalid_payload
      16 notices: waited for 3 days
      kept as dead letters: copperbell outbox list
    ");
}

#[test]
fn a_channel_that_refuses() {
    let trouble = chat::ChannelTrouble {
        channel: "team".to_owned(),
        reason: "answered HTTP 404: no_service".to_owned(),
    };
    assert_snapshot!(said([Fact::Test]), @"
    · The bell rings here
      a test, by copperbell doctor; nothing has happened
    ");
    assert_snapshot!(said([Fact::Channel(trouble)]), @"
    ! Channel team takes no messages
      answered HTTP 404: no_service
      its notices wait for a while; please look at its settings
    ");
}

#[test]
fn the_issues_of_a_week() {
    assert_snapshot!(said([Fact::Digest(digest("acme/app"))]), @"
    · Issues of the last 7 days: 12 new, 9 closed, 134 open
      first response: half within 3 h, nine of ten within 2 days (10 issues)
      closed as completed: half within less than a minute, nine of ten within less than a minute (1 issue)
      longest without a response:
      acme/app#4 (https://github.com/acme/app/issues/4) acme/app · 30 days
      acme/app#5 (https://github.com/acme/app/issues/5) · 30 days
    ");
    let quiet = chat::IssueDigest {
        opened: 0,
        closed: 0,
        response: None,
        close: None,
        unanswered: Vec::new(),
        ..digest("acme/app")
    };
    assert_snapshot!(said([Fact::Digest(quiet)]), @"· Issues of the last 7 days: 0 new, 0 closed, 134 open");
}

#[test]
fn a_project_whose_packages_broke() {
    let broke = ["gamma", "alpha", "beta"].map(|package| Fact::CoprBroken(builds(package)));
    assert_snapshot!(said(broke), @"
    ✗ 3 packages broke in alice/demo
      alpha fails: fedora-43-aarch64, fedora-43-x86_64 · 2.3-1 · build 5 (https://copr.example/coprs/build/5) · log (https://download.copr.example/results/alice/demo/fedora-43-aarch64/00000005-beta/builder-live.log.gz)
      beta fails: fedora-43-aarch64, fedora-43-x86_64 · 2.3-1 · build 5 (https://copr.example/coprs/build/5) · log (https://download.copr.example/results/alice/demo/fedora-43-aarch64/00000005-beta/builder-live.log.gz)
      gamma fails: fedora-43-aarch64, fedora-43-x86_64 · 2.3-1 · build 5 (https://copr.example/coprs/build/5) · log (https://download.copr.example/results/alice/demo/fedora-43-aarch64/00000005-beta/builder-live.log.gz)
      project monitor (https://copr.example/coprs/alice/demo/monitor/)
    ");
}

#[test]
fn a_project_where_all_sorts_of_things_happened() {
    let facts = [
        Fact::CoprRecovered(builds("recovered")),
        Fact::CoprBroken(builds("broke-first")),
        Fact::CoprBroken(source_failure("broke-too")),
        Fact::CoprGrown(builds("grew")),
        Fact::CoprFailedAgain(builds("failed-again")),
        Fact::CoprFailedAgain(builds("failed-again-too")),
        Fact::CoprReminder(builds("still-fails")),
        Fact::CoprGone(builds("gone")),
        Fact::CoprBroken(builds("broke-and-recovered")),
        Fact::CoprRecovered(builds("broke-and-recovered")),
    ];
    assert_snapshot!(said(facts), @"
    ✗ 2 broke, 1 fails in more chroots, 2 failed again, 1 still fails, 2 recovered, 1 has no failing build left in alice/demo
      broke-first fails: fedora-43-aarch64, fedora-43-x86_64 · 2.3-1 · build 5 (https://copr.example/coprs/build/5) · log (https://download.copr.example/results/alice/demo/fedora-43-aarch64/00000005-beta/builder-live.log.gz)
      broke-too fails: source package (SRPM) · build 6 (https://copr.example/coprs/build/6)
      grew fails in more chroots: fedora-43-aarch64, fedora-43-x86_64 · 2.3-1 · build 5 (https://copr.example/coprs/build/5) · log (https://download.copr.example/results/alice/demo/fedora-43-aarch64/00000005-beta/builder-live.log.gz)
      failed-again failed again: fedora-43-aarch64, fedora-43-x86_64 · 2.3-1 · build 5 (https://copr.example/coprs/build/5) · log (https://download.copr.example/results/alice/demo/fedora-43-aarch64/00000005-beta/builder-live.log.gz)
      failed-again-too failed again: fedora-43-aarch64, fedora-43-x86_64 · 2.3-1 · build 5 (https://copr.example/coprs/build/5) · log (https://download.copr.example/results/alice/demo/fedora-43-aarch64/00000005-beta/builder-live.log.gz)
      still-fails still fails, after 3 h 20 min: fedora-43-aarch64, fedora-43-x86_64 · 2.3-1 · build 5 (https://copr.example/coprs/build/5) · log (https://download.copr.example/results/alice/demo/fedora-43-aarch64/00000005-beta/builder-live.log.gz)
      broke-and-recovered fails: fedora-43-aarch64, fedora-43-x86_64 · 2.3-1 · build 5 (https://copr.example/coprs/build/5) · log (https://download.copr.example/results/alice/demo/fedora-43-aarch64/00000005-beta/builder-live.log.gz); then builds again, after 3 h 20 min
      recovered builds again, after 3 h 20 min
      gone has no failing build left, after 3 h 20 min
      project monitor (https://copr.example/coprs/alice/demo/monitor/)
    ");
}

#[test]
fn several_facts_of_one_package() {
    let mut facts = vec![Fact::CoprBroken(builds("beta"))];
    facts.extend((6..12).map(|id| {
        let chroots = vec![
            chroot("fedora-43-x86_64", id, "2.3-1"),
            chroot("epel-10-x86_64", 5, "2.3-1"),
            chroot("epel-9-x86_64", 4, "2.3-1"),
        ];
        Fact::CoprFailedAgain(Builds {
            build_id: id,
            build_url: format!("https://copr.example/coprs/build/{id}"),
            chroots,
            more_chroots: 2,
            ..builds("beta")
        })
    }));
    assert_snapshot!(said(facts), @"
    ✗ beta fails to build in alice/demo
      beta fails: fedora-43-aarch64, fedora-43-x86_64 · 2.3-1 · build 5 (https://copr.example/coprs/build/5) · log (https://download.copr.example/results/alice/demo/fedora-43-aarch64/00000005-beta/builder-live.log.gz); … 3 more …; then failed again: fedora-43-x86_64 · 2.3-1 · build 9 (https://copr.example/coprs/build/9) · log (https://download.copr.example/results/alice/demo/fedora-43-x86_64/00000009-beta/builder-live.log.gz); epel-10-x86_64 · 2.3-1 · build 5 (https://copr.example/coprs/build/5) · log (https://download.copr.example/results/alice/demo/epel-10-x86_64/00000005-beta/builder-live.log.gz); and 3 more chroots; then failed again: fedora-43-x86_64 · 2.3-1 · build 10 (https://copr.example/coprs/build/10) · log (https://download.copr.example/results/alice/demo/fedora-43-x86_64/00000010-beta/builder-live.log.gz); epel-10-x86_64 · 2.3-1 · build 5 (https://copr.example/coprs/build/5) · log (https://download.copr.example/results/alice/demo/epel-10-x86_64/00000005-beta/builder-live.log.gz); and 3 more chroots; then failed again: fedora-43-x86_64 · 2.3-1 · build 11 (https://copr.example/coprs/build/11) · log (https://download.copr.example/results/alice/demo/fedora-43-x86_64/00000011-beta/builder-live.log.gz); epel-10-x86_64 · 2.3-1 · build 5 (https://copr.example/coprs/build/5) · log (https://download.copr.example/results/alice/demo/epel-10-x86_64/00000005-beta/builder-live.log.gz); and 3 more chroots
      project monitor (https://copr.example/coprs/alice/demo/monitor/)
    ");
}

#[test]
fn packages_whose_chroots_are_not_known() {
    let unknown = |package| Builds {
        chroots: Vec::new(),
        more_chroots: 3,
        ..builds(package)
    };
    assert_snapshot!(said([Fact::CoprBroken(unknown("beta"))]), @"
    ✗ beta fails to build in alice/demo
      and 3 more chroots
      build 5 (https://copr.example/coprs/build/5)
    ");
    assert_snapshot!(said([Fact::CoprBroken(unknown("beta")), Fact::CoprBroken(unknown("gamma"))]), @"
    ✗ 2 packages broke in alice/demo
      beta fails: build 5 (https://copr.example/coprs/build/5); and 3 more chroots
      gamma fails: build 5 (https://copr.example/coprs/build/5); and 3 more chroots
      project monitor (https://copr.example/coprs/alice/demo/monitor/)
    ");
}

#[test]
fn what_is_told_late_says_so() {
    let polls = Polls {
        since: at("07:15:00"),
        ..polls()
    };
    let early = Notice::new(at("08:00:00"), Fact::CoprReachable(polls));
    let shown = chat::show::console::show(&message(&[early], Language::En, now()), false);
    assert_snapshot!(shown, @"
    ✓ alice/demo can be polled again, after 45 min
      3 polls had failed, the last one with: Copr answered HTTP 502
      noticed 5 h 20 min ago
      project monitor (https://copr.example/coprs/alice/demo/monitor/)
    ");
}

#[test]
fn notices_that_share_nothing_are_a_list() {
    let other = Builds {
        project: "bob/other".to_owned(),
        ..builds("beta")
    };
    assert_snapshot!(said([Fact::CoprBroken(builds("alpha")), Fact::CoprBroken(other), Fact::CoprUnreachable(polls())]), @"
    · 3 notices
      alpha fails to build in alice/demo
      beta fails to build in bob/other
      alice/demo could not be polled, 3 times in a row
    ");
    assert_snapshot!(said([]), @"· 0 notices");
}

#[test]
fn a_mass_failure_is_one_title_and_all_its_lines() {
    let message = message(&mass_failure(5_000), Language::En, now());
    assert_snapshot!(message.title, @"5000 packages broke in alice/demo");
    assert_eq!(message.lines.len(), 5_000);
}

#[test]
fn colour_is_for_the_title_and_only_where_asked_for() {
    let message = message(&[notice(Fact::CoprReachable(polls()))], Language::En, now());
    let plain = chat::show::console::show(&message, false);
    let coloured = chat::show::console::show(&message, true);
    assert!(!plain.contains('\u{1b}'));
    assert_snapshot!(coloured.lines().next().unwrap_or_default().escape_debug(), @r#"\u{1b}[1;32m✓ alice/demo can be polled again, after 30 min\u{1b}[0m"#);
    assert_eq!(coloured.matches('\u{1b}').count(), 2);
}
