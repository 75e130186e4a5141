//! What each figure of the report means, told as short stories of issues.

mod asking;
mod backlog;
mod closing;
mod grouping;
mod labels;
mod model;
mod responses;
mod story;
mod telling;
