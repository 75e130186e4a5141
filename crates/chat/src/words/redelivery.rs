//! The words for what becomes of a hook's deliveries. None has a link: the API names no page of a hook, and of an
//! Enterprise Server we do not know where its pages are.

use jiff::Timestamp;

use super::{counted, lasted, name, reason, text};
use crate::message::{Detail, Line, Message, Span, Tone};
use crate::notice::{
    Expiring, Fact, Gap, GiveUp, GivenUpDelivery, HookFailing, HookRecovered, HookState, HookTrouble, Notice,
    SilentHook,
};
use crate::plain::plain_cut;

/// How many ways to fail are told apart.
const MAX_WAYS: usize = 5;
/// The longest a host and path may be.
const MAX_PLACE: usize = 200;

/// Deliveries of a hook fail.
pub(super) fn failing(failing: &HookFailing) -> Message {
    let since = moment(failing.since);
    let mut line = format!("{} lost since {since}", failing.lost);
    let ways = ways(&failing.why);
    if !ways.is_empty() {
        line += ": ";
        line += &ways;
    }
    line += &to(failing.to.as_deref());
    let next = if failing.down {
        "waits until one gets through"
    } else {
        "goes on"
    };
    Message {
        tone: Tone::Bad,
        title: format!("Deliveries of {} fail", of(&failing.hook)),
        lines: lines([line, format!("redelivering {next}; please look at the receiver")]),
        ..Message::default()
    }
}

/// No lost delivery of a hook is waited for any more.
pub(super) fn recovered(episode: &HookRecovered, at: Timestamp) -> Message {
    let HookRecovered {
        lost,
        recovered,
        given_up,
        ..
    } = episode;
    let (hook, after) = (of(&episode.hook), lasted(episode.since, at));
    // Those that were given up do not show that the receiver is well.
    let (tone, title) = if *recovered > 0 {
        (Tone::Good, format!("Deliveries of {hook} arrive again, after {after}"))
    } else {
        (
            Tone::Warning,
            format!("No lost delivery of {hook} could be got back, after {after}"),
        )
    };
    let to = to(episode.to.as_deref());
    Message {
        tone,
        title,
        lines: lines([format!("{lost} lost, {recovered} got back, {given_up} given up{to}")]),
        ..Message::default()
    }
}

/// Some lost deliveries will soon be out of reach.
pub(super) fn expiring(expiring: &Expiring, now: Timestamp) -> Message {
    let first = moment(expiring.first);
    let until = if expiring.first > now {
        let left = lasted(now, expiring.first);
        format!("GitHub redelivers the first until {first}, {left} from now")
    } else {
        format!("GitHub redelivered the first until {first}")
    };
    Message {
        tone: Tone::Warning,
        title: format!(
            "{} of {} will soon be lost for good",
            deliveries(expiring.count as usize),
            of(&expiring.hook)
        ),
        lines: lines([until, "please look at the receiver".to_owned()]),
        ..Message::default()
    }
}

/// One delivery that was given up.
pub(super) fn given_up(delivery: &GivenUpDelivery) -> Message {
    let guid = name(&delivery.guid);
    let what_to_do = if gone(delivery) {
        format!("its guid is {guid}; please look up at GitHub what it told")
    } else {
        format!("copperbell redelivery retry {guid} tries again")
    };
    Message {
        tone: Tone::Bad,
        title: format!("{} of {} was given up", name(&delivery.name), of(&delivery.hook)),
        lines: lines([why(delivery), what_to_do]),
        details: vec![Detail {
            name: "delivered",
            value: moment(delivery.delivered_at),
        }],
        ..Message::default()
    }
}

/// Several deliveries of one hook that were given up: a line each, in order.
pub(super) fn all_given_up(notices: &[Notice]) -> Message {
    let given_up: Vec<_> = notices
        .iter()
        .filter_map(|notice| match &notice.fact {
            Fact::RedeliveryGivenUp(delivery) => Some(delivery),
            _ => None,
        })
        .collect();
    let hook = given_up.first().map_or_else(String::new, |delivery| of(&delivery.hook));
    let within_reach = given_up.iter().any(|delivery| !gone(delivery));
    // Lines are cut where there are many; the small print stays.
    let try_again = within_reach.then(|| Detail {
        name: "try again with",
        value: "copperbell redelivery retry GUID".to_owned(),
    });
    Message {
        tone: Tone::Bad,
        title: format!("{} of {hook} were given up", deliveries(given_up.len())),
        lines: given_up.iter().map(|delivery| line(delivery)).collect(),
        details: try_again.into_iter().collect(),
        ..Message::default()
    }
}

/// One among many of its hook.
fn line(delivery: &GivenUpDelivery) -> Line {
    let (guid, delivered) = (name(&delivery.guid), moment(delivery.delivered_at));
    vec![
        Span::Strong(name(&delivery.name)),
        text(format!(" {guid}, delivered {delivered}: {}", why(delivery))),
    ]
}

/// Why it was given up.
fn why(delivery: &GivenUpDelivery) -> String {
    match &delivery.reason {
        GiveUp::Attempts { last } => {
            let attempts = counted(delivery.attempts as usize, "attempt");
            format!("{attempts} to get it back failed; last seen: {}", way(last))
        }
        GiveUp::Refused { said } => format!("GitHub would not redeliver it: {}", reason(said)),
        GiveUp::Conflict => "the receiver answered HTTP 409: it has another delivery of this guid".to_owned(),
        GiveUp::WrongSecret => {
            "the receiver answered HTTP 401 though it was signed: its secret is not the hook's".to_owned()
        }
        GiveUp::ByHand => "somebody redelivered it by hand and that failed; whether it ever arrived is no longer in \
                           GitHub's log"
            .to_owned(),
        GiveUp::TooOld => "GitHub no longer redelivers it: it is too old".to_owned(),
    }
}

/// Whether no attempt can get it back any more.
fn gone(delivery: &GivenUpDelivery) -> bool {
    delivery.reason == GiveUp::TooOld
}

/// Deliveries that nobody saw may be lost.
pub(super) fn gap(gap: &Gap) -> Message {
    let (from, to) = (moment(gap.from), moment(gap.to));
    Message {
        tone: Tone::Warning,
        title: format!("Deliveries of {} may be lost unseen", of(&gap.hook)),
        lines: lines([
            format!("the delivery log was not read from {from} to {to}, and no longer goes back that far"),
            "please compare what arrived in that time with what happened at GitHub".to_owned(),
        ]),
        ..Message::default()
    }
}

/// A hook is no longer what it was, or its log cannot be read.
pub(super) fn hook(trouble: &HookTrouble, at: Timestamp, now: Timestamp) -> Message {
    let hook = of(&trouble.hook);
    let (tone, title, told) = match &trouble.what {
        HookState::Unreadable { failures, since, error } => {
            let times = counted(*failures as usize, "time");
            let since = lasted(*since, now);
            (
                Tone::Warning,
                format!("The delivery log of {hook} could not be read, {times} in a row"),
                vec![
                    reason(error),
                    format!("first failed {since} ago; lost deliveries are not seen until a reading succeeds"),
                ],
            )
        }
        HookState::Readable { since } => {
            let after = lasted(*since, at);
            (
                Tone::Good,
                format!("The delivery log of {hook} can be read again, after {after}"),
                vec!["what was lost meanwhile is got back from now on".to_owned()],
            )
        }
        HookState::Blocked { error } => (
            Tone::Warning,
            format!("Lost deliveries of {hook} cannot be got back"),
            vec![reason(error), "they wait until that is mended".to_owned()],
        ),
        HookState::Inactive => (
            Tone::Bad,
            format!("GitHub delivers nothing for {hook}"),
            vec!["the hook was made inactive: what happens until it is active is lost for good".to_owned()],
        ),
        HookState::Active => (
            Tone::Good,
            format!("GitHub delivers again for {hook}"),
            vec!["the hook is active again; what happened while it was not is lost for good".to_owned()],
        ),
        HookState::Moved { to, from } => (
            Tone::Warning,
            format!("Deliveries of {hook} go elsewhere"),
            vec![
                format!("to {}, no longer to {}", place(to), place(from)),
                "if nobody meant that, please look at the hook's settings".to_owned(),
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
pub(super) fn silent(silent: &SilentHook, now: Timestamp) -> Message {
    let sent = lasted(silent.pinged, now);
    Message {
        tone: Tone::Warning,
        title: format!("A ping of {} did not arrive", of(&silent.hook)),
        lines: lines([
            format!("GitHub was asked for it {sent} ago; its other deliveries may not arrive either"),
            "please check that the hook's URL reaches Copperbell, and that Copperbell has the hook's secret".to_owned(),
        ]),
        ..Message::default()
    }
}

fn lines(lines: impl IntoIterator<Item = String>) -> Vec<Line> {
    lines.into_iter().map(|line| vec![text(line)]).collect()
}

/// The hook, as it follows "of".
fn of(hook: &str) -> String {
    if hook == "app" {
        "the GitHub App".to_owned()
    } else {
        name(hook)
    }
}

/// "12 no answer, 2 HTTP 500, 3 otherwise"
fn ways(why: &[(String, u32)]) -> String {
    let (first, others) = why.split_at(why.len().min(MAX_WAYS));
    let mut ways: Vec<_> = first
        .iter()
        .map(|(why, count)| format!("{count} {}", way(why)))
        .collect();
    let others = others.iter().fold(0, |sum: u32, (_, count)| sum.saturating_add(*count));
    if others > 0 {
        ways.push(format!("{others} otherwise"));
    }
    ways.join(", ")
}

/// How a delivery failed: "no answer", "HTTP 500".
fn way(failure: &str) -> String {
    let failure = reason(failure);
    let is_status = failure.bytes().all(|byte| byte.is_ascii_digit());
    if is_status { format!("HTTP {failure}") } else { failure }
}

/// " · to hooks.example.org/webhook"
fn to(to: Option<&str>) -> String {
    to.map_or_else(String::new, |to| format!(" · to {}", place(to)))
}

fn place(place: &str) -> String {
    let place = plain_cut(place, MAX_PLACE);
    if place.is_empty() { "nowhere".to_owned() } else { place }
}

fn deliveries(count: usize) -> String {
    if count == 1 {
        "1 delivery".to_owned()
    } else {
        format!("{count} deliveries")
    }
}

/// For looking it up in logs and at GitHub: "2026-11-20 09:10 UTC".
fn moment(at: Timestamp) -> String {
    at.strftime("%F %H:%M UTC").to_string()
}
