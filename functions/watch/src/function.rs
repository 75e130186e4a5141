//! The function: what it prepares before the first event, and what it does for each.

use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{bail, ensure};
use boot::{Live, Logs, Secrets, SecretsAt, Settings, SinkAt, Source, StateAt, WarehouseAt};
use github::GitHub;
use jobs::{Bell, Context, Pass, Records, Report, Watch};
use lambda_runtime::{Diagnostic, LambdaEvent};
use metrics::{Athena, Firehose, Sink, Warehouse};
use outbound::{Deadline, Outbound};
use serde::Serialize;
use serde_json::{Value, json};
use state::Table;
use tracing::level_filters::LevelFilter;

use crate::event::{Event, Schedule, deadline};
use crate::spread::{Failures, Messages, Queue};

/// How long may the secret and the connections keep the first event waiting? Lambda starts an init anew after 10 s.
const PREPARE_LIMIT: Duration = Duration::from_secs(7);

/// One environment of the function.
pub(crate) struct Function {
    outbound: Outbound,
    table: Table,
    watch: Watch,
    /// Where a pass sends its targets, if it is spread.
    queue: Option<Queue>,
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
        boot::start_logs(Logs::CloudWatch, log_level.unwrap_or(LevelFilter::INFO));
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
        let outbound = Outbound::new().trusting(settings.extra_roots);
        let access = boot::access(&outbound, env)?;
        let sink: Option<Arc<dyn Sink>> = match settings.sink {
            None => None,
            Some(SinkAt::Firehose(stream)) => Some(Arc::new(Firehose::new(&stream, access.clone(), &outbound))),
            Some(SinkAt::Sqlite(_)) => bail!("SINK: a function has no file that lasts: expected firehose:STREAM"),
        };
        let warehouse: Option<Arc<dyn Warehouse>> = match settings.warehouse {
            None => None,
            Some(WarehouseAt::Athena { workgroup, database }) => {
                Some(Arc::new(Athena::new(&workgroup, &database, access.clone(), &outbound)))
            }
            Some(WarehouseAt::Sqlite(_)) => {
                bail!("WAREHOUSE: a function has no file that lasts: expected athena:WORKGROUP/DATABASE")
            }
        };
        let records = Records {
            sink,
            titles: settings.sink_titles,
            warehouse,
        };
        let at = boot::access_to("DYNAMODB", &outbound, env)?;
        let table = Table::new(&table, at, outbound.clock.clone());
        let make = {
            let (outbound, table, github) = (outbound.clone(), table.clone(), settings.github);
            let language = settings.language;
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
                language,
                github: GitHub::new(github.clone(), secrets.github),
                heartbeat: secrets.heartbeat,
                records: records.clone(),
            }
        };
        let queue = env("TARGET_QUEUE_URL").filter(|url| !url.is_empty());
        let at = boot::access_to("SECRETS_MANAGER", &outbound, env)?;
        let function = Self {
            context: Live::new(Source::Aws(secret, at), outbound.clone(), make),
            table,
            watch: settings.watch,
            queue: queue.map(|url| Queue::new(url, access, &outbound)),
            outbound,
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

    /// Makes one pass, or its share of one. One that is not complete is no error: what was done is done, and the next tick
    /// goes on.
    ///
    /// # Errors
    /// When the secret cannot be read, or the queue does not take the targets: the runtime logs it, and Lambda sends the
    /// event again.
    pub(crate) async fn invoke(&self, event: LambdaEvent<Option<Event>>) -> Result<Answer, Diagnostic> {
        let context = self.context.get().await;
        let context = context.map_err(|error| failed("SecretUnreadable", &error.to_string()))?;
        let now = self.outbound.clock.now();
        let deadline = deadline(event.context.deadline());
        let id = &event.context.request_id;
        let schedule = match event.payload {
            Some(Event::Messages(messages)) => return Ok(self.work(&context, messages, deadline, id).await),
            Some(Event::Schedule(schedule)) => schedule,
            None => Schedule::default(),
        };
        let tick = schedule.tick(now);
        let report = if let Some(queue) = &self.queue {
            // The targets first: the channels may take all the time there is.
            let tasks: Vec<_> = jobs::tasks(&self.watch, tick).collect();
            let sent = queue.send(&tasks).await;
            sent.map_err(|error| failed("QueueRefused", &format!("{error:#}")))?;
            Box::pin(jobs::survey(&context, &self.watch, tick, deadline)).await
        } else {
            let pass = Pass::new(tick, deadline);
            Box::pin(jobs::run(&context, &self.watch, pass, |_| ())).await
        };
        log(&report, id, true);
        Ok(Answer::Report(report))
    }

    /// Does the tasks of some messages. What could not be observed comes again.
    async fn work(&self, context: &Context, messages: Messages, deadline: Deadline, id: &str) -> Answer {
        let mut failures = Failures::default();
        for (message, task) in messages.tasks() {
            let report = Box::pin(jobs::work(context, &self.watch, &task, deadline)).await;
            if !report.complete {
                failures.push(message);
            }
            log(&report, id, false);
        }
        Answer::Failures(failures)
    }
}

/// What the function answers: people read the one, SQS the other.
#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum Answer {
    Report(Report),
    Failures(Failures),
}

fn failed(kind: &str, why: &str) -> Diagnostic {
    Diagnostic {
        error_type: kind.to_owned(),
        error_message: why.to_owned(),
    }
}

/// A setting, by its name.
fn env(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Writes the report and its figures as one line: CloudWatch filters by what is in the one and counts the other.
fn log(report: &Report, request_id: &str, whole: bool) {
    let (level, message) = match (report.complete, whole) {
        (true, true) => ("INFO", "the pass is complete"),
        (false, true) => ("WARN", "the pass is not complete"),
        (true, false) => ("INFO", "the target was observed"),
        (false, false) => ("WARN", "the target was not observed"),
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
    let mut metrics = report.metrics();
    // A share of a pass is no pass.
    metrics.retain(|metric| whole || metric.name != "RunCompleted");
    let metrics = metrics
        .iter()
        .map(|metric| (metric.name, metric.unit.name(), metric.value));
    let line = boot::metrics_line(&function, report.ended, metrics, None, fields);
    // Without a log there is nobody to tell that there is none.
    let _ = writeln!(std::io::stdout(), "{line}");
}
