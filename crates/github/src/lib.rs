//! What GitHub says: the signatures and payloads of its webhooks. No I/O.
//!
//! The way of a request: [`verify`] makes an [`AuthenticBody`] of its bytes, [`AuthenticJson::from_body`] takes the JSON
//! out of it, [`Event::parse`] reads that. So nothing is parsed before its signature holds.
//!
//! The payload types are our own: octocrab's bring hyper, tower and chrono into a Lambda, and own every string.

mod event;
mod form;
mod payload;
mod signature;

pub use event::{Event, ISSUE_COMMENT_ACTIONS, ISSUES_ACTIONS, IssueComment, Issues, ParseError, Ping, Subject};
pub use form::{AuthenticJson, NotJson};
pub use payload::{
    Act, Changes, Comment, Hook, HookConfig, Installation, Issue, IssueLink, IssueType, Label, Milestone, Organization,
    Repository, User, Was,
};
pub use signature::{AuthenticBody, EmptySecret, Refused, WebhookSecret, sign, verify};
