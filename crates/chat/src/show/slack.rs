//! Slack's Block Kit: a header, and rich text, whose text elements Slack reads no markup, mention or link in.

use serde_json::{Value, json};

use super::{Post, and_more, cut_line, cut_text, fit, link_to_add, small_print, span_text};
use crate::message::{Line, Message, Span};

/// Slack's limit for a header, in characters.
const MAX_HEADER: usize = 150;
/// Slack's limit for one text, which we keep for a whole block of them, in characters.
const MAX_BLOCK: usize = 3000;
/// A line beyond this is hard to read, in characters.
const MAX_LINE: usize = 500;
/// More lines than this nobody reads in a chat.
const MAX_LINES: usize = 45;
/// The largest body, in bytes. Slack limits a message's blocks as a whole, undocumented: about 13,000 characters with
/// each element's own weight (`msg_blocks_too_long`, <https://github.com/slackapi/bolt-js/issues/2509>).
const MAX_BODY: usize = 9_000;

/// The message as an incoming webhook takes it.
#[must_use]
pub fn show(message: &Message) -> Post {
    let most = message.lines.len().min(MAX_LINES);
    Post {
        headers: Vec::new(),
        body: fit(most, MAX_BODY, str::len, |lines| body(message, lines).to_string()),
    }
}

fn body(message: &Message, lines: usize) -> Value {
    let title = cut_text(&message.title, MAX_HEADER);
    let mut blocks = vec![json!({
        "type": "header",
        "text": { "type": "plain_text", "text": title, "emoji": false },
    })];
    let shown = message.lines.iter().take(lines).map(|line| cut_line(line, MAX_LINE));
    let shown: Vec<Line> = shown.filter(|line| !line.is_empty()).collect();
    blocks.extend(lists(&shown));
    if !message.quote.is_empty() {
        let quote = element(&Span::Text(message.quote.join("\n")));
        blocks.push(rich_text(&json!({ "type": "rich_text_quote", "elements": [quote] })));
    }
    blocks.extend(end(message, lines, &shown));
    blocks.extend(small_print(message).map(|details| context(&details)));
    json!({ "text": inert(&title), "blocks": blocks })
}

/// The lines as bullet lists, each within one block's limit.
fn lists(lines: &[Line]) -> Vec<Value> {
    let mut lists: Vec<Vec<Value>> = Vec::new();
    let mut room = 0;
    for line in lines {
        let length: usize = line.iter().map(|span| span_text(span).chars().count()).sum();
        if length > room {
            lists.push(Vec::new());
            room = MAX_BLOCK;
        }
        room -= length;
        if let Some(list) = lists.last_mut() {
            list.push(section(line));
        }
    }
    let block = |list| rich_text(&json!({ "type": "rich_text_list", "style": "bullet", "elements": list }));
    lists.into_iter().map(block).collect()
}

/// What was left out, and where to look.
fn end(message: &Message, lines: usize, shown: &[Line]) -> Option<Value> {
    let link = link_to_add(message, shown).cloned().map(Span::Link);
    let end: Line = match (and_more(message, lines), link) {
        (Some(more), Some(link)) => vec![Span::Text(format!("{more} · ")), link],
        (more, link) => more.map(Span::Text).into_iter().chain(link).collect(),
    };
    (!end.is_empty()).then(|| rich_text(&section(&end)))
}

/// Small grey text.
fn context(text: &str) -> Value {
    let text = json!({ "type": "plain_text", "text": text, "emoji": false });
    json!({ "type": "context", "elements": [text] })
}

fn rich_text(element: &Value) -> Value {
    json!({ "type": "rich_text", "elements": [element] })
}

fn section(line: &[Span]) -> Value {
    let elements: Vec<_> = line.iter().map(element).collect();
    json!({ "type": "rich_text_section", "elements": elements })
}

fn element(span: &Span) -> Value {
    match span {
        Span::Text(text) => json!({ "type": "text", "text": text }),
        Span::Strong(text) => json!({ "type": "text", "text": text, "style": { "bold": true } }),
        Span::Link(link) => json!({ "type": "link", "text": link.text, "url": link.url }),
    }
}

/// The top-level text, which notifications show and Slack reads markup in: its control characters are escaped, and
/// those of its markup (bold, strike, code, emoji and URLs, italics) replaced by others that look alike.
fn inert(text: &str) -> String {
    let mut inert = String::with_capacity(text.len());
    let mut before = None;
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let inside_word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        match c {
            '&' => inert.push_str("&amp;"),
            '<' => inert.push_str("&lt;"),
            '>' => inert.push_str("&gt;"),
            '*' => inert.push('\u{2217}'),
            '~' => inert.push('\u{223c}'),
            '`' => inert.push('\u{2cb}'),
            ':' if rest.peek().is_some_and(|&next| next != ' ') => inert.push('\u{2236}'),
            // `x86_64` is itself: an underscore inside a word is no markup.
            '_' if !(inside_word(before) && inside_word(rest.peek().copied())) => inert.push('\u{2cd}'),
            c => inert.push(c),
        }
        before = Some(c);
    }
    inert
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_notification_text_has_no_markup() {
        for (text, expected) in [
            ("beta fails to build in alice/demo", "beta fails to build in alice/demo"),
            ("<!channel> & <@U1>", "&lt;!channel&gt; &amp; &lt;@U1&gt;"),
            ("*b* _i_ ~s~ `c`", "∗b∗ ˍiˍ ∼s∼ ˋcˋ"),
            ("fedora-43-x86_64 __init__", "fedora-43-x86_64 ˍˍinitˍˍ"),
            (":tada: see https://evil.example", "∶tada: see https∶//evil.example"),
        ] {
            assert_eq!(inert(text), expected);
        }
    }
}
