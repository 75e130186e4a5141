//! The one gate for text from outside: what passes is one line of visible text.

/// One line of visible text: no control character (so no terminal escape), no line break, nothing that hides text or
/// turns its direction. Runs of white space become one space.
#[must_use]
pub fn plain(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        let start = line.len();
        if start > 0 {
            line.push(' ');
        }
        let word_at = line.len();
        line.extend(word.chars().filter(|&c| !c.is_control() && !invisible(c)));
        if line.len() == word_at {
            line.truncate(start);
        }
    }
    line
}

/// [`plain`], of `max` characters at most.
pub(crate) fn plain_cut(text: &str, max: usize) -> String {
    let mut line = plain(text);
    cut(&mut line, max);
    line
}

/// Cuts a text to `max` characters, with an ellipsis where something was cut.
pub(crate) fn cut(text: &mut String, max: usize) {
    if let Some((at, _)) = text.char_indices().nth(max) {
        text.truncate(at);
        text.pop();
        text.push('…');
    }
}

/// Unicode's `Default_Ignorable_Code_Point` (zero width, bidi controls, tags, fillers) with the annotation marks, but
/// without the variation selectors that emoji use.
fn invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_hides_turns_or_breaks_a_line_is_removed() {
        for (text, expected) in [
            ("python-foo_bar+1~rc2", "python-foo_bar+1~rc2"),
            ("two\nlines\r\n\tand\u{2028}more", "two lines and more"),
            ("  outer  and   inner  ", "outer and inner"),
            ("\u{1b}[31mred\u{1b}[0m \u{7}bell", "[31mred[0m bell"),
            ("\u{9b}31mred", "31mred"),
            ("a\u{202e}cod.exe\u{202c} \u{2066}b\u{2069}", "acod.exe b"),
            ("zero\u{200b}width \u{feff} \u{2060}joined", "zerowidth joined"),
            ("tag\u{e0041}ged", "tagged"),
            ("日本語 ❤\u{fe0f}", "日本語 ❤\u{fe0f}"),
            ("\u{200b}\u{202e}\n", ""),
        ] {
            assert_eq!(plain(text), expected, "{text:?}");
        }
    }

    #[test]
    fn a_cut_text_is_as_long_as_allowed_and_says_that_it_was_cut() {
        assert_eq!(plain_cut("abcdef", 6), "abcdef");
        assert_eq!(plain_cut("abcdefg", 6), "abcde…");
    }
}
