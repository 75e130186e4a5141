//! A Slack incoming webhook.

use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, HeaderValue};
use axum::response::{Html, IntoResponse, Response};
use serde_json::Value;

use super::Message;

/// The first thing people read of a message.
pub(super) fn title(body: &Value) -> &Value {
    &body["text"]
}

pub(super) fn refusal(message: &Message) -> Option<Response> {
    error(message).map(|word| (StatusCode::BAD_REQUEST, word).into_response())
}

pub(super) fn thanks() -> Response {
    Html("ok").into_response()
}

/// Slack's word for what is wrong with a message, the limits of its blocks included:
/// <https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks>,
/// <https://docs.slack.dev/reference/block-kit/blocks>.
fn error(message: &Message) -> Option<&'static str> {
    let content_type = message.headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes)?;
    let blocks = message.body["blocks"].as_array().map_or(&[][..], Vec::as_slice);
    let too_long = |block: &Value| {
        let max = match block["type"].as_str() {
            Some("header") => 150,
            Some("section") => 3000,
            _ => usize::MAX,
        };
        let text = block["text"]["text"].as_str().unwrap_or_default();
        text.chars().count() > max
    };
    if !content_type.starts_with(b"application/json") || !message.body.is_object() {
        Some("invalid_payload")
    } else if blocks.len() > 50 || blocks.iter().any(too_long) {
        Some("invalid_blocks")
    } else if message.body["text"].as_str().is_none_or(str::is_empty) {
        Some("no_text")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::Chat;
    use super::super::tests::say;

    #[tokio::test]
    async fn slack_shows_what_has_a_text_and_refuses_the_rest() {
        let slack = Chat::slack().await;
        assert!(slack.url().starts_with("slack+http://127.0.0.1:"));
        let header = |length| json!({"type": "header", "text": {"text": "x".repeat(length)}});
        for (body, status, word) in [
            (json!({"text": "it broke"}), 200, "ok"),
            (json!({"text": "a list", "blocks": [header(150)]}), 200, "ok"),
            (
                json!({"text": "a list", "blocks": [header(151)]}),
                400,
                "invalid_blocks",
            ),
            (
                json!({"text": "a list", "blocks": vec![header(1); 51]}),
                400,
                "invalid_blocks",
            ),
            (json!({"blocks": [header(1)]}), 400, "no_text"),
            (json!("it broke"), 400, "invalid_payload"),
        ] {
            let answer = say(&slack, &body).await.unwrap();
            assert_eq!(answer, (status, word.to_owned()), "{body}");
        }
        assert_eq!(slack.texts(), ["it broke", "a list"]);
        assert_eq!(slack.attempts(), 6);
        assert_eq!(slack.refused()[3].body, "it broke");
        assert_eq!(slack.messages()[0].headers["user-agent"], outbound::USER_AGENT);
    }
}
