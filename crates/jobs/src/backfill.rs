//! The history of a repository's issues, from GitHub's lists into the sink. How far it was read is stored after each page
//! that the sink took, so whatever dies, the next run goes on there; each record has the same id every time.

use std::time::Duration;

use github::{ApiError, Listed, PastIssue, Rate, RepositoryInfo, RepositoryRef};
use jiff::{SignedDuration, Timestamp};
use metrics::{IssueRecord, Sink};
use serde::{Deserialize, Serialize};
use state::{Error, Stored, TransactionError, Write, key};

use crate::asker::{Asker, TRIES, passes, pause};
use crate::context::Context;
use crate::history::{History, Known, KnownIssues};
use crate::place::Place;
use crate::progress::{Counts, Doing, List};
use crate::records::{BATCH_TIMEOUT, batches, put};

/// How long may a page take? It has megabytes of texts, and a token may have to be fetched first.
const REQUEST_TIMEOUT: Duration = Duration::from_mins(1);

/// A later reading begins so long before the last one began: the clocks may differ.
const OVERLAP: SignedDuration = SignedDuration::from_mins(10);

/// By how much may the time of a close differ from that of its event?
const SAME: SignedDuration = SignedDuration::from_mins(1);

/// A history that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backfilled {
    /// `owner/name`, as its owner writes it.
    pub repository: String,
    /// Only what was changed since then was read; nothing: all.
    pub since: Option<Timestamp>,
    /// How much.
    pub counts: Counts,
    /// GitHub lists no earlier events than from then on, though there were some.
    pub events_from: Option<Timestamp>,
}

/// Why a history was not read, or not to its end.
#[derive(Debug, thiserror::Error)]
pub enum BackfillError {
    /// No sink.
    #[error("there is no sink to put the history into")]
    NoSink,
    /// Nothing to ask GitHub with.
    #[error(
        "there is nothing to ask GitHub with: put github_token, or a github_app that is installed there, into the \
         secrets document"
    )]
    NoCredentials,
    /// 404, for the repository itself.
    #[error(
        "GitHub knows no repository {0}, or the credentials may not see it: check its name, and that the token or the \
         App has access to it"
    )]
    NotFound(RepositoryRef),
    /// 301, for the repository itself.
    #[error(
        "{repository} has another name now (GitHub answered {status} and points to {to}): give the one that its page \
         shows"
    )]
    Renamed {
        /// The repository.
        repository: RepositoryRef,
        /// The HTTP status.
        status: u16,
        /// Where it points to.
        to: String,
    },
    /// It has no issues, or 410.
    #[error("issues are disabled in {0}: there is no history to read")]
    Disabled(RepositoryRef),
    /// 403.
    #[error(
        "GitHub forbids it (403): {said}: a token or an App needs the permission \"Issues\" of {repository}, read, at \
         least"
    )]
    Forbidden {
        /// The repository.
        repository: RepositoryRef,
        /// GitHub's words.
        said: String,
    },
    /// The App is not installed there.
    #[error("the App is not installed on the account of {0}: install it there, or give a github_token")]
    NotInstalled(RepositoryRef),
    /// A failure of GitHub's that passes, and did not while we tried again and again.
    #[error("{0}: run the same command again later, and it goes on from here")]
    Unwell(ApiError),
    /// Another failure of GitHub's.
    #[error(transparent)]
    Api(ApiError),
    /// The sink did not take all.
    #[error(
        "the sink did not take {left} of {of} records: {why}: see to it and run the same command again, which goes on \
         from here"
    )]
    Sink {
        /// Records that were not taken.
        left: usize,
        /// Of so many.
        of: usize,
        /// What it said.
        why: String,
    },
    /// Somebody else reads it.
    #[error("another process is reading the history of {0}: let it finish")]
    Busy(RepositoryRef),
    /// Our table could not be used.
    #[error(transparent)]
    Table(#[from] Error),
}

impl BackfillError {
    fn of(repository: &RepositoryRef, error: ApiError) -> Self {
        let repository = repository.clone();
        match error {
            ApiError::NoCredentials(_) => Self::NoCredentials,
            ApiError::NotFound(_) => Self::NotFound(repository),
            ApiError::Redirect { status, to } => Self::Renamed { repository, status, to },
            ApiError::Status { status: 410, .. } | ApiError::Wordless(410) => Self::Disabled(repository),
            ApiError::Forbidden(said) => Self::Forbidden { repository, said },
            ApiError::NotInstalled => Self::NotInstalled(repository),
            error if passes(&error) || matches!(error, ApiError::RateLimited { .. }) => Self::Unwell(error),
            error => Self::Api(error),
        }
    }
}

/// How far a history was read, as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Reading {
    started: Timestamp,
    since: Option<Timestamp>,
    /// Nothing: it was read to its end.
    list: Option<List>,
    place: Place,
    counts: Counts,
    /// When the first of the closed issues was closed.
    first_close: Option<Timestamp>,
    /// When the first event happened.
    first_event: Option<Timestamp>,
    /// Did GitHub refuse to list more events?
    cut: bool,
}

impl Reading {
    fn begin(since: Option<Timestamp>, now: Timestamp) -> Self {
        Self {
            started: now,
            since,
            list: Some(List::Issues),
            place: Place::start(since),
            counts: Counts::default(),
            first_close: None,
            first_event: None,
            cut: false,
        }
    }

    /// What to read, after what was read `before`.
    fn after(before: Option<Self>, again: bool, now: Timestamp) -> Self {
        match before {
            Some(unfinished) if unfinished.list.is_some() && !again => unfinished,
            Some(done) if !again => Self::begin(done.started.checked_sub(OVERLAP).ok(), now),
            _ => Self::begin(None, now),
        }
    }

    /// Since when events are listed, if not all are.
    fn events_from(&self) -> Option<Timestamp> {
        let first = self.first_event.filter(|_| self.since.is_none())?;
        let missing = self.first_close.is_some_and(|close| first.duration_since(close) > SAME);
        (self.cut || missing).then_some(first)
    }
}

/// Reads the history of a repository's issues: on from where it was left, what was changed since it was read to its end,
/// or all of it `again`. `on_progress` hears of each page and each longer wait.
///
/// # Errors
/// Whenever it is not read to its end; what was read is stored, and the next call goes on there.
pub async fn backfill(
    context: &Context,
    repository: &RepositoryRef,
    again: bool,
    on_progress: impl Fn(&Counts, Doing),
) -> Result<Backfilled, BackfillError> {
    let sink = context.records.sink.as_deref().ok_or(BackfillError::NoSink)?;
    let mut asker = Asker {
        context,
        on_progress,
        rate: Rate::default(),
        counts: Counts::default(),
    };
    let (github, outbound) = (&context.github, &context.outbound);
    let found = asker
        .ask(async || github.repository(outbound, repository, REQUEST_TIMEOUT).await)
        .await;
    let found = found.map_err(|error| BackfillError::of(repository, error))?;
    if !found.has_issues {
        return Err(BackfillError::Disabled(repository.clone()));
    }
    let stored = context.table.get::<Reading>(&key::backfill(found.id)).await?;
    let (before, rev) = stored.map(|stored| (stored.doc, stored.rev)).unzip();
    let reading = Reading::after(before, again, outbound.clock.now());
    asker.counts = Counts {
        requests: reading.counts.requests + asker.counts.requests,
        ..reading.counts
    };
    let (mut known, mut pages) = (KnownIssues::new(), 0);
    let meet = |_, page: Stored<Vec<Known>>| {
        pages += 1;
        known.extend(page.doc.into_iter().map(|issue| (issue.number, issue)));
    };
    context.table.each(&key::backfilled(found.id), meet).await?;
    let mut reader = Reader {
        asker,
        repository,
        sink,
        found,
        reading,
        rev,
        known,
        pages,
    };
    while let Some(list) = reader.reading.list {
        (reader.asker.on_progress)(&reader.asker.counts, Doing::Reading(list));
        match list {
            List::Issues => reader.issues().await?,
            List::Comments => reader.comments().await?,
            List::Events => reader.events().await?,
        }
    }
    Ok(Backfilled {
        since: reader.reading.since,
        counts: reader.asker.counts,
        events_from: reader.reading.events_from(),
        repository: reader.found.full_name,
    })
}

/// Reads a history, whose beginning was found.
struct Reader<'a, P> {
    asker: Asker<'a, P>,
    repository: &'a RepositoryRef,
    sink: &'a dyn Sink,
    found: RepositoryInfo,
    reading: Reading,
    /// The revision at which `reading` is stored.
    rev: Option<u64>,
    known: KnownIssues,
    /// How many pages of known issues are stored?
    pages: usize,
}

impl<P: Fn(&Counts, Doing)> Reader<'_, P> {
    /// Reads a page of issues.
    async fn issues(&mut self) -> Result<(), BackfillError> {
        let (context, repository) = (self.asker.context, self.repository);
        let Place { since, page, .. } = self.reading.place;
        let (github, outbound) = (&context.github, &context.outbound);
        let ask = async || {
            let listed = github.issues(outbound, repository, since, page, REQUEST_TIMEOUT);
            listed.await.map(with_rate)
        };
        let listed = self.asker.ask(ask).await.map_err(|error| self.failed(error))?;

        let place = &self.reading.place;
        let is_new = |issue: &&PastIssue| !issue.is_pull_request && place.is_new(issue.id, issue.updated_at);
        let new: Vec<&PastIssue> = listed.items.iter().filter(is_new).collect();
        let history = self.history();
        let records: Vec<_> = new.iter().flat_map(|issue| history.of_issue(issue)).collect();
        self.put(&records).await?;

        self.asker.counts.issues += count(&new);
        let closes = new.iter().filter_map(|issue| issue.closed_at);
        self.reading.first_close = closes.chain(self.reading.first_close).min();
        let met = new.iter().map(|issue| Known::from(*issue));
        let met: Vec<Known> = met.filter(|issue| !self.known.contains_key(&issue.number)).collect();
        self.known.extend(met.iter().map(|issue| (issue.number, issue.clone())));
        let changes: Vec<_> = listed.items.iter().map(|issue| (issue.id, issue.updated_at)).collect();
        let next = listed.more.then(|| self.reading.place.after(&changes));
        self.advance(next, Some(List::Comments), &met).await
    }

    /// Reads a page of comments.
    async fn comments(&mut self) -> Result<(), BackfillError> {
        let (context, repository) = (self.asker.context, self.repository);
        let Place { since, page, .. } = self.reading.place;
        let (github, outbound) = (&context.github, &context.outbound);
        let ask = async || {
            let listed = github.issue_comments(outbound, repository, since, page, REQUEST_TIMEOUT);
            listed.await.map(with_rate)
        };
        let listed = self.asker.ask(ask).await.map_err(|error| self.failed(error))?;

        let (place, history) = (&self.reading.place, self.history());
        let new = listed
            .items
            .iter()
            .filter(|comment| place.is_new(comment.id, comment.updated_at));
        let records: Vec<_> = new
            .filter_map(|comment| history.of_comment(comment, &self.known))
            .collect();
        self.put(&records).await?;

        self.asker.counts.comments += count(&records);
        let changes = listed.items.iter();
        let changes: Vec<_> = changes.map(|comment| (comment.id, comment.updated_at)).collect();
        let next = listed.more.then(|| self.reading.place.after(&changes));
        self.advance(next, Some(List::Events), &[]).await
    }

    /// Reads a page of events, which are listed newest first.
    async fn events(&mut self) -> Result<(), BackfillError> {
        let (context, repository) = (self.asker.context, self.repository);
        let Place { page, .. } = self.reading.place;
        let (github, outbound) = (&context.github, &context.outbound);
        let ask = async || {
            let listed = github.issue_events(outbound, repository, page, REQUEST_TIMEOUT);
            listed.await.map(with_rate)
        };
        let listed = match self.asker.ask(ask).await {
            Ok(listed) => listed,
            // This is as far back as GitHub goes.
            Err(ApiError::Status { status: 422, .. }) if page > 1 => {
                self.reading.cut = true;
                return self.advance(None, None, &[]).await;
            }
            Err(error) => return Err(self.failed(error)),
        };

        let (place, history) = (&self.reading.place, self.history());
        let is_wanted = |at: Timestamp| self.reading.since.is_none_or(|since| at >= since);
        let new = listed
            .items
            .iter()
            .filter(|event| is_wanted(event.created_at) && place.is_new(event.id, event.created_at));
        let records: Vec<_> = new.filter_map(|event| history.of_event(event)).collect();
        self.put(&records).await?;

        self.asker.counts.events += count(&records);
        let happened: Vec<_> = listed.items.iter().map(|event| (event.id, event.created_at)).collect();
        let first = happened.iter().map(|(_, at)| *at).min();
        self.reading.first_event = first.into_iter().chain(self.reading.first_event).min();
        let is_far_enough = self
            .reading
            .since
            .is_some_and(|since| first.is_some_and(|first| first < since));
        let more = listed.more && !is_far_enough;
        let next = more.then(|| self.reading.place.next_page(&happened));
        self.advance(next, None, &[]).await
    }

    /// Goes to the next place of the list, else to the list that follows, with the issues met on the way.
    async fn advance(
        &mut self,
        next: Option<Place>,
        following: Option<List>,
        met: &[Known],
    ) -> Result<(), BackfillError> {
        if let Some(place) = next {
            self.reading.place = place;
        } else {
            self.reading.place = Place::start(self.reading.since);
            self.reading.list = following;
        }
        self.reading.counts = self.asker.counts;
        let table = &self.asker.context.table;
        let key = key::backfill(self.found.id);
        let mut writes = vec![Write::put(key.clone(), &self.reading, self.rev)?];
        if !met.is_empty() {
            let page = key::backfilled_page(self.found.id, self.pages);
            writes.push(Write::put(page, &met, None)?);
            self.pages += 1;
        }
        match table.transact(writes).await {
            Ok(()) => self.rev = Some(self.rev.unwrap_or(0) + 1),
            Err(TransactionError::Changed) => {
                // By a first try of ours, whose answer was lost?
                let stored = table.get::<Reading>(&key).await?;
                let ours = stored.filter(|stored| stored.doc == self.reading);
                let ours = ours.ok_or_else(|| BackfillError::Busy(self.repository.clone()))?;
                self.rev = Some(ours.rev);
            }
            Err(TransactionError::Table(error)) => return Err(error.into()),
        }
        Ok(())
    }

    /// Puts records into the sink, until it has taken all.
    async fn put(&self, records: &[IssueRecord]) -> Result<(), BackfillError> {
        let lines: Vec<String> = records.iter().map(IssueRecord::to_json).collect();
        let mut left: Vec<&str> = lines.iter().map(String::as_str).collect();
        for attempt in 0.. {
            let mut why = "it gave no reason".to_owned();
            let mut refused = Vec::new();
            for batch in batches(&left, |line| line.len()) {
                match put(self.sink, batch, BATCH_TIMEOUT).await {
                    Ok(places) => refused.extend(places.iter().filter_map(|place| batch.get(*place).copied())),
                    Err(error) => {
                        refused.extend(batch);
                        why = error;
                    }
                }
            }
            left = refused;
            if left.is_empty() {
                break;
            }
            if attempt == TRIES {
                let (left, of) = (left.len(), lines.len());
                return Err(BackfillError::Sink { left, of, why });
            }
            self.asker.context.outbound.clock.sleep(pause(attempt)).await;
        }
        Ok(())
    }

    fn history(&self) -> History<'_> {
        History {
            repository: &self.found,
            now: self.asker.context.outbound.clock.now(),
            titles: self.asker.context.records.titles,
        }
    }

    fn failed(&self, error: ApiError) -> BackfillError {
        BackfillError::of(self.repository, error)
    }
}

fn with_rate<T>(listed: Listed<T>) -> (Listed<T>, Rate) {
    let rate = listed.rate;
    (listed, rate)
}

fn count<T>(items: &[T]) -> u64 {
    u64::try_from(items.len()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn second(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn a_history_is_read_on_or_since_or_again() {
        let now = second(10_000);
        let begun = Reading::after(None, false, now);
        assert_eq!((begun.since, begun.list), (None, Some(List::Issues)));
        let mut half = begun.clone();
        half.list = Some(List::Comments);
        half.counts.issues = 3;
        assert_eq!(Reading::after(Some(half.clone()), false, second(20_000)), half);
        assert_eq!(
            Reading::after(Some(half.clone()), true, second(20_000)),
            Reading::begin(None, second(20_000))
        );
        half.list = None;
        let since = Reading::after(Some(half.clone()), false, second(20_000));
        assert_eq!((since.since, since.started), (Some(second(9400)), second(20_000)));
        assert_eq!(since.place, Place::start(Some(second(9400))));
        assert_eq!(Reading::after(Some(half), true, now), begun);
    }

    #[test]
    fn it_is_said_from_when_on_events_are_listed() {
        let from = |since: Option<i64>, close: Option<i64>, event: Option<i64>, cut| {
            let reading = Reading {
                first_close: close.map(second),
                first_event: event.map(second),
                cut,
                ..Reading::begin(since.map(second), second(0))
            };
            reading.events_from().map(Timestamp::as_second)
        };
        assert_eq!(from(None, None, Some(1000), false), None);
        assert_eq!(from(None, Some(940), Some(1000), false), None);
        assert_eq!(from(None, Some(939), Some(1000), false), Some(1000));
        assert_eq!(from(None, None, Some(1000), true), Some(1000));
        assert_eq!(from(Some(5), Some(0), Some(1000), false), None);
        assert_eq!(from(None, Some(0), None, true), None);
    }
}
