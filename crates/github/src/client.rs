//! The client of GitHub's REST API, and what it asks about hooks and their delivery logs:
//! <https://docs.github.com/en/rest/webhooks/repo-deliveries>, the same of organisations and of Apps.

use std::time::Duration;

use outbound::Outbound;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::api_url::ApiUrl;
use crate::ask::read;
use crate::credentials::Credentials;
use crate::error::ApiError;
use crate::form::AuthenticJson;
use crate::hook::HookRef;
use crate::limits::Rate;
use crate::link::next_cursor;
use crate::question::Question;
use crate::record::Record;
use crate::tokens::Tokens;

/// One GitHub. It remembers the tokens that its App was given.
#[derive(Debug)]
pub struct GitHub {
    pub(crate) api: ApiUrl,
    pub(crate) credentials: Credentials,
    pub(crate) tokens: Tokens,
}

/// A page of a delivery log, newest first as a rule. It may be empty and yet have a next one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// A hundred at most.
    pub records: Vec<Record>,
    /// The cursor of the next page; nothing on the last. It means nothing to anybody but GitHub.
    pub next: Option<String>,
    /// What is left of our requests.
    pub rate: Rate,
}

/// One delivery with its payload, which is as authentic as one that was signed: it comes from GitHub's own API.
#[derive(Clone, Debug)]
pub struct Pulled {
    /// `X-GitHub-Delivery`.
    pub guid: String,
    /// `issues`, `ping`, ….
    pub event: String,
    /// Did GitHub sign the request? A redelivery without any signature has been seen, and fails for ever.
    pub hook_signed: bool,
    /// The payload, not parsed yet.
    pub json: AuthenticJson,
    /// What is left of our requests.
    pub rate: Rate,
}

/// How a hook is set up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HookSetup {
    /// Does it send at all? The hook of an App that has one always does.
    pub active: bool,
    /// Where to.
    pub url: String,
}

impl GitHub {
    /// The GitHub at `api`, asked with `credentials`.
    #[must_use]
    pub fn new(api: ApiUrl, credentials: Credentials) -> Self {
        Self {
            api,
            credentials,
            tokens: Tokens::default(),
        }
    }

    /// Reads a page of a hook's delivery log: the first, or the one of a `cursor`. `timeout` bounds each request here
    /// and in every other question; there are three when the App first needs a token for the hook.
    ///
    /// # Errors
    /// [`ApiError::BadCursor`] when the cursor is too old; else whenever the answer is anything but a page.
    pub async fn deliveries(
        &self,
        outbound: &Outbound,
        hook: &HookRef,
        cursor: Option<&str>,
        timeout: Duration,
    ) -> Result<Page, ApiError> {
        let mut url = self.api.join(&hook.path(&["deliveries"]));
        url.query_pairs_mut().append_pair("per_page", "100");
        let question = match cursor {
            Some(cursor) => {
                url.query_pairs_mut().append_pair("cursor", cursor);
                Question::NextPage
            }
            None => Question::Page,
        };
        let answer = self.ask(outbound, hook.installation(), question, &url, timeout).await?;
        let next = next_cursor(&answer.headers).map_err(|error| question.unreadable(error.to_string()))?;
        Ok(Page {
            records: read(question, &answer.body)?,
            next,
            rate: Rate::of(&answer.headers),
        })
    }

    /// Reads one delivery with its payload.
    ///
    /// # Errors
    /// [`ApiError::NoDelivery`] and [`ApiError::NoPayload`] when there is none to accept; else whenever the answer is
    /// anything but a delivery.
    pub async fn delivery(
        &self,
        outbound: &Outbound,
        hook: &HookRef,
        id: u64,
        timeout: Duration,
    ) -> Result<Pulled, ApiError> {
        #[derive(Deserialize)]
        struct Delivery<'a> {
            guid: String,
            event: String,
            #[serde(borrow)]
            request: Request<'a>,
        }
        #[derive(Deserialize)]
        struct Request<'a> {
            headers: Option<Map<String, Value>>,
            #[serde(borrow)]
            payload: &'a RawValue,
        }
        let url = self.api.join(&hook.path(&["deliveries", &id.to_string()]));
        let question = Question::Delivery;
        let answer = self.ask(outbound, hook.installation(), question, &url, timeout).await?;
        let Delivery { guid, event, request } = read(question, &answer.body)?;
        let payload = request.payload.get();
        if payload == "null" {
            return Err(ApiError::NoPayload("it is null".to_owned()));
        }
        let headers = request.headers.unwrap_or_default();
        Ok(Pulled {
            guid,
            event,
            hook_signed: headers
                .keys()
                .any(|name| name.eq_ignore_ascii_case("x-hub-signature-256")),
            json: AuthenticJson::pulled(answer.body.slice_ref(payload.as_bytes())),
            rate: Rate::of(&answer.headers),
        })
    }

    /// Asks GitHub to deliver once more what delivery `id` was. It is queued then, and its outcome is a new record with
    /// the same guid.
    ///
    /// # Errors
    /// [`ApiError::NoDelivery`] and [`ApiError::Refused`] when that cannot be delivered again; else whenever the answer
    /// is anything but 202.
    pub async fn redeliver(
        &self,
        outbound: &Outbound,
        hook: &HookRef,
        id: u64,
        timeout: Duration,
    ) -> Result<Rate, ApiError> {
        let url = self.api.join(&hook.path(&["deliveries", &id.to_string(), "attempts"]));
        let answer = self
            .ask(outbound, hook.installation(), Question::Redelivery, &url, timeout)
            .await?;
        Ok(Rate::of(&answer.headers))
    }

    /// Reads how a hook is set up.
    ///
    /// # Errors
    /// [`ApiError::NotFound`] when there is no such hook, or none that we may see; else whenever the answer is anything
    /// but a hook.
    pub async fn hook(&self, outbound: &Outbound, hook: &HookRef, timeout: Duration) -> Result<HookSetup, ApiError> {
        #[derive(Deserialize)]
        struct Hook {
            active: bool,
            config: Config,
        }
        #[derive(Deserialize)]
        struct Config {
            url: String,
        }
        let question = Question::Hook;
        let of_app = *hook == HookRef::App;
        let path = hook.path(if of_app { &["config"] } else { &[] });
        let answer = self
            .ask(outbound, hook.installation(), question, &self.api.join(&path), timeout)
            .await?;
        let (active, Config { url }) = if of_app {
            (true, read(question, &answer.body)?)
        } else {
            let Hook { active, config } = read(question, &answer.body)?;
            (active, config)
        };
        Ok(HookSetup { active, url })
    }

    /// Asks GitHub to send a ping from a repository's or an organisation's hook.
    ///
    /// # Errors
    /// [`ApiError::NoPing`] for an App's hook; else whenever the answer is anything but 204.
    pub async fn ping(&self, outbound: &Outbound, hook: &HookRef, timeout: Duration) -> Result<Rate, ApiError> {
        if *hook == HookRef::App {
            return Err(ApiError::NoPing);
        }
        let url = self.api.join(&hook.path(&["pings"]));
        let answer = self
            .ask(outbound, hook.installation(), Question::Ping, &url, timeout)
            .await?;
        Ok(Rate::of(&answer.headers))
    }
}
