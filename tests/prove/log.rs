//! What is logged, kept to be looked through.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use tracing::level_filters::LevelFilter;
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::{Layer as _, fmt};

/// Takes what is written.
#[derive(Clone)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The log of this thread.
pub struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// Begins to log as the program does at its most talkative: our own lines at TRACE, those of libraries at INFO.
    pub fn begin() -> (Self, DefaultGuard) {
        let lines: Arc<Mutex<Vec<u8>>> = Arc::default();
        let ours = Targets::new()
            .with_default(LevelFilter::INFO)
            .with_target("copperbell", LevelFilter::TRACE);
        let shared = Lines(lines.clone());
        let writer = move || shared.clone();
        let layer = fmt::layer().with_ansi(false).with_writer(writer).with_filter(ours);
        let guard = tracing::subscriber::set_default(tracing_subscriber::registry().with(layer));
        (Self(lines), guard)
    }

    /// What was logged since the last time.
    pub fn take(&self) -> String {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&std::mem::take(&mut *lines)).into_owned()
    }
}
