//! Opening connections before the first job: at init a Lambda has a whole core, in an invocation a fraction of one.
//! What goes wrong will be met again, and told, when it matters.

use chat::Channel;
use futures_util::future;
use outbound::Outbound;
use state::{Table, key};

/// Opens the connection to the table.
pub async fn warm_table(table: &Table) {
    let _ = table.peek(&key::last_run()).await;
}

/// Opens the connection to each chat.
pub async fn warm_channels<'a>(outbound: &Outbound, channels: impl IntoIterator<Item = &'a Channel>) {
    let chats = channels.into_iter().map(|channel| chat::warm(outbound, channel));
    future::join_all(chats).await;
}
