//! Stand-ins for the services Copperbell talks to: real HTTP servers on a free port of 127.0.0.1 that remember what
//! they were asked and answer as the real ones do, faults included.
//!
//! [`Copr`] (with [`Monitor`] and [`recorded`] for its bodies), [`GitHub`] (its API and its webhooks), [`Chat`]
//! (Slack, Feishu, Discord, Teams, ntfy, generic JSON), [`Aws`] (Secrets Manager, DynamoDB, SQS, Firehose, Athena),
//! [`RuntimeApi`] (what starts a Lambda) and [`refuse`] (nobody at all). Each ends, with every connection it has, when it
//! is dropped. For the demo, tests and benches; never for production paths.

#[cfg(test)]
mod ask;
#[cfg(feature = "aws")]
mod aws;
mod chat;
mod copr;
mod github;
mod monitor;
pub mod recorded;
mod runtime_api;
mod server;

#[cfg(feature = "aws")]
pub use aws::{Aws, StreamFault};
pub use chat::{Chat, ChatAnswer, ChatMemory, Message};
pub use copr::{Copr, Reply, Request};
pub use github::{ApiRequest, Attempt, Delivery, Event, GitHub, GitHubAnswer, GitHubMemory, IssueAct, Outcome, Rights};
pub use monitor::{Chroot, Monitor};
pub use runtime_api::RuntimeApi;
pub use server::{Refusing, refuse};
