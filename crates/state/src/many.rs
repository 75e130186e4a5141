//! Reading many documents at once.

use std::time::Duration;

use aws_sdk_dynamodb::types::KeysAndAttributes;
use serde::de::DeserializeOwned;

use crate::table::{Attributes, stored, string};
use crate::{Error, Key, Stored, Table};

/// How many documents one request may ask for (DynamoDB's limit).
const BATCH: usize = 100;

/// How often what the table left unread is asked for again.
const ATTEMPTS: u32 = 8;

/// The first pause before that; doubles.
const FIRST_PAUSE: Duration = Duration::from_millis(20);

impl Table {
    /// Reads those of these documents that there are, strongly consistent, in no order. Each key once.
    ///
    /// # Errors
    /// When the table cannot be reached or a document cannot be read.
    pub async fn get_many<T: DeserializeOwned>(&self, keys: &[Key]) -> Result<Vec<(Key, Stored<T>)>, Error> {
        let mut found = Vec::new();
        for batch in keys.chunks(BATCH) {
            for item in self.read_batch(batch).await? {
                let part = |name: &str| item.get(name).and_then(|value| value.as_s().ok()).cloned();
                let key = Key {
                    pk: part("pk").unwrap_or_default(),
                    sk: part("sk").unwrap_or_default(),
                };
                let stored = stored(&key, &item)?;
                found.push((key, stored));
            }
        }
        Ok(found)
    }

    /// Asks for an item without reading it, to open the connection.
    ///
    /// # Errors
    /// When the table cannot be reached.
    pub async fn peek(&self, key: &Key) -> Result<(), Error> {
        self.read_batch(std::slice::from_ref(key)).await.map(|_| ())
    }

    async fn read_batch(&self, keys: &[Key]) -> Result<Vec<Attributes>, Error> {
        let wanted = keys.iter().map(|key| {
            let parts = [("pk", &key.pk), ("sk", &key.sk)];
            parts.map(|(name, value)| (name.to_owned(), string(value))).into()
        });
        let mut keys: Vec<Attributes> = wanted.collect();
        let mut found = Vec::new();
        let mut pause = FIRST_PAUSE;
        for _ in 0..ATTEMPTS {
            let left = keys.len();
            let wanted = KeysAndAttributes::builder().set_keys(Some(keys)).consistent_read(true);
            let wanted = wanted.build().map_err(|error| Error::Unavailable {
                operation: "BatchGetItem",
                why: format!("{left} keys: {error}"),
            })?;
            let request = self.client.batch_get_item().request_items(&self.name, wanted);
            let answer = request
                .send()
                .await
                .map_err(|error| Error::unavailable("BatchGetItem", &error))?;
            let mut responses = answer.responses.unwrap_or_default();
            found.extend(responses.remove(&self.name).unwrap_or_default());
            let unread = answer.unprocessed_keys.and_then(|mut tables| tables.remove(&self.name));
            keys = unread.map(|unread| unread.keys).unwrap_or_default();
            if keys.is_empty() {
                return Ok(found);
            }
            self.clock.sleep(pause.mul_f64(0.5 + fastrand::f64())).await;
            pause *= 2;
        }
        Err(Error::Unavailable {
            operation: "BatchGetItem",
            why: format!("{} items were left unread", keys.len()),
        })
    }
}
