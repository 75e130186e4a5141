//! The words: everything Copperbell says, in this one place. What there is to say is here and in `copr`, `issue`,
//! `redelivery` and `digest`; how it is said is in `en`, `zh` and `ru`.
//!
//! Text from outside passes [`plain`](crate::plain) here, and URLs [`link`], so a [`Message`] holds nothing else.

mod copr;
mod digest;
mod en;
mod issue;
mod language;
mod plural;
mod redelivery;
mod ru;
mod zh;

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use url::Url;

pub use language::{Language, UnknownLanguage};

use crate::message::{Detail, Line, Link, Message, Span, Tone};
use crate::notice::{ChannelTrouble, DeadLetters, Fact, Group, Notice};
use crate::plain::plain_cut;
use copr::Change;
use language::{Dead, Lasted, Words};

/// The longest a name in a title may be, so that what happened to it is still seen.
const MAX_NAME: usize = 64;
/// A link beyond this (characters) is no link: no page we know needs it, and a chat's limit is for words.
const MAX_URL: usize = 1000;
/// When is a message so late that it says so?
const LATE: SignedDuration = SignedDuration::from_mins(15);

/// Puts notices into the words of a language: one, or those of one [`Group`] in the order they were accepted. All lines
/// are there; each channel cuts at its own limit. `now` is what "ago" is counted from.
#[must_use]
pub fn message(notices: &[Notice], language: Language, now: Timestamp) -> Message {
    let words = language.words();
    let group = notices.first().and_then(Notice::group);
    let together = notices.iter().all(|notice| notice.group() == group);
    let mut message = match (notices, group) {
        ([notice], _) => one(words, notice, now),
        (_, Some(Group::Project(_))) if together => copr::project(words, notices),
        (_, Some(Group::Repository(_))) if together => issue::repository(words, notices),
        (_, Some(Group::GivenUp(_))) if together => redelivery::all_given_up(words, notices),
        (_, Some(Group::DeadLetters(_))) if together => dead_letters(words, notices),
        _ => list(words, notices, now),
    };
    message.language = language;
    if let Some(oldest) = notices.iter().map(|notice| notice.at).min()
        && now.duration_since(oldest) > LATE
    {
        let (name, value) = words.noticed(lasted(oldest, now));
        message.details.push(Detail { name, value });
    }
    message
}

/// One notice.
fn one(words: &dyn Words, notice: &Notice, now: Timestamp) -> Message {
    let at = notice.at;
    match &notice.fact {
        Fact::CoprBroken(builds) => copr::package(words, Change::Broken, builds, at),
        Fact::CoprGrown(builds) => copr::package(words, Change::Grown, builds, at),
        Fact::CoprFailedAgain(builds) => copr::package(words, Change::FailedAgain, builds, at),
        Fact::CoprReminder(builds) => copr::package(words, Change::StillFails, builds, at),
        Fact::CoprRecovered(builds) => copr::package(words, Change::Recovered, builds, at),
        Fact::CoprGone(builds) => copr::package(words, Change::Gone, builds, at),
        Fact::CoprUnreachable(polls) => copr::unreachable(words, polls, now),
        Fact::CoprReachable(polls) => copr::reachable(words, polls, at),
        Fact::Issue(issue) => issue::one(words, issue),
        Fact::RedeliveryFailing(failing) => redelivery::failing(words, failing),
        Fact::RedeliveryRecovered(recovered) => redelivery::recovered(words, recovered, at),
        Fact::RedeliveryExpiring(expiring) => redelivery::expiring(words, expiring, now),
        Fact::RedeliveryGivenUp(delivery) => redelivery::given_up(words, delivery),
        Fact::RedeliveryGap(gap) => redelivery::gap(words, gap),
        Fact::RedeliveryHook(trouble) => redelivery::hook(words, trouble, at, now),
        Fact::RedeliverySilent(silent) => redelivery::silent(words, silent, now),
        Fact::DeadLetter(_) => dead_letters(words, std::slice::from_ref(notice)),
        Fact::Channel(trouble) => channel(words, trouble),
        Fact::Digest(issues) => digest::digest(words, issues, at),
        Fact::Test => test(words),
    }
}

fn channel(words: &dyn Words, trouble: &ChannelTrouble) -> Message {
    Message {
        tone: Tone::Warning,
        title: words.channel(&name(words, &trouble.channel)),
        lines: vec![
            vec![text(reason(words, &trouble.reason))],
            vec![text(words.channel_waits())],
        ],
        ..Message::default()
    }
}

/// Somebody tries the bell.
fn test(words: &dyn Words) -> Message {
    Message {
        tone: Tone::Neutral,
        title: words.test().to_owned(),
        lines: vec![vec![text(words.test_of())]],
        ..Message::default()
    }
}

/// Dead letters of one channel: a line per reason.
fn dead_letters(words: &dyn Words, notices: &[Notice]) -> Message {
    let dead = || {
        notices.iter().filter_map(|notice| match &notice.fact {
            Fact::DeadLetter(dead) => Some(dead),
            _ => None,
        })
    };
    let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
    for letters in dead() {
        let sum = reasons.entry(reason(words, &letters.reason)).or_default();
        *sum = sum.saturating_add(letters.count);
    }
    let count = reasons.values().fold(0, |sum: usize, count| sum.saturating_add(*count));
    let channel = dead()
        .next()
        .map_or_else(String::new, |dead| name(words, &dead.channel));
    let alone = reasons.len() == 1;
    let mut lines: Vec<Line> = reasons
        .into_iter()
        .map(|(reason, count)| {
            let why = why_dead(words, reason);
            vec![text(if alone { why } else { words.dead_of(count, &why) })]
        })
        .collect();
    lines.push(vec![text(words.kept())]);
    Message {
        tone: Tone::Bad,
        title: words.dead_letters(count, &channel),
        lines,
        ..Message::default()
    }
}

/// Why notices were given up: our own reasons in words, a channel's as it said them.
fn why_dead(words: &dyn Words, why: String) -> String {
    let waited = why.strip_prefix(DeadLetters::WAITED);
    let dead = match waited.map(|rest| rest.strip_prefix(DeadLetters::LAST_ERROR)) {
        Some(Some(error)) => Dead::Waited(Some(error.to_owned())),
        _ if waited == Some("") => Dead::Waited(None),
        _ if why == DeadLetters::NOT_NAMED => Dead::NotNamed,
        _ => Dead::Said(why),
    };
    words.dead_reason(&dead)
}

/// Notices that share nothing: a line each.
fn list(words: &dyn Words, notices: &[Notice], now: Timestamp) -> Message {
    Message {
        tone: Tone::Neutral,
        title: words.notices(notices.len()),
        lines: notices
            .iter()
            .map(|notice| vec![text(one(words, notice, now).title)])
            .collect(),
        ..Message::default()
    }
}

fn text(text: impl Into<String>) -> Span {
    Span::Text(text.into())
}

/// A name from outside.
fn name(words: &dyn Words, text: &str) -> String {
    let name = plain_cut(text, MAX_NAME);
    if name.is_empty() {
        words.no_name().to_owned()
    } else {
        name
    }
}

/// A reason from outside.
fn reason(words: &dyn Words, text: &str) -> String {
    let reason = plain_cut(text, 400);
    if reason.is_empty() {
        words.no_reason().to_owned()
    } else {
        reason
    }
}

/// A link, if `url` is http or https and of a reasonable length.
fn link(text: &str, url: &str) -> Option<Link> {
    let url = Url::parse(url).ok()?;
    let ours = matches!(url.scheme(), "http" | "https") && url.as_str().len() <= MAX_URL;
    ours.then(|| Link {
        text: text.to_owned(),
        url: url.into(),
    })
}

/// How long it was from `since` to `until`.
fn lasted(since: Timestamp, until: Timestamp) -> Lasted {
    let minutes = until.duration_since(since).as_mins();
    let (hours, rest) = (minutes / 60, minutes % 60);
    match (hours, rest) {
        _ if minutes < 1 => Lasted::Moments,
        (0, _) => Lasted::Minutes(minutes),
        (..24, _) => Lasted::Hours(hours, rest),
        (..48, _) => Lasted::Hours(hours, 0),
        _ => Lasted::Days(hours / 24),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_said_as_people_say_them() {
        let since = Timestamp::UNIX_EPOCH;
        for (seconds, en, zh, ru) in [
            (-5, "less than a minute", "不到 1 分钟", "меньше минуты"),
            (59, "less than a minute", "不到 1 分钟", "меньше минуты"),
            (60, "1 min", "1 分钟", "1 мин"),
            (3_599, "59 min", "59 分钟", "59 мин"),
            (3_600, "1 h", "1 小时", "1 ч"),
            (7_500, "2 h 5 min", "2 小时 5 分钟", "2 ч 5 мин"),
            (12_000, "3 h 20 min", "3 小时 20 分钟", "3 ч 20 мин"),
            (86_399, "23 h 59 min", "23 小时 59 分钟", "23 ч 59 мин"),
            (86_400, "24 h", "24 小时", "24 ч"),
            (172_799, "47 h", "47 小时", "47 ч"),
            (172_800, "2 days", "2 天", "2 дня"),
            (3 * 86_400 + 3_599, "3 days", "3 天", "3 дня"),
            (11 * 86_400, "11 days", "11 天", "11 дней"),
            (21 * 86_400, "21 days", "21 天", "21 день"),
        ] {
            let lasted = lasted(since, since + SignedDuration::from_secs(seconds));
            for (language, expected) in Language::ALL.into_iter().zip([en, zh, ru]) {
                assert_eq!(language.words().lasted(lasted), expected);
            }
        }
    }

    #[test]
    fn only_http_and_https_make_links() {
        for (url, expected) in [
            (
                "https://copr.example/coprs/build/5",
                Some("https://copr.example/coprs/build/5"),
            ),
            ("http://copr.example", Some("http://copr.example/")),
            (
                "https://copr.example/a b\u{202e}\"<>",
                Some("https://copr.example/a%20b%E2%80%AE%22%3C%3E"),
            ),
            ("javascript:alert(1)", None),
            ("data:text/html,hi", None),
            ("/coprs/build/5", None),
            ("", None),
            (&format!("https://copr.example/{}", "x".repeat(MAX_URL)), None),
        ] {
            assert_eq!(link("log", url).map(|link| link.url).as_deref(), expected, "{url}");
        }
    }
}
