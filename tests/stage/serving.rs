//! `copperbell serve` as a process, in a directory of its own; it ends with the test.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderMap, Request};
use outbound::Outbound;
use serde_json::Value;
use tempfile::TempDir;

pub struct Serving {
    child: Child,
    pub home: TempDir,
    pub webhook_url: String,
    /// Ends in `/`.
    pub status_url: String,
    outbound: Outbound,
}

/// An answer, read to its end.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

impl Serving {
    /// Starts it with these secrets and settings, at ports that are free.
    pub fn start(secrets: &Value, settings: &[(&str, &str)]) -> Self {
        let home = TempDir::new().unwrap();
        write_private(&home.path().join("secrets.json"), &secrets.to_string());
        let mut child = Command::new(env!("CARGO_BIN_EXE_copperbell"))
            .args(["serve", "--listen", "127.0.0.1:0", "--status-listen", "127.0.0.1:0"])
            .args(["--secrets", "secrets.json"])
            .current_dir(home.path())
            .env_clear()
            .envs(settings.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(std::fs::File::create(home.path().join("log")).unwrap())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut address = |before: &str| {
            let line = lines.next().expect("it says where it listens").unwrap();
            line.strip_prefix(before).unwrap_or_else(|| panic!("{line}")).to_owned()
        };
        Self {
            webhook_url: address("Webhooks: POST "),
            status_url: address("Status: "),
            child,
            home,
            outbound: Outbound::new(),
        }
    }

    pub async fn send(&self, request: http::request::Builder, body: impl Into<Bytes>) -> Answer {
        let request = request.body(body.into()).unwrap();
        let sent = self.outbound.send("test", "", request, Duration::from_secs(20)).await;
        let answer = sent.unwrap();
        let (status, headers) = (answer.status(), answer.headers().clone());
        let body = answer.bytes(1 << 22).await.unwrap();
        let body = String::from_utf8(body.to_vec()).unwrap();
        Answer { status, headers, body }
    }

    /// What the status listener answers at `path`.
    pub async fn get(&self, path: &str) -> Answer {
        let url = format!("{}{}", self.status_url, path.trim_start_matches('/'));
        self.send(Request::get(url), "").await
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(self.home.path().join("log")).unwrap()
    }

    /// Asks it to end: its exit code, and how long that took.
    pub fn end(&mut self) -> (Option<i32>, Duration) {
        let began = Instant::now();
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        (self.child.wait().unwrap().code(), began.elapsed())
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("{}", self.log());
        }
    }
}

/// Writes a file that only its owner can read.
pub fn write_private(path: &Path, text: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

/// Waits for something that a process does by and by.
pub async fn until(what: &str, mut done: impl AsyncFnMut() -> bool) {
    let began = Instant::now();
    while !done().await {
        assert!(began.elapsed() < Duration::from_secs(30), "{what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
