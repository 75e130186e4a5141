//! A hook whose lease we hold: its state, and the transactions and calls made for it.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use bell::hook::HookState;
use bell::loss::{Loss, Standing, Treatment};
use bell::watch::Redelivery;
use chat::{Fact, HookTrouble, Notice};
use github::{ApiError, HookRef};
use jiff::Timestamp;
use outbound::Deadline;
use state::{Acquired, Lease, Stored, TargetChange, TransactionError, Write, key};

use crate::accept::{Accepted, accept};
use crate::context::Context;
use crate::receive::accepted;

/// How long does a hook's lease last? Renewed between calls, and between batches of them.
pub(crate) const LEASE: Duration = Duration::from_mins(1);

/// With less than this left it is renewed: a batch of paced redeliveries takes up to half a minute.
const RENEWED_AT: Duration = Duration::from_secs(40);

/// How long may one request to GitHub take? Its own limit is 10 s; a token may have to be fetched first.
pub(crate) const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

/// How much time does a call and what it brings to store take at most? The lease and the pass must outlive that.
pub(crate) const STEP: Duration = Duration::from_secs(15);

/// How long after GitHub stopped redelivering it is a loss remembered?
const REMEMBERED: Duration = Duration::from_hours(3 * 24);

/// How long does a hook rest when GitHub does not say how long it wants to be left alone? Doubles each time.
const FIRST_REST: Duration = Duration::from_mins(1);

/// And at most?
const LONGEST_REST: Duration = Duration::from_hours(1);

/// Why the work on a hook stopped.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Stop {
    #[error("there was no time left in this pass; the next one goes on from there")]
    Time,
    #[error("GitHub asked to be left alone until {0}")]
    Resting(Timestamp),
    #[error(transparent)]
    Api(#[from] ApiError),
    #[error("another worker took it over; nothing is lost")]
    TakenOver,
    #[error(transparent)]
    Table(state::Error),
}

impl From<TransactionError> for Stop {
    fn from(error: TransactionError) -> Self {
        match error {
            TransactionError::Changed => Self::TakenOver,
            TransactionError::Table(error) => Self::Table(error),
        }
    }
}

impl From<state::Error> for Stop {
    fn from(error: state::Error) -> Self {
        Self::Table(error)
    }
}

/// The losses of a hook that are known, by guid.
pub(crate) type Losses = BTreeMap<String, Stored<Loss>>;

/// A hook whose lease we hold.
pub(crate) struct Held<'a> {
    pub(crate) context: &'a Context,
    pub(crate) redelivery: &'a Redelivery,
    pub(crate) hook: &'a HookRef,
    pub(crate) name: String,
    pub(crate) state: HookState,
    /// Steps begun: while the log is read, each is a request to GitHub.
    pub(crate) steps: u32,
    lease: Lease,
    pub(crate) deadline: Deadline,
}

/// What came of asking for a hook.
pub(crate) enum Taken<'a> {
    Ours(Box<Held<'a>>),
    Held,
    Done,
}

impl<'a> Held<'a> {
    /// Asks for a hook's lease, unless a pass of `tick` has finished with it.
    pub(crate) async fn take(
        context: &'a Context,
        redelivery: &'a Redelivery,
        hook: &'a HookRef,
        tick: Option<Timestamp>,
        deadline: Deadline,
    ) -> Result<Taken<'a>, state::Error> {
        let name = hook.to_string();
        let until = deadline.cap(context.outbound.clock.now() + LEASE);
        let target = key::hook(&name);
        let acquired = context.table.acquire(target, &context.owner, until, tick).await?;
        Ok(match acquired {
            Acquired::Held => Taken::Held,
            Acquired::Done => Taken::Done,
            Acquired::Ours(lease, stored) => Taken::Ours(Box::new(Self {
                context,
                redelivery,
                hook,
                name,
                state: stored.map(|stored: Stored<_>| stored.doc).unwrap_or_default(),
                steps: 0,
                lease,
                deadline,
            })),
        })
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.context.outbound.clock.now()
    }

    pub(crate) fn treatment(&self) -> Treatment {
        Treatment {
            horizon: self.redelivery.horizon,
            attempts: self.redelivery.attempts,
            points_here: self.state.points_here(),
            long_down: self.state.breaker.is_long_open(self.now()),
        }
    }

    /// Before each step: is there time for it, and does our lease outlive it?
    pub(crate) async fn go_on(&mut self) -> Result<(), Stop> {
        let now = self.now();
        if !self.deadline.leaves(now, STEP) {
            return Err(Stop::Time);
        }
        if !self.lease.outlives(now, RENEWED_AT) {
            let until = self.deadline.cap(now + LEASE);
            if !self.context.table.renew(&mut self.lease, until).await? {
                return Err(Stop::TakenOver);
            }
        }
        self.steps += 1;
        Ok(())
    }

    /// Reads those of these guids that are known.
    pub(crate) async fn losses(&self, guids: impl Iterator<Item = &str>) -> Result<Losses, state::Error> {
        let keys: Vec<_> = guids.map(|guid| key::loss(&self.name, guid)).collect();
        let now = self.now();
        let found = self.context.table.get_many(&keys).await?.into_iter();
        let found = found.map(|(key, mut stored): (_, Stored<Loss>)| {
            if stored.has_expired(now) {
                stored.doc = Loss::default();
            }
            (key.sk, stored)
        });
        Ok(found.collect())
    }

    /// Those of these guids that our own table has accepted. It knows nothing of hooks that point elsewhere.
    pub(crate) async fn accepted_here(
        &self,
        guids: impl Iterator<Item = &str>,
    ) -> Result<HashSet<String>, state::Error> {
        if !self.state.points_here() {
            return Ok(HashSet::new());
        }
        let guids: Vec<_> = guids.collect();
        accepted(self.context, &guids).await
    }

    /// A loss as it is now, to be written where it was at revision `rev`.
    pub(crate) fn remember(&self, guid: &str, loss: &Loss, rev: Option<u64>) -> Result<Accepted, state::Error> {
        let newest = loss.failed.map_or(self.now(), |failed| failed.at).max(loss.since());
        let forgotten = newest
            .checked_add(self.redelivery.horizon)
            .and_then(|edge| edge.checked_add(REMEMBERED))
            .unwrap_or(Timestamp::MAX);
        let mut put = Write::put(key::loss(&self.name, guid), loss, rev)?;
        // What is open is told before it is forgotten, however long nobody looked.
        if matches!(loss.standing(), Standing::Well | Standing::GivenUp) {
            put = put.until(forgotten);
        }
        Ok(Accepted::remembered(vec![put]))
    }

    /// Stores facts about losses, and with the last of them what `then` makes of our state. What goes before the last
    /// leaves a state that asks for all of them again.
    pub(crate) async fn store(&mut self, facts: Vec<Accepted>, then: impl FnOnce(&mut HookState)) -> Result<(), Stop> {
        let meanwhile = TargetChange::store(&self.state)?;
        then(&mut self.state);
        let finish = TargetChange::store(&self.state)?;
        Ok(accept(&self.context.table, &self.lease, facts, meanwhile, finish).await?)
    }

    /// Says facts about the hook, in one transaction with the state they come from: a few, so they fit.
    pub(crate) async fn say(&mut self, facts: Vec<Fact>) -> Result<(), Stop> {
        let said = self.all_said(facts);
        self.store(vec![said], |_| {}).await
    }

    /// The same, and it must be said.
    pub(crate) fn said(&self, accepted: Accepted, fact: Fact, about: &str) -> Accepted {
        let notice = Notice::new(self.now(), fact);
        tracing::info!(hook = self.name, about, event = notice.event(), "accepted");
        let name = format!("{}#{about}", notice.event());
        accepted.said(self.context, &notice, &name)
    }

    /// Says facts, stores the state they come from and gives the hook back; with a `tick`, the pass is done with it.
    pub(crate) async fn finish(&mut self, facts: Vec<Fact>, tick: Option<Timestamp>) -> Result<(), Stop> {
        let said = self.all_said(facts);
        let change = TargetChange::store(&self.state)?;
        let change = match tick {
            Some(tick) => change.and_finish(tick),
            None => change.and_release(),
        };
        let meanwhile = TargetChange::default();
        Ok(accept(&self.context.table, &self.lease, vec![said], meanwhile, change).await?)
    }

    fn all_said(&self, facts: Vec<Fact>) -> Accepted {
        // Two facts of one event are two notices.
        let about = |place: usize| match place {
            0 => self.name.clone(),
            _ => format!("{}#{place}", self.name),
        };
        let said = |all, (place, fact)| self.said(all, fact, &about(place));
        facts.into_iter().enumerate().fold(Accepted::default(), said)
    }

    /// GitHub does not let us redeliver, for a reason that does not pass by itself: that is told once.
    pub(crate) fn blocked(&mut self, error: &ApiError) -> Vec<Fact> {
        let stays = matches!(
            error,
            ApiError::Forbidden(_)
                | ApiError::Unauthorized(_)
                | ApiError::NotFound(_)
                | ApiError::AppRefused(_)
                | ApiError::NotInstalled
        );
        if !stays || self.state.blocked.is_some() {
            return Vec::new();
        }
        let error = error.to_string();
        self.state.blocked = Some(error.clone());
        let what = chat::HookState::Blocked { error };
        let hook = self.name.clone();
        vec![Fact::RedeliveryHook(HookTrouble { hook, what })]
    }

    /// GitHub wants to be left alone: as long as it says, else longer each time.
    pub(crate) fn rest(&mut self, until: Option<Timestamp>) -> Timestamp {
        let now = self.now();
        let rest = FIRST_REST
            .saturating_mul(2u32.saturating_pow(self.state.rests))
            .min(LONGEST_REST);
        self.state.rests = self.state.rests.saturating_add(1);
        let after = |rest: Duration| now.checked_add(rest).unwrap_or(now);
        // Its limits last an hour at most; more would be a clock that is wrong.
        let until = until.unwrap_or_else(|| after(rest)).min(after(2 * LONGEST_REST));
        self.state.rest_until = Some(until);
        until
    }
}
