//! The issue bell: one delivery of GitHub's, verified, accepted exactly once, and rung.

use std::collections::{HashMap, HashSet};

use bell::issue::{hears, notice};
use bytes::Bytes;
use github::{AuthenticJson, Event, Pulled, Refused, WebhookSecret, verify};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use state::{Error, Key, MAX_WRITES, Stored, TransactionError, Write, key};

use crate::accept::not_before;
use crate::context::Context;
use crate::records::Recording;

/// The largest body that is looked at: GitHub's own cap.
pub const MAX_BODY: usize = 25 << 20;

/// How long is a delivery remembered? Far longer than GitHub can send it again.
const REMEMBERED: SignedDuration = SignedDuration::from_hours(10 * 24);

/// How long is it remembered that a channel has heard of an issue?
const HEARD: SignedDuration = SignedDuration::from_hours(365 * 24);

/// How often is a delivery decided again because another changed the state under it?
const ATTEMPTS: usize = 10;

/// A guid is a UUID; what is far longer is none, and must fit a key.
const LONGEST_GUID: usize = 100;

/// The keys that open a delivery.
#[derive(Debug, Default)]
pub struct Keys {
    /// The webhook secrets that verify: the current one and the one before.
    pub secrets: Vec<WebhookSecret>,
    /// A sender that signs with SHA-1 alone is believed.
    pub allow_sha1: bool,
}

/// What became of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Received {
    /// It was new: stored, and rung if any channel hears of it.
    Accepted,
    /// It had been accepted before.
    Repeat,
    /// Its body had been accepted under another guid.
    Replay,
    /// Its guid was accepted with something else.
    Conflict,
    /// GitHub tried the hook out.
    Ping,
    /// An event Copperbell does not use.
    Unused,
    /// The body is over the cap.
    TooLarge,
    /// No signature, or one of another form.
    Unsigned,
    /// The signature is not of this body and any of our secrets.
    Forged,
    /// Authentic, but not a delivery we can read.
    Unreadable,
    /// The table, or the secret, is out of reach. GitHub's log keeps the delivery.
    Unavailable,
}

impl Received {
    /// The status to answer with.
    #[must_use]
    pub fn status(self) -> u16 {
        match self {
            Self::Accepted | Self::Repeat | Self::Replay | Self::Ping | Self::Unused => 200,
            Self::Unreadable => 400,
            Self::Unsigned | Self::Forged => 401,
            Self::Conflict => 409,
            Self::TooLarge => 413,
            Self::Unavailable => 503,
        }
    }

    /// The body to answer with: constant, so that nobody learns from it.
    #[must_use]
    pub fn body(self) -> &'static str {
        match self.status() {
            200 => "ok\n",
            400 => "this is no delivery that can be read\n",
            401 => "the signature is missing or wrong\n",
            409 => "another delivery had this id\n",
            413 => "the body is too large\n",
            _ => "try again later\n",
        }
    }
}

/// What is remembered of a delivery.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Delivery {
    /// The hook that sent it.
    hook: Option<String>,
    /// Event, action, repository and issue.
    subject: String,
    /// SHA-256 of the body, in hexadecimal; `pulled` where GitHub's API gave the payload and nobody saw the body.
    body: String,
}

/// In place of a body's digest.
const PULLED: &str = "pulled";

/// What the table may know of a delivery that comes.
#[derive(Deserialize)]
#[serde(untagged)]
enum Known {
    /// Its guid.
    Delivery(Delivery),
    /// Its body, by the guid it came under; or its issue, by when a channel heard of it.
    Text(String),
}

/// What became of a delivery, and who is to hear of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// What to answer.
    pub received: Received,
    /// The channels in whose outbox it put a notice: for [`deliver_news`](crate::deliver_news).
    pub rung: Vec<String>,
}

impl From<Received> for Receipt {
    fn from(received: Received) -> Self {
        let rung = Vec::new();
        Self { received, rung }
    }
}

/// Takes a delivery: everything up to and with its acceptance. What must be said then waits in the outbox.
pub async fn receive(context: &Context, keys: &Keys, headers: &http::HeaderMap, body: Bytes) -> Receipt {
    let guid = header(headers, "x-github-delivery");
    let receipt = take(context, keys, headers, body).await;
    let received = receipt.received;
    let event = header(headers, "x-github-event");
    let hook = header(headers, "x-github-hook-id");
    match received {
        Received::Unsigned | Received::Forged | Received::Unreadable | Received::Conflict | Received::TooLarge => {
            tracing::warn!(guid, event, hook, ?received, "a delivery was refused");
        }
        // Why has been said already.
        Received::Unavailable => tracing::warn!(guid, event, hook, "a delivery could not be accepted"),
        _ => tracing::info!(guid, event, hook, ?received, "a delivery"),
    }
    receipt
}

async fn take(context: &Context, keys: &Keys, headers: &http::HeaderMap, body: Bytes) -> Receipt {
    if body.len() > MAX_BODY {
        return Received::TooLarge.into();
    }
    if keys.secrets.is_empty() {
        return Received::Unavailable.into();
    }
    let body = match verify(&keys.secrets, headers, body, keys.allow_sha1) {
        Ok(body) => body,
        Err(Refused::Wrong) => return Received::Forged.into(),
        Err(Refused::Missing | Refused::Malformed) => return Received::Unsigned.into(),
    };
    let (Some(guid), Some(name)) = (header(headers, "x-github-delivery"), header(headers, "x-github-event")) else {
        return Received::Unreadable.into();
    };
    if guid.is_empty() || guid.len() > LONGEST_GUID {
        return Received::Unreadable.into();
    }
    let Ok(json) = AuthenticJson::from_body(&body, headers) else {
        return Received::Unreadable.into();
    };
    let event = match Event::parse(name, &json) {
        Ok(event) => event,
        Err(error) => {
            tracing::warn!(guid, event = name, %error, "a delivery cannot be read");
            return Received::Unreadable.into();
        }
    };
    let hook = header(headers, "x-github-hook-id");
    let digest = || format!("{:x}", Bytes::copy_from_slice(&Sha256::digest(body.bytes())));
    accept_event(context, guid, hook, &event, digest).await
}

/// Takes a delivery whose payload GitHub's API gave, as if it had arrived.
pub(crate) async fn receive_pulled(context: &Context, hook: Option<u64>, pulled: &Pulled) -> Received {
    let guid = pulled.guid.as_str();
    let event = match Event::parse(&pulled.event, &pulled.json) {
        Ok(event) => event,
        Err(error) => {
            tracing::warn!(guid, event = pulled.event, %error, "a pulled delivery cannot be read");
            return Received::Unreadable;
        }
    };
    let hook = hook.map(|hook| hook.to_string());
    let receipt = accept_event(context, guid, hook.as_deref(), &event, || PULLED.to_owned()).await;
    let received = receipt.received;
    tracing::info!(guid, event = pulled.event, hook, ?received, "a pulled delivery");
    received
}

/// Would our own table know of a delivery with this name (`issues.opened`), had it been accepted?
pub(crate) fn is_stored(name: &str) -> bool {
    matches!(name.split_once('.'), Some(("issues" | "issue_comment", _)))
}

/// Those of these guids that were accepted.
pub(crate) async fn accepted(context: &Context, guids: &[&str]) -> Result<HashSet<String>, Error> {
    let now = context.outbound.clock.now();
    let keys: HashMap<Key, &str> = guids.iter().map(|guid| (key::delivery(guid), *guid)).collect();
    let wanted: Vec<Key> = keys.keys().cloned().collect();
    let known = context.table.get_many::<Delivery>(&wanted).await?.into_iter();
    let known = known.filter(|(_, stored)| !stored.has_expired(now));
    Ok(known
        .filter_map(|(key, _)| keys.get(&key).map(|&guid| guid.to_owned()))
        .collect())
}

/// Accepts what an event tells, whose body has this digest.
async fn accept_event(
    context: &Context,
    guid: &str,
    hook: Option<&str>,
    event: &Event<'_>,
    digest: impl FnOnce() -> String,
) -> Receipt {
    let taken = match event {
        Event::Ping(ping) => pinged(context, ping.hook_id).await.map(|()| Received::Ping.into()),
        Event::Other(_) => Ok(Received::Unused.into()),
        Event::Issues(_) | Event::IssueComment(_) => {
            let subject = event.subject().map(|subject| subject.to_string()).unwrap_or_default();
            let delivery = Delivery {
                hook: hook.map(str::to_owned),
                subject,
                body: digest(),
            };
            accept_delivery(context, guid, &delivery, event).await
        }
    };
    taken.unwrap_or_else(|error| {
        tracing::error!(guid, %error, "the delivery could not be stored");
        Received::Unavailable.into()
    })
}

/// The one value of a header, if it is text.
fn header<'a>(headers: &'a http::HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

async fn pinged(context: &Context, hook: u64) -> Result<(), Error> {
    let key = key::ping(hook);
    let before = context.table.get::<Timestamp>(&key).await?;
    let now = context.outbound.clock.now();
    let put = Write::put(key, &now, before.map(|stored| stored.rev))?;
    match context.table.transact(vec![put]).await {
        // Another ping of the same hook has just been noted.
        Ok(()) | Err(TransactionError::Changed) => Ok(()),
        Err(TransactionError::Table(error)) => Err(error),
    }
}

async fn accept_delivery(
    context: &Context,
    guid: &str,
    delivery: &Delivery,
    event: &Event<'_>,
) -> Result<Receipt, Error> {
    let mut recording = None;
    let heard = may_have_heard(context, event);
    // Most deliveries are new, and nobody has heard of an issue that opens: where that is not so, the transaction fails.
    // A sink would have taken the record by then.
    let unheard_of = heard.is_empty() || opens(event);
    let mut guess = (unheard_of && context.records.sink.is_none()).then(Before::default);
    for _ in 0..ATTEMPTS {
        let now = context.outbound.clock.now();
        let before = match guess.take() {
            Some(nothing) => nothing,
            None => Before::read(context, guid, delivery, &heard).await?,
        };
        if let Some(known) = before.delivery.as_ref().filter(|known| !known.has_expired(now)) {
            return Ok(repeat_or_conflict(&known.doc, delivery).into());
        }
        if before.body.as_ref().is_some_and(|known| !known.has_expired(now)) {
            return Ok(Received::Replay.into());
        }
        let put = Write::put(key::delivery(guid), delivery, rev(before.delivery.as_ref()))?;
        let mut writes = vec![put.until(now + REMEMBERED)];
        if !delivery.was_pulled() {
            let put = Write::put(key::body(&delivery.body), &guid, rev(before.body.as_ref()))?;
            writes.push(put.until(now + REMEMBERED));
        }
        if recording.is_none() {
            let digest = (!delivery.was_pulled()).then_some(delivery.body.as_str());
            recording = Recording::new(context, guid, event, digest, now);
        }
        if let Some(recording) = &mut recording {
            recording.offer(context).await;
        }
        let (rung, rings) = ring(context, guid, event, &before.heard, now)?;
        writes.extend(rings);
        writes.extend(recording.as_ref().and_then(|recording| recording.left(now)));
        debug_assert!(writes.len() <= MAX_WRITES, "the settings allow too many channels");
        match context.table.transact(writes).await {
            Ok(()) => {
                let received = Received::Accepted;
                return Ok(Receipt { received, rung });
            }
            // The same delivery, or another of the same issue, at the same moment: see what it did.
            Err(TransactionError::Changed) => {}
            Err(TransactionError::Table(error)) => return Err(error),
        }
    }
    Err(Error::Unavailable {
        operation: "TransactWriteItems",
        why: "too many deliveries of one issue at once".to_owned(),
    })
}

/// Where it is noted when a channel last heard of the issue: of the channels that may hear of this.
fn may_have_heard(context: &Context, event: &Event<'_>) -> Vec<Key> {
    let (Some(subject), Some(notice)) = (event.subject(), notice(event, Timestamp::UNIX_EPOCH)) else {
        return Vec::new();
    };
    let (repository, issue) = (subject.repository_id, subject.issue_id);
    let may_hear = context.bells.iter().filter(|bell| hears(&bell.route, &notice, false));
    may_hear
        .map(|bell| key::heard(repository, issue, &bell.channel.name))
        .collect()
}

/// Is this an issue's first event?
fn opens(event: &Event<'_>) -> bool {
    matches!(event, Event::Issues(_)) && event.subject().is_some_and(|subject| subject.action == "opened")
}

/// What the table knew before a delivery came.
#[derive(Default)]
struct Before {
    /// What was accepted under its guid.
    delivery: Option<Stored<Delivery>>,
    /// The guid under which its body was accepted.
    body: Option<Stored<String>>,
    /// When which channel last heard of the issue, of those that may hear of this.
    heard: Vec<(String, Stored<Timestamp>)>,
}

impl Before {
    /// One request: a second one at once would open a second connection.
    async fn read(context: &Context, guid: &str, delivery: &Delivery, heard: &[Key]) -> Result<Self, Error> {
        let mut keys = vec![key::delivery(guid)];
        if !delivery.was_pulled() {
            keys.push(key::body(&delivery.body));
        }
        keys.extend_from_slice(heard);
        let mut before = Self::default();
        for (key, stored) in context.table.get_many::<Known>(&keys).await? {
            let (doc, rest) = stored.take();
            match doc {
                Known::Delivery(doc) => before.delivery = Some(rest.with(doc)),
                Known::Text(doc) if key == key::body(&delivery.body) => before.body = Some(rest.with(doc)),
                // What is no time is written over by nobody: the delivery is refused until it is mended.
                Known::Text(doc) => before.heard.extend(doc.parse().ok().map(|at| (key.sk, rest.with(at)))),
            }
        }
        Ok(before)
    }
}

impl Delivery {
    fn was_pulled(&self) -> bool {
        self.body == PULLED
    }
}

/// A guid that was accepted before. GitHub gives one guid to all hooks of an event, so another hook's delivery of the
/// same subject is the same news, though its body differs; and nobody has seen the body of one that was pulled.
fn repeat_or_conflict(known: &Delivery, delivery: &Delivery) -> Received {
    let same_body = known.body == delivery.body;
    let unseen = known.was_pulled() || delivery.was_pulled() || known.hook != delivery.hook;
    if same_body || unseen && known.subject == delivery.subject {
        Received::Repeat
    } else {
        Received::Conflict
    }
}

/// The channels that hear of this, and the writes that ring them and note that they have heard of the issue.
fn ring(
    context: &Context,
    guid: &str,
    event: &Event<'_>,
    heard: &[(String, Stored<Timestamp>)],
    now: Timestamp,
) -> Result<(Vec<String>, Vec<Write>), Error> {
    let (mut rung, mut writes) = (Vec::new(), Vec::new());
    let last_rung = heard.iter().map(|(_, stored)| stored.doc).max();
    let now = not_before(now, last_rung);
    let (Some(subject), Some(notice)) = (event.subject(), notice(event, now)) else {
        return Ok((rung, writes));
    };
    let (repository, issue) = (subject.repository_id, subject.issue_id);
    let id = key::notice_id(now, &format!("{}#{guid}", notice.event()));
    let stored = notice.to_stored();
    for bell in &context.bells {
        let name = &bell.channel.name;
        let before = heard
            .iter()
            .find(|(channel, _)| channel == name)
            .map(|(_, stored)| stored);
        let has_heard = before.is_some_and(|stored| !stored.has_expired(now));
        if hears(&bell.route, &notice, has_heard) {
            writes.push(Write::enqueue(name, &id, &stored));
            writes.push(Write::put(key::heard(repository, issue, name), &now, rev(before))?.until(now + HEARD));
            rung.push(name.clone());
        }
    }
    Ok((rung, writes))
}

fn rev<T>(stored: Option<&Stored<T>>) -> Option<u64> {
    stored.map(|stored| stored.rev)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_guid_is_a_repeat_or_a_conflict() {
        let delivery = |hook: &str, subject: &str, body: &str| Delivery {
            hook: Some(hook.to_owned()),
            subject: subject.to_owned(),
            body: body.to_owned(),
        };
        let known = delivery("1", "issues.opened 7 8", "aa");
        for (came, expected) in [
            (delivery("1", "issues.opened 7 8", "aa"), Received::Repeat),
            (delivery("2", "issues.opened 7 8", "bb"), Received::Repeat),
            (delivery("1", "issues.opened 7 8", "bb"), Received::Conflict),
            (delivery("2", "issues.closed 7 8", "bb"), Received::Conflict),
            (delivery("1", "issues.opened 7 8", PULLED), Received::Repeat),
            (delivery("1", "issues.closed 7 8", PULLED), Received::Conflict),
        ] {
            assert_eq!(repeat_or_conflict(&known, &came), expected, "{came:?}");
        }
    }
}
