//! What `serve` shows at its second listener: the page, the figures, and nothing to a stranger.

mod stage;

use std::collections::{BTreeMap, BTreeSet};

use http::Request;
use serde_json::json;
use stage::serving::{Serving, until};
use stage::{PROJECT, Stage, monitor};
use world::GitHub;

const HOSTILE: &str = "<script>alert(1)</script>";
const SECRET: &str = "It's a Secret to Everybody";
const PAGES: [&str; 5] = ["/", "/style.css", "/status.json", "/metrics", "/healthz"];

/// A process that makes a pass every second, with what `stage` and these settings say.
fn serving(stage: &Stage, settings: &[(&str, &str)]) -> Serving {
    let url = stage.copr.url();
    let mut all = vec![("COPR_URL", url.as_str()), ("COPR_PROJECTS", PROJECT), ("EVERY", "1s")];
    all.extend(settings);
    let mut secrets = stage.secrets.clone();
    secrets["github_webhook_secret"] = json!(SECRET);
    Serving::start(&secrets, &all)
}

async fn has_passed(serving: &Serving) {
    until("a pass is made", async || {
        let figures = serving.get("/metrics").await.body;
        let passes = samples(&figures).into_iter();
        passes
            .filter(|(series, _)| series.starts_with("copperbell_passes_total"))
            .any(|(_, count)| count > 0.0)
    })
    .await;
}

#[tokio::test]
async fn the_page_shows_what_fails_and_what_rang_and_every_text_is_text() {
    let stage = Stage::new().await;
    stage.monitor(monitor(&[(HOSTILE, "failed", 4711), ("gamma", "succeeded", 5)]));
    stage.feishu.answer_always(Some(world::ChatAnswer::Status {
        status: 404,
        headers: Vec::new(),
        body: "gone".to_owned(),
    }));
    let github = GitHub::start(|| jiff::Timestamp::now().as_millisecond()).await;
    let github_url = github.url();
    let settings = [
        ("GITHUB_API_URL", github_url.as_str()),
        ("GITHUB_HOOKS", "repo:acme/app:1"),
    ];
    let serving = serving(&stage, &settings);
    has_passed(&serving).await;
    let page = serving.get("/").await;
    assert_eq!(
        (page.status, page.header("content-type")),
        (200, "text/html; charset=utf-8")
    );
    assert_eq!(
        page.header("content-security-policy"),
        "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    assert_eq!(page.header("cache-control"), "no-store");
    let body = &page.body;
    assert!(!body.contains("<script"), "{body}");
    let escaped = "&lt;script&gt;alert(1)&lt;/script&gt;";
    for shown in [
        "<li><strong>1 package fails</strong></li>",
        "1 channel does not take notices",
        &format!("<bdi class=\"what\">{escaped}</bdi>"),
        &format!("{escaped} fails to build in alice/demo"),
        "fedora-42-x86_64",
        &format!("{}/coprs/build/4711", stage.copr.url()),
        "repo:acme/app:1",
        "no credentials for this hook",
        "answered HTTP 404",
        "http-equiv=\"refresh\" content=\"60\"",
    ] {
        assert!(body.contains(shown), "{shown}\n{body}");
    }
    // A channel's URL is its secret.
    let urls = stage.secrets["channels"].as_array().unwrap().iter();
    for secret in urls.map(|channel| channel["url"].as_str().unwrap()).chain([SECRET]) {
        let host_and_path = secret.rsplit("://").next().unwrap();
        for path in PAGES {
            let body = serving.get(path).await.body;
            assert!(!body.contains(host_and_path), "{path}: {body}");
        }
    }
}

#[tokio::test]
async fn a_stranger_is_shown_nothing_and_nobody_can_do_anything() {
    let stage = Stage::new().await;
    stage.monitor(monitor(&[]));
    let serving = serving(&stage, &[]);
    let url = |path: &str| format!("{}{}", serving.status_url, &path[1..]);
    for path in PAGES {
        for host in ["evil.example", "evil.example:8788", "127.0.0.1.evil.example"] {
            let answer = serving.send(Request::get(url(path)).header("host", host), "").await;
            assert_eq!(answer.status, 403, "{path} of {host}");
            assert!(
                answer.body.starts_with("Ask for this page by an IP address"),
                "{}",
                answer.body
            );
        }
        for method in ["POST", "PUT", "DELETE", "OPTIONS"] {
            let answer = serving.send(Request::builder().method(method).uri(url(path)), "").await;
            assert_eq!(answer.status, 405, "{method} {path}");
        }
        assert_eq!(serving.get(path).await.status, 200, "{path}");
        let head = serving.send(Request::head(url(path)), "").await;
        assert_eq!((head.status, head.body.as_str()), (200, ""), "{path}");
        let here = serving
            .send(Request::get(url(path)).header("host", "localhost:1"), "")
            .await;
        assert_eq!(here.status, 200, "{path}");
    }
    assert_eq!(serving.get("/webhook").await.status, 404);
    let stranger = Request::get(url("/nothing")).header("host", "evil.example");
    assert_eq!(serving.send(stranger, "").await.status, 403);
    // And the webhooks' listener has its two paths, as ever.
    let webhooks = serving.webhook_url.strip_suffix("/webhook").unwrap();
    for (path, expected) in [
        ("/", 404),
        ("/metrics", 404),
        ("/status.json", 404),
        ("/style.css", 404),
        ("/healthz", 200),
    ] {
        let answer = serving.send(Request::get(format!("{webhooks}{path}")), "").await;
        assert_eq!(answer.status, expected, "{path}");
    }
}

/// The samples of an exposition, each `name{labels}` with its value; what is none fails.
fn samples(text: &str) -> BTreeMap<&str, f64> {
    let mut typed = BTreeSet::new();
    let mut samples = BTreeMap::new();
    for line in text.lines() {
        if let Some(comment) = line.strip_prefix("# ") {
            let mut words = comment.splitn(3, ' ');
            let (keyword, name, rest) = (words.next().unwrap(), words.next().unwrap(), words.next().unwrap());
            assert!(!rest.is_empty(), "{line}");
            match keyword {
                "TYPE" => assert!(["gauge", "counter"].contains(&rest) && typed.insert(name), "{line}"),
                keyword => assert_eq!(keyword, "HELP", "{line}"),
            }
            continue;
        }
        let (series, value) = line.rsplit_once(' ').unwrap();
        let name = series.split('{').next().unwrap();
        assert!(typed.contains(name), "{line}");
        assert!(name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{line}");
        assert!(
            samples.insert(series, value.parse().unwrap()).is_none(),
            "{line} is there twice"
        );
    }
    samples
}

#[tokio::test]
async fn the_figures_are_prometheus_text_and_tell_what_is_and_what_was_done() {
    let stage = Stage::new().await;
    stage.monitor(monitor(&[("beta", "failed", 5), ("gamma", "failed", 5)]));
    let serving = serving(&stage, &[]);
    has_passed(&serving).await;
    let unsigned = serving.send(Request::post(&serving.webhook_url), "{}").await;
    assert_eq!(unsigned.status, 401);
    let figures = serving.get("/metrics").await;
    assert_eq!(
        figures.header("content-type"),
        "text/plain; version=0.0.4; charset=utf-8"
    );
    let samples = samples(&figures.body);
    for (series, expected) in [
        ("copperbell_incidents_open{project=\"alice/demo\"}", 2.0),
        ("copperbell_last_run_complete", 1.0),
        ("copperbell_outbox_waiting{channel=\"team\"}", 0.0),
        ("copperbell_dead_letters{channel=\"rpm\"}", 0.0),
        ("copperbell_rung_total{channel=\"team\"}", 2.0),
        ("copperbell_passes_total{complete=\"false\"}", 0.0),
        (
            "copperbell_webhooks_total{outcome=\"Refused\",reason=\"unsigned\"}",
            1.0,
        ),
        (
            concat!("copperbell_build_info{version=\"", env!("CARGO_PKG_VERSION"), "\"}"),
            1.0,
        ),
    ] {
        assert_eq!(samples.get(series), Some(&expected), "{series}\n{}", figures.body);
    }
    let ended = samples["copperbell_last_run_timestamp_seconds"];
    #[expect(clippy::cast_precision_loss, reason = "seconds")]
    let now = jiff::Timestamp::now().as_second() as f64;
    assert!((now - 60.0..=now + 1.0).contains(&ended), "{ended}");
}

#[tokio::test]
async fn the_charts_of_the_issues_are_drawn_while_the_page_is_shown() {
    let stage = Stage::new().await;
    stage.monitor(monitor(&[]));
    let serving = serving(&stage, &[("SINK", "sqlite:issues.db")]);
    let first = serving.get("/").await;
    assert_eq!(first.status, 200);
    assert!(first.body.contains("The charts are being drawn."), "{}", first.body);
    assert!(first.body.contains("http-equiv=\"refresh\" content=\"5\""));
    until("the charts are drawn", async || {
        serving.get("/").await.body.contains("Issues of the last 90 days")
    })
    .await;
}
