//! Where a report or an export goes: a file, or standard output, whose reader may leave.

use std::fs::File;
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::Path;

use anyhow::Context as _;

/// Opens a file, made anew, or standard output.
pub(crate) fn open(path: Option<&Path>) -> anyhow::Result<BufWriter<Box<dyn Write + Send>>> {
    let to: Box<dyn Write + Send> = match path {
        Some(path) => Box::new(File::create(path).with_context(|| format!("Failed to make {}", path.display()))?),
        None => Box::new(io::stdout()),
    };
    Ok(BufWriter::new(to))
}

/// What became of writing there. A reader who has left (`| head`) has all they wanted.
pub(crate) fn written(outcome: io::Result<()>, path: Option<&Path>) -> anyhow::Result<()> {
    match outcome {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        outcome => outcome.with_context(|| match path {
            Some(path) => format!("Failed to write to {}, which is not complete", path.display()),
            None => "Failed to write to standard output".to_owned(),
        }),
    }
}
