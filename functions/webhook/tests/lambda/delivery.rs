//! A delivery of GitHub's, signed as GitHub signs, and the events that API Gateway and a Function URL make of it.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use ring::hmac::{HMAC_SHA256, Key, sign};
use serde_json::{Value, json};

use crate::environment::WEBHOOK_SECRET;

/// GitHub's own examples.
const ISSUES: &str = include_str!("../../../../crates/github/tests/data/issues.examples.json");
const PINGS: &str = include_str!("../../../../crates/github/tests/data/ping.examples.json");

/// Events as the two services make them, without what comes from the sender.
const HTTP_API: &str = include_str!("../data/http_api.json");
const FUNCTION_URL: &str = include_str!("../data/function_url.json");

/// One delivery.
#[derive(Clone)]
pub(crate) struct Delivery {
    pub(crate) body: String,
    guid: String,
    event: &'static str,
    content_type: &'static str,
    signature: Option<String>,
    base64: bool,
}

impl Delivery {
    /// The first delivery of an issue that was opened.
    pub(crate) fn opened(issue: u64) -> Self {
        let examples: Vec<Value> = serde_json::from_str(ISSUES).unwrap();
        let is_opened = |example: &&Value| example["action"] == "opened" && example["issue"]["body"].is_string();
        let mut payload = examples.iter().find(is_opened).unwrap().clone();
        payload["issue"]["id"] = json!(issue);
        payload["issue"]["number"] = json!(issue);
        Self::of("issues", issue, &payload.to_string())
    }

    /// GitHub tries the hook out.
    pub(crate) fn ping() -> Self {
        let examples: Vec<Value> = serde_json::from_str(PINGS).unwrap();
        Self::of("ping", 0, &examples[0].to_string())
    }

    /// A delivery with this body, signed with the secret; the number makes its guid.
    pub(crate) fn of(event: &'static str, number: u64, body: &str) -> Self {
        let delivery = Self {
            body: body.to_owned(),
            guid: format!("72d3162e-cc78-11e3-81ab-{number:012x}"),
            event,
            content_type: "application/json",
            signature: None,
            base64: false,
        };
        delivery.signed_with(WEBHOOK_SECRET)
    }

    /// The same, signed with another secret.
    pub(crate) fn signed_with(&self, secret: &str) -> Self {
        let signature = mac(secret, self.body.as_bytes());
        self.signed(Some(format!("sha256={signature}")))
    }

    /// The same, with this for its signature.
    pub(crate) fn signed(&self, signature: Option<String>) -> Self {
        let delivery = self.clone();
        Self { signature, ..delivery }
    }

    /// The same in a hook of GitHub's other content type: the JSON is a field of a form.
    pub(crate) fn as_form(&self) -> Self {
        let encoded = self.body.bytes().map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
            byte => format!("%{byte:02X}"),
        });
        let form = Self {
            body: format!("payload={}", encoded.collect::<String>()),
            content_type: "application/x-www-form-urlencoded",
            ..self.clone()
        };
        // API Gateway takes a form for binary.
        form.signed_with(WEBHOOK_SECRET).in_base64()
    }

    /// The same as an event whose body is in base64.
    pub(crate) fn in_base64(&self) -> Self {
        let delivery = self.clone();
        Self {
            base64: true,
            ..delivery
        }
    }

    /// The right signature in hexadecimal digits.
    pub(crate) fn expected_mac(&self) -> String {
        mac(WEBHOOK_SECRET, self.body.as_bytes())
    }

    /// The event of an HTTP API (payload format 2.0).
    pub(crate) fn http_api(&self) -> Value {
        self.fill(HTTP_API)
    }

    /// The event of a Function URL.
    pub(crate) fn function_url(&self) -> Value {
        self.fill(FUNCTION_URL)
    }

    fn fill(&self, event: &str) -> Value {
        let mut event: Value = serde_json::from_str(event).unwrap();
        let headers = &mut event["headers"];
        headers["content-length"] = json!(self.body.len().to_string());
        headers["content-type"] = json!(self.content_type);
        headers["x-github-delivery"] = json!(self.guid);
        headers["x-github-event"] = json!(self.event);
        headers["x-github-hook-id"] = json!("109948940");
        if let Some(signature) = &self.signature {
            headers["x-hub-signature-256"] = json!(signature);
        }
        event["isBase64Encoded"] = json!(self.base64);
        event["body"] = if self.base64 {
            json!(BASE64_STANDARD.encode(&self.body))
        } else {
            json!(self.body)
        };
        event
    }
}

/// HMAC-SHA256 by ring, not by what the function verifies with.
fn mac(secret: &str, body: &[u8]) -> String {
    let tag = sign(&Key::new(HMAC_SHA256, secret.as_bytes()), body);
    format!("{:x}", Bytes::copy_from_slice(tag.as_ref()))
}
