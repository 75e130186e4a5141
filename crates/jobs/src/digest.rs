//! The figures of the issues, told now and then.

use std::time::Duration;

use bell::watch::Digest;
use chat::{Fact, IssueDigest, Notice, Times, UnansweredIssue};
use jiff::{SignedDuration, Timestamp};
use metrics::{Asked, By, IssueReport, Measure};
use outbound::{Deadline, causes};
use state::{Stored, TransactionError, Write, key};

use crate::accept::Accepted;
use crate::context::Context;

/// How long may the warehouse take?
const ASK_TIMEOUT: Duration = Duration::from_mins(1);

/// What must be left of a pass to begin with it, and after it for the channels?
const RESERVE: Duration = Duration::from_secs(10);

/// How many unanswered issues are named?
const NAMED: usize = 5;

/// Tells the figures of the issues where they are due. What the time does not allow is due in the next pass.
///
/// # Errors
/// When they are due and cannot be had, or cannot be stored.
pub(crate) async fn tell_digest(context: &Context, digest: &Digest, deadline: Deadline) -> Result<(), String> {
    let (Some(every), Some(warehouse)) = (digest.every, &context.records.warehouse) else {
        return Ok(());
    };
    let now = context.outbound.clock.now();
    let key = key::last_digest();
    let told = context.table.get::<Timestamp>(&key).await;
    let told = told.map_err(|error| error.to_string())?;
    let Some(at) = due(told.as_ref().map(|told| told.doc), every, now) else {
        return Ok(());
    };
    if !deadline.leaves(now, RESERVE * 2) {
        return Ok(());
    }
    let since = now.checked_sub(every).unwrap_or(Timestamp::UNIX_EPOCH);
    let asked = Asked {
        since_s: since.as_second(),
        until_s: now.as_second(),
        repository: None,
        by: By::All,
        ignored: digest.ignored.clone(),
    };
    let limit = deadline.time_left(now, RESERVE, ASK_TIMEOUT);
    let report = tokio::time::timeout(limit, IssueReport::read(&asked, warehouse.as_ref())).await;
    let report = report.map_err(|_| format!("the warehouse took longer than {} s", limit.as_secs()))?;
    let report = report.map_err(|error| causes(&error))?;
    let notice = Notice::new(now, Fact::Digest(of(&report, since)));
    let put = Write::put(key, &at, told.as_ref().map(|told: &Stored<_>| told.rev));
    let put = put.map_err(|error| error.to_string())?;
    let fact = Accepted::remembered(vec![put]).said(context, &notice, "digest");
    match context.table.transact(fact.into_writes()).await {
        // Another pass has told it at the same moment.
        Ok(()) | Err(TransactionError::Changed) => Ok(()),
        Err(TransactionError::Table(error)) => Err(error.to_string()),
    }
}

/// The moment since which it is due, if it is: the first time at once, then at the same hour, however late a pass came.
fn due(told: Option<Timestamp>, every: Duration, now: Timestamp) -> Option<Timestamp> {
    let Some(told) = told.filter(|told| *told <= now) else {
        return Some(now);
    };
    let every = SignedDuration::try_from(every).ok()?;
    let next = told.checked_add(every).ok()?;
    if next > now {
        return None;
    }
    // After a long silence it begins anew.
    let missed = next.checked_add(every).is_ok_and(|after| after <= now);
    Some(if missed { now } else { next })
}

fn of(report: &IssueReport, since: Timestamp) -> IssueDigest {
    let sum = |of: fn(&metrics::Group) -> i64| count(report.groups.iter().map(of).sum());
    let times = |measure| {
        let figure = report.figures.iter().find(|figure| figure.measure == measure)?;
        Some(Times {
            n: count(figure.n),
            p50_s: count(figure.p50_s),
            p90_s: count(figure.p90_s),
        })
    };
    let unanswered = report.oldest.iter().filter(|issue| issue.responded_s.is_none());
    IssueDigest {
        since,
        opened: sum(|group| group.opened),
        closed: sum(|group| group.closed),
        open: sum(|group| group.open),
        response: times(Measure::FirstResponse),
        close: times(Measure::Close),
        unanswered: unanswered
            .take(NAMED)
            .map(|issue| UnansweredIssue {
                repository: issue.repository.clone(),
                number: count(issue.number),
                url: issue.url.clone(),
                title: issue.title.clone(),
                opened_at: Timestamp::from_second(issue.created_s).unwrap_or(since),
            })
            .collect(),
    }
}

fn count(figure: i64) -> u64 {
    u64::try_from(figure).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_figures_are_due_at_once_and_then_at_the_same_hour_however_late_a_pass_comes() {
        let hour = |hours: i64| Timestamp::UNIX_EPOCH + SignedDuration::from_hours(hours);
        let every = Duration::from_hours(10);
        for (told, now, expected) in [
            (None, 5, Some(5)),
            (Some(5), 5, None),
            (Some(5), 14, None),
            (Some(5), 15, Some(15)),
            (Some(5), 17, Some(15)),
            // It was off for a while.
            (Some(5), 25, Some(25)),
            (Some(5), 99, Some(99)),
            // The clock was ahead when it was told.
            (Some(50), 20, Some(20)),
        ] {
            let due = due(told.map(hour), every, hour(now));
            assert_eq!(due, expected.map(hour), "told at {told:?}, now {now}");
        }
    }
}
