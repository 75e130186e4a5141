//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::{PossibleValuesParser, TypedValueParser as _};
use clap::{Arg, ArgMatches, Args, CommandFactory as _, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use github::RepositoryRef;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use metrics::By;

use crate::examples;

/// A bell for people who ship software: it rings once when something breaks, and once when it is well again.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100, after_help = examples::COPPERBELL)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run one pass now: poll every project, ring what is new, send what waits (cron's friend)
    #[command(after_help = examples::WATCH)]
    Watch {
        /// Print the report as JSON
        #[arg(long)]
        json: bool,
    },
    /// Stay: take GitHub's webhooks, run a pass at every tick, deliver at once
    #[command(after_help = examples::SERVE)]
    Serve,
    /// Sign a payload as GitHub does and send it to a listener, to see whether the bell rings
    #[command(after_help = examples::RING)]
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
    #[command(after_help = examples::STATUS)]
    Status {
        /// Print it as JSON
        #[arg(long)]
        json: bool,
    },
    /// Show what waits to be sent and what was given up, and give the latter another try
    #[command(after_help = examples::OUTBOX)]
    Outbox {
        #[command(subcommand)]
        action: OutboxAction,
    },
    /// Try each part for real (state, secrets, projects, hooks, listener, channels), and say what to do about it
    #[command(after_help = examples::DOCTOR)]
    Doctor {
        /// Send every channel a test notice
        #[arg(long)]
        ring: bool,
    },
    /// Get back what GitHub could not deliver: read the delivery logs of the hooks
    #[command(after_help = examples::REDELIVERY)]
    Redelivery {
        #[command(subcommand)]
        action: RedeliveryAction,
    },
    /// Show how long issues take: to the first response, to the close, and what is open
    #[command(after_help = examples::REPORT)]
    Report(ReportArgs),
    /// Write out the record of every issue event, each once
    #[command(after_help = examples::EXPORT)]
    Export(ExportArgs),
    /// Read the history of a repository's issues into the SINK, so that figures begin with it
    #[command(after_help = examples::BACKFILL)]
    Backfill {
        /// Whose history: owner/name
        repository: RepositoryRef,
        /// Read all of it anew, though it was read before
        #[arg(long)]
        again: bool,
    },
    /// Copy what is remembered into a file, consistently, also while `serve` runs
    #[command(after_help = examples::BACKUP)]
    Backup {
        /// The file to make
        file: PathBuf,
        /// Replace the file if it is there
        #[arg(long)]
        force: bool,
    },
    /// Put a backup where the state was; nothing may have the state open
    #[command(after_help = examples::RESTORE)]
    Restore {
        /// A file that `backup` made
        file: PathBuf,
        /// Replace the state that is there
        #[arg(long)]
        force: bool,
    },
    /// Print what makes a shell complete commands and flags
    #[command(after_help = examples::COMPLETIONS)]
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Show the life of a build and of an issue on stand-ins: no network, no account, nothing left behind
    #[command(after_help = examples::DEMO)]
    Demo,
}

#[derive(Debug, Subcommand)]
pub(crate) enum OutboxAction {
    /// List waiting notices and dead letters
    #[command(after_help = examples::OUTBOX_LIST)]
    List,
    /// Put dead letters back into the outbox: those with this id, or all
    #[command(after_help = examples::OUTBOX_RETRY)]
    Retry {
        /// The id of a dead letter, as `outbox list` shows it
        id: Option<String>,
        /// Send them to this channel instead of their own
        #[arg(long, value_name = "NAME")]
        to: Option<String>,
    },
    /// Throw a dead letter away
    #[command(after_help = examples::OUTBOX_DROP)]
    Drop {
        /// The id of a dead letter, as `outbox list` shows it
        id: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum RedeliveryAction {
    /// Read the logs now, and redeliver what is due (a part of every `watch`)
    #[command(after_help = examples::REDELIVERY_RUN)]
    Run {
        /// How far back to read, such as 3d [default: to the last reading; 24h for a hook that is new]
        #[arg(long, value_name = "DURATION", value_parser = boot::parse_duration)]
        since: Option<Duration>,
        /// Print the report as JSON
        #[arg(long)]
        json: bool,
    },
    /// Read the logs and show what did not arrive and what would be done about it; change nothing
    #[command(after_help = examples::REDELIVERY_PLAN)]
    Plan {
        /// How far back to read, such as 3d [default: to the last reading; 24h for a hook that is new]
        #[arg(long, value_name = "DURATION", value_parser = boot::parse_duration)]
        since: Option<Duration>,
        /// Print it as JSON
        #[arg(long)]
        json: bool,
    },
    /// Try a delivery again that was given up
    #[command(after_help = examples::REDELIVERY_RETRY)]
    Retry {
        /// The delivery's guid
        guid: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct ReportArgs {
    /// From when on: so long ago, or a day (UTC) such as 2026-01-01
    #[arg(long, value_name = "WHEN", value_parser = Since::parse, default_value = "90d")]
    pub(crate) since: Since,
    /// Of this repository alone
    #[arg(long, value_name = "OWNER/NAME")]
    pub(crate) repo: Option<RepositoryRef>,
    /// What to group by [default: nothing]
    #[arg(long, value_parser = PossibleValuesParser::new(GROUPINGS).map(|name| grouping(&name)))]
    pub(crate) by: Option<By>,
    /// As what
    #[arg(long, value_enum, default_value_t = ReportFormat::Table)]
    pub(crate) format: ReportFormat,
    /// Into this file [default: standard output]
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReportFormat {
    /// For the terminal
    Table,
    /// For an issue or a wiki
    Markdown,
    /// For programs: all there is
    Json,
    /// For spreadsheets: a line for each number
    Csv,
    /// For the wall: one page with charts
    Html,
}

#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    /// From when on: so long ago, or a day (UTC) such as 2026-01-01 [default: from the beginning]
    #[arg(long, value_name = "WHEN", value_parser = Since::parse)]
    pub(crate) since: Option<Since>,
    /// As what
    #[arg(long, value_enum, default_value_t = ExportFormat::Ndjson)]
    pub(crate) format: ExportFormat,
    /// Into this file [default: standard output]
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExportFormat {
    /// A JSON object a line, for BigQuery and its like
    Ndjson,
    /// For spreadsheets: what would be a formula gets an apostrophe
    Csv,
}

/// From when on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Since {
    /// So long before now.
    Ago(Duration),
    /// This day (UTC).
    Day(Date),
}

impl Since {
    fn parse(text: &str) -> Result<Self, String> {
        let day = text.trim().parse().map(Self::Day);
        day.or_else(|_| boot::parse_duration(text).map(Self::Ago))
            .map_err(|_| "expected how long ago, such as 90d, or a day such as 2026-01-01".to_owned())
    }

    /// In seconds since the epoch, which is as far back as it goes.
    pub(crate) fn seconds(self, now: Timestamp) -> i64 {
        let at = match self {
            Self::Ago(duration) => now.checked_sub(duration).ok(),
            Self::Day(day) => day.to_zoned(TimeZone::UTC).ok().map(|day| day.timestamp()),
        };
        at.map_or(0, |at| at.as_second().max(0))
    }
}

const GROUPINGS: [&str; 4] = ["repository", "label", "assignee", "month"];

fn grouping(name: &str) -> By {
    match name {
        "repository" => By::Repository,
        "label" => By::Label,
        "assignee" => By::Assignee,
        _ => By::Month,
    }
}

/// The command line with a flag for every setting.
pub(crate) fn command() -> clap::Command {
    let settings = boot::SETTINGS.iter().map(|setting| {
        Arg::new(setting.name)
            .long(setting.name.to_ascii_lowercase().replace('_', "-"))
            .value_name(setting.value)
            .help(format!(
                "{} [default: {}]",
                setting.help,
                setting.default.replace('`', "")
            ))
            .help_heading("Settings (flag, environment variable of the same name, or .env)")
            .global(true)
            .hide_short_help(true)
    });
    Cli::command().args(settings)
}

/// Prints what makes a shell complete the command line.
pub(crate) fn completions(shell: Shell) -> anyhow::Result<bool> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command(), "copperbell", &mut script);
    crate::output::print(&String::from_utf8_lossy(&script))?;
    Ok(true)
}

/// A setting's flag, before or after the command.
pub(crate) fn flag(matches: &ArgMatches, name: &str) -> Option<String> {
    boot::SETTINGS.iter().find(|setting| setting.name == name)?;
    let given = |matches: &ArgMatches| matches.get_one::<String>(name).cloned();
    given(matches).or_else(|| matches.subcommand().and_then(|(_, command)| flag(command, name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_beginning_is_a_day_or_so_long_ago() {
        let now: Timestamp = "2026-11-02T12:00:00Z".parse().unwrap();
        for (text, expected) in [
            ("90d", Some("2026-08-04T12:00:00Z")),
            ("36h", Some("2026-11-01T00:00:00Z")),
            ("2026-01-01", Some("2026-01-01T00:00:00Z")),
            ("1969-01-01", Some("1970-01-01T00:00:00Z")),
            ("90000d", Some("1970-01-01T00:00:00Z")),
            ("2026-02-30", None),
            ("0d", None),
            ("yesterday", None),
        ] {
            let since = Since::parse(text).ok().map(|since| since.seconds(now));
            let expected = expected.map(|at| at.parse::<Timestamp>().unwrap().as_second());
            assert_eq!(since, expected, "{text}");
        }
    }
}
