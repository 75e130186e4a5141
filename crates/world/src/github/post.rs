//! How a webhook leaves: one POST over HTTP, on a connection of its own.

use std::fmt::Write as _;
use std::io;

use serde_json::{Map, Value};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use url::Url;

/// How much of an answer is read?
const ANSWER_MAX: u64 = 1 << 20;

pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: Map<String, Value>,
    pub(super) body: String,
}

pub(super) enum Failure {
    /// Nobody is there.
    Refused,
    /// Somebody is, and says nothing that is HTTP.
    Broken,
}

/// Posts to an `http:` URL. HTTP/1.0, since then the answer is in one piece and ends with the connection.
pub(super) async fn post(url: &str, headers: &[(&str, String)], body: &[u8]) -> Result<Answer, Failure> {
    let url: Url = url.parse().map_err(|_| Failure::Refused)?;
    let host = url
        .host_str()
        .filter(|_| url.scheme() == "http")
        .ok_or(Failure::Refused)?;
    let port = url.port_or_known_default().unwrap_or(80);
    let connection = TcpStream::connect((host, port)).await;
    let mut connection = connection.map_err(|_| Failure::Refused)?;
    let target = &url[url::Position::BeforePath..url::Position::AfterQuery];
    let mut head = format!("POST {target} HTTP/1.0\r\nHost: {host}:{port}\r\n");
    for (name, value) in headers {
        let _ = write!(head, "{name}: {value}\r\n");
    }
    let _ = write!(head, "Content-Length: {}\r\n\r\n", body.len());
    let answer = exchange(&mut connection, head.as_bytes(), body).await;
    parse(&answer.map_err(|_| Failure::Broken)?).ok_or(Failure::Broken)
}

async fn exchange(connection: &mut TcpStream, head: &[u8], body: &[u8]) -> io::Result<Vec<u8>> {
    // Who refuses a body before its end may answer and close: what it said still counts.
    let sent = async {
        connection.write_all(head).await?;
        connection.write_all(body).await
    };
    let sent = sent.await;
    let mut answer = Vec::new();
    let read = connection.take(ANSWER_MAX).read_to_end(&mut answer).await;
    if answer.is_empty() {
        sent.and(read)?;
    }
    Ok(answer)
}

fn parse(answer: &[u8]) -> Option<Answer> {
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = str::from_utf8(&answer[..end]).ok()?;
    let mut lines = head.split("\r\n");
    let status = lines.next()?.strip_prefix("HTTP/1.")?.split(' ').nth(1)?;
    let headers = lines.filter_map(|line| {
        let (name, value) = line.split_once(':')?;
        Some((name.to_owned(), value.trim().into()))
    });
    Some(Answer {
        status: status.parse().ok()?,
        headers: headers.collect(),
        body: String::from_utf8_lossy(&answer[end + 4..]).into_owned(),
    })
}
