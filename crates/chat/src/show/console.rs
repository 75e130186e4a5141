//! The terminal: plain text, in colour where asked for.

use super::{and_more, link_to_add, small_print, words};
use crate::message::{Link, Message, Span, Tone};

/// More lines than this push what came before off the screen.
const MAX_LINES: usize = 100;

/// The message as lines of text, the last one ended. The only escape sequences are those of `colour`.
#[must_use]
pub fn show(message: &Message, colour: bool) -> String {
    let (sign, code) = match message.tone {
        Tone::Bad => ("✗", "31"),
        Tone::Good => ("✓", "32"),
        Tone::Warning => ("!", "33"),
        Tone::Neutral => ("·", "34"),
    };
    let title = &message.title;
    let mut shown = if colour {
        format!("\u{1b}[1;{code}m{sign} {title}\u{1b}[0m\n")
    } else {
        format!("{sign} {title}\n")
    };
    let lines = &message.lines[..message.lines.len().min(MAX_LINES)];
    let details = lines.iter().map(|line| line.iter().map(span).collect());
    let more = and_more(message, lines.len());
    let link = link_to_add(message, lines).map(with_url);
    let quote = message.quote.iter().map(|line| format!("│ {line}"));
    let small_print = small_print(message);
    for detail in details.chain(more).chain(quote).chain(small_print).chain(link) {
        let detail: String = detail;
        shown.extend(["  ", &detail, "\n"]);
    }
    shown
}

fn span(span: &Span) -> String {
    match span {
        Span::Link(link) => with_url(link),
        Span::Text(_) | Span::Strong(_) => words(std::slice::from_ref(span)),
    }
}

fn with_url(link: &Link) -> String {
    format!("{} ({})", link.text, link.url)
}
