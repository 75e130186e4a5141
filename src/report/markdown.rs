//! A report as GitHub's Markdown, for an issue, a wiki or a chat.

use metrics::IssueReport;

use super::sections::{self, Cell, Headline, Section};

/// Headings and tables. Nothing from outside is markup, mentions anybody, or is a link but to an issue.
pub(crate) fn markdown(report: &IssueReport) -> String {
    let title = escaped(&sections::title(report));
    let mut parts = vec![format!("# {title}\n\n{}\n", sections::span(report))];
    if let Some(headline) = Headline::of(report) {
        parts.push(format!("\n{}\n", headline.sentence()));
    }
    let sections = sections::sections(report);
    if sections.is_empty() {
        parts.push(format!("\n{}\n", sections::EMPTY));
    }
    for section in &sections {
        parts.push(format!("\n## {}\n\n{}", section.title, table(section)));
    }
    parts.concat()
}

fn table(section: &Section) -> String {
    let titles = section.columns.iter().map(|column| column.title.to_owned());
    let sides = section
        .columns
        .iter()
        .map(|column| if column.numbers { "---:" } else { "---" });
    let rows = section.rows.iter().map(|row| line(row.iter().map(shown)));
    let head = [line(titles), line(sides.map(str::to_owned))];
    head.into_iter().chain(rows).collect()
}

fn line(cells: impl Iterator<Item = String>) -> String {
    format!("| {} |\n", cells.collect::<Vec<_>>().join(" | "))
}

fn shown(cell: &Cell) -> String {
    let text = escaped(&cell.text);
    match &cell.link {
        Some(link) => format!("[{text}]({link})"),
        None => text,
    }
}

/// What would be markup, HTML, a mention, a reference to an issue or a link by itself is text.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '&' => escaped += "&amp;",
            // GitHub looks for these after it has read the escapes, so something invisible stands behind them.
            '@' => escaped += "@&#8203;",
            '#' => escaped += "#&#8203;",
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '(' | ')' | '!' | '|' | '~' | '$' => {
                escaped.push('\\');
                escaped.push(c);
            }
            c => escaped.push(c),
        }
    }
    escaped.replace("://", ":&#8203;//").replace("www.", "www&#8203;.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_from_outside_is_markup() {
        for (text, expected) in [
            ("plain text, 3 h – 100 %", "plain text, 3 h – 100 %"),
            ("a|b", r"a\|b"),
            (r"a\|b", r"a\\\|b"),
            ("<img src=x>", "&lt;img src=x&gt;"),
            ("![x](javascript:y)", r"\!\[x\]\(javascript:y\)"),
            ("**b** _i_ `c` ~~s~~ $m$", r"\*\*b\*\* \_i\_ \`c\` \~\~s\~\~ \$m\$"),
            ("&lt;", "&amp;lt;"),
            ("@all see acme/app#12", "@&#8203;all see acme/app#&#8203;12"),
            (
                "https://e.example www.e.example",
                "https:&#8203;//e.example www&#8203;.e.example",
            ),
        ] {
            assert_eq!(escaped(text), expected);
        }
    }
}
