//! The outbox by hand: what waits, what was given up, and giving the latter another try.

use chat::{Language, Notice};
use jiff::Timestamp;
use state::{DeadLetter, Error, TransactionError, Write, key};

use crate::context::Context;

/// How many waiting notices are listed for a channel.
const LISTED: usize = 1000;

/// A notice that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    /// The channel it is for.
    pub channel: String,
    /// Its id there.
    pub id: String,
    /// What it says, in a line.
    pub title: String,
}

/// A dead letter and where it lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dead {
    /// The channel it was for.
    pub channel: String,
    /// Its id there.
    pub id: String,
    /// What it says, in a line.
    pub title: String,
    /// Why it was given up.
    pub reason: String,
    letter: DeadLetter,
}

/// Why the outbox could not be changed.
#[derive(Debug, thiserror::Error)]
pub enum OutboxError {
    /// No such channel to send to.
    #[error("there is no channel `{0}` in the settings")]
    UnknownChannel(String),
    /// The letter is gone.
    #[error("the dead letter {0} was moved by somebody else meanwhile")]
    Moved(String),
    /// The table could not be used.
    #[error(transparent)]
    Table(#[from] Error),
}

/// Everything that waits and everything that was given up, of every channel the table knows.
///
/// # Errors
/// When the table cannot be reached.
pub async fn list(context: &Context) -> Result<(Vec<Pending>, Vec<Dead>), Error> {
    let mut names: Vec<String> = context.bells.iter().map(|b| b.channel.name.clone()).collect();
    names.extend(context.table.sort_keys(key::CHANNELS).await?);
    names.sort_unstable();
    names.dedup();
    let now = context.outbound.clock.now();
    let mut pending = Vec::new();
    let mut dead = Vec::new();
    for channel in names {
        let found = context.table.waiting(&channel, LISTED).await?;
        pending.extend(found.into_iter().map(|waiting| Pending {
            channel: channel.clone(),
            title: title(&waiting.notice, context.language, now),
            id: waiting.id,
        }));
        let letters = context.table.query::<DeadLetter>(&key::dead(&channel)).await?;
        dead.extend(letters.into_iter().map(|(id, stored)| Dead {
            channel: channel.clone(),
            id,
            title: title(&stored.doc.notice, context.language, now),
            reason: stored.doc.reason.clone(),
            letter: stored.doc,
        }));
    }
    Ok((pending, dead))
}

fn title(stored: &str, language: Language, now: Timestamp) -> String {
    Notice::from_stored(stored).map_or_else(
        || "a notice of a newer version".to_owned(),
        |notice| chat::message(&[notice], language, now).title,
    )
}

/// Puts a dead letter back into the outbox: of its channel, or of `to`. It waits from now on, so that it has its three
/// days again.
///
/// # Errors
/// When there is no such channel, somebody else moved the letter, or the table cannot be reached.
pub async fn retry(context: &Context, dead: &Dead, to: Option<&str>) -> Result<(), OutboxError> {
    let to = to.unwrap_or(&dead.channel);
    if context.bells.iter().all(|bell| bell.channel.name != to) {
        return Err(OutboxError::UnknownChannel(to.to_owned()));
    }
    let fact = dead.id.split_once('#').map_or(dead.id.as_str(), |(_, fact)| fact);
    let id = key::notice_id(context.outbound.clock.now(), fact);
    let writes = Write::revive(&dead.channel, &dead.id, &dead.letter, to, &id);
    moved(context.table.transact(writes.into()).await, dead)
}

/// Throws a dead letter away.
///
/// # Errors
/// When somebody else moved the letter, or the table cannot be reached.
pub async fn drop_dead(context: &Context, dead: &Dead) -> Result<(), OutboxError> {
    let write = Write::drop_dead(&dead.channel, &dead.id);
    moved(context.table.transact(vec![write]).await, dead)
}

fn moved(made: Result<(), TransactionError>, dead: &Dead) -> Result<(), OutboxError> {
    match made {
        Ok(()) => Ok(()),
        Err(TransactionError::Changed) => Err(OutboxError::Moved(dead.id.clone())),
        Err(TransactionError::Table(error)) => Err(error.into()),
    }
}
