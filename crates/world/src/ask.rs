//! What the tests ask with: Copperbell's own way out.

use std::time::Duration;

use bytes::Bytes;
use http::Request;
use outbound::{Error, Outbound, Response};

/// Longer than any test: none of them waits for it.
const TIMEOUT: Duration = Duration::from_mins(1);

pub(crate) async fn get(url: &str) -> Result<Response, Error> {
    let request = Request::get(url).body(Bytes::new()).unwrap();
    Outbound::new().send("world", url, request, TIMEOUT).await
}

pub(crate) async fn post(url: &str, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Result<Response, Error> {
    let mut request = Request::post(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(body.into()).unwrap();
    Outbound::new().send("world", url, request, TIMEOUT).await
}

pub(crate) async fn text(answer: Response) -> String {
    let body = answer.bytes(16 << 20).await.unwrap();
    String::from_utf8(body.to_vec()).unwrap()
}
