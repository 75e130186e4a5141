//! What a channel's answer means: was the message taken, and if not, is it the message, the channel, or the hour?

use std::time::Duration;

use http::HeaderMap;
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;
use serde_json::Value;

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
        Kind::Slack => slack(status, headers, body, now),
        Kind::Feishu => feishu(status, headers, body, now),
        Kind::Discord => discord(status, headers, body, now),
        Kind::Teams => teams(status, headers, body, now),
        // The console has no answers; what it would give is the plain reading of HTTP.
        Kind::Json | Kind::Console(_) => by_status(status, headers, now, None),
    }
}

/// <https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks#handling_errors>: success is 200 and `ok`,
/// everything else a word in the body.
fn slack(status: u16, headers: &HeaderMap, body: &[u8], now: Timestamp) -> Verdict {
    let word = slack_word(body);
    match (status, word) {
        (200, _) if body == b"ok" => Verdict::Taken,
        (200, _) => unreadable(status),
        // These come with 403, 404 or 410 as a rule; at 400 they blame the channel all the same.
        (
            400,
            Some(
                "user_not_found"
                | "channel_not_found"
                | "channel_is_archived"
                | "action_prohibited"
                | "posting_to_general_channel_denied"
                | "no_service"
                | "no_service_id"
                | "no_active_hooks"
                | "no_team"
                | "team_disabled"
                | "invalid_token",
            ),
        ) => permanent(said(status, word)),
        // Not Slack's own hand: some proxy's, which says nothing of the message.
        (400, None) => answered(said(status, None)),
        _ => by_status(status, headers, now, word),
    }
}

/// Slack's word for what is wrong. Anything else in a body is not quoted: it may repeat the URL.
fn slack_word(body: &[u8]) -> Option<&str> {
    let word = std::str::from_utf8(body).ok()?.trim();
    let lower = |b: u8| matches!(b, b'a'..=b'z' | b'_');
    ((1..=48).contains(&word.len()) && word.bytes().all(lower)).then_some(word)
}

/// <https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot>: the code in the body decides, and comes with
/// HTTP 200 as a rule. Old webhooks say `StatusCode` for `code`.
fn feishu(status: u16, headers: &HeaderMap, body: &[u8], now: Timestamp) -> Verdict {
    let success = (200..300).contains(&status);
    let answer: Value = serde_json::from_slice(body).unwrap_or_default();
    let code = answer["code"].as_i64().or_else(|| answer["StatusCode"].as_i64());
    let message = answer["msg"].as_str().or_else(|| answer["StatusMessage"].as_str());
    let with = |words: &str| format!("answered code {}: {words}", code.unwrap_or_default());
    match code {
        Some(0) if success => Verdict::Taken,
        Some(11232 | 99_991_400) => Verdict::ChannelFailed {
            permanent: false,
            retry_after: rest(headers, now),
            answered: false,
            reason: with("too many messages"),
        },
        Some(19001) => permanent(with("the webhook's URL is not valid (any more)")),
        Some(19021) => permanent(with("the signature is wrong, or the clock by more than an hour")),
        Some(19022) => permanent(with("the bot does not take messages from this machine's address")),
        Some(19024) => permanent(with("the bot takes messages with its keywords alone")),
        Some(9499) => Verdict::MessageRefused {
            reason: with(&quote(message.unwrap_or_default())),
        },
        Some(code) if success && code != 0 => answered(with(&quote(message.unwrap_or_default()))),
        None if success => unreadable(status),
        _ => by_status(status, headers, now, None),
    }
}

/// <https://discord.com/developers/docs/resources/webhook#execute-webhook>: success is the message itself, which we ask
/// for, or 204 without one. Errors are `{"code":…,"message":…}`
/// (<https://discord.com/developers/docs/topics/opcodes-and-status-codes#json>).
fn discord(status: u16, headers: &HeaderMap, body: &[u8], now: Timestamp) -> Verdict {
    let answer: Value = serde_json::from_slice(body).unwrap_or_default();
    // 0 is no code in particular.
    let code = answer["code"].as_u64().filter(|code| *code != 0);
    let with = |words: &str| format!("answered HTTP {status}, code {}: {words}", code.unwrap_or_default());
    match (status, code) {
        (200, _) if answer["id"].is_string() => Verdict::Taken,
        (200, _) => unreadable(status),
        (429, _) => Verdict::ChannelFailed {
            permanent: false,
            retry_after: asked(answer["retry_after"].as_f64()).or_else(|| rest(headers, now)),
            answered: false,
            reason: said(status, Some("too many messages")),
        },
        (_, Some(10015)) => permanent(with("there is no such webhook (any more)")),
        (_, Some(50027)) => permanent(with("the webhook's URL is not valid (any more)")),
        (_, Some(50083 | 160_005)) => permanent(with("the webhook's thread is closed")),
        (_, Some(220_001)) => permanent(with("the channel is a forum: its webhook's URL needs a thread_id")),
        // Not Discord's own hand: some proxy's, which says nothing of the message.
        (400, _) if !answer.is_object() => answered(said(status, None)),
        (400.., Some(_)) => {
            let words = quote(answer["message"].as_str().unwrap_or_default());
            by_status(status, headers, now, Some(&words))
        }
        _ => by_status(status, headers, now, None),
    }
}

/// A workflow's trigger says 202 as soon as it has the message, or 200 where the workflow answers by itself. Errors are
/// `{"error":{"code":…,"message":…}}`, and those of a workflow that is wrong come with 400 as well as any.
fn teams(status: u16, headers: &HeaderMap, body: &[u8], now: Timestamp) -> Verdict {
    let answer: Value = serde_json::from_slice(body).unwrap_or_default();
    let letters = |code: &&str| (1..=48).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_alphabetic());
    let code = answer["error"]["code"].as_str().filter(letters);
    match (status, code) {
        (_, Some("WorkflowTriggerIsNotEnabled")) => {
            permanent(said(status, Some("the workflow is turned off or deleted")))
        }
        (_, Some("DirectApiAuthorizationRequired")) => {
            permanent(said(status, Some("the workflow must let anyone trigger it")))
        }
        (_, Some("TriggerInputSchemaMismatch")) => {
            permanent(said(status, Some("the workflow expects something else than a card")))
        }
        // Not the workflow's own hand: some proxy's, which says nothing of the message.
        (400, None) => answered(said(status, None)),
        _ => by_status(status, headers, now, code),
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

    fn read(kind: Kind, status: u16, header: Option<(&'static str, &str)>, body: &str) -> String {
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

    const NOT_TAKEN: &str = "channel, counts: answered HTTP 200, but not that it took the message";

    #[test]
    fn slacks_answers_are_read() {
        for (status, body, expected) in [
            (200, "ok", "taken"),
            (200, "OK", NOT_TAKEN),
            (200, "", NOT_TAKEN),
            (200, "<html>ok</html>", NOT_TAKEN),
            (400, "invalid_payload", "message: answered HTTP 400: invalid_payload"),
            (400, "invalid_blocks\n", "message: answered HTTP 400: invalid_blocks"),
            (400, "no_text", "message: answered HTTP 400: no_text"),
            (
                400,
                "user_not_found",
                "channel for good: answered HTTP 400: user_not_found",
            ),
            (400, "no_service", "channel for good: answered HTTP 400: no_service"),
            (400, "<html>/services/T0/sesame", "channel, counts: answered HTTP 400"),
            (
                403,
                "invalid_token",
                "channel for good: answered HTTP 403: invalid_token",
            ),
            (404, "no_service", "channel for good: answered HTTP 404: no_service"),
            (404, "no /services/T0/sesame", "channel for good: answered HTTP 404"),
            (
                410,
                "channel_is_archived",
                "channel for good: answered HTTP 410: channel_is_archived",
            ),
            (413, "", "message: answered HTTP 413"),
            (429, "rate_limited", "channel: answered HTTP 429: rate_limited"),
            (302, "", "channel, counts: answered HTTP 302"),
            (500, "rollup_error", "channel, counts: answered HTTP 500: rollup_error"),
            (504, "upstream request timeout", "channel, counts: answered HTTP 504"),
        ] {
            assert_eq!(read(Kind::Slack, status, None, body), expected, "{status} {body}");
        }
    }

    #[test]
    fn feishus_answers_are_read() {
        let both = r#"{"Extra":null,"StatusCode":0,"StatusMessage":"success","code":0,"data":{},"msg":"success"}"#;
        for (status, body, expected) in [
            (200, r#"{"code":0,"msg":"success","data":{}}"#, "taken"),
            (200, r#"{"StatusCode":0,"StatusMessage":"success"}"#, "taken"),
            (200, both, "taken"),
            (
                200,
                r#"{"code":9499,"msg":"Bad Request","data":{}}"#,
                "message: answered code 9499: Bad Request",
            ),
            (
                400,
                r#"{"code":9499,"msg":"Bad Request","data":{}}"#,
                "message: answered code 9499: Bad Request",
            ),
            (
                200,
                r#"{"code":19001,"msg":"param invalid: incoming webhook access token invalid"}"#,
                "channel for good: answered code 19001: the webhook's URL is not valid (any more)",
            ),
            (
                200,
                r#"{"code":19021,"data":{},"msg":"sign match fail or timestamp is not within one hour from current time"}"#,
                "channel for good: answered code 19021: the signature is wrong, or the clock by more than an hour",
            ),
            (
                200,
                r#"{"code":19022,"msg":"Ip Not Allowed"}"#,
                "channel for good: answered code 19022: the bot does not take messages from this machine's address",
            ),
            (
                200,
                r#"{"code":19024,"msg":"Key Words Not Found"}"#,
                "channel for good: answered code 19024: the bot takes messages with its keywords alone",
            ),
            (
                200,
                r#"{"code":11232,"msg":"frequency limited psm[lark.oapi.app_platform_runtime]appID[1500]"}"#,
                "channel: answered code 11232: too many messages",
            ),
            (
                200,
                r#"{"code":10000,"msg":"see https://open.feishu.cn/hook/sesame or 0123456789abcdef0123\u001b[0m\n"}"#,
                "channel, counts: answered code 10000: see … or …",
            ),
            (200, r#"{"code":0,"msg":"succ"#, NOT_TAKEN),
            (200, r#"{"code":"0"}"#, NOT_TAKEN),
            (200, "[]", NOT_TAKEN),
            (200, "<html>", NOT_TAKEN),
            (500, r#"{"code":0}"#, "channel, counts: answered HTTP 500"),
            (404, "404 page not found", "channel for good: answered HTTP 404"),
            (502, "<html>", "channel, counts: answered HTTP 502"),
        ] {
            assert_eq!(read(Kind::Feishu, status, None, body), expected, "{status} {body}");
        }
    }

    #[test]
    fn discords_answers_are_read() {
        let error = |code: u32, message: &str| format!(r#"{{"message":"{message}","code":{code}}}"#);
        let limit = r#"{"message":"You are being rate limited.","retry_after":64.57,"global":false}"#;
        for (status, body, expected) in [
            (200, r#"{"id":"1284","type":0,"content":""}"#.to_owned(), "taken"),
            (204, String::new(), "taken"),
            (200, String::new(), NOT_TAKEN),
            (200, r#"{"id":"12"#.to_owned(), NOT_TAKEN),
            (200, "<html>".to_owned(), NOT_TAKEN),
            (
                400,
                r#"{"message":"Invalid Form Body","code":50035,"errors":{"embeds":{}}}"#.to_owned(),
                "message: answered HTTP 400: Invalid Form Body",
            ),
            (400, r#"{"embeds":["0"]}"#.to_owned(), "message: answered HTTP 400"),
            (
                400,
                error(50006, "Cannot send an empty message"),
                "message: answered HTTP 400: Cannot send an empty message",
            ),
            (
                400,
                error(
                    220_001,
                    "Webhooks posted to forum channels must have a thread_name or thread_id",
                ),
                "channel for good: answered HTTP 400, code 220001: the channel is a forum: its webhook's URL needs a \
                 thread_id",
            ),
            (
                400,
                error(50083, "Thread is archived"),
                "channel for good: answered HTTP 400, code 50083: the webhook's thread is closed",
            ),
            (400, "<html>".to_owned(), "channel, counts: answered HTTP 400"),
            (
                401,
                error(50027, "Invalid Webhook Token"),
                "channel for good: answered HTTP 401, code 50027: the webhook's URL is not valid (any more)",
            ),
            (
                401,
                error(0, "401: Unauthorized"),
                "channel for good: answered HTTP 401",
            ),
            (
                403,
                error(50013, "Missing Permissions at /api/webhooks/1/sesame"),
                "channel for good: answered HTTP 403: Missing Permissions at …",
            ),
            (
                404,
                error(10015, "Unknown Webhook"),
                "channel for good: answered HTTP 404, code 10015: there is no such webhook (any more)",
            ),
            (410, String::new(), "channel for good: answered HTTP 410"),
            (
                429,
                limit.to_owned(),
                "channel, rest 64.57: answered HTTP 429: too many messages",
            ),
            (
                429,
                "error code: 1015".to_owned(),
                "channel: answered HTTP 429: too many messages",
            ),
            (
                500,
                error(0, "500: Internal Server Error"),
                "channel, counts: answered HTTP 500",
            ),
            (502, "<html>".to_owned(), "channel, counts: answered HTTP 502"),
        ] {
            assert_eq!(read(Kind::Discord, status, None, &body), expected, "{status} {body}");
        }
    }

    #[test]
    fn a_workflows_answers_are_read() {
        let error = |code: &str| format!(r#"{{"error":{{"code":"{code}","message":"The workflow '…' …"}}}}"#);
        for (status, body, expected) in [
            (202, String::new(), "taken"),
            (200, "whatever the workflow answers".to_owned(), "taken"),
            (
                400,
                error("WorkflowTriggerIsNotEnabled"),
                "channel for good: answered HTTP 400: the workflow is turned off or deleted",
            ),
            (
                400,
                error("TriggerInputSchemaMismatch"),
                "channel for good: answered HTTP 400: the workflow expects something else than a card",
            ),
            (
                400,
                error("InvalidRequestContent"),
                "message: answered HTTP 400: InvalidRequestContent",
            ),
            (400, "<html>".to_owned(), "channel, counts: answered HTTP 400"),
            (
                400,
                error("see /workflows/sesame"),
                "channel, counts: answered HTTP 400",
            ),
            (
                401,
                error("DirectApiAuthorizationRequired"),
                "channel for good: answered HTTP 401: the workflow must let anyone trigger it",
            ),
            (
                404,
                error("WorkflowNotFound"),
                "channel for good: answered HTTP 404: WorkflowNotFound",
            ),
            (413, String::new(), "message: answered HTTP 413"),
            (429, String::new(), "channel: answered HTTP 429"),
            (
                502,
                error("NoResponse"),
                "channel, counts: answered HTTP 502: NoResponse",
            ),
        ] {
            assert_eq!(read(Kind::Teams, status, None, &body), expected, "{status} {body}");
        }
    }

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
