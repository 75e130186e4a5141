//! The outbox: notices that wait for their channel, and those given up.

use std::time::Duration;

use aws_sdk_dynamodb::types::{DeleteRequest, WriteRequest};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::table::{stored, string};
use crate::{Error, Key, Table, Write, key};

/// How many bytes of notices are held at once? A Lambda has 128 MB, and several channels.
const MAX_BYTES: usize = 8 << 20;

/// A list of what waits that was cut off at that is no shorter: an item has 400 KB at most.
pub const CUT_OFF_FROM: usize = 20;

/// How many removals one request can hold (DynamoDB's limit).
const BATCH: usize = 25;

/// How often removals that the table left unprocessed are asked for again.
const ATTEMPTS: u32 = 8;

/// The first pause before that; doubles.
const FIRST_PAUSE: Duration = Duration::from_millis(20);

/// A notice that waits for its channel. It was written once and will be removed once; it never changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Its sort key: when it was accepted, and the fact.
    pub id: String,
    /// The notice, as JSON.
    pub notice: String,
}

/// A notice that was given up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadLetter {
    /// The notice, as JSON.
    pub notice: String,
    /// Why it was given up.
    pub reason: String,
    /// When.
    pub at: Timestamp,
}

impl Table {
    /// A channel's waiting notices, oldest first, at most `limit`, and 8 MB (which are [`CUT_OFF_FROM`] or more).
    ///
    /// # Errors
    /// When the table cannot be reached.
    pub async fn waiting(&self, channel: &str, limit: usize) -> Result<Vec<Waiting>, Error> {
        let mut waiting = Vec::new();
        let mut bytes = 0;
        // A look for the first few must not pay for a whole page of them.
        let page_size = i32::try_from(limit).ok().filter(|limit| *limit <= 100);
        self.each_item(&key::outbox(channel), page_size, |key, item| {
            let notice = stored::<String>(&key, &item)?.doc;
            bytes += notice.len();
            waiting.push(Waiting { id: key.sk, notice });
            Ok(waiting.len() < limit && bytes < MAX_BYTES)
        })
        .await?;
        Ok(waiting)
    }

    /// Removes notices that were sent. Those already removed are no error.
    ///
    /// # Errors
    /// When the table cannot be reached: some may have been removed.
    pub async fn remove_sent(&self, channel: &str, ids: &[&str]) -> Result<(), Error> {
        let pk = key::outbox(channel);
        for batch in ids.chunks(BATCH) {
            let requests = batch.iter().filter_map(|id| {
                let delete = DeleteRequest::builder()
                    .key("pk", string(&pk))
                    .key("sk", string(id))
                    .build()
                    .ok()?;
                Some(WriteRequest::builder().delete_request(delete).build())
            });
            self.write_batch(requests.collect()).await?;
        }
        Ok(())
    }

    async fn write_batch(&self, mut requests: Vec<WriteRequest>) -> Result<(), Error> {
        let mut pause = FIRST_PAUSE;
        for _ in 0..ATTEMPTS {
            let request = self.client.batch_write_item().request_items(&self.name, requests);
            let answer = request
                .send()
                .await
                .map_err(|error| Error::unavailable("BatchWriteItem", &error))?;
            let left = answer
                .unprocessed_items
                .and_then(|mut tables| tables.remove(&self.name))
                .unwrap_or_default();
            if left.is_empty() {
                return Ok(());
            }
            requests = left;
            self.clock.sleep(pause.mul_f64(0.5 + fastrand::f64())).await;
            pause *= 2;
        }
        Err(Error::Unavailable {
            operation: "BatchWriteItem",
            why: format!("{} items were left unprocessed", requests.len()),
        })
    }
}

impl Write {
    /// Puts a notice into a channel's outbox.
    #[must_use]
    pub fn enqueue(channel: &str, id: &str, notice: &str) -> Self {
        Self::Put {
            key: Key {
                pk: key::outbox(channel),
                sk: id.to_owned(),
            },
            doc: string(notice),
            rev: None,
            expires: None,
        }
    }

    /// Gives a waiting notice up: out of the outbox, into the dead letters.
    ///
    /// # Errors
    /// When the dead letter cannot be stored.
    pub fn bury(channel: &str, id: &str, dead: &DeadLetter) -> Result<[Self; 2], Error> {
        let waiting = Key {
            pk: key::outbox(channel),
            sk: id.to_owned(),
        };
        let buried = Key {
            pk: key::dead(channel),
            sk: id.to_owned(),
        };
        Ok([
            Self::Delete {
                key: waiting,
                rev: None,
            },
            Self::put(buried, dead, None)?,
        ])
    }

    /// Takes a dead letter back: out of the dead letters of `from`, into the outbox of `to`.
    #[must_use]
    pub fn revive(from: &str, id: &str, dead: &DeadLetter, to: &str, new_id: &str) -> [Self; 2] {
        [Self::drop_dead(from, id), Self::enqueue(to, new_id, &dead.notice)]
    }

    /// Throws a dead letter away.
    #[must_use]
    pub fn drop_dead(channel: &str, id: &str) -> Self {
        Self::Delete {
            key: Key {
                pk: key::dead(channel),
                sk: id.to_owned(),
            },
            rev: None,
        }
    }
}
