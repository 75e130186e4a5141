//! Why a file that a setting names cannot be read, and what to do about that.

use std::io::{Error, ErrorKind};
use std::path::Path;

/// `cannot read secrets.json: there is no such file: …`, for the person who wrote the setting.
pub(crate) fn unreadable(path: &Path, error: &Error) -> String {
    let path = path.display();
    match error.kind() {
        ErrorKind::NotFound => {
            format!("cannot read {path}: there is no such file: make it, or say where it is ({error})")
        }
        ErrorKind::PermissionDenied => format!("cannot read {path}: let this user read it ({error})"),
        ErrorKind::IsADirectory => format!("cannot read {path}: name a file in it ({error})"),
        _ => format!("cannot read {path}: {error}"),
    }
}
