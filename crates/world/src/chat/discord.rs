//! A Discord webhook.

use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, HeaderValue};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::Message;

/// The first thing people read of a message.
pub(super) fn title(body: &Value) -> String {
    unescaped(body["embeds"][0]["title"].as_str().unwrap_or_default())
}

pub(super) fn refusal(message: &Message) -> Option<Response> {
    error(message).map(|(code, text)| {
        let json = [(CONTENT_TYPE, "application/json")];
        let body = json!({ "message": text, "code": code });
        (StatusCode::BAD_REQUEST, json, body.to_string()).into_response()
    })
}

/// `waits` is whether it was asked for the message.
pub(super) fn thanks(waits: bool) -> Response {
    if !waits {
        return StatusCode::NO_CONTENT.into_response();
    }
    let json = [(CONTENT_TYPE, "application/json")];
    let made = json!({ "id": "1284511010203040506", "type": 0, "content": "" });
    (json, made.to_string()).into_response()
}

/// Discord's code and words for what is wrong with a message:
/// <https://discord.com/developers/docs/resources/message#embed-object-embed-limits>.
fn error(message: &Message) -> Option<(u32, &'static str)> {
    const BAD_FORM: (u32, &str) = (50035, "Invalid Form Body");
    let content_type = message.headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes)?;
    if !content_type.starts_with(b"application/json") || !message.body.is_object() {
        return Some((50109, "The request body contains invalid JSON."));
    }
    let content = message.body["content"].as_str().unwrap_or_default();
    let embeds = message.body["embeds"].as_array().map_or(&[][..], Vec::as_slice);
    if content.is_empty() && embeds.is_empty() {
        return Some((50006, "Cannot send an empty message"));
    }
    let mut all = 0;
    let mut too_long = |text: &Value, max: usize| {
        let length = text.as_str().unwrap_or_default().encode_utf16().count();
        all += length;
        length > max
    };
    let bad = embeds.iter().any(|embed| {
        let fields = embed["fields"].as_array().map_or(&[][..], Vec::as_slice);
        let empty = |text: &Value| text.as_str().is_none_or(|text| text.trim().is_empty());
        let bad_field = |field: &Value| {
            empty(&field["name"])
                || empty(&field["value"])
                || too_long(&field["name"], 256)
                || too_long(&field["value"], 1024)
        };
        let url = embed["url"].as_str().unwrap_or("https:");
        fields.len() > 25
            || fields.iter().any(bad_field)
            || too_long(&embed["title"], 256)
            || too_long(&embed["description"], 4096)
            || too_long(&embed["footer"]["text"], 2048)
            || !(url.starts_with("https:") || url.starts_with("http:"))
            || embed["color"].as_u64().is_some_and(|colour| colour > 0x00ff_ffff)
    });
    let bad = bad || embeds.len() > 10 || content.encode_utf16().count() > 2000 || all > 6000;
    bad.then_some(BAD_FORM)
}

/// What people read of Discord's markdown: an escaped sign is the sign.
fn unescaped(text: &str) -> String {
    let mut shown = String::new();
    let mut signs = text.chars();
    while let Some(sign) = signs.next() {
        let escaped = if sign == '\\' { signs.next() } else { None };
        shown.push(escaped.unwrap_or(sign));
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::super::Chat;
    use super::super::tests::say;
    use super::*;
    use crate::ask;

    #[tokio::test]
    async fn discord_shows_what_is_within_its_limits_and_answers_with_it_where_asked() {
        let discord = Chat::discord().await;
        assert!(discord.url().starts_with("discord+http://127.0.0.1:"));
        let embed = |key: &str, length| json!({"embeds": [{ (key): "x".repeat(length) }]});
        let field = |value: &str| json!({"embeds": [{"fields": [{"name": "labels", "value": value}]}]});
        let long =
            json!({"embeds": [embed("description", 4096)["embeds"][0], embed("description", 1905)["embeds"][0]]});
        for (body, status, code) in [
            (json!({"embeds": [{"title": r"it \*broke\* \\o/"}]}), 204, None),
            (json!({"content": "x".repeat(2000)}), 204, None),
            (embed("description", 4096), 204, None),
            (field("bug"), 204, None),
            (json!({"content": "x".repeat(2001)}), 400, Some(50035)),
            (embed("title", 257), 400, Some(50035)),
            (embed("description", 4097), 400, Some(50035)),
            (long, 400, Some(50035)),
            (field(" "), 400, Some(50035)),
            (
                json!({"embeds": [{"title": "x", "url": "javascript:"}]}),
                400,
                Some(50035),
            ),
            (json!({"embeds": []}), 400, Some(50006)),
            (json!("it broke"), 400, Some(50109)),
        ] {
            let (answered, text) = say(&discord, &body).await.unwrap();
            let error: Value = serde_json::from_str(&text).unwrap_or_default();
            assert_eq!((answered, error["code"].as_u64()), (status, code), "{body}");
        }
        assert_eq!(discord.texts(), [r"it *broke* \o/", "", "", ""]);
        assert_eq!((discord.refused().len(), discord.attempts()), (8, 12));

        let url = format!("{}?thread_id=2&wait=true", discord.url());
        let (_, url) = url.split_once('+').unwrap();
        let json = [("content-type", "application/json")];
        let answer = ask::post(url, &json, r#"{"content":"hello"}"#).await.unwrap();
        assert_eq!(answer.status(), 200);
        assert!(ask::text(answer).await.contains(r#""id":""#));
    }
}
