//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Arg, ArgMatches, CommandFactory as _, Parser, Subcommand};

/// A bell for people who ship software: it rings once when something breaks, and once when it is well again.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run one pass now: poll every project, ring what is new, send what waits (cron's friend)
    Watch {
        /// Print the report as JSON
        #[arg(long)]
        json: bool,
    },
    /// Stay: take GitHub's webhooks, run a pass at every tick, deliver at once
    Serve,
    /// Sign a payload as GitHub does and send it to a listener, to see whether the bell rings
    Ring {
        /// A file with the JSON payload of a delivery
        file: PathBuf,
        /// The event it is: `ping`, `issues`, `issue_comment`, …
        #[arg(long)]
        event: String,
        /// The delivery's id; a new one if it is not given
        #[arg(long)]
        guid: Option<String>,
        /// The listener [default: /webhook at LISTEN]
        #[arg(long)]
        url: Option<String>,
    },
    /// Show how things stand, from what is remembered alone
    Status {
        /// Print it as JSON
        #[arg(long)]
        json: bool,
    },
    /// Show what waits to be sent and what was given up, and give the latter another try
    Outbox {
        #[command(subcommand)]
        action: OutboxAction,
    },
    /// Try each part for real (state, secrets, projects, hooks, listener, channels), and say what to do about it
    Doctor {
        /// Send every channel a test notice
        #[arg(long)]
        ring: bool,
    },
    /// Get back what GitHub could not deliver: read the delivery logs of the hooks
    Redelivery {
        #[command(subcommand)]
        action: RedeliveryAction,
    },
    /// Show the life of a build and of an issue on stand-ins: no network, no account, nothing left behind
    Demo,
}

#[derive(Debug, Subcommand)]
pub(crate) enum OutboxAction {
    /// List waiting notices and dead letters
    List,
    /// Put dead letters back into the outbox: those with this id, or all
    Retry {
        /// The id of a dead letter, as `outbox list` shows it
        id: Option<String>,
        /// Send them to this channel instead of their own
        #[arg(long, value_name = "NAME")]
        to: Option<String>,
    },
    /// Throw a dead letter away
    Drop {
        /// The id of a dead letter, as `outbox list` shows it
        id: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum RedeliveryAction {
    /// Read the logs now, and redeliver what is due (a part of every `watch`)
    Run {
        /// How far back to read, such as 3d [default: to the last reading; 24h for a hook that is new]
        #[arg(long, value_name = "DURATION", value_parser = boot::parse_duration)]
        since: Option<Duration>,
        /// Print the report as JSON
        #[arg(long)]
        json: bool,
    },
    /// Read the logs and show what did not arrive and what would be done about it; change nothing
    Plan {
        /// How far back to read, such as 3d [default: to the last reading; 24h for a hook that is new]
        #[arg(long, value_name = "DURATION", value_parser = boot::parse_duration)]
        since: Option<Duration>,
        /// Print it as JSON
        #[arg(long)]
        json: bool,
    },
    /// Try a delivery again that was given up
    Retry {
        /// The delivery's guid
        guid: String,
    },
}

/// The command line with a flag for every setting.
pub(crate) fn command() -> clap::Command {
    let settings = boot::SETTINGS.map(|setting| {
        Arg::new(setting.name)
            .long(setting.name.to_ascii_lowercase().replace('_', "-"))
            .value_name(setting.value)
            .help(setting.help)
            .help_heading("Settings (flag, environment variable of the same name, or .env)")
            .global(true)
            .hide_short_help(true)
    });
    Cli::command().args(settings)
}

/// A setting's flag, before or after the command.
pub(crate) fn flag(matches: &ArgMatches, name: &str) -> Option<String> {
    boot::SETTINGS.iter().find(|setting| setting.name == name)?;
    let given = |matches: &ArgMatches| matches.get_one::<String>(name).cloned();
    given(matches).or_else(|| matches.subcommand().and_then(|(_, command)| flag(command, name)))
}
