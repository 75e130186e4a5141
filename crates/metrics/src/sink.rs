//! Where records go.

use std::fmt::Debug;

use futures_util::future::BoxFuture;

/// How many records may be put at once? Firehose's own limit.
pub const MOST_RECORDS: usize = 500;

/// And how many bytes of them? Firehose takes 4 MiB.
pub const MOST_BYTES: usize = 4 << 20;

/// Why records could not be put at all.
#[derive(Debug, thiserror::Error)]
#[error("the sink {sink} took nothing: {why}")]
pub struct SinkError {
    /// Which: a stream or a file.
    pub sink: String,
    /// What it said.
    pub why: String,
}

/// Where records go: a Firehose stream, or a SQLite file. Putting a record twice is no harm.
pub trait Sink: Debug + Send + Sync {
    /// Puts records, each a line of JSON ([`IssueRecord::to_json`](crate::IssueRecord::to_json)), at most [`MOST_RECORDS`]
    /// of at most [`MOST_BYTES`] in all. Returns the places of those it did not take, to be put again later.
    fn put<'a>(&'a self, records: &'a [&'a str]) -> BoxFuture<'a, Result<Vec<usize>, SinkError>>;
}
