//! Deliveries of a hook are lost, and got back.

use std::collections::HashMap;

use serde_json::json;
use world::Event;

use super::issue::issue as payload;
use super::{Story, copr};
use crate::invariants::{Fact, Told, items, must};
use crate::run::Run;
use crate::stage::hooks::{HOOK, HookStage, WEBHOOK_SECRET};

const MINUTE: i64 = 60_000;
const TOKEN: &str = "ghp_nobodyknowsthistoken";
const FAIL: &str = "Deliveries of repo∶acme/app∶1 fail";
const ARRIVE: &str = "Deliveries of repo∶acme/app∶1 arrive again";

pub async fn elsewhere() -> HookStage {
    let mut hook = HookStage::new().await;
    hook.stage.secrets["channels"] = json!([{"name": "team", "url": hook.stage.slack.url()}]);
    hook.stage.secrets["github_token"] = json!(TOKEN);
    hook.github.set_token(TOKEN, world::Rights::Redeliver);
    hook.github.set_redelivery_lag(3 * MINUTE);
    hook
}

pub async fn here() -> HookStage {
    let mut hook = elsewhere().await;
    hook.point_here_by_name().await;
    hook
}

fn opened(number: u64) -> Event {
    Event::new("issues", &payload(number, "opened", &[]))
}

/// One is redelivered, one is pulled, one was taken and its answer lost, and one is listed late. A redelivery is listed
/// three minutes late, and a pass comes before that.
pub async fn heals_here(run: &Run<'_>, hook: &HookStage) -> Result<Told, String> {
    run.step(async || {
        let lost = [(1, 200), (2, 500), (3, 413), (4, 299)];
        for (number, answer) in lost {
            hook.answers(answer);
            hook.emit_as(opened(number)).await;
        }
        hook.answers(500);
        hook.emit_as(opened(5).late(15 * MINUTE)).await;
        hook.answers(200);
    })
    .await;
    for (minutes, fails) in [(10, true), (2, false), (10, true)] {
        run.later(minutes);
        if fails {
            run.pass().await;
        } else {
            run.clean_pass().await;
        }
    }
    let titles = [
        "alice opened acme/app#1",
        "alice opened acme/app#2",
        "alice opened acme/app#3",
        "alice opened acme/app#4",
        "alice opened acme/app#5",
    ];
    let mut team: Vec<Fact> = titles.map(|title| must(title, title)).to_vec();
    // An attempt that came to nothing leaves a loss that is told once it lasts.
    team.extend([FAIL, ARRIVE].map(|begins| Fact {
        must: false,
        ..must("hook", begins)
    }));
    Ok(told(team))
}

/// A receiver of somebody else's takes nothing for a while.
pub async fn heals_elsewhere(run: &Run<'_>, hook: &HookStage) -> Result<Told, String> {
    run.step(async || {
        hook.emit_as(opened(1)).await;
        hook.answers(0);
        for number in 2..8 {
            hook.emit_as(opened(number)).await;
        }
        hook.answers(200);
    })
    .await;
    for (minutes, fails) in [(10, true), (10, true), (2, false), (10, true), (20, false)] {
        run.later(minutes);
        if fails {
            run.pass().await;
        } else {
            run.clean_pass().await;
        }
    }
    Ok(told(vec![must("hook", FAIL), must("hook", ARRIVE)]))
}

fn told(team: Vec<Fact>) -> Told {
    let mut secrets = copr::secrets();
    secrets.extend([TOKEN, WEBHOOK_SECRET, "hush"].map(str::to_owned));
    Told {
        team,
        rpm: Vec::new(),
        records: Vec::new(),
        secrets,
        // A listener that is down refuses nothing: it does not hear.
        refused: None,
    }
}

/// Nothing stays lost, nothing is sent twice or too soon.
pub fn check(story: Story, run: &Run<'_>, hook: &HookStage) -> Result<(), String> {
    let lost = hook.github.lost(HOOK);
    if story == Story::Elsewhere && !lost.is_empty() {
        return Err(format!("lost: {lost:?}"));
    }
    let twice = hook.github.taken_twice(HOOK);
    if !twice.is_empty() {
        return Err(format!("taken twice: {twice:?}"));
    }
    let pause = shortest_pause(hook);
    if pause.is_some_and(|minutes| minutes < 3) {
        return Err(format!("redelivered again after {pause:?} minutes"));
    }
    for loss in items(run, &format!("lost#{HOOK}")) {
        if loss["doc"]["M"]["succeeded"]["BOOL"] != json!(true) {
            return Err(format!("still lost: {loss}"));
        }
    }
    let state = &items(run, "hook")[0]["doc"]["M"];
    let is_set = |name: &str| state[name].get("NULL").is_none() && !state[name].is_null();
    if state["lost"]["N"] != json!("0") && is_set("lost") || is_set("episode") || is_set("reading") {
        return Err(format!("the hook is not at rest: {state}"));
    }
    Ok(())
}

/// The shortest time between two redeliveries of a guid that GitHub was asked for, in minutes.
fn shortest_pause(hook: &HookStage) -> Option<i64> {
    let log = hook.github.deliveries(HOOK);
    let guids: HashMap<String, &str> = log.iter().map(|one| (one.id.to_string(), one.guid.as_str())).collect();
    let mut last = HashMap::new();
    let mut pauses = Vec::new();
    for request in hook.github.requests() {
        if let Some((_, id)) = request
            .path
            .strip_suffix("/attempts")
            .and_then(|path| path.rsplit_once('/'))
            && let Some(before) = last.insert(guids[id], request.at)
        {
            pauses.push((request.at - before) / MINUTE);
        }
    }
    pauses.into_iter().min()
}
