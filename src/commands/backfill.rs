//! `copperbell backfill`: the history of a repository's issues.

use std::cell::Cell;
use std::io::IsTerminal as _;
use std::time::Duration;

use github::RepositoryRef;
use indicatif::ProgressBar;
use jobs::{BackfillError, Backfilled, Counts, Doing, List};

use crate::bad_start::BadStart;
use crate::connect::Standalone;
use crate::output::{print, tell};

/// How often does the bar move?
const TICK: Duration = Duration::from_millis(120);

pub(crate) async fn run(standalone: &Standalone, repository: &RepositoryRef, again: bool) -> anyhow::Result<bool> {
    let progress = Shown::new(repository);
    let done = jobs::backfill(&standalone.loaded.context, repository, again, |counts, doing| {
        progress.show(counts, doing);
    });
    let done = done.await;
    progress.bar.finish_and_clear();
    let done = done.map_err(|error| match error {
        BackfillError::NoSink => {
            let why = "SINK: it is not set, so there is nowhere to keep the history: expected sqlite:PATH or \
                       firehose:STREAM";
            BadStart::new(why).into()
        }
        BackfillError::NoCredentials => BadStart::new(&format!("SECRETS: {error}")).into(),
        error => anyhow::Error::from(error),
    })?;
    print(&summary(&done))?;
    Ok(true)
}

/// A line that moves, on a terminal; else a line for each list and each wait.
struct Shown {
    repository: String,
    bar: ProgressBar,
    told: Cell<Option<Doing>>,
}

impl Shown {
    fn new(repository: &RepositoryRef) -> Self {
        let bar = if std::io::stderr().is_terminal() {
            let bar = ProgressBar::new_spinner();
            bar.enable_steady_tick(TICK);
            bar
        } else {
            ProgressBar::hidden()
        };
        let told = Cell::new(None);
        Self {
            repository: repository.to_string(),
            bar,
            told,
        }
    }

    fn show(&self, counts: &Counts, doing: Doing) {
        let what = match doing {
            Doing::Reading(List::Issues) => "reading its issues".to_owned(),
            Doing::Reading(List::Comments) => "reading comments".to_owned(),
            Doing::Reading(List::Events) => "reading what happened".to_owned(),
            Doing::Waiting(until) => format!("waiting until {} for GitHub's limit", until.strftime("%F %TZ")),
        };
        if !self.bar.is_hidden() {
            let line = format!("{}: {what} ({})", self.repository, counted(counts));
            self.bar.set_message(line);
        } else if self.told.replace(Some(doing)) != Some(doing) {
            tell(&format!("{}: {what}", self.repository));
        }
    }
}

/// What was read, in a line or two.
fn summary(done: &Backfilled) -> String {
    let repository = &done.repository;
    let since = done
        .since
        .map(|since| format!(", changed since {}", since.strftime("%F %TZ")));
    let mut summary = format!("{repository}{}: {}\n", since.unwrap_or_default(), counted(&done.counts));
    if let Some(from) = done.events_from {
        let from = from.strftime("%F");
        let said = format!(
            "GitHub lists what happened in {repository} from {from} on. Of the time before, it is known when issues were \
             opened, last closed and commented on.\n"
        );
        summary.push_str(&said);
    }
    summary
}

fn counted(counts: &Counts) -> String {
    let Counts {
        issues,
        comments,
        events,
        requests,
    } = *counts;
    let plural = |n: u64, one: &str| format!("{} {one}{}", grouped(n), if n == 1 { "" } else { "s" });
    format!(
        "{}, {}, {}; {}",
        plural(issues, "issue"),
        plural(comments, "comment"),
        plural(events, "event"),
        plural(requests, "request")
    )
}

/// `1,234,567`.
fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut grouped = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_three() {
        for (n, expected) in [
            (0, "0"),
            (999, "999"),
            (1000, "1,000"),
            (12_345, "12,345"),
            (1_234_567, "1,234,567"),
        ] {
            assert_eq!(grouped(n), expected);
        }
    }

    #[test]
    fn a_history_is_told_in_a_line_and_its_gap_in_another() {
        let mut done = Backfilled {
            repository: "acme/app".to_owned(),
            since: None,
            counts: Counts {
                issues: 1234,
                comments: 1,
                events: 0,
                requests: 13,
            },
            events_from: None,
        };
        insta::assert_snapshot!(summary(&done), @"acme/app: 1,234 issues, 1 comment, 0 events; 13 requests");
        done.events_from = Some("2024-05-03T10:00:00Z".parse().unwrap());
        insta::assert_snapshot!(summary(&done), @"
        acme/app: 1,234 issues, 1 comment, 0 events; 13 requests
        GitHub lists what happened in acme/app from 2024-05-03 on. Of the time before, it is known when issues were opened, last closed and commented on.
        ");
        done.events_from = None;
        done.since = Some("2026-11-01T08:00:00Z".parse().unwrap());
        insta::assert_snapshot!(summary(&done), @"acme/app, changed since 2026-11-01 08:00:00Z: 1,234 issues, 1 comment, 0 events; 13 requests");
    }
}
