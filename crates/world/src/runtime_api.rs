//! AWS Lambda's Runtime API (2018-06-01): hands events to a function's process and takes its answers.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{AppendHeaders, IntoResponse, Response};
use axum::routing::{get, post};
use bytes::Bytes;
use serde_json::{Value, json};
use tokio::sync::{Mutex as AsyncMutex, mpsc, oneshot, watch};

use crate::server::{Server, lock};

/// A Lambda environment around one function.
pub struct RuntimeApi {
    server: Server,
    invocations: mpsc::UnboundedSender<Invocation>,
    shared: Arc<Shared>,
}

struct Invocation {
    id: String,
    deadline_ms: u128,
    event: Value,
}

/// What became of an invocation: the response, or the error, as the function sent it.
type Outcome = Result<Value, Value>;

struct Shared {
    waiting: AsyncMutex<mpsc::UnboundedReceiver<Invocation>>,
    polls: watch::Sender<usize>,
    log: Mutex<Log>,
}

#[derive(Default)]
struct Log {
    invoked: usize,
    unanswered: HashMap<String, oneshot::Sender<Outcome>>,
    init_errors: Vec<Value>,
}

impl RuntimeApi {
    /// An environment without events.
    ///
    /// # Panics
    /// When this machine has no free port.
    pub async fn start() -> Self {
        let (invocations, waiting) = mpsc::unbounded_channel();
        let shared = Arc::new(Shared {
            waiting: AsyncMutex::new(waiting),
            polls: watch::Sender::new(0),
            log: Mutex::default(),
        });
        let runtime = Router::new()
            .route("/invocation/next", get(next))
            .route("/invocation/{id}/response", post(response))
            .route("/invocation/{id}/error", post(error))
            .route("/init/error", post(init_error))
            .with_state(Arc::clone(&shared));
        let app = Router::new().nest("/2018-06-01/runtime", runtime);
        Self {
            server: Server::start(app).await,
            invocations,
            shared,
        }
    }

    /// `127.0.0.1:PORT`, for `AWS_LAMBDA_RUNTIME_API`.
    #[must_use]
    pub fn address(&self) -> String {
        self.server.address().to_string()
    }

    /// Queues an event at once, with a deadline so many milliseconds from now. The future is its outcome: the
    /// function's response, or its error; it stays pending if the function dies over it.
    ///
    /// # Errors
    /// What the function sent as its error.
    ///
    /// # Panics
    /// The future, when this API ends before there is an outcome.
    pub fn invoke(&self, event: Value, deadline_ms_from_now: u32) -> impl Future<Output = Outcome> + Send + use<> {
        let (tell, outcome) = oneshot::channel();
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let id = {
            let mut log = lock(&self.shared.log);
            log.invoked += 1;
            let id = format!("8476a536-e9f4-11e8-9739-{:012x}", log.invoked);
            log.unanswered.insert(id.clone(), tell);
            id
        };
        // Fails only when nobody is left to ask; then there is no outcome either.
        let _ = self.invocations.send(Invocation {
            id,
            deadline_ms: now.unwrap_or_default().as_millis() + u128::from(deadline_ms_from_now),
            event,
        });
        async { outcome.await.expect("the Runtime API should outlive its invocations") }
    }

    /// How often the function has asked for its next event.
    #[must_use]
    pub fn polls(&self) -> usize {
        *self.shared.polls.borrow()
    }

    /// Returns when the function has asked for an event: its init is over.
    pub async fn first_poll(&self) {
        let mut polls = self.shared.polls.subscribe();
        let _ = polls.wait_for(|polls| *polls > 0).await;
    }

    /// The errors of inits that failed.
    #[must_use]
    pub fn init_errors(&self) -> Vec<Value> {
        lock(&self.shared.log).init_errors.clone()
    }
}

async fn next(State(shared): State<Arc<Shared>>) -> Response {
    shared.polls.send_modify(|polls| *polls += 1);
    let Some(invocation) = shared.waiting.lock().await.recv().await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let function = "arn:aws:lambda:us-east-1:123456789012:function:copperbell";
    let trace = "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=1";
    let headers = AppendHeaders([
        (CONTENT_TYPE.as_str(), "application/json".to_owned()),
        ("lambda-runtime-aws-request-id", invocation.id),
        ("lambda-runtime-deadline-ms", invocation.deadline_ms.to_string()),
        ("lambda-runtime-invoked-function-arn", function.to_owned()),
        ("lambda-runtime-trace-id", trace.to_owned()),
    ]);
    (headers, invocation.event.to_string()).into_response()
}

async fn response(State(shared): State<Arc<Shared>>, Path(id): Path<String>, body: Bytes) -> Response {
    answered(&shared, &id, Ok(value(&body)))
}

async fn error(State(shared): State<Arc<Shared>>, Path(id): Path<String>, body: Bytes) -> Response {
    answered(&shared, &id, Err(value(&body)))
}

async fn init_error(State(shared): State<Arc<Shared>>, body: Bytes) -> Response {
    lock(&shared.log).init_errors.push(value(&body));
    said(StatusCode::ACCEPTED, &json!({"status": "OK"}))
}

fn answered(shared: &Shared, id: &str, outcome: Outcome) -> Response {
    let Some(tell) = lock(&shared.log).unanswered.remove(id) else {
        let error = json!({"errorMessage": "Invalid request ID", "errorType": "InvalidRequestID"});
        return said(StatusCode::BAD_REQUEST, &error);
    };
    // The test may have stopped waiting.
    let _ = tell.send(outcome);
    said(StatusCode::ACCEPTED, &json!({"status": "OK"}))
}

fn said(status: StatusCode, body: &Value) -> Response {
    let json = [(CONTENT_TYPE, "application/json")];
    (status, json, body.to_string()).into_response()
}

/// The body; a text, where it is no JSON.
fn value(body: &[u8]) -> Value {
    serde_json::from_slice(body).unwrap_or_else(|_| String::from_utf8_lossy(body).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ask;

    async fn tell(api: &RuntimeApi, path: &str, body: &'static str) -> u16 {
        let url = format!("http://{}/2018-06-01/runtime/{path}", api.address());
        ask::post(&url, &[], body).await.unwrap().status()
    }

    #[tokio::test]
    async fn an_event_goes_to_the_function_and_its_outcome_comes_back() {
        let api = RuntimeApi::start().await;
        let url = format!("http://{}/2018-06-01/runtime/invocation/next", api.address());
        let (next, ()) = tokio::join!(ask::get(&url), async {
            api.first_poll().await;
            drop(api.invoke(json!({"n": 1}), 3000));
        });
        let next = next.unwrap();
        assert_eq!(next.status(), 200);
        let deadline: u128 = next.header("lambda-runtime-deadline-ms").unwrap().parse().unwrap();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
        assert!((now..=now + 3000).contains(&deadline));
        let arn = next.header("lambda-runtime-invoked-function-arn").unwrap();
        assert!(arn.starts_with("arn:aws:lambda:"));
        assert!(next.header("lambda-runtime-trace-id").unwrap().starts_with("Root=1-"));
        assert_eq!(ask::text(next).await, r#"{"n":1}"#);

        let outcomes = [api.invoke(json!(2), 3000), api.invoke(json!(3), 3000)];
        for (kind, body) in [("response", r#"{"ok":true}"#), ("error", r#"{"errorType":"E"}"#)] {
            let next = ask::get(&url).await.unwrap();
            let id = next.header("lambda-runtime-aws-request-id").unwrap();
            let path = format!("invocation/{id}/{kind}");
            assert_eq!(tell(&api, &path, body).await, 202);
            assert_eq!(tell(&api, &path, body).await, 400, "it is answered already");
        }
        let [second, third] = outcomes;
        assert_eq!(second.await, Ok(json!({"ok": true})));
        assert_eq!(third.await, Err(json!({"errorType": "E"})));
        assert_eq!(api.polls(), 3);
    }

    #[tokio::test]
    async fn a_failed_init_is_remembered() {
        let api = RuntimeApi::start().await;
        assert_eq!(
            tell(&api, "init/error", r#"{"errorType":"Runtime.InitError"}"#).await,
            202
        );
        assert_eq!(api.init_errors(), [json!({"errorType": "Runtime.InitError"})]);
        assert_eq!(api.polls(), 0);
    }
}
