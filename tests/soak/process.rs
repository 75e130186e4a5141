//! The process under load: started, asked to end, killed, measured.

use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// How long may a process take to end once it is asked to?
const ENDS_WITHIN: Duration = Duration::from_secs(30);

/// `copperbell serve` in a directory of its own, at the same address each time it is started.
pub(crate) struct Serve {
    home: TempDir,
    /// A copy, so that a build meanwhile changes nothing.
    binary: PathBuf,
    port: u16,
    settings: Vec<(&'static str, String)>,
    running: Option<Running>,
    pub(crate) meter: Arc<Meter>,
    /// When it was killed.
    pub(crate) kills: Vec<Instant>,
    /// How long it took to end when it was asked to.
    pub(crate) ends: Vec<Duration>,
}

struct Running {
    child: Child,
    status_url: String,
    _stdout: BufReader<ChildStdout>,
}

/// What the running process has in use, noted from time to time.
#[derive(Default)]
pub(crate) struct Meter {
    /// 0: none runs.
    pid: AtomicU32,
    samples: Mutex<Vec<Sample>>,
}

/// What a process had in use at some moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    pub(crate) at: Instant,
    /// Resident memory, in KiB.
    pub(crate) memory: u64,
    pub(crate) descriptors: u64,
}

impl Serve {
    /// Not running yet.
    pub(crate) fn new(secrets: &Value) -> Self {
        let home = TempDir::new().unwrap();
        let binary = home.path().join("copperbell");
        std::fs::copy(env!("CARGO_BIN_EXE_copperbell"), &binary).unwrap();
        write_private(&home.path().join("secrets.json"), &secrets.to_string());
        Self {
            home,
            binary,
            port: free_port(),
            settings: Vec::new(),
            running: None,
            meter: Arc::default(),
            kills: Vec::new(),
            ends: Vec::new(),
        }
    }

    pub(crate) fn set(&mut self, name: &'static str, value: &str) {
        self.settings.push((name, value.to_owned()));
    }

    pub(crate) fn webhook_url(&self) -> String {
        format!("http://127.0.0.1:{}/webhook", self.port)
    }

    pub(crate) fn status_url(&self) -> Option<String> {
        Some(self.running.as_ref()?.status_url.clone())
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        command
            .args(arguments)
            .args(["--secrets", "secrets.json"])
            .current_dir(self.home.path())
            .env_clear()
            .envs(self.settings.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null());
        command
    }

    /// Starts it and waits until it listens.
    pub(crate) fn start(&mut self) {
        let log = OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.home.path().join("log"));
        let listen = format!("127.0.0.1:{}", self.port);
        let mut child = self
            .command(&["serve", "--listen", &listen, "--status-listen", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .stderr(log.unwrap())
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut address = |before: &str| {
            let mut line = String::new();
            stdout.read_line(&mut line).unwrap();
            let address = line.trim_end().strip_prefix(before).map(str::to_owned);
            address.unwrap_or_else(|| panic!("it says {line:?}, not where it listens:\n{}", tail(&self.log())))
        };
        assert_eq!(address("Webhooks: POST "), self.webhook_url());
        let status_url = address("Status: ");
        self.meter.pid.store(child.id(), Ordering::SeqCst);
        self.running = Some(Running {
            child,
            status_url,
            _stdout: stdout,
        });
    }

    /// Asks it to end, and waits until it has.
    pub(crate) async fn end(&mut self) {
        let Some(mut running) = self.running.take() else { return };
        self.meter.pid.store(0, Ordering::SeqCst);
        let began = Instant::now();
        let pid = running.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        let status = loop {
            if let Some(status) = running.child.try_wait().unwrap() {
                break status;
            }
            if began.elapsed() > ENDS_WITHIN {
                let _ = running.child.kill();
                panic!("it was asked to end and did not:\n{}", tail(&self.log()));
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        };
        assert_eq!(status.code(), Some(0), "{}", tail(&self.log()));
        self.ends.push(began.elapsed());
    }

    /// Kills it as nothing can be done about.
    pub(crate) fn kill(&mut self) {
        let Some(mut running) = self.running.take() else { return };
        self.meter.pid.store(0, Ordering::SeqCst);
        running.child.kill().unwrap();
        self.kills.push(Instant::now());
        running.child.wait().unwrap();
    }

    /// `copperbell status --json`, beside the one that serves.
    pub(crate) fn status(&self) -> Value {
        let output = self.command(&["status", "--json"]).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.home.path().join("log")).unwrap_or_default()
    }

    /// How large the state is, in bytes.
    pub(crate) fn state_size(&self) -> u64 {
        let files = std::fs::read_dir(self.home.path()).unwrap().map(Result::unwrap);
        let state = files.filter(|file| file.file_name().to_string_lossy().starts_with("copperbell.db"));
        state.map(|file| file.metadata().map_or(0, |data| data.len())).sum()
    }
}

impl Meter {
    /// Notes what the running process has in use.
    pub(crate) fn sample(&self) {
        let pid = self.pid.load(Ordering::SeqCst);
        let sample = || {
            let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
            let memory = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
            let memory = memory.trim().strip_suffix(" kB")?.parse().ok()?;
            let descriptors = std::fs::read_dir(format!("/proc/{pid}/fd")).ok()?.count();
            Some(Sample {
                at: Instant::now(),
                memory,
                descriptors: descriptors as u64,
            })
        };
        if pid != 0
            && let Some(sample) = sample()
        {
            self.samples.lock().unwrap().push(sample);
        }
    }

    pub(crate) fn samples(&self) -> Vec<Sample> {
        self.samples.lock().unwrap().clone()
    }
}

impl Drop for Serve {
    fn drop(&mut self) {
        if let Some(running) = &mut self.running {
            let _ = running.child.kill();
            let _ = running.child.wait();
        }
        // Who has to find out why wants to see what it said and what it remembers.
        if std::thread::panicking() {
            let _ = std::fs::remove_file(&self.binary);
            self.home.disable_cleanup(true);
            eprintln!("{}\nThe rest is in {}", tail(&self.log()), self.home.path().display());
        }
    }
}

/// The end of a log.
fn tail(log: &str) -> String {
    let lines: Vec<_> = log.lines().collect();
    lines[lines.len().saturating_sub(40)..].join("\n")
}

fn write_private(path: &Path, text: &str) {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let file = File::options().write(true).create_new(true).mode(0o600).open(path);
    file.unwrap().write_all(text.as_bytes()).unwrap();
}

/// A port that nobody is given by chance while the process is down: below those that systems hand out.
fn free_port() -> u16 {
    let from = 20_000 + u16::try_from(std::process::id() % 10_000).unwrap();
    let free = |port: &u16| std::net::TcpListener::bind(("127.0.0.1", *port)).is_ok();
    (from..32_000).find(free).expect("a free port")
}
