//! What the functions and their peers talk to, each at a port of its own behind TLS as the real ones are at a host of their
//! own, so that connections count. All answer at once.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use anyhow::Context as _;
use axum::Router;
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::serve::Listener;
use bytes::Bytes;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::table::Items;

/// The services, in the order of their ports.
const SERVICES: [&str; 5] = ["dynamodb", "secretsmanager", "slack", "copr", "github"];

/// All of them. They end with the process.
pub(crate) struct StandIns {
    ports: BTreeMap<&'static str, u16>,
    seen: Arc<Mutex<Seen>>,
    /// PEM of the authority that all their certificates are of.
    pub(crate) ca_file: PathBuf,
}

/// What they have and what they saw.
#[derive(Default)]
struct Seen {
    items: Items,
    /// The secrets document.
    secret: String,
    /// What Copr says.
    monitor: Bytes,
    /// What GitHub says.
    deliveries: String,
    counts: Counts,
}

/// What was asked of them since the counts were last taken.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counts {
    /// `dynamodb.GetItem`, `slack POST`, …, in order.
    pub(crate) calls: Vec<String>,
    /// TLS handshakes.
    pub(crate) handshakes: usize,
}

impl StandIns {
    /// Starts them. The authority's certificate is written into `home`.
    pub(crate) fn start(home: &Path) -> anyhow::Result<Self> {
        let authority_key = KeyPair::generate()?;
        let mut authority = CertificateParams::new(Vec::new())?;
        authority
            .distinguished_name
            .push(DnType::CommonName, "Authority of the bench");
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let ca_file = home.join("ca.pem");
        std::fs::write(&ca_file, authority.self_signed(&authority_key)?.pem())?;
        let issuer = Issuer::new(authority, authority_key);
        let key = KeyPair::generate()?;
        let mut certificate = CertificateParams::new(vec!["localhost".to_owned()])?;
        certificate.distinguished_name.push(DnType::CommonName, "localhost");
        let certificate = certificate.signed_by(&key, &issuer)?;
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let tls = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)?;
        let tls = TlsAcceptor::from(Arc::new(tls));

        let seen = Arc::<Mutex<Seen>>::default();
        let mut ports = BTreeMap::new();
        for service in SERVICES {
            let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
            listener.set_nonblocking(true)?;
            ports.insert(service, listener.local_addr()?.port());
            let (tls, seen) = (tls.clone(), Arc::clone(&seen));
            thread::spawn(move || serve(service, listener, tls, &seen));
        }
        Ok(Self { ports, seen, ca_file })
    }

    /// `https://localhost:PORT`.
    pub(crate) fn url(&self, service: &str) -> String {
        format!("https://localhost:{}", self.ports[service])
    }

    pub(crate) fn set_secret(&self, document: &Value) {
        lock(&self.seen).secret = document.to_string();
    }

    /// What Copr answers when it is asked for a monitor, and GitHub when it is asked for deliveries.
    pub(crate) fn set_quiet(&self, monitor: String, deliveries: &Value) {
        let mut seen = lock(&self.seen);
        seen.monitor = monitor.into();
        seen.deliveries = deliveries.to_string();
    }

    /// Takes the counts, and starts from nothing.
    pub(crate) fn take_counts(&self) -> Counts {
        std::mem::take(&mut lock(&self.seen).counts)
    }
}

fn lock(seen: &Mutex<Seen>) -> MutexGuard<'_, Seen> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}

fn serve(service: &'static str, listener: std::net::TcpListener, tls: TlsAcceptor, seen: &Arc<Mutex<Seen>>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime should start").block_on(async {
        let listener = TcpListener::from_std(listener).expect("a bound port should listen");
        let address = listener.local_addr().expect("a bound port has an address");
        let (shaken, connections) = mpsc::unbounded_channel();
        tokio::spawn(shake_hands(listener, tls, Arc::clone(seen), shaken));
        let app = Router::new().fallback(answer).with_state((service, Arc::clone(seen)));
        let _ = axum::serve(Connections { address, connections }, app).await;
    });
}

/// Connections whose handshake is over.
struct Connections {
    address: SocketAddr,
    connections: mpsc::UnboundedReceiver<(TlsStream<TcpStream>, SocketAddr)>,
}

impl Listener for Connections {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        match self.connections.recv().await {
            Some(connection) => connection,
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> std::io::Result<SocketAddr> {
        Ok(self.address)
    }
}

async fn shake_hands(
    listener: TcpListener,
    tls: TlsAcceptor,
    seen: Arc<Mutex<Seen>>,
    shaken: mpsc::UnboundedSender<(TlsStream<TcpStream>, SocketAddr)>,
) {
    while let Ok((connection, from)) = listener.accept().await {
        let _ = connection.set_nodelay(true);
        let (tls, seen, shaken) = (tls.clone(), Arc::clone(&seen), shaken.clone());
        tokio::spawn(async move {
            if let Ok(connection) = tls.accept(connection).await {
                lock(&seen).counts.handshakes += 1;
                let _ = shaken.send((connection, from));
            }
        });
    }
}

async fn answer(State((service, seen)): State<(&'static str, Arc<Mutex<Seen>>)>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let target = head.headers.get("x-amz-target").and_then(|target| target.to_str().ok());
    let operation = target
        .and_then(|target| target.split_once('.'))
        .map(|(_, operation)| operation.to_owned());
    let body = axum::body::to_bytes(body, 64 << 20).await.unwrap_or_default();
    let mut seen = lock(&seen);
    let what = match &operation {
        Some(operation) => format!("{service}.{operation}"),
        None => format!("{service} {}", head.method),
    };
    seen.counts.calls.push(what);
    let json_body = || serde_json::from_slice::<Value>(&body).context("no JSON");
    let aws = |(status, answer): (u16, Value)| {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (
            status,
            [("content-type", "application/x-amz-json-1.0")],
            answer.to_string(),
        )
            .into_response()
    };
    let json = |text: String| ([("content-type", "application/json; charset=utf-8")], text).into_response();
    match (service, operation.as_deref()) {
        ("dynamodb", Some(operation)) => {
            let asked = json_body().unwrap_or_default();
            aws(seen.items.answer(operation, &asked))
        }
        ("secretsmanager", Some("GetSecretValue")) => {
            let asked = json_body().unwrap_or_default();
            aws(secret(
                &seen.secret,
                asked["VersionStage"].as_str().unwrap_or("AWSCURRENT"),
            ))
        }
        ("slack", _) if head.method == Method::POST => "ok".into_response(),
        ("copr", _) if head.uri.path() == "/api_3/monitor" => {
            ([("content-type", "application/json")], seen.monitor.clone()).into_response()
        }
        ("github", _) if head.uri.path().ends_with("/deliveries") => json(seen.deliveries.clone()),
        ("github", _) if head.uri.path().contains("/variables/") => {
            json(json!({"name": "LAST_REDELIVERY_RUN", "value": "0"}).to_string())
        }
        ("github", _) if head.uri.path().contains("/hooks/") => json(hook(head.uri.path())),
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

fn secret(document: &str, stage: &str) -> (u16, Value) {
    if stage != "AWSCURRENT" {
        let message = "Secrets Manager can't find the specified secret value for staging label: AWSPREVIOUS";
        return (400, json!({"__type": "ResourceNotFoundException", "Message": message}));
    }
    let found = json!({
        "ARN": "arn:aws:secretsmanager:us-east-1:123456789012:secret:copperbell-a1b2c3", "Name": "copperbell",
        "VersionId": "a1b2c3d4-5678-90ab-cdef-000000000002", "SecretString": document, "VersionStages": [stage],
        "CreatedDate": 1_795_294_935.5,
    });
    (200, found)
}

/// How a hook is set up, as GitHub says it.
fn hook(path: &str) -> String {
    let id = path
        .rsplit('/')
        .next()
        .and_then(|id| id.parse::<u64>().ok())
        .unwrap_or(123);
    json!({
        "type": "Repository", "id": id, "name": "web", "active": true, "events": ["issues", "issue_comment"],
        "config": {"content_type": "json", "insecure_ssl": "0", "url": "https://bell.example.org/webhook"},
        "updated_at": "2026-01-01T00:00:00Z", "created_at": "2026-01-01T00:00:00Z",
        "url": format!("https://localhost{path}"), "test_url": format!("https://localhost{path}/test"),
        "ping_url": format!("https://localhost{path}/pings"), "deliveries_url": format!("https://localhost{path}/deliveries"),
        "last_response": {"code": 200, "status": "active", "message": "OK"},
    })
    .to_string()
}
