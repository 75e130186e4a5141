//! What a process does before its first job: settings, secrets, logs, warm connections.

mod aws;
mod catalogue;
mod live;
mod logs;
mod metrics;
mod secrets;
mod settings;
mod unreadable;
mod warm;

pub use aws::{access, access_to};
pub use catalogue::{SETTINGS, Setting};
pub use live::{Live, Source};
pub use logs::{LogFormat, Logs, start_logs};
pub use metrics::metrics_line;
pub use secrets::{Secrets, SecretsError};
pub use settings::{BadDuration, BadSetting, SecretsAt, Settings, SinkAt, StateAt, WarehouseAt, parse_duration};
pub use warm::{warm_channels, warm_table};
