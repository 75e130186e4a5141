//! What a channel's answer means: was the message taken, and if not, is it the message, the channel, or the hour?

mod discord;
mod feishu;
mod ntfy;
mod slack;
mod teams;

use std::time::Duration;

use http::HeaderMap;
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;

use crate::channel::Kind;
use crate::plain::{plain, plain_cut};

/// The longest rest a channel may ask for. More is a mistake, or would outlive the notices that wait.
const MAX_REST: Duration = Duration::from_hours(24);

/// What became of a message. Reasons are one short line, free of secrets, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The channel has it.
    Taken,
    /// The channel did not take it, and would have taken no other: it rests and is tried again.
    ChannelFailed {
        /// Time alone does not mend it: the webhook is revoked, the signature is wrong, ….
        permanent: bool,
        /// How long the channel asks to be left alone; a day at most.
        retry_after: Option<Duration>,
        /// It answered, and the answer blames neither the channel nor the message (5xx, garbage): enough of these in
        /// a row count against the message.
        answered: bool,
        /// What it said, or what went wrong.
        reason: String,
    },
    /// The channel takes messages, but never this one.
    MessageRefused {
        /// What it said.
        reason: String,
    },
}

/// Reads the answer of a channel of `kind`. `now` is what a `Retry-After` with a date is counted from.
#[must_use]
pub fn verdict(kind: Kind, status: u16, headers: &HeaderMap, body: &[u8], now: Timestamp) -> Verdict {
    match kind {
        Kind::Slack => slack::slack(status, headers, body, now),
        Kind::Feishu => feishu::feishu(status, headers, body, now),
        Kind::Discord => discord::discord(status, headers, body, now),
        Kind::Teams => teams::teams(status, headers, body, now),
        Kind::Ntfy => ntfy::ntfy(status, headers, body, now),
        // The console has no answers; what it would give is the plain reading of HTTP.
        Kind::Json | Kind::Console(_) => by_status(status, headers, now, None),
    }
}

/// What an HTTP status means by itself.
fn by_status(status: u16, headers: &HeaderMap, now: Timestamp, word: Option<&str>) -> Verdict {
    let reason = said(status, word);
    match status {
        200..=299 => Verdict::Taken,
        400 | 413 | 422 => Verdict::MessageRefused { reason },
        401 | 403 | 404 | 410 => permanent(reason),
        429 | 503 => Verdict::ChannelFailed {
            permanent: false,
            retry_after: rest(headers, now),
            answered: status == 503,
            reason,
        },
        _ => answered(reason),
    }
}

fn said(status: u16, word: Option<&str>) -> String {
    match word {
        Some(word) => format!("answered HTTP {status}: {word}"),
        None => format!("answered HTTP {status}"),
    }
}

fn permanent(reason: String) -> Verdict {
    Verdict::ChannelFailed {
        permanent: true,
        retry_after: None,
        answered: false,
        reason,
    }
}

fn answered(reason: String) -> Verdict {
    Verdict::ChannelFailed {
        permanent: false,
        retry_after: None,
        answered: true,
        reason,
    }
}

fn unreadable(status: u16) -> Verdict {
    answered(format!("answered HTTP {status}, but not that it took the message"))
}

/// How long the channel asks to be left alone: `Retry-After` in seconds or as a date, or Feishu's own header in seconds
/// (<https://open.feishu.cn/document/server-docs/api-call-guide/frequency-control>). No time, or one past, is nothing.
fn rest(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = |name| Some(headers.get(name)?.to_str().ok()?.trim());
    let seconds = |text: &str| text.parse().ok();
    match (text("retry-after"), text("x-ogw-ratelimit-reset")) {
        (Some(text), _) => asked(seconds(text).or_else(|| {
            let until = DateTimeParser::new().parse_timestamp(text).ok()?;
            Some(until.duration_since(now).as_secs_f64())
        })),
        (None, Some(text)) => asked(seconds(text)),
        (None, None) => None,
    }
}

/// A rest of so many seconds. No time, or one past, is nothing.
fn asked(seconds: Option<f64>) -> Option<Duration> {
    let seconds = seconds.filter(|seconds| *seconds > 0.0)?;
    Some(Duration::from_secs_f64(seconds.min(MAX_REST.as_secs_f64())))
}

/// A chat's own words, cut, and without what could be a part of a URL or a token.
fn quote(words: &str) -> String {
    let harmless = |word: &str| word.len() < 20 && !word.contains(['/', '=']);
    let words: Vec<_> = plain(words)
        .split(' ')
        .map(|word| {
            if harmless(word) {
                word.to_owned()
            } else {
                "…".to_owned()
            }
        })
        .collect();
    plain_cut(&words.join(" "), 120)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;
    use crate::channel::Console;

    fn now() -> Timestamp {
        "2026-11-20T10:00:00Z".parse().expect("a time")
    }

    pub(super) fn read(kind: Kind, status: u16, header: Option<(&'static str, &str)>, body: &str) -> String {
        let mut headers = HeaderMap::new();
        if let Some((name, value)) = header {
            headers.insert(name, HeaderValue::from_str(value).expect("a header"));
        }
        match verdict(kind, status, &headers, body.as_bytes(), now()) {
            Verdict::Taken => "taken".to_owned(),
            Verdict::MessageRefused { reason } => format!("message: {reason}"),
            Verdict::ChannelFailed {
                permanent,
                retry_after,
                answered,
                reason,
            } => {
                let permanent = if permanent { " for good" } else { "" };
                let answered = if answered { ", counts" } else { "" };
                let rest = retry_after.map_or(String::new(), |rest| format!(", rest {}", rest.as_secs_f64()));
                format!("channel{permanent}{answered}{rest}: {reason}")
            }
        }
    }

    pub(super) const NOT_TAKEN: &str = "channel, counts: answered HTTP 200, but not that it took the message";

    #[test]
    fn any_other_servers_answers_are_read_off_the_status() {
        for (status, expected) in [
            (200, "taken"),
            (202, "taken"),
            (204, "taken"),
            (301, "channel, counts: answered HTTP 301"),
            (400, "message: answered HTTP 400"),
            (401, "channel for good: answered HTTP 401"),
            (403, "channel for good: answered HTTP 403"),
            (404, "channel for good: answered HTTP 404"),
            (409, "channel, counts: answered HTTP 409"),
            (410, "channel for good: answered HTTP 410"),
            (413, "message: answered HTTP 413"),
            (422, "message: answered HTTP 422"),
            (429, "channel: answered HTTP 429"),
            (500, "channel, counts: answered HTTP 500"),
            (503, "channel, counts: answered HTTP 503"),
        ] {
            for kind in [Kind::Json, Kind::Console(Console::Stdout)] {
                assert_eq!(read(kind, status, None, "sesame"), expected, "{status}");
            }
        }
    }

    #[test]
    fn a_channel_is_left_alone_for_as_long_as_it_asks() {
        let slack = |status| ("", Kind::Slack, status);
        let feishu = |body| (body, Kind::Feishu, 429);
        let limit = r#"{"code":99991400,"msg":"request trigger frequency limit"}"#;
        for ((body, kind, status), name, value, expected) in [
            (slack(429), "retry-after", "30", "channel, rest 30: answered HTTP 429"),
            (
                slack(503),
                "retry-after",
                "30",
                "channel, counts, rest 30: answered HTTP 503",
            ),
            (
                slack(429),
                "retry-after",
                "Fri, 20 Nov 2026 10:02:00 GMT",
                "channel, rest 120: answered HTTP 429",
            ),
            (
                slack(429),
                "retry-after",
                "Fri, 20 Nov 2026 09:59:00 GMT",
                "channel: answered HTTP 429",
            ),
            (slack(429), "retry-after", "0", "channel: answered HTTP 429"),
            (slack(429), "retry-after", "-5", "channel: answered HTTP 429"),
            (slack(429), "retry-after", "soon", "channel: answered HTTP 429"),
            (
                slack(429),
                "retry-after",
                "4000000000",
                "channel, rest 86400: answered HTTP 429",
            ),
            (feishu(""), "retry-after", "7", "channel, rest 7: answered HTTP 429"),
            (slack(429), "retry-after", "0.3", "channel, rest 0.3: answered HTTP 429"),
            (
                slack(429),
                "retry-after",
                "inf",
                "channel, rest 86400: answered HTTP 429",
            ),
            (slack(429), "retry-after", "NaN", "channel: answered HTTP 429"),
            (
                ("error code: 1015", Kind::Discord, 429),
                "retry-after",
                "3600",
                "channel, rest 3600: answered HTTP 429: too many messages",
            ),
            (
                feishu(limit),
                "x-ogw-ratelimit-reset",
                "52",
                "channel, rest 52: answered code 99991400: too many messages",
            ),
        ] {
            assert_eq!(read(kind, status, Some((name, value)), body), expected, "{value}");
        }
    }
}
