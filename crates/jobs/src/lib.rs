//! Doing it: poll, receive, reconcile, accept, deliver. Each pass returns one [`Report`].
//!
//! *Accept* writes what we now know together with what must be said, in one transaction. *Deliver* sends what waits,
//! one sender per channel, and removes it. There is no state in between.

mod accept;
mod asker;
mod backfill;
mod channels;
mod context;
mod deliver;
mod digest;
mod doctor;
mod heartbeat;
mod history;
mod hook;
mod metrics;
mod outbox;
mod pace;
mod pass;
mod place;
mod plan;
mod poll;
mod progress;
mod receive;
mod reconcile;
mod records;
mod redeliver;
mod report;
mod spread;
mod status;
mod targets;

pub use backfill::{BackfillError, Backfilled, backfill};
pub use bell::watch::{Digest, Redelivery, Watch};
pub use context::{Bell, Context, Records};
pub use deliver::{Limits, deliver, deliver_news};
pub use doctor::{Finding, examine};
pub use metrics::{Metric, Unit};
pub use outbox::{Dead, OutboxError, Pending, drop_dead, list, retry};
pub use pass::{Pass, Progress, Scope, run};
pub use plan::{PlanError, Planned, RetryError, plan, retry_loss};
pub use progress::{Counts, Doing, List};
pub use receive::{Keys, MAX_BODY, Receipt, Received, receive};
pub use records::SinkReport;
pub use report::{ChannelReport, HookReport, LastRun, Outcome, ProjectReport, Report, Rung};
pub use spread::{Target, Task, survey, tasks, work};
pub use status::{ChannelStatus, HookStatus, IncidentStatus, ProjectStatus, Status, status};
