//! Opening connections before the first job: at init a Lambda has a whole core, in an invocation a fraction of one.

use chat::Channel;
use futures_util::future;
use outbound::Outbound;
use state::{Table, key};

/// Opens the connections to the table and to each chat. What goes wrong will be met again, and told, when it matters.
pub async fn warm<'a>(outbound: &Outbound, table: &Table, channels: impl IntoIterator<Item = &'a Channel>) {
    let chats = channels.into_iter().map(|channel| chat::warm(outbound, channel));
    let last_run = key::last_run();
    let _ = future::join(table.peek(&last_run), future::join_all(chats)).await;
}
