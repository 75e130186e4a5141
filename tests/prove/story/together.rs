//! Two at once: passes, or the webhook and a pass, or one delivery twice.

use futures_util::future::join;
use serde_json::json;

use super::issue::{self, SECRET, issue as payload, receive, sent, taken};
use super::{Scene, copr};
use crate::invariants::{Told, must};
use crate::run::Run;
use crate::stage::{Stage, monitor};

pub async fn two_passes(run: &Run<'_>) -> Told {
    for (state, build) in [("failed", 5), ("succeeded", 6)] {
        run.stage.monitor(monitor(&[("beta", state, build)]));
        run.later(10);
        join(run.pass(), run.pass()).await;
        run.later(10);
        run.clean_pass().await;
    }
    copr::told()
}

pub async fn scene() -> Scene {
    let mut stage = Stage::new().await;
    stage.secrets["github_webhook_secret"] = json!(SECRET);
    stage.secrets["channels"].as_array_mut().unwrap().truncate(1);
    Scene::Plain(stage)
}

pub async fn webhook_and_pass(run: &Run<'_>) -> Result<Told, String> {
    for (guid, action, state, build) in [("guid-1", "opened", "failed", 5), ("guid-2", "closed", "succeeded", 6)] {
        run.stage.monitor(monitor(&[("beta", state, build)]));
        run.later(10);
        let sent = sent("issues", guid, &payload(7, action, &[]));
        let twice = join(receive(run, &sent), receive(run, &sent));
        join(twice, run.pass()).await;
        taken(run, &sent).await?;
        run.later(10);
        run.clean_pass().await;
    }
    let mut team = copr::facts();
    team.extend([
        must("7", "alice opened acme/app#7"),
        must("7", "alice closed acme/app#7"),
    ]);
    Ok(Told {
        team,
        rpm: Vec::new(),
        records: Vec::new(),
        secrets: issue::secrets(),
        refused: Some(0),
    })
}
