//! The function: what it prepares before the first request, and how it answers each.

use std::convert::Infallible;
use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use anyhow::bail;
use boot::{Live, Logs, Secrets, SecretsAt, Settings, SinkAt, Source, StateAt};
use bytes::Bytes;
use github::GitHub;
use http::HeaderMap;
use jiff::Timestamp;
use jobs::{Bell, ChannelReport, Context, Keys, Limits, Receipt, Received, Records};
use lambda_http::LambdaEvent;
use metrics::{Firehose, Sink};
use outbound::{Deadline, Outbound};
use serde_json::json;
use state::Table;
use tracing::level_filters::LevelFilter;

use crate::request::{Answer, Request};

/// How long may the secret and the connections keep the first request waiting? Lambda starts an init anew after 10 s.
const PREPARE_LIMIT: Duration = Duration::from_secs(7);

/// By when is every request answered? GitHub waits 10 s.
const ANSWER_LIMIT: Duration = Duration::from_secs(8);

/// How long may one message to a chat take? What is not sent now, the next pass sends.
const SEND_TIMEOUT: Duration = Duration::from_secs(2);

/// One environment of the function.
pub(crate) struct Function {
    outbound: Outbound,
    table: Table,
    loaded: Live<Loaded>,
}

/// What is made of the secrets.
struct Loaded {
    context: Context,
    keys: Keys,
}

impl Function {
    /// Reads the settings, then prepares for the first request as far as that can be done before it.
    ///
    /// # Errors
    /// When the settings are wrong. A secret that cannot be read now is read again with the request.
    pub(crate) async fn init() -> anyhow::Result<Self> {
        let settings = Settings::read(env);
        let log_level = settings.as_ref().ok().and_then(|settings| settings.log_level);
        boot::start_logs(Logs::CloudWatch, log_level.unwrap_or(LevelFilter::INFO));
        let settings = settings?;
        let StateAt::Dynamodb(table) = settings.state else {
            bail!("STATE: a function has no file that lasts: expected dynamodb:TABLE");
        };
        let Some(SecretsAt::Aws(secret)) = settings.secrets else {
            bail!("SECRETS: a function has no file of secrets: expected aws:ID, a secret's name or ARN");
        };
        let outbound = Outbound::new().trusting(settings.extra_roots);
        let access = boot::access(&outbound, env)?;
        let sink: Option<Arc<dyn Sink>> = match settings.sink {
            None => None,
            Some(SinkAt::Firehose(stream)) => Some(Arc::new(Firehose::new(&stream, access.clone(), &outbound))),
            Some(SinkAt::Sqlite(_)) => bail!("SINK: a function has no file that lasts: expected firehose:STREAM"),
        };
        let records = Records {
            sink,
            titles: settings.sink_titles,
            warehouse: None,
        };
        let at = boot::access_to("DYNAMODB", &outbound, env)?;
        let table = Table::new(&table, at, outbound.clock.clone());
        let make = {
            let (outbound, table) = (outbound.clone(), table.clone());
            move |secrets: Secrets| {
                let bells = secrets.bells.into_iter();
                Loaded {
                    context: Context {
                        outbound: outbound.clone(),
                        table: table.clone(),
                        // Whoever finds a lease in the table finds its log, too.
                        owner: env("AWS_LAMBDA_LOG_STREAM_NAME").unwrap_or_else(|| "copperbell-webhook".to_owned()),
                        bells: bells.map(|(channel, route)| Bell { channel, route }).collect(),
                        language: settings.language,
                        github: GitHub::new(settings.github.clone(), secrets.github),
                        heartbeat: secrets.heartbeat,
                        records: records.clone(),
                    },
                    keys: Keys {
                        secrets: secrets.webhook,
                        allow_sha1: settings.allow_sha1,
                    },
                }
            }
        };
        let at = boot::access_to("SECRETS_MANAGER", &outbound, env)?;
        let function = Self {
            loaded: Live::new(Source::Aws(secret, at), outbound.clone(), make),
            outbound,
            table,
        };
        function.prepare().await;
        Ok(function)
    }

    /// Reads the secret and opens the connections while the function still has a whole core.
    async fn prepare(&self) {
        // The channels are in the secret; the table waits for nothing.
        let table = boot::warm_table(&self.table);
        let channels = async {
            if let Ok(loaded) = self.loaded.get().await {
                let channels = loaded.context.bells.iter().map(|bell| &bell.channel);
                boot::warm_channels(&self.outbound, channels).await;
            }
        };
        let both = Box::pin(async { tokio::join!(table, channels) });
        if tokio::time::timeout(PREPARE_LIMIT, both).await.is_err() {
            tracing::warn!("the secret and the connections take long; they are asked for again with the first request");
        }
    }

    /// Answers a request, in time whatever happens: what could not be accepted until then is GitHub's to send again, and
    /// what could not be sent waits in the outbox.
    pub(crate) async fn answer(&self, event: LambdaEvent<Request>) -> Result<Answer, Infallible> {
        let started = self.outbound.clock.now();
        let deadline = Deadline::at(started + ANSWER_LIMIT);
        let Some((headers, body)) = event.payload.into_parts() else {
            tracing::warn!("a request whose body is not the Base64 it should be");
            return Ok(self.answered(Received::Unreadable, &[], started));
        };
        let accept = Box::pin(self.receive(&headers, body));
        let Ok((receipt, loaded)) = tokio::time::timeout(ANSWER_LIMIT, accept).await else {
            tracing::error!("there was no time left to accept a delivery");
            return Ok(self.answered(Received::Unavailable, &[], started));
        };
        let mut channels = Vec::new();
        if let Some(loaded) = loaded.filter(|_| !receipt.rung.is_empty()) {
            let limits = Limits {
                send_timeout: SEND_TIMEOUT,
                deadline,
            };
            let left = deadline.time_left(self.outbound.clock.now(), Duration::ZERO, ANSWER_LIMIT);
            // What is cut off here is in the outbox, and its channel's lease soon over.
            let delivery = Box::pin(jobs::deliver_news(&loaded.context, &receipt.rung, limits));
            channels = tokio::time::timeout(left, delivery).await.unwrap_or_default();
        }
        Ok(self.answered(receipt.received, &channels, started))
    }

    /// The answer; its figures go into the log.
    fn answered(&self, received: Received, channels: &[ChannelReport], started: Timestamp) -> Answer {
        let now = self.outbound.clock.now();
        let took = Duration::try_from(now.duration_since(started)).unwrap_or_default();
        let metrics = received.metrics(channels, took);
        let metrics = metrics
            .iter()
            .map(|metric| (metric.name, metric.unit.name(), metric.value));
        let fields = [
            ("timestamp", json!(now)),
            ("level", json!("INFO")),
            ("message", json!("answered")),
        ];
        let fields = fields
            .map(|(name, value)| (name.to_owned(), value))
            .into_iter()
            .collect();
        let function = env("AWS_LAMBDA_FUNCTION_NAME").unwrap_or_default();
        let line = boot::metrics_line(&function, now, metrics, received.refusal(), fields);
        // Without a log there is nobody to tell that there is none.
        let _ = writeln!(std::io::stdout(), "{line}");
        received.into()
    }

    /// Takes the delivery; a signature that nobody knows makes us look for a newer secret, once in a while.
    async fn receive(&self, headers: &HeaderMap, body: Bytes) -> (Receipt, Option<Arc<Loaded>>) {
        let Ok(loaded) = self.loaded.get().await else {
            return (Received::Unavailable.into(), None);
        };
        let receipt = jobs::receive(&loaded.context, &loaded.keys, headers, body.clone()).await;
        if receipt.received != Received::Forged {
            return (receipt, Some(loaded));
        }
        let Some(newer) = self.loaded.newer(&loaded).await else {
            return (receipt, Some(loaded));
        };
        let receipt = jobs::receive(&newer.context, &newer.keys, headers, body).await;
        (receipt, Some(newer))
    }
}

/// A setting, by its name.
fn env(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
