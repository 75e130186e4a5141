//! `copperbell export`: the record of every issue event, each once, for other tools.

use std::io::{self, Write};

use anyhow::Context as _;
use metrics::{COLUMNS, Column, Kind, Question, Row, SCHEMA_VERSION, Select};
use tokio::sync::Notify;

use crate::cli::{ExportArgs, ExportFormat};
use crate::connect::Standalone;
use crate::report::{csv, destination};

pub(crate) async fn run(standalone: &Standalone, args: ExportArgs) -> anyhow::Result<bool> {
    let warehouse = super::report::warehouse(standalone)?;
    let now = standalone.loaded.context.outbound.clock.now();
    let since_s = args.since.map_or(0, |since| since.seconds(now));
    let question = question(since_s, now.as_second());
    let path = args.output.as_deref();
    let mut lines = Lines::new(args.format, destination::open(path)?);
    let mut outcome = lines.header();
    let full = Notify::new();
    let mut on_row = |_, row: Row| {
        if outcome.is_ok() {
            outcome = lines.row(&row);
        }
        if outcome.is_err() {
            full.notify_one();
        }
    };
    // Nobody reads on where nobody takes it.
    let answered = tokio::select! {
        answered = warehouse.ask(&question, &mut on_row) => answered,
        () = full.notified() => Ok(()),
    };
    destination::written(outcome.and_then(|()| lines.end()), path)?;
    answered.with_context(|| match path {
        Some(path) => format!("{} is not complete", path.display()),
        None => "What was written is not complete".to_owned(),
    })?;
    Ok(true)
}

/// What happened from one second to another, in the order in which it happened.
///
/// A delivery that was stored twice is there once, as is a body that came under two names. Pull requests are exported too.
fn question(since_s: i64, until_s: i64) -> Question {
    let columns = COLUMNS.map(|column| column.name).join(", ");
    let sql = format!(
        "SELECT {columns}
FROM (
    SELECT
        once.*,
        ROW_NUMBER() OVER (PARTITION BY COALESCE(body_digest, delivery_id) ORDER BY received_s, delivery_id) AS of_body
    FROM (
        SELECT
            told.*,
            ROW_NUMBER() OVER (PARTITION BY delivery_id ORDER BY received_s, COALESCE(body_digest, '')) AS of_delivery
        FROM issue_events AS told
        WHERE schema_version <= {SCHEMA_VERSION}
    ) AS once
    WHERE of_delivery = 1
) AS seen
WHERE of_body = 1 AND occurred_s >= {since_s} AND occurred_s < {until_s}
ORDER BY occurred_s, received_s, delivery_id"
    );
    Question {
        views: Vec::new(),
        selects: vec![Select { name: "export", sql }],
    }
}

/// Writes rows, and keeps none.
enum Lines<W: Write> {
    Ndjson(W),
    Csv(Box<::csv::Writer<W>>),
}

impl<W: Write> Lines<W> {
    fn new(format: ExportFormat, to: W) -> Self {
        match format {
            ExportFormat::Ndjson => Self::Ndjson(to),
            ExportFormat::Csv => Self::Csv(Box::new(::csv::Writer::from_writer(to))),
        }
    }

    fn header(&mut self) -> io::Result<()> {
        match self {
            Self::Ndjson(_) => Ok(()),
            Self::Csv(to) => to.write_record(COLUMNS.map(|column| column.name)).map_err(plain_error),
        }
    }

    fn row(&mut self, row: &Row) -> io::Result<()> {
        let cells = COLUMNS.iter().zip(row);
        match self {
            Self::Ndjson(to) => {
                let field = |(column, value): (&Column, &Option<String>)| {
                    Ok(format!("\"{}\":{}", column.name, json(column, value.as_deref())?))
                };
                let fields = cells.map(field).collect::<io::Result<Vec<_>>>()?;
                writeln!(to, "{{{}}}", fields.join(","))
            }
            Self::Csv(to) => {
                let cell = |(column, value): (&Column, &Option<String>)| match (column.kind, value) {
                    (_, None) => String::new(),
                    (Kind::Integer, Some(number)) => number.clone(),
                    (Kind::Text, Some(text)) => csv::outside(text),
                };
                to.write_record(cells.map(cell)).map_err(plain_error)
            }
        }
    }

    fn end(&mut self) -> io::Result<()> {
        match self {
            Self::Ndjson(to) => to.flush(),
            Self::Csv(to) => to.flush(),
        }
    }
}

/// What kept CSV from being written, of the kind it was: a reader who has left is none of another kind.
fn plain_error(error: ::csv::Error) -> io::Error {
    match error.into_kind() {
        ::csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

/// A value as the record has it.
fn json(column: &Column, value: Option<&str>) -> io::Result<serde_json::Value> {
    Ok(match (column.kind, value) {
        (_, None) => serde_json::Value::Null,
        (Kind::Text, Some(text)) => text.into(),
        (Kind::Integer, Some(number)) => {
            let number: i64 = number.parse().map_err(|_| {
                let what = format!("the warehouse's {} is {number:?}, which is no number", column.name);
                io::Error::new(io::ErrorKind::InvalidData, what)
            })?;
            number.into()
        }
    })
}

#[cfg(test)]
mod tests {
    use metrics::IssueRecord;

    use super::*;

    fn record() -> IssueRecord {
        IssueRecord {
            schema_version: 1,
            delivery_id: "11111111-2222-3333-4444-555555555555".to_owned(),
            event: "issues".to_owned(),
            action: "opened".to_owned(),
            repository: "acme/app".to_owned(),
            repository_id: 9_007_199_254_740_993,
            issue_id: 7,
            issue_number: 12,
            issue_url: "https://github.com/acme/app/issues/12".to_owned(),
            title: Some("=HYPERLINK(\"x\"), \"quoted\"\nand\u{1b}[31m more".to_owned()),
            created_s: Some(1_790_000_000),
            occurred_s: 1_790_000_000,
            received_s: 1_790_000_001,
            labels: Some("|bug|-1|".to_owned()),
            assignee: Some("-alice".to_owned()),
            ..IssueRecord::default()
        }
    }

    /// As a warehouse answers.
    fn row(record: &IssueRecord) -> Row {
        let fields = serde_json::to_value(record).unwrap();
        let value = |column: &Column| match &fields[column.name] {
            serde_json::Value::Null => None,
            serde_json::Value::String(text) => Some(text.clone()),
            number => Some(number.to_string()),
        };
        COLUMNS.iter().map(value).collect()
    }

    fn written(format: ExportFormat, row: &Row) -> io::Result<String> {
        let mut to = Vec::new();
        let mut lines = Lines::new(format, &mut to);
        lines.header()?;
        lines.row(row)?;
        lines.end()?;
        drop(lines);
        Ok(String::from_utf8(to).unwrap())
    }

    #[test]
    fn a_line_of_json_is_the_record_with_every_number_as_it_was() {
        let line = written(ExportFormat::Ndjson, &row(&record())).unwrap();
        assert_eq!(line, format!("{}\n", record().to_json()));
    }

    #[test]
    fn a_line_of_csv_holds_no_formula_and_no_escape() {
        let text = written(ExportFormat::Csv, &row(&record())).unwrap();
        insta::assert_snapshot!(text, @r#"
        schema_version,delivery_id,body_digest,event,action,repository,repository_id,issue_id,issue_number,issue_url,title,is_pr,comment_id,created_s,occurred_s,received_s,closed_s,actor,actor_type,author,author_type,association,state,state_reason,label,labels,assignee,milestone
        1,11111111-2222-3333-4444-555555555555,,issues,opened,acme/app,9007199254740993,7,12,https://github.com/acme/app/issues/12,"'=HYPERLINK(""x""), ""quoted"" and[31m more",0,,1790000000,1790000000,1790000001,,,,,,,,,,|bug|-1|,'-alice,
        "#);
    }

    #[test]
    fn a_number_that_is_none_is_said() {
        let mut row = row(&record());
        row[0] = Some("one".to_owned());
        let error = written(ExportFormat::Ndjson, &row).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the warehouse's schema_version is \"one\", which is no number"
        );
    }
}
