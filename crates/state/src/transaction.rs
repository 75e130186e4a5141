//! Transactions: whole facts, written together or not at all.

use std::time::Duration;

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{AttributeValue, ConditionCheck, Delete, Put, TransactWriteItem, Update};
use jiff::Timestamp;
use serde::Serialize;

use crate::lease::OURS;
use crate::table::{document, integer, string};
use crate::{Error, Key, Table, TargetChange};

/// How many writes one transaction can hold (DynamoDB's limit).
pub const MAX_WRITES: usize = 100;

/// How often a transaction that only met a conflict or throttling is tried before that is an error.
const ATTEMPTS: u32 = 8;

/// The first pause after a conflict; doubles, with jitter, so that two workers do not meet again and again.
const FIRST_PAUSE: Duration = Duration::from_millis(20);

/// One write of a transaction, with what it was decided from.
#[derive(Clone, Debug)]
pub enum Write {
    /// Stores a document where there was none (`rev: None`), or where it was at revision `rev`.
    Put {
        /// Where.
        key: Key,
        /// What.
        doc: AttributeValue,
        /// The revision the decision was made from.
        rev: Option<u64>,
        /// When it is no longer needed; `None`: never.
        expires: Option<Timestamp>,
    },
    /// Removes an item that is at revision `rev`; `None`: whatever its revision, but it must be there.
    Delete {
        /// Where.
        key: Key,
        /// The revision the decision was made from.
        rev: Option<u64>,
    },
    /// Holds a lease's token against everybody else, and changes the target.
    Hold {
        /// The target.
        key: Key,
        /// Our lease's token.
        token: String,
        /// What becomes of the target; nothing: it is only held.
        change: TargetChange,
    },
}

/// Why a transaction was not made.
#[derive(Debug, thiserror::Error)]
pub enum TransactionError {
    /// The state is not what it was decided from: read again, and decide again.
    #[error("the state changed meanwhile")]
    Changed,
    /// The table could not be used; whether the transaction was made is unknown.
    #[error(transparent)]
    Table(#[from] Error),
}

impl Write {
    /// Stores a document where there was none, or where it was at revision `rev`.
    ///
    /// # Errors
    /// When the document cannot be stored.
    pub fn put<T: Serialize>(key: Key, doc: &T, rev: Option<u64>) -> Result<Self, Error> {
        let doc = document(&key, doc)?;
        Ok(Self::Put {
            key,
            doc,
            rev,
            expires: None,
        })
    }

    /// The same document, but forgotten at `expires`: by the table some day after, by our own reads at once.
    #[must_use]
    pub fn until(mut self, at: Timestamp) -> Self {
        if let Self::Put { expires, .. } = &mut self {
            *expires = Some(at);
        }
        self
    }
}

impl Table {
    /// Makes all of `writes` (at most [`MAX_WRITES`]) or none. Conflicts with other transactions and throttling are
    /// tried again with jitter.
    ///
    /// # Errors
    /// [`TransactionError::Changed`] when a condition failed; the table's own.
    pub async fn transact(&self, writes: Vec<Write>) -> Result<(), TransactionError> {
        let mut items = Vec::with_capacity(writes.len());
        for write in writes {
            items.push(self.as_item(write)?);
        }
        let mut pause = FIRST_PAUSE;
        for attempt in 1.. {
            let request = self
                .client
                .transact_write_items()
                .set_transact_items(Some(items.clone()));
            let Err(error) = request.send().await else {
                return Ok(());
            };
            match outcome(&error) {
                Outcome::Changed => return Err(TransactionError::Changed),
                Outcome::TryAgain if attempt < ATTEMPTS => {
                    self.clock.sleep(pause.mul_f64(0.5 + fastrand::f64())).await;
                    pause *= 2;
                }
                Outcome::TryAgain | Outcome::Failed => {
                    return Err(Error::unavailable("TransactWriteItems", &error).into());
                }
            }
        }
        Ok(())
    }

    fn as_item(&self, write: Write) -> Result<TransactWriteItem, Error> {
        let item = TransactWriteItem::builder();
        let (key, built) = match write {
            Write::Put { key, doc, rev, expires } => {
                let mut put = Put::builder()
                    .table_name(&self.name)
                    .item("pk", string(&key.pk))
                    .item("sk", string(&key.sk))
                    .item("rev", integer(rev.unwrap_or(0) + 1))
                    .item("doc", doc);
                if let Some(expires) = expires {
                    // The table's TTL reads seconds.
                    put = put.item("expires_at", integer(expires.as_second()));
                }
                put = match rev {
                    None => put.condition_expression("attribute_not_exists(pk)"),
                    Some(rev) => put
                        .condition_expression("rev = :rev")
                        .expression_attribute_values(":rev", integer(rev)),
                };
                (key, put.build().map(|put| item.put(put)))
            }
            Write::Delete { key, rev } => {
                let mut delete = Delete::builder()
                    .table_name(&self.name)
                    .key("pk", string(&key.pk))
                    .key("sk", string(&key.sk));
                delete = match rev {
                    None => delete.condition_expression("attribute_exists(pk)"),
                    Some(rev) => delete
                        .condition_expression("rev = :rev")
                        .expression_attribute_values(":rev", integer(rev)),
                };
                (key, delete.build().map(|delete| item.delete(delete)))
            }
            Write::Hold { key, token, change } => {
                let Some((expression, values)) = change.expression() else {
                    let check = ConditionCheck::builder()
                        .table_name(&self.name)
                        .key("pk", string(&key.pk))
                        .key("sk", string(&key.sk))
                        .condition_expression(OURS)
                        .expression_attribute_values(":token", string(&token))
                        .build();
                    return check
                        .map(|check| item.condition_check(check).build())
                        .map_err(|error| Error::unreadable(&key, &error));
                };
                let update = Update::builder()
                    .table_name(&self.name)
                    .key("pk", string(&key.pk))
                    .key("sk", string(&key.sk))
                    .update_expression(expression)
                    .condition_expression(OURS)
                    .set_expression_attribute_values(Some(values))
                    .expression_attribute_values(":token", string(&token));
                (key, update.build().map(|update| item.update(update)))
            }
        };
        built
            .map(aws_sdk_dynamodb::types::builders::TransactWriteItemBuilder::build)
            .map_err(|error| Error::unreadable(&key, &error))
    }
}

enum Outcome {
    Changed,
    TryAgain,
    Failed,
}

/// Reads the cancellation reasons. A failed condition decides, whatever else was in the way.
fn outcome<R>(error: &SdkError<TransactWriteItemsError, R>) -> Outcome {
    match error.as_service_error() {
        Some(TransactWriteItemsError::TransactionCanceledException(canceled)) => {
            let codes = || {
                canceled
                    .cancellation_reasons()
                    .iter()
                    .filter_map(|reason| reason.code())
            };
            if codes().any(|code| code == "ConditionalCheckFailed") {
                Outcome::Changed
            } else if codes().any(|code| {
                matches!(
                    code,
                    "TransactionConflict" | "ThrottlingError" | "ProvisionedThroughputExceeded"
                )
            }) {
                Outcome::TryAgain
            } else {
                Outcome::Failed
            }
        }
        Some(TransactWriteItemsError::TransactionInProgressException(_)) => Outcome::TryAgain,
        _ => Outcome::Failed,
    }
}
