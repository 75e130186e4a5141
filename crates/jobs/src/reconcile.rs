//! The redelivery job for one hook: read GitHub's log of it, join that with what is remembered, tell, and say what is due.

use std::collections::BTreeSet;

use bell::hook::{HookState, Ping, Reading, Setup};
use bell::loss::{Loss, Standing, by_guid};
use bell::review::{Findings, Review};
use bell::watch::{Redelivery, Watch};
use bytes::Bytes;
use chat::{Fact, GiveUp, GivenUpDelivery, HookTrouble};
use github::{ApiError, HookRef, Rate, Record};
use jiff::Timestamp;
use outbound::Deadline;
use sha2::{Digest as _, Sha256};
use state::{Acquired, Stored, TargetChange, TransactionError, Write, key};
use url::Url;

use crate::accept::{Accepted, accept};
use crate::context::Context;
use crate::hook::{Held, LEASE, REQUEST_TIMEOUT, Stop, Taken};
use crate::receive::is_stored;
use crate::report::{HookReport, Outcome};

/// What is due for a hook: for [`redeliver`](crate::redeliver::redeliver).
#[derive(Debug, Default)]
pub(crate) struct Work {
    pub(crate) findings: Findings,
    /// What GitHub said is left of our requests.
    pub(crate) rate: Rate,
    /// How many requests it took to find that.
    pub(crate) asked: u32,
}

impl Work {
    pub(crate) fn is_due(&self) -> bool {
        !self.findings.due.is_empty() || self.findings.probe.is_some()
    }
}

/// Observes one hook.
pub(crate) async fn observe_hook(
    context: &Context,
    watch: &Watch,
    hook: &HookRef,
    tick: Timestamp,
    deadline: Deadline,
) -> (HookReport, Work) {
    let mut report = HookReport {
        hook: hook.to_string(),
        ..HookReport::default()
    };
    let nothing = Work::default();
    let held = match Held::take(context, &watch.redelivery, hook, Some(tick), deadline).await {
        Ok(Taken::Ours(held)) => held,
        Ok(Taken::Done) => {
            report.outcome = Outcome::Ok;
            return (report, nothing);
        }
        Ok(Taken::Held) => {
            report.error = Some("another worker is reading its log".to_owned());
            return (report, nothing);
        }
        Err(error) => {
            report.failed(&error);
            return (report, nothing);
        }
    };
    let mut observation = Observation {
        held: *held,
        unjudged: BTreeSet::new(),
        rate: Rate::default(),
        report,
    };
    let observed = observation.run().await;
    let finished = observation.finish(observed, watch.poll_failures, tick).await;
    let Observation {
        held, mut report, rate, ..
    } = observation;
    let asked = held.steps;
    let work = match finished {
        Ok(findings) => Work { findings, rate, asked },
        Err(stop) => {
            report.outcome = if matches!(stop, Stop::Time | Stop::Resting(_)) {
                Outcome::Late
            } else {
                Outcome::Failed
            };
            report.error = Some(stop.to_string());
            Work { asked, ..nothing }
        }
    };
    (report, work)
}

struct Observation<'a> {
    held: Held<'a>,
    /// Guids of which only a redelivery that failed is known.
    unjudged: BTreeSet<String>,
    rate: Rate,
    report: HookReport,
}

impl Observation<'_> {
    async fn run(&mut self) -> Result<Findings, Stop> {
        let now = self.held.now();
        if let Some(until) = self.held.state.rest_until.filter(|until| now < *until) {
            return Err(Stop::Resting(until));
        }
        self.look_at_setup().await?;
        self.read().await?;
        let findings = self.review().await?;
        self.look_for_ping().await?;
        Ok(findings)
    }

    /// Notes how the observation went, and gives the hook back. A pass that must come again for it has no tick.
    async fn finish(
        &mut self,
        observed: Result<Findings, Stop>,
        limit: u32,
        tick: Timestamp,
    ) -> Result<Findings, Stop> {
        let now = self.held.now();
        let (facts, outcome) = match observed {
            Ok(findings) => {
                self.report.outcome = Outcome::Ok;
                (Vec::new(), Ok(findings))
            }
            Err(Stop::Api(ApiError::RateLimited { until })) => {
                let until = self.held.rest(until);
                (Vec::new(), Err(Stop::Resting(until)))
            }
            Err(Stop::Api(error)) => {
                tracing::warn!(hook = self.held.name, %error, "the delivery log could not be read");
                let streak = &mut self.held.state.streak;
                let tell = streak.fail(&error.to_string(), limit, now);
                let what = chat::HookState::Unreadable {
                    failures: streak.failures,
                    since: streak.failing_since.unwrap_or(now),
                    error: error.to_string(),
                };
                let told = tell.then(|| self.trouble(what));
                (told.into_iter().collect(), Err(Stop::Api(error)))
            }
            // What the table does not take now, the next pass decides again.
            Err(stop @ (Stop::TakenOver | Stop::Table(_))) => return Err(stop),
            Err(stop) => (Vec::new(), Err(stop)),
        };
        let done = !matches!(outcome, Err(Stop::Time));
        self.held.finish(facts, done.then_some(tick)).await?;
        outcome
    }

    fn trouble(&self, what: chat::HookState) -> Fact {
        let hook = self.held.name.clone();
        Fact::RedeliveryHook(HookTrouble { hook, what })
    }

    /// Looks where the hook delivers to, once in a while.
    async fn look_at_setup(&mut self) -> Result<(), Stop> {
        let held = &mut self.held;
        if !held.state.wants_setup(held.now()) {
            return Ok(());
        }
        held.go_on().await?;
        let Context { github, outbound, .. } = held.context;
        let setup = github.hook(outbound, held.hook, REQUEST_TIMEOUT).await?;
        let setup = Setup {
            to: host(&setup.url),
            digest: format!("{:x}", Bytes::copy_from_slice(&Sha256::digest(&setup.url))),
            active: setup.active,
            points_here: held.redelivery.points_here(&setup.url),
            checked: held.now(),
        };
        let facts = held.state.set_up(held.hook, setup);
        if facts.is_empty() {
            return Ok(());
        }
        held.say(facts).await
    }

    /// Reads on where an unfinished reading stopped, then from the newest delivery back.
    async fn read(&mut self) -> Result<(), Stop> {
        let now = self.held.now();
        let held = &self.held;
        if held.state.pending {
            let unjudged = &mut self.unjudged;
            let find = |guid, stored: Stored<Loss>| {
                if stored.doc.standing() == Standing::Unjudged && !stored.has_expired(now) {
                    unjudged.insert(guid);
                }
            };
            held.context.table.each(&key::losses(&held.name), find).await?;
        }
        if held.state.reading.is_some() {
            self.follow().await?;
            self.leave_unjudged().await?;
        }
        let held = &mut self.held;
        let Redelivery { since, horizon, .. } = held.redelivery;
        let (floor, gap) = held.state.floor(held.hook, *since, *horizon, held.now());
        held.state.reading = Some(Reading {
            cursor: None,
            top: None,
            floor,
        });
        self.follow().await?;
        self.leave_unjudged().await?;

        let now = self.held.now();
        let state = &mut self.held.state;
        let streak = std::mem::take(&mut state.streak);
        state.last_good = Some(now);
        state.rests = 0;
        state.rest_until = None;
        let since = streak.failing_since.unwrap_or(now);
        let readable = streak.told.then(|| self.trouble(chat::HookState::Readable { since }));
        let facts: Vec<_> = gap.into_iter().chain(readable).collect();
        if facts.is_empty() {
            return Ok(());
        }
        self.held.say(facts).await
    }

    /// Reads page by page until the floor of the present reading. Each page is stored before the next is asked for; a
    /// reading that stops goes on there.
    async fn follow(&mut self) -> Result<(), Stop> {
        let mut may_start_over = true;
        while let Some(reading) = self.held.state.reading.clone() {
            self.held.go_on().await?;
            let held = &self.held;
            let Context { github, outbound, .. } = held.context;
            let cursor = reading.cursor.as_deref();
            let page = match github.deliveries(outbound, held.hook, cursor, REQUEST_TIMEOUT).await {
                Err(ApiError::BadCursor(_)) if cursor.is_some() && may_start_over => {
                    may_start_over = false;
                    let start = Reading {
                        cursor: None,
                        ..reading
                    };
                    self.held.state.reading = Some(start);
                    continue;
                }
                page => page?,
            };
            if page.next.is_some() && page.next == reading.cursor {
                let why = "the next page of the delivery log is this one";
                return Err(Stop::Api(ApiError::Unreadable(why.to_owned())));
            }
            self.rate = page.rate;
            self.report.read += page.records.len();
            let newest = page.records.iter().map(|record| record.delivered_at).max();
            let now = held.now();
            let state = &mut self.held.state;
            for record in &page.records {
                state.see(record);
            }
            if cursor.is_none() {
                let mut records: Vec<_> = page.records.iter().collect();
                records.sort_by_key(|record| std::cmp::Reverse(record.delivered_at));
                state.breaker.judge(records, now);
            }
            let changed = self.join(&page.records, reading.floor).await?;

            // A first delivery that succeeded may be as old as the log.
            let edge = now.checked_sub(self.held.redelivery.horizon);
            let floor = if self.unjudged.is_empty() {
                Ok(reading.floor)
            } else {
                edge
            };
            let below = newest.is_some_and(|newest| floor.is_ok_and(|floor| newest < floor));
            let top = reading.top.max(newest);
            let next = page.next.filter(|_| !below).map(|cursor| Reading {
                cursor: Some(cursor),
                top,
                ..reading
            });
            let then = |state: &mut HookState| {
                if next.is_none() {
                    // Nothing can have been delivered yet that is to come.
                    let read_until = state.read_until.max(top.map(|top| top.min(now)));
                    state.read_until = read_until.or(Some(now));
                }
                state.reading = next;
            };
            if changed.is_empty() {
                then(&mut self.held.state);
            } else {
                self.held.store(changed, then).await?;
            }
        }
        Ok(())
    }

    /// Joins a page's records with what is known of their guids. What changed is to be stored.
    async fn join(&mut self, records: &[Record], floor: Timestamp) -> Result<Vec<Accepted>, Stop> {
        let now = self.held.now();
        let points_here = self.held.state.points_here();
        let wanted = &self.held.redelivery.wanted;
        let by_guid = by_guid(records, floor, wanted, &self.unjudged);
        if by_guid.is_empty() {
            return Ok(Vec::new());
        }
        let known = self.held.losses(by_guid.keys().copied()).await?;
        let is_well = |guid: &str| known.get(guid).is_some_and(|loss| loss.doc.succeeded);
        let open = by_guid.keys().copied().filter(|guid| !is_well(guid));
        let accepted = self.held.accepted_here(open).await?;

        let mut changed = Vec::new();
        for (guid, records) in by_guid {
            let before = known.get(guid);
            let mut loss = before.map(|stored| stored.doc.clone()).unwrap_or_default();
            for record in records {
                loss.see(record);
            }
            if accepted.contains(guid) {
                if before.is_none() {
                    continue;
                }
                loss.succeeded = true;
            }
            loss.judge(points_here && is_stored(&loss.name), now);
            if before.is_some_and(|before| before.doc == loss) {
                continue;
            }
            let was = before.map(|before| before.doc.standing());
            match loss.standing() {
                Standing::Unjudged => {
                    self.unjudged.insert(guid.to_owned());
                    self.held.state.pending = true;
                }
                Standing::Lost if !matches!(was, Some(Standing::Lost)) => {
                    self.report.lost += 1;
                    self.held.state.lose(now);
                    let name = &loss.name;
                    tracing::info!(hook = self.held.name, guid, name, "a delivery is lost");
                }
                Standing::Well if matches!(was, Some(Standing::Lost | Standing::Held | Standing::GivenUp)) => {
                    self.report.recovered += 1;
                    tracing::info!(hook = self.held.name, guid, "a lost delivery arrived");
                }
                _ => {}
            }
            if loss.standing() != Standing::Unjudged {
                self.unjudged.remove(guid);
            }
            let rev = before.map(|before| before.rev);
            changed.push(self.held.remember(guid, &loss, rev)?);
        }
        Ok(changed)
    }

    /// The log has been read to its end, and still nothing is known of these but a redelivery that failed: whoever asked
    /// for it has to know.
    async fn leave_unjudged(&mut self) -> Result<(), Stop> {
        let guids: Vec<String> = std::mem::take(&mut self.unjudged).into_iter().collect();
        let mut facts = Vec::new();
        for (guid, stored) in self.held.losses(guids.iter().map(String::as_str)).await? {
            let mut loss = stored.doc;
            loss.given_up = Some(GiveUp::ByHand);
            facts.push(self.becomes(&guid, &loss, stored.rev)?);
        }
        if facts.is_empty() {
            return Ok(());
        }
        self.held.store(facts, |_| {}).await
    }

    /// A loss changes; that it is given up must be said.
    fn becomes(&mut self, guid: &str, loss: &Loss, rev: u64) -> Result<Accepted, Stop> {
        let remembered = self.held.remember(guid, loss, Some(rev))?;
        let Some(reason) = loss.given_up.clone() else {
            return Ok(remembered);
        };
        self.report.given_up += 1;
        let fact = Fact::RedeliveryGivenUp(GivenUpDelivery {
            hook: self.held.name.clone(),
            guid: guid.to_owned(),
            name: loss.name.clone(),
            delivered_at: loss.since(),
            attempts: loss.attempts,
            reason,
        });
        // Another hook of the same event may give up the same guid.
        let about = format!("{}/{guid}", self.held.name);
        Ok(self.held.said(remembered, fact, &about))
    }

    /// Looks through all losses: gives up what is hopeless, tells what they say together, and finds what is due.
    async fn review(&mut self) -> Result<Findings, Stop> {
        let held = &self.held;
        // What was given up may arrive after all, or be forgotten.
        if !held.state.pending && held.state.episode.is_none() && held.state.given_up == 0 {
            return Ok(Findings::default());
        }
        let now = held.now();
        let mut review = Review::new(&held.state, held.treatment(), now);
        let mut changed = Vec::new();
        let look = |guid: String, stored: Stored<Loss>| {
            if !stored.has_expired(now)
                && let Some(after) = review.look(&guid, &stored.doc)
            {
                changed.push((guid, after, stored.rev));
            }
        };
        held.context.table.each(&key::losses(&held.name), look).await?;
        let findings = review.findings();
        let mut facts = Vec::new();
        for (guid, loss, rev) in changed {
            facts.push(self.becomes(&guid, &loss, rev)?);
        }
        if !facts.is_empty() {
            self.held.store(facts, |_| {}).await?;
        }
        let facts = self.held.state.settle(self.held.hook, &findings.tally, now);
        self.report.open = self.held.state.lost;
        if !facts.is_empty() {
            self.held.say(facts).await?;
        }
        Ok(findings)
    }

    /// A hook that points at us and brings nothing may be quiet or dead: a ping tells.
    async fn look_for_ping(&mut self) -> Result<(), Stop> {
        let held = &mut self.held;
        let (HookRef::Repository { id, .. } | HookRef::Organization { id, .. }) = held.hook else {
            return Ok(());
        };
        let now = held.now();
        if let Some(sent) = held.state.awaits_ping(now) {
            let seen = held.context.table.get::<Timestamp>(&key::ping(*id)).await?;
            if seen.is_some_and(|seen| seen.doc >= sent) {
                held.state.ping = Some(Ping { sent, settled: true });
            } else {
                let fact = held.state.silent(held.hook, sent);
                held.say(vec![fact]).await?;
            }
        }
        if held.state.wants_ping(now) {
            held.go_on().await?;
            let Context { github, outbound, .. } = held.context;
            match github.ping(outbound, held.hook, REQUEST_TIMEOUT).await {
                Ok(_) => {
                    let settled = false;
                    held.state.ping = Some(Ping { sent: now, settled });
                }
                // A token that may read but not ping is enough to watch.
                Err(error) => tracing::warn!(hook = held.name, %error, "the hook could not be pinged"),
            }
        }
        Ok(())
    }
}

/// Where a URL leads, without what may be a secret: some receivers have their token in the path.
fn host(url: &str) -> String {
    let Ok(parsed) = Url::parse(url) else {
        // A host that is not ASCII is shown as it was written.
        let (_, rest) = url.split_once("://").unwrap_or_default();
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let host = authority.rsplit('@').next().unwrap_or_default();
        return if host.is_empty() { "nowhere" } else { host }.to_owned();
    };
    let host = parsed.host_str().unwrap_or_default();
    match parsed.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

/// Removes what is remembered of a hook that the settings no longer name, without a ring.
pub(crate) async fn forget_hook(context: &Context, hook: &str, deadline: Deadline) -> Result<(), TransactionError> {
    let table = &context.table;
    let until = deadline.cap(context.outbound.clock.now() + LEASE);
    let target = key::hook(hook);
    let acquired = table
        .acquire::<HookState>(target.clone(), &context.owner, until, None)
        .await?;
    let Acquired::Ours(lease, _) = acquired else {
        return Ok(());
    };
    let mut facts = Vec::new();
    let delete = |guid: String, stored: Stored<Loss>| {
        let key = key::loss(hook, &guid);
        let rev = Some(stored.rev);
        facts.push(Accepted::remembered(vec![Write::Delete { key, rev }]));
    };
    table.each(&key::losses(hook), delete).await?;
    let nothing = TargetChange::default();
    accept(table, &lease, facts, nothing.clone(), nothing).await?;
    let delete = Write::Delete { key: target, rev: None };
    table.transact(vec![delete]).await?;
    tracing::info!(hook, "no longer watched");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_where_a_hook_delivers_only_the_host_is_said() {
        let table = [
            ("https://bell.example/hook?key=hush", "bell.example"),
            ("http://bell.example:8787/hush", "bell.example:8787"),
            ("https://hush:hush@bell.example/", "bell.example"),
            ("https://münchen.example/hush", "münchen.example"),
            ("https://hush@münchen.example:8443?key=hush", "münchen.example:8443"),
            ("hush", "nowhere"),
            ("https://", "nowhere"),
        ];
        for (url, expected) in table {
            assert_eq!(host(url), expected, "{url}");
        }
    }
}
