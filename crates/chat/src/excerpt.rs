//! The first lines of what somebody wrote on GitHub.

use crate::plain::cut;
use crate::plain::plain;

/// As much as one reads in a chat, in characters.
const MAX_LENGTH: usize = 500;
/// The same in lines.
const MAX_LINES: usize = 6;

/// The first lines of an issue's or a comment's body: at most six, of 500 characters in all, without empty lines and
/// what GitHub does not show either (the HTML comments of issue templates). Markdown stays as it was written.
#[must_use]
pub fn excerpt(body: &str) -> String {
    let visible = without_comments(body);
    let mut lines = visible.lines().map(plain).filter(|line| !line.is_empty());
    let mut excerpt = lines.by_ref().take(MAX_LINES).collect::<Vec<_>>().join("\n");
    if lines.next().is_some() {
        excerpt.push_str(" …");
    }
    cut(&mut excerpt, MAX_LENGTH);
    excerpt
}

/// A comment that does not end is no comment: most likely somebody wrote of HTML.
fn without_comments(body: &str) -> String {
    let mut visible = String::new();
    let mut rest = body;
    while let Some((before, comment)) = rest.split_once("<!--")
        && let Some((_, after)) = comment.split_once("-->")
    {
        visible.push_str(before);
        rest = after;
    }
    visible.push_str(rest);
    visible
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_excerpt_is_the_first_lines_that_people_see() {
        for (body, expected) in [
            ("", ""),
            ("It crashes.", "It crashes."),
            (
                "\r\n  It **crashes**.  \r\n\r\n\r\n1. Start\r\n",
                "It **crashes**.\n1. Start",
            ),
            ("<!-- Please search\nfirst! -->\nIt crashes.<!-- x -->", "It crashes."),
            ("`<!--` is shown\nas it is", "`<!--` is shown\nas it is"),
            ("\u{1b}[31mred\u{202e}\u{200b}\n\u{200b}\n", "[31mred"),
            ("1\n2\n3\n4\n5\n6", "1\n2\n3\n4\n5\n6"),
            ("1\n2\n3\n4\n5\n6\n\n", "1\n2\n3\n4\n5\n6"),
            ("1\n2\n3\n4\n5\n6\n7", "1\n2\n3\n4\n5\n6 …"),
        ] {
            assert_eq!(excerpt(body), expected, "{body:?}");
            assert_eq!(excerpt(expected), expected);
        }
    }

    #[test]
    fn a_long_text_is_cut_and_its_excerpt_is_no_shorter() {
        for body in [
            "é".repeat(501),
            format!("{}\n7", "x".repeat(499)),
            "word ".repeat(1_000),
        ] {
            let cut = excerpt(&body);
            assert_eq!(cut.chars().count(), 500);
            assert!(cut.ends_with('…'), "{cut}");
            assert_eq!(excerpt(&cut), cut);
        }
    }
}
