//! What to do: decisions as pure functions of what is known and what was seen. No I/O, no clock, no async.

pub mod breaker;
pub mod hook;
pub mod ignore;
pub mod incident;
pub mod issue;
pub mod loss;
pub mod polls;
pub mod review;
pub mod routing;
pub mod seen;
pub mod streak;
pub mod wanted;
pub mod watch;
