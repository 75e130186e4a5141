//! A Teams workflow that posts cards.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::Message;

/// It takes cards up to this size, as JSON inside JSON.
const MAX: usize = 28 * 1024;

/// The first thing people read of a message.
pub(super) fn title(body: &Value) -> &Value {
    &card(body)["body"][0]["items"][0]["inlines"][0]["text"]
}

pub(super) fn refusal(message: &Message) -> Option<Response> {
    if !message.body.is_object() {
        let error = json!({ "code": "TriggerInputSchemaMismatch", "message": "Invalid type. Expected Object." });
        return Some((StatusCode::BAD_REQUEST, json!({ "error": error }).to_string()).into_response());
    }
    let shown = length_inside_json(&message.body) <= MAX && card(&message.body).is_object();
    (!shown).then(thanks)
}

pub(super) fn thanks() -> Response {
    StatusCode::ACCEPTED.into_response()
}

/// The Adaptive Card a workflow posts.
fn card(body: &Value) -> &Value {
    let attachment = &body["attachments"][0];
    let is_card = attachment["contentType"] == "application/vnd.microsoft.card.adaptive";
    let card = &attachment["content"];
    if is_card && card["type"] == "AdaptiveCard" {
        card
    } else {
        &Value::Null
    }
}

fn length_inside_json(body: &Value) -> usize {
    json!(body.to_string()).to_string().len()
}

#[cfg(test)]
mod tests {
    use super::super::Chat;
    use super::super::tests::say;
    use super::*;

    #[tokio::test]
    async fn teams_says_it_has_what_it_does_not_show() {
        let teams = Chat::teams().await;
        assert!(teams.url().starts_with("teams+http://127.0.0.1:"));
        let card = |title: &str| {
            let run = json!({"type": "TextRun", "text": title});
            let block = json!({"type": "RichTextBlock", "inlines": [run]});
            let body = json!([{"type": "Container", "items": [block]}]);
            let content = json!({"type": "AdaptiveCard", "version": "1.4", "body": body});
            json!({"attachments": [{"contentType": "application/vnd.microsoft.card.adaptive", "content": content}]})
        };
        for (body, status) in [
            (card("it broke"), 202),
            (card(&"\"".repeat(8_000)), 202),
            (json!({"text": "it broke"}), 202),
            (json!("it broke"), 400),
        ] {
            assert_eq!(say(&teams, &body).await.unwrap().0, status);
        }
        assert_eq!(teams.texts(), ["it broke"]);
        assert_eq!((teams.refused().len(), teams.attempts()), (3, 4));
    }
}
