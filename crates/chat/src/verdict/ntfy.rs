//! What ntfy's answers mean.

use http::HeaderMap;
use jiff::Timestamp;
use serde_json::Value;

use super::{Verdict, answered, by_status, permanent, quote, rest, said, unreadable};

/// <https://docs.ntfy.sh/publish/#publish-as-json>: success is 200 with the message that was made of ours. Errors are
/// `{"code":42901,"http":429,"error":…,"link":…}`, where the first digits of the code are the status
/// (<https://github.com/binwiederhier/ntfy/blob/main/server/errors.go>).
pub(super) fn ntfy(status: u16, headers: &HeaderMap, body: &[u8], now: Timestamp) -> Verdict {
    let answer: Value = serde_json::from_slice(body).unwrap_or_default();
    let code = answer["code"].as_u64();
    let with = |words: &str| format!("answered HTTP {status}, code {}: {words}", code.unwrap_or_default());
    match (status, code) {
        (200, _) if answer["event"] == "message" && answer["id"].is_string() => Verdict::Taken,
        (200, _) => unreadable(status),
        (_, Some(40_009 | 40_010)) => permanent(with("the server takes no topic of this name")),
        (_, Some(40_101)) => permanent(with("the access token is wrong or expired")),
        (_, Some(40_301)) => permanent(with("this access token, or none, may not publish to the topic")),
        (_, Some(42_908)) => Verdict::ChannelFailed {
            permanent: false,
            retry_after: rest(headers, now),
            answered: false,
            reason: with("the day's messages are used up"),
        },
        // Not ntfy's own hand: some proxy's, which says nothing of the message.
        (400, None) => answered(said(status, None)),
        (400.., Some(_)) => {
            let words = quote(answer["error"].as_str().unwrap_or_default());
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
    fn ntfys_answers_are_read() {
        let error = |code: u32, words: &str| format!(r#"{{"code":{code},"http":{},"error":"{words}"}}"#, code / 100);
        let taken =
            r#"{"id":"hwQ2YpKdmg","time":1635528757,"expires":1635571957,"event":"message","topic":"t","message":"x"}"#;
        for (status, body, expected) in [
            (200, taken.to_owned(), "taken"),
            (
                200,
                r#"{"id":"hwQ2YpKdmg","event":"open","topic":"t"}"#.to_owned(),
                NOT_TAKEN,
            ),
            (200, r#"{"id":"hwQ2"#.to_owned(), NOT_TAKEN),
            (200, "<html>".to_owned(), NOT_TAKEN),
            (
                400,
                error(40_009, "invalid request: topic invalid"),
                "channel for good: answered HTTP 400, code 40009: the server takes no topic of this name",
            ),
            (
                400,
                error(40_010, "invalid request: topic name is not allowed"),
                "channel for good: answered HTTP 400, code 40010: the server takes no topic of this name",
            ),
            (
                400,
                error(40_024, "invalid request: request body must be valid JSON"),
                "message: answered HTTP 400: invalid request: request body must be valid JSON",
            ),
            (400, "<html>".to_owned(), "channel, counts: answered HTTP 400"),
            (
                401,
                error(40_101, "unauthorized"),
                "channel for good: answered HTTP 401, code 40101: the access token is wrong or expired",
            ),
            (
                403,
                error(40_301, "forbidden"),
                "channel for good: answered HTTP 403, code 40301: this access token, or none, may not publish to the topic",
            ),
            (
                404,
                error(40_401, "page not found"),
                "channel for good: answered HTTP 404: page not found",
            ),
            (404, "<html>".to_owned(), "channel for good: answered HTTP 404"),
            (
                413,
                error(41_303, "JSON body too large"),
                "message: answered HTTP 413: JSON body too large",
            ),
            (
                429,
                error(42_901, "limit reached: too many requests, please see /x/sesame"),
                "channel: answered HTTP 429: limit reached: too many requests, please see …",
            ),
            (
                429,
                error(42_908, "limit reached: daily message quota reached"),
                "channel: answered HTTP 429, code 42908: the day's messages are used up",
            ),
            (429, "<html>".to_owned(), "channel: answered HTTP 429"),
            (
                500,
                error(50_001, "internal server error"),
                "channel, counts: answered HTTP 500: internal server error",
            ),
            (502, "<html>".to_owned(), "channel, counts: answered HTTP 502"),
        ] {
            assert_eq!(read(Kind::Ntfy, status, None, &body), expected, "{status} {body}");
        }
    }
}
