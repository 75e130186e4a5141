//! The heartbeat: somebody else's clock that expects to hear of each complete pass, and rings when it does not.

use std::time::Duration;

use bytes::Bytes;
use outbound::Outbound;
use secrecy::{ExposeSecret as _, SecretString};

/// How long may it take? A pass has better things to do.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Asks for the heartbeat's URL. Whoever waits for it notices if that does not work; here it is only logged.
pub(crate) async fn beat(outbound: &Outbound, url: &SecretString) {
    let request = http::Request::get(url.expose_secret()).body(Bytes::new());
    // Its error would show the URL, which is a secret.
    let Ok(request) = request else {
        tracing::warn!("heartbeat_url is no URL");
        return;
    };
    match outbound.send("heartbeat", "GET", request, TIMEOUT).await {
        Ok(answer) if answer.status() < 400 => {}
        Ok(answer) => tracing::warn!(status = answer.status(), "the heartbeat was not taken"),
        Err(error) => tracing::warn!(%error, "the heartbeat was not taken"),
    }
}
