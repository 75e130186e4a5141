//! DynamoDB in process: an engine on a SQLite file (or in memory), reached by the AWS SDK without a port. And the
//! warehouse of issue records, another SQLite file.
//!
//! For the standalone binary and for tests only; the Lambdas talk to the table. The engine's own HTTP server is not
//! built in: it checks no signature and answers any origin.

mod backup;
mod connector;
mod engine;
mod records;

pub use backup::{BackupError, backup, restore};
pub use connector::http_client;
pub use engine::{Engine, OpenError};
pub use records::Records;
