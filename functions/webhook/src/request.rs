//! A request as API Gateway's HTTP API (payload format 2.0) and Function URLs hand it over, as far as it matters.
//!
//! Not `lambda_http`'s own `Request`: building that panics on a query string with characters a URL must not have, and a
//! stranger writes the query string. We never need the URL.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use jobs::Received;
use serde::{Deserialize, Serialize};

/// A request. Several headers of one name come as one, joined by commas.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Request {
    #[serde(default)]
    headers: HashMap<String, String>,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    is_base64_encoded: bool,
}

impl Request {
    /// Headers and raw body; `None` where the body is not the Base64 it says it is.
    pub(crate) fn into_parts(self) -> Option<(HeaderMap, Bytes)> {
        let body = self.body.unwrap_or_default();
        let body = if self.is_base64_encoded {
            STANDARD.decode(body).ok()?.into()
        } else {
            body.into()
        };
        let headers = self.headers.iter().filter_map(|(name, value)| {
            let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
            Some((name, HeaderValue::from_str(value).ok()?))
        });
        Some((headers.collect(), body))
    }
}

/// An answer.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Answer {
    status_code: u16,
    headers: HashMap<&'static str, &'static str>,
    body: &'static str,
    is_base64_encoded: bool,
}

impl From<Received> for Answer {
    fn from(received: Received) -> Self {
        Self {
            status_code: received.status(),
            headers: HashMap::from([("content-type", "text/plain")]),
            body: received.body(),
            is_base64_encoded: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_a_stranger_writes_into_the_url_is_not_looked_at() {
        let event = r#"{"rawQueryString": "a=<b> \"", "rawPath": ":99999/", "body": "e30=", "isBase64Encoded": true}"#;
        let request: Request = serde_json::from_str(event).unwrap();
        assert_eq!(request.into_parts().unwrap().1, "{}");
        let bad = r#"{"headers": {"a\nb": "c", "d": "e\u0000"}, "body": "?", "isBase64Encoded": true}"#;
        assert!(serde_json::from_str::<Request>(bad).unwrap().into_parts().is_none());
    }
}
