//! `copperbell redelivery`: the lost deliveries of hooks, what is to become of them, and doing it now.

use anyhow::Context as _;
use jobs::Scope;

use crate::bad_start::BadStart;
use crate::cli::RedeliveryAction;
use crate::connect::Standalone;
use crate::output::{print, print_json, table};

pub(crate) async fn run(mut standalone: Standalone, action: RedeliveryAction) -> anyhow::Result<bool> {
    if standalone.watch.redelivery.hooks.is_empty() {
        let what = "GITHUB_HOOKS: it is empty, so there is no delivery log to read: expected one hook at least";
        return Err(BadStart::new(what).into());
    }
    match action {
        RedeliveryAction::Run { since, json } => {
            standalone.watch.redelivery.since = since;
            super::watch::pass(&standalone, Scope::Hooks, json).await
        }
        RedeliveryAction::Plan { since, json } => {
            standalone.watch.redelivery.since = since;
            plan(&standalone, json).await
        }
        RedeliveryAction::Retry { guid } => {
            jobs::retry_loss(&standalone.loaded.context, &standalone.watch.redelivery, &guid).await?;
            print("The next pass tries it again.\n")?;
            Ok(true)
        }
    }
}

async fn plan(standalone: &Standalone, json: bool) -> anyhow::Result<bool> {
    let redelivery = &standalone.watch.redelivery;
    let mut planned = Vec::new();
    for hook in &redelivery.hooks {
        let of_hook = jobs::plan(&standalone.loaded.context, redelivery, hook).await;
        planned.extend(of_hook.with_context(|| hook.to_string())?);
    }
    if json {
        print_json(&planned)?;
    } else if planned.is_empty() {
        print("Nothing is lost.\n")?;
    } else {
        let header = ["hook", "guid", "event", "since", "failed", "attempts", "next"];
        let rows = planned.into_iter().map(|loss| {
            let failure = loss.failure.unwrap_or_default();
            let since = loss.since.to_string();
            let attempts = loss.attempts.to_string();
            vec![loss.hook, loss.guid, loss.name, since, failure, attempts, loss.next]
        });
        print(&table(&header, rows))?;
    }
    Ok(true)
}
