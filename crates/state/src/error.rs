//! Why the table could not be used.

use aws_sdk_dynamodb::error::{ProvideErrorMetadata as _, SdkError};
use outbound::causes;

use crate::Key;

/// What keeps us from the table. After a failed write the outcome is unknown: read again before deciding again.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The table did not answer, or refused, after retries.
    #[error("the state table could not be reached: {operation}: {why}")]
    Unavailable {
        /// `Query`, `TransactWriteItems`, …
        operation: &'static str,
        /// What came back.
        why: String,
    },
    /// An item is not what this version writes.
    #[error("the state table holds an item this version cannot read: {pk} / {sk}: {why}")]
    Unreadable {
        /// Partition key.
        pk: String,
        /// Sort key.
        sk: String,
        /// What is wrong with it.
        why: String,
    },
}

impl Error {
    pub(crate) fn unreadable(key: &Key, why: &impl ToString) -> Self {
        Self::Unreadable {
            pk: key.pk.clone(),
            sk: key.sk.clone(),
            why: why.to_string(),
        }
    }

    /// An SDK failure in one line: the service's own code and message where it answered, the cause where not.
    pub(crate) fn unavailable<E>(
        operation: &'static str,
        error: &SdkError<E, aws_smithy_runtime_api::client::orchestrator::HttpResponse>,
    ) -> Self
    where
        E: std::error::Error + aws_sdk_dynamodb::error::ProvideErrorMetadata + 'static,
    {
        let why = match (error.code(), error.message()) {
            (Some(code), message) => format!("{code}: {}", message.unwrap_or("no message")),
            (None, _) => causes(error),
        };
        Self::Unavailable { operation, why }
    }
}
