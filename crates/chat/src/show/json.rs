//! JSON for any other server: the words and the facts, signed the way of <https://www.standardwebhooks.com>.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretSlice};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::{Post, and_more, fit, small_print, words};
use crate::message::Message;
use crate::notice::Notice;

/// The version of the body's shape.
const VERSION: u8 = 1;
/// The text is for people: no more lines than they read.
const MAX_LINES: usize = 45;
/// The largest body, in bytes: what a web server takes that nobody has configured (nginx: 1 MB).
const MAX_BODY: usize = 1_000_000;

/// What is posted.
#[derive(Serialize)]
struct Body<'a> {
    version: u8,
    /// The same as the header `webhook-id`.
    id: &'a str,
    /// When the first of the facts was accepted.
    at: Timestamp,
    title: &'a str,
    /// The lines, for people.
    text: &'a str,
    link: Option<&'a str>,
    /// The facts, for machines, as they are: text in them may be anything.
    notices: &'a [Notice],
    /// How many more there are than `notices` has.
    #[serde(skip_serializing_if = "is_zero")]
    more_notices: usize,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(count: &usize) -> bool {
    *count == 0
}

/// The message and its notices, sent at `now`, signed if there is a key. `id` names the message, the same on each
/// attempt: receivers drop what they had.
#[must_use]
pub fn show(message: &Message, notices: &[Notice], id: &str, key: Option<&SecretSlice<u8>>, now: Timestamp) -> Post {
    let id = webhook_id(id);
    let mut lines: Vec<_> = message.lines.iter().take(MAX_LINES).map(|line| words(line)).collect();
    lines.extend(and_more(message, lines.len()));
    lines.extend(message.quote.iter().map(|line| format!("> {line}")));
    lines.extend(small_print(message));
    let text = lines.join("\n");
    let body = fit(notices.len(), MAX_BODY, str::len, |count| {
        let body = Body {
            version: VERSION,
            id: &id,
            at: notices.iter().map(|notice| notice.at).min().unwrap_or(now),
            title: &message.title,
            text: &text,
            link: message.link.as_ref().map(|link| link.url.as_str()),
            notices: &notices[..count],
            more_notices: notices.len() - count,
        };
        // Text, numbers and times are JSON in any case.
        serde_json::to_string(&body).unwrap_or_default()
    });
    let mut headers = vec![
        ("webhook-id", id.clone()),
        ("webhook-timestamp", now.as_second().to_string()),
    ];
    headers.extend(key.map(|key| ("webhook-signature", sign(&id, now.as_second(), &body, key))));
    Post { headers, body }
}

/// An id that a header can carry and that has no full stop, as the signature wants it: ours have what strangers wrote.
fn webhook_id(id: &str) -> String {
    let digest = Sha256::digest(id.as_bytes());
    format!("msg_{}", URL_SAFE_NO_PAD.encode(&digest[..18]))
}

fn sign(id: &str, seconds: i64, body: &str, key: &SecretSlice<u8>) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.expose_secret()).expect("HMAC takes a key of any length");
    for part in [id, ".", &seconds.to_string(), ".", body] {
        mac.update(part.as_bytes());
    }
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_that_of_standard_webhooks() {
        // The test vector of the reference libraries.
        let key = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").expect("base64");
        let body = r#"{"test": 2432232314}"#;
        assert_eq!(
            sign(
                "msg_p5jXN8AQM9LWM0D4loKWxJek",
                1_614_265_330,
                body,
                &SecretSlice::from(key)
            ),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        );
    }
}
