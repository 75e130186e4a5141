//! From settings to something that can work: where to remember, where to ring.

use std::collections::HashMap;

use aws_credential_types::Credentials;
use boot::{Logs, Secrets, SecretsAt, Settings, StateAt};
use clap::ArgMatches;
use jobs::{Bell, Context, Watch};
use outbound::Outbound;
use state::{Access, Table};

/// The table's name in a file of our own.
const TABLE: &str = "copperbell";

/// What the standalone binary works with.
pub(crate) struct Standalone {
    pub(crate) context: Context,
    pub(crate) watch: Watch,
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
        let file = dot_env()?;
        let value = |name: &str| {
            let flag = crate::cli::flag(matches, name);
            let environment = || std::env::var(name).ok();
            flag.or_else(environment).or_else(|| file.get(name).cloned())
        };
        let settings = Settings::read(value).map_err(bad)?;
        boot::start_logs(Logs::Plain, settings.log_level);
        let outbound = Outbound::new();
        let secrets = match &settings.secrets {
            None => Secrets::console(machine_output),
            Some(SecretsAt::File(path)) => Secrets::from_file(path),
            Some(SecretsAt::Aws(id)) => {
                let access = boot::access(&outbound, value).map_err(bad)?;
                Secrets::from_aws(id, access, &outbound).await
            }
        };
        let bells = bells(secrets.map_err(bad)?);
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
            context: Context {
                outbound,
                table,
                owner: format!("copperbell, process {}", std::process::id()),
                bells,
            },
            watch: watch(settings),
        })
    }
}

/// The channels, and what each hears of.
pub(crate) fn bells(secrets: Secrets) -> Vec<Bell> {
    let bells = secrets.bells.into_iter();
    bells.map(|(channel, route)| Bell { channel, route }).collect()
}

/// What to watch.
pub(crate) fn watch(settings: Settings) -> Watch {
    Watch {
        copr: settings.copr,
        projects: settings.projects,
        ignore: settings.ignore,
        remind_after: settings.remind_after,
        poll_failures: settings.poll_failures,
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
