//! Something that takes any JSON.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use super::Message;

/// The first thing people read of a message.
pub(super) fn title(body: &Value) -> &Value {
    &body["title"]
}

pub(super) fn refusal(message: &Message) -> Option<Response> {
    (!message.body.is_object()).then(|| StatusCode::BAD_REQUEST.into_response())
}

pub(super) fn thanks() -> Response {
    StatusCode::NO_CONTENT.into_response()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::Chat;
    use super::super::tests::{say, send};

    #[tokio::test]
    async fn generic_json_is_taken_without_a_word() {
        let chat = Chat::json().await;
        let answer = say(&chat, &json!({"title": "it broke"})).await.unwrap();
        assert_eq!(answer, (204, String::new()));
        assert_eq!(send(&chat, "{").await.unwrap().0, 400);
        assert_eq!(chat.texts(), ["it broke"]);
    }
}
