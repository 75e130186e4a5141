//! Sends what happened to a hook and writes its log.

use std::fmt::Write as _;
use std::sync::Arc;

use ring::hmac::{self, HMAC_SHA1_FOR_LEGACY_USE_ONLY, HMAC_SHA256};
use tokio::time::timeout;

use super::event::{Attempt, Event, Outcome};
use super::hook::{self, Hook, Kind};
use super::log::Record;
use super::post::{Failure, post};
use super::query::Delivery;
use super::{GitHub, Shared, Site};
use crate::server::lock;

impl GitHub {
    /// Tells the hooks of an event, one after the other, and returns the guid they share. Hooks that are inactive or
    /// removed are not told.
    pub async fn emit(&self, hooks: &[&str], event: Event) -> String {
        let guid = match &event.guid {
            Some(guid) => guid.to_string(),
            None => lock(&self.shared.site).give_guid(),
        };
        let event = event.guid(&guid);
        for name in hooks {
            let told = {
                let site = lock(&self.shared.site);
                let hook = site.hook(name);
                hook.active && !hook.removed
            };
            if told {
                self.shared.deliver(&hook::key(name), event.clone()).await;
            }
        }
        guid
    }

    /// Writes a delivery into a hook's log, without sending anything.
    pub fn record(&self, hook: &str, event: Event, outcome: Outcome) -> Delivery {
        let now = (self.shared.now)();
        let mut site = lock(&self.shared.site);
        let record = site.begin(&hook::key(hook), event, now);
        let record = Record { outcome, ..record };
        let delivery = Delivery::from(&record);
        site.hook_mut(hook).end(record);
        delivery
    }
}

impl Shared {
    /// Makes one delivery, whether or not the hook is active.
    pub(super) async fn deliver(&self, key: &str, event: Event) {
        let begun = (self.now)();
        let (mut record, script, headers, number, patience, to) = {
            let mut site = lock(&self.site);
            let record = site.begin(key, event, begun);
            let hook = &site.hooks[key];
            let script = hook.script.clone();
            let headers = script.is_none().then(|| headers(hook, &record));
            let number = hook.guids[&record.guid].sent;
            let to = hook.leads_to.as_ref().unwrap_or(&record.url).clone();
            (record, script, headers.unwrap_or_default(), number, site.patience, to)
        };
        if let Some(script) = script {
            record.outcome = script(&Attempt {
                event: &record.event.name,
                action: record.event.action.as_deref(),
                guid: &record.guid,
                number,
                at: record.at,
                signed: record.secret.is_some(),
            });
        } else {
            let posted = timeout(patience, post(&to, &headers, &record.event.payload)).await;
            record.outcome = match posted {
                Err(_) => Outcome::timed_out(),
                Ok(Err(Failure::Refused)) => Outcome::refused(),
                Ok(Err(Failure::Broken)) => Outcome::broken(),
                Ok(Ok(answer)) => {
                    record.response = Some((answer.headers, answer.body));
                    Outcome::answered(answer.status)
                }
            };
        }
        record.duration = (self.now)() - begun;
        let mut site = lock(&self.site);
        if let Some(hook) = site.hooks.get_mut(key) {
            hook.end(record);
        }
    }
}

impl Site {
    /// A delivery of which it is not known how it went.
    fn begin(&mut self, key: &str, event: Event, now: i64) -> Record {
        let id = self.give_id();
        let guid = event.guid.clone().unwrap_or_else(|| self.give_guid().into());
        let hook = self.hooks.get_mut(key).expect("the hook should have been added");
        hook.guids.entry(Arc::clone(&guid)).or_default().sent += 1;
        let at = event.at.unwrap_or(now);
        Record {
            id,
            guid,
            at,
            visible_at: at + event.late,
            duration: 0,
            outcome: Outcome::broken(),
            url: Arc::clone(&hook.url),
            secret: hook.secret.clone().filter(|_| !event.unsigned),
            response: None,
            event,
        }
    }
}

/// The headers of a delivery: <https://docs.github.com/en/webhooks/webhook-events-and-payloads#delivery-headers>.
pub(super) fn headers(hook: &Hook, record: &Record) -> Vec<(&'static str, String)> {
    let (target, target_id) = match hook.kind {
        Kind::App => ("integration", GitHub::APP_ID),
        Kind::Repository => ("repository", record.event.repository_id.unwrap_or(1)),
        Kind::Organization => ("organization", 1),
    };
    let mut headers = vec![
        ("Accept", "*/*".to_owned()),
        ("Content-Type", "application/json".to_owned()),
        ("User-Agent", "GitHub-Hookshot/b8c71d8".to_owned()),
        ("X-GitHub-Delivery", record.guid.to_string()),
        ("X-GitHub-Event", record.event.name.to_string()),
        ("X-GitHub-Hook-ID", hook.id.to_string()),
        ("X-GitHub-Hook-Installation-Target-ID", target_id.to_string()),
        ("X-GitHub-Hook-Installation-Target-Type", target.to_owned()),
    ];
    if let Some(secret) = &record.secret {
        let sign = |algorithm| {
            let key = hmac::Key::new(algorithm, secret.as_bytes());
            hex(hmac::sign(&key, &record.event.payload).as_ref())
        };
        let legacy = sign(HMAC_SHA1_FOR_LEGACY_USE_ONLY);
        headers.push(("X-Hub-Signature", format!("sha1={legacy}")));
        headers.push(("X-Hub-Signature-256", format!("sha256={}", sign(HMAC_SHA256))));
    }
    headers
}

fn hex(bytes: &[u8]) -> String {
    let mut hex = String::new();
    for byte in bytes {
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use ::hmac::{Hmac, KeyInit as _, Mac as _};
    use axum::Router;
    use axum::extract::State;
    use axum::http::HeaderMap;
    use bytes::Bytes;
    use serde_json::json;
    use sha2::Sha256;
    use tokio::sync::mpsc;

    use super::super::client::{HOOK, MORNING, get, start};
    use super::*;
    use crate::server::{Server, refuse};

    /// A receiver that answers `taken`, and what came to it.
    async fn receiver() -> (Server, mpsc::UnboundedReceiver<(HeaderMap, Bytes)>) {
        let (came, receive) = mpsc::unbounded_channel();
        let take = async |State(came): State<mpsc::UnboundedSender<_>>, headers: HeaderMap, body: Bytes| {
            came.send((headers, body)).unwrap();
            "taken"
        };
        let app = Router::new()
            .route("/webhook", axum::routing::post(take))
            .with_state(came);
        (Server::start(app).await, receive)
    }

    #[tokio::test]
    async fn a_delivery_is_signed_sent_and_shown_in_the_log() {
        let (github, _) = start().await;
        let (server, mut came) = receiver().await;
        github.set_url(HOOK, &format!("{}/webhook", server.url()));
        let payload = json!({"action": "opened", "issue": {"title": "Straße"}, "repository": {"id": 3}});
        let guid = github.emit(&[HOOK], Event::new("issues", &payload)).await;

        let (headers, body) = came.try_recv().unwrap();
        assert_eq!(body, payload.to_string());
        let mut mac = Hmac::<Sha256>::new_from_slice(b"s3cret").unwrap();
        mac.update(&body);
        let signature = hex(&mac.finalize().into_bytes());
        assert_eq!(headers["x-hub-signature-256"], format!("sha256={signature}"));
        assert_eq!(headers["x-github-delivery"], guid);
        assert_eq!(headers["x-github-hook-id"], "7");
        assert_eq!(headers["x-github-hook-installation-target-type"], "repository");
        assert_eq!(headers["content-type"], "application/json");

        let logged = &github.deliveries(HOOK)[0];
        assert_eq!((logged.at, logged.outcome.clone()), (MORNING, Outcome::answered(200)));
        let path = format!("/repos/acme/demo/hooks/7/deliveries/{}", logged.id);
        let shown = get(&github, &path).await.body;
        assert_eq!(shown["delivered_at"], "2026-11-01T08:00:00Z");
        assert_eq!(shown["repository_id"], 3);
        assert_eq!(shown["request"]["payload"], payload);
        let sent = shown["request"]["headers"].as_object().unwrap();
        assert_eq!(sent.len(), 10);
        assert!(
            sent.iter()
                .all(|(name, value)| headers[name] == value.as_str().unwrap())
        );
        assert_eq!(shown["response"]["payload"], "taken");
    }

    #[tokio::test]
    async fn an_unsigned_delivery_has_no_header_of_a_signature() {
        let (github, _) = start().await;
        let (server, mut came) = receiver().await;
        github.set_url(HOOK, &format!("{}/webhook", server.url()));
        github.emit(&[HOOK], Event::new("issues", &json!({})).unsigned()).await;
        let (headers, _) = came.try_recv().unwrap();
        assert!(!headers.keys().any(|name| name.as_str().contains("signature")));
    }

    #[tokio::test]
    async fn a_receiver_that_does_not_answer_is_logged_in_github_s_words() {
        let (github, _) = start().await;
        let event = Event::new("issues", &json!({}));
        let nobody = refuse();
        github.set_url(HOOK, &nobody.url());
        github.emit(&[HOOK], event.clone()).await;

        let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        github.set_url(HOOK, &format!("http://{}", silent.local_addr().unwrap()));
        github.set_patience(Duration::from_millis(1));
        github.emit(&[HOOK], event.clone()).await;

        let (server, _came) = receiver().await;
        github.set_patience(Duration::from_mins(1));
        github.set_url(HOOK, &format!("{}/other", server.url()));
        let guid = github.emit(&[HOOK], event).await;
        let log = github.deliveries(HOOK);
        let outcomes: Vec<_> = log.into_iter().map(|delivery| delivery.outcome).collect();
        assert_eq!(
            outcomes,
            [Outcome::refused(), Outcome::timed_out(), Outcome::answered(404)]
        );
        assert!(github.lost(HOOK).contains(&guid));
    }

    #[tokio::test]
    async fn one_event_has_one_guid_in_the_logs_of_all_active_hooks() {
        let (github, _) = start().await;
        for hook in ["app", "org:acme:1", "org:acme:2", "org:acme:3"] {
            github.add_hook(hook, "https://bell.example/webhook", None);
            github.script(hook, |_| Outcome::answered(200));
        }
        github.set_active("org:acme:2", false);
        github.remove_hook("org:acme:3");
        let hooks = ["app", "org:acme:1", "org:acme:2", "org:acme:3"];
        let guid = github.emit(&hooks, Event::new("issues", &json!({}))).await;
        let told = hooks.map(|hook| github.successes(hook, &guid));
        assert_eq!(told, [1, 1, 0, 0]);
        assert_ne!(github.deliveries("app")[0].id, github.deliveries("org:acme:1")[0].id);
    }

    #[tokio::test]
    async fn ten_thousand_deliveries_take_a_moment() {
        let (github, clock) = start().await;
        let begun = Instant::now();
        github.script(HOOK, |attempt| {
            Outcome::answered(if attempt.at % 10 == 0 { 500 } else { 200 })
        });
        let event = Event::new("issues", &json!({"action": "opened"}));
        for _ in 0..10_000 {
            clock.advance(1);
            github.emit(&[HOOK], event.clone()).await;
        }
        let list = get(&github, "/repos/acme/demo/hooks/7/deliveries?per_page=100").await;
        assert_eq!(list.body.as_array().unwrap().len(), 100);
        assert_eq!(github.lost(HOOK).len(), 1000);
        let taken = begun.elapsed();
        assert!(taken < Duration::from_secs(5), "{taken:?}");
    }
}
