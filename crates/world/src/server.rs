//! Starts and stops a stand-in's server, and breaks connections on purpose.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use axum::Router;
use axum::body::Body;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::response::Response;
use axum::serve::ListenerExt as _;
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::oneshot;

/// A running server. It has a thread and a runtime of its own, so it answers while its test blocks, and dropping it
/// ends every connection with the runtime, as the death of a real server would; the port is free right after.
pub(crate) struct Server {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Serves `app` on a free port of 127.0.0.1.
    pub(crate) async fn start(app: Router) -> Self {
        let (tell_address, address) = oneshot::channel();
        let (stop, stopped) = oneshot::channel();
        let thread = thread::spawn(move || serve(app, tell_address, stopped));
        Self {
            address: address.await.expect("127.0.0.1 should have a free port"),
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    /// `127.0.0.1:PORT`.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http://127.0.0.1:PORT`.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn serve(app: Router, address: oneshot::Sender<SocketAddr>, stopped: oneshot::Receiver<()>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime should start");
    runtime.block_on(async {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .expect("a free port should be bound");
        let bound = listener.local_addr().expect("a bound port has an address");
        // Without this, a body in small pieces waits 40 ms for each acknowledgement.
        let listener = listener.tap_io(|connection| {
            let _ = connection.set_nodelay(true);
        });
        let app = app.layer(DefaultBodyLimit::disable());
        let _ = address.send(bound);
        tokio::select! {
            _ = axum::serve(listener, app) => {}
            _ = stopped => {}
        }
    });
}

/// A port that is taken, so that nobody else gets it, and on which nobody listens, as long as this value lives.
pub struct Refusing(TcpSocket);

/// Makes an address that refuses every connection.
///
/// # Panics
/// When this machine has no free port.
#[must_use]
pub fn refuse() -> Refusing {
    let socket = TcpSocket::new_v4().expect("a socket should open");
    socket
        .bind((Ipv4Addr::LOCALHOST, 0).into())
        .expect("127.0.0.1 should have a free port");
    Refusing(socket)
}

impl Refusing {
    /// `http://127.0.0.1:PORT`.
    ///
    /// # Panics
    /// Never: a bound socket has an address.
    #[must_use]
    pub fn url(&self) -> String {
        let address = self.0.local_addr().expect("a bound port has an address");
        format!("http://{address}")
    }
}

/// A body sent piece by piece, without a length. An error among the pieces breaks the connection there.
pub(crate) fn streamed(pieces: impl Iterator<Item = io::Result<Bytes>> + Send + 'static) -> Response {
    let pieces = stream::iter(pieces).then(async |piece| {
        // Lets the server put the piece before on the wire.
        tokio::task::yield_now().await;
        piece
    });
    Response::new(Body::from_stream(pieces))
}

/// The connection is closed without a byte of answer: the body fails before the head is written out.
pub(crate) fn reset() -> Response {
    Response::new(Body::from_stream(stream::iter([Err::<Bytes, _>(broken())])))
}

/// The error that breaks a connection.
pub(crate) fn broken() -> io::Error {
    io::ErrorKind::ConnectionReset.into()
}

/// A stand-in whose handler panicked still tells what it was asked.
pub(crate) fn lock<T>(state: &Mutex<T>) -> MutexGuard<'_, T> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The status of a made-up answer; 500 for a number that is none.
pub(crate) fn status_code(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::time::Duration;

    use axum::routing::get;
    use http::Request;
    use outbound::{Error, Outbound};

    use super::*;
    use crate::ask;

    #[tokio::test]
    async fn a_dropped_server_frees_its_port_and_ends_its_connections() {
        let app = Router::new().route("/", get(async || "here"));
        let server = Server::start(app).await;
        let (address, url) = (server.address(), server.url());
        let outbound = Outbound::new();
        let ask = async || {
            let request = Request::get(&url).body(Bytes::new()).unwrap();
            let timeout = Duration::from_mins(1);
            let answer = outbound.send("world", "GET /", request, timeout).await?;
            answer.bytes(10).await
        };
        assert_eq!(ask().await.unwrap(), "here");

        drop(server);
        let answer = ask().await;
        assert!(answer.is_err(), "the kept connection still answers: {answer:?}");
        TcpListener::bind(address).unwrap();
    }

    #[tokio::test]
    async fn nobody_listens_where_connections_are_refused() {
        let nobody = refuse();
        let answer = ask::get(&nobody.url()).await;
        assert!(matches!(answer, Err(Error::Refused(_))), "{answer:?}");
    }

    #[test]
    fn a_server_answers_while_its_starter_blocks() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let app = Router::new().route("/", get(async || "here"));
        let server = runtime.block_on(Server::start(app));
        let mut connection = std::net::TcpStream::connect(server.address()).unwrap();
        let request = b"GET / HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n";
        io::Write::write_all(&mut connection, request).unwrap();
        let answer = io::read_to_string(connection).unwrap();
        assert!(answer.ends_with("here"), "{answer}");
    }
}
