//! The table: connecting to it, and reading documents.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::{ReconnectMode, RetryConfig};
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::{BehaviorVersion, IdentityCache, Region, StalledStreamProtectionConfig};
use aws_sdk_dynamodb::operation::create_table::CreateTableError;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use jiff::Timestamp;
use outbound::{Access, Clock, OwnUserAgent, SdkSleep};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Error, Key};

/// How often the SDK tries one request (throttling, 5xx, broken connections), pauses between, before we hear of it.
const ATTEMPTS: u32 = 4;

/// How long may the first pause between tries be? Each next one may be twice as long.
const INITIAL_BACKOFF: Duration = Duration::from_millis(50);

/// An item's attributes.
pub(crate) type Attributes = HashMap<String, AttributeValue>;

/// The table. Clones share one client.
#[derive(Clone, Debug)]
pub struct Table {
    pub(crate) client: Client,
    pub(crate) name: String,
    pub(crate) clock: Clock,
}

/// A document and its revision, on which a later write conditions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored<T> {
    /// What was stored.
    pub doc: T,
    /// Counts the writes of this item.
    pub rev: u64,
    /// The last pass that finished with it (targets only).
    pub tick: Option<Timestamp>,
    /// When it is no longer needed.
    pub expires: Option<Timestamp>,
}

impl<T> Stored<T> {
    /// The table removes what has expired days later, so a reader looks for itself.
    #[must_use]
    pub fn has_expired(&self, now: Timestamp) -> bool {
        self.expires.is_some_and(|expires| expires <= now)
    }

    /// The document by itself, and the item without it.
    #[must_use]
    pub fn take(self) -> (T, Stored<()>) {
        let Self {
            doc,
            rev,
            tick,
            expires,
        } = self;
        let rest = Stored {
            doc: (),
            rev,
            tick,
            expires,
        };
        (doc, rest)
    }
}

impl Stored<()> {
    /// The item with this document.
    #[must_use]
    pub fn with<U>(self, doc: U) -> Stored<U> {
        let Self { rev, tick, expires, .. } = self;
        Stored {
            doc,
            rev,
            tick,
            expires,
        }
    }
}

impl Table {
    /// A client of the table called `name`. No request is made yet.
    #[must_use]
    pub fn new(name: &str, access: Access, clock: Clock) -> Self {
        let mut config = config(access.http_client, &clock)
            .region(Region::new(access.region))
            .credentials_provider(access.credentials);
        config.set_endpoint_url(access.endpoint_url);
        Self::with(config, name, clock)
    }

    /// The same of a table in an engine of our own, which `http_client` leads to. It does not ask who asks.
    #[must_use]
    pub fn in_process(name: &str, http_client: SharedHttpClient, clock: Clock) -> Self {
        let config = config(http_client, &clock).region(Region::from_static("local"));
        Self::with(config.allow_no_auth(), name, clock)
    }

    fn with(config: aws_sdk_dynamodb::config::Builder, name: &str, clock: Clock) -> Self {
        Self {
            client: Client::from_conf(config.build()),
            name: name.to_owned(),
            clock,
        }
    }

    /// Makes the table in an engine of our own. In AWS the stack makes it.
    ///
    /// # Errors
    /// When the table cannot be reached.
    pub async fn create_if_missing(&self) -> Result<(), Error> {
        if self.describe().await.is_ok() {
            return Ok(());
        }
        let mut request = self
            .client
            .create_table()
            .table_name(&self.name)
            .billing_mode(BillingMode::PayPerRequest);
        for (name, kind) in [("pk", KeyType::Hash), ("sk", KeyType::Range)] {
            let element = KeySchemaElement::builder().attribute_name(name).key_type(kind).build();
            let definition = AttributeDefinition::builder()
                .attribute_name(name)
                .attribute_type(ScalarAttributeType::S)
                .build();
            let (Ok(element), Ok(definition)) = (element, definition) else {
                continue;
            };
            request = request.key_schema(element).attribute_definitions(definition);
        }
        match request.send().await {
            Ok(_) => Ok(()),
            // Another process made it in between.
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(CreateTableError::is_resource_in_use_exception) =>
            {
                Ok(())
            }
            Err(error) => Err(Error::unavailable("CreateTable", &error)),
        }
    }

    /// Is the table there?
    ///
    /// # Errors
    /// When it is not, or cannot be reached.
    async fn describe(&self) -> Result<(), Error> {
        let request = self.client.describe_table().table_name(&self.name);
        match request.send().await {
            Ok(_) => Ok(()),
            Err(error) => Err(Error::unavailable("DescribeTable", &error)),
        }
    }

    /// Reads one document, strongly consistent.
    ///
    /// # Errors
    /// When the table cannot be reached or the document cannot be read.
    pub async fn get<T: DeserializeOwned>(&self, key: &Key) -> Result<Option<Stored<T>>, Error> {
        // GetItem costs the same, and would be another operation of the SDK in both functions.
        let found = self.get_many(std::slice::from_ref(key)).await?;
        Ok(found.into_iter().next().map(|(_, stored)| stored))
    }

    /// Calls `on_doc` with every document of a partition, in the order of their sort keys, without holding them all.
    ///
    /// # Errors
    /// When the table cannot be reached or a document cannot be read.
    pub async fn each<T: DeserializeOwned>(
        &self,
        pk: &str,
        mut on_doc: impl FnMut(String, Stored<T>),
    ) -> Result<(), Error> {
        self.each_item(pk, None, |key, item| {
            if item.contains_key("doc") {
                let stored = stored(&key, &item)?;
                on_doc(key.sk, stored);
            }
            Ok(true)
        })
        .await
    }

    /// Reads all documents of a partition, strongly consistent, in the order of their sort keys. An item without a
    /// document (a target that was leased but never finished) is left out.
    ///
    /// # Errors
    /// When the table cannot be reached or a document cannot be read.
    pub async fn query<T: DeserializeOwned>(&self, pk: &str) -> Result<Vec<(String, Stored<T>)>, Error> {
        let mut found = Vec::new();
        self.each(pk, |sk, stored| found.push((sk, stored))).await?;
        Ok(found)
    }

    /// The sort keys of all items of a partition, also of those without a document.
    ///
    /// # Errors
    /// When the table cannot be reached.
    pub async fn sort_keys(&self, pk: &str) -> Result<Vec<String>, Error> {
        let mut found = Vec::new();
        self.each_item(pk, None, |key, _| {
            found.push(key.sk);
            Ok(true)
        })
        .await?;
        Ok(found)
    }

    /// Calls `on_item` with every item of a partition until it returns false. Without a page size, pages are of 1 MB.
    pub(crate) async fn each_item(
        &self,
        pk: &str,
        page_size: Option<i32>,
        mut on_item: impl FnMut(Key, Attributes) -> Result<bool, Error>,
    ) -> Result<(), Error> {
        let mut start = None;
        loop {
            let request = self
                .client
                .query()
                .table_name(&self.name)
                .key_condition_expression("pk = :pk")
                .expression_attribute_values(":pk", string(pk))
                .consistent_read(true)
                .set_limit(page_size)
                .set_exclusive_start_key(start);
            let page = request
                .send()
                .await
                .map_err(|error| Error::unavailable("Query", &error))?;
            for item in page.items.unwrap_or_default() {
                let sk = item.get("sk").and_then(|sk| sk.as_s().ok()).cloned();
                let key = Key {
                    pk: pk.to_owned(),
                    sk: sk.unwrap_or_default(),
                };
                if !on_item(key, item)? {
                    return Ok(());
                }
            }
            start = page.last_evaluated_key;
            if start.is_none() {
                return Ok(());
            }
        }
    }
}

/// How requests are made, whatever the table.
fn config(http_client: SharedHttpClient, clock: &Clock) -> aws_sdk_dynamodb::config::Builder {
    let retries = RetryConfig::standard()
        .with_max_attempts(ATTEMPTS)
        .with_initial_backoff(INITIAL_BACKOFF)
        // The pool is our client's; the SDK would log an ERROR for each connection it cannot close itself.
        .with_reconnect_mode(ReconnectMode::ReuseAllConnections);
    aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(http_client)
        .sleep_impl(SdkSleep(clock.clone()))
        // Each request has its own time-out in the connector.
        .timeout_config(TimeoutConfig::disabled())
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .retry_config(retries)
        // Credentials stay the same as long as the process lives: to look them up in a cache costs more than a copy.
        .identity_cache(IdentityCache::no_cache())
        .interceptor(OwnUserAgent)
}

/// Reads an item's document.
pub(crate) fn stored<T: DeserializeOwned>(key: &Key, item: &Attributes) -> Result<Stored<T>, Error> {
    let doc = item
        .get("doc")
        .cloned()
        .ok_or_else(|| Error::unreadable(key, &"it has no document"))?;
    let doc = serde_dynamo::from_attribute_value(doc).map_err(|error| Error::unreadable(key, &error))?;
    Ok(Stored {
        doc,
        rev: number(item, "rev").and_then(|rev| u64::try_from(rev).ok()).unwrap_or(0),
        tick: timestamp(item, "tick"),
        expires: number(item, "expires_at").and_then(|seconds| Timestamp::from_second(seconds).ok()),
    })
}

/// A document as it is stored.
pub(crate) fn document<T: Serialize>(key: &Key, doc: &T) -> Result<AttributeValue, Error> {
    serde_dynamo::to_attribute_value(doc).map_err(|error| Error::unreadable(key, &error))
}

pub(crate) fn string(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

pub(crate) fn integer(value: impl Into<i128>) -> AttributeValue {
    AttributeValue::N(value.into().to_string())
}

pub(crate) fn number(item: &Attributes, name: &str) -> Option<i64> {
    item.get(name)?.as_n().ok()?.parse().ok()
}

pub(crate) fn timestamp(item: &Attributes, name: &str) -> Option<Timestamp> {
    Timestamp::from_millisecond(number(item, name)?).ok()
}
