//! The way from the AWS SDK to the engine, through the fault point.

use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use outbound::{Answer, Call, Error, Outbound};

use crate::Engine;

/// The HTTP client to give to an AWS SDK configuration, so that its requests never leave the process.
#[must_use]
pub fn http_client(engine: Engine, outbound: &Outbound) -> SharedHttpClient {
    let connector = SharedHttpConnector::new(Connector {
        engine,
        outbound: outbound.clone(),
    });
    http_client_fn(move |_, _| connector.clone())
}

#[derive(Debug)]
struct Connector {
    engine: Engine,
    outbound: Outbound,
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let engine = self.engine.clone();
        let faults = self.outbound.faults.clone();
        HttpConnectorFuture::new(async move {
            let target = request.headers().get("x-amz-target").unwrap_or_default().to_owned();
            let call = || Call {
                service: "dynamodb",
                what: target.clone(),
            };
            let effect = async {
                let body = request.body().bytes().unwrap_or_default();
                let (status, body) = engine.answer(&target, body);
                Ok((status, body.into_bytes()))
            };
            let made_up = |answer: Answer| (answer.status, answer.body.to_vec());
            let (status, body) = faults.pass(call, effect, made_up).await?;
            response(status, body)
        })
    }
}

fn response(status: u16, body: Vec<u8>) -> Result<HttpResponse, ConnectorError> {
    let answer = http::Response::builder()
        .status(status)
        .header("content-type", "application/x-amz-json-1.0")
        .body(SdkBody::from(body))
        .map_err(|error| ConnectorError::from(Error::Broken(error.to_string())))?;
    HttpResponse::try_from(answer).map_err(|error| ConnectorError::from(Error::Broken(error.to_string())))
}
