//! Deliver: one sender per channel sends what waits, oldest first, and removes it.

use std::collections::HashSet;
use std::time::Duration;

use chat::{ChannelTrouble, DeadLetters, Fact, Group, Notice, Verdict};
use futures_util::future;
use jiff::{SignedDuration, Timestamp};
use outbound::Deadline;
use serde::{Deserialize, Serialize};
use state::{
    Acquired, CUT_OFF_FROM, DeadLetter, Error, Lease, MAX_WRITES, Stored, TargetChange, TransactionError, Write, key,
};

use crate::context::{Bell, Context};
use crate::report::{ChannelReport, Rung};

/// How long does a sender own its channel? Renewed between sends.
const LEASE: Duration = Duration::from_secs(20);

/// How long may one send take in a pass? The lease must outlive it.
pub(crate) const SEND_TIMEOUT: Duration = Duration::from_secs(5);

/// How long may it take to remove what was sent?
const TIME_TO_REMOVE: Duration = Duration::from_secs(1);

/// How long does a channel rest after its first failure? Doubles with each further one.
const FIRST_REST: Duration = Duration::from_secs(5);

/// And at most?
const LONGEST_REST: Duration = Duration::from_hours(1);

/// And at most, if it asks for it itself?
const MOST_REST: SignedDuration = SignedDuration::from_hours(25);

/// How long may a notice wait before it is given up?
const LONGEST_WAIT: SignedDuration = SignedDuration::from_hours(3 * 24);

/// After how many failures with an answer is the next notice tried before this one?
const HEAD_TRIES: u32 = 5;

/// How long must a channel be missing from the settings? Processes read them anew every five minutes.
const MISSING_FOR: SignedDuration = SignedDuration::from_mins(6);

/// How many waiting notices does one sender look at?
const WINDOW: usize = 10_000;

/// What is remembered of a channel.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ChannelState {
    /// It is left alone until then.
    #[serde(default)]
    pub rest_until: Option<Timestamp>,
    /// Failures since the last notice it took.
    #[serde(default)]
    pub failures: u32,
    /// The notice that it answered with an error of its own.
    #[serde(default)]
    pub head: Option<Head>,
    /// Its permanent failure was told elsewhere.
    #[serde(default)]
    pub told: bool,
    /// What its last failure said.
    #[serde(default)]
    pub last_error: Option<String>,
    /// The settings of some process do not name it, since then.
    #[serde(default)]
    pub missing_since: Option<Timestamp>,
}

/// The oldest waiting notice, and how often the channel answered it with an error of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Head {
    id: String,
    tries: u32,
}

/// A waiting notice that this version can read.
struct Item {
    id: String,
    stored: String,
    notice: Notice,
}

/// How long a delivery may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// One send.
    pub send_timeout: Duration,
    /// All of it.
    pub deadline: Deadline,
}

/// Sends what waits for every channel, each by itself, and says how they are.
pub async fn deliver(context: &Context, limits: Limits) -> Vec<ChannelReport> {
    let drains = context
        .bells
        .iter()
        .map(|bell| drain(context, bell, limits, Look::First));
    let drained = future::join_all(drains).await;
    drained.into_iter().map(|drained| drained.report).collect()
}

/// The same for the channels of these names, which have news.
pub async fn deliver_news(context: &Context, channels: &[String], limits: Limits) -> Vec<ChannelReport> {
    let with_news = context
        .bells
        .iter()
        .filter(|bell| channels.contains(&bell.channel.name));
    let drains = with_news.map(|bell| drain(context, bell, limits, Look::Known));
    let drained = future::join_all(drains).await;
    drained.into_iter().map(|drained| drained.report).collect()
}

/// Is it known that something waits for a channel?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Look {
    /// No: look before asking for its lease, which is a write.
    First,
    /// Yes.
    Known,
}

/// What became of a channel.
#[derive(Clone, Debug, Default)]
pub(crate) struct Drained {
    pub(crate) report: ChannelReport,
    /// The table could be asked for everything.
    pub(crate) looked_at: bool,
}

impl Drained {
    /// Adds what a later look brought.
    pub(crate) fn then(&mut self, later: Self) {
        let mut before = std::mem::replace(&mut self.report, later.report);
        before.has_rung(std::mem::take(&mut self.report.rung));
        self.report.rung = before.rung;
        self.report.sent += before.sent;
        self.report.dead += before.dead;
        self.looked_at = later.looked_at;
    }
}

/// Sends what waits for one channel, as far as the channel, its lease and the deadline allow.
pub(crate) async fn drain(context: &Context, bell: &Bell, limits: Limits, mut look: Look) -> Drained {
    let mut report = ChannelReport {
        channel: bell.channel.name.clone(),
        ..ChannelReport::default()
    };
    let mut seen = HashSet::new();
    loop {
        match drain_once(context, bell, limits, look, &mut seen, &mut report).await {
            // Somebody left to us what was accepted while we held the lease, or has just given it back.
            Ok(Step::LookAgain) => look = Look::First,
            Ok(Step::Stop) => {
                return Drained {
                    report,
                    looked_at: true,
                };
            }
            Err(error) => {
                tracing::error!(channel = report.channel, %error, "the channel could not be served");
                report.error = Some(error.to_string());
                return Drained {
                    report,
                    looked_at: false,
                };
            }
        }
    }
}

enum Step {
    LookAgain,
    Stop,
}

async fn drain_once(
    context: &Context,
    bell: &Bell,
    limits: Limits,
    look: Look,
    seen: &mut HashSet<String>,
    report: &mut ChannelReport,
) -> Result<Step, Error> {
    let name = &bell.channel.name;
    if look == Look::First {
        let left = report.waiting;
        let fresh = context.table.waiting(name, left + 1).await?;
        if fresh.iter().all(|waiting| seen.contains(&waiting.id)) {
            return Ok(Step::Stop);
        }
    }
    let until = limits.deadline.cap(context.outbound.clock.now() + LEASE);
    let target = key::channel(name);
    let Acquired::Ours(lease, stored) = context
        .table
        .acquire::<ChannelState>(target.clone(), &context.owner, until, None)
        .await?
    else {
        if !context.table.knock(&target).await? {
            return Ok(Step::LookAgain);
        }
        let waiting = context.table.waiting(name, WINDOW).await?;
        report.waiting = waiting.len();
        report.oldest = waiting.first().and_then(|oldest| key::accepted_at(&oldest.id));
        return Ok(Step::Stop);
    };
    let waiting = context.table.waiting(name, WINDOW).await?;
    report.waiting = waiting.len();
    let may_be_cut_off = waiting.len() >= CUT_OFF_FROM;
    let readable = waiting.into_iter().filter_map(|waiting| {
        let notice = Notice::from_stored(&waiting.notice);
        seen.insert(waiting.id.clone());
        if notice.is_none() {
            tracing::warn!(channel = name, id = waiting.id, "left for a newer version");
        }
        Some(Item {
            id: waiting.id,
            stored: waiting.notice,
            notice: notice?,
        })
    });
    let mut sender = Sender {
        context,
        bell,
        limits,
        queue: readable.collect(),
        state: stored.map(|stored: Stored<_>| stored.doc).unwrap_or_default(),
        singly: HashSet::new(),
        lease,
        report,
    };
    let ended = sender.run().await;
    sender.report.rest_until = sender.state.rest_until;
    sender.report.oldest = sender.queue.first().and_then(|oldest| key::accepted_at(&oldest.id));
    sender.report.error.clone_from(&sender.state.last_error);
    let knocked = context.table.release(&sender.lease).await;
    let ended = ended?;
    let knocked = knocked?;
    Ok(match ended {
        Ended::Empty if knocked || may_be_cut_off => Step::LookAgain,
        Ended::Empty | Ended::Stopped => Step::Stop,
    })
}

/// The holder of a channel's lease.
struct Sender<'a> {
    context: &'a Context,
    bell: &'a Bell,
    limits: Limits,
    queue: Vec<Item>,
    state: ChannelState,
    /// Notices of a group that was refused: they are sent one by one.
    singly: HashSet<String>,
    lease: Lease,
    report: &'a mut ChannelReport,
}

enum Ended {
    /// Everything was sent or given up.
    Empty,
    /// The channel rests, the lease is lost, or there is no time left.
    Stopped,
}

impl Sender<'_> {
    async fn run(&mut self) -> Result<Ended, Error> {
        self.give_up_expired().await?;
        let now = self.context.outbound.clock.now();
        // A rest beyond any that a channel may ask for was set by a clock that was wrong.
        let resting = |until: Timestamp| until > now && until.duration_since(now) <= MOST_REST;
        if self.state.rest_until.is_some_and(resting) {
            return Ok(Ended::Stopped);
        }
        while !self.queue.is_empty() {
            if !self.may_send().await? {
                return Ok(Ended::Stopped);
            }
            let group = self.group_at(0);
            let verdict = self.send(&group).await;
            match verdict {
                Verdict::Taken => self.taken(&group).await?,
                Verdict::MessageRefused { reason } => self.refused(&group, &reason).await?,
                Verdict::ChannelFailed {
                    permanent,
                    retry_after,
                    answered,
                    reason,
                } => {
                    if answered && self.blame_head(&group) && self.next_is_taken(&group).await? {
                        self.give_up(&group, &reason).await?;
                    } else {
                        self.rest(permanent, retry_after, reason).await?;
                        return Ok(Ended::Stopped);
                    }
                }
            }
        }
        Ok(Ended::Empty)
    }

    /// Is the channel still ours for the length of a send, by the wall clock just before it?
    async fn may_send(&mut self) -> Result<bool, Error> {
        let clock = &self.context.outbound.clock;
        let deadline = self.limits.deadline;
        // Who takes over after us must not find what we have sent.
        let need = self.limits.send_timeout + TIME_TO_REMOVE;
        if !deadline.leaves(clock.now(), need) {
            return Ok(false);
        }
        if !self.lease.outlives(clock.now(), need) {
            let until = deadline.cap(clock.now() + LEASE);
            if !self.context.table.renew(&mut self.lease, until).await? {
                return Ok(false);
            }
        }
        Ok(self.lease.outlives(clock.now(), need))
    }

    /// The indexes of the notices that share a message with the one at `first`.
    fn group_at(&self, first: usize) -> Vec<usize> {
        let Some(head) = self.queue.get(first) else {
            return Vec::new();
        };
        let alone = vec![first];
        // A group that has had its tries is taken apart from its head.
        let had_its_tries = |blamed: &Head| blamed.id == head.id && blamed.tries >= HEAD_TRIES;
        if self.state.head.as_ref().is_some_and(had_its_tries) {
            return alone;
        }
        let Some(group) = self.group(head) else {
            return alone;
        };
        let later = first + 1..self.queue.len();
        let same = later.filter(|&at| self.group(&self.queue[at]).as_ref() == Some(&group));
        let all: Vec<usize> = std::iter::once(first).chain(same).collect();
        if all.len() < group.smallest() { alone } else { all }
    }

    fn group(&self, item: &Item) -> Option<Group> {
        let group = item.notice.group();
        group.filter(|_| !self.singly.contains(&item.id))
    }

    async fn send(&self, group: &[usize]) -> Verdict {
        let notices: Vec<Notice> = group.iter().map(|&at| self.queue[at].notice.clone()).collect();
        let id = &self.queue[group[0]].id;
        chat::send(
            &self.context.outbound,
            &self.bell.channel,
            &notices,
            self.context.language,
            id,
            self.limits.send_timeout,
        )
        .await
    }

    async fn taken(&mut self, group: &[usize]) -> Result<(), Error> {
        let ids: Vec<&str> = group.iter().map(|&at| self.queue[at].id.as_str()).collect();
        self.context.table.remove_sent(&self.bell.channel.name, &ids).await?;
        self.report.sent += ids.len();
        let at = self.context.outbound.clock.now();
        let notices: Vec<Notice> = group.iter().map(|&at| self.queue[at].notice.clone()).collect();
        let title = chat::message(&notices, self.context.language, at).title;
        self.report.has_rung([Rung { at, title }]);
        self.leave_queue(group);
        let well = ChannelState::default();
        if self.state != well {
            self.state = well;
            self.store().await?;
        }
        Ok(())
    }

    /// The message itself is at fault. A group is tried one by one; a single notice is given up.
    async fn refused(&mut self, group: &[usize], reason: &str) -> Result<(), Error> {
        if group.len() > 1 {
            let ids = group.iter().map(|&at| self.queue[at].id.clone());
            self.singly.extend(ids);
            return Ok(());
        }
        self.give_up(group, reason).await
    }

    /// Counts an error of the channel's own against the head. True when it has had its tries, the last by itself.
    fn blame_head(&mut self, group: &[usize]) -> bool {
        let id = &self.queue[group[0]].id;
        let head = self.state.head.take().filter(|head| head.id == *id);
        let tries = head.map_or(0, |head| head.tries) + 1;
        let id = id.clone();
        self.state.head = Some(Head { id, tries });
        tries >= HEAD_TRIES && group.len() == 1
    }

    /// Does the channel take the next message, so that the head alone is what it cannot stand?
    async fn next_is_taken(&mut self, group: &[usize]) -> Result<bool, Error> {
        let Some(next) = (0..self.queue.len()).find(|at| group.binary_search(at).is_err()) else {
            return Ok(false);
        };
        if !self.may_send().await? {
            return Ok(false);
        }
        let next = [next];
        if !matches!(self.send(&next).await, Verdict::Taken) {
            return Ok(false);
        }
        self.taken(&next).await?;
        Ok(true)
    }

    /// Leaves the channel alone for a while: as long as it asks, else longer each time.
    async fn rest(&mut self, permanent: bool, retry_after: Option<Duration>, reason: String) -> Result<(), Error> {
        let now = self.context.outbound.clock.now();
        let name = &self.bell.channel.name;
        let rest = retry_after.unwrap_or_else(|| {
            let doubled = FIRST_REST * 2u32.saturating_pow(self.state.failures.min(16));
            // Jitter, so that channels that failed together do not come back together.
            doubled.min(LONGEST_REST).mul_f64(0.75 + fastrand::f64() / 2.0)
        });
        self.state.rest_until = now.checked_add(rest).ok();
        self.state.failures = self.state.failures.saturating_add(1);
        self.state.last_error = Some(reason.clone());
        if !permanent || self.state.told {
            tracing::warn!(channel = name, error = reason, "the channel failed");
            return self.store().await;
        }
        tracing::error!(
            channel = name,
            error = reason,
            "the channel refuses, and time will not mend it"
        );
        self.state.told = true;
        let channel = name.clone();
        let trouble = Notice::new(now, Fact::Channel(ChannelTrouble { channel, reason }));
        let mut writes = self.context.elsewhere(name, &trouble, name);
        writes.push(self.lease.hold(TargetChange::store(&self.state)?));
        unless_changed(self.context.table.transact(writes).await)
    }

    async fn give_up_expired(&mut self) -> Result<(), Error> {
        let now = self.context.outbound.clock.now();
        let expired = |item: &Item| key::accepted_at(&item.id).is_some_and(|at| now.duration_since(at) > LONGEST_WAIT);
        let expired: Vec<usize> = (0..self.queue.len()).filter(|&at| expired(&self.queue[at])).collect();
        let mut reason = DeadLetters::WAITED.to_owned();
        if let Some(error) = &self.state.last_error {
            reason = reason + DeadLetters::LAST_ERROR + error;
        }
        self.give_up(&expired, &reason).await
    }

    /// Moves notices to the dead letters, and says so elsewhere.
    async fn give_up(&mut self, group: &[usize], reason: &str) -> Result<(), Error> {
        let items: Vec<&Item> = group.iter().map(|&at| &self.queue[at]).collect();
        let holder = Some(&self.lease);
        let buried = bury(self.context, &self.bell.channel.name, &items, reason, holder).await?;
        self.report.dead += buried;
        self.leave_queue(group);
        Ok(())
    }

    fn leave_queue(&mut self, group: &[usize]) {
        let mut at = 0;
        self.queue.retain(|_| {
            at += 1;
            group.binary_search(&(at - 1)).is_err()
        });
        self.report.waiting = self.report.waiting.saturating_sub(group.len());
    }

    async fn store(&self) -> Result<(), Error> {
        let change = TargetChange::store(&self.state)?;
        // A lease that is lost belongs to one who has seen for himself how the channel is.
        self.context.table.change(&self.lease, change).await?;
        Ok(())
    }
}

/// A transaction whose state changed under it is left to whoever changed it.
fn unless_changed(made: Result<(), TransactionError>) -> Result<(), Error> {
    match made {
        Ok(()) | Err(TransactionError::Changed) => Ok(()),
        Err(TransactionError::Table(error)) => Err(error),
    }
}

/// Moves waiting notices of `channel` to its dead letters, and tells every other channel that hears of such things.
/// A dead letter about dead letters is not told again. Returns how many were moved.
async fn bury(
    context: &Context,
    channel: &str,
    items: &[&Item],
    reason: &str,
    holder: Option<&Lease>,
) -> Result<usize, Error> {
    let now = context.outbound.clock.now();
    let mut buried = 0;
    // Two writes for each, one for each channel told, one for the lease.
    let room = (MAX_WRITES - context.bells.len() - 1) / 2;
    for batch in items.chunks(room.max(1)) {
        let mut writes = Vec::new();
        for item in batch {
            let dead = DeadLetter {
                notice: item.stored.clone(),
                reason: reason.to_owned(),
                at: now,
            };
            writes.extend(Write::bury(channel, &item.id, &dead)?);
            tracing::error!(channel, id = item.id, reason, "a notice was given up");
        }
        let count = batch
            .iter()
            .filter(|item| !matches!(item.notice.fact, Fact::DeadLetter(_)))
            .count();
        if let Some(first) = batch.first().filter(|_| count > 0) {
            let letters = Fact::DeadLetter(DeadLetters {
                channel: channel.to_owned(),
                count,
                reason: reason.to_owned(),
            });
            let notice = Notice::new(now, letters);
            writes.extend(context.elsewhere(channel, &notice, &first.id));
        }
        writes.extend(holder.map(|lease| lease.hold(TargetChange::default())));
        match context.table.transact(writes).await {
            Ok(()) => buried += batch.len(),
            // Somebody else removed one of them, or has the channel now.
            Err(TransactionError::Changed) => break,
            Err(TransactionError::Table(error)) => return Err(error),
        }
    }
    Ok(buried)
}

impl Context {
    /// The writes that tell every channel but `channel` of its trouble.
    fn elsewhere(&self, channel: &str, notice: &Notice, about: &str) -> Vec<Write> {
        let id = key::notice_id(notice.at, &format!("{}#{about}", notice.event()));
        let stored = notice.to_stored();
        let others = self.routed(notice).filter(|name| *name != channel);
        others.map(|name| Write::enqueue(name, &id, &stored)).collect()
    }
}

/// Gives up what waits for a channel that the settings no longer name; told once elsewhere. Another process may have
/// newer settings than we, so only what is missing for a while has left. False while something of it is left.
pub(crate) async fn retire(context: &Context, channel: &str) -> Result<bool, Error> {
    let table = &context.table;
    let now = context.outbound.clock.now();
    let acquired = table
        .acquire::<ChannelState>(key::channel(channel), &context.owner, now + LEASE, None)
        .await?;
    let Acquired::Ours(lease, stored) = acquired else {
        return Ok(false);
    };
    let mut state = stored.map(|stored: Stored<_>| stored.doc).unwrap_or_default();
    let since = *state.missing_since.get_or_insert(now);
    if now.duration_since(since) >= MISSING_FOR {
        let waiting = table.waiting(channel, WINDOW).await?;
        let readable = waiting.into_iter().filter_map(|waiting| {
            Some(Item {
                notice: Notice::from_stored(&waiting.notice)?,
                id: waiting.id,
                stored: waiting.notice,
            })
        });
        let items: Vec<Item> = readable.collect();
        let items: Vec<&Item> = items.iter().collect();
        bury(context, channel, &items, DeadLetters::NOT_NAMED, Some(&lease)).await?;
    }
    table.change(&lease, TargetChange::store(&state)?.and_release()).await?;
    Ok(now.duration_since(since) >= MISSING_FOR)
}
