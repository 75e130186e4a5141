//! What the tests ask the API with, and the clock they set.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD as BASE64, URL_SAFE_NO_PAD as BASE64URL};
use bytes::Bytes;
use http::Request;
use outbound::{Error, Outbound, Response};
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use serde_json::{Value, json};

use super::{GitHub, Rights};

/// A token that may do all.
pub(super) const TOKEN: &str = "ghp_all";

/// The hook most tests have.
pub(super) const HOOK: &str = "repo:acme/demo:7";

/// 2026-11-01T08:00:00Z.
pub(super) const MORNING: i64 = 1_793_520_000_000;

pub(super) const MINUTE: i64 = 60 * 1000;

/// Stands still until it is told.
#[derive(Clone)]
pub(super) struct Clock(Arc<AtomicI64>);

impl Clock {
    pub(super) fn advance(&self, milliseconds: i64) {
        self.0.fetch_add(milliseconds, Ordering::Relaxed);
    }
}

pub(super) struct Answered {
    pub(super) status: u16,
    pub(super) body: Value,
    head: Response,
}

impl Answered {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.head.header(name)
    }

    pub(super) fn message(&self) -> &str {
        self.body["message"].as_str().unwrap_or_default()
    }
}

/// A GitHub with [`HOOK`], which sends to nobody, and [`TOKEN`], at [`MORNING`].
pub(super) async fn start() -> (GitHub, Clock) {
    let clock = Clock(Arc::new(AtomicI64::new(MORNING)));
    let github = GitHub::start({
        let clock = clock.clone();
        move || clock.0.load(Ordering::Relaxed)
    })
    .await;
    github.add_hook(HOOK, "https://bell.example/webhook", Some("s3cret"));
    github.set_token(TOKEN, Rights::Redeliver);
    (github, clock)
}

pub(super) async fn get(github: &GitHub, path: &str) -> Answered {
    ask(github, "GET", path, TOKEN).await.unwrap()
}

pub(super) async fn post(github: &GitHub, path: &str) -> Answered {
    ask(github, "POST", path, TOKEN).await.unwrap()
}

pub(super) async fn ask(github: &GitHub, method: &str, path: &str, bearer: &str) -> Result<Answered, Error> {
    let url = format!("{}{path}", github.url());
    let request = Request::builder().method(method).uri(&url);
    let request = request.header("authorization", format!("Bearer {bearer}"));
    let request = request.body(Bytes::new()).unwrap();
    let minute = Duration::from_mins(1);
    let mut head = Outbound::new().send("github", path, request, minute).await?;
    let mut body = Vec::new();
    while let Some(chunk) = head.chunk().await? {
        body.extend_from_slice(&chunk);
    }
    Ok(Answered {
        status: head.status(),
        body: serde_json::from_slice(&body).unwrap_or_default(),
        head,
    })
}

/// The token by which the App shows itself, good at this time.
pub(super) fn jwt(now: i64) -> String {
    let seconds = now / 1000;
    sign(&json!({"iat": seconds - 60, "exp": seconds + 540, "iss": GitHub::APP_ID}))
}

pub(super) fn sign(claims: &Value) -> String {
    let pem: String = GitHub::APP_KEY.lines().filter(|line| !line.starts_with("--")).collect();
    let key = RsaKeyPair::from_der(&BASE64.decode(pem).unwrap()).unwrap();
    let header = json!({"alg": "RS256", "typ": "JWT"});
    let encode = |part: &Value| BASE64URL.encode(part.to_string());
    let signed = format!("{}.{}", encode(&header), encode(claims));
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(
        &RSA_PKCS1_SHA256,
        &SystemRandom::new(),
        signed.as_bytes(),
        &mut signature,
    )
    .unwrap();
    format!("{signed}.{}", BASE64URL.encode(signature))
}
