//! The one HTTP client.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::{StreamExt as _, stream};
use http::{HeaderMap, Request};
use jiff::Timestamp;

use crate::clock::Clock;
use crate::error::Error;
use crate::fault::{Answer, Call, End, FaultPoint};
use crate::roots::ExtraRoots;
use crate::trouble;

/// How long may a connection take to open, name look-up and TLS included?
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long does each byte of an answer take that a fault makes drip?
const DRIP: Duration = Duration::from_secs(1);

/// The way out of the process: the HTTP client, the clock and the fault point. Clones share all three.
#[derive(Clone, Debug, Default)]
pub struct Outbound {
    client: Arc<OnceLock<reqwest::Client>>,
    roots: ExtraRoots,
    /// Where the time comes from.
    pub clock: Clock,
    /// What every call passes through.
    pub faults: FaultPoint,
}

impl Outbound {
    /// The real network and the system's clock.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The real network, with another clock and fault point.
    #[must_use]
    pub fn with(clock: Clock, faults: FaultPoint) -> Self {
        Self {
            client: Arc::default(),
            roots: ExtraRoots::default(),
            clock,
            faults,
        }
    }

    /// The same, but servers that one of these authorities vouches for are trusted, too.
    #[must_use]
    pub fn trusting(self, roots: ExtraRoots) -> Self {
        let client = Arc::default();
        Self { client, roots, ..self }
    }

    /// Sends a request to `service`. `what` names the call in the fault point's list. `timeout` bounds everything
    /// from connecting to the last byte of the body. Redirects are answers like any other.
    ///
    /// # Errors
    /// When there is no answer; an HTTP status is never an error here.
    pub async fn send(
        &self,
        service: &'static str,
        what: &str,
        request: Request<Bytes>,
        timeout: Duration,
    ) -> Result<Response, Error> {
        let effect = async {
            let mut request = reqwest::Request::try_from(request).map_err(|error| classify(&error))?;
            *request.timeout_mut() = Some(timeout);
            let answer = self.client().execute(request).await;
            answer.map(Response).map_err(|error| classify(&error))
        };
        let call = || Call {
            service,
            what: what.to_owned(),
        };
        let made_up = |answer| Response::made_up(answer, self.clock.clone(), timeout);
        self.faults.pass(call, effect, made_up).await
    }

    fn client(&self) -> &reqwest::Client {
        self.client.get_or_init(|| client(&self.roots))
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place that makes a client")]
fn client(roots: &ExtraRoots) -> reqwest::Client {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring has the default protocol versions")
        .with_root_certificates(roots.and_public())
        .with_no_client_auth();
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .connect_timeout(CONNECT_TIMEOUT)
        // Whoever asks decides what is asked again; a copy of each request, kept for that, is not made.
        .retry(reqwest::retry::never().max_retries_per_request(0))
        // A chat that redirects would be sent a signed message by somebody else's word; an API that moved is said.
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .user_agent(crate::USER_AGENT)
        .build()
        .expect("a client without files or environment has nothing to fail on")
}

/// An answer whose body is still on its way.
#[derive(Debug)]
pub struct Response(reqwest::Response);

impl Response {
    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.0.status().as_u16()
    }

    /// All headers.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        self.0.headers()
    }

    /// All headers, which the answer then has no more.
    pub(crate) fn take_headers(&mut self) -> HeaderMap {
        std::mem::take(self.0.headers_mut())
    }

    /// One header as text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.0.headers().get(name)?.to_str().ok()
    }

    /// The next piece of the body, `None` at its end.
    ///
    /// # Errors
    /// When the body is cut short or late.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        self.0.chunk().await.map_err(|error| classify(&error))
    }

    /// The whole body, of `cap` bytes at most.
    ///
    /// # Errors
    /// When the body is longer, cut short or late.
    pub async fn bytes(mut self, cap: usize) -> Result<Bytes, Error> {
        let mut body = BytesMut::new();
        while let Some(chunk) = self.chunk().await? {
            if body.len() + chunk.len() > cap {
                return Err(Error::TooLong(cap));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body.freeze())
    }

    /// An answer made up by a fault, to somebody who waits for `timeout`.
    fn made_up(answer: Answer, clock: Clock, timeout: Duration) -> Self {
        let mut response = http::Response::builder().status(answer.status);
        for (name, value) in answer.headers {
            response = response.header(name, value);
        }
        let failed = |kind: std::io::ErrorKind| Some(Err(std::io::Error::from(kind)));
        let body = match answer.end {
            End::Whole => reqwest::Body::from(answer.body),
            End::Broken => {
                let end = failed(std::io::ErrorKind::ConnectionReset);
                reqwest::Body::wrap_stream(stream::iter(std::iter::once(Ok(answer.body)).chain(end)))
            }
            End::Dripping => {
                let seconds = usize::try_from(timeout.as_secs()).unwrap_or(usize::MAX);
                let bytes = answer
                    .body
                    .into_iter()
                    .take(seconds)
                    .map(|byte| Bytes::from(vec![byte]));
                let end = failed(std::io::ErrorKind::TimedOut);
                let pieces = bytes.map(Ok).chain(end);
                let until = clock.now().checked_add(timeout).unwrap_or(Timestamp::MAX);
                reqwest::Body::wrap_stream(stream::iter(pieces).then(move |piece| {
                    let clock = clock.clone();
                    async move {
                        let left = Duration::try_from(until.duration_since(clock.now())).unwrap_or_default();
                        clock.sleep(if piece.is_ok() { left.min(DRIP) } else { left }).await;
                        piece
                    }
                }))
            }
        };
        Self(response.body(body).unwrap_or_default().into())
    }
}

/// What went wrong, in words without the URL.
fn classify(error: &reqwest::Error) -> Error {
    let words = trouble::said(error).unwrap_or_else(|| "the request could not be made".to_owned());
    if error.is_connect() {
        Error::Refused(words)
    } else if error.is_timeout() {
        Error::TimedOut
    } else {
        Error::Broken(words)
    }
}
