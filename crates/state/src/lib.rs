//! What is remembered: one DynamoDB table, and the rules by which several processes share it.
//!
//! A *document* is opaque here: whatever its owner serialises. This crate knows keys, revisions, leases, transactions
//! and the outbox.

mod error;
pub mod key;
mod lease;
mod many;
mod outbox;
mod table;
mod transaction;

pub use error::Error;
pub use key::Key;
pub use lease::{Acquired, Lease, TargetChange};
pub use outbox::{CUT_OFF_FROM, DeadLetter, Waiting};
pub use table::{Stored, Table};
pub use transaction::{MAX_WRITES, TransactionError, Write};
