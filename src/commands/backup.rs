//! `copperbell backup` and `copperbell restore`: the state as a file, and back.

use std::path::{Path, PathBuf};

use crate::output::print;

/// The state file, and its table.
type State = (PathBuf, &'static str);

pub(crate) fn back_up((state, table): State, file: &Path, force: bool) -> anyhow::Result<bool> {
    embedded::backup(&state, table, file, force)?;
    print(&format!("{} is backed up in {}.\n", state.display(), file.display()))?;
    Ok(true)
}

pub(crate) fn restore((state, table): State, file: &Path, force: bool) -> anyhow::Result<bool> {
    embedded::restore(file, table, &state, force)?;
    print(&format!(
        "{} is as it was in {}: `copperbell status` shows how things stood. What has rung since may ring once more.\n",
        state.display(),
        file.display()
    ))?;
    Ok(true)
}
