//! What may happen to a hook's deliveries, told in lines.

use std::fmt;

use proptest::prelude::*;
use proptest::sample::select;

const GUIDS: [&str; 8] = ["a", "b", "c", "d", "e", "f", "g", "h"];

pub(crate) type Guid = &'static str;

/// What a receiver makes of a delivery.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Answer {
    Takes,
    Redirects,
    TakesAndSaysOk,
    TakesAndIsSilent,
    Fails(u16),
}

impl Answer {
    pub(crate) fn takes(self) -> bool {
        !matches!(self, Self::Fails(_))
    }

    pub(crate) fn recorded(self) -> (u16, &'static str) {
        match self {
            Self::Takes => (200, "OK"),
            Self::Redirects => (302, "Invalid HTTP Response: 302"),
            Self::TakesAndSaysOk => (0, "OK"),
            Self::TakesAndIsSilent => (504, "timed out"),
            Self::Fails(code) => (code, "failed"),
        }
    }
}

/// What happens. Minutes late are those after which the log lists it.
#[derive(Clone)]
pub(crate) enum What {
    Delivered(Guid, u16),
    ByHand(Guid, u16),
    Answers(Answer),
    Refuses(Guid),
    AskedFor(Guid),
    Pass(Pass, u16),
}

#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Pass {
    Whole,
    /// The log cannot be read.
    Blind,
    /// The process dies once it has written down what it is about to ask for.
    Dies,
}

impl fmt::Debug for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Delivered(guid, late) => write!(f, "{guid} is delivered, listed {late} min late"),
            Self::ByHand(guid, late) => write!(f, "{guid} is redelivered by hand, listed {late} min late"),
            Self::Answers(answer) => write!(f, "the receiver {answer:?} from now on"),
            Self::Refuses(guid) => write!(f, "GitHub refuses to redeliver {guid} from now on"),
            Self::AskedFor(guid) => write!(f, "somebody asks for {guid}"),
            Self::Pass(Pass::Whole, late) => write!(f, "pass; what it asks for is listed {late} min late"),
            Self::Pass(Pass::Blind, _) => f.write_str("pass that cannot read the log"),
            Self::Pass(Pass::Dies, _) => f.write_str("pass that dies before it asks for anything"),
        }
    }
}

#[derive(Clone)]
pub(crate) struct Story {
    pub(crate) ours: bool,
    pub(crate) signed: bool,
    pub(crate) attempts: u32,
    /// From 0 to 1.
    pub(crate) jitter: f64,
    pub(crate) oldest_first: bool,
    pub(crate) moments: Vec<(u64, What)>,
}

impl fmt::Debug for Story {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whose = if self.ours {
            "we are the receiver"
        } else {
            "the receiver is elsewhere"
        };
        let signed = if self.signed { "signed" } else { "not signed" };
        let Self { attempts, jitter, .. } = self;
        write!(f, "\n  {whose}; {signed}; {attempts} attempts, jitter {jitter}")?;
        let mut at = 0;
        for (later, what) in &self.moments {
            at += later;
            write!(f, "\n  minute {at}: {what:?}")?;
        }
        Ok(())
    }
}

pub(crate) fn any_story() -> impl Strategy<Value = Story> {
    let guid = || prop_oneof![select(GUIDS[..3].to_vec()), select(GUIDS.to_vec())];
    let late = || prop_oneof![Just(0u16), 10..60u16];
    let answer = prop_oneof![
        4 => select(vec![500, 502, 0]).prop_map(Answer::Fails),
        2 => select(vec![401, 409, 413]).prop_map(Answer::Fails),
        2 => Just(Answer::Takes),
        1 => select(vec![Answer::Redirects, Answer::TakesAndSaysOk, Answer::TakesAndIsSilent]),
    ];
    let pass = prop_oneof![8 => Just(Pass::Whole), 1 => Just(Pass::Blind), 1 => Just(Pass::Dies)];
    let what = prop_oneof![
        6 => (guid(), late()).prop_map(|(guid, late)| What::Delivered(guid, late)),
        4 => (guid(), late()).prop_map(|(guid, late)| What::ByHand(guid, late)),
        3 => answer.prop_map(What::Answers),
        1 => guid().prop_map(What::Refuses),
        1 => guid().prop_map(What::AskedFor),
        14 => (pass, late()).prop_map(|(pass, late)| What::Pass(pass, late)),
    ];
    let later = prop_oneof![8 => 0..8u64, 4 => 8..60u64, 2 => 60..600u64, 1 => 600..4000u64];
    let jitter = select(vec![0.0, 0.5, 1.0]);
    let moments = prop::collection::vec((later, what), 1..50);
    let story = (any::<bool>(), any::<bool>(), 1..5u32, jitter, any::<bool>(), moments);
    story.prop_map(|(ours, signed, attempts, jitter, oldest_first, moments)| Story {
        ours,
        signed,
        attempts,
        jitter,
        oldest_first,
        moments,
    })
}
