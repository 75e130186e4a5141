//! Copr's API v3, as far as Copperbell asks it: the monitor and single builds.

use std::collections::{BTreeSet, HashMap};
use std::future;
use std::iter;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Path, State};
use axum::http::header::{CONTENT_TYPE, HeaderValue, USER_AGENT, VARY};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{Html, IntoResponse as _, Response};
use axum::routing::get;
use bytes::Bytes;
use serde_json::{Value, json};
use url::form_urlencoded;

use crate::monitor::{self, COMMA, HEAD, TAIL};
use crate::recorded;
use crate::server::{Server, broken, lock, reset, status_code, streamed};

/// In how many pieces is a body sent? More than one, so that its reader meets a cut in the middle of a word.
const PIECES: usize = 5;

/// A Copr of our own.
///
/// It is stricter than the real one: a request for a known project without `additional_fields[]=url_build_log` or
/// without a User-Agent that has a URL gets a 400.
pub struct Copr {
    server: Server,
    shared: Arc<Mutex<Projects>>,
}

/// What a project's monitor answers.
#[derive(Clone, Debug)]
pub enum Reply {
    /// 200 and this body, streamed in pieces without a length. A body that is cut short is what Copr sends when it
    /// fails in the middle of a stream ([`recorded::TRUNCATED_STREAM`]).
    Monitor(Bytes),
    /// A monitor of any size, made while it is sent and never held.
    Generated {
        /// How many packages.
        packages: usize,
        /// How many chroots each has.
        chroots: usize,
        /// How many of the packages, the first ones, failed in all chroots; the others succeeded.
        failed: usize,
    },
    /// Copr's own error: `{"error": …}`.
    Error {
        /// HTTP status.
        status: u16,
        /// What it says.
        error: String,
    },
    /// An error of the proxy before Copr: a page of HTML.
    Html(u16),
    /// 200 and nothing.
    Empty,
    /// 200 and this body, then the connection breaks off before the body's end.
    Truncated(Bytes),
    /// The request is accepted and never answered.
    Hang,
    /// The connection is closed without an answer.
    Reset,
}

impl Reply {
    /// [`Reply::Monitor`] of a text, a [`recorded`] body, …
    pub fn monitor(body: impl Into<Bytes>) -> Self {
        Self::Monitor(body.into())
    }
}

/// A request that came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// `/api_3/monitor`.
    pub path: String,
    /// Names and values, decoded.
    pub query: Vec<(String, String)>,
    /// Empty if there was none.
    pub user_agent: String,
}

/// What says how a request for a project is answered.
type Chooser = Arc<dyn Fn(&str) -> Option<Reply> + Send + Sync>;

#[derive(Default)]
struct Projects {
    replies: HashMap<String, Reply>,
    chooser: Option<Chooser>,
    builds: HashMap<u64, String>,
    requests: Vec<Request>,
}

impl Copr {
    /// A Copr without projects and builds.
    ///
    /// # Panics
    /// When this machine has no free port.
    pub async fn start() -> Self {
        let shared = Arc::default();
        let app = Router::new()
            .route("/api_3/monitor", get(monitor))
            .route("/api_3/build/{id}", get(build))
            .with_state(Arc::clone(&shared));
        Self {
            server: Server::start(app).await,
            shared,
        }
    }

    /// The base URL, `http://127.0.0.1:PORT`.
    #[must_use]
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// From now on, `project` (`alice/demo`, `@demo/grp`, `alice/demo:pr:12`) answers this.
    pub fn set(&self, project: &str, reply: Reply) {
        lock(&self.shared).replies.insert(project.to_owned(), reply);
    }

    /// Asks `chooser` how to answer each request for the monitor of a known project; `None`: as the project does.
    pub fn answer_by(&self, chooser: impl Fn(&str) -> Option<Reply> + Send + Sync + 'static) {
        lock(&self.shared).chooser = Some(Arc::new(chooser));
    }

    /// From now on, build `id` is in this state.
    pub fn set_build(&self, id: u64, state: &str) {
        lock(&self.shared).builds.insert(id, state.to_owned());
    }

    /// All requests so far, in order.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        lock(&self.shared).requests.clone()
    }
}

impl Request {
    fn new(uri: &Uri, headers: &HeaderMap) -> Self {
        let user_agent = headers.get(USER_AGENT).map(HeaderValue::as_bytes);
        Self {
            path: uri.path().to_owned(),
            query: form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes())
                .into_owned()
                .collect(),
            user_agent: String::from_utf8_lossy(user_agent.unwrap_or_default()).into_owned(),
        }
    }

    fn one(&self, name: &str) -> Result<&str, Refusal> {
        let found = self.query.iter().find(|(key, _)| key == name);
        found
            .map(|(_, value)| value.as_str())
            .ok_or_else(|| (StatusCode::BAD_REQUEST, format!("Missing argument {name}")))
    }

    /// The values of `additional_fields[]`, sorted.
    fn additional_fields(&self) -> BTreeSet<&str> {
        let fields = self.query.iter().filter(|(key, _)| key == "additional_fields[]");
        fields.map(|(_, value)| value.as_str()).collect()
    }
}

/// A status and Copr's words.
type Refusal = (StatusCode, String);

impl Projects {
    /// The project asked for and its reply. Checks in Copr's order, in Copr's words.
    fn find(&self, request: &Request) -> Result<(String, Reply), Refusal> {
        let owner = request.one("ownername")?;
        let name = request.one("projectname")?;
        let project = format!("{owner}/{name}");
        let known = |prefix: &str| self.replies.keys().any(|key| key.starts_with(prefix));
        if !self.replies.contains_key(&project) && !known(&format!("{project}:")) {
            let what = match owner.strip_prefix('@') {
                Some(group) if !known(&format!("{owner}/")) => format!("Group {group}"),
                _ => format!("Project {project}"),
            };
            return Err((StatusCode::NOT_FOUND, format!("{what} does not exist.")));
        }
        let fields = request.additional_fields();
        let valid = BTreeSet::from(["url_build_log", "url_backend_log", "url_build"]);
        let bad: Vec<_> = fields.difference(&valid).copied().collect();
        if !bad.is_empty() {
            let error = format!("Wrong additional_fields argument(s): {}", bad.join(", "));
            return Err((StatusCode::BAD_REQUEST, error));
        }
        if !fields.contains("url_build_log") {
            let error = "stand-in: asked without additional_fields[]=url_build_log";
            return Err((StatusCode::BAD_REQUEST, error.to_owned()));
        }
        if !request.user_agent.contains("https://") {
            let error = "stand-in: asked by a User-Agent without a URL";
            return Err((StatusCode::BAD_REQUEST, error.to_owned()));
        }
        let dir = request.one("project_dirname").unwrap_or(name);
        let key = format!("{owner}/{dir}");
        if let Some(reply) = self.replies.get(&key) {
            return Ok((key, reply.clone()));
        }
        let error = format!("Dirname '{dir}' doesn't exist in '{project}' copr");
        Err((StatusCode::NOT_FOUND, error))
    }
}

async fn monitor(State(shared): State<Arc<Mutex<Projects>>>, uri: Uri, headers: HeaderMap) -> Response {
    let request = Request::new(&uri, &headers);
    let (found, chooser) = {
        let mut projects = lock(&shared);
        projects.requests.push(request.clone());
        (projects.find(&request), projects.chooser.clone())
    };
    let (project, reply) = match found {
        Ok(found) => found,
        Err((status, error)) => return error_json(status, &error),
    };
    let chosen = chooser.and_then(|chooser| chooser(&project));
    let reply = chosen.unwrap_or(reply);
    match reply {
        Reply::Monitor(body) => copr_json(streamed(pieces(body).map(Ok))),
        Reply::Generated {
            packages,
            chroots,
            failed,
        } => {
            let pieces = generated(project, packages, chroots, failed);
            copr_json(streamed(pieces.map(|piece| Ok(piece.into()))))
        }
        Reply::Error { status, error } => error_json(status_code(status), &error),
        Reply::Html(status) => html(status_code(status)),
        Reply::Empty => copr_json(Response::default()),
        Reply::Truncated(body) => {
            let end = iter::once_with(|| Err(broken()));
            copr_json(streamed(pieces(body).map(Ok).chain(end)))
        }
        Reply::Hang => future::pending().await,
        Reply::Reset => reset(),
    }
}

async fn build(
    State(shared): State<Arc<Mutex<Projects>>>,
    Path(id): Path<u64>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let state = {
        let mut projects = lock(&shared);
        projects.requests.push(Request::new(&uri, &headers));
        projects.builds.get(&id).cloned()
    };
    let Some(state) = state else {
        let error = format!("Build {id} does not exist.");
        return error_json(StatusCode::NOT_FOUND, &error);
    };
    let mut recorded: Value = serde_json::from_slice(recorded::BUILD).unwrap_or_default();
    let mut build = recorded["body"].take();
    build["id"] = json!(id);
    build["state"] = json!(state);
    copr_json(format!("{build}\n").into_response())
}

/// The body in [`PIECES`] pieces, cut anywhere.
fn pieces(body: Bytes) -> impl Iterator<Item = Bytes> {
    let length = body.len().div_ceil(PIECES).max(1);
    let starts = (0..body.len()).step_by(length);
    starts.map(move |start| body.slice(start..body.len().min(start + length)))
}

fn generated(project: String, packages: usize, chroots: usize, failed: usize) -> impl Iterator<Item = String> {
    let chroots: Vec<String> = (0..chroots).map(|n| format!("fedora-{n}-x86_64")).collect();
    let packages = (0..packages).zip(14..).map(move |(n, build_id)| {
        let state = if n < failed { "failed" } else { "succeeded" };
        let name = format!("python-package-number-{n:06}");
        let chroots = chroots
            .iter()
            .map(|chroot| (chroot.as_str(), state, build_id, Some("1.2.3-4")));
        let comma = if n == 0 { "" } else { COMMA };
        format!("{comma}{}", monitor::package(&project, &name, chroots))
    });
    let head = iter::once(HEAD.to_owned());
    head.chain(packages).chain(iter::once(TAIL.to_owned()))
}

fn copr_json(mut response: Response) -> Response {
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    let vary = HeaderValue::from_static("Cookie");
    response.headers_mut().insert(VARY, vary);
    response
}

fn error_json(status: StatusCode, error: &str) -> Response {
    let body = format!("{{\"error\": {}}}\n", json!(error));
    copr_json((status, body).into_response())
}

fn html(status: StatusCode) -> Response {
    let title = status.canonical_reason().unwrap_or("Error");
    let page = format!(
        "<!DOCTYPE HTML PUBLIC \"-//IETF//DTD HTML 2.0//EN\">\n<html><head>\n<title>{} {title}</title>\n\
         </head><body>\n<h1>{title}</h1>\n<p>The proxy server could not handle the request.</p>\n</body></html>\n",
        status.as_u16()
    );
    (status, Html(page)).into_response()
}

#[cfg(test)]
mod tests {
    use outbound::Error;

    use super::*;
    use crate::ask::{get, text};

    const LOGS: &str = "additional_fields[]=url_build_log";

    fn monitor_url(copr: &Copr, query: &str) -> String {
        format!("{}/api_3/monitor?{query}&{LOGS}", copr.url())
    }

    #[tokio::test]
    async fn every_recorded_request_is_answered_as_it_was() {
        macro_rules! recorded {
            ($($name:literal)*) => {[$((
                include_str!(concat!("../data/copr/", $name, ".meta.json")),
                include_bytes!(concat!("../data/copr/", $name, ".json")).as_slice(),
            )),*]};
        }
        let copr = Copr::start().await;
        for (meta, body) in recorded!(
            "02-waiting" "04-starting-running" "05-mixed-failed" "06-mixed-failed-all-fields"
            "07-rebuild-waiting-hides-failed" "09-one-chroot-recovered" "20-group-project"
            "90-unknown-project" "92-unknown-group" "94-bad-field"
        ) {
            let meta: Value = serde_json::from_str(meta).unwrap();
            if meta["status"] == 200 {
                copr.set("alice/demo", Reply::monitor(body));
                copr.set("@demo/grp", Reply::monitor(body));
            }
            let recorded_url = meta["url"].as_str().unwrap();
            let (_, query) = recorded_url.split_once('?').unwrap();
            let answer = get(&monitor_url(&copr, query)).await.unwrap();
            assert_eq!(meta["status"], answer.status(), "{recorded_url}");
            for name in ["Content-Type", "Content-Length", "Vary"] {
                assert_eq!(meta["headers"][name].as_str(), answer.header(name), "{name}");
            }
            assert_eq!(answer.bytes(1 << 20).await.unwrap(), body, "{recorded_url}");
        }
    }

    #[tokio::test]
    async fn a_build_is_answered_as_recorded() {
        let copr = Copr::start().await;
        copr.set_build(5, "failed");
        for recorded in [recorded::BUILD, recorded::UNKNOWN_BUILD] {
            let recorded: Value = serde_json::from_slice(recorded).unwrap();
            let path = recorded["path"].as_str().unwrap();
            let answer = get(&format!("{}{path}", copr.url())).await.unwrap();
            assert_eq!(recorded["status"], answer.status());
            let body: Value = serde_json::from_str(&text(answer).await).unwrap();
            assert_eq!(body, recorded["body"]);
        }
    }

    #[tokio::test]
    async fn a_directory_of_a_project_is_a_project_of_its_own() {
        let copr = Copr::start().await;
        copr.set("alice/demo:pr:12", Reply::Empty);
        let query = "ownername=alice&projectname=demo&project_dirname=demo%3Apr%3A12";
        assert_eq!(get(&monitor_url(&copr, query)).await.unwrap().status(), 200);

        let other = monitor_url(&copr, &query.replace("12", "13"));
        let answer = get(&other).await.unwrap();
        assert_eq!(answer.status(), 404);
        assert_eq!(
            text(answer).await,
            "{\"error\": \"Dirname 'demo:pr:13' doesn't exist in 'alice/demo' copr\"}\n"
        );
    }

    #[tokio::test]
    async fn requests_are_remembered_and_must_ask_for_logs() {
        let copr = Copr::start().await;
        copr.set("alice/demo", Reply::Empty);
        let query = "ownername=alice&projectname=demo";
        let url = format!("{}/api_3/monitor?{query}&additional_fields=url_build_log", copr.url());
        assert_eq!(get(&url).await.unwrap().status(), 400);
        let answer = get(&format!("{}/api_3/monitor", copr.url())).await.unwrap();
        assert_eq!(text(answer).await, "{\"error\": \"Missing argument ownername\"}\n");

        let requests = copr.requests();
        assert_eq!(requests.len(), 2);
        assert_eq!(requests[0].path, "/api_3/monitor");
        assert_eq!(requests[0].query[1], ("projectname".to_owned(), "demo".to_owned()));
        assert_eq!(requests[0].user_agent, outbound::USER_AGENT);
    }

    #[tokio::test]
    async fn a_truncated_answer_breaks_after_its_last_byte_where_another_just_ends() {
        let copr = Copr::start().await;
        let body = Bytes::from_static(recorded::TRUNCATED_STREAM);
        let url = monitor_url(&copr, "ownername=alice&projectname=demo");
        copr.set("alice/demo", Reply::Monitor(body.clone()));
        let answer = get(&url).await.unwrap();
        assert_eq!(answer.bytes(1 << 20).await.unwrap(), body);

        copr.set("alice/demo", Reply::Truncated(body.clone()));
        let mut answer = get(&url).await.unwrap();
        assert_eq!(answer.status(), 200);
        let mut read = Vec::new();
        let end = loop {
            match answer.chunk().await {
                Ok(Some(chunk)) => read.extend_from_slice(&chunk),
                end => break end,
            }
        };
        assert!(matches!(end, Err(Error::Broken(_))), "{end:?}");
        assert_eq!(read, body);
    }

    #[tokio::test]
    async fn a_generated_monitor_is_whole_and_sorted() {
        let copr = Copr::start().await;
        let reply = Reply::Generated {
            packages: 300,
            chroots: 4,
            failed: 2,
        };
        copr.set("alice/demo", reply);
        let url = monitor_url(&copr, "ownername=alice&projectname=demo");
        let answer = get(&url).await.unwrap();
        assert_eq!(answer.header("content-length"), None);
        let body: Value = serde_json::from_str(&text(answer).await).unwrap();
        let packages = body["packages"].as_array().unwrap();
        assert_eq!(packages.len(), 300);
        assert!(packages.is_sorted_by_key(|package| package["name"].to_string()));
        assert_eq!(packages[1]["chroots"]["fedora-3-x86_64"]["state"], "failed");
        assert_eq!(packages[2]["chroots"]["fedora-3-x86_64"]["state"], "succeeded");
        assert_eq!(packages[2]["chroots"].as_object().unwrap().len(), 4);
    }

    #[tokio::test]
    async fn other_failures_look_as_they_do_outside() {
        let copr = Copr::start().await;
        let url = monitor_url(&copr, "ownername=alice&projectname=demo");

        copr.set("alice/demo", Reply::Html(503));
        let answer = get(&url).await.unwrap();
        assert_eq!(answer.status(), 503);
        assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"));

        let recorded: Value = serde_json::from_slice(recorded::INTERNAL_ERROR).unwrap();
        let error = recorded["body"]["error"].as_str().unwrap().to_owned();
        copr.set("alice/demo", Reply::Error { status: 500, error });
        let answer = get(&url).await.unwrap();
        assert_eq!(recorded["status"], answer.status());
        assert_eq!(
            serde_json::from_str::<Value>(&text(answer).await).unwrap(),
            recorded["body"]
        );

        copr.set("alice/demo", Reply::Empty);
        let answer = get(&url).await.unwrap();
        assert_eq!((answer.status(), text(answer).await.as_str()), (200, ""));

        copr.set("alice/demo", Reply::Reset);
        let answer = get(&url).await;
        assert!(matches!(answer, Err(Error::Broken(_))), "{answer:?}");
    }

    #[tokio::test]
    async fn a_chooser_answers_in_place_of_a_known_project() {
        let copr = Copr::start().await;
        copr.set("alice/demo", Reply::Empty);
        copr.answer_by(|project| (project == "alice/demo").then_some(Reply::Html(502)));
        let url = |project| monitor_url(&copr, &format!("ownername=alice&projectname={project}"));
        assert_eq!(get(&url("demo")).await.unwrap().status(), 502);
        assert_eq!(get(&url("nope")).await.unwrap().status(), 404);
        copr.answer_by(|_| None);
        assert_eq!(get(&url("demo")).await.unwrap().status(), 200);
    }

    #[tokio::test]
    async fn a_hanging_request_ends_with_its_server() {
        let copr = Copr::start().await;
        copr.set("alice/demo", Reply::Hang);
        let url = monitor_url(&copr, "ownername=alice&projectname=demo");
        let asked = tokio::spawn(async move { get(&url).await });
        while copr.requests().is_empty() {
            tokio::task::yield_now().await;
        }
        assert!(!asked.is_finished());
        drop(copr);
        let answer = asked.await.unwrap();
        assert!(matches!(answer, Err(Error::Broken(_))), "{answer:?}");
    }
}
