//! The fault point. In production it is empty and costs one branch; in a test it counts the calls and makes one of
//! them fail, in any way a network or a dying process can.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use tokio::sync::Notify;

use crate::error::Error;

/// One call that left the process: whom it went to, and what it asked.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Call {
    /// `copr`, `chat`, `dynamodb`, …
    pub service: &'static str,
    /// `GET /api_3/monitor`, `TransactWriteItems`, …: never a secret, so never a chat's URL.
    pub what: String,
}

/// What happens to a call.
#[derive(Clone, Debug)]
pub enum Fault {
    /// Nobody listens; the call has no effect.
    Refused,
    /// The connection is reset before the call has its effect.
    Reset,
    /// No answer in time; the call has no effect.
    TimedOut,
    /// The call has its effect, then the connection is reset before the answer is read.
    AnswerLost,
    /// The call has its effect, and its answer does not come in time.
    AnswerLate,
    /// Something else answers; the call has no effect.
    Answered(Answer),
    /// The call has its effect, then something else answers.
    AnsweredAfter(Answer),
    /// The process dies right before the call.
    DiesBefore,
    /// The process dies right after the call's effect.
    DiesAfter,
    /// The process is suspended right before the call, until it is [thawed](FaultPoint::thaw).
    Freezes,
}

/// An answer made up by a fault.
#[derive(Clone, Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Header names and values.
    pub headers: Vec<(&'static str, String)>,
    /// The body, or its beginning.
    pub body: Bytes,
    /// What comes after `body`.
    pub end: End,
}

/// How an answer made up by a fault ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// As it should.
    Whole,
    /// The connection breaks.
    Broken,
    /// It never does: the body comes byte by byte, a second each, and then nothing, until nobody waits any longer.
    Dripping,
}

/// Counts calls and makes one fail. Clones share one count.
#[derive(Clone, Debug, Default)]
pub struct FaultPoint(Option<Arc<Plan>>);

/// Which fault befalls a call, by its number and what it is.
type Chooser = dyn Fn(usize, &Call) -> Option<Fault> + Send + Sync;

struct Plan {
    calls: Mutex<Vec<Call>>,
    fault: Box<Chooser>,
    died: Notify,
    frozen: Notify,
    thawed: Notify,
}

impl std::fmt::Debug for Plan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Plan")
            .field("calls", &self.calls)
            .finish_non_exhaustive()
    }
}

impl FaultPoint {
    /// Nothing fails and nothing is counted.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Counts calls; nothing fails.
    #[must_use]
    pub fn counting() -> Self {
        Self::planned(|_, _| None)
    }

    /// Counts calls and makes the one with this number (from 0) fail.
    #[must_use]
    pub fn failing(number: usize, fault: Fault) -> Self {
        Self::planned(move |n, _| (n == number).then(|| fault.clone()))
    }

    /// Counts calls and asks `fault` about each, by its number (from 0) and what it is.
    #[must_use]
    pub fn planned(fault: impl Fn(usize, &Call) -> Option<Fault> + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(Plan {
            calls: Mutex::default(),
            fault: Box::new(fault),
            died: Notify::new(),
            frozen: Notify::new(),
            thawed: Notify::new(),
        })))
    }

    /// The calls so far, in order.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        self.0.as_ref().map_or_else(Vec::new, |plan| {
            plan.calls.lock().unwrap_or_else(PoisonError::into_inner).clone()
        })
    }

    /// Returns when a fault has killed the process: the test then drops the future it was running.
    pub async fn died(&self) {
        match &self.0 {
            Some(plan) => plan.died.notified().await,
            None => std::future::pending().await,
        }
    }

    /// Returns when a fault has suspended the process.
    pub async fn frozen(&self) {
        match &self.0 {
            Some(plan) => plan.frozen.notified().await,
            None => std::future::pending().await,
        }
    }

    /// The process goes on where it was suspended.
    pub fn thaw(&self) {
        if let Some(plan) = &self.0 {
            plan.thawed.notify_one();
        }
    }

    /// Runs `effect`, unless a fault was planned for this call. `as_answer` makes the caller's kind of response of
    /// an answer the fault made up.
    ///
    /// # Errors
    /// Those of `effect`, and the fault's.
    pub async fn pass<T>(
        &self,
        call: impl FnOnce() -> Call,
        effect: impl Future<Output = Result<T, Error>>,
        as_answer: impl FnOnce(Answer) -> T,
    ) -> Result<T, Error> {
        let Some(plan) = &self.0 else {
            return effect.await;
        };
        let fault = plan.next(call());
        match fault {
            None => effect.await,
            Some(Fault::Refused) => Err(Error::Refused("connection refused".to_owned())),
            Some(Fault::Reset) => Err(reset()),
            Some(Fault::TimedOut) => Err(Error::TimedOut),
            Some(Fault::AnswerLost) => {
                let _ = effect.await;
                Err(reset())
            }
            Some(Fault::AnswerLate) => {
                let _ = effect.await;
                Err(Error::TimedOut)
            }
            Some(Fault::Answered(answer)) => Ok(as_answer(answer)),
            Some(Fault::AnsweredAfter(answer)) => {
                let _ = effect.await;
                Ok(as_answer(answer))
            }
            Some(Fault::DiesBefore) => plan.die().await,
            Some(Fault::DiesAfter) => {
                let _ = effect.await;
                plan.die().await
            }
            Some(Fault::Freezes) => {
                plan.frozen.notify_one();
                plan.thawed.notified().await;
                effect.await
            }
        }
    }
}

fn reset() -> Error {
    Error::Broken("connection reset".to_owned())
}

impl Plan {
    fn next(&self, call: Call) -> Option<Fault> {
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        let fault = (self.fault)(calls.len(), &call);
        calls.push(call);
        fault
    }

    async fn die<T>(&self) -> T {
        self.died.notify_one();
        std::future::pending().await
    }
}
