//! Feishu's and Lark's message card: plain text alone, so nothing in it is markup or a mention; our links are buttons.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretSlice};
use serde_json::{Value, json};
use sha2::Sha256;

use super::{Post, and_more, cut_line, cut_text, fit, small_print, words};
use crate::message::{Link, Message, Span, Tone};

/// A card's title beyond this is cut by the phones themselves, in characters.
const MAX_TITLE: usize = 150;
/// A line beyond this is hard to read, in characters.
const MAX_LINE: usize = 500;
/// More lines than this nobody reads in a chat.
const MAX_LINES: usize = 45;
/// Feishu takes 20 KB.
const MAX_BODY: usize = 20_000;

/// The message as a custom bot takes it, signed for `now` if there is a key.
#[must_use]
pub fn show(message: &Message, key: Option<&SecretSlice<u8>>, now: Timestamp) -> Post {
    let most = message.lines.len().min(MAX_LINES);
    Post {
        headers: Vec::new(),
        body: fit(most, MAX_BODY, str::len, |lines| {
            body(message, lines, key, now).to_string()
        }),
    }
}

fn body(message: &Message, lines: usize, key: Option<&SecretSlice<u8>>, now: Timestamp) -> Value {
    let mut elements: Vec<_> = message.lines.iter().take(lines).map(|line| row(line)).collect();
    if let Some(more) = and_more(message, lines) {
        elements.push(text(&more));
    }
    if !message.quote.is_empty() {
        elements.push(boxed(&text(&message.quote.join("\n"))));
    }
    if let Some(link) = &message.link {
        elements.push(json!({ "tag": "action", "actions": [button(link)] }));
    }
    if let Some(details) = small_print(message) {
        elements.push(json!({ "tag": "note", "elements": [plain_text(&details)] }));
    }
    let mut body = json!({
        "msg_type": "interactive",
        "card": {
            "config": { "wide_screen_mode": true },
            "header": {
                "template": colour(message.tone),
                "title": plain_text(&cut_text(&message.title, MAX_TITLE)),
            },
            "elements": elements,
        },
    });
    if let Some(key) = key {
        let seconds = now.as_second();
        body["timestamp"] = json!(seconds.to_string());
        body["sign"] = json!(sign(seconds, key));
    }
    body
}

/// A line, with its last link (a log rather than a build) as a button beside it.
fn row(spans: &[Span]) -> Value {
    let (said, link) = match cut_line(spans, MAX_LINE).as_slice() {
        // The button says it.
        [before @ .., Span::Link(last)] if !before.is_empty() => (words(before), Some(last.clone())),
        all => (words(all), all.iter().rev().find_map(link_of)),
    };
    let mut row = text(said.trim_end_matches(" · "));
    if let Some(link) = link {
        row["extra"] = button(&link);
    }
    row
}

fn link_of(span: &Span) -> Option<Link> {
    match span {
        Span::Link(link) => Some(link.clone()),
        Span::Text(_) | Span::Strong(_) => None,
    }
}

fn text(text: &str) -> Value {
    json!({ "tag": "div", "text": plain_text(text) })
}

/// On grey ground: the nearest to a quote that does without markup.
fn boxed(element: &Value) -> Value {
    let column = json!({ "tag": "column", "width": "weighted", "weight": 1, "elements": [element] });
    json!({ "tag": "column_set", "background_style": "grey", "columns": [column] })
}

fn plain_text(text: &str) -> Value {
    json!({ "tag": "plain_text", "content": text })
}

fn button(link: &Link) -> Value {
    json!({ "tag": "button", "type": "default", "text": plain_text(&link.text), "url": link.url })
}

fn colour(tone: Tone) -> &'static str {
    match tone {
        Tone::Bad => "red",
        Tone::Good => "green",
        Tone::Warning => "orange",
        Tone::Neutral => "blue",
    }
}

/// The secret is part of the HMAC's key, and its message is empty.
fn sign(seconds: i64, key: &SecretSlice<u8>) -> String {
    let mut signing_key = format!("{seconds}\n").into_bytes();
    signing_key.extend_from_slice(key.expose_secret());
    let mac = Hmac::<Sha256>::new_from_slice(&signing_key).expect("HMAC takes a key of any length");
    STANDARD.encode(mac.finalize().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_feishus() {
        let key = SecretSlice::from(b"demo".to_vec());
        assert_eq!(
            sign(1_599_360_473, &key),
            "l1N0gAcBjdwBvGm1xMjOF0XSyaLRpR7tuO5dHfhAYc8="
        );
    }
}
