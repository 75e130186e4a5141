//! From settings to something that can work: where to remember, where to ring.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use boot::{Live, Logs, Secrets, SecretsAt, Settings, SinkAt, Source, StateAt, WarehouseAt};
use chat::Language;
use clap::ArgMatches;
use github::{ApiUrl, GitHub};
use jobs::{Bell, Context, Keys, Records, Watch};
use metrics::{Athena, Firehose, Sink, Warehouse};
use outbound::{Clock, Outbound};
use state::Table;
use tracing::level_filters::LevelFilter;

use crate::bad_start::BadStart;
use crate::dot_env;
use crate::status_page::Source as Charts;

/// The table's name in a file of our own.
const TABLE: &str = "copperbell";

/// What the standalone binary works with.
pub(crate) struct Standalone {
    pub(crate) loaded: Loaded,
    pub(crate) watch: Watch,
    pub(crate) listen: SocketAddr,
}

/// What a server works with.
pub(crate) struct Server {
    pub(crate) clock: Clock,
    pub(crate) loaded: Live<Loaded>,
    pub(crate) watch: Watch,
    pub(crate) listen: SocketAddr,
    pub(crate) status_listen: SocketAddr,
    pub(crate) every: Duration,
    /// Where the status page asks for the charts of the issues.
    pub(crate) charts: Charts,
}

/// What is made of the secrets.
pub(crate) struct Loaded {
    pub(crate) context: Context,
    pub(crate) keys: Keys,
}

fn bad(error: impl std::fmt::Display) -> BadStart {
    BadStart::new(&error.to_string())
}

impl Standalone {
    /// Reads settings and secrets, and opens the state. With `machine_output` the console rings on stderr.
    pub(crate) async fn start(matches: &ArgMatches, machine_output: bool) -> Result<Self, BadStart> {
        // What a pass met is in its report.
        let start = Start::read(matches, LevelFilter::ERROR).await?;
        let secrets = match &start.source {
            Source::None => Secrets::console(machine_output),
            source => source.read(&start.parts.outbound).await,
        };
        let settings = start.settings;
        let loaded = start.parts.load(secrets.map_err(bad)?);
        Ok(Self {
            loaded,
            listen: settings.listen,
            watch: settings.watch,
        })
    }
}

impl Server {
    /// Reads settings, and opens the state. The secrets are read when they are first needed, and again from time to time.
    pub(crate) async fn start(matches: &ArgMatches) -> Result<Self, BadStart> {
        let Start {
            settings,
            parts,
            source,
        } = Start::read(matches, LevelFilter::INFO).await?;
        let outbound = parts.outbound.clone();
        let clock = outbound.clock.clone();
        let charts = match (&settings.warehouse, &parts.records.warehouse) {
            (Some(WarehouseAt::Sqlite(_)), Some(warehouse)) => Charts::File(warehouse.clone()),
            (Some(_), _) => Charts::Elsewhere,
            (None, _) => Charts::Nowhere,
        };
        let loaded = Live::new(source, outbound, move |secrets| parts.load(secrets));
        loaded.get().await.map_err(bad)?;
        Ok(Self {
            clock,
            loaded,
            listen: settings.listen,
            status_listen: settings.status_listen,
            every: settings.every,
            charts,
            watch: settings.watch,
        })
    }
}

/// What every command begins with.
struct Start {
    settings: Settings,
    parts: Parts,
    source: Source,
}

impl Start {
    /// Reads what every command begins with; it logs down to `log_level` unless the settings say otherwise.
    async fn read(matches: &ArgMatches, log_level: LevelFilter) -> Result<Self, BadStart> {
        let value = values(matches)?;
        let settings = Settings::read(&value).map_err(bad)?;
        boot::start_logs(
            Logs::Stderr(settings.log_format),
            settings.log_level.unwrap_or(log_level),
        );
        let outbound = Outbound::new().trusting(settings.extra_roots.clone());
        let source = match &settings.secrets {
            None => Source::None,
            Some(SecretsAt::File(path)) => {
                // A file that cannot be used is told before a state file is made.
                Secrets::from_file(path).map_err(bad)?;
                Source::File(path.clone())
            }
            Some(SecretsAt::Aws(id)) => {
                let access = boot::access(&outbound, &value).map_err(bad)?;
                Source::Aws(id.clone(), access)
            }
        };
        let table = match &settings.state {
            StateAt::File(path) => {
                let engine = embedded::Engine::open(path).map_err(|error| bad(format!("STATE: {error}")))?;
                local_table(engine, &outbound).await.map_err(bad)?
            }
            StateAt::Dynamodb(name) => {
                let access = boot::access(&outbound, &value).map_err(bad)?;
                Table::new(name, access, outbound.clock.clone())
            }
        };
        let parts = Parts {
            records: records(&settings, &outbound, &value)?,
            github: settings.github.clone(),
            language: settings.language,
            allow_sha1: settings.allow_sha1,
            outbound,
            table,
        };
        Ok(Self {
            settings,
            parts,
            source,
        })
    }
}

/// Where records of issue events go, and where they are asked about.
fn records(
    settings: &Settings,
    outbound: &Outbound,
    value: &impl Fn(&str) -> Option<String>,
) -> Result<Records, BadStart> {
    let file = |name: &str, path: &Path| {
        let records = embedded::Records::open(path, outbound).map_err(|error| bad(format!("{name}: {error}")))?;
        Ok::<_, BadStart>(Arc::new(records))
    };
    let access = || boot::access(outbound, value).map_err(bad);
    let sink: Option<Arc<dyn Sink>> = match &settings.sink {
        None => None,
        Some(SinkAt::Sqlite(path)) => Some(file("SINK", path)?),
        Some(SinkAt::Firehose(stream)) => Some(Arc::new(Firehose::new(stream, access()?, outbound))),
    };
    let warehouse: Option<Arc<dyn Warehouse>> = match &settings.warehouse {
        None => None,
        Some(WarehouseAt::Sqlite(path)) if !path.exists() => {
            return Err(bad(format!("WAREHOUSE: there is no file {}", path.display())));
        }
        Some(WarehouseAt::Sqlite(path)) => Some(file("WAREHOUSE", path)?),
        Some(WarehouseAt::Athena { workgroup, database }) => {
            Some(Arc::new(Athena::new(workgroup, database, access()?, outbound)))
        }
    };
    Ok(Records {
        sink,
        titles: settings.sink_titles,
        warehouse,
    })
}

/// What a process works with, besides the secrets.
pub(crate) struct Parts {
    pub(crate) outbound: Outbound,
    pub(crate) table: Table,
    pub(crate) github: ApiUrl,
    pub(crate) language: Language,
    pub(crate) allow_sha1: bool,
    pub(crate) records: Records,
}

impl Parts {
    /// What a process works with, once it has the secrets.
    pub(crate) fn load(&self, secrets: Secrets) -> Loaded {
        let bells = secrets.bells.into_iter();
        Loaded {
            context: Context {
                outbound: self.outbound.clone(),
                table: self.table.clone(),
                owner: format!("copperbell, process {}", std::process::id()),
                bells: bells.map(|(channel, route)| Bell { channel, route }).collect(),
                language: self.language,
                github: GitHub::new(self.github.clone(), secrets.github),
                heartbeat: secrets.heartbeat,
                records: self.records.clone(),
            },
            keys: Keys {
                secrets: secrets.webhook,
                allow_sha1: self.allow_sha1,
            },
        }
    }
}

/// The table in an engine of our own, made if it is new.
pub(crate) async fn local_table(engine: embedded::Engine, outbound: &Outbound) -> Result<Table, state::Error> {
    let http_client = embedded::http_client(engine, outbound);
    let table = Table::in_process(TABLE, http_client, outbound.clock.clone());
    table.create_if_missing().await?;
    Ok(table)
}

/// Where the state file is, and its table; nothing is opened.
pub(crate) fn state_file(matches: &ArgMatches) -> Result<(PathBuf, &'static str), BadStart> {
    match Settings::read(values(matches)?).map_err(bad)?.state {
        StateAt::File(path) => Ok((path, TABLE)),
        StateAt::Dynamodb(table) => Err(bad(format!(
            "STATE: {table} is a table of DynamoDB, which keeps its past itself: switch point-in-time recovery on, and see \
             `aws dynamodb restore-table-to-point-in-time help`"
        ))),
    }
}

/// What a setting is: its flag, else its environment variable, else its line in `.env`.
fn values(matches: &ArgMatches) -> Result<impl Fn(&str) -> Option<String>, BadStart> {
    let file = dot_env::read()?;
    Ok(move |name: &str| {
        let flag = crate::cli::flag(matches, name);
        let environment = || std::env::var(name).ok();
        flag.or_else(environment).or_else(|| file.get(name).cloned())
    })
}
