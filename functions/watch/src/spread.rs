//! A pass that is spread over a queue: the schedule's message becomes one for each target, and each of those is a message
//! to this function, too.

use anyhow::{Context as _, ensure};
use aws_sdk_sqs::Client;
use aws_sdk_sqs::config::retry::{ReconnectMode, RetryConfig};
use aws_sdk_sqs::config::timeout::TimeoutConfig;
use aws_sdk_sqs::config::{BehaviorVersion, Region, StalledStreamProtectionConfig};
use aws_sdk_sqs::types::SendMessageBatchRequestEntry;
use jobs::Task;
use outbound::{Access, Outbound, OwnUserAgent, SdkSleep};
use serde::{Deserialize, Serialize};

/// How many messages one request can hold (SQS's limit).
const BATCH: usize = 10;

/// The queue of targets.
#[derive(Debug)]
pub(crate) struct Queue {
    client: Client,
    url: String,
}

/// What SQS sends, as far as it matters.
#[derive(Debug, Deserialize)]
pub(crate) struct Messages {
    #[serde(rename = "Records")]
    records: Vec<Message>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Message {
    message_id: String,
    body: String,
}

/// What SQS is answered: the messages it must send again.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Failures {
    batch_item_failures: Vec<Failure>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Failure {
    item_identifier: String,
}

impl Queue {
    pub(crate) fn new(url: String, access: Access, outbound: &Outbound) -> Self {
        let mut config = aws_sdk_sqs::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(access.region))
            .credentials_provider(access.credentials)
            .http_client(access.http_client)
            .sleep_impl(SdkSleep(outbound.clock.clone()))
            // Each request has its own time-out in the connector.
            .timeout_config(TimeoutConfig::disabled())
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .retry_config(RetryConfig::standard().with_reconnect_mode(ReconnectMode::ReuseAllConnections))
            .interceptor(OwnUserAgent);
        config.set_endpoint_url(access.endpoint_url);
        Self {
            client: Client::from_conf(config.build()),
            url,
        }
    }

    /// Sends a message for each task. A tick whose messages were sent in part is sent again whole: what was observed is done.
    pub(crate) async fn send(&self, tasks: &[Task]) -> anyhow::Result<()> {
        for batch in tasks.chunks(BATCH) {
            let mut request = self.client.send_message_batch().queue_url(&self.url);
            for (number, task) in batch.iter().enumerate() {
                let entry = SendMessageBatchRequestEntry::builder()
                    .id(number.to_string())
                    .message_body(serde_json::to_string(task)?);
                request = request.entries(entry.build()?);
            }
            let sent = request.send().await.map_err(|error| outbound::causes(&error));
            let sent = sent
                .map_err(anyhow::Error::msg)
                .context("the targets' queue did not take a message")?;
            let refused = sent
                .failed()
                .first()
                .and_then(|failed| failed.message().map(str::to_owned));
            ensure!(
                sent.failed().is_empty(),
                "the targets' queue refused {} messages: {}",
                sent.failed().len(),
                refused.unwrap_or_default()
            );
        }
        Ok(())
    }
}

impl Messages {
    /// The tasks, each with its message's id. A message that is none was not sent by us: it is dropped, and logged.
    pub(crate) fn tasks(self) -> impl Iterator<Item = (String, Task)> {
        self.records.into_iter().filter_map(|message| {
            let task = serde_json::from_str(&message.body);
            if task.is_err() {
                tracing::error!(message = message.message_id, "a message that is no task");
            }
            Some((message.message_id, task.ok()?))
        })
    }
}

impl Failures {
    /// This message must come again.
    pub(crate) fn push(&mut self, message: String) {
        let item_identifier = message;
        self.batch_item_failures.push(Failure { item_identifier });
    }
}
