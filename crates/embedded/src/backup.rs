//! A copy of a state file, and putting it back.

use std::ffi::OsString;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::engine::make_private;

/// How long is somebody waited for who writes at this moment?
const BUSY: Duration = Duration::from_secs(5);

/// How long may somebody take to close the state? A command that is about to end does it at once.
const CLOSING: Duration = Duration::from_millis(500);

/// What SQLite keeps beside a database.
const BESIDE: [&str; 3] = ["-wal", "-shm", "-journal"];

/// Why a state was not copied, or not put back.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// There is nothing to copy.
    #[error("there is no state {}: STATE says where it is", .0.display())]
    NoState(PathBuf),
    /// It would be overwritten.
    #[error("{} exists: move it away, or say --force to replace it", .0.display())]
    Exists(PathBuf),
    /// Something else, or a state that was damaged.
    #[error("{} is no state of Copperbell's, as `copperbell backup` makes one: {why}", path.display())]
    NotAState {
        /// The file.
        path: PathBuf,
        /// What it is instead.
        why: String,
    },
    /// It would be taken away from under somebody.
    #[error("another process has {} open: end it first (`copperbell serve`, or a `watch` under way)", .0.display())]
    InUse(PathBuf),
    /// The disk, the permissions, ….
    #[error("cannot write {}: {why}", path.display())]
    Failed {
        /// The file.
        path: PathBuf,
        /// What the system said.
        why: String,
    },
}

/// Copies the state file `state`, which has this `table`, to the file `to`, readable by its owner only: as it is at one
/// moment, whoever writes meanwhile. With `force` it replaces what is there, once the copy is whole.
///
/// # Errors
/// When there is no such state, `to` exists, or cannot be written.
pub fn backup(state: &Path, table: &str, to: &Path, force: bool) -> Result<(), BackupError> {
    if !state.exists() {
        return Err(BackupError::NoState(state.to_owned()));
    }
    if to.exists() && !force {
        return Err(BackupError::Exists(to.to_owned()));
    }
    let source = open_state(state, table)?;
    let partial = copy(&source, to)?;
    put(&partial, to)
}

/// Puts the backup `from`, of a state with this `table`, where the state file `state` was. With `force` it replaces the
/// state that is there, unless another process has it open.
///
/// # Errors
/// When `from` is no backup, `state` exists or is in use, or cannot be written.
pub fn restore(from: &Path, table: &str, state: &Path, force: bool) -> Result<(), BackupError> {
    if !from.exists() {
        let why = "there is no such file".to_owned();
        let path = from.to_owned();
        return Err(BackupError::NotAState { path, why });
    }
    if state.exists() && !force {
        return Err(BackupError::Exists(state.to_owned()));
    }
    let source = open_state(from, table)?;
    let partial = copy(&source, state)?;
    // Held until the new file is in its place.
    let alone = if state.exists() { alone_with(state) } else { Ok(None) };
    let put = alone.and_then(|_alone| {
        // What was not yet written to the old file must not be written to the new one.
        for ending in BESIDE {
            match std::fs::remove_file(with_ending(state, ending)) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(failed(state, &error)),
                _ => {}
            }
        }
        put(&partial, state)
    });
    put.inspect_err(|_| drop(std::fs::remove_file(&partial)))
}

/// Opens a file that is a state with this table, whole, and changes nothing in it.
fn open_state(path: &Path, table: &str) -> Result<Connection, BackupError> {
    let not_a_state = |why: String| BackupError::NotAState {
        path: path.to_owned(),
        why,
    };
    let looked = || -> rusqlite::Result<_> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let database = Connection::open_with_flags(path, flags)?;
        database.busy_timeout(BUSY)?;
        let sql = "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name IN ('_tables', ?1)";
        let tables: u32 = database.query_row(sql, [table], |row| row.get(0))?;
        let check: String = database.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
        Ok((database, tables, check))
    };
    match looked() {
        Ok((_, _, check)) if check != "ok" => Err(not_a_state(format!("it is damaged: {check}"))),
        Ok((_, tables, _)) if tables < 2 => Err(not_a_state(format!("it is a database without the table {table}"))),
        Ok((database, ..)) => Ok(database),
        Err(error) => Err(not_a_state(error.to_string())),
    }
}

/// Copies a database to a new file beside `to`.
fn copy(source: &Connection, to: &Path) -> Result<PathBuf, BackupError> {
    let partial = with_ending(to, ".partial");
    let copied = || -> Result<(), String> {
        // Of a copy that was killed.
        let _ = std::fs::remove_file(&partial);
        make_private(&partial).map_err(|error| error.to_string())?;
        let name = partial.to_str().ok_or("the path is not UTF-8")?;
        let copied = source.execute("VACUUM INTO ?1", [name]);
        copied.map_err(|error| error.to_string())?;
        let synced = File::open(&partial).and_then(|file| file.sync_all());
        synced.map_err(|error| error.to_string())
    };
    match copied() {
        Ok(()) => Ok(partial),
        Err(why) => {
            let _ = std::fs::remove_file(&partial);
            let path = to.to_owned();
            Err(BackupError::Failed { path, why })
        }
    }
}

/// Gives a whole copy its name, for good.
fn put(partial: &Path, to: &Path) -> Result<(), BackupError> {
    let directory = match to.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let put = std::fs::rename(partial, to).and_then(|()| File::open(directory)?.sync_all());
    put.map_err(|error| failed(to, &error))
}

/// Keeps everybody else from a state, if nobody has it open. `None`: it is no database, so nobody has.
fn alone_with(state: &Path) -> Result<Option<Connection>, BackupError> {
    let alone = || -> rusqlite::Result<_> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let database = Connection::open_with_flags(state, flags)?;
        database.busy_timeout(CLOSING)?;
        // Who has the database open in WAL mode, has a lock on it that this does not get past.
        database.execute_batch("PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE")?;
        Ok(database)
    };
    match alone() {
        Ok(database) => Ok(Some(database)),
        Err(error) => match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Err(BackupError::InUse(state.to_owned())),
            Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => Ok(None),
            _ => Err(BackupError::Failed {
                path: state.to_owned(),
                why: error.to_string(),
            }),
        },
    }
}

fn failed(path: &Path, error: &std::io::Error) -> BackupError {
    BackupError::Failed {
        path: path.to_owned(),
        why: error.to_string(),
    }
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(ending);
    name.into()
}
