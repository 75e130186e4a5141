//! What there is to say of a hook's deliveries. GitHub does not try a failed one again by itself: Copperbell reads each
//! hook's delivery log and has what was lost redelivered.
//!
//! A `hook` is named as in settings: `app`, `repo:owner/name:123`, `org:name:456`.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::plain::cut;

/// Deliveries of a hook fail, and redelivering did not help at once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HookFailing {
    /// The hook.
    pub hook: String,
    /// Where it delivers, if that is known: the host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// The first loss was found then.
    pub since: Timestamp,
    /// How many deliveries were lost since.
    pub lost: u32,
    /// How they failed last, `no answer` or a status (`500`), and how many did so; the most frequent first.
    pub why: Vec<(String, u32)>,
    /// So many of the newest deliveries failed that redelivering waits until one gets through.
    pub down: bool,
}

/// All lost deliveries of a hook that was told failing have arrived or were given up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HookRecovered {
    /// The hook.
    pub hook: String,
    /// Where it delivers, if that is known: the host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// The first loss was found then.
    pub since: Timestamp,
    /// How many deliveries were lost since.
    pub lost: u32,
    /// How many of them arrived in the end.
    pub recovered: u32,
    /// How many of them were given up; each was told.
    pub given_up: u32,
}

/// GitHub will soon no longer redeliver these.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expiring {
    /// The hook.
    pub hook: String,
    /// How many lost deliveries.
    pub count: u32,
    /// When GitHub stops redelivering the first of them.
    pub first: Timestamp,
}

/// One delivery that Copperbell no longer tries to get back by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GivenUpDelivery {
    /// The hook.
    pub hook: String,
    /// GitHub's name for the delivery (`X-GitHub-Delivery`), the same on each redelivery.
    pub guid: String,
    /// Event and action: `issues.opened`, `push`.
    pub name: String,
    /// The first delivery, or the oldest known.
    pub delivered_at: Timestamp,
    /// How many attempts were made to get it back.
    pub attempts: u32,
    /// Why it is given up.
    pub reason: GiveUp,
}

/// Why a delivery is given up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GiveUp {
    /// Every attempt failed.
    Attempts {
        /// How it failed last: `no answer` or a status (`500`).
        last: String,
    },
    /// GitHub would not redeliver it.
    Refused {
        /// What it said.
        said: String,
    },
    /// 409: the receiver has another delivery of this id.
    Conflict,
    /// 401 though it was signed: the receiver's secret is another.
    WrongSecret,
    /// Somebody redelivered it by hand and it failed; whether it ever arrived is no longer in the log: left to that hand.
    ByHand,
    /// It fell over the edge of what GitHub redelivers.
    TooOld,
}

/// Nobody looked for so long that deliveries may have left the log unseen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// The hook.
    pub hook: String,
    /// Its log was looked at until then.
    pub from: Timestamp,
    /// What is left of the log begins there.
    pub to: Timestamp,
}

/// A hook that is no longer what it was, or whose deliveries cannot be looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HookTrouble {
    /// The hook.
    pub hook: String,
    /// How it is now.
    pub what: HookState,
}

/// How a hook is now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HookState {
    /// Its delivery log could not be read several times in a row.
    Unreadable {
        /// How many times.
        failures: u32,
        /// The first of them.
        since: Timestamp,
        /// What the last of them met.
        error: String,
    },
    /// A log told unreadable can be read again.
    Readable {
        /// Unreadable since then.
        since: Timestamp,
    },
    /// GitHub does not let us redeliver.
    Blocked {
        /// What it said.
        error: String,
    },
    /// GitHub does not use it: somebody switched it off.
    Inactive,
    /// GitHub uses it again.
    Active,
    /// It delivers elsewhere.
    Moved {
        /// Where it delivers now: the host.
        to: String,
        /// Where it did.
        from: String,
    },
}

/// A ping sent through a hook that points at us did not arrive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SilentHook {
    /// The hook.
    pub hook: String,
    /// When the ping was sent.
    pub pinged: Timestamp,
}

/// `owner/name`, if the hook is a repository's.
pub(super) fn repository(hook: &str) -> Option<&str> {
    let (repository, _id) = hook.strip_prefix("repo:")?.rsplit_once(':')?;
    Some(repository)
}

/// Cuts a hook's name to more than GitHub allows.
pub(super) fn cut_hook(hook: &mut String) {
    cut(hook, 200);
}

fn cut_place(place: &mut String) {
    cut(place, 512);
}

impl HookFailing {
    /// Cuts texts to more than any of them has.
    pub(super) fn cut_texts(&mut self) {
        cut_hook(&mut self.hook);
        self.to.iter_mut().for_each(cut_place);
        for (why, _) in &mut self.why {
            cut(why, 64);
        }
    }
}

impl HookRecovered {
    /// Cuts texts to more than any of them has.
    pub(super) fn cut_texts(&mut self) {
        cut_hook(&mut self.hook);
        self.to.iter_mut().for_each(cut_place);
    }
}

impl GivenUpDelivery {
    /// Cuts texts to more than any of them has.
    pub(super) fn cut_texts(&mut self) {
        cut_hook(&mut self.hook);
        cut(&mut self.guid, 64);
        cut(&mut self.name, 128);
        match &mut self.reason {
            GiveUp::Attempts { last: said } | GiveUp::Refused { said } => cut(said, 1024),
            GiveUp::Conflict | GiveUp::WrongSecret | GiveUp::ByHand | GiveUp::TooOld => {}
        }
    }
}

impl HookTrouble {
    /// Cuts texts to more than any of them has.
    pub(super) fn cut_texts(&mut self) {
        cut_hook(&mut self.hook);
        match &mut self.what {
            HookState::Unreadable { error, .. } | HookState::Blocked { error } => cut(error, 1024),
            HookState::Moved { to, from } => [to, from].into_iter().for_each(cut_place),
            HookState::Readable { .. } | HookState::Inactive | HookState::Active => {}
        }
    }
}
