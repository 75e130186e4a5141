//! Printing for people and for machines, and bearing a reader who has left.

use std::io::Write as _;

use anyhow::Context as _;
use comfy_table::{ContentArrangement, Table, presets};

/// Prints a text to standard output.
pub(crate) fn print(text: &str) -> anyhow::Result<()> {
    let mut stdout = std::io::stdout().lock();
    let printed = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
    printed.context("Failed to write to standard output")
}

/// Says something on standard error, if anybody listens.
pub(crate) fn tell(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Prints a value as one JSON document.
pub(crate) fn print_json(value: &impl serde::Serialize) -> anyhow::Result<()> {
    let json = serde_json::to_string_pretty(value).context("Failed to write JSON")?;
    print(&format!("{json}\n"))
}

/// A table for people: no lines, as wide as the terminal.
pub(crate) fn table(header: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_header(header)
        .add_rows(rows);
    format!("{}\n", table.trim_fmt())
}

/// `3 packages`, `1 package`.
pub(crate) fn counted(n: usize, one: &str) -> String {
    match n {
        1 => format!("1 {one}"),
        n => format!("{n} {one}s"),
    }
}
