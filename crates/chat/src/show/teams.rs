//! Microsoft Teams' Adaptive Card, for a workflow that posts it. All text is in text runs, which Teams reads no
//! markdown, mention or link in.

use serde_json::{Value, json};

use super::{Post, and_more, cut_line, cut_text, fit, small_print, span_text};
use crate::message::{Line, Link, Message, Span, Tone};

/// A title beyond this is more than one, in characters.
const MAX_TITLE: usize = 250;
/// A line beyond this is hard to read, in characters.
const MAX_LINE: usize = 500;
/// More lines than this nobody reads in a chat.
const MAX_LINES: usize = 45;
/// Teams takes 28 KB of the card as JSON inside JSON, and the workflow adds to it. Beyond that the workflow still says
/// 202, and nothing is shown (<https://github.com/MicrosoftDocs/msteams-docs/issues/11274>).
const MAX_BODY: usize = 24_000;

/// The message as a workflow of the template "Send webhook alerts to a channel" takes it.
#[must_use]
pub fn show(message: &Message) -> Post {
    let most = message.lines.len().min(MAX_LINES);
    Post {
        headers: Vec::new(),
        body: fit(most, MAX_BODY, length_inside_json, |lines| {
            body(message, lines).to_string()
        }),
    }
}

fn length_inside_json(text: &str) -> usize {
    text.len() + text.bytes().filter(|b| matches!(b, b'"' | b'\\')).count()
}

fn body(message: &Message, lines: usize) -> Value {
    let mut items = vec![title(message)];
    let shown = message.lines.iter().take(lines).map(|line| cut_line(line, MAX_LINE));
    items.extend(shown.filter(|line| !line.is_empty()).map(|line| row(&line)));
    items.extend(and_more(message, lines).map(|more| small(&more)));
    if !message.quote.is_empty() {
        items.push(quote(&message.quote));
    }
    items.extend(small_print(message).map(|details| small(&details)));
    let mut card = json!({
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "msteams": { "width": "Full" },
        "body": items,
    });
    if let Some(link) = &message.link {
        card["actions"] = json!([open(link)]);
    }
    let attachment = json!({ "contentType": "application/vnd.microsoft.card.adaptive", "content": card });
    json!({ "type": "message", "attachments": [attachment] })
}

/// The title on coloured ground.
fn title(message: &Message) -> Value {
    let title = cut_text(&message.title, MAX_TITLE);
    let run = json!({ "type": "TextRun", "text": title, "weight": "Bolder", "size": "Medium" });
    json!({ "type": "Container", "style": style(message.tone), "bleed": true, "items": [block(&[run], "None")] })
}

/// A line. A click on it opens its last link (a log rather than a build): links of their own inside a text are mere
/// text in some versions of Teams (<https://github.com/microsoft/AdaptiveCards/issues/9100>).
fn row(spans: &Line) -> Value {
    let link = spans.iter().rev().find_map(|span| match span {
        Span::Link(link) => Some(link),
        Span::Text(_) | Span::Strong(_) => None,
    });
    let runs: Vec<_> = spans.iter().map(|span| run(span, link)).collect();
    match link {
        Some(link) => json!({
            "type": "Container",
            "spacing": "Small",
            "items": [block(&runs, "None")],
            "selectAction": open(link),
        }),
        None => block(&runs, "Small"),
    }
}

fn run(span: &Span, opened: Option<&Link>) -> Value {
    let mut run = json!({ "type": "TextRun", "text": span_text(span) });
    match span {
        Span::Strong(_) => run["weight"] = json!("Bolder"),
        Span::Link(link) if Some(link) == opened => run["color"] = json!("Accent"),
        Span::Text(_) | Span::Link(_) => {}
    }
    run
}

fn quote(lines: &[String]) -> Value {
    let blocks = lines
        .iter()
        .map(|line| block(&[json!({ "type": "TextRun", "text": line })], "None"));
    json!({ "type": "Container", "style": "emphasis", "items": blocks.collect::<Vec<_>>() })
}

fn small(text: &str) -> Value {
    block(
        &[json!({ "type": "TextRun", "text": text, "size": "Small", "isSubtle": true })],
        "Small",
    )
}

fn block(runs: &[Value], spacing: &str) -> Value {
    json!({ "type": "RichTextBlock", "spacing": spacing, "inlines": runs })
}

fn open(link: &Link) -> Value {
    json!({ "type": "Action.OpenUrl", "title": link.text, "url": link.url })
}

fn style(tone: Tone) -> &'static str {
    match tone {
        Tone::Bad => "attention",
        Tone::Good => "good",
        Tone::Warning => "warning",
        Tone::Neutral => "accent",
    }
}
