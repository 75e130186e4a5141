//! `copperbell outbox`: what waits, what was given up.

use anyhow::bail;
use jobs::Dead;

use crate::cli::OutboxAction;
use crate::connect::Standalone;
use crate::output::{counted, print, table};

pub(crate) async fn run(standalone: &Standalone, action: OutboxAction) -> anyhow::Result<bool> {
    let context = &standalone.loaded.context;
    let (waiting, dead) = jobs::list(context).await?;
    match action {
        OutboxAction::List => {
            if waiting.is_empty() && dead.is_empty() {
                print("Nothing waits, and nothing was given up.\n")?;
                return Ok(true);
            }
            let waiting = waiting
                .into_iter()
                .map(|item| vec![item.channel, "waiting".to_owned(), item.id, item.title]);
            let dead = dead.into_iter().map(|dead| {
                let why = format!("given up: {}", dead.reason);
                vec![dead.channel, why, dead.id, dead.title]
            });
            let rows = waiting.chain(dead);
            print(&table(&["channel", "state", "id", "notice"], rows))?;
        }
        OutboxAction::Retry { id, to } => {
            let chosen: Vec<&Dead> = match &id {
                None => dead.iter().collect(),
                Some(id) => vec![find(&dead, id)?],
            };
            for letter in &chosen {
                jobs::retry(context, letter, to.as_deref()).await?;
            }
            let said = counted(chosen.len(), "notice");
            print(&format!("{said} back in the outbox; the next pass sends them.\n"))?;
        }
        OutboxAction::Drop { id } => {
            jobs::drop_dead(context, find(&dead, &id)?).await?;
            print("Thrown away.\n")?;
        }
    }
    Ok(true)
}

fn find<'a>(dead: &'a [Dead], id: &str) -> anyhow::Result<&'a Dead> {
    match dead.iter().find(|letter| letter.id == id) {
        Some(letter) => Ok(letter),
        None => bail!("there is no dead letter {id}: `copperbell outbox list` shows those there are"),
    }
}
