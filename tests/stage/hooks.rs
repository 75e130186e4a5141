//! The stage with GitHub on it: hooks that point elsewhere, and our own listener for those that point at us.

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use jobs::{Context, HookReport, Keys, Report};
use outbound::FaultPoint;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use world::{Event, GitHub, Outcome, Rights};

use super::Stage;

pub const HOOK: &str = "repo:acme/app:1";
pub const OUR_URL: &str = "http://bell.example/webhook";
pub const WEBHOOK_SECRET: &str = "It's a Secret to Everybody";

/// A stage without Copr projects, and one hook.
pub struct HookStage {
    pub stage: Stage,
    pub github: GitHub,
    /// What a scripted receiver answers; 0: nothing.
    pub answer: Arc<AtomicU16>,
    /// Our own, as long as the stage.
    listeners: JoinSet<std::io::Result<()>>,
}

impl HookStage {
    /// With a hook that points elsewhere, to a receiver that answers 200 until told otherwise.
    pub async fn new() -> Self {
        let mut stage = Stage::new().await;
        let clock = stage.clock.clone();
        let github = GitHub::start(move || clock.now().as_millisecond()).await;
        github.set_token("token", Rights::Redeliver);
        github.add_hook(HOOK, "https://elsewhere.example/hook?key=hush", Some("hush"));
        stage.set("COPR_PROJECTS", "");
        stage.set("GITHUB_API_URL", &github.url());
        stage.set("GITHUB_HOOKS", HOOK);
        stage.secrets["github_token"] = json!("token");
        let answer = Arc::new(AtomicU16::new(200));
        let answers = answer.clone();
        github.script(HOOK, move |_| match answers.load(Ordering::SeqCst) {
            0 => Outcome::timed_out(),
            status => Outcome::answered(status),
        });
        Self {
            stage,
            github,
            answer,
            listeners: JoinSet::new(),
        }
    }

    /// The hook points at us: at a listener of our own, which this starts.
    pub async fn pointing_here() -> Self {
        let mut this = Self::new().await;
        this.point_here().await;
        this
    }

    /// From now on the hook points at us, at a listener that has the channels of now.
    pub async fn point_here(&mut self) {
        self.stage.secrets["github_webhook_secret"] = json!(WEBHOOK_SECRET);
        let url = self.listen().await;
        self.stage.set("WEBHOOK_URL", &url);
        self.github.set_url(HOOK, &url);
        self.github.set_secret(HOOK, Some(WEBHOOK_SECRET));
        self.github.unscript(HOOK);
    }

    /// The same by a name that only this stage's GitHub knows. A port is another each time, and so is what is remembered
    /// of where a hook delivers.
    pub async fn point_here_by_name(&mut self) {
        self.point_here().await;
        let (_, address) = self.stage.settings.pop().expect("it was set");
        self.stage.set("WEBHOOK_URL", OUR_URL);
        self.github.set_url(HOOK, OUR_URL);
        self.github.lead_to(HOOK, &address);
    }

    /// A listener like `serve`'s, which does what `answer` says once it has taken a delivery: 200, what it would; else that.
    async fn listen(&mut self) -> String {
        let (context, _) = self.stage.process(FaultPoint::none());
        let secret = github::WebhookSecret::new(&WEBHOOK_SECRET.to_owned().into()).unwrap();
        let keys = Keys {
            secrets: vec![secret],
            allow_sha1: false,
        };
        let shared = Arc::new((context, keys, self.answer.clone()));
        let app = Router::new().route("/webhook", post(take)).with_state(shared);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        self.listeners.spawn(axum::serve(listener, app).into_future());
        format!("http://{address}/webhook")
    }

    pub fn answers(&self, status: u16) {
        self.answer.store(status, Ordering::SeqCst);
    }

    /// An event is sent; its guid.
    pub async fn emit(&self) -> String {
        self.emit_as(issue_opened()).await
    }

    pub async fn emit_as(&self, event: Event) -> String {
        self.github.emit(&[HOOK], event).await
    }

    /// A pass now, and what it did for the hook.
    pub async fn pass(&self) -> HookReport {
        let report = self.stage.pass().await;
        assert!(report.complete, "{report:#?}");
        of_hook(report)
    }

    /// A pass every ten minutes; all of what they did.
    pub async fn passes(&self, count: usize) -> HookReport {
        let mut sum = HookReport::default();
        for _ in 0..count {
            self.stage.later(10);
            let report = self.pass().await;
            sum.lost += report.lost;
            sum.redelivered += report.redelivered;
            sum.recovered += report.recovered;
            sum.given_up += report.given_up;
        }
        sum
    }

    /// The events that rang on Slack so far.
    pub fn rung(&self) -> Vec<String> {
        self.stage.slack.texts()
    }
}

pub fn of_hook(mut report: Report) -> HookReport {
    assert_eq!(report.hooks.len(), 1, "{report:#?}");
    report.hooks.remove(0)
}

async fn take(
    State(shared): State<Arc<(Context, Keys, Arc<AtomicU16>)>>,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, &'static str) {
    let (context, keys, answer) = &*shared;
    let status = match answer.load(Ordering::SeqCst) {
        200 => jobs::receive(context, keys, &headers, body).await.received.status(),
        // It is taken, and the answer is lost.
        299 => {
            jobs::receive(context, keys, &headers, body).await;
            504
        }
        status => status,
    };
    (StatusCode::from_u16(status).unwrap(), "")
}

pub fn issue_opened() -> Event {
    Event::new("issues", &issue())
}

/// An `issues` payload; each has an issue of its own.
pub fn issue() -> Value {
    static NUMBER: AtomicU16 = AtomicU16::new(1);
    let number = NUMBER.fetch_add(1, Ordering::SeqCst);
    json!({
        "action": "opened",
        "issue": {
            "id": 1000 + u32::from(number), "number": number, "title": format!("Crash {number}"),
            "html_url": format!("https://github.com/acme/app/issues/{number}"), "state": "open",
            "user": {"login": "alice", "id": 1, "type": "User"}, "labels": [], "assignees": [],
            "created_at": "2026-03-02T09:00:00Z",
        },
        "repository": {"id": 7, "full_name": "acme/app", "html_url": "https://github.com/acme/app", "private": false},
        "sender": {"login": "alice", "id": 1, "type": "User"},
    })
}
