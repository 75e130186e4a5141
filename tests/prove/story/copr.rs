//! A build breaks, is rebuilt, is well.

use crate::invariants::{Fact, Told, must};
use crate::run::Run;
use crate::stage::monitor;

pub const BREAKS: &str = "beta fails to build in alice/demo";
pub const WELL: &str = "beta builds again in alice/demo";

pub async fn build(run: &Run<'_>) -> Told {
    for (state, build) in [("failed", 5), ("waiting", 6), ("succeeded", 6)] {
        run.stage.monitor(monitor(&[("beta", state, build)]));
        run.later(10);
        if state == "failed" {
            // What breaks and is mended between two polls is not seen.
            run.pass_and_mend().await;
        } else {
            run.pass().await;
        }
    }
    told()
}

/// What a build tells on both channels.
pub fn told() -> Told {
    let facts = facts();
    Told {
        team: facts.clone(),
        rpm: facts,
        records: Vec::new(),
        secrets: secrets(),
        refused: Some(0),
    }
}

pub fn facts() -> Vec<Fact> {
    vec![must("beta", BREAKS), must("beta", WELL)]
}

/// What is secret of the channels: their paths.
pub fn secrets() -> Vec<String> {
    ["/services/T0", "/bot/v2/hook"].map(str::to_owned).to_vec()
}
