//! Why there is no answer.

/// Why a call brought no answer. None of these names the URL, which may be a secret.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No connection came about, so the call had no effect.
    #[error("could not connect: {0}")]
    Refused(String),
    /// No (whole) answer in time; the call may have had its effect.
    #[error("no answer in time")]
    TimedOut,
    /// The connection broke; the call may have had its effect.
    #[error("the connection broke: {0}")]
    Broken(String),
    /// The answer is longer than its reader allows.
    #[error("the answer is longer than {0} bytes")]
    TooLong(usize),
}
