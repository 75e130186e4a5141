//! How long does an issue take? The record of each issue event, where it is kept, and the questions asked of it.
//!
//! A [`Sink`] takes records, a [`Warehouse`] answers questions about them. A record may come twice and out of order;
//! every question counts each event once.

mod answer;
mod athena;
mod firehose;
mod question;
mod record;
mod refusal;
mod report;
mod sink;
mod warehouse;

pub use athena::Athena;
pub use firehose::Firehose;
pub use question::{named_queries, question};
pub use record::{Arrival, COLUMNS, Column, IssueRecord, Kind, SCHEMA_VERSION, all_labels, one_label};
pub use report::{Asked, By, Day, Figure, Group, IssueReport, Measure, OpenIssue, Trend, Week};
pub use sink::{MOST_BYTES, MOST_RECORDS, Sink, SinkError};
pub use warehouse::{Question, Row, Select, View, Warehouse, WarehouseError};
