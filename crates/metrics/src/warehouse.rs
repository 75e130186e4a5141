//! Where records are asked about.

use std::fmt::Debug;

use futures_util::future::BoxFuture;

/// A row of an answer, all values as text. Numbers are whole.
pub type Row = Vec<Option<String>>;

/// A text that others build on, by its name. It may read the table `issue_events` and the views before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    /// What the later texts call it; of `VALUES` with its columns: `ignored(login)`.
    pub name: &'static str,
    /// A query, or `VALUES`.
    pub sql: String,
}

/// A query over views.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Select {
    /// What it answers.
    pub name: &'static str,
    /// The query, without the views.
    pub sql: String,
}

/// Several queries over the same views.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Question {
    /// The views, each after those it reads.
    pub views: Vec<View>,
    /// The queries.
    pub selects: Vec<Select>,
}

impl Question {
    /// One query with the views it needs before it, for an engine that keeps nothing between queries.
    #[must_use]
    pub fn text(&self, select: &Select) -> String {
        let mut needed: Vec<&View> = Vec::new();
        for view in self.views.iter().rev() {
            let name = view.name.split('(').next().unwrap_or_default();
            let readers = needed.iter().map(|reader| reader.sql.as_str());
            if readers.chain([select.sql.as_str()]).any(|sql| mentions(sql, name)) {
                needed.push(view);
            }
        }
        let views = needed
            .into_iter()
            .rev()
            .map(|view| format!("{} AS (\n{}\n)", view.name, view.sql.trim_end()));
        let views: Vec<_> = views.collect();
        let with = if views.is_empty() {
            String::new()
        } else {
            format!("WITH {}\n", views.join(", "))
        };
        format!("{with}{}", select.sql)
    }
}

/// Does a text have the name, as a word of its own? If only in a comment, that is a view too many and no harm.
fn mentions(sql: &str, name: &str) -> bool {
    sql.split(|c: char| c != '_' && !c.is_alphanumeric())
        .any(|word| word == name)
}

/// Why a question was not answered.
#[derive(Debug, thiserror::Error)]
#[error("the warehouse {warehouse} did not answer: {why}")]
pub struct WarehouseError {
    /// Which: a file, or a workgroup and database.
    pub warehouse: String,
    /// What it said, and about which query.
    pub why: String,
}

/// Where records are asked about: Athena, or a SQLite file.
pub trait Warehouse: Debug + Send + Sync {
    /// Which: as [`WarehouseError::warehouse`] has it.
    fn name(&self) -> String;

    /// Asks, and hands over each row as it comes: the place of its query, and its values.
    fn ask<'a>(
        &'a self,
        question: &'a Question,
        on_row: &'a mut (dyn FnMut(usize, Row) + Send),
    ) -> BoxFuture<'a, Result<(), WarehouseError>>;
}
