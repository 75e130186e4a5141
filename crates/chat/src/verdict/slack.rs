//! What Slack's answers mean.

use http::HeaderMap;
use jiff::Timestamp;

use super::{Verdict, answered, by_status, permanent, said, unreadable};

/// <https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks#handling_errors>: success is 200 and `ok`,
/// everything else a word in the body.
pub(super) fn slack(status: u16, headers: &HeaderMap, body: &[u8], now: Timestamp) -> Verdict {
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

#[cfg(test)]
mod tests {
    use super::super::tests::{NOT_TAKEN, read};
    use crate::channel::Kind;

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
}
