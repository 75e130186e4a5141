//! The redelivery job for one hook, continued: what is due is redelivered, or pulled.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use bell::loss::{Loss, Standing, Step};
use bell::watch::Redelivery;
use futures_util::lock::Mutex;
use futures_util::{StreamExt as _, stream};
use github::{ApiError, HookRef, Pulled, Rate};
use outbound::Deadline;
use state::Stored;

use crate::context::Context;
use crate::hook::{Held, REQUEST_TIMEOUT, STEP, Stop, Taken};
use crate::pace::{self, Pace};
use crate::receive::{Received, receive_pulled};
use crate::reconcile::Work;
use crate::report::HookReport;

/// How many attempts are written down before they are made? Those of a process that dies then wait for their next turn.
const BATCH: usize = 25;

/// After how many requests in a row without an answer does a pass stop?
const UNANSWERED: usize = 5;

/// Does what is due for a hook, as far as there is time. What is left is a backlog: the next pass goes on.
pub(crate) async fn redeliver(
    context: &Context,
    redelivery: &Redelivery,
    hook: &HookRef,
    work: Work,
    deadline: Deadline,
    pace: &Pace,
    report: &mut HookReport,
) {
    pace.has_read(work.asked);
    if !work.is_due() {
        return;
    }
    let Work { findings, rate, .. } = work;
    let held = match Held::take(context, redelivery, hook, None, deadline).await {
        Ok(Taken::Ours(held)) => *held,
        Ok(Taken::Held | Taken::Done) => return,
        Err(error) => return report.failed(&error),
    };
    let mut backlog = Backlog {
        held,
        pace,
        rate,
        report,
        pulling: Mutex::default(),
        stopped: AtomicBool::new(false),
    };
    let made = match backlog.all(&findings.due).await {
        Ok(()) => backlog.probe(findings.probe).await,
        stopped => stopped,
    };
    let given_back = match &made {
        // What the table does not take now, the next pass decides again.
        Err(Stop::TakenOver | Stop::Table(_)) => Ok(()),
        Err(Stop::Api(error)) => {
            let told = backlog.held.blocked(error);
            backlog.held.finish(told, None).await
        }
        _ => backlog.held.finish(Vec::new(), None).await,
    };
    match made.and(given_back) {
        Ok(()) | Err(Stop::Time) => {}
        Err(stop) => report.failed(&stop),
    }
}

struct Backlog<'a> {
    held: Held<'a>,
    pace: &'a Pace,
    rate: Rate,
    report: &'a mut HookReport,
    /// Payloads may be large, and a Lambda has 128 MB: one at a time.
    pulling: Mutex<()>,
    /// One met what all others would meet: no further attempt is begun.
    stopped: AtomicBool,
}

/// An attempt that was written down.
struct Begun {
    guid: String,
    before: Loss,
    /// As it was written down, with its revision.
    now: Stored<Loss>,
    step: Step,
}

/// What came of it.
enum Came {
    /// GitHub will redeliver it.
    Queued(Rate),
    /// Its payload was taken.
    Taken(Rate),
    /// It was looked up: was it signed?
    Signed(bool, Rate),
    /// This one cannot be had; others can.
    Refused(String),
    /// GitHub may have heard of it or not.
    Unanswered(ApiError),
    /// Nothing came of it, nor would of others.
    Nothing(ApiError),
    /// Another failed so that this one was not begun.
    NotBegun,
}

impl Backlog<'_> {
    /// One redelivery tries a receiver that is down. It counts as no attempt.
    async fn probe(&mut self, guid: Option<String>) -> Result<(), Stop> {
        let now = self.held.now();
        let Some(guid) = guid.filter(|_| self.held.state.breaker.wants_probe(now)) else {
            return Ok(());
        };
        self.held.go_on().await?;
        let known = self.held.losses([guid.as_str()].into_iter()).await?;
        let Some((stored, failed)) = known.get(&guid).and_then(|stored| Some((stored, stored.doc.failed?))) else {
            return Ok(());
        };
        // It may have been pulled just now.
        if stored.doc.succeeded {
            return Ok(());
        }
        let mut loss = stored.doc.clone();
        loss.probe(now);
        let remembered = self.held.remember(&guid, &loss, Some(stored.rev))?;
        self.held.state.breaker.probe(&guid, now);
        self.held.store(vec![remembered], |_| {}).await?;
        tracing::info!(hook = self.held.name, guid, "a redelivery tries the receiver");
        match self.post(failed.id).await {
            Came::Queued(rate) => {
                self.rate = rate;
                self.report.redelivered += 1;
                Ok(())
            }
            Came::NotBegun => Err(Stop::Time),
            Came::Nothing(error) | Came::Unanswered(error) => self.stop(error),
            _ => {
                self.held.state.breaker.probe_refused();
                Ok(())
            }
        }
    }

    async fn all(&mut self, due: &[String]) -> Result<(), Stop> {
        let mut unanswered = 0;
        for guids in due.chunks(BATCH) {
            if !pace::leaves(self.rate, guids.len()) {
                tracing::info!(hook = self.held.name, "GitHub's limit is near; the rest waits");
                return Ok(());
            }
            self.held.go_on().await?;
            let begun = self.begin(guids).await?;
            let came = self.make(&begun).await;
            let mut facts = Vec::new();
            let mut stop = None;
            for (begun, came) in begun.into_iter().zip(came) {
                let Begun { guid, before, now, .. } = begun;
                let mut after = now.doc.clone();
                unanswered = if matches!(came, Came::Unanswered(_)) {
                    unanswered + 1
                } else {
                    0
                };
                match came {
                    Came::Queued(rate) => {
                        self.rate = rate;
                        self.report.redelivered += 1;
                        self.held.state.blocked = None;
                        after.refused = None;
                    }
                    Came::Taken(rate) => {
                        self.rate = rate;
                        self.report.recovered += 1;
                        after.succeeded = true;
                    }
                    Came::Signed(signed, rate) => {
                        self.rate = rate;
                        after = before;
                        after.signed = Some(signed);
                    }
                    Came::Refused(said) => after.refused = Some(said),
                    Came::Unanswered(error) => {
                        if unanswered >= UNANSWERED {
                            stop = Some(error);
                        }
                    }
                    Came::Nothing(error) => {
                        after = before;
                        stop = Some(error);
                    }
                    Came::NotBegun => after = before,
                }
                if after != now.doc {
                    facts.push(self.held.remember(&guid, &after, Some(now.rev))?);
                }
            }
            if !facts.is_empty() {
                self.held.store(facts, |_| {}).await?;
            }
            if let Some(error) = stop {
                return self.stop(error);
            }
        }
        Ok(())
    }

    /// Writes attempts down before they are made, so that none is made twice within its pause.
    async fn begin(&mut self, guids: &[String]) -> Result<Vec<Begun>, Stop> {
        let now = self.held.now();
        let treatment = self.held.treatment();
        let mut known = self.held.losses(guids.iter().map(String::as_str)).await?;
        let accepted = self.held.accepted_here(guids.iter().map(String::as_str)).await?;
        let mut begun = Vec::new();
        let mut facts = Vec::new();
        // In the order of `guids`: those longest lost come first.
        for (guid, stored) in guids.iter().filter_map(|guid| known.remove_entry(guid)) {
            let before = stored.doc;
            let mut after = before.clone();
            let step = before.step(&treatment, now);
            if accepted.contains(&guid) && before.standing() != Standing::Well {
                after.succeeded = true;
                self.report.recovered += 1;
            } else if matches!(step, Step::Redeliver | Step::Pull | Step::LookUp) {
                after.attempt(fastrand::f64(), now);
            } else {
                continue;
            }
            facts.push(self.held.remember(&guid, &after, Some(stored.rev))?);
            if !after.succeeded {
                begun.push(Begun {
                    guid,
                    before,
                    now: Stored {
                        doc: after,
                        rev: stored.rev + 1,
                        tick: None,
                        expires: None,
                    },
                    step,
                });
            }
        }
        if !facts.is_empty() {
            self.held.store(facts, |_| {}).await?;
        }
        Ok(begun)
    }

    /// Makes attempts, several at once.
    async fn make(&self, begun: &[Begun]) -> Vec<Came> {
        let unanswered = AtomicUsize::new(0);
        let mut attempts = Vec::with_capacity(begun.len());
        for begun in begun {
            attempts.push(self.attempt_unless_stopped(&unanswered, begun));
        }
        let at_once = pace::at_once(self.rate);
        let came = stream::iter(attempts).buffered(at_once).collect().await;
        self.stopped.store(false, Ordering::Relaxed);
        came
    }

    async fn attempt_unless_stopped(&self, unanswered: &AtomicUsize, begun: &Begun) -> Came {
        let came = self.attempt(begun).await;
        let stop = match came {
            Came::Nothing(_) => true,
            Came::Unanswered(_) => unanswered.fetch_add(1, Ordering::Relaxed) + 1 >= UNANSWERED,
            _ => false,
        };
        self.stopped.fetch_or(stop, Ordering::Relaxed);
        came
    }

    async fn attempt(&self, begun: &Begun) -> Came {
        let Some(failed) = begun.before.failed else {
            return Came::NotBegun;
        };
        match begun.step {
            Step::Redeliver => self.post(failed.id).await,
            Step::Pull => self.pull(failed.id).await,
            Step::LookUp => match self.delivery(failed.id).await {
                Ok(pulled) => Came::Signed(pulled.hook_signed, pulled.rate),
                // What cannot be looked up is redelivered as any other.
                Err(Came::Refused(_)) => Came::Signed(false, self.rate),
                Err(came) => came,
            },
            Step::Nothing | Step::GiveUp(_) => Came::NotBegun,
        }
    }

    async fn post(&self, id: u64) -> Came {
        if !self.turn().await {
            return Came::NotBegun;
        }
        let Context { github, outbound, .. } = self.held.context;
        match github.redeliver(outbound, self.held.hook, id, REQUEST_TIMEOUT).await {
            Ok(rate) => Came::Queued(rate),
            Err(error) => Came::from(error),
        }
    }

    /// Waits for its turn; false where the pass has no time for that, or has stopped meanwhile.
    async fn turn(&self) -> bool {
        let is_stopped = || self.stopped.load(Ordering::Relaxed);
        let points_here = self.held.state.points_here();
        !is_stopped() && self.pace.turn(self.rate, points_here, self.held.deadline, STEP).await && !is_stopped()
    }

    async fn delivery(&self, id: u64) -> Result<Pulled, Came> {
        let _one = self.pulling.lock().await;
        if !self.turn().await {
            return Err(Came::NotBegun);
        }
        let Context { github, outbound, .. } = self.held.context;
        let pulled = github.delivery(outbound, self.held.hook, id, REQUEST_TIMEOUT).await;
        pulled.map_err(Came::from)
    }

    /// Fetches a delivery's payload and takes it as if it had arrived.
    async fn pull(&self, id: u64) -> Came {
        let pulled = match self.delivery(id).await {
            Ok(pulled) => pulled,
            Err(came) => return came,
        };
        let hook = match self.held.hook {
            HookRef::App => None,
            HookRef::Repository { id, .. } | HookRef::Organization { id, .. } => Some(*id),
        };
        match receive_pulled(self.held.context, hook, &pulled).await {
            // A conflict: its guid was accepted.
            Received::Accepted
            | Received::Repeat
            | Received::Replay
            | Received::Conflict
            | Received::Ping
            | Received::Unused => Came::Taken(pulled.rate),
            Received::Unavailable => Came::NotBegun,
            _ => Came::Refused("its payload could not be taken".to_owned()),
        }
    }

    fn stop(&mut self, error: ApiError) -> Result<(), Stop> {
        match error {
            ApiError::RateLimited { until } => {
                self.held.rest(until);
                Ok(())
            }
            error => Err(Stop::Api(error)),
        }
    }
}

impl From<ApiError> for Came {
    fn from(error: ApiError) -> Self {
        match error {
            error if error.is_about_the_delivery() => Self::Refused(error.to_string()),
            // Whatever it means, one that meets it must not hold up the others.
            ApiError::Status { status: 400..500, .. } | ApiError::Wordless(400..500) => {
                Self::Refused(error.to_string())
            }
            ApiError::TimedOut(_) | ApiError::Broken(_) | ApiError::Server(_) | ApiError::Unreadable(_) => {
                Self::Unanswered(error)
            }
            // Not the answer that GitHub gives, but one that does not say no.
            ApiError::Status { status: 200..300, .. } | ApiError::Wordless(200..300) => Self::Unanswered(error),
            error => Self::Nothing(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Other answers would have a delivery sent twice (an attempt given back that had its effect), or a pass held up.
    #[test]
    fn an_answer_says_whether_the_attempt_had_its_effect() {
        let status = |status| ApiError::Status {
            status,
            said: String::new(),
        };
        let came = |error: ApiError| match Came::from(error) {
            Came::Refused(_) => "refused",
            Came::Unanswered(_) => "unanswered",
            Came::Nothing(_) => "nothing",
            _ => "?",
        };
        for (error, expected) in [
            (status(200), "unanswered"),
            (ApiError::Wordless(204), "unanswered"),
            (status(422), "refused"),
            (ApiError::Wordless(404), "refused"),
            (status(302), "nothing"),
            (ApiError::Server(502), "unanswered"),
        ] {
            let said = format!("{error:?}");
            assert_eq!(came(error), expected, "{said}");
        }
    }
}
