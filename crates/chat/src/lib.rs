//! What people read: facts ([`Notice`]), the words for them ([`Message`]), how each chat shows and takes them.
//!
//! The way of a fact: [`send`] puts notices [into words](message), [shows](show) them as one channel's request and
//! reads the [`verdict`] off its answer. All but `send` is pure.
//!
//! A further kind of chat is a [`Kind`] (`channel.rs`), a file under `show/`, one under `verdict/` and an arm in `send.rs`:
//! `docs/channels.md`. A further language is a file under `words/` (`words/language.rs`).

mod channel;
mod excerpt;
mod message;
mod notice;
mod plain;
mod send;
pub mod show;
mod verdict;
mod words;

pub use channel::{BadChannel, Channel, Console, Kind};
pub use excerpt::excerpt;
pub use message::{Detail, Line, Link, Message, Span, Tone};
pub use notice::{
    Builds, ChannelTrouble, DeadLetters, Expiring, Fact, FailingChroot, Gap, GiveUp, GivenUpDelivery, Group,
    HookFailing, HookRecovered, HookState, HookTrouble, IssueDigest, IssueEvent, MAX_STORED, Notice, Polls, SilentHook,
    Subject, Times, UnansweredIssue, VERSION,
};
pub use plain::plain;
pub use send::{send, warm};
pub use verdict::{Verdict, verdict};
pub use words::{Language, UnknownLanguage, message};
