//! Whatever strangers write, every channel takes what is said of it.

use chat::show::console;
use chat::{
    Builds, ChannelTrouble, DeadLetters, Expiring, Fact, FailingChroot, Gap, GiveUp, GivenUpDelivery, HookFailing,
    HookRecovered, HookState, HookTrouble, IssueEvent, Language, Notice, Polls, SilentHook, Subject, message,
};
use jiff::Timestamp;
use proptest::option;
use proptest::prelude::*;

use crate::bodies::{json_body, valid_everywhere};
use crate::samples::{HOSTILE, HOSTILE_TITLE};

/// Any text: a stranger's, of all planes, with what chats and terminals read as more than text.
fn text() -> BoxedStrategy<String> {
    prop_oneof![
        any::<String>(),
        "[<>&*_~`@#|:\\\\\"' a\u{1b}\u{7}\n\r\u{202e}\u{200b}]{0,200}",
        Just(HOSTILE.to_owned()),
        Just(HOSTILE_TITLE.to_owned()),
        "\\PC{0,2000}",
    ]
    .boxed()
}

fn url() -> BoxedStrategy<String> {
    prop_oneof![
        text(),
        text().prop_map(|text| format!("https://copr.example/{text}")),
        Just("https://copr.example/coprs/build/5".to_owned()),
    ]
    .boxed()
}

fn any_language() -> impl Strategy<Value = Language> {
    proptest::sample::select(&Language::ALL)
}

fn moment() -> impl Strategy<Value = Timestamp> {
    let (first, last) = (Timestamp::MIN.as_second(), Timestamp::MAX.as_second());
    (first..=last).prop_map(|second| Timestamp::from_second(second).expect("in range"))
}

prop_compose! {
    fn any_chroot()(name in text(), build_id: u64, version in option::of(text()),
                    log_url in option::of(url()), canceled: bool) -> FailingChroot {
        FailingChroot { name, build_id, version, log_url, canceled }
    }
}

prop_compose! {
    fn any_builds()(project in prop_oneof![Just("alice/demo".to_owned()), text()], project_url in url(), package in text(),
                    build_id: u64, build_url in url(), since in moment(), source: bool,
                    chroots in proptest::collection::vec(any_chroot(), 0..5), more_chroots: usize) -> Builds {
        Builds { project, project_url, package, build_id, build_url, since, source, chroots, more_chroots }
    }
}

prop_compose! {
    fn any_polls()(project in text(), project_url in url(), failures: u32, since in moment(), error in text()) -> Polls {
        Polls { project, project_url, failures, since, error }
    }
}

fn any_issue_name() -> impl Strategy<Value = String> {
    prop_oneof![
        "(issues|issue_comment)\\.(opened|closed|edited|labeled|assigned|created|deleted|transferred)",
        text(),
    ]
}

prop_compose! {
    fn any_issue()(
        (name, repository, repository_url) in (any_issue_name(), prop_oneof![Just("acme/app".to_owned()), text()], url()),
        (number, title, url, is_pr, is_bot) in (any::<u64>(), text(), url(), any::<bool>(), any::<bool>()),
        (actor, author, excerpt) in (text(), text(), text()),
        labels in proptest::collection::vec(text(), 0..4),
        assignees in proptest::collection::vec(text(), 0..2),
        (milestone, about, state_reason, old_title) in
            (option::of(text()), option::of(text()), option::of(text()), option::of(text())),
        (opened_at, closed_at) in (moment(), option::of(moment())),
    ) -> IssueEvent {
        IssueEvent {
            name, repository, repository_url, number, title, url, is_pr, actor, is_bot, author, labels, assignees,
            milestone, about, excerpt, state_reason, opened_at, closed_at, old_title,
        }
    }
}

prop_compose! {
    fn any_failing()(hook in text(), to in option::of(text()), since in moment(), lost: u32,
                     why in proptest::collection::vec((text(), any::<u32>()), 0..8), down: bool) -> HookFailing {
        HookFailing { hook, to, since, lost, why, down }
    }
}

prop_compose! {
    fn any_recovered()(hook in text(), to in option::of(text()), since in moment(),
                       lost: u32, recovered: u32, given_up: u32) -> HookRecovered {
        HookRecovered { hook, to, since, lost, recovered, given_up }
    }
}

prop_compose! {
    fn any_expiring()(hook in text(), count: u32, first in moment()) -> Expiring {
        Expiring { hook, count, first }
    }
}

fn any_reason() -> impl Strategy<Value = GiveUp> {
    prop_oneof![
        text().prop_map(|last| GiveUp::Attempts { last }),
        text().prop_map(|said| GiveUp::Refused { said }),
        Just(GiveUp::Conflict),
        Just(GiveUp::WrongSecret),
        Just(GiveUp::ByHand),
        Just(GiveUp::TooOld),
    ]
}

prop_compose! {
    fn any_given_up()(hook in text(), guid in text(), name in text(), delivered_at in moment(), attempts: u32,
                      reason in any_reason()) -> GivenUpDelivery {
        GivenUpDelivery { hook, guid, name, delivered_at, attempts, reason }
    }
}

prop_compose! {
    fn any_gap()(hook in text(), from in moment(), to in moment()) -> Gap {
        Gap { hook, from, to }
    }
}

fn any_state() -> impl Strategy<Value = HookState> {
    prop_oneof![
        (any::<u32>(), moment(), text()).prop_map(|(failures, since, error)| HookState::Unreadable {
            failures,
            since,
            error
        }),
        moment().prop_map(|since| HookState::Readable { since }),
        text().prop_map(|error| HookState::Blocked { error }),
        Just(HookState::Inactive),
        Just(HookState::Active),
        (text(), text()).prop_map(|(to, from)| HookState::Moved { to, from }),
    ]
}

/// Anything said of a hook.
fn any_of_a_hook() -> impl Strategy<Value = Fact> {
    let hook_is = (text(), any_state()).prop_map(|(hook, what)| HookTrouble { hook, what });
    let silent = (text(), moment()).prop_map(|(hook, pinged)| SilentHook { hook, pinged });
    prop_oneof![
        any_failing().prop_map(Fact::RedeliveryFailing),
        any_recovered().prop_map(Fact::RedeliveryRecovered),
        any_expiring().prop_map(Fact::RedeliveryExpiring),
        any_given_up().prop_map(Fact::RedeliveryGivenUp),
        any_gap().prop_map(Fact::RedeliveryGap),
        hook_is.prop_map(Fact::RedeliveryHook),
        silent.prop_map(Fact::RedeliverySilent),
    ]
}

prop_compose! {
    fn any_dead()(channel in text(), count: usize, reason in text()) -> DeadLetters {
        DeadLetters { channel, count, reason }
    }
}

prop_compose! {
    fn any_trouble()(channel in text(), reason in text()) -> ChannelTrouble {
        ChannelTrouble { channel, reason }
    }
}

fn any_fact() -> impl Strategy<Value = Fact> {
    prop_oneof![
        any_builds().prop_map(Fact::CoprBroken).boxed(),
        any_builds().prop_map(Fact::CoprGrown).boxed(),
        any_builds().prop_map(Fact::CoprFailedAgain).boxed(),
        any_builds().prop_map(Fact::CoprReminder).boxed(),
        any_builds().prop_map(Fact::CoprRecovered).boxed(),
        any_builds().prop_map(Fact::CoprGone).boxed(),
        any_polls().prop_map(Fact::CoprUnreachable).boxed(),
        any_polls().prop_map(Fact::CoprReachable).boxed(),
        any_issue().prop_map(|issue| Fact::Issue(Box::new(issue))).boxed(),
        any_of_a_hook().boxed(),
        any_dead().prop_map(Fact::DeadLetter).boxed(),
        any_trouble().prop_map(Fact::Channel).boxed(),
    ]
}

fn any_given_up_deliveries() -> impl Strategy<Value = Vec<Notice>> {
    let deliveries = proptest::collection::vec((moment(), any_given_up()), 2..4);
    deliveries.prop_map(|deliveries| {
        let of_one = |(at, delivery)| {
            let hook = "app".to_owned();
            Notice::new(at, Fact::RedeliveryGivenUp(GivenUpDelivery { hook, ..delivery }))
        };
        deliveries.into_iter().map(of_one).collect()
    })
}

fn any_issues() -> impl Strategy<Value = Vec<Notice>> {
    let issues = proptest::collection::vec((moment(), any_issue()), 1..4);
    issues.prop_map(|issues| {
        let of_one = |(at, issue)| {
            let repository = "acme/app".to_owned();
            Notice::new(at, Fact::Issue(Box::new(IssueEvent { repository, ..issue })))
        };
        issues.into_iter().map(of_one).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_anywhere_is_taken_by_every_channel(
        notices in proptest::collection::vec((moment(), any_fact()), 1..6),
        now in moment(),
        language in any_language(),
    ) {
        let notices: Vec<_> = notices.into_iter().map(|(at, fact)| Notice::new(at, fact)).collect();
        for notices in [&notices[..], &notices[..1]] {
            let message = message(notices, language, now);
            valid_everywhere(&message);
            json_body(&message, notices);
            let of_github = |notice: &&Notice| matches!(notice.subject(), Subject::Issue { .. } | Subject::Hook { .. });
            for notice in notices.iter().filter(of_github) {
                prop_assert!(notice.to_stored().len() <= chat::MAX_STORED);
            }
            let shown = console::show(&message, false);
            prop_assert!(shown.chars().all(|c| c == '\n' || !c.is_control()));
            prop_assert!(shown.lines().count() <= 112);
        }
    }

    #[test]
    fn any_text_in_a_repositorys_issues_is_taken_by_every_channel(
        notices in any_issues(),
        now in moment(),
        language in any_language(),
    ) {
        let message = message(&notices, language, now);
        valid_everywhere(&message);
        json_body(&message, &notices);
    }

    #[test]
    fn any_text_in_a_hooks_given_up_deliveries_is_taken_by_every_channel(
        notices in any_given_up_deliveries(),
        now in moment(),
        language in any_language(),
    ) {
        let message = message(&notices, language, now);
        valid_everywhere(&message);
        json_body(&message, &notices);
    }
}
