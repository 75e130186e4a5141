//! A channel refuses a notice, which is given up; a person sends it again.

use std::time::Duration;

use jobs::{Context, Watch};
use outbound::{Deadline, FaultPoint};
use world::ChatAnswer;

use super::copr::{self, BREAKS, WELL};
use crate::invariants::{Told, items, must};
use crate::run::Run;
use crate::stage::monitor;

pub async fn dies_and_returns(run: &Run<'_>) -> Result<Told, String> {
    run.stage.slack.answer_always(Some(ChatAnswer::Status {
        status: 400,
        headers: Vec::new(),
        body: "invalid_blocks".to_owned(),
    }));
    run.stage.monitor(monitor(&[("beta", "failed", 5)]));
    run.later(10);
    run.pass_and_mend().await;
    if items(run, "dead#team").len() != 1 {
        return Err(format!("dead letters: {:?}", items(run, "dead#team")));
    }
    run.stage.slack.answer_always(None);
    let retry_once = async |context: Context, _: Watch, _: Deadline| retry(&context).await;
    let retried = run.process(Duration::from_mins(5), retry_once);
    // Whoever saw it fail does it once more.
    if !matches!(retried.await, Some(Ok(()))) {
        let (context, _) = run.stage.process(FaultPoint::none());
        retry(&context).await?;
    }
    run.pass_and_mend().await;
    run.stage.monitor(monitor(&[("beta", "succeeded", 6)]));
    run.later(10);
    run.pass_and_mend().await;
    let told = must("dead letter", "1 notice for channel team was given up");
    let mut rpm = copr::facts();
    rpm.push(told);
    Ok(Told {
        team: vec![must("beta", BREAKS), must("beta", WELL)],
        rpm,
        records: Vec::new(),
        secrets: copr::secrets(),
        refused: Some(0),
    })
}

async fn retry(context: &Context) -> Result<(), String> {
    let (_, dead) = jobs::list(context).await.map_err(|error| error.to_string())?;
    for letter in &dead {
        jobs::retry(context, letter, None)
            .await
            .map_err(|error| error.to_string())?;
    }
    Ok(())
}
