//! The function: what it prepares before the first event, and what it does for each.

use std::io::Write as _;
use std::time::Duration;

use anyhow::{bail, ensure};
use boot::{Live, Logs, Secrets, SecretsAt, Settings, Source, StateAt};
use github::GitHub;
use jobs::{Bell, Context, Pass, Report, Watch};
use lambda_runtime::{Diagnostic, LambdaEvent};
use outbound::Outbound;
use serde_json::{Value, json};
use state::Table;
use tracing::level_filters::LevelFilter;

use crate::event::{Event, deadline};

/// How long may the secret and the connections keep the first event waiting? Lambda starts an init anew after 10 s.
const PREPARE_LIMIT: Duration = Duration::from_secs(7);

/// One environment of the function.
pub(crate) struct Function {
    outbound: Outbound,
    table: Table,
    watch: Watch,
    /// What a pass works with, made of the secret.
    context: Live<Context>,
}

impl Function {
    /// Reads the settings, then prepares for the first event as far as that can be done before it.
    ///
    /// # Errors
    /// When the settings are wrong. A secret that cannot be read now is read again with the event.
    pub(crate) async fn init() -> anyhow::Result<Self> {
        let settings = Settings::read(env);
        let log_level = settings.as_ref().ok().and_then(|settings| settings.log_level);
        boot::start_logs(Logs::Json, log_level.unwrap_or(LevelFilter::INFO));
        let settings = settings?;
        let StateAt::Dynamodb(table) = settings.state else {
            bail!("STATE: a function has no file that lasts: expected dynamodb:TABLE");
        };
        let Some(SecretsAt::Aws(secret)) = settings.secrets else {
            bail!("SECRETS: a function has no file of secrets: expected aws:ID, a secret's name or ARN");
        };
        ensure!(
            !settings.watch.is_empty(),
            "COPR_PROJECTS, GITHUB_HOOKS: both are empty, so there is nothing to watch: expected one project or hook at least"
        );
        let outbound = Outbound::new();
        let access = boot::access(&outbound, env)?;
        let table = Table::new(&table, access.clone(), outbound.clock.clone());
        let make = {
            let (outbound, table, github) = (outbound.clone(), table.clone(), settings.github);
            move |secrets: Secrets| Context {
                outbound: outbound.clone(),
                table: table.clone(),
                // Whoever finds a lease in the table finds its log, too.
                owner: env("AWS_LAMBDA_LOG_STREAM_NAME").unwrap_or_else(|| "copperbell-watch".to_owned()),
                bells: secrets
                    .bells
                    .into_iter()
                    .map(|(channel, route)| Bell { channel, route })
                    .collect(),
                github: GitHub::new(github.clone(), secrets.github),
                heartbeat: secrets.heartbeat,
            }
        };
        let function = Self {
            context: Live::new(Source::Aws(secret, access), outbound.clone(), make),
            outbound,
            table,
            watch: settings.watch,
        };
        function.prepare().await;
        Ok(function)
    }

    /// Reads the secret and opens the connections while the function still has a whole core.
    async fn prepare(&self) {
        // The channels are in the secret; the table waits for nothing.
        let table = boot::warm_table(&self.table);
        let channels = async {
            // What goes wrong here is logged, and tried again with the first event.
            if let Ok(context) = self.context.get().await {
                let channels = context.bells.iter().map(|bell| &bell.channel);
                boot::warm_channels(&self.outbound, channels).await;
            }
        };
        let both = Box::pin(async { tokio::join!(table, channels) });
        if tokio::time::timeout(PREPARE_LIMIT, both).await.is_err() {
            tracing::warn!("the secret and the connections take long; they are asked for again with the first event");
        }
    }

    /// Makes one pass. One that is not complete is no error: what was done is done, and the next tick goes on.
    ///
    /// # Errors
    /// When the secret cannot be read: the runtime logs it, and Lambda sends the event again.
    pub(crate) async fn invoke(&self, event: LambdaEvent<Option<Event>>) -> Result<Report, Diagnostic> {
        let context = self.context.get().await.map_err(|error| Diagnostic {
            error_type: "SecretUnreadable".to_owned(),
            error_message: error.to_string(),
        })?;
        let now = self.outbound.clock.now();
        let tick = event.payload.unwrap_or_default().tick(now);
        let deadline = deadline(event.context.deadline());
        let report = jobs::run(&context, &self.watch, Pass::new(tick, deadline), |_| ()).await;
        log(&report, &event.context.request_id);
        Ok(report)
    }
}

/// A setting, by its name.
fn env(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Writes the report and its figures as one line: CloudWatch filters by what is in the one and counts the other.
fn log(report: &Report, request_id: &str) {
    let (level, message) = if report.complete {
        ("INFO", "the pass is complete")
    } else {
        ("WARN", "the pass is not complete")
    };
    let fields = json!({
        "timestamp": report.ended,
        "level": level,
        "message": message,
        "requestId": request_id,
        "report": report,
    });
    let Value::Object(fields) = fields else {
        return;
    };
    let function = env("AWS_LAMBDA_FUNCTION_NAME").unwrap_or_default();
    let metrics = report.metrics();
    let metrics = metrics
        .iter()
        .map(|metric| (metric.name, metric.unit.name(), metric.value));
    let line = boot::metrics_line(&function, report.ended, metrics, None, fields);
    // Without a log there is nobody to tell that there is none.
    let _ = writeln!(std::io::stdout(), "{line}");
}
