//! Which channels there are: those of the settings, and those that the table still remembers.

use state::{DeadLetter, Error, TransactionError, Write, key};

use crate::context::Context;
use crate::deliver::{ChannelState, retire};

/// Puts the channel items the table lacks, so that a channel that leaves the settings one day is missed; and gives up
/// what waits for channels that have left.
pub(crate) async fn settle(context: &Context) -> Result<(), Error> {
    let known = context.table.sort_keys(key::CHANNELS).await?;
    let names = || context.bells.iter().map(|bell| bell.channel.name.as_str());
    for name in names().filter(|name| known.iter().all(|known| known != name)) {
        let put = Write::put(key::channel(name), &ChannelState::default(), None)?;
        write(context, put).await?;
    }
    for name in known.iter().filter(|known| names().all(|name| name != *known)) {
        // Dead letters keep their channel, or nobody would find them.
        let empty = retire(context, name).await?
            && context.table.waiting(name, 1).await?.is_empty()
            && context.table.query::<DeadLetter>(&key::dead(name)).await?.is_empty();
        if empty {
            let key = key::channel(name);
            write(context, Write::Delete { key, rev: None }).await?;
        }
    }
    Ok(())
}

/// Another process that does the same at the same time is no error.
async fn write(context: &Context, write: Write) -> Result<(), Error> {
    match context.table.transact(vec![write]).await {
        Ok(()) | Err(TransactionError::Changed) => Ok(()),
        Err(TransactionError::Table(error)) => Err(error),
    }
}
