//! From settings to something that can work: where to remember, where to ring.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Duration;

use aws_credential_types::Credentials;
use boot::{Live, Logs, Secrets, SecretsAt, Settings, Source, StateAt};
use clap::ArgMatches;
use github::{ApiUrl, GitHub};
use jobs::{Bell, Context, Keys, Watch};
use outbound::{Clock, Outbound};
use state::{Access, Table};
use tracing::level_filters::LevelFilter;

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
}

/// What is made of the secrets.
pub(crate) struct Loaded {
    pub(crate) context: Context,
    pub(crate) keys: Keys,
}

/// Wrong settings: nothing was done.
#[derive(Debug)]
pub(crate) struct BadStart(String);

impl BadStart {
    pub(crate) fn new(why: &str) -> Self {
        Self(why.to_owned())
    }
}

impl std::fmt::Display for BadStart {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BadStart {}

fn bad(error: impl std::fmt::Display) -> BadStart {
    BadStart(error.to_string())
}

impl Standalone {
    /// Reads settings and secrets, and opens the state. With `machine_output` the console rings on stderr.
    pub(crate) async fn start(matches: &ArgMatches, machine_output: bool) -> Result<Self, BadStart> {
        // What a pass met is in its report.
        let start = Start::read(matches, LevelFilter::ERROR).await?;
        let secrets = match &start.source {
            Source::None => Secrets::console(machine_output),
            source => source.read(&start.outbound).await,
        };
        let settings = start.settings;
        let secrets = secrets.map_err(bad)?;
        let loaded = load(
            &start.outbound,
            &start.table,
            &settings.github,
            settings.allow_sha1,
            secrets,
        );
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
            outbound,
            table,
            source,
        } = Start::read(matches, LevelFilter::INFO).await?;
        let clock = outbound.clock.clone();
        let allow_sha1 = settings.allow_sha1;
        let make = {
            let (outbound, github) = (outbound.clone(), settings.github.clone());
            move |secrets| load(&outbound, &table, &github, allow_sha1, secrets)
        };
        let loaded = Live::new(source, outbound, make);
        loaded.get().await.map_err(bad)?;
        Ok(Self {
            clock,
            loaded,
            listen: settings.listen,
            status_listen: settings.status_listen,
            every: settings.every,
            watch: settings.watch,
        })
    }
}

/// What every command begins with.
struct Start {
    settings: Settings,
    outbound: Outbound,
    table: Table,
    source: Source,
}

impl Start {
    /// Reads what every command begins with; it logs down to `log_level` unless the settings say otherwise.
    async fn read(matches: &ArgMatches, log_level: LevelFilter) -> Result<Self, BadStart> {
        let file = dot_env()?;
        let value = |name: &str| {
            let flag = crate::cli::flag(matches, name);
            let environment = || std::env::var(name).ok();
            flag.or_else(environment).or_else(|| file.get(name).cloned())
        };
        let settings = Settings::read(value).map_err(bad)?;
        boot::start_logs(Logs::Plain, settings.log_level.unwrap_or(log_level));
        let outbound = Outbound::new();
        let source = match &settings.secrets {
            None => Source::None,
            Some(SecretsAt::File(path)) => {
                // A file that cannot be used is told before a state file is made.
                Secrets::from_file(path).map_err(bad)?;
                Source::File(path.clone())
            }
            Some(SecretsAt::Aws(id)) => {
                let access = boot::access(&outbound, value).map_err(bad)?;
                Source::Aws(id.clone(), access)
            }
        };
        let table = match &settings.state {
            StateAt::File(path) => {
                let engine = embedded::Engine::open(path).map_err(|error| bad(format!("STATE: {error}")))?;
                local_table(engine, &outbound).await.map_err(bad)?
            }
            StateAt::Dynamodb(name) => {
                let access = boot::access(&outbound, value).map_err(bad)?;
                Table::new(name, access, outbound.clock.clone())
            }
        };
        Ok(Self {
            settings,
            outbound,
            table,
            source,
        })
    }
}

/// What a process works with, once it has the secrets.
pub(crate) fn load(outbound: &Outbound, table: &Table, github: &ApiUrl, allow_sha1: bool, secrets: Secrets) -> Loaded {
    let bells = secrets.bells.into_iter();
    Loaded {
        context: Context {
            outbound: outbound.clone(),
            table: table.clone(),
            owner: format!("copperbell, process {}", std::process::id()),
            bells: bells.map(|(channel, route)| Bell { channel, route }).collect(),
            github: GitHub::new(github.clone(), secrets.github),
            heartbeat: secrets.heartbeat,
        },
        keys: Keys {
            secrets: secrets.webhook,
            allow_sha1,
        },
    }
}

/// The table in an engine of our own, made if it is new.
pub(crate) async fn local_table(engine: embedded::Engine, outbound: &Outbound) -> Result<Table, state::Error> {
    let access = Access {
        http_client: embedded::http_client(engine, outbound),
        credentials: Credentials::from_keys("local", "local", None),
        region: "local".to_owned(),
        endpoint_url: None,
    };
    let table = Table::new(TABLE, access, outbound.clock.clone());
    table.create_if_missing().await?;
    Ok(table)
}

/// The settings of `.env` in the working directory, if there is one.
fn dot_env() -> Result<HashMap<String, String>, BadStart> {
    match dotenvy::from_filename_iter(".env") {
        Ok(lines) => lines
            .collect::<Result<_, _>>()
            .map_err(|_| bad(".env: a line is not NAME=value")),
        Err(error) if error.not_found() => Ok(HashMap::new()),
        Err(_) => Err(bad(".env: it cannot be read")),
    }
}
