//! The log: JSON lines with a time for CloudWatch, plain or JSON lines on stderr for those who run the program themselves.

use tracing::level_filters::LevelFilter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer as _, fmt};

/// Who reads the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Logs {
    /// CloudWatch: one JSON object a line, with `timestamp` and `level` (without them Lambda files every line as INFO).
    CloudWatch,
    /// Whoever reads standard error: standard output is for what a command prints.
    Stderr(LogFormat),
}

/// How the standalone program logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// For collectors: one JSON object a line, as for CloudWatch.
    Json,
}

/// Starts logging, of libraries too, and nothing below INFO: at TRACE the AWS SDK logs whole answers, secrets among them.
/// Only the first call of a process counts.
pub fn start_logs(logs: Logs, level: LevelFilter) {
    let level = level.min(LevelFilter::INFO);
    let registry = tracing_subscriber::registry();
    let json = fmt::layer().json().flatten_event(true).with_current_span(false);
    let _ = match logs {
        Logs::CloudWatch => registry.with(json.with_filter(level)).try_init(),
        Logs::Stderr(LogFormat::Json) => {
            let layer = json.with_writer(std::io::stderr);
            registry.with(layer.with_filter(level)).try_init()
        }
        Logs::Stderr(LogFormat::Text) => {
            let layer = fmt::layer().with_writer(std::io::stderr).with_ansi(false);
            registry.with(layer.with_filter(level)).try_init()
        }
    };
}
