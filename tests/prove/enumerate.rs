//! The enumerator: plays a scenario once to learn its calls, then once for each way in which each of them can fail.

use std::any::Any;
use std::cell::RefCell;
use std::collections::HashSet;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use fastrand::Rng;
use outbound::Outbound;
use tokio::runtime::{Builder, Runtime};

use crate::invariants::check;
use crate::log::Log;
use crate::past::Past;
use crate::plan::{Blow, Made};
use crate::run::{Run, Tape};
use crate::story::Story;
use crate::ways::{Fate, ways};

/// How many failures are shown before the rest is not tried any more?
const ENOUGH: usize = 8;

/// Every run draws the same lots for its tokens and its jitter.
const SEED: u64 = 7;

/// A story, and what befalls its calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scenario {
    pub story: Story,
    pub fate: Fate,
}

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}", self.story, self.fate)
    }
}

/// A run to be made.
#[derive(Clone, Debug)]
pub struct Trial {
    pub scenario: Scenario,
    pub blows: Vec<Blow>,
}

/// A scenario that nothing befell.
pub struct Known {
    pub scenario: Scenario,
    pub calls: Vec<Made>,
    pub past: Past,
}

impl Known {
    /// The step in which the first of these faults befalls a call.
    fn first_step(&self, blows: &[Blow]) -> usize {
        let is_met = |made: &Made| blows.iter().any(|blow| blow.place == made.place);
        match self.calls.iter().position(is_met) {
            Some(call) if self.scenario.story.has_a_past() => self.past.step_of(call),
            _ => 0,
        }
    }
}

/// As it is given to the environment to be made again.
impl fmt::Display for Trial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let blows: Vec<String> = self.blows.iter().map(ToString::to_string).collect();
        write!(f, "{}: {}", self.scenario, blows.join(" + "))
    }
}

/// A run that kept to the invariants.
struct Played {
    made: Vec<Made>,
    /// Did all faults befall a call?
    is_done: bool,
    past: Option<Past>,
}

/// A thread's own: connections are kept from run to run.
struct Theatre {
    runtime: Runtime,
    outbound: Outbound,
    log: Log,
}

impl Theatre {
    fn new(log: Log) -> Self {
        Self {
            runtime: Builder::new_current_thread().enable_all().build().unwrap(),
            outbound: Outbound::new(),
            log,
        }
    }

    /// Makes a run, or says why an invariant does not hold.
    fn play(&self, story: Story, blows: &[Blow], tape: Tape<'_>) -> Result<Played, String> {
        fastrand::seed(SEED);
        let play = async {
            let scene = Box::pin(story.scene(&self.outbound)).await;
            let run = Run::new(&scene, &self.log, blows.to_vec(), tape);
            let told = Box::pin(story.play(&run, &scene)).await?;
            let (made, is_done) = (run.made(), run.is_done());
            let at_rest = || story.check(&run, &scene);
            Box::pin(check(&run, &told, story.passes_to_rest(), at_rest)).await?;
            let past = run.past();
            Ok(Played { made, is_done, past })
        };
        let played = catch_unwind(AssertUnwindSafe(|| self.runtime.block_on(play)));
        played.unwrap_or_else(|panic| Err(words(panic.as_ref())))
    }
}

fn words(panic: &(dyn Any + Send)) -> String {
    let said = panic.downcast_ref::<String>().map(String::as_str);
    let said = said.or_else(|| panic.downcast_ref::<&str>().copied());
    format!("a panic: {}", said.unwrap_or_default())
}

/// A thread with room for a story: unoptimised, its futures are large.
fn roomy() -> thread::Builder {
    thread::Builder::new().stack_size(64 << 20)
}

/// Plays on a thread of its own.
fn alone<T: Send>(play: impl FnOnce(&Theatre) -> T + Send) -> T {
    thread::scope(|scope| {
        let play = || {
            let (log, _guard) = Log::begin();
            play(&Theatre::new(log))
        };
        roomy().spawn_scoped(scope, play).unwrap().join().unwrap()
    })
}

/// A scenario that nothing befalls.
///
/// # Panics
/// When an invariant does not hold even so.
pub fn known(scenario: Scenario) -> Known {
    let tape = || Tape::Recorded(RefCell::default());
    let played = alone(|theatre| theatre.play(scenario.story, &[], tape()));
    let played = played.unwrap_or_else(|why| panic!("{scenario}, and nothing failed: {why}"));
    Known {
        scenario,
        calls: played.made,
        past: played.past.expect("it was recorded"),
    }
}

/// A trial for each way in which each call can fail.
pub fn singles(known: &Known) -> Vec<Trial> {
    let scenario = known.scenario;
    let blows = known.calls.iter().flat_map(|made| {
        let ways = ways(scenario.fate, &made.place.call).into_iter();
        ways.map(|way| Blow {
            place: made.place.clone(),
            way,
        })
    });
    blows
        .map(|blow| Trial {
            scenario,
            blows: vec![blow],
        })
        .collect()
}

/// Pairs of these trials' faults, no two the same, as many as are asked for.
pub fn pairs(singles: &[Trial], count: usize, seed: u64) -> Vec<Trial> {
    let mut rng = Rng::with_seed(seed);
    let mut drawn = HashSet::new();
    let mut pairs = Vec::new();
    while pairs.len() < count {
        let (first, second) = (rng.usize(..singles.len()), rng.usize(..singles.len()));
        let (first, second) = (first.min(second), first.max(second));
        let [one, other] = [&singles[first].blows[0], &singles[second].blows[0]];
        if singles[first].scenario == singles[second].scenario
            && one.place != other.place
            && drawn.insert((first, second))
        {
            pairs.push(Trial {
                scenario: singles[first].scenario,
                blows: vec![one.clone(), other.clone()],
            });
        }
    }
    pairs
}

/// Makes all these runs, as many at once as this machine has cores. How many of them met all their faults.
///
/// # Panics
/// When an invariant does not hold, with what to set to see it again.
pub fn prove(all: &[Known], trials: &[Trial]) -> usize {
    let next = AtomicUsize::new(0);
    let met = AtomicUsize::new(0);
    let failures = Mutex::new(Vec::new());
    let failed = || failures.lock().unwrap_or_else(PoisonError::into_inner);
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(2, usize::from) {
            let work = || {
                let (log, _guard) = Log::begin();
                let theatre = Theatre::new(log);
                while failed().len() < ENOUGH
                    && let Some(trial) = trials.get(next.fetch_add(1, Ordering::Relaxed))
                {
                    let known = all.iter().find(|known| known.scenario == trial.scenario);
                    let known = known.expect("a trial is made of a scenario that is known");
                    let tape = Tape::Played(&known.past, known.first_step(&trial.blows));
                    match theatre.play(trial.scenario.story, &trial.blows, tape) {
                        Ok(played) => {
                            met.fetch_add(usize::from(played.is_done), Ordering::Relaxed);
                        }
                        Err(why) => failed().push(format!("{why}\n    COPPERBELL_PROVE='{trial}'")),
                    }
                }
            };
            roomy().spawn_scoped(scope, work).unwrap();
        }
    });
    let failures = failures.into_inner().unwrap_or_else(PoisonError::into_inner);
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    met.into_inner()
}

/// Stories that begin in their middle, wherever they may, make the same calls as from their beginning.
#[test]
fn a_story_that_begins_in_its_middle_goes_on_like_the_whole() {
    for story in [Story::Build, Story::Issue, Story::Outage, Story::Elsewhere] {
        let fate = Fate::Fails;
        let whole = known(Scenario { story, fate });
        let last = whole.past.step_of(whole.calls.len() - 1);
        assert!(last > 0 && last < whole.past.steps(), "{story}");
        for first in 0..=last {
            let tape = || Tape::Played(&whole.past, first);
            let played = alone(|theatre| theatre.play(story, &[], tape()));
            let made = played.map_or_else(|why| panic!("{story} from step {first}: {why}"), |played| played.made);
            let calls = |made: &[Made]| -> HashSet<String> {
                let calls = made.iter().map(|made| format!("{} {}", made.place, made.process));
                calls.collect()
            };
            assert_eq!(calls(&made), calls(&whole.calls), "{story} from step {first}");
        }
    }
}
