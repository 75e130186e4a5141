//! The questions: SQL that SQLite, Athena and DuckDB read alike, one text for each purpose in `sql/`.

use crate::report::{Asked, By};
use crate::warehouse::{Question, Select, View};

/// The text of a file in `sql/`, by its name.
macro_rules! sql {
    ($name:literal) => {
        include_str!(concat!("../sql/", $name, ".sql"))
    };
}

/// A text that depends on nothing asked: its name, and its file's text.
macro_rules! texts {
    ($($name:literal),+ $(,)?) => {
        [$(($name, sql!($name))),+]
    };
}

/// The views before the grouping, each after those it reads. Athena computes a view anew wherever it is read, so few read
/// one twice.
const BEFORE: [(&str, &str); 16] = texts![
    "digits",
    "numbers",
    "events",
    "lives",
    "issues",
    "moves",
    "states",
    "spells",
    "responses",
    "outcomes",
    "openings",
    "label_sets",
    "label_spells",
    "label_times",
    "measures",
    "calendar",
];

/// The views after it.
const AFTER: [(&str, &str); 2] = texts!["samples", "quantiles"];

/// The queries, in the order in which [`IssueReport::read`](crate::IssueReport::read) knows them.
const SELECTS: [(&str, &str); 7] = texts!["groups", "figures", "in_label", "days", "weeks", "trends", "oldest"];

/// All that a report is made of.
#[must_use]
pub fn question(asked: &Asked) -> Question {
    let repository = quoted(asked.repository.as_deref().unwrap_or_default());
    let (since_s, until_s) = (asked.since_s, asked.until_s);
    composed(
        format!("SELECT CAST({since_s} AS BIGINT), CAST({until_s} AS BIGINT), {repository}"),
        asked,
    )
}

/// Each query with all its views, by its name, for a person who asks by hand: about all times and repositories, in one
/// group, ignoring nobody; the present is when the last event was heard of.
#[must_use]
pub fn named_queries() -> Vec<(&'static str, String)> {
    let heard = "SELECT CAST(0 AS BIGINT), CAST(COALESCE(MAX(received_s), 0) + 1 AS BIGINT), '' FROM issue_events";
    let question = composed(heard.to_owned(), &Asked::default());
    let texts = question.selects.iter();
    texts.map(|select| (select.name, question.text(select))).collect()
}

fn composed(asked_sql: String, asked: &Asked) -> Question {
    let by = match asked.by {
        By::All => sql!("by_all"),
        By::Repository => sql!("by_repository"),
        By::Label => sql!("by_label"),
        By::Assignee => sql!("by_assignee"),
        By::Month => sql!("by_month"),
    };
    let literals = [
        ("asked(since_s, until_s, repository)", asked_sql),
        ("ignored(login)", ignored(&asked.ignored)),
    ];
    let texts = BEFORE.into_iter().chain([("grouped", by)]).chain(AFTER);
    let views = literals
        .into_iter()
        .chain(texts.map(|(name, sql)| (name, sql.to_owned())));
    Question {
        views: views.map(|(name, sql)| View { name, sql }).collect(),
        selects: SELECTS
            .map(|(name, sql)| Select {
                name,
                sql: sql.to_owned(),
            })
            .into(),
    }
}

/// An empty login first, which nobody has: there is no `VALUES` of nothing.
fn ignored(logins: &[String]) -> String {
    let rows: Vec<_> = [""]
        .into_iter()
        .chain(logins.iter().map(String::as_str))
        .map(|login| format!("({})", quoted(login)))
        .collect();
    format!("VALUES {}", rows.join(", "))
}

/// A text as a literal. Quotes are doubled, which is all that a literal knows in every engine.
fn quoted(text: &str) -> String {
    // SQLite's own reading of a query ends at a NUL; no name has one.
    format!("'{}'", text.replace('\0', "").replace('\'', "''"))
}
