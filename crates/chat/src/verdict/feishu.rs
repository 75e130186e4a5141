//! What Feishu's and Lark's answers mean.

use http::HeaderMap;
use jiff::Timestamp;
use serde_json::Value;

use super::{Verdict, answered, by_status, permanent, quote, rest, unreadable};

/// <https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot>: the code in the body decides, and comes with
/// HTTP 200 as a rule. Old webhooks say `StatusCode` for `code`.
pub(super) fn feishu(status: u16, headers: &HeaderMap, body: &[u8], now: Timestamp) -> Verdict {
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

#[cfg(test)]
mod tests {
    use super::super::tests::{NOT_TAKEN, read};
    use crate::channel::Kind;

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
}
