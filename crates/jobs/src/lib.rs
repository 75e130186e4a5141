//! Doing it: poll, receive, accept, deliver. Each pass returns one [`Report`].
//!
//! *Accept* writes what we now know together with what must be said, in one transaction. *Deliver* sends what waits,
//! one sender per channel, and removes it. There is no state in between.

mod accept;
mod channels;
mod context;
mod deliver;
mod outbox;
mod pass;
mod poll;
mod receive;
mod report;
mod status;

pub use context::{Bell, Context, Watch};
pub use deliver::{Limits, deliver};
pub use outbox::{Dead, OutboxError, Pending, drop_dead, list, retry};
pub use pass::{Progress, run};
pub use receive::{Keys, MAX_BODY, Received, receive};
pub use report::{ChannelReport, LastRun, Outcome, ProjectReport, Report};
pub use status::{ChannelStatus, IncidentStatus, ProjectStatus, Status, status};
