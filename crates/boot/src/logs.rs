//! The log: JSON lines with a time for CloudWatch, plain lines on stderr for people.

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer as _, fmt};

/// Who reads the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Logs {
    /// CloudWatch: one JSON object a line, with `timestamp` and `level` (without them Lambda files every line as INFO).
    Json,
    /// A person at a terminal.
    Plain,
}

/// Starts logging. Only the first call of a process counts.
pub fn start_logs(logs: Logs, level: LevelFilter) {
    match logs {
        Logs::Json => {
            let layer = fmt::layer().json().flatten_event(true).with_current_span(false);
            let layer = layer.with_filter(ours(level));
            let _ = tracing_subscriber::registry().with(layer).try_init();
        }
        Logs::Plain => {
            let layer = fmt::layer().with_writer(std::io::stderr).with_ansi(false);
            let layer = layer.with_filter(ours(level));
            let _ = tracing_subscriber::registry().with(layer).try_init();
        }
    }
}

/// Our own lines down to `level`; those of libraries down to INFO: at TRACE the AWS SDK logs whole answers, secrets
/// among them.
fn ours(level: LevelFilter) -> Targets {
    Targets::new()
        .with_default(level.min(LevelFilter::INFO))
        .with_target("copperbell", level)
}
