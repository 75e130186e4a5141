//! One process from its start to its end: what its init takes, its first invocation, and those after.

use std::collections::BTreeMap;
use std::io::{Read as _, Seek as _};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use serde_json::Value;
use world::RuntimeApi;

use crate::candidate::{Candidate, environment};
use crate::process::{Process, Throttle};
use crate::stand_ins::{Counts, StandIns};

/// How long may anything take? A Python at 128 MB takes some seconds.
const PATIENCE: Duration = Duration::from_mins(1);

/// How long after an answer does the processor's clock stand still? The process goes on to ask for the next event.
const SETTLE: Duration = Duration::from_millis(20);

/// What is timed.
pub(crate) struct Plan<'a> {
    pub(crate) stand_ins: &'a StandIns,
    pub(crate) python_path: &'a std::path::Path,
    /// The memory, in MB, by whose share of a core it is held after its init.
    pub(crate) memory: Option<u32>,
    /// Invocations after the first.
    pub(crate) warm: usize,
}

/// What came of it, in ms, MB and counts.
pub(crate) struct Session {
    pub(crate) figures: BTreeMap<&'static str, f64>,
    /// Milliseconds of each invocation after the first.
    pub(crate) warm: Vec<f64>,
    pub(crate) init_calls: Counts,
    pub(crate) first_calls: Counts,
    pub(crate) warm_calls: Counts,
}

impl Plan<'_> {
    /// Starts a candidate, and hands it events, whose answers must be `good`.
    pub(crate) async fn run(
        &self,
        candidate: &Candidate,
        mut event: impl FnMut() -> Value,
        good: impl Fn(&Value) -> bool,
    ) -> anyhow::Result<Session> {
        let runtime = RuntimeApi::start().await;
        let mut log = tempfile::tempfile()?;
        let env = environment(self.stand_ins, &runtime.address(), self.python_path);
        self.stand_ins.take_counts();
        // Each has a group of its own: what it overdraws while it is killed would be the next one's debt.
        let throttle = self.memory.map(Throttle::for_memory).transpose()?;
        let process = Process::start(&candidate.command, &env, &log)?;
        let timed = self
            .timed(&runtime, &process, throttle.as_ref(), &mut event, good)
            .await;
        timed.with_context(|| {
            let mut printed = String::new();
            let read = log.rewind().and_then(|()| log.read_to_string(&mut printed));
            format!("{} failed; it printed ({read:?}):\n{printed}", candidate.name)
        })
    }

    async fn timed(
        &self,
        runtime: &RuntimeApi,
        process: &Process,
        throttle: Option<&Throttle>,
        event: &mut impl FnMut() -> Value,
        good: impl Fn(&Value) -> bool,
    ) -> anyhow::Result<Session> {
        let first_poll = tokio::time::timeout(PATIENCE, runtime.first_poll()).await;
        let init = process.started.elapsed();
        first_poll.context("it never asked for an event")?;
        match throttle {
            None => tokio::time::sleep(SETTLE).await,
            // The event that an environment is started for is waiting when its init is over.
            Some(throttle) => process.hold_to(throttle)?,
        }
        let init_cpu = process.cpu()?;
        let init_calls = self.stand_ins.take_counts();

        let mut invoke = async || -> anyhow::Result<Duration> {
            let event = event();
            let begin = Instant::now();
            let answer = tokio::time::timeout(PATIENCE, runtime.invoke(event, 60_000)).await;
            let took = begin.elapsed();
            match answer.context("it did not answer")? {
                Ok(answer) if good(&answer) => Ok(took),
                answer => bail!("it answered {answer:?}"),
            }
        };
        let first = invoke().await?;
        tokio::time::sleep(SETTLE).await;
        let first_cpu = process.cpu()?;
        let first_calls = self.stand_ins.take_counts();
        let first_memory = process.peak_memory()?;
        let mut warm = Vec::with_capacity(self.warm);
        for _ in 0..self.warm {
            warm.push(ms(invoke().await?));
        }
        tokio::time::sleep(SETTLE).await;
        let warm_cpu = process.cpu()?.saturating_sub(first_cpu);
        let warm_calls = self.stand_ins.take_counts();
        let mut figures = BTreeMap::from([
            ("init_ms", ms(init)),
            ("init_cpu_ms", ms(init_cpu)),
            ("first_ms", ms(first)),
            ("first_cpu_ms", ms(first_cpu.saturating_sub(init_cpu))),
            ("cold_cpu_ms", ms(first_cpu)),
            ("rss_first_mb", mb(first_memory)),
            ("rss_mb", mb(process.peak_memory()?)),
            ("init_handshakes", count(init_calls.handshakes)),
            ("first_handshakes", count(first_calls.handshakes)),
        ]);
        if self.warm > 0 {
            figures.insert("warm_cpu_ms", ms(warm_cpu) / count(self.warm));
        }
        Ok(Session {
            figures,
            warm,
            init_calls,
            first_calls,
            warm_calls,
        })
    }
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

#[expect(clippy::cast_precision_loss, reason = "a size far below 2^52")]
pub(crate) fn mb(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

#[expect(clippy::cast_precision_loss, reason = "a count far below 2^52")]
pub(crate) fn count(count: usize) -> f64 {
    count as f64
}
