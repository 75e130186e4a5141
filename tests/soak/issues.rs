//! What happens on GitHub: issues are opened, labelled, commented on and closed, from several connections at once. Some
//! deliveries come twice, and strangers forge some.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fastrand::Rng;
use http::Request;
use outbound::Outbound;
use serde_json::{Value, json};
use tokio::sync::watch;
use world::{Event, GitHub};

use crate::ledger::Ledger;

pub(crate) const HOOK: &str = "org:acme:9";
pub(crate) const SECRET: &str = "It's a Secret to Everybody";

/// So many that what waits for one of them while a channel rests fits a message: lists are cut, and would hide some.
const REPOSITORIES: u64 = 24;

/// How many issues does one connection have open?
const OPEN: usize = 4;

/// Everything that happens, in order: the event and the action.
const STORY: [(&str, &str); 4] = [
    ("issues", "opened"),
    ("issues", "labeled"),
    ("issue_comment", "created"),
    ("issues", "closed"),
];

/// What GitHub and the strangers share.
pub(crate) struct Issues {
    pub(crate) github: Arc<GitHub>,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) webhook_url: String,
    /// Between two events of one connection, on average.
    pub(crate) pause: Duration,
    numbers: AtomicU64,
    marks: AtomicU64,
    pub(crate) emitted: AtomicU32,
    /// Nothing happens for a moment.
    held: watch::Sender<bool>,
    /// What repeats and forged deliveries were answered; 0: nothing.
    answers: Mutex<BTreeMap<(&'static str, u16), u32>>,
    outbound: Outbound,
}

/// An issue on its way.
struct Issue {
    number: u64,
    done: usize,
}

impl Issues {
    pub(crate) fn new(github: Arc<GitHub>, ledger: Arc<Ledger>, webhook_url: String, pause: Duration) -> Self {
        Self {
            github,
            ledger,
            webhook_url,
            pause,
            numbers: AtomicU64::new(1),
            marks: AtomicU64::new(1),
            emitted: AtomicU32::new(0),
            held: watch::Sender::new(false),
            answers: Mutex::default(),
            outbound: Outbound::new(),
        }
    }

    /// Lets nothing happen from now on, or all that was held up at once.
    pub(crate) fn hold(&self, held: bool) {
        self.held.send_replace(held);
    }

    pub(crate) fn answers(&self) -> BTreeMap<(&'static str, u16), u32> {
        self.answers.lock().unwrap().clone()
    }

    /// One connection: event after event, until it is over.
    pub(crate) async fn go_on(self: Arc<Self>, seed: u64, mut over: watch::Receiver<bool>) {
        let mut rng = Rng::with_seed(seed);
        let mut open: Vec<Issue> = Vec::new();
        let mut held = self.held.subscribe();
        loop {
            let _ = held.wait_for(|held| !*held).await;
            if open.len() < OPEN {
                let number = self.numbers.fetch_add(1, Ordering::Relaxed);
                open.push(Issue { number, done: 0 });
            }
            let at = rng.usize(..open.len());
            let issue = &mut open[at];
            self.emit(issue, &mut rng).await;
            issue.done += 1;
            if issue.done == STORY.len() {
                open.swap_remove(at);
            }
            let pause = self.pause.mul_f64(rng.f64() * 2.0);
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                _ = over.wait_for(|over| *over) => return,
            }
        }
    }

    async fn emit(&self, issue: &Issue, rng: &mut Rng) {
        let (event, action) = STORY[issue.done];
        let mark = format!("k{:06}", self.marks.fetch_add(1, Ordering::Relaxed));
        let payload = payload(issue.number, event, action, &mark);
        let subject = format!("issue {}", issue.number);
        self.ledger.expect(&format!("{event}.{action}"), &mark, &subject);
        let guid = self.github.emit(&[HOOK], Event::new(event, &payload)).await;
        self.emitted.fetch_add(1, Ordering::Relaxed);
        match rng.u32(..100) {
            0..5 => self.post("repeat", event, &guid, &payload, SECRET).await,
            // Under another guid it is a replay, but only of what was accepted.
            5..8 if self.github.successes(HOOK, &guid) > 0 => {
                self.post("replay", event, &format!("{guid}-again"), &payload, SECRET)
                    .await;
            }
            8..12 => {
                let forged = self::payload(issue.number, event, action, &mark.replace('k', "f"));
                self.post("forged", event, &format!("{guid}-forged"), &forged, "guessed")
                    .await;
            }
            _ => {}
        }
    }

    /// A delivery that GitHub does not send.
    async fn post(&self, what: &'static str, event: &str, guid: &str, payload: &Value, secret: &str) {
        let body = payload.to_string();
        let request = Request::post(&self.webhook_url)
            .header("content-type", "application/json")
            .header("x-github-event", event)
            .header("x-github-delivery", guid)
            .header("x-github-hook-id", "9")
            .header("x-hub-signature-256", sign(body.as_bytes(), secret))
            .body(body.into())
            .unwrap();
        let answer = self.outbound.send("test", "", request, Duration::from_secs(20)).await;
        let status = answer.map_or(0, |answer| answer.status());
        *self.answers.lock().unwrap().entry((what, status)).or_default() += 1;
    }
}

/// The signature, by another implementation than the one that verifies it.
fn sign(body: &[u8], secret: &str) -> String {
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, secret.as_bytes());
    let mut signature = "sha256=".to_owned();
    for byte in ring::hmac::sign(&key, body).as_ref() {
        let _ = write!(signature, "{byte:02x}");
    }
    signature
}

/// A payload of an issue whose title is `mark`, which nothing else has.
fn payload(number: u64, event: &str, action: &str, mark: &str) -> Value {
    let repository = number % REPOSITORIES;
    let page = format!("https://github.com/acme/app{repository}");
    let alice = json!({"login": "alice", "id": 1, "type": "User"});
    let closed = action == "closed";
    let label = json!({"id": 1, "name": "bug", "color": "ededed"});
    let mut payload = json!({
        "action": action,
        "issue": {
            "id": 1000 + number, "number": number, "title": mark,
            "html_url": format!("{page}/issues/{number}"), "state": if closed { "closed" } else { "open" },
            "state_reason": closed.then_some("completed"), "user": alice,
            "labels": if action == "opened" { json!([]) } else { json!([label]) }, "assignees": [],
            "created_at": "2026-03-02T09:00:00Z", "closed_at": closed.then_some("2026-03-05T09:00:00Z"),
        },
        "repository": {
            "id": 7000 + repository, "full_name": format!("acme/app{repository}"), "html_url": page, "private": false,
        },
        "organization": {"login": "acme", "id": 5},
        "sender": alice,
    });
    if action == "labeled" {
        payload["label"] = label;
    }
    if event == "issue_comment" {
        let url = format!("{page}/issues/{number}#issuecomment-{number}");
        payload["comment"] = json!({
            "id": number, "html_url": url, "body": "It is the parser.", "user": alice,
            "created_at": "2026-03-03T09:00:00Z",
        });
    }
    payload
}
