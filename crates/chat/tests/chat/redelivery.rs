//! Deliveries that were lost: the words for what becomes of them.

use chat::show::console;
use chat::{
    Fact, GiveUp, GivenUpDelivery, Group, HookFailing, HookRecovered, HookState, Language, Message, SilentHook,
    Subject, message,
};
use insta::assert_snapshot;
use jiff::Timestamp;

use crate::samples::{
    at, expiring, failing, gap, given_up, hook_is, in_vain, notice, now, of_a_hook, recovered, silent, unreadable,
};

pub(crate) fn told(facts: impl IntoIterator<Item = Fact>) -> Message {
    let notices: Vec<_> = facts.into_iter().map(notice).collect();
    message(&notices, Language::En, now())
}

pub(crate) fn said(fact: Fact) -> String {
    console::show(&told([fact]), false)
}

fn later(fact: Fact, now: Timestamp) -> String {
    console::show(&message(&[notice(fact)], Language::En, now), false)
}

/// So many deliveries of one hook, given up for all sorts of reasons.
pub(crate) fn many(count: usize) -> Vec<Fact> {
    let reasons = [
        in_vain("500"),
        in_vain("no answer"),
        GiveUp::Refused {
            said: "Delivery is too large".to_owned(),
        },
        GiveUp::Conflict,
        GiveUp::WrongSecret,
        GiveUp::ByHand,
        GiveUp::TooOld,
    ];
    let delivery = |(i, reason)| {
        Fact::RedeliveryGivenUp(GivenUpDelivery {
            guid: format!("{i:08x}-cc78-11e3-81ab-4c9367dc0958"),
            ..given_up(reason)
        })
    };
    (0..count).zip(reasons.into_iter().cycle()).map(delivery).collect()
}

#[test]
fn deliveries_that_fail() {
    assert_snapshot!(said(Fact::RedeliveryFailing(failing())), @"
    ✗ Deliveries of repo:acme/app:1 fail
      14 lost since 2026-11-20 09:10 UTC: 12 no answer, 2 HTTP 500 · to hooks.example.org/webhook
      redelivering goes on; please look at the receiver
    ");
}

#[test]
fn deliveries_to_a_receiver_that_is_down() {
    let down = HookFailing {
        down: true,
        ..failing()
    };
    assert_snapshot!(said(Fact::RedeliveryFailing(down)), @"
    ✗ Deliveries of repo:acme/app:1 fail
      14 lost since 2026-11-20 09:10 UTC: 12 no answer, 2 HTTP 500 · to hooks.example.org/webhook
      redelivering waits until one gets through; please look at the receiver
    ");
}

#[test]
fn deliveries_of_the_app_that_fail_in_many_ways_or_none_that_is_known() {
    let ways = ["no answer", "500", "502", "503", "404", "401", "301"];
    let many = HookFailing {
        hook: "app".to_owned(),
        to: None,
        why: ways.map(|way| (way.to_owned(), 2)).into(),
        ..failing()
    };
    assert_snapshot!(said(Fact::RedeliveryFailing(many)), @"
    ✗ Deliveries of the GitHub App fail
      14 lost since 2026-11-20 09:10 UTC: 2 no answer, 2 HTTP 500, 2 HTTP 502, 2 HTTP 503, 2 HTTP 404, 4 otherwise
      redelivering goes on; please look at the receiver
    ");
    let unknown = HookFailing {
        hook: "org:acme:5".to_owned(),
        why: Vec::new(),
        ..failing()
    };
    assert_snapshot!(said(Fact::RedeliveryFailing(unknown)), @"
    ✗ Deliveries of org:acme:5 fail
      14 lost since 2026-11-20 09:10 UTC · to hooks.example.org/webhook
      redelivering goes on; please look at the receiver
    ");
}

#[test]
fn deliveries_that_arrive_again() {
    assert_snapshot!(said(Fact::RedeliveryRecovered(recovered())), @"
    ✓ Deliveries of repo:acme/app:1 arrive again, after 4 h 10 min
      14 lost, 13 got back, 1 given up · to hooks.example.org/webhook
    ");
}

#[test]
fn deliveries_of_which_none_arrived_are_not_told_as_arriving() {
    let none = HookRecovered {
        recovered: 0,
        given_up: 14,
        ..recovered()
    };
    assert_snapshot!(said(Fact::RedeliveryRecovered(none)), @"
    ! No lost delivery of repo:acme/app:1 could be got back, after 4 h 10 min
      14 lost, 0 got back, 14 given up · to hooks.example.org/webhook
    ");
}

#[test]
fn deliveries_that_github_will_soon_not_redeliver() {
    assert_snapshot!(said(Fact::RedeliveryExpiring(expiring(3))), @"
    ! 3 deliveries of repo:acme/app:1 will soon be lost for good
      GitHub redelivers the first until 2026-11-21 01:20 UTC, 12 h from now
      please look at the receiver
    ");
    let (late, one) = ("2026-11-21T01:20:00Z".parse().expect("a time"), expiring(1));
    assert_snapshot!(later(Fact::RedeliveryExpiring(one), late), @"
    ! 1 delivery of repo:acme/app:1 will soon be lost for good
      GitHub redelivered the first until 2026-11-21 01:20 UTC
      please look at the receiver
      noticed 12 h ago
    ");
}

#[test]
fn a_delivery_that_was_given_up() {
    assert_snapshot!(said(Fact::RedeliveryGivenUp(given_up(in_vain("500")))), @"
    ✗ issues.opened of repo:acme/app:1 was given up
      5 attempts to get it back failed; last seen: HTTP 500
      copperbell redelivery retry 72d3162e-cc78-11e3-81ab-4c9367dc0958 tries again
      delivered 2026-11-20 09:10 UTC
    ");
}

#[test]
fn a_delivery_is_given_up_for_a_reason() {
    let deliveries = many(7).into_iter().chain([Fact::RedeliveryGivenUp(GivenUpDelivery {
        attempts: 1,
        ..given_up(in_vain("no answer"))
    })]);
    assert_snapshot!(deliveries.map(said).collect::<String>(), @"
    ✗ issues.opened of repo:acme/app:1 was given up
      5 attempts to get it back failed; last seen: HTTP 500
      copperbell redelivery retry 00000000-cc78-11e3-81ab-4c9367dc0958 tries again
      delivered 2026-11-20 09:10 UTC
    ✗ issues.opened of repo:acme/app:1 was given up
      5 attempts to get it back failed; last seen: no answer
      copperbell redelivery retry 00000001-cc78-11e3-81ab-4c9367dc0958 tries again
      delivered 2026-11-20 09:10 UTC
    ✗ issues.opened of repo:acme/app:1 was given up
      GitHub would not redeliver it: Delivery is too large
      copperbell redelivery retry 00000002-cc78-11e3-81ab-4c9367dc0958 tries again
      delivered 2026-11-20 09:10 UTC
    ✗ issues.opened of repo:acme/app:1 was given up
      the receiver answered HTTP 409: it has another delivery of this guid
      copperbell redelivery retry 00000003-cc78-11e3-81ab-4c9367dc0958 tries again
      delivered 2026-11-20 09:10 UTC
    ✗ issues.opened of repo:acme/app:1 was given up
      the receiver answered HTTP 401 though it was signed: its secret is not the hook's
      copperbell redelivery retry 00000004-cc78-11e3-81ab-4c9367dc0958 tries again
      delivered 2026-11-20 09:10 UTC
    ✗ issues.opened of repo:acme/app:1 was given up
      somebody redelivered it by hand and that failed; whether it ever arrived is no longer in GitHub's log
      copperbell redelivery retry 00000005-cc78-11e3-81ab-4c9367dc0958 tries again
      delivered 2026-11-20 09:10 UTC
    ✗ issues.opened of repo:acme/app:1 was given up
      GitHub no longer redelivers it: it is too old
      its guid is 00000006-cc78-11e3-81ab-4c9367dc0958; please look up at GitHub what it told
      delivered 2026-11-20 09:10 UTC
    ✗ issues.opened of repo:acme/app:1 was given up
      1 attempt to get it back failed; last seen: no answer
      copperbell redelivery retry 72d3162e-cc78-11e3-81ab-4c9367dc0958 tries again
      delivered 2026-11-20 09:10 UTC
    ");
}

#[test]
fn deliveries_of_one_hook_that_were_given_up_are_a_list() {
    assert_snapshot!(console::show(&told(many(7)), false), @"
    ✗ 7 deliveries of repo:acme/app:1 were given up
      issues.opened 00000000-cc78-11e3-81ab-4c9367dc0958, delivered 2026-11-20 09:10 UTC: 5 attempts to get it back failed; last seen: HTTP 500
      issues.opened 00000001-cc78-11e3-81ab-4c9367dc0958, delivered 2026-11-20 09:10 UTC: 5 attempts to get it back failed; last seen: no answer
      issues.opened 00000002-cc78-11e3-81ab-4c9367dc0958, delivered 2026-11-20 09:10 UTC: GitHub would not redeliver it: Delivery is too large
      issues.opened 00000003-cc78-11e3-81ab-4c9367dc0958, delivered 2026-11-20 09:10 UTC: the receiver answered HTTP 409: it has another delivery of this guid
      issues.opened 00000004-cc78-11e3-81ab-4c9367dc0958, delivered 2026-11-20 09:10 UTC: the receiver answered HTTP 401 though it was signed: its secret is not the hook's
      issues.opened 00000005-cc78-11e3-81ab-4c9367dc0958, delivered 2026-11-20 09:10 UTC: somebody redelivered it by hand and that failed; whether it ever arrived is no longer in GitHub's log
      issues.opened 00000006-cc78-11e3-81ab-4c9367dc0958, delivered 2026-11-20 09:10 UTC: GitHub no longer redelivers it: it is too old
      try again with copperbell redelivery retry GUID
    ");
}

#[test]
fn deliveries_that_no_attempt_gets_back_are_not_to_be_tried_again() {
    let too_old = ["1", "2"].map(|guid| {
        Fact::RedeliveryGivenUp(GivenUpDelivery {
            guid: guid.to_owned(),
            name: "push".to_owned(),
            ..given_up(GiveUp::TooOld)
        })
    });
    assert_snapshot!(console::show(&told(too_old), false), @"
    ✗ 2 deliveries of repo:acme/app:1 were given up
      push 1, delivered 2026-11-20 09:10 UTC: GitHub no longer redelivers it: it is too old
      push 2, delivered 2026-11-20 09:10 UTC: GitHub no longer redelivers it: it is too old
    ");
}

#[test]
fn deliveries_that_nobody_saw() {
    assert_snapshot!(said(Fact::RedeliveryGap(gap())), @"
    ! Deliveries of repo:acme/app:1 may be lost unseen
      the delivery log was not read from 2026-11-14 09:10 UTC to 2026-11-17 13:20 UTC, and no longer goes back that far
      please compare what arrived in that time with what happened at GitHub
    ");
}

#[test]
fn a_hook_that_is_no_longer_what_it_was() {
    let moved = HookState::Moved {
        to: "hooks.example.org/new".to_owned(),
        from: "hooks.example.org/webhook".to_owned(),
    };
    let states = [
        unreadable("GitHub answered HTTP 404: Not Found"),
        HookState::Readable { since: at("12:50:00") },
        HookState::Inactive,
        HookState::Active,
        moved,
    ];
    let states = states.map(|what| said(Fact::RedeliveryHook(hook_is(what))));
    assert_snapshot!(states.concat(), @"
    ! The delivery log of repo:acme/app:1 could not be read, 3 times in a row
      GitHub answered HTTP 404: Not Found
      first failed 30 min ago; lost deliveries are not seen until a reading succeeds
    ✓ The delivery log of repo:acme/app:1 can be read again, after 30 min
      what was lost meanwhile is got back from now on
    ✗ GitHub delivers nothing for repo:acme/app:1
      the hook was made inactive: what happens until it is active is lost for good
    ✓ GitHub delivers again for repo:acme/app:1
      the hook is active again; what happened while it was not is lost for good
    ! Deliveries of repo:acme/app:1 go elsewhere
      to hooks.example.org/new, no longer to hooks.example.org/webhook
      if nobody meant that, please look at the hook's settings
    ");
}

#[test]
fn a_hook_whose_ping_did_not_arrive() {
    assert_snapshot!(said(Fact::RedeliverySilent(silent())), @"
    ! A ping of repo:acme/app:1 did not arrive
      GitHub was asked for it 12 min ago; its other deliveries may not arrive either
      please check that the hook's URL reaches Copperbell, and that Copperbell has the hook's secret
    ");
    let app = SilentHook {
        hook: "app".to_owned(),
        ..silent()
    };
    assert_snapshot!(said(Fact::RedeliverySilent(app)), @"
    ! A ping of the GitHub App did not arrive
      GitHub was asked for it 12 min ago; its other deliveries may not arrive either
      please check that the hook's URL reaches Copperbell, and that Copperbell has the hook's secret
    ");
}

#[test]
fn given_up_deliveries_are_grouped_by_hook_when_there_are_many_and_nothing_else_of_a_hook_is() {
    for fact in of_a_hook("app") {
        let group = notice(fact.clone()).group();
        if matches!(fact, Fact::RedeliveryGivenUp(_)) {
            assert_eq!(group, Some(Group::GivenUp("app".to_owned())));
        } else {
            assert_eq!(group, None, "{fact:?}");
        }
    }
    assert_eq!(Group::GivenUp("app".to_owned()).smallest(), 6);
}

#[test]
fn filters_know_the_repository_of_a_hook_that_has_one() {
    for (hook, repository) in [
        ("repo:acme/app:1", Some("acme/app")),
        ("org:acme:5", None),
        ("app", None),
        ("", None),
        ("repo:", None),
        ("repo::", Some("")),
    ] {
        for fact in of_a_hook(hook) {
            let notice = notice(fact);
            assert_eq!(notice.subject(), Subject::Hook { repository }, "{}", notice.event());
        }
    }
}
