//! What Discord's answers mean.

use http::HeaderMap;
use jiff::Timestamp;
use serde_json::Value;

use super::{Verdict, answered, asked, by_status, permanent, quote, rest, said, unreadable};

/// <https://discord.com/developers/docs/resources/webhook#execute-webhook>: success is the message itself, which we ask
/// for, or 204 without one. Errors are `{"code":…,"message":…}`
/// (<https://discord.com/developers/docs/topics/opcodes-and-status-codes#json>).
pub(super) fn discord(status: u16, headers: &HeaderMap, body: &[u8], now: Timestamp) -> Verdict {
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

#[cfg(test)]
mod tests {
    use super::super::tests::{NOT_TAKEN, read};
    use crate::channel::Kind;

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
}
