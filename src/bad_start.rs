//! Why a command did not begin: the program then ends with 2, and nothing was done.

/// Wrong settings: nothing was done.
#[derive(Debug)]
pub(crate) struct BadStart(String);

impl BadStart {
    pub(crate) fn new(why: &str) -> Self {
        Self(why.to_owned())
    }
}

impl std::fmt::Display for BadStart {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BadStart {}
