//! GitHub's deliveries, each another issue, as API Gateway hands them to a function.

use anyhow::Context as _;
use bytes::Bytes;
use ring::hmac;
use serde_json::{Value, json};

use crate::candidate::WEBHOOK_SECRET;

/// GitHub's own examples.
const ISSUES: &str = include_str!("../../crates/github/tests/data/issues.examples.json");

/// An event of an HTTP API, without what comes from the sender.
const HTTP_API: &str = include_str!("../../functions/webhook/tests/data/http_api.json");

/// Makes deliveries that were never made before.
pub(crate) struct Deliveries {
    payload: Value,
    event: Value,
    made: u64,
}

impl Deliveries {
    pub(crate) fn new() -> anyhow::Result<Self> {
        let examples: Vec<Value> = serde_json::from_str(ISSUES)?;
        let is_opened = |example: &Value| example["action"] == "opened" && example["issue"]["body"].is_string();
        Ok(Self {
            payload: examples
                .into_iter()
                .find(is_opened)
                .context("an issue should be opened")?,
            event: serde_json::from_str(HTTP_API)?,
            made: 0,
        })
    }

    /// The next event.
    pub(crate) fn next(&mut self) -> Value {
        self.made += 1;
        self.payload["issue"]["id"] = json!(self.made);
        self.payload["issue"]["number"] = json!(self.made);
        let body = self.payload.to_string();
        let tag = hmac::sign(
            &hmac::Key::new(hmac::HMAC_SHA256, WEBHOOK_SECRET.as_bytes()),
            body.as_bytes(),
        );
        let tag = Bytes::copy_from_slice(tag.as_ref());
        let mut event = self.event.clone();
        let headers = [
            ("content-type", "application/json".to_owned()),
            ("x-github-event", "issues".to_owned()),
            (
                "x-github-delivery",
                format!("72d3162e-cc78-11e3-81ab-{:012x}", self.made),
            ),
            ("x-github-hook-id", "123".to_owned()),
            ("x-hub-signature-256", format!("sha256={tag:x}")),
        ];
        for (name, value) in headers {
            event["headers"][name] = json!(value);
        }
        event["body"] = json!(body);
        event
    }
}
