//! The Copr job for one project: lease, poll, decide, accept.

use std::collections::BTreeMap;
use std::time::Duration;

use bell::incident::{self, Event, Incident, Pages};
use bell::polls::{self, ProjectState};
use bell::seen::Seen;
use bell::watch::Watch;
use chat::{Fact, Notice};
use copr::{BuildState, LOOKUP_TIMEOUT, POLL_TIMEOUT, PollError, Project};
use jiff::Timestamp;
use outbound::Deadline;
use state::{Acquired, Lease, Stored, TargetChange, TransactionError, Write, key};

use crate::accept::{Accepted, accept, not_before};
use crate::context::Context;
use crate::report::{Outcome, ProjectReport};

/// How long does a project's lease last? Renewed while the poll goes on.
const LEASE: Duration = Duration::from_secs(30);

/// How often is it renewed?
const RENEW_EVERY: Duration = Duration::from_secs(10);

/// How much time does a pass keep for storing what a poll brought?
const TIME_TO_STORE: Duration = Duration::from_secs(5);

/// With less time than this left, a poll is not begun.
const SHORTEST_POLL: Duration = Duration::from_secs(5);

/// How many builds may one pass look up to see whether they were canceled?
const LOOKUPS: usize = 5;

/// A package's name is part of keys. Copr's are far shorter; one that is not names no package.
const LONGEST_PACKAGE_NAME: usize = 500;

/// Observes one project.
pub(crate) async fn watch_project(
    context: &Context,
    watch: &Watch,
    project: &Project,
    tick: Timestamp,
    deadline: Deadline,
) -> ProjectReport {
    let mut report = ProjectReport {
        project: project.to_string(),
        ..ProjectReport::default()
    };
    let clock = &context.outbound.clock;
    if !deadline.leaves(clock.now(), SHORTEST_POLL + TIME_TO_STORE) {
        report.error = Some("there was no time left in this pass".to_owned());
        return report;
    }
    let until = deadline.cap(clock.now() + LEASE);
    let target = key::project(&report.project);
    let acquired = context.table.acquire(target, &context.owner, until, Some(tick)).await;
    let (lease, before) = match acquired {
        Ok(Acquired::Ours(lease, before)) => (lease, before.map(|stored: Stored<_>| stored.doc)),
        Ok(Acquired::Done) => {
            report.outcome = Outcome::Ok;
            return report;
        }
        Ok(Acquired::Held) => {
            report.error = Some("another worker is polling it".to_owned());
            return report;
        }
        Err(error) => {
            report.outcome = Outcome::Failed;
            report.error = Some(error.to_string());
            return report;
        }
    };
    let observation = Observation {
        context,
        watch,
        project,
        tick,
        deadline,
        before: before.unwrap_or_default(),
    };
    match observation.run(lease, &mut report).await {
        Ok(()) => {}
        Err(error) => {
            report.outcome = Outcome::Failed;
            report.error = Some(match error {
                TransactionError::Changed => "another worker took it over; nothing is lost".to_owned(),
                TransactionError::Table(error) => error.to_string(),
            });
        }
    }
    report
}

struct Observation<'a> {
    context: &'a Context,
    watch: &'a Watch,
    project: &'a Project,
    tick: Timestamp,
    deadline: Deadline,
    before: ProjectState,
}

/// What a poll brought: the packages that fail or have an open incident.
#[derive(Default)]
struct Polled {
    packages: usize,
    seen: BTreeMap<String, Seen>,
}

type Incidents = BTreeMap<String, Stored<Incident>>;

impl Observation<'_> {
    async fn run(&self, mut lease: Lease, report: &mut ProjectReport) -> Result<(), TransactionError> {
        let name = &report.project;
        let incidents: Incidents = self
            .context
            .table
            .query(&key::incidents(name))
            .await?
            .into_iter()
            .collect();
        report.failing = incidents.len();
        match self.holding(&mut lease, self.poll(&incidents)).await? {
            Ok(polled) => self.accept_monitor(lease, incidents, polled, report).await,
            Err(error) => {
                tracing::warn!(project = %self.project, %error, "the project could not be polled");
                report.outcome = Outcome::Failed;
                report.error = Some(error.to_string());
                self.accept_failure(&lease, &error.to_string()).await
            }
        }
    }

    /// Does something that may take long, and renews the lease meanwhile. A lease that is lost ends it.
    async fn holding<T>(&self, lease: &mut Lease, work: impl Future<Output = T>) -> Result<T, TransactionError> {
        tokio::pin!(work);
        loop {
            tokio::select! {
                done = &mut work => return Ok(done),
                () = tokio::time::sleep(RENEW_EVERY) => {
                    let until = self.deadline.cap(self.context.outbound.clock.now() + LEASE);
                    if !self.context.table.renew(lease, until).await? {
                        return Err(TransactionError::Changed);
                    }
                }
            }
        }
    }

    async fn poll(&self, incidents: &Incidents) -> Result<Polled, PollError> {
        let now = self.context.outbound.clock.now();
        let timeout = self.deadline.time_left(now, TIME_TO_STORE, POLL_TIMEOUT);
        let mut polled = Polled::default();
        let keep = |package: copr::Package<'_>| {
            if package.name.is_empty() || package.name.len() > LONGEST_PACKAGE_NAME {
                return;
            }
            polled.packages += 1;
            let known = incidents.contains_key(package.name.as_ref());
            if known || package.chroots.iter().any(|c| c.state.is_failure()) {
                let seen = Seen::of(&package, &self.watch.ignore);
                polled.seen.insert(package.name.into_owned(), seen);
            }
        };
        self.watch
            .copr
            .monitor(&self.context.outbound, self.project, timeout, keep)
            .await?;
        Ok(polled)
    }

    async fn accept_monitor(
        &self,
        mut lease: Lease,
        incidents: Incidents,
        polled: Polled,
        report: &mut ProjectReport,
    ) -> Result<(), TransactionError> {
        let now = self.context.outbound.clock.now();
        let mut decided = self.decide(incidents, &polled, now);
        self.holding(&mut lease, self.look_up_rebuilds(&mut decided, now))
            .await?;

        let mut facts = Vec::new();
        report.failing = 0;
        for change in decided {
            report.failing += usize::from(change.after.is_some());
            count(report, &change);
            facts.extend(self.fact(change, now)?);
        }
        let project_page = self.watch.copr.project_page(self.project);
        let names = (report.project.as_str(), project_page.as_str());
        let (after, said) = polls::succeeded(&self.before, report.failing, now, names);
        facts.extend(said.map(|fact| self.about_polls(fact, now)));
        report.packages = polled.packages;
        self.finish(&lease, facts, &after).await?;
        report.outcome = Outcome::Ok;
        Ok(())
    }

    fn decide(&self, mut incidents: Incidents, polled: &Polled, now: Timestamp) -> Vec<Change> {
        let gone = incidents.keys().filter(|name| !polled.seen.contains_key(*name));
        let mut packages: Vec<_> = polled.seen.keys().chain(gone).cloned().collect();
        packages.sort_unstable();
        let decide = |package: String| {
            let before = incidents.remove(&package);
            let decision = incident::decide(
                before.as_ref().map(|stored| &stored.doc),
                polled.seen.get(&package),
                |chroot| self.watch.ignore.matches(&package, chroot),
                self.watch.remind_after,
                now,
            );
            Change {
                package,
                before,
                after: decision.incident,
                event: decision.event,
            }
        };
        packages.into_iter().map(decide).collect()
    }

    /// Asks Copr for rebuilds that seem never to finish: only the build itself says that it was canceled.
    async fn look_up_rebuilds(&self, decided: &mut [Change], now: Timestamp) {
        let open = decided.iter().filter_map(|change| change.after.as_ref());
        let mut due: Vec<u64> = open.flat_map(|incident| incident.due_lookups(now)).collect();
        due.sort_unstable();
        due.dedup();
        for build in due.into_iter().take(LOOKUPS) {
            let timeout = self
                .deadline
                .time_left(self.context.outbound.clock.now(), TIME_TO_STORE, LOOKUP_TIMEOUT);
            let state = self
                .watch
                .copr
                .build_state(&self.context.outbound, build, timeout)
                .await;
            let state = match state {
                Ok(state) => state,
                // Deleted: nothing more will ever be said of it.
                Err(PollError::NoBuild(_)) => BuildState::Other,
                Err(error) => {
                    tracing::warn!(project = %self.project, build, %error, "the build could not be looked up");
                    continue;
                }
            };
            let open = decided.iter_mut().filter_map(|change| change.after.as_mut());
            open.for_each(|incident| incident.looked_up(build, state));
        }
    }

    /// What to write for one package; nothing where nothing changed.
    fn fact(&self, change: Change, now: Timestamp) -> Result<Option<Accepted>, TransactionError> {
        let Change {
            package,
            before,
            mut after,
            event,
        } = change;
        let project = self.project.to_string();
        let key = key::incident(&project, &package);
        let rev = before.as_ref().map(|stored| stored.rev);
        let before = before.map(|stored| stored.doc);
        let at = not_before(now, before.as_ref().map(|before| before.last_rung));
        if let Some(after) = after.as_mut().filter(|_| event.is_some()) {
            after.last_rung = at;
        }
        let write = match (&before, &after) {
            (before, Some(after)) if before.as_ref() != Some(after) => Write::put(key, after, rev)?,
            (Some(_), None) => Write::Delete { key, rev },
            _ => return Ok(None),
        };
        let accepted = Accepted::remembered(vec![write]);
        let Some((event, about)) = event.zip(after.as_ref().or(before.as_ref())) else {
            return Ok(Some(accepted));
        };
        let project_page = self.watch.copr.project_page(self.project);
        let pages = Pages {
            project: &project,
            project_url: &project_page,
            build_url: &|id| self.watch.copr.build_page(id),
        };
        let fact = incident::fact(event, &package, about, pages);
        let notice = Notice::new(at, fact);
        let name = format!("{}#{project}/{package}/{}", notice.event(), about.highest_build);
        tracing::info!(project, package, event = notice.event(), "accepted");
        Ok(Some(accepted.said(self.context, &notice, &name)))
    }

    async fn accept_failure(&self, lease: &Lease, error: &str) -> Result<(), TransactionError> {
        let now = self.context.outbound.clock.now();
        let project = self.project.to_string();
        let project_page = self.watch.copr.project_page(self.project);
        let names = (project.as_str(), project_page.as_str());
        let limit = self.watch.poll_failures;
        let (after, said) = polls::failed(&self.before, error, limit, now, names);
        let said = said.map(|fact| self.about_polls(fact, now));
        self.finish(lease, said.into_iter().collect(), &after).await
    }

    fn about_polls(&self, fact: Fact, now: Timestamp) -> Accepted {
        let notice = Notice::new(now, fact);
        let name = format!("{}#{}", notice.event(), self.project);
        tracing::info!(project = %self.project, event = notice.event(), "accepted");
        Accepted::default().said(self.context, &notice, &name)
    }

    /// Writes the facts, the project's state and the tick, and gives the lease back.
    async fn finish(&self, lease: &Lease, facts: Vec<Accepted>, after: &ProjectState) -> Result<(), TransactionError> {
        let finish = TargetChange::store(after)?.and_finish(self.tick);
        accept(&self.context.table, lease, facts, TargetChange::default(), finish).await
    }
}

/// What is to become of one package.
struct Change {
    package: String,
    before: Option<Stored<Incident>>,
    after: Option<Incident>,
    event: Option<Event>,
}

fn count(report: &mut ProjectReport, change: &Change) {
    let counter = match change.event {
        Some(Event::Broken) => &mut report.broken,
        Some(Event::Grown) => &mut report.grown,
        Some(Event::FailedAgain) => &mut report.failed_again,
        Some(Event::Reminder) => &mut report.reminded,
        Some(Event::Recovered) => &mut report.recovered,
        Some(Event::Gone) => &mut report.gone,
        None if change.before.is_some() && change.after.is_none() => &mut report.unwatched,
        None => return,
    };
    *counter += 1;
}

/// Removes the incidents of a project that the settings no longer name, without a ring.
pub(crate) async fn forget_project(context: &Context, project: &str, deadline: Deadline) -> ProjectReport {
    let mut report = ProjectReport {
        project: project.to_owned(),
        ..ProjectReport::default()
    };
    match forget(context, project, deadline).await {
        Ok(Some(unwatched)) => {
            report.outcome = Outcome::Ok;
            report.unwatched = unwatched;
        }
        Ok(None) => report.error = Some("another worker has it".to_owned()),
        Err(error) => {
            report.outcome = Outcome::Failed;
            report.error = Some(error.to_string());
        }
    }
    report
}

async fn forget(context: &Context, project: &str, deadline: Deadline) -> Result<Option<usize>, TransactionError> {
    let table = &context.table;
    let until = deadline.cap(context.outbound.clock.now() + LEASE);
    let target = key::project(project);
    let acquired = table
        .acquire::<ProjectState>(target.clone(), &context.owner, until, None)
        .await?;
    let Acquired::Ours(lease, _) = acquired else {
        return Ok(None);
    };
    let incidents: Incidents = table.query(&key::incidents(project)).await?.into_iter().collect();
    let count = incidents.len();
    let facts = incidents.into_iter().map(|(package, stored)| {
        Accepted::remembered(vec![Write::Delete {
            key: key::incident(project, &package),
            rev: Some(stored.rev),
        }])
    });
    accept(
        table,
        &lease,
        facts.collect(),
        TargetChange::default(),
        TargetChange::default(),
    )
    .await?;
    let delete = Write::Delete { key: target, rev: None };
    table.transact(vec![delete]).await?;
    tracing::info!(project, incidents = count, "no longer watched");
    Ok(Some(count))
}
