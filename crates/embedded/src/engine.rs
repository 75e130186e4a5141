//! The engine: DynamoDB's JSON protocol over a SQLite file.

use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};

use dynoxide::{Database, DynoxideError};
use rusqlite::{Connection, OpenFlags};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// How every database of SQLite's begins.
const MAGIC: &[u8] = b"SQLite format 3\0";

/// A DynamoDB of our own. Clones share one database; several processes may open one file at once, since every write
/// is an immediate SQLite transaction.
#[derive(Clone)]
pub struct Engine {
    database: Database,
    /// `None`: it is in memory.
    file: Option<PathBuf>,
}

/// Why a state file could not be opened.
#[derive(Debug, thiserror::Error)]
#[error("cannot open {path}: {why}")]
pub struct OpenError {
    path: String,
    why: String,
}

impl OpenError {
    pub(crate) fn new(path: &Path, why: String) -> Self {
        let path = path.display().to_string();
        Self { path, why }
    }
}

/// Makes a file that only its owner can read, unless it is there.
pub(crate) fn make_private(path: &Path) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    options.create(true).append(true).open(path).map(drop)
}

/// Why a file cannot be used, and what to do about that.
pub(crate) fn in_words(error: &std::io::Error) -> String {
    match error.kind() {
        ErrorKind::NotFound => format!("make its directory first, or name another file ({error})"),
        ErrorKind::PermissionDenied => format!("let this user write there, or name another file ({error})"),
        ErrorKind::IsADirectory => format!("name a file in it ({error})"),
        _ => error.to_string(),
    }
}

/// Is it a database, or yet to become one?
fn is_database(path: &Path) -> std::io::Result<bool> {
    let mut head = Vec::new();
    File::open(path)?.take(MAGIC.len() as u64).read_to_end(&mut head)?;
    Ok(head.is_empty() || head == MAGIC)
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Engine")
    }
}

impl Engine {
    /// Opens a state file, or makes it, readable by its owner only: notices may be of private repositories.
    ///
    /// # Errors
    /// When the file is not a database, or cannot be read or made.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let failed = |why: String| OpenError::new(path, why);
        make_private(path).map_err(|error| failed(in_words(&error)))?;
        if !is_database(path).map_err(|error| failed(in_words(&error)))? {
            return Err(failed(
                "it is no database, so no state of Copperbell's: name another file".to_owned(),
            ));
        }
        let name = path
            .to_str()
            .ok_or_else(|| failed("the path is not UTF-8".to_owned()))?;
        let database = Database::new(name).map_err(|error| failed(error.to_string()))?;
        let file = Some(path.to_owned());
        Ok(Self { database, file })
    }

    /// A database that ends with the process.
    ///
    /// # Errors
    /// When SQLite itself cannot start.
    pub fn memory() -> Result<Self, OpenError> {
        let database = Database::memory().map_err(|error| OpenError {
            path: "memory".to_owned(),
            why: error.to_string(),
        })?;
        Ok(Self { database, file: None })
    }

    /// Answers one request as DynamoDB would: `target` is its `x-amz-target` header
    /// (`DynamoDB_20120810.GetItem`). Returns the HTTP status and the JSON body.
    #[must_use]
    pub fn answer(&self, target: &str, body: &[u8]) -> (u16, String) {
        match self.run(target, body) {
            Ok(json) => (200, json),
            Err(error) => (error.status_code(), error.to_json()),
        }
    }

    /// Keeps other processes from making a table until it is dropped. It is the directory that is locked, not the file:
    /// to close any handle of a SQLite file gives up the locks that SQLite holds on it.
    fn alone(&self) -> Result<Option<File>, DynoxideError> {
        let Some(file) = &self.file else {
            return Ok(None);
        };
        let directory = match file.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let locked = File::open(directory).and_then(|directory| directory.lock().map(|()| directory));
        locked.map(Some).map_err(|error| {
            DynoxideError::InternalServerError(format!("cannot lock {}: {error}", directory.display()))
        })
    }

    /// The engine makes a table in two steps, its name and then its rows; a process killed between them leaves a name
    /// that can be neither used nor made again. Takes such a name away.
    fn clear_half_made(&self, describe: &[u8]) -> Result<(), DynoxideError> {
        let Some(file) = &self.file else {
            return Ok(());
        };
        let described = self.database.describe_table(parsed(describe)?)?.table;
        if described.item_count.is_some() {
            return Ok(());
        }
        let broken = |error: rusqlite::Error| DynoxideError::InternalServerError(error.to_string());
        let rows: u32 = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY)
            .and_then(|connection| {
                let sql = "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = ?1";
                connection.query_row(sql, [&described.table_name], |row| row.get(0))
            })
            .map_err(broken)?;
        if rows == 0 {
            self.database.delete_table(parsed(describe)?)?;
        }
        Ok(())
    }

    fn run(&self, target: &str, body: &[u8]) -> Result<String, DynoxideError> {
        let database = &self.database;
        let operation = target.split_once('.').map_or(target, |(_, name)| name);
        match operation {
            "GetItem" => json(&database.get_item(parsed(body)?)?),
            "UpdateItem" => json(&database.update_item(parsed(body)?)?),
            "Query" => json(&database.query(parsed(body)?)?),
            // Copperbell never does: a test that looks through the whole table does.
            "Scan" => json(&database.scan(parsed(body)?)?),
            "BatchGetItem" => json(&database.batch_get_item(parsed(body)?)?),
            "BatchWriteItem" => json(&database.batch_write_item(parsed(body)?)?),
            "TransactWriteItems" => json(&database.transact_write_items(parsed(body)?)?),
            "CreateTable" => {
                let _alone = self.alone()?;
                json(&database.create_table(parsed(body)?)?)
            }
            "DescribeTable" => {
                let _alone = self.alone()?;
                self.clear_half_made(body)?;
                json(&database.describe_table(parsed(body)?)?)
            }
            other => Err(DynoxideError::ValidationException(format!(
                "{other} is not an operation that Copperbell uses"
            ))),
        }
    }
}

fn parsed<T: DeserializeOwned>(body: &[u8]) -> Result<T, DynoxideError> {
    serde_json::from_slice(body).map_err(|error| DynoxideError::SerializationException(error.to_string()))
}

fn json<T: Serialize>(answer: &T) -> Result<String, DynoxideError> {
    serde_json::to_string(answer).map_err(|error| DynoxideError::InternalServerError(error.to_string()))
}
