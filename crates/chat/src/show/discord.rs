//! Discord's embed. Discord reads markdown in it, so every text but ours is escaped; embeds ping nobody, and nothing
//! else of the message may either.

use serde_json::{Value, json};

use super::{Post, and_more, cut_line, cut_text, fit, words};
use crate::message::{Detail, Link, Message, Span, Tone};

/// Discord's limit for an embed's title (<https://discord.com/developers/docs/resources/message#embed-object-embed-limits>).
/// All limits here are in UTF-16 units, the narrowest reading of Discord's "characters".
const MAX_TITLE: usize = 256;
/// Discord takes 4096 here, and 6000 of all texts together: this leaves room for the title and the fields.
const MAX_DESCRIPTION: usize = 4000;
/// The most an escaped detail may have. There are five at most.
const MAX_DETAIL: usize = 250;
/// A line beyond this is hard to read, in characters.
const MAX_LINE: usize = 500;
/// More lines than this nobody reads in a chat.
const MAX_LINES: usize = 45;

/// The message as a webhook takes it.
#[must_use]
pub fn show(message: &Message) -> Post {
    let mut embed = json!({
        "title": escaped_within(&message.title, MAX_TITLE),
        "color": colour(message.tone),
    });
    if let Some(link) = &message.link {
        embed["url"] = json!(link.url);
    }
    let most = message.lines.len().min(MAX_LINES);
    let description = fit(most, MAX_DESCRIPTION, length, |lines| description(message, lines));
    if !description.is_empty() {
        embed["description"] = json!(description);
    }
    if !message.details.is_empty() {
        embed["fields"] = message.details.iter().map(field).collect();
    }
    let body = json!({ "embeds": [embed], "allowed_mentions": { "parse": [] } });
    Post {
        headers: Vec::new(),
        body: body.to_string(),
    }
}

fn description(message: &Message, lines: usize) -> String {
    let shown = message.lines.iter().take(lines);
    let shown = shown.map(|line| cut_line(line, MAX_LINE).iter().map(span).collect::<String>());
    let shown = shown.map(|line| format!("- {line}"));
    let more = and_more(message, lines);
    let quote = message.quote.iter().map(|line| format!("> {}", escaped(line)));
    shown.chain(more).chain(quote).collect::<Vec<_>>().join("\n")
}

fn span(span: &Span) -> String {
    let text = escaped(words(std::slice::from_ref(span)).as_str());
    match span {
        Span::Text(_) => text,
        Span::Strong(_) => format!("**{text}**"),
        Span::Link(link) => format!("[{text}]({})", target(link)),
    }
}

fn field(detail: &Detail) -> Value {
    json!({ "name": detail.name, "value": escaped_within(&detail.value, MAX_DETAIL), "inline": true })
}

/// A link's URL without what would end it, or begin markup, in markdown. All these may be percent-encoded anywhere in
/// a path or query.
fn target(link: &Link) -> String {
    let mut target = String::with_capacity(link.url.len());
    for c in link.url.chars() {
        match c {
            '(' => target.push_str("%28"),
            ')' => target.push_str("%29"),
            '*' => target.push_str("%2A"),
            '<' => target.push_str("%3C"),
            '>' => target.push_str("%3E"),
            '\\' => target.push_str("%5C"),
            '`' => target.push_str("%60"),
            '|' => target.push_str("%7C"),
            '~' => target.push_str("%7E"),
            c => target.push(c),
        }
    }
    target
}

/// [`escaped`], in `max` UTF-16 units at most.
fn escaped_within(text: &str, max: usize) -> String {
    fit(text.chars().count(), max, length, |chars| {
        escaped(&cut_text(text, chars))
    })
}

/// Text that Discord shows as it is: with a backslash before all that could begin markup, a mention, an emoji or a link.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let mut before: Option<char> = None;
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let next = rest.peek().copied();
        let special = match c {
            '\\' | '*' | '~' | '|' | '`' | '[' | ']' | '<' | '>' | '@' => true,
            // `x86_64` is itself: an underscore inside a word is no markup.
            '_' => !(before.is_some_and(in_word) && next.is_some_and(in_word)),
            // Addresses and emoji.
            ':' => next != Some(' '),
            // Headings and lists.
            '#' | '-' | '+' => before.is_none() && matches!(next, Some(' ' | '#')),
            '.' => next == Some(' ') && !escaped.is_empty() && escaped.bytes().all(|b| b.is_ascii_digit()),
            _ => false,
        };
        if special {
            escaped.push('\\');
        }
        escaped.push(c);
        before = Some(c);
    }
    escaped
}

fn in_word(c: char) -> bool {
    c.is_ascii_alphanumeric()
}

fn length(text: &str) -> usize {
    text.encode_utf16().count()
}

/// 0xRRGGBB.
fn colour(tone: Tone) -> u32 {
    match tone {
        Tone::Bad => 0x00d7_3a4a,
        Tone::Good => 0x002d_a44e,
        Tone::Warning => 0x00e3_8b16,
        Tone::Neutral => 0x003b_7ddd,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_mentions_and_links_are_escaped_and_nothing_else() {
        for (text, expected) in [
            ("beta fails to build in alice/demo", "beta fails to build in alice/demo"),
            ("fedora-43-x86_64 · 2.3-1", "fedora-43-x86_64 · 2.3-1"),
            ("acme/app#12: it's 1.5 (or 2)", "acme/app#12: it's 1.5 (or 2)"),
            ("@everyone <@1> <@&2> <#3>", r"\@everyone \<\@1\> \<\@&2\> \<#3\>"),
            ("[x](https://evil.example)", r"\[x\](https\://evil.example)"),
            (
                "**b** __u__ _i_ ~~s~~ ||p|| `c`",
                r"\*\*b\*\* \_\_u\_\_ \_i\_ \~\~s\~\~ \|\|p\|\| \`c\`",
            ),
            ("a_b_ é_é", r"a_b\_ é\_é"),
            (":tada: <a:x:1> <t:0>", r"\:tada: \<a\:x\:1\> \<t\:0\>"),
            ("# big", r"\# big"),
            ("-# small", r"\-# small"),
            ("- item", r"\- item"),
            ("#12 -1 1.0", "#12 -1 1.0"),
            ("12. item", r"12\. item"),
            ("> quote", r"\> quote"),
            (r"\*not bold*", r"\\\*not bold\*"),
        ] {
            assert_eq!(escaped(text), expected);
        }
    }

    #[test]
    fn a_cut_text_ends_in_no_lone_backslash() {
        for (text, max, expected) in [
            ("****", 8, r"\*\*\*\*"),
            ("****", 7, r"\*\*…"),
            ("****", 4, r"\*…"),
            ("****", 1, "…"),
            ("😀😀", 4, "😀😀"),
            ("😀😀", 3, "…"),
            ("x😀😀x", 5, "x😀…"),
        ] {
            assert_eq!(escaped_within(text, max), expected, "{max}");
        }
    }

    #[test]
    fn a_links_target_ends_where_it_ends() {
        let link = Link {
            text: "log".to_owned(),
            url: "https://copr.example/a_(b)~1?c=*|`<>\\".to_owned(),
        };
        assert_eq!(target(&link), "https://copr.example/a_%28b%29%7E1?c=%2A%7C%60%3C%3E%5C");
    }
}
