//! What happened, and how telling a receiver of it went.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;
use serde_json::Value;

/// Something that happened, to be told to hooks.
#[derive(Clone, Debug)]
pub struct Event {
    pub(super) name: Arc<str>,
    pub(super) action: Option<Arc<str>>,
    pub(super) payload: Bytes,
    pub(super) repository_id: Option<u64>,
    pub(super) installation_id: Option<u64>,
    pub(super) guid: Option<Arc<str>>,
    pub(super) at: Option<i64>,
    pub(super) late: i64,
    pub(super) unsigned: bool,
    pub(super) redelivery: bool,
}

impl Event {
    /// An event like `issues` with the payload GitHub sends; the action and the ids of repository and installation
    /// are read from it. It is delivered now, under a guid of its own.
    #[must_use]
    pub fn new(name: &str, payload: &Value) -> Self {
        Self {
            name: name.into(),
            action: payload["action"].as_str().map(Into::into),
            repository_id: payload["repository"]["id"].as_u64(),
            installation_id: payload["installation"]["id"].as_u64(),
            payload: payload.to_string().into(),
            guid: None,
            at: None,
            late: 0,
            unsigned: false,
            redelivery: false,
        }
    }

    /// Under this guid, so that logs written one by one share it.
    #[must_use]
    pub fn guid(mut self, guid: &str) -> Self {
        self.guid = Some(guid.into());
        self
    }

    /// Delivered at this time, in milliseconds since the epoch.
    #[must_use]
    pub fn at(mut self, milliseconds: i64) -> Self {
        self.at = Some(milliseconds);
        self
    }

    /// Listed only so many milliseconds after it was delivered.
    #[must_use]
    pub fn late(mut self, milliseconds: i64) -> Self {
        self.late = milliseconds;
        self
    }

    /// Sent without the headers of a signature.
    #[must_use]
    pub fn unsigned(mut self) -> Self {
        self.unsigned = true;
        self
    }

    /// A redelivery that somebody else asked for; say of which [`guid`](Self::guid).
    #[must_use]
    pub fn redelivery(mut self) -> Self {
        self.redelivery = true;
        self
    }
}

/// A delivery that a scripted receiver is to judge.
#[derive(Clone, Debug)]
pub struct Attempt<'a> {
    /// `issues`
    pub event: &'a str,
    /// `opened`
    pub action: Option<&'a str>,
    /// The guid, the same each time.
    pub guid: &'a str,
    /// The first time the hook is sent this guid is 1.
    pub number: u32,
    /// When it is sent, in milliseconds since the epoch.
    pub at: i64,
    /// Does it come with a signature?
    pub signed: bool,
}

/// How a delivery went, in GitHub's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The receiver's status; 0, 502 or 504 where there is none.
    pub status_code: u16,
    /// `OK`, `Invalid HTTP Response: 500`, `timed out`, …
    pub status: Cow<'static, str>,
}

impl Outcome {
    /// The receiver answered with this HTTP status.
    #[must_use]
    pub fn answered(status_code: u16) -> Self {
        let status = match status_code {
            200..=299 => "OK".into(),
            _ => format!("Invalid HTTP Response: {status_code}").into(),
        };
        Self { status_code, status }
    }

    /// No connection.
    #[must_use]
    pub fn refused() -> Self {
        Self {
            status_code: 502,
            status: "failed to connect to host".into(),
        }
    }

    /// No answer in time.
    #[must_use]
    pub fn timed_out() -> Self {
        Self {
            status_code: 504,
            status: "timed out".into(),
        }
    }

    /// The connection ended without an answer.
    #[must_use]
    pub fn broken() -> Self {
        Self {
            status_code: 0,
            status: "failed to connect".into(),
        }
    }

    /// Did the receiver take it? Then its status was 200–399.
    #[must_use]
    pub fn is_success(&self) -> bool {
        (200..=399).contains(&self.status_code)
    }
}
