//! What the redelivery job would do: the same reading and the same decisions, and nothing is written, asked for or told.

use std::collections::{BTreeMap, BTreeSet};

use bell::hook::HookState;
use bell::loss::{Loss, Standing, Step, Treatment, by_guid};
use bell::watch::Redelivery;
use github::{ApiError, HookRef};
use jiff::Timestamp;
use outbound::Deadline;
use serde::Serialize;
use state::{Error, Stored, key};

use crate::context::Context;
use crate::hook::{Held, REQUEST_TIMEOUT, Stop, Taken};
use crate::receive::{accepted, is_stored};

/// A delivery that did not arrive, and what is to become of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Planned {
    /// The hook.
    pub hook: String,
    /// The delivery's guid.
    pub guid: String,
    /// The event and its action.
    pub name: String,
    /// When it was first delivered, or the oldest delivery known.
    pub since: Timestamp,
    /// How its last delivery failed.
    pub failure: Option<String>,
    /// Attempts made.
    pub attempts: u32,
    /// What is next, in words.
    pub next: String,
}

/// Why there is no plan for a hook.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// GitHub's log could not be read.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// Our table could not.
    #[error(transparent)]
    Table(#[from] Error),
}

/// Why a delivery is not tried again.
#[derive(Debug, thiserror::Error)]
pub enum RetryError {
    /// Nobody knows it.
    #[error("no hook has lost a delivery {0}: `copperbell redelivery plan` shows those there are")]
    Unknown(String),
    /// It arrived.
    #[error("the delivery {0} has arrived")]
    Arrived(String),
    /// A pass is at work.
    #[error("a pass is working on {0} right now: try again in a minute")]
    Busy(String),
    /// Our table could not be used.
    #[error(transparent)]
    Table(#[from] Error),
}

/// Reads a hook's log and says what the next pass would do about each delivery that did not arrive, the oldest first.
///
/// # Errors
/// When the log or the table cannot be read.
pub async fn plan(context: &Context, redelivery: &Redelivery, hook: &HookRef) -> Result<Vec<Planned>, PlanError> {
    let Context {
        github,
        outbound,
        table,
        ..
    } = context;
    let now = outbound.clock.now();
    let name = hook.to_string();
    let state = table.get::<HookState>(&key::hook(&name)).await?;
    let mut state = state.map(|stored| stored.doc).unwrap_or_default();
    let points_here = if let Some(setup) = &state.setup {
        setup.points_here
    } else {
        let setup = github.hook(outbound, hook, REQUEST_TIMEOUT).await?;
        redelivery.points_here(&setup.url)
    };
    let mut losses: BTreeMap<String, Loss> = BTreeMap::new();
    let keep = |guid, stored: Stored<Loss>| {
        if !stored.has_expired(now) {
            losses.insert(guid, stored.doc);
        }
    };
    table.each(&key::losses(&name), keep).await?;
    let (floor, _) = state.floor(hook, redelivery.since, redelivery.horizon, now);
    let edge = now.checked_sub(redelivery.horizon).unwrap_or(Timestamp::MIN);
    let mut cursor: Option<String> = None;
    loop {
        let page = github
            .deliveries(outbound, hook, cursor.as_deref(), REQUEST_TIMEOUT)
            .await?;
        for record in &page.records {
            state.see(record);
        }
        if cursor.is_none() {
            state.breaker.judge(&page.records, now);
        }
        let unjudged: BTreeSet<String> = unjudged(&losses).map(str::to_owned).collect();
        for (guid, records) in by_guid(&page.records, floor, &redelivery.wanted, &unjudged) {
            let loss = losses.entry(guid.to_owned()).or_default();
            for record in records {
                loss.see(record);
            }
            loss.judge(points_here && is_stored(&loss.name), now);
        }
        let newest = page.records.iter().map(|record| record.delivered_at).max();
        let floor = if unjudged_left(&losses) { edge } else { floor };
        if newest.is_some_and(|newest| newest < floor) || page.next.is_none() {
            break;
        }
        cursor = page.next;
    }
    losses.retain(|_, loss| loss.standing() != Standing::Well);
    if points_here {
        let guids: Vec<&str> = losses.keys().map(String::as_str).collect();
        let accepted = accepted(context, &guids).await?;
        losses.retain(|guid, _| !accepted.contains(guid));
    }
    let treatment = Treatment {
        horizon: redelivery.horizon,
        attempts: redelivery.attempts,
        points_here,
        long_down: state.breaker.is_long_open(now),
    };
    let mut planned: Vec<Planned> = losses
        .into_iter()
        .map(|(guid, loss)| Planned {
            hook: name.clone(),
            guid,
            since: loss.since(),
            failure: loss.failed.map(|failed| failed.failure.to_string()),
            attempts: loss.attempts,
            next: next(&loss, &treatment, state.breaker.is_open(), now),
            name: loss.name,
        })
        .collect();
    planned.sort_by_key(|planned| planned.since);
    Ok(planned)
}

fn unjudged(losses: &BTreeMap<String, Loss>) -> impl Iterator<Item = &str> {
    let unjudged = losses.iter().filter(|(_, loss)| loss.standing() == Standing::Unjudged);
    unjudged.map(|(guid, _)| guid.as_str())
}

fn unjudged_left(losses: &BTreeMap<String, Loss>) -> bool {
    unjudged(losses).next().is_some()
}

/// What is next, in words.
fn next(loss: &Loss, treatment: &Treatment, down: bool, now: Timestamp) -> String {
    let standing = loss.standing();
    let said = match (standing, loss.step(treatment, now)) {
        (_, Step::GiveUp(_)) => "give up, and say so",
        (Standing::GivenUp, _) => "nothing: it was given up",
        (Standing::Unjudged, _) => "nothing: somebody redelivered it by hand",
        (Standing::Held, _) => "wait until the receiver has the right secret",
        (_, Step::Nothing) => {
            let at = loss.next.unwrap_or(now);
            return format!("another try, not before {at}");
        }
        (_, Step::Pull) => "pull its payload",
        _ if down => "wait until the receiver is up again",
        (_, Step::LookUp) => "look whether it was signed",
        (_, Step::Redeliver) => "redeliver",
    };
    said.to_owned()
}

/// Gives a delivery that was given up another go, with the next pass.
///
/// # Errors
/// When no hook has lost it, a pass is at work, or the table cannot be used.
pub async fn retry_loss(context: &Context, redelivery: &Redelivery, guid: &str) -> Result<(), RetryError> {
    let now = context.outbound.clock.now();
    let (mut asked, mut arrived) = (false, false);
    for hook in &redelivery.hooks {
        let known = context.table.get::<Loss>(&key::loss(&hook.to_string(), guid)).await?;
        let known = known.filter(|known| !known.has_expired(now));
        match known.map(|known| known.doc.standing()) {
            None => {}
            Some(Standing::Well) => arrived = true,
            Some(_) => {
                ask_for(context, redelivery, hook, guid, now).await?;
                asked = true;
            }
        }
    }
    match (asked, arrived) {
        (true, _) => Ok(()),
        (false, true) => Err(RetryError::Arrived(guid.to_owned())),
        (false, false) => Err(RetryError::Unknown(guid.to_owned())),
    }
}

async fn ask_for(
    context: &Context,
    redelivery: &Redelivery,
    hook: &HookRef,
    guid: &str,
    now: Timestamp,
) -> Result<(), RetryError> {
    let busy = || RetryError::Busy(hook.to_string());
    let taken = Held::take(context, redelivery, hook, None, Deadline::NONE).await?;
    let Taken::Ours(mut held) = taken else {
        return Err(busy());
    };
    let mut facts = Vec::new();
    for (guid, stored) in held.losses([guid].into_iter()).await? {
        let mut loss = stored.doc;
        loss.ask_for(now);
        facts.push(held.remember(&guid, &loss, Some(stored.rev))?);
    }
    held.state.lose(now);
    let done = match held.store(facts, |_| {}).await {
        Ok(()) => held.finish(Vec::new(), None).await,
        Err(stop) => Err(stop),
    };
    done.map_err(|stop| match stop {
        Stop::Table(error) => RetryError::Table(error),
        _ => busy(),
    })
}
