//! A topic of an ntfy server.

use axum::http::StatusCode;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::Message;

/// The topic of the stand-in. Another one is not reserved, and open to all.
pub(super) const TOPIC: &str = "our-builds";

/// It takes a message of so many bytes; a longer one becomes a file, which nobody reads on a phone.
const MAX_MESSAGE: usize = 4096;

/// It takes a title of so many bytes.
const MAX_TITLE: usize = 1024;

/// The first thing people read of a message: what there is of title and text.
pub(super) fn title(body: &Value) -> &Value {
    body.get("title").unwrap_or(&body["message"])
}

/// `token` is the one that may publish to the topic, if it is reserved.
pub(super) fn refusal(message: &Message, length: usize, token: Option<&str>) -> Option<Response> {
    let (code, error) = error(message, length, token)?;
    let status = StatusCode::from_u16(code / 100).ok()?;
    let body = json!({ "code": code, "http": status.as_u16(), "error": error });
    let json = [(CONTENT_TYPE, "application/json")];
    Some((status, json, body.to_string() + "\n").into_response())
}

pub(super) fn thanks(body: &Value) -> Response {
    let mut made = body.clone();
    made["id"] = json!("hwQ2YpKdmg");
    made["time"] = json!(1_635_528_757);
    made["event"] = json!("message");
    let json = [(CONTENT_TYPE, "application/json")];
    (json, made.to_string() + "\n").into_response()
}

/// ntfy's code and words for what is wrong with a message
/// (<https://github.com/binwiederhier/ntfy/blob/main/server/errors.go>, <https://docs.ntfy.sh/publish/#limitations>). A
/// message that it would make a file of counts as refused here.
fn error(message: &Message, length: usize, token: Option<&str>) -> Option<(u16, &'static str)> {
    let bearer = message.headers.get(AUTHORIZATION).map(HeaderValue::as_bytes);
    let (body, text) = (&message.body, message.body["message"].as_str().unwrap_or_default());
    let topic = body["topic"].as_str().unwrap_or_default();
    let letters = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    let wanted = token.map(|token| format!("Bearer {token}"));
    if length > 2 * MAX_MESSAGE {
        Some((41303, "JSON body too large"))
    } else if !body.is_object() {
        Some((40024, "invalid request: request body must be valid JSON"))
    } else if !(1..=64).contains(&topic.len()) || !topic.bytes().all(letters) {
        Some((40009, "invalid request: topic invalid"))
    } else if bearer.is_some() && bearer != wanted.as_deref().map(str::as_bytes) {
        Some((40101, "unauthorized"))
    } else if bearer.is_none() && wanted.is_some() && topic == TOPIC {
        Some((40301, "forbidden"))
    } else if text.len() > MAX_MESSAGE {
        Some((41301, "attachment too large, or bandwidth limit reached"))
    } else if body["title"].as_str().is_some_and(|title| title.len() > MAX_TITLE) {
        // Its own number is not documented.
        Some((40000, "invalid request: title too large"))
    } else if body
        .get("priority")
        .is_some_and(|priority| !(1..=5).contains(&priority.as_u64().unwrap_or(0)))
    {
        Some((40007, "invalid priority parameter"))
    } else if body["actions"].as_array().is_some_and(|actions| actions.len() > 3) {
        Some((40018, "invalid request: actions invalid"))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::super::Chat;
    use super::*;
    use crate::ask;

    /// Publishes to the root, as JSON wants it; what was answered.
    async fn publish(ntfy: &Chat, body: &str, bearer: Option<&str>) -> (u16, Value) {
        let headers: Vec<_> = bearer.into_iter().map(|bearer| ("authorization", bearer)).collect();
        let answer = ask::post(&ntfy.server.url(), &headers, body.to_owned()).await.unwrap();
        let status = answer.status();
        (status, serde_json::from_str(&ask::text(answer).await).unwrap())
    }

    #[tokio::test]
    async fn ntfy_shows_what_is_within_its_limits_and_answers_with_it() {
        let ntfy = Chat::ntfy(None).await;
        let url = ntfy.url();
        assert!(
            url.starts_with("ntfy+http://127.0.0.1:") && url.ends_with("/our-builds"),
            "{url}"
        );
        let message = |key: &str, value: Value| {
            let mut message = json!({"topic": "our-builds", "title": "it broke", "message": "beta"});
            message[key] = value;
            message
        };
        for (body, code) in [
            (message("priority", json!(5)), None),
            (message("message", json!("x".repeat(4096))), None),
            (json!({"topic": "our-builds", "message": "alone"}), None),
            (message("message", json!("x".repeat(4097))), Some(41301)),
            (message("message", json!("x".repeat(9000))), Some(41303)),
            (message("title", json!("é".repeat(513))), Some(40000)),
            (message("topic", json!("two words")), Some(40009)),
            (message("priority", json!(6)), Some(40007)),
            (message("actions", json!([{}, {}, {}, {}])), Some(40018)),
            (json!("it broke"), Some(40024)),
        ] {
            let (status, answer) = publish(&ntfy, &body.to_string(), None).await;
            let event = answer["event"].as_str();
            assert_eq!(answer["code"].as_u64(), code, "{body}");
            assert_eq!(
                (status, event),
                code.map_or((200, Some("message")), |code: u64| (
                    u16::try_from(code / 100).unwrap(),
                    None
                ))
            );
        }
        assert_eq!(publish(&ntfy, "{", None).await.0, 400);
        assert_eq!(ntfy.texts(), ["it broke", "it broke", "alone"]);
    }

    #[tokio::test]
    async fn a_reserved_topic_wants_its_token() {
        let ntfy = Chat::ntfy(Some("tk_right")).await;
        let body = r#"{"topic":"our-builds","message":"beta"}"#;
        for (bearer, status) in [
            (None, 403),
            (Some("Bearer tk_wrong"), 401),
            (Some("Bearer tk_right"), 200),
        ] {
            assert_eq!(publish(&ntfy, body, bearer).await.0, status);
        }
        assert_eq!((ntfy.messages().len(), ntfy.refused().len()), (1, 2));
    }
}
