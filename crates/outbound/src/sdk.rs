//! The AWS SDK on the one HTTP client: no second TLS stack, no second pool.

use std::time::Duration;

use aws_credential_types::Credentials;
use aws_runtime::user_agent::UserAgentInterceptor;
use aws_smithy_async::rt::sleep::{AsyncSleep, Sleep};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::interceptors::context::BeforeSerializationInterceptorContextRef;
use aws_smithy_runtime_api::client::interceptors::{Intercept, disable_interceptor, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::ConfigBag;
use bytes::Bytes;

use crate::clock::Clock;
use crate::error::Error;
use crate::http::Outbound;

/// How long may one AWS call take? DynamoDB and Secrets Manager answer in milliseconds; a retry beats a long wait.
const AWS_TIMEOUT: Duration = Duration::from_secs(3);

/// An AWS answer longer than this is none we asked for (a page of a Query is 1 MB).
const AWS_BODY_CAP: usize = 16 << 20;

/// How to reach AWS: with the Lambda's credentials, or an engine of our own through its connector.
#[derive(Clone, Debug)]
pub struct Access {
    /// Carries the requests.
    pub http_client: SharedHttpClient,
    /// Signs them.
    pub credentials: Credentials,
    /// Where what is asked for is.
    pub region: String,
    /// Another endpoint than AWS's own.
    pub endpoint_url: Option<String>,
}

/// The HTTP client to give to an AWS SDK configuration.
#[must_use]
pub fn sdk_http_client(outbound: &Outbound) -> SharedHttpClient {
    let connector = SharedHttpConnector::new(Connector(outbound.clone()));
    http_client_fn(move |_, _| connector.clone())
}

#[derive(Debug)]
struct Connector(Outbound);

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let outbound = self.0.clone();
        HttpConnectorFuture::new(async move { call(&outbound, request).await })
    }
}

async fn call(outbound: &Outbound, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
    let request = request
        .try_into_http1x()
        .map_err(|error| ConnectorError::user(error.into()))?;
    let request = request.map(|body| Bytes::copy_from_slice(body.bytes().unwrap_or_default()));
    let what = request
        .headers()
        .get("x-amz-target")
        .and_then(|target| target.to_str().ok())
        .unwrap_or_default()
        .to_owned();
    let mut response = outbound
        .send("aws", &what, request, AWS_TIMEOUT)
        .await
        .map_err(ConnectorError::from)?;
    let mut answer = http::Response::builder().status(response.status());
    if let Some(headers) = answer.headers_mut() {
        *headers = response.take_headers();
    }
    let body = response.bytes(AWS_BODY_CAP).await.map_err(ConnectorError::from)?;
    let answer = answer
        .body(SdkBody::from(body))
        .map_err(|error| ConnectorError::user(error.into()))?;
    HttpResponse::try_from(answer).map_err(|error| ConnectorError::user(error.into()))
}

/// What the SDK must know of a failure to decide whether to try again.
impl From<Error> for ConnectorError {
    fn from(error: Error) -> Self {
        match error {
            Error::TimedOut => Self::timeout(error.into()),
            Error::Refused(_) | Error::Broken(_) | Error::TooLong(_) => Self::io(error.into()),
        }
    }
}

/// Keeps the SDK from naming itself anew with every call, which is a fortieth of what a call costs: AWS's own logs show
/// [our name](crate::USER_AGENT) then.
#[derive(Debug)]
pub struct OwnUserAgent;

#[dyn_dispatch_hint]
impl Intercept for OwnUserAgent {
    fn name(&self) -> &'static str {
        "OwnUserAgent"
    }

    fn read_before_execution(
        &self,
        _: &BeforeSerializationInterceptorContextRef<'_>,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let left_out = disable_interceptor::<UserAgentInterceptor>("the HTTP client has a name of its own");
        config.interceptor_state().store_put(left_out);
        Ok(())
    }
}

/// The SDK's pauses between retries, on our clock: a simulated one does not wait.
#[derive(Clone, Debug)]
pub struct SdkSleep(pub Clock);

impl AsyncSleep for SdkSleep {
    fn sleep(&self, duration: Duration) -> Sleep {
        let clock = self.0.clone();
        Sleep::new(async move { clock.sleep(duration).await })
    }
}
