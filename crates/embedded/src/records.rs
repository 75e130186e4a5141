//! The records of issue events in a SQLite file of their own: what a stream and Athena are in AWS.

use std::path::{Path, PathBuf};
use std::time::Duration;

use futures_util::future::{BoxFuture, FutureExt as _};
use metrics::{COLUMNS, IssueRecord, Kind, Question, Row, SCHEMA_VERSION, Sink, SinkError, Warehouse, WarehouseError};
use outbound::{Answer, Call, Outbound};
use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, OpenFlags, params_from_iter};
use tokio::sync::mpsc;

use crate::OpenError;
use crate::engine::{in_words, make_private};

/// How long does a writer wait for another?
const BUSY: Duration = Duration::from_millis(900);

/// How many rows of an answer may be under way?
const UNDER_WAY: usize = 256;

/// The table of records, here as in Athena.
const TABLE: &str = "issue_events";

/// A file of records. Clones share it, and so may several processes.
#[derive(Clone, Debug)]
pub struct Records {
    path: PathBuf,
    outbound: Outbound,
}

impl Records {
    /// Opens a file, or makes it, readable by its owner only.
    ///
    /// # Errors
    /// When the file is not a database, or cannot be read or made.
    pub fn open(path: &Path, outbound: &Outbound) -> Result<Self, OpenError> {
        let failed = |why: String| OpenError::new(path, why);
        make_private(path).map_err(|error| failed(in_words(&error)))?;
        let records = Self {
            path: path.to_owned(),
            outbound: outbound.clone(),
        };
        let database = records.connect().map_err(|error| failed(error.to_string()))?;
        let columns = COLUMNS.map(|column| {
            let kind = match column.kind {
                Kind::Integer => "INTEGER",
                Kind::Text => "TEXT",
            };
            format!("{} {kind}", column.name)
        });
        database
            .execute_batch(&format!(
                "PRAGMA journal_mode = WAL;
                CREATE TABLE IF NOT EXISTS {TABLE} ({});
                CREATE UNIQUE INDEX IF NOT EXISTS {TABLE}_once ON {TABLE} (delivery_id, COALESCE(body_digest, ''));",
                columns.join(", ")
            ))
            .map_err(|error| failed(error.to_string()))?;
        Ok(records)
    }

    fn connect(&self) -> rusqlite::Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let database = Connection::open_with_flags(&self.path, flags)?;
        database.busy_timeout(BUSY)?;
        Ok(database)
    }

    fn uri(&self) -> String {
        format!("sqlite:{}", self.path.display())
    }

    /// Stores records, all or none, but for those of a later version.
    fn store(&self, records: &[&str]) -> Result<Vec<usize>, String> {
        let mut database = self.connect().map_err(|error| error.to_string())?;
        let transaction = database.transaction().map_err(|error| error.to_string())?;
        let mut left = Vec::new();
        {
            let marks = vec!["?"; COLUMNS.len()].join(", ");
            let insert = format!("INSERT OR IGNORE INTO {TABLE} VALUES ({marks})");
            let mut insert = transaction.prepare(&insert).map_err(|error| error.to_string())?;
            for (place, record) in records.iter().enumerate() {
                match values(record) {
                    Some(values) => insert
                        .execute(params_from_iter(values))
                        .map(drop)
                        .map_err(|error| error.to_string())?,
                    None => left.push(place),
                }
            }
        }
        transaction.commit().map_err(|error| error.to_string())?;
        Ok(left)
    }

    fn answer(&self, question: &Question, on_row: impl Fn(usize, Row) -> bool) -> Result<(), String> {
        let database = self.connect().map_err(|error| error.to_string())?;
        // Every query reads the views, so each is made once; in a file, however large it becomes.
        let batch = |sql: &str| database.execute_batch(sql).map_err(said);
        batch("PRAGMA temp_store = FILE; BEGIN")?;
        for view in &question.views {
            // A `VALUES` has no column names of its own, so the view is made through a CTE that gives them. How many rows
            // it has tells SQLite which of two to read first.
            let (name, columns) = view.name.split_once('(').unwrap_or((view.name, ""));
            let named = if columns.is_empty() {
                "given".to_owned()
            } else {
                format!("given({columns}")
            };
            batch(&format!(
                "CREATE TEMP TABLE {name} AS WITH {named} AS (\n{}\n) SELECT * FROM given;
                ANALYZE temp.{name}",
                view.sql
            ))
            .map_err(|error| format!("{error} (in {})", view.name))?;
        }
        for (place, select) in question.selects.iter().enumerate() {
            let failed = |error: rusqlite::Error| format!("{} (in {})", said(error), select.name);
            let mut statement = database.prepare(&select.sql).map_err(failed)?;
            let width = statement.column_count();
            let mut rows = statement.query([]).map_err(failed)?;
            while let Some(row) = rows.next().map_err(failed)? {
                let values = (0..width)
                    .map(|at| row.get_ref(at).map(text))
                    .collect::<Result<Row, _>>();
                if !on_row(place, values.map_err(failed)?) {
                    return Ok(());
                }
            }
        }
        Ok(())
    }
}

/// What SQLite said, without the whole text of the query.
fn said(error: rusqlite::Error) -> String {
    match error {
        rusqlite::Error::SqlInputError { msg, .. } => msg,
        error => error.to_string(),
    }
}

/// The values of a record in the order of the columns; nothing where this version cannot read it.
fn values(record: &str) -> Option<Vec<Value>> {
    let record: IssueRecord = serde_json::from_str(record).ok()?;
    if record.schema_version > SCHEMA_VERSION {
        return None;
    }
    let fields = serde_json::to_value(record).ok()?;
    let value = |name: &str| match &fields[name] {
        serde_json::Value::Number(number) => number.as_i64().map(Value::Integer),
        serde_json::Value::String(text) => Some(Value::Text(text.clone())),
        _ => Some(Value::Null),
    };
    COLUMNS.iter().map(|column| value(column.name)).collect()
}

fn text(value: ValueRef<'_>) -> Option<String> {
    match value {
        ValueRef::Null => None,
        ValueRef::Integer(number) => Some(number.to_string()),
        ValueRef::Real(number) => Some(number.to_string()),
        ValueRef::Text(text) | ValueRef::Blob(text) => Some(String::from_utf8_lossy(text).into_owned()),
    }
}

impl Sink for Records {
    fn put<'a>(&'a self, records: &'a [&'a str]) -> BoxFuture<'a, Result<Vec<usize>, SinkError>> {
        let failed = |why: String| SinkError { sink: self.uri(), why };
        let call = || Call {
            service: "sink",
            what: "PutRecordBatch".to_owned(),
        };
        let effect = async { Ok(self.store(records)) };
        let made_up = |answer: Answer| Err(format!("it answered {}", answer.status));
        async move {
            let put = self.outbound.faults.pass(call, effect, made_up).await;
            put.map_err(|error| error.to_string()).flatten().map_err(failed)
        }
        .boxed()
    }
}

impl Warehouse for Records {
    fn name(&self) -> String {
        self.uri()
    }

    fn ask<'a>(
        &'a self,
        question: &'a Question,
        on_row: &'a mut (dyn FnMut(usize, Row) + Send),
    ) -> BoxFuture<'a, Result<(), WarehouseError>> {
        let call = || Call {
            service: "warehouse",
            what: "StartQueryExecution".to_owned(),
        };
        let made_up = |answer: Answer| Err(format!("it answered {}", answer.status));
        async move {
            // A question takes seconds, and the listener goes on meanwhile.
            let effect = async {
                let (send, mut receive) = mpsc::channel(UNDER_WAY);
                let (records, asked) = (self.clone(), question.clone());
                let answering = tokio::task::spawn_blocking(move || {
                    records.answer(&asked, |place, row| send.blocking_send((place, row)).is_ok())
                });
                while let Some((place, row)) = receive.recv().await {
                    on_row(place, row);
                }
                Ok(answering.await.unwrap_or_else(|error| Err(error.to_string())))
            };
            let answered = self.outbound.faults.pass(call, effect, made_up).await;
            let answered = answered.map_err(|error| error.to_string()).flatten();
            answered.map_err(|why| WarehouseError {
                warehouse: self.name(),
                why,
            })
        }
        .boxed()
    }
}
