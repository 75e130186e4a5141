//! What is asked, as far as the way of asking and the meaning of a refusal differ.

use http::Method;

use crate::error::ApiError;

/// How long may an answer be, in bytes? A page of a hundred records is 50 KB.
const ANSWER_CAP: usize = 4 << 20;

/// How long may a page of history be, in bytes? A hundred issues, each with up to 256 KB of text, and JSON's escapes.
const HISTORY_CAP: usize = 64 << 20;

/// How long may the answer about one delivery be, in bytes? Payloads have 25 MB at most, and escapes make them longer.
const DELIVERY_CAP: usize = 64 << 20;

/// One request of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Question {
    Page,
    /// A page by its cursor.
    NextPage,
    Delivery,
    Redelivery,
    Hook,
    Ping,
    Installation,
    AccessToken,
    Repository,
    Issues,
    Comments,
    IssueEvents,
}

impl Question {
    pub(crate) fn method(self) -> Method {
        match self {
            Self::Redelivery | Self::Ping | Self::AccessToken => Method::POST,
            _ => Method::GET,
        }
    }

    /// What the fault point calls it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Page | Self::NextPage => "GET deliveries",
            Self::Delivery => "GET delivery",
            Self::Redelivery => "POST attempts",
            Self::Hook => "GET hook",
            Self::Ping => "POST pings",
            Self::Installation => "GET installation",
            Self::AccessToken => "POST access_tokens",
            Self::Repository => "GET repository",
            Self::Issues => "GET issues",
            Self::Comments => "GET comments",
            Self::IssueEvents => "GET events",
        }
    }

    /// The one status of success.
    pub(crate) fn success(self) -> u16 {
        match self {
            Self::AccessToken => 201,
            Self::Redelivery => 202,
            Self::Ping => 204,
            _ => 200,
        }
    }

    /// How long may the answer be, in bytes?
    pub(crate) fn cap(self) -> usize {
        match self {
            Self::Delivery => DELIVERY_CAP,
            Self::Issues | Self::Comments | Self::IssueEvents => HISTORY_CAP,
            _ => ANSWER_CAP,
        }
    }

    /// What an answer means that has the right status and cannot be read.
    pub(crate) fn unreadable(self, why: String) -> ApiError {
        match self {
            Self::Delivery => ApiError::NoPayload(why),
            _ => ApiError::Unreadable(why),
        }
    }
}
