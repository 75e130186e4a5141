//! The commands, a file each. Each returns whether all went well; an error is told by `main`.

pub(crate) mod backfill;
pub(crate) mod backup;
pub(crate) mod demo;
pub(crate) mod doctor;
pub(crate) mod export;
pub(crate) mod outbox;
pub(crate) mod redelivery;
pub(crate) mod report;
pub(crate) mod ring;
pub(crate) mod serve;
pub(crate) mod status;
pub(crate) mod watch;
