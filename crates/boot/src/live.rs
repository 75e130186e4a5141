//! Secrets that may change while a process runs.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use outbound::Outbound;
use state::Access;

use crate::secrets::{Secrets, SecretsError};

/// How long is a document believed before it is read again?
const BELIEVED: Duration = Duration::from_mins(5);

/// How long after a look for newer secrets, whatever came of it, is the next one? Anybody can send a signature that
/// nobody knows, and Secrets Manager may be down.
const LOOK_AT_MOST_EVERY: Duration = Duration::from_secs(10);

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
            Self::Aws(id, access) => Secrets::from_aws_with_previous(id, access.clone(), outbound).await,
        }
    }
}

/// A value made of the secrets, made anew when they are five minutes old, or when somebody asks for newer ones.
pub struct Live<T> {
    source: Source,
    outbound: Outbound,
    make: Box<dyn Fn(Secrets) -> T + Send + Sync>,
    made: Mutex<Option<(Timestamp, Arc<T>)>>,
    /// When somebody last looked for newer ones.
    looked: Mutex<Option<Timestamp>>,
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
            looked: Mutex::default(),
        }
    }

    /// The value, of secrets that are five minutes old at most, or older where they cannot be read now.
    ///
    /// # Errors
    /// When the secrets cannot be read and never were.
    pub async fn get(&self) -> Result<Arc<T>, SecretsError> {
        let made = self.made();
        match made {
            Some((at, value)) if !self.is_older(at, BELIEVED) => Ok(value),
            Some((_, value)) => Ok(self.newer().await.unwrap_or(value)),
            None => self.renew().await,
        }
    }

    /// The value of the newest secrets, unless somebody looked for them a moment ago.
    pub async fn newer(&self) -> Option<Arc<T>> {
        let now = self.outbound.clock.now();
        {
            let mut looked = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
            if looked.is_some_and(|at| !self.is_older(at, LOOK_AT_MOST_EVERY)) {
                return None;
            }
            *looked = Some(now);
        }
        self.renew().await.ok()
    }

    async fn renew(&self) -> Result<Arc<T>, SecretsError> {
        let secrets = self.source.read(&self.outbound).await;
        let secrets = secrets.inspect_err(|error| tracing::warn!(%error, "the secrets cannot be read"))?;
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
