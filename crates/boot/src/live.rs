//! Secrets that may change while a process runs.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use outbound::{Access, Outbound};

use crate::secrets::{Secrets, SecretsError};

/// How long is a document believed before it is read again?
const BELIEVED: Duration = Duration::from_mins(5);

/// How long after a look for newer secrets, whatever came of it, is the next one? Anybody can send a signature that
/// nobody knows, and Secrets Manager may be down.
const LOOK_AT_MOST_EVERY: Duration = Duration::from_secs(10);

/// How long may a newer document keep somebody waiting who has one that will do?
const PATIENCE: Duration = Duration::from_secs(1);

/// Where secrets come from.
#[derive(Clone, Debug)]
pub enum Source {
    /// No document.
    None,
    /// A file.
    File(PathBuf),
    /// Secrets Manager.
    Aws(String, Access),
}

impl Source {
    /// Reads the document.
    ///
    /// # Errors
    /// When it cannot be read or is not usable.
    pub async fn read(&self, outbound: &Outbound) -> Result<Secrets, SecretsError> {
        match self {
            Self::None => Secrets::console(false),
            Self::File(path) => Secrets::from_file(path),
            Self::Aws(id, access) => Secrets::from_aws(id, access.clone(), outbound).await,
        }
    }

    /// The same, and what GitHub signed with before the last rotation, where that is known.
    async fn read_with_previous(&self, outbound: &Outbound) -> Result<Secrets, SecretsError> {
        match self {
            Self::Aws(id, access) => Secrets::from_aws_with_previous(id, access.clone(), outbound).await,
            Self::None | Self::File(_) => self.read(outbound).await,
        }
    }
}

/// A value made of the secrets, made anew when they are five minutes old, or when somebody asks for newer ones.
///
/// The first is made of the current version alone: what was signed before a rotation makes somebody ask for newer ones
/// soon enough, and a cold start has a call less.
pub struct Live<T> {
    source: Source,
    outbound: Outbound,
    make: Box<dyn Fn(Secrets) -> T + Send + Sync>,
    made: Mutex<Option<(Timestamp, Arc<T>)>>,
    /// When somebody last looked for newer ones.
    looked: tokio::sync::Mutex<Option<Timestamp>>,
}

impl<T> std::fmt::Debug for Live<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Live")
            .field("source", &self.source)
            .finish_non_exhaustive()
    }
}

impl<T> Live<T> {
    /// Reads nothing yet.
    #[must_use]
    pub fn new(source: Source, outbound: Outbound, make: impl Fn(Secrets) -> T + Send + Sync + 'static) -> Self {
        Self {
            source,
            outbound,
            make: Box::new(make),
            made: Mutex::default(),
            looked: tokio::sync::Mutex::default(),
        }
    }

    /// The value, of secrets that are five minutes old at most, or older where they cannot be read at once.
    ///
    /// # Errors
    /// When the secrets cannot be read and never were.
    pub async fn get(&self) -> Result<Arc<T>, SecretsError> {
        match self.made() {
            Some((at, value)) if !self.is_older(at, BELIEVED) => Ok(value),
            Some((_, value)) => {
                let newer = tokio::time::timeout(PATIENCE, Box::pin(self.newer(&value))).await;
                Ok(newer.ok().flatten().unwrap_or(value))
            }
            None => self.renew().await,
        }
    }

    /// A value of newer secrets than `than` was made of. Who asks while somebody looks waits for what he finds; who asks
    /// soon after somebody looked in vain gets nothing.
    pub async fn newer(&self, than: &Arc<T>) -> Option<Arc<T>> {
        let mut looked = self.looked.lock().await;
        if let Some((_, made)) = self.made().filter(|(_, made)| !Arc::ptr_eq(made, than)) {
            return Some(made);
        }
        if looked.is_some_and(|at| !self.is_older(at, LOOK_AT_MOST_EVERY)) {
            return None;
        }
        *looked = Some(self.outbound.clock.now());
        self.renew().await.ok()
    }

    async fn renew(&self) -> Result<Arc<T>, SecretsError> {
        let secrets = match self.made() {
            None => self.source.read(&self.outbound).await,
            Some(_) => self.source.read_with_previous(&self.outbound).await,
        };
        let secrets = secrets.inspect_err(|error| tracing::warn!("{error}"))?;
        let value = Arc::new((self.make)(secrets));
        let now = self.outbound.clock.now();
        *self.made.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, value.clone()));
        Ok(value)
    }

    fn made(&self) -> Option<(Timestamp, Arc<T>)> {
        self.made.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn is_older(&self, at: Timestamp, age: Duration) -> bool {
        let now = self.outbound.clock.now();
        now.duration_since(at).unsigned_abs() >= age
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use futures_util::future;
    use outbound::{Clock, FaultPoint};
    use tempfile::NamedTempFile;

    use super::*;

    fn write(path: &Path, secret: &str) {
        std::fs::write(path, format!(r#"{{"github_webhook_secret": "{secret}"}}"#)).unwrap();
    }

    fn live(path: &Path) -> Live<Secrets> {
        let outbound = Outbound::with(Clock::simulated(Timestamp::UNIX_EPOCH), FaultPoint::none());
        Live::new(Source::File(path.to_owned()), outbound, |secrets| secrets)
    }

    fn run<T>(work: impl Future<Output = T>) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
        runtime.unwrap().block_on(work)
    }

    #[test]
    fn all_who_meet_a_rotation_at_once_get_the_new_secret() {
        let file = NamedTempFile::new().unwrap();
        write(file.path(), "old");
        let live = live(file.path());
        run(async {
            let old = live.get().await.unwrap();
            write(file.path(), "new");
            let all = future::join_all((0..5).map(|_| live.newer(&old))).await;
            assert!(all.iter().all(Option::is_some), "{all:?}");
            let new = live.get().await.unwrap();
            assert!(!Arc::ptr_eq(&old, &new));
            assert!(live.newer(&new).await.is_none(), "looked for a moment ago");
        });
    }

    #[test]
    fn secrets_that_cannot_be_read_any_more_are_believed_on() {
        let file = NamedTempFile::new().unwrap();
        write(file.path(), "old");
        let live = live(file.path());
        run(async {
            let old = live.get().await.unwrap();
            std::fs::write(file.path(), "no JSON").unwrap();
            live.outbound.clock.advance(BELIEVED);
            assert!(Arc::ptr_eq(&old, &live.get().await.unwrap()));
            write(file.path(), "new");
            live.outbound.clock.advance(LOOK_AT_MOST_EVERY);
            assert!(!Arc::ptr_eq(&old, &live.get().await.unwrap()));
        });
    }
}
