//! A report for the terminal.

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use metrics::IssueReport;

use super::sections::{self, Headline, Section};

/// A longer text would break the table's lines.
const LONGEST: usize = 60;

/// Tables as wide as they need.
pub(crate) fn table(report: &IssueReport) -> String {
    let mut parts = vec![format!("{}\n{}\n", sections::title(report), sections::span(report))];
    if let Some(headline) = Headline::of(report) {
        parts.push(format!("{}\n", headline.sentence()));
    }
    let sections = sections::sections(report);
    if sections.is_empty() {
        parts.push(format!("\n{}\n", sections::EMPTY));
    }
    for section in &sections {
        parts.push(format!("\n{}\n{}\n", section.title.to_uppercase(), lines(section)));
    }
    parts.concat()
}

fn lines(section: &Section) -> String {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled)
        .set_header(section.columns.iter().map(|column| column.title))
        .add_rows(section.rows.iter().map(|row| row.iter().map(|cell| cut(&cell.text))));
    for (at, column) in section.columns.iter().enumerate() {
        if let Some(shown) = table.column_mut(at).filter(|_| column.numbers) {
            shown.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.trim_fmt()
}

fn cut(text: &str) -> String {
    if text.chars().count() <= LONGEST {
        return text.to_owned();
    }
    text.chars().take(LONGEST - 1).chain(['…']).collect()
}
