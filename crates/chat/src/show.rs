//! How each kind of channel shows a message: one pure function per chat, from words to a request's body and headers.

pub mod console;
pub mod discord;
pub mod feishu;
pub mod json;
pub mod ntfy;
pub mod slack;
pub mod teams;

use crate::message::{Line, Link, Message, Span};
use crate::plain::cut;

/// Small print is one line on a wide screen, or a few on a phone's, in characters.
const MAX_SMALL_PRINT: usize = 400;

/// What is posted to a channel: a JSON body, and the headers that go with it besides its content type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Post {
    /// Names (in lower case) and values.
    pub headers: Vec<(&'static str, String)>,
    /// The JSON.
    pub body: String,
}

/// The text of as many of `all` items as keep it within `max`, as `measure` has it. `text` makes one of the first so
/// many; that of none is known to fit.
fn fit(all: usize, max: usize, measure: impl Fn(&str) -> usize, text: impl Fn(usize) -> String) -> String {
    let whole = text(all);
    if measure(&whole) <= max {
        return whole;
    }
    let (mut fits, mut too_long) = (0, all);
    while too_long - fits > 1 {
        let middle = usize::midpoint(fits, too_long);
        if measure(&text(middle)) <= max {
            fits = middle;
        } else {
            too_long = middle;
        }
    }
    text(fits)
}

/// What stands for the lines that were left out where so many are shown.
fn and_more(message: &Message, shown: usize) -> Option<String> {
    let all = message.lines.len();
    (shown < all).then(|| message.language.words().and_more(all - shown))
}

/// The details on one line: "labels bug, crash · assigned to bob".
fn small_print(message: &Message) -> Option<String> {
    let words = message.language.words();
    let details = message.details.iter();
    let told: Vec<_> = details.map(|detail| words.detail(detail.name, &detail.value)).collect();
    (!told.is_empty()).then(|| cut_text(&told.join(" · "), MAX_SMALL_PRINT))
}

/// The message's link, unless the lines that are shown have it already.
fn link_to_add<'a>(message: &'a Message, shown: &[Line]) -> Option<&'a Link> {
    let in_lines = |link: &&Link| {
        shown
            .iter()
            .flatten()
            .any(|span| matches!(span, Span::Link(other) if other == *link))
    };
    message.link.as_ref().filter(|link| !in_lines(link))
}

/// The words of a line, without where its links lead.
fn words(line: &[Span]) -> String {
    line.iter().map(span_text).collect()
}

fn span_text(span: &Span) -> &str {
    match span {
        Span::Text(text) | Span::Strong(text) => text,
        Span::Link(link) => &link.text,
    }
}

/// A line of `max` characters at most, without empty spans. A link is whole or it is not there.
fn cut_line(line: &[Span], max: usize) -> Line {
    let mut left = max;
    let mut short = Line::new();
    for span in line.iter().filter(|span| !span_text(span).is_empty()) {
        let length = span_text(span).chars().count();
        if length <= left {
            left -= length;
            short.push(span.clone());
            continue;
        }
        let mut text = span_text(span).to_owned();
        cut(&mut text, left.max(1));
        short.push(match span {
            Span::Text(_) => Span::Text(text),
            Span::Strong(_) => Span::Strong(text),
            Span::Link(_) => Span::Text("…".to_owned()),
        });
        break;
    }
    short
}

fn cut_text(text: &str, max: usize) -> String {
    let mut text = text.to_owned();
    cut(&mut text, max);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_holds_as_much_as_fits() {
        let body = |n: usize| "x".repeat(n * 10);
        for (all, max, expected) in [
            (5, 50, 50),
            (5, 49, 40),
            (5, 10, 10),
            (5, 9, 0),
            (0, 0, 0),
            (9_999, 70_005, 70_000),
        ] {
            assert_eq!(fit(all, max, str::len, body).len(), expected, "{all} {max}");
        }
    }

    #[test]
    fn a_long_line_is_cut_and_a_link_stays_whole() {
        let build = Span::Link(Link {
            text: "build 5".to_owned(),
            url: "https://copr.example/".to_owned(),
        });
        let line = vec![
            Span::Strong("beta".to_owned()),
            Span::Text(String::new()),
            Span::Text(" fails: ".to_owned()),
            build,
        ];
        for (max, expected, spans) in [
            (19, "beta fails: build 5", 3),
            (18, "beta fails: …", 3),
            (8, "beta fa…", 2),
            (4, "beta…", 2),
        ] {
            let short = cut_line(&line, max);
            assert_eq!(words(&short), expected);
            assert_eq!(short.len(), spans);
        }
    }
}
