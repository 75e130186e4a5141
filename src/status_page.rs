//! What `serve` shows at `STATUS_LISTEN`: how things stand, for people, for Prometheus and for programs.

mod charts;
mod html;
mod metrics;
mod tally;

use std::net::IpAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

pub(crate) use self::charts::Source;
pub(crate) use self::tally::Tally;

use self::charts::Charts;
use self::html::View;
use crate::connect::{Loaded, Server};

/// The page may use its own style and an empty icon. All else is nothing it needs.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'";

/// Prometheus's text format.
const EXPOSITION: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The style of the report's charts, and what the page has besides.
const STYLE: &str = concat!(include_str!("report/page.css"), include_str!("status_page/page.css"));

/// What the answers are made of.
struct Shown {
    server: Arc<Server>,
    tally: Arc<Tally>,
    charts: Arc<Charts>,
}

/// The listener's four pages and the page's style; GET and HEAD only.
pub(crate) fn router(server: Arc<Server>, tally: Arc<Tally>) -> Router {
    let charts = Arc::new(Charts::new(
        server.charts.clone(),
        server.watch.digest.ignored.clone(),
        server.clock.clone(),
    ));
    Router::new()
        .route("/", get(page))
        .route("/style.css", get(style))
        .route("/status.json", get(json))
        .route("/metrics", get(exposition))
        .route("/healthz", get(healthz))
        .layer(from_fn(guard))
        .with_state(Arc::new(Shown { server, tally, charts }))
}

/// Lets in who asks by an address or as localhost, and tells a browser to be careful with the answer.
async fn guard(request: Request, next: Next) -> Response {
    if !asks_directly(request.headers()) {
        let said = "Ask for this page by an IP address or as localhost: by another name, any website could have it.\n";
        return (StatusCode::FORBIDDEN, said).into_response();
    }
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (
            header::HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// A website can have its name point at this machine, and its visitors' browsers then ask us in its name. Addresses and
/// localhost are nobody's to point.
fn asks_directly(headers: &HeaderMap) -> bool {
    let mut hosts = headers.get_all(header::HOST).iter();
    let (Some(host), None) = (hosts.next().and_then(|host| host.to_str().ok()), hosts.next()) else {
        return false;
    };
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|digit| digit.is_ascii_digit()) => name,
        _ => host,
    };
    let bare = name.strip_prefix('[').and_then(|name| name.strip_suffix(']'));
    name.eq_ignore_ascii_case("localhost") || bare.unwrap_or(name).parse::<IpAddr>().is_ok()
}

async fn page(State(shown): State<Arc<Shown>>) -> Response {
    let view = async {
        let loaded = shown.server.loaded.get().await?;
        let (_, dead) = jobs::list(&loaded.context).await?;
        let status = status(&loaded).await?;
        let page = html::page(&View {
            status: &status,
            dead: &dead,
            rung: &shown.tally.rung(),
            charts: &shown.charts.latest(),
            build_page: &|id| shown.server.watch.copr.build_page(id),
            now: shown.server.clock.now(),
        });
        anyhow::Ok(page.into_string())
    };
    match view.await {
        Ok(page) => ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], page).into_response(),
        Err(error) => unread(&error),
    }
}

async fn style() -> Response {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], STYLE).into_response()
}

async fn json(State(shown): State<Arc<Shown>>) -> Response {
    let status = async {
        let loaded = shown.server.loaded.get().await?;
        anyhow::Ok(serde_json::to_string_pretty(&status(&loaded).await?)?)
    };
    match status.await {
        Ok(json) => ([(header::CONTENT_TYPE, "application/json")], json).into_response(),
        Err(error) => unread(&error),
    }
}

async fn exposition(State(shown): State<Arc<Shown>>) -> Response {
    let metrics = async {
        let loaded = shown.server.loaded.get().await?;
        anyhow::Ok(metrics::exposition(&status(&loaded).await?, &shown.tally.counts()))
    };
    match metrics.await {
        Ok(text) => ([(header::CONTENT_TYPE, EXPOSITION)], text).into_response(),
        Err(error) => unread(&error),
    }
}

/// Well: the secrets and the state can be read. Whether passes are made, and what they meet, is what the other pages say.
async fn healthz(State(shown): State<Arc<Shown>>) -> Response {
    let read = async {
        let loaded = shown.server.loaded.get().await?;
        anyhow::Ok(status(&loaded).await?)
    };
    match read.await {
        Ok(_) => "ok\n".into_response(),
        Err(error) => unread(&error),
    }
}

async fn status(loaded: &Loaded) -> Result<jobs::Status, state::Error> {
    jobs::status(&loaded.context).await
}

fn unread(error: &anyhow::Error) -> Response {
    tracing::error!("the status cannot be shown: {error:#}");
    let said = "The state or the secrets cannot be read; the log says why, and so does `copperbell doctor`.\n";
    (StatusCode::SERVICE_UNAVAILABLE, said).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_and_localhost_are_asked_directly() {
        for (host, expected) in [
            ("127.0.0.1:8788", true),
            ("127.0.0.1", true),
            ("[::1]:8788", true),
            ("[::1]", true),
            ("192.168.1.7:8788", true),
            ("localhost", true),
            ("LocalHost:8788", true),
            ("evil.example:8788", false),
            ("127.0.0.1.evil.example", false),
            ("localhost.evil.example", false),
            ("localhost:8788:1", false),
            ("user@localhost", false),
            ("", false),
        ] {
            let headers = HeaderMap::from_iter([(header::HOST, HeaderValue::from_static(host))]);
            assert_eq!(asks_directly(&headers), expected, "{host}");
        }
        assert!(!asks_directly(&HeaderMap::new()));
        let mut two = HeaderMap::new();
        two.append(header::HOST, HeaderValue::from_static("localhost"));
        two.append(header::HOST, HeaderValue::from_static("evil.example"));
        assert!(!asks_directly(&two));
    }
}
