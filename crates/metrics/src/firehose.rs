//! Records into an Amazon Data Firehose stream, which writes them to S3 as Parquet.

use aws_sdk_firehose::Client;
use aws_sdk_firehose::config::retry::{ReconnectMode, RetryConfig};
use aws_sdk_firehose::config::timeout::TimeoutConfig;
use aws_sdk_firehose::config::{BehaviorVersion, Region, StalledStreamProtectionConfig};
use aws_sdk_firehose::primitives::Blob;
use aws_sdk_firehose::types::Record;
use futures_util::future::{BoxFuture, FutureExt as _};
use outbound::{Access, Outbound, OwnUserAgent, SdkSleep};

use crate::refusal::refusal;
use crate::sink::{Sink, SinkError};

/// How often is a batch tried? Whoever puts it keeps what was not taken, and puts it again later.
const ATTEMPTS: u32 = 2;

/// A stream of records.
#[derive(Clone, Debug)]
pub struct Firehose {
    client: Client,
    stream: String,
    region: String,
}

impl Firehose {
    /// A client of the stream of that name. No request is made yet.
    #[must_use]
    pub fn new(stream: &str, access: Access, outbound: &Outbound) -> Self {
        let region = access.region;
        let retries = RetryConfig::standard()
            .with_max_attempts(ATTEMPTS)
            .with_reconnect_mode(ReconnectMode::ReuseAllConnections);
        let mut config = aws_sdk_firehose::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(region.clone()))
            .credentials_provider(access.credentials)
            .http_client(access.http_client)
            .sleep_impl(SdkSleep(outbound.clock.clone()))
            // Each request has its own time-out in the connector.
            .timeout_config(TimeoutConfig::disabled())
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .retry_config(retries)
            .interceptor(OwnUserAgent);
        config.set_endpoint_url(access.endpoint_url);
        Self {
            client: Client::from_conf(config.build()),
            stream: stream.to_owned(),
            region,
        }
    }

    async fn put(&self, records: &[&str]) -> Result<Vec<usize>, String> {
        let records = records.iter().map(|record| {
            let line = format!("{record}\n");
            Record::builder().data(Blob::new(line)).build()
        });
        let records: Vec<_> = records.collect::<Result<_, _>>().map_err(|error| error.to_string())?;
        let count = records.len();
        let request = self.client.put_record_batch().delivery_stream_name(&self.stream);
        let answer = request.set_records(Some(records)).send().await;
        let answer = answer.map_err(|error| {
            refusal(&error, |code| match code {
                "ResourceNotFoundException" => Some("make it, or correct SINK=firehose:STREAM"),
                "AccessDeniedException" => Some("allow firehose:PutRecordBatch on this stream"),
                _ => None,
            })
        })?;
        // One answer for each record, in their order. A record without one may not have been taken.
        let taken: Vec<_> = answer
            .request_responses()
            .iter()
            .map(|response| response.error_code().is_none())
            .collect();
        Ok((0..count)
            .filter(|&place| !taken.get(place).copied().unwrap_or(false))
            .collect())
    }
}

impl Sink for Firehose {
    fn put<'a>(&'a self, records: &'a [&'a str]) -> BoxFuture<'a, Result<Vec<usize>, SinkError>> {
        async move {
            self.put(records).await.map_err(|why| SinkError {
                sink: format!("firehose:{} in {}", self.stream, self.region),
                why,
            })
        }
        .boxed()
    }
}
