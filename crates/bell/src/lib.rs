//! What to do: decisions as pure functions of what is known and what was seen. No I/O, no clock, no async.

pub mod ignore;
pub mod incident;
pub mod issue;
pub mod polls;
pub mod routing;
