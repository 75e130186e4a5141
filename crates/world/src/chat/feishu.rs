//! A Feishu bot.

use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

use super::Message;

/// It takes bodies up to this size.
const MAX: usize = 20 * 1024;

/// How far may a timestamp be from the present, in seconds?
const HOUR: u64 = 3600;

/// The first thing people read of a message.
pub(super) fn title(body: &Value) -> &Value {
    &body["card"]["header"]["title"]["content"]
}

/// `now` is in seconds since the epoch; without it any timestamp will do.
pub(super) fn refusal(message: &Message, length: usize, secret: Option<&str>, now: Option<i64>) -> Option<Response> {
    let error = error(&message.body, length, secret, now);
    error.map(|(code, msg)| answer(code, msg))
}

pub(super) fn thanks() -> Response {
    answer(0, "success")
}

/// Feishu's code and words for what is wrong with a message:
/// <https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot>.
fn error(body: &Value, length: usize, secret: Option<&str>, now: Option<i64>) -> Option<(u16, &'static str)> {
    if !body.is_object() || length > MAX {
        return Some((9499, "Bad Request"));
    }
    if body["msg_type"].as_str().is_none() {
        return Some((19002, "params error, msg_type need"));
    }
    let secret = secret?;
    let timestamp = body["timestamp"].as_str().unwrap_or_default();
    let signed = body["sign"].as_str() == Some(&sign(timestamp, secret));
    let in_time = timestamp
        .parse::<i64>()
        .is_ok_and(|seconds| now.is_none_or(|now| now.abs_diff(seconds) <= HOUR));
    let refused = "sign match fail or timestamp is not within one hour from current time";
    (!signed || !in_time).then_some((19021, refused))
}

/// The key is `timestamp\nsecret` and the signed message is empty.
fn sign(timestamp: &str, secret: &str) -> String {
    let key = format!("{timestamp}\n{secret}");
    let mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).expect("HMAC takes keys of any size");
    BASE64.encode(mac.finalize().into_bytes())
}

/// Feishu answers 200 to everything; the code says how it went.
fn answer(code: u16, msg: &str) -> Response {
    let mut body = json!({"code": code, "msg": msg, "data": {}});
    if code == 0 {
        body["StatusCode"] = json!(0);
        body["StatusMessage"] = json!("success");
    }
    let json = [(CONTENT_TYPE, "application/json; charset=utf-8")];
    (json, body.to_string()).into_response()
}

#[cfg(test)]
mod tests {
    use super::super::Chat;
    use super::super::tests::send;
    use super::*;

    #[test]
    fn feishu_signs_as_documented() {
        let sign = sign("1599360473", "demo");
        assert_eq!(sign, "l1N0gAcBjdwBvGm1xMjOF0XSyaLRpR7tuO5dHfhAYc8=");
    }

    #[tokio::test]
    async fn feishu_shows_what_is_signed_in_time_and_says_200_to_the_rest() {
        let feishu = Chat::feishu(Some("demo")).await;
        let header = json!({"title": {"tag": "plain_text", "content": "it broke"}});
        let mut card = json!({"msg_type": "interactive", "card": {"header": header}});
        let code = async |body: &str| {
            let (status, body) = send(&feishu, body).await.unwrap();
            assert_eq!(status, 200);
            serde_json::from_str::<Value>(&body).unwrap()["code"].clone()
        };
        assert_eq!(code(&card.to_string()).await, 19021);
        card["timestamp"] = json!("1599360473");
        card["sign"] = json!("l1N0gAcBjdwBvGm1xMjOF0XSyaLRpR7tuO5dHfhAYc8=");
        assert_eq!(code(&card.to_string()).await, 0);
        feishu.set_now(1_599_360_473 + 3600);
        assert_eq!(code(&card.to_string()).await, 0);
        feishu.set_now(1_599_360_473 + 3601);
        assert_eq!(code(&card.to_string()).await, 19021);
        assert_eq!(code("{").await, 9499);
        card["card"]["elements"] = json!(["x".repeat(20 * 1024)]);
        assert_eq!(code(&card.to_string()).await, 9499);
        assert_eq!(code("{}").await, 19002);
        assert_eq!(feishu.texts(), ["it broke", "it broke"]);
    }
}
