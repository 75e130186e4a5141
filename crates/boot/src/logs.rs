//! The log: JSON lines with a time for CloudWatch, plain lines on stderr for people.

use tracing::level_filters::LevelFilter;

/// Who reads the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Logs {
    /// CloudWatch: one JSON object a line, with `timestamp` and `level` (without them Lambda files every line as INFO).
    Json,
    /// A person at a terminal.
    Plain,
}

/// Starts logging. Only the first call of a process counts.
pub fn start_logs(logs: Logs, level: Option<LevelFilter>) {
    match logs {
        Logs::Json => {
            let _ = tracing_subscriber::fmt()
                .json()
                .flatten_event(true)
                .with_current_span(false)
                .with_max_level(level.unwrap_or(LevelFilter::INFO))
                .try_init();
        }
        Logs::Plain => {
            let _ = tracing_subscriber::fmt()
                .with_writer(std::io::stderr)
                .with_ansi(false)
                .with_max_level(level.unwrap_or(LevelFilter::WARN))
                .try_init();
        }
    }
}
