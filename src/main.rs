//! `copperbell`: the bell as one program on one machine.

mod bad_start;
mod cli;
mod commands;
mod connect;
mod dot_env;
mod examples;
mod output;
mod report;
mod status_page;

use std::process::ExitCode;

use clap::FromArgMatches as _;

use crate::bad_start::BadStart;
use crate::cli::{Cli, Command, RedeliveryAction};
use crate::connect::{Server, Standalone};

/// Everything was observed, and everything decided is stored.
const OK: u8 = 0;
/// Something was not; the reasons are on stderr.
const INCOMPLETE: u8 = 1;
/// The settings are wrong; nothing was done.
const BAD_SETTINGS: u8 = 2;

fn main() -> ExitCode {
    let matches = cli::command().get_matches();
    let cli = match Cli::from_arg_matches(&matches) {
        Ok(cli) => cli,
        Err(error) => error.exit(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error.into()),
    };
    let done = runtime.block_on(async {
        match cli.command {
            // The demo must not even look at what the user has set.
            Command::Demo => commands::demo::run().await,
            Command::Watch { json } => commands::watch::run(Standalone::start(&matches, json).await?, json).await,
            Command::Serve => commands::serve::run(Server::start(&matches).await?).await,
            Command::Ring { file, event, guid, url } => {
                let Standalone { loaded, listen, .. } = Standalone::start(&matches, false).await?;
                let url = url.unwrap_or_else(|| format!("http://{listen}/webhook"));
                commands::ring::run(&loaded, &file, &event, &url, guid).await
            }
            Command::Status { json } => commands::status::run(&Standalone::start(&matches, json).await?, json).await,
            Command::Outbox { action } => {
                commands::outbox::run(&Standalone::start(&matches, false).await?, action).await
            }
            Command::Doctor { ring } => commands::doctor::run(&Standalone::start(&matches, false).await?, ring).await,
            Command::Backfill { repository, again } => {
                commands::backfill::run(&Standalone::start(&matches, false).await?, &repository, again).await
            }
            Command::Redelivery { action } => {
                let json = matches!(
                    action,
                    RedeliveryAction::Run { json: true, .. } | RedeliveryAction::Plan { json: true, .. }
                );
                commands::redelivery::run(Standalone::start(&matches, json).await?, action).await
            }
            Command::Backup { file, force } => commands::backup::back_up(connect::state_file(&matches)?, &file, force),
            Command::Restore { file, force } => commands::backup::restore(connect::state_file(&matches)?, &file, force),
            Command::Completions { shell } => cli::completions(shell),
            Command::Report(asked) => commands::report::run(&Standalone::start(&matches, true).await?, asked).await,
            Command::Export(asked) => commands::export::run(&Standalone::start(&matches, true).await?, asked).await,
        }
    });
    match done {
        Ok(true) => ExitCode::from(OK),
        Ok(false) => ExitCode::from(INCOMPLETE),
        Err(error) => fail(&error),
    }
}

fn fail(error: &anyhow::Error) -> ExitCode {
    output::tell(&format!("copperbell: {error:#}"));
    ExitCode::from(if error.is::<BadStart>() {
        BAD_SETTINGS
    } else {
        INCOMPLETE
    })
}
