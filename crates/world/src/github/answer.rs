//! Answers the API.

use std::future;
use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::{self, State};
use axum::http::Uri;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, DATE, HOST, HeaderName, HeaderValue, USER_AGENT};
use axum::http::request::Parts;
use axum::response::Response;
use bytes::Bytes;
use serde_json::{Value, json};
use tokio::time::sleep;
use url::form_urlencoded;

use super::fault::GitHubAnswer;
use super::query::ApiRequest;
use super::{Shared, time};
use crate::server::{lock, reset, status_code};

/// Where the API of an Enterprise Server begins.
pub(super) const ENTERPRISE: &str = "/api/v3";

/// The longest body of a request that makes sense.
const BODY_MAX: usize = 1 << 20;

/// A request, as far as it matters.
pub(super) struct Call {
    pub(super) method: String,
    /// Without [`ENTERPRISE`].
    pub(super) path: String,
    pub(super) query: Vec<(String, String)>,
    pub(super) body: Bytes,
    /// The API's base URL, as the client has it.
    pub(super) base: String,
    pub(super) bearer: Option<String>,
    /// Without one, it never gets as far as the API.
    pub(super) has_user_agent: bool,
    pub(super) at: i64,
}

pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: Vec<(&'static str, String)>,
    /// A text is sent as such.
    pub(super) body: Option<Value>,
}

impl Answer {
    pub(super) fn new(status: u16, body: Value) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Some(body),
        }
    }

    pub(super) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }
}

/// GitHub's error, the schemas `basic-error` and `validation-error`.
pub(super) fn refusal(status: u16, message: &str) -> Answer {
    let url = "https://docs.github.com/rest";
    let error = json!({"message": message, "documentation_url": url, "status": status.to_string()});
    Answer::new(status, error)
}

pub(super) async fn answer(State(shared): State<Arc<Shared>>, request: extract::Request) -> Response {
    let at = (shared.now)();
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, BODY_MAX).await else {
        return reset();
    };
    let came = ApiRequest {
        method: parts.method.to_string(),
        path: parts.uri.path().to_owned(),
        query: query(&parts.uri),
        at,
        status: None,
    };
    let (number, fault, chooser, latency) = {
        let mut site = lock(&shared.site);
        site.requests.push(came.clone());
        let (fault, chooser) = (site.faults.next(), site.faults.chooser.clone());
        (site.requests.len() - 1, fault, chooser, site.faults.latency)
    };
    let fault = fault.or_else(|| chooser?(&came));
    if !latency.is_zero() {
        sleep(latency).await;
    }
    let response = match fault {
        Some(GitHubAnswer::Hang) => return future::pending().await,
        Some(GitHubAnswer::Reset) => return reset(),
        Some(GitHubAnswer::DoneThenReset) => {
            shared.reply(&Call::new(&parts, body, at)).await;
            return reset();
        }
        Some(GitHubAnswer::Status { status, headers, body }) => http(status, &headers, at, body),
        None => {
            let answer = shared.reply(&Call::new(&parts, body, at)).await;
            answer.into_response(at)
        }
    };
    lock(&shared.site).requests[number].status = Some(response.status().as_u16());
    response
}

impl Call {
    fn new(parts: &Parts, body: Bytes, at: i64) -> Self {
        let header = |name: HeaderName| parts.headers.get(name).and_then(|value| value.to_str().ok());
        let path = parts.uri.path();
        let (prefix, path) = match path.strip_prefix(ENTERPRISE) {
            Some(path) => (ENTERPRISE, path),
            None => ("", path),
        };
        let bearer = header(AUTHORIZATION).and_then(|value| value.strip_prefix("Bearer "));
        Self {
            method: parts.method.to_string(),
            path: path.to_owned(),
            query: query(&parts.uri),
            body,
            base: format!("http://{}{prefix}", header(HOST).unwrap_or_default()),
            bearer: bearer.map(str::to_owned),
            has_user_agent: header(USER_AGENT).is_some_and(|agent| !agent.is_empty()),
            at,
        }
    }
}

/// Names and values, decoded.
fn query(uri: &Uri) -> Vec<(String, String)> {
    let query = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    query.into_owned().collect()
}

impl Answer {
    fn into_response(self, at: i64) -> Response {
        let (kind, body) = match self.body {
            None => (None, String::new()),
            Some(Value::String(text)) => (Some("text/html; charset=utf-8"), text),
            Some(json) => (Some("application/json; charset=utf-8"), json.to_string()),
        };
        let mut response = http(self.status, &self.headers, at, body);
        if let Some(kind) = kind {
            let kind = HeaderValue::from_static(kind);
            response.headers_mut().insert(CONTENT_TYPE, kind);
        }
        response
    }
}

/// Every answer has the date of our clock, not of the machine's.
fn http(status: u16, headers: &[(&'static str, String)], at: i64, body: String) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status_code(status);
    let date = (DATE.as_str(), time::http(at));
    for (name, value) in [&[date], headers].concat() {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::from_str(&value)) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

impl Shared {
    async fn reply(&self, call: &Call) -> Answer {
        let (answer, delivery) = lock(&self.site).reply(call);
        if let Some((key, event)) = delivery {
            self.deliver(&key, event).await;
        }
        #[cfg(any(test, feature = "openapi"))]
        if call.has_user_agent {
            let violations = super::openapi::violations(call, &answer);
            lock(&self.site).violations.extend(violations);
        }
        answer
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};

    use super::super::client::{MORNING, ask, get, jwt, start};
    use super::*;

    #[tokio::test]
    async fn a_hook_is_shown_to_its_holder_without_its_secret() {
        let (github, _) = start().await;
        let url = "https://bell.example/webhook";
        github.add_hook("org:acme:8", url, None);
        github.add_hook("app", url, Some("s3cret"));
        let config = json!({"content_type": "json", "insecure_ssl": "0", "secret": "********", "url": url});
        let repository = get(&github, "/api/v3/repos/acme/demo/hooks/7").await.body;
        assert_eq!(repository["config"], config);
        let shown_url = format!("{}/repos/acme/demo/hooks/7", github.enterprise_url());
        assert_eq!(repository["url"], shown_url);
        assert_eq!(repository["last_response"]["status"], "unused");
        let organization = get(&github, "/orgs/acme/hooks/8").await;
        assert_eq!(organization.body["config"]["secret"], Value::Null);
        assert_eq!(organization.header("date"), Some("Sun, 01 Nov 2026 08:00:00 GMT"));
        let app = ask(&github, "GET", "/app/hook/config", &jwt(MORNING)).await.unwrap();
        assert_eq!(app.body, config);
        let log = ask(&github, "GET", "/app/hook/deliveries", &jwt(MORNING))
            .await
            .unwrap();
        assert_eq!(log.body, json!([]));
        assert_eq!(get(&github, "/orgs/acme/hooks/9").await.status, 404);
    }

    #[tokio::test]
    async fn who_does_not_say_what_it_is_is_refused() {
        let (github, _) = start().await;
        let address = github.url();
        let address = address.strip_prefix("http://").unwrap();
        let mut connection = std::net::TcpStream::connect(address).unwrap();
        let request = "GET /app HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n";
        connection.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        connection.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 403 "), "{answer}");
        assert!(answer.contains("Please make sure your request has a User-Agent header"));
    }
}
