//! What GitHub says: the signatures and payloads of its webhooks, and the client of its hooks' delivery logs and its
//! repositories' issues.
//!
//! The way of a request: [`verify`] makes an [`AuthenticBody`] of its bytes, [`AuthenticJson::from_body`] takes the JSON
//! out of it, [`Event::parse`] reads that. So nothing is parsed before its signature holds. What [`GitHub::delivery`]
//! pulls from GitHub's own API is the other [`AuthenticJson`].
//!
//! The payload types are our own: octocrab's bring hyper, tower and chrono into a Lambda, and own every string.

mod api_url;
mod app;
mod ask;
mod client;
mod credentials;
mod error;
mod event;
mod form;
mod history;
mod hook;
mod limits;
mod link;
mod payload;
mod question;
mod record;
mod refusal;
mod repository;
mod signature;
mod tokens;

pub use api_url::{ApiUrl, BadUrl, DEFAULT_API_URL};
pub use app::{AppKey, BadKey};
pub use client::{GitHub, HookSetup, Page, Pulled};
pub use credentials::Credentials;
pub use error::ApiError;
pub use event::{Event, ISSUE_COMMENT_ACTIONS, ISSUES_ACTIONS, IssueComment, Issues, ParseError, Ping, Subject};
pub use form::{AuthenticJson, NotJson};
pub use history::{Listed, PastAccount, PastComment, PastEvent, PastIssue, PastLabel, Titled};
pub use hook::{BadHook, HookRef};
pub use limits::Rate;
pub use payload::{
    Act, Changes, Comment, Hook, HookConfig, Installation, Issue, IssueLink, IssueType, Label, Milestone, Organization,
    Repository, User, Was,
};
pub use record::{Failure, Record};
pub use repository::{BadRepository, RepositoryInfo, RepositoryRef};
pub use signature::{AuthenticBody, EmptySecret, Refused, WebhookSecret, sign, verify};
