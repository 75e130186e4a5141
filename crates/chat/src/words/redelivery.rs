//! What is said of what becomes of a hook's deliveries. None has a link: the API names no page of a hook, and of an
//! Enterprise Server we do not know where its pages are.

use jiff::Timestamp;
use jiff::tz::Offset;

use super::language::{GivenUp, Hook, Way, Words};
use super::{lasted, name, reason, text};
use crate::message::{Detail, Line, Message, Span, Tone};
use crate::notice::{
    Expiring, Fact, Gap, GiveUp, GivenUpDelivery, HookFailing, HookRecovered, HookState, HookTrouble, Notice,
    SilentHook,
};
use crate::plain::plain_cut;

/// How many ways to fail are told apart.
const MAX_WAYS: usize = 5;
/// The longest a host may be.
const MAX_PLACE: usize = 200;

/// Deliveries of a hook fail.
pub(super) fn failing(words: &dyn Words, failing: &HookFailing) -> Message {
    let (first, others) = failing.why.split_at(failing.why.len().min(MAX_WAYS));
    let ways: Vec<_> = first.iter().map(|(why, count)| (way(words, why), *count)).collect();
    let otherwise = others.iter().fold(0, |sum: u32, (_, count)| sum.saturating_add(*count));
    let to = failing.to.as_deref().map(|to| place(words, to));
    let lost = words.lost(failing.lost, &moment(failing.since), &ways, otherwise, to.as_deref());
    Message {
        tone: Tone::Bad,
        title: words.failing(&hook_of(words, &failing.hook)),
        lines: lines([lost, words.redelivering(failing.down)]),
        ..Message::default()
    }
}

/// No lost delivery of a hook is waited for any more.
pub(super) fn recovered(words: &dyn Words, episode: &HookRecovered, at: Timestamp) -> Message {
    let HookRecovered {
        lost,
        recovered,
        given_up,
        ..
    } = *episode;
    let (hook, after) = (hook_of(words, &episode.hook), lasted(episode.since, at));
    // Those that were given up do not show that the receiver is well.
    let (tone, title) = if recovered > 0 {
        (Tone::Good, words.arrive_again(&hook, after))
    } else {
        (Tone::Warning, words.none_got_back(&hook, after))
    };
    let to = episode.to.as_deref().map(|to| place(words, to));
    Message {
        tone,
        title,
        lines: lines([words.got_back(lost, recovered, given_up, to.as_deref())]),
        ..Message::default()
    }
}

/// Some lost deliveries will soon be out of reach.
pub(super) fn expiring(words: &dyn Words, expiring: &Expiring, now: Timestamp) -> Message {
    let left = (expiring.first > now).then(|| lasted(now, expiring.first));
    Message {
        tone: Tone::Warning,
        title: words.expiring(expiring.count as usize, &hook_of(words, &expiring.hook)),
        lines: lines([
            words.redelivers_until(&moment(expiring.first), left),
            words.look_at_receiver().to_owned(),
        ]),
        ..Message::default()
    }
}

/// One delivery that was given up.
pub(super) fn given_up(words: &dyn Words, delivery: &GivenUpDelivery) -> Message {
    let guid = name(words, &delivery.guid);
    let what_to_do = if gone(delivery) {
        words.look_up(&guid)
    } else {
        words.retry(&guid)
    };
    Message {
        tone: Tone::Bad,
        title: words.given_up(&name(words, &delivery.name), &hook_of(words, &delivery.hook)),
        lines: lines([why(words, delivery), what_to_do]),
        details: vec![Detail {
            name: words.delivered(),
            value: moment(delivery.delivered_at),
        }],
        ..Message::default()
    }
}

/// Several deliveries of one hook that were given up: a line each, in order.
pub(super) fn all_given_up(words: &dyn Words, notices: &[Notice]) -> Message {
    let given_up: Vec<_> = notices
        .iter()
        .filter_map(|notice| match &notice.fact {
            Fact::RedeliveryGivenUp(delivery) => Some(delivery),
            _ => None,
        })
        .collect();
    let hook = given_up.first().map_or("", |delivery| &delivery.hook);
    let within_reach = given_up.iter().any(|delivery| !gone(delivery));
    // Lines are cut where there are many; the small print stays.
    let try_again = within_reach.then(|| Detail {
        name: words.try_again_with(),
        value: "copperbell redelivery retry GUID".to_owned(),
    });
    Message {
        tone: Tone::Bad,
        title: words.all_given_up(given_up.len(), &hook_of(words, hook)),
        lines: given_up.iter().map(|delivery| line(words, delivery)).collect(),
        details: try_again.into_iter().collect(),
        ..Message::default()
    }
}

/// One among many of its hook.
fn line(words: &dyn Words, delivery: &GivenUpDelivery) -> Line {
    let (guid, delivered) = (name(words, &delivery.guid), moment(delivery.delivered_at));
    vec![
        Span::Strong(name(words, &delivery.name)),
        text(words.given_up_line(&guid, &delivered, &why(words, delivery))),
    ]
}

/// Why it was given up.
fn why(words: &dyn Words, delivery: &GivenUpDelivery) -> String {
    words.why_given_up(&match &delivery.reason {
        GiveUp::Attempts { last } => GivenUp::Attempts(delivery.attempts as usize, way(words, last)),
        GiveUp::Refused { said } => GivenUp::Refused(reason(words, said)),
        GiveUp::Conflict => GivenUp::Conflict,
        GiveUp::WrongSecret => GivenUp::WrongSecret,
        GiveUp::ByHand => GivenUp::ByHand,
        GiveUp::TooOld => GivenUp::TooOld,
    })
}

/// Whether no attempt can get it back any more.
fn gone(delivery: &GivenUpDelivery) -> bool {
    delivery.reason == GiveUp::TooOld
}

/// Deliveries that nobody saw may be lost.
pub(super) fn gap(words: &dyn Words, gap: &Gap) -> Message {
    Message {
        tone: Tone::Warning,
        title: words.gap(&hook_of(words, &gap.hook)),
        lines: lines([
            words.not_read(&moment(gap.from), &moment(gap.to)),
            words.compare().to_owned(),
        ]),
        ..Message::default()
    }
}

/// A hook is no longer what it was, or its log cannot be read.
pub(super) fn hook(words: &dyn Words, trouble: &HookTrouble, at: Timestamp, now: Timestamp) -> Message {
    let hook = hook_of(words, &trouble.hook);
    let (tone, title, told) = match &trouble.what {
        HookState::Unreadable { failures, since, error } => (
            Tone::Warning,
            words.log_unreadable(&hook, *failures as usize),
            vec![reason(words, error), words.log_unreadable_since(lasted(*since, now))],
        ),
        HookState::Readable { since } => (
            Tone::Good,
            words.log_readable(&hook, lasted(*since, at)),
            vec![words.got_back_from_now().to_owned()],
        ),
        HookState::Blocked { error } => (
            Tone::Warning,
            words.blocked(&hook),
            vec![reason(words, error), words.they_wait().to_owned()],
        ),
        HookState::Inactive => (
            Tone::Bad,
            words.inactive(&hook),
            vec![words.lost_until_active().to_owned()],
        ),
        HookState::Active => (
            Tone::Good,
            words.active(&hook),
            vec![words.lost_while_inactive().to_owned()],
        ),
        HookState::Moved { to, from } => (
            Tone::Warning,
            words.moved(&hook),
            vec![
                words.moved_to(&place(words, to), &place(words, from)),
                words.check_settings().to_owned(),
            ],
        ),
    };
    Message {
        tone,
        title,
        lines: lines(told),
        ..Message::default()
    }
}

/// A ping did not arrive.
pub(super) fn silent(words: &dyn Words, silent: &SilentHook, now: Timestamp) -> Message {
    Message {
        tone: Tone::Warning,
        title: words.silent(&hook_of(words, &silent.hook)),
        lines: lines([words.pinged(lasted(silent.pinged, now)), words.check_reach().to_owned()]),
        ..Message::default()
    }
}

fn lines(lines: impl IntoIterator<Item = String>) -> Vec<Line> {
    lines.into_iter().map(|line| vec![text(line)]).collect()
}

fn hook_of(words: &dyn Words, hook: &str) -> Hook {
    if hook == "app" {
        Hook::App
    } else {
        Hook::Named(name(words, hook))
    }
}

/// How a delivery failed: `no answer`, or a status ("HTTP 500").
fn way(words: &dyn Words, failure: &str) -> Way {
    let said = reason(words, failure);
    if said == "no answer" {
        Way::NoAnswer
    } else if said.bytes().all(|byte| byte.is_ascii_digit()) {
        Way::Said(format!("HTTP {said}"))
    } else {
        Way::Said(said)
    }
}

fn place(words: &dyn Words, place: &str) -> String {
    let place = plain_cut(place, MAX_PLACE);
    if place.is_empty() {
        words.nowhere().to_owned()
    } else {
        place
    }
}

/// For looking it up in logs and at GitHub, the same in all languages: "2026-11-20 09:10 UTC". Without `strftime`, whose
/// code would be 30 KB of each function.
fn moment(at: Timestamp) -> String {
    let at = Offset::UTC.to_datetime(at);
    format!("{} {:02}:{:02} UTC", at.date(), at.hour(), at.minute())
}
