//! The engine: DynamoDB's JSON protocol over a SQLite file.

use std::path::Path;

use dynoxide::{Database, DynoxideError};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A DynamoDB of our own. Clones share one database; several processes may open one file at once, since every write
/// is an immediate SQLite transaction.
#[derive(Clone)]
pub struct Engine(Database);

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
        make_private(path).map_err(|error| failed(error.to_string()))?;
        let name = path
            .to_str()
            .ok_or_else(|| failed("the path is not UTF-8".to_owned()))?;
        Database::new(name).map(Self).map_err(|error| failed(error.to_string()))
    }

    /// A database that ends with the process.
    ///
    /// # Errors
    /// When SQLite itself cannot start.
    pub fn memory() -> Result<Self, OpenError> {
        Database::memory().map(Self).map_err(|error| OpenError {
            path: "memory".to_owned(),
            why: error.to_string(),
        })
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

    fn run(&self, target: &str, body: &[u8]) -> Result<String, DynoxideError> {
        let database = &self.0;
        let operation = target.split_once('.').map_or(target, |(_, name)| name);
        match operation {
            "GetItem" => json(&database.get_item(parsed(body)?)?),
            "UpdateItem" => json(&database.update_item(parsed(body)?)?),
            "Query" => json(&database.query(parsed(body)?)?),
            "BatchGetItem" => json(&database.batch_get_item(parsed(body)?)?),
            "BatchWriteItem" => json(&database.batch_write_item(parsed(body)?)?),
            "TransactWriteItems" => json(&database.transact_write_items(parsed(body)?)?),
            "CreateTable" => json(&database.create_table(parsed(body)?)?),
            "DescribeTable" => json(&database.describe_table(parsed(body)?)?),
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
