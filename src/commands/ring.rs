//! `copperbell ring FILE`: signs a payload as GitHub does, and sends it to a listener.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, bail};
use bytes::Bytes;
use http::Request;

use crate::connect::Loaded;
use crate::output::print;

/// How long may the listener take? It promises less.
const TIMEOUT: Duration = Duration::from_secs(10);

pub(crate) async fn run(
    loaded: &Loaded,
    file: &Path,
    event: &str,
    url: &str,
    guid: Option<String>,
) -> anyhow::Result<bool> {
    let payload = std::fs::read(file).with_context(|| format!("Failed to read {}", file.display()))?;
    let Some(secret) = loaded.keys.secrets.first() else {
        bail!("SECRETS: there is no github_webhook_secret in it to sign with: put the one that the listener has");
    };
    let guid = guid.unwrap_or_else(|| {
        let bits = format!("{:032x}", fastrand::u128(..));
        format!(
            "{}-{}-{}-{}-{}",
            &bits[..8],
            &bits[8..12],
            &bits[12..16],
            &bits[16..20],
            &bits[20..]
        )
    });
    let request = Request::post(url)
        .header("content-type", "application/json")
        .header("x-github-event", event)
        .header("x-github-delivery", &guid)
        .header("x-hub-signature-256", github::sign(secret, &payload))
        .body(Bytes::from(payload))
        .with_context(|| format!("Failed to make a request for {url}"))?;
    let answer = loaded.context.outbound.send("webhook", "POST", request, TIMEOUT).await;
    let answer = answer.with_context(|| format!("Failed to reach {url}, where `copperbell serve` is to run"))?;
    let status = answer.status();
    let body = answer.bytes(4096).await.unwrap_or_default();
    print(&format!(
        "{status} {} ({guid})\n",
        String::from_utf8_lossy(&body).trim_end()
    ))?;
    Ok(status < 300)
}
