//! Every call of every scenario fails in every way, and nothing is lost.
//!
//! `cargo test` makes every single fault of the main scenarios; with `COPPERBELL_PROVE=all` every single fault of all
//! scenarios, and pairs; with the name of a scenario all single faults of it. What failed is printed as a line that, as
//! `COPPERBELL_PROVE`, makes that one run again.

#![expect(unreachable_pub, reason = "a test is no library")]

mod enumerate;
mod invariants;
mod killed;
mod log;
mod past;
mod plan;
mod run;
#[path = "../stage/mod.rs"]
mod stage;
mod story;
mod ways;

use std::time::Instant;

use enumerate::{Known, Scenario, Trial, known, pairs, prove, singles};
use story::Story;
use ways::Fate;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How many pairs of faults are tried in all.
const PAIRS: usize = 2400;

const fn scenario(story: Story, fate: Fate) -> Scenario {
    Scenario { story, fate }
}

/// Those of which `cargo test` makes every single fault.
const MAIN: [Scenario; 3] = [
    scenario(Story::Build, Fate::Fails),
    scenario(Story::Issue, Fate::Fails),
    scenario(Story::Outage, Fate::Fails),
];

/// GitHub's clock is not ours, and the stand-in's is: so no clock jumps in an outage.
const OTHERS: [Scenario; 16] = [
    scenario(Story::Elsewhere, Fate::Fails),
    scenario(Story::Rotation, Fate::Fails),
    scenario(Story::Twice, Fate::Fails),
    scenario(Story::Together, Fate::Fails),
    scenario(Story::DeadLetter, Fate::Fails),
    scenario(Story::Build, Fate::Throttled),
    scenario(Story::Issue, Fate::Throttled),
    scenario(Story::Outage, Fate::Throttled),
    scenario(Story::Build, Fate::Frozen),
    scenario(Story::Issue, Fate::Frozen),
    scenario(Story::Outage, Fate::Frozen),
    scenario(Story::Build, Fate::Jumps),
    scenario(Story::Issue, Fate::Jumps),
    scenario(Story::Build, Fate::Ends),
    scenario(Story::Issue, Fate::Ends),
    scenario(Story::Outage, Fate::Ends),
];

#[test]
fn every_call_fails_in_every_way_and_nothing_is_lost() {
    let began = Instant::now();
    let wanted = std::env::var("COPPERBELL_PROVE").unwrap_or_default();
    let all = wanted == "all";
    let scenarios: Vec<Scenario> = if wanted.is_empty() {
        MAIN.to_vec()
    } else {
        MAIN.into_iter().chain(OTHERS).collect()
    };
    // The name of one scenario, or a line that a failure printed.
    let (name, line) = wanted.split_once(": ").unzip();
    let name = name.unwrap_or(&wanted);
    let is_wanted = |scenario: &Scenario| all || wanted.is_empty() || scenario.to_string() == name;
    let scenarios: Vec<Scenario> = scenarios.into_iter().filter(is_wanted).collect();
    assert!(!scenarios.is_empty(), "no scenario is called {name}");

    let all_known: Vec<Known> = scenarios.iter().map(|&scenario| known(scenario)).collect();
    let mut trials = Vec::new();
    let mut places = 0;
    for known in &all_known {
        let of_this = singles(known);
        println!(
            "{}: {} calls, {} faults",
            known.scenario,
            known.calls.len(),
            of_this.len()
        );
        places += known.calls.len();
        trials.extend(of_this);
    }
    if let Some(line) = line {
        return replay(line, &all_known, &trials);
    }
    let met = prove(&all_known, &trials);
    let missed = trials.len() - met;
    let at_once = trials.iter().filter(|trial| trial.scenario.story.is_at_once()).count();
    assert!(missed <= at_once / 10, "{missed} faults befell no call");
    let fails: Vec<Trial> = trials
        .iter()
        .filter(|trial| trial.scenario.fate == Fate::Fails)
        .cloned()
        .collect();
    let pairs = if all { pairs(&fails, PAIRS, 1) } else { Vec::new() };
    let met_both = prove(&all_known, &pairs);
    println!(
        "{} scenarios × {places} calls: {met} single faults and {met_both} pairs, every invariant held after each, {:.1} s",
        scenarios.len(),
        began.elapsed().as_secs_f64(),
    );
    if all {
        assert!(met >= 3000 && met_both >= 2000, "{met} and {met_both}");
    }
}

/// Makes one run again, with the faults that a line names.
fn replay(line: &str, all: &[Known], singles: &[Trial]) {
    let blow = |trial: &Trial| trial.blows[0].to_string();
    let named = line.split(" + ").map(|name| {
        let known = singles.iter().find(|trial| blow(trial) == name);
        known.unwrap_or_else(|| panic!("no call of the scenario fails like `{name}`"))
    });
    let blows = named.map(|trial| trial.blows[0].clone()).collect();
    let scenario = singles[0].scenario;
    println!(
        "{} of 1 run met its faults, and every invariant held",
        prove(all, &[Trial { scenario, blows }])
    );
}
