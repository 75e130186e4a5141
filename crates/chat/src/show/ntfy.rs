//! ntfy's message, as JSON so that all text is UTF-8: plain text alone, so nothing in it is markup or a mention; our
//! links are buttons. Its apps make an address in a text clickable, as phones do everywhere: it leads where it says.

use serde_json::{Value, json};

use super::{Post, and_more, cut_line, cut_text, fit, small_print, words};
use crate::message::{Link, Message, Span, Tone};

/// ntfy takes 1 KB (<https://docs.ntfy.sh/publish/#limitations>), in characters of at most four bytes.
const MAX_TITLE: usize = 250;
/// A line beyond this is hard to read, in characters.
const MAX_LINE: usize = 500;
/// More lines than this nobody reads on a phone.
const MAX_LINES: usize = 45;
/// What the text may have as JSON, in bytes. ntfy takes 4,096 of text (what is longer becomes a file) and twice as much
/// of JSON, where the title and three links want their room.
const MAX_TEXT: usize = 3_800;

/// The message for `topic` as the root of a server takes it.
#[must_use]
pub fn show(message: &Message, topic: &str) -> Post {
    let most = message.lines.len().min(MAX_LINES);
    let text = fit(most, MAX_TEXT, length_in_json, |lines| text(message, lines));
    let title = title(message);
    // Without a text, ntfy makes one up.
    let (title, text) = if text.is_empty() {
        (None, title)
    } else {
        (Some(title), text)
    };
    let (tag, priority) = urgency(message.tone);
    let buttons: Vec<_> = links(message).map(button).collect();
    let mut body = json!({
        "topic": topic,
        "message": text,
        "tags": [tag],
        "priority": priority,
        "markdown": false,
    });
    if let Some(title) = title {
        body["title"] = json!(title);
    }
    if let Some(link) = &message.link {
        body["click"] = json!(target(link));
    }
    if !buttons.is_empty() {
        body["actions"] = json!(buttons);
    }
    Post {
        headers: Vec::new(),
        body: body.to_string(),
    }
}

fn text(message: &Message, lines: usize) -> String {
    let shown = message.lines.iter().take(lines);
    let shown = shown.map(|line| format!("• {}", words(&cut_line(line, MAX_LINE)).trim_end_matches(" · ")));
    let quote = message.quote.iter().map(|line| format!("> {line}"));
    let told = shown.chain(and_more(message, lines)).chain(quote);
    told.chain(small_print(message)).collect::<Vec<_>>().join("\n")
}

fn length_in_json(text: &str) -> usize {
    json!(text).to_string().len()
}

/// The server reads the title as a header, where `=?…?=` is another encoding of text.
fn title(message: &Message) -> String {
    cut_text(&message.title.replace("=?", "= ?"), MAX_TITLE)
}

/// Where to look, and what a line has more of (a log) where it is the only one.
fn links(message: &Message) -> impl Iterator<Item = &Link> {
    let last = match message.lines.as_slice() {
        [spans] => spans.iter().rev().find_map(|span| match span {
            Span::Link(link) => Some(link),
            Span::Text(_) | Span::Strong(_) => None,
        }),
        _ => None,
    };
    let other = last.filter(|last| message.link.as_ref() != Some(*last));
    message.link.iter().chain(other)
}

fn button(link: &Link) -> Value {
    json!({ "action": "view", "label": link.text, "url": target(link) })
}

/// A header as well.
fn target(link: &Link) -> String {
    link.url.replace("=?", "%3D?")
}

/// The name of an emoji (<https://docs.ntfy.sh/emojis/>), and a priority: 4 is high, 3 usual, 2 without a sound.
fn urgency(tone: Tone) -> (&'static str, u8) {
    match tone {
        Tone::Bad => ("rotating_light", 4),
        Tone::Good => ("white_check_mark", 3),
        Tone::Warning => ("warning", 3),
        Tone::Neutral => ("bell", 2),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_server_reads_as_headers_is_in_no_other_encoding() {
        let message = Message {
            title: "=?utf-8?q?=E2=80=AEevil?= fails".to_owned(),
            link: Some(Link {
                text: "build 5".to_owned(),
                url: "https://copr.example/=?utf-8?q?x?=".to_owned(),
            }),
            ..Message::default()
        };
        let body: Value = serde_json::from_str(&show(&message, "t").body).expect("JSON");
        assert_eq!(body["message"], "= ?utf-8?q?=E2=80=AEevil?= fails");
        assert_eq!(body.get("title"), None, "the text is the title where there is no other");
        assert_eq!(body["click"], "https://copr.example/%3D?utf-8?q?x?=");
        assert_eq!(body["actions"][0]["url"], body["click"]);
    }
}
