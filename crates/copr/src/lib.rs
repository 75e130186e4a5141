//! What Copr says: the client of its API v3, its projects, its monitor and its build states.

mod client;
mod error;
mod monitor;
mod parser;
mod project;
mod state;

pub use client::{BadUrl, Copr, DEFAULT_URL, LOOKUP_TIMEOUT, POLL_TIMEOUT};
pub use error::PollError;
pub use monitor::{Chroot, Package};
pub use parser::MonitorParser;
pub use project::{BadProject, Project};
pub use state::BuildState;
