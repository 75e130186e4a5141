//! The tokens that GitHub gave the App where it is installed, kept in memory until shortly before they expire.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use secrecy::SecretString;
use serde::Deserialize;

/// How long before its end is a token no longer used? The clocks may differ, and a question takes its time.
const MARGIN: Duration = Duration::from_mins(5);

/// As much of an access token as is needed.
#[derive(Debug, Deserialize)]
pub(crate) struct AccessToken {
    pub(crate) token: SecretString,
    pub(crate) expires_at: Timestamp,
}

/// A token for each place that was asked about, by the path at which the API tells the App's installation there.
#[derive(Debug, Default)]
pub(crate) struct Tokens(Mutex<HashMap<Vec<String>, AccessToken>>);

impl Tokens {
    /// The token for a place, if there is one that lives long enough.
    pub(crate) fn get(&self, path: &[String], now: Timestamp) -> Option<SecretString> {
        let tokens = self.lock();
        let known = tokens.get(path)?;
        let lives = now.checked_add(MARGIN).is_ok_and(|then| then < known.expires_at);
        lives.then(|| known.token.clone())
    }

    pub(crate) fn keep(&self, path: &[String], token: AccessToken) {
        self.lock().insert(path.to_owned(), token);
    }

    pub(crate) fn forget(&self, path: &[String]) {
        self.lock().remove(path);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Vec<String>, AccessToken>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    #[test]
    fn a_token_is_used_for_its_place_until_shortly_before_its_end() {
        let tokens = Tokens::default();
        let given: AccessToken =
            serde_json::from_str(r#"{"token": "ghs_hush", "expires_at": "2026-11-01T09:00:00Z", "permissions": {}}"#)
                .unwrap();
        let acme = ["orgs", "acme", "installation"].map(str::to_owned);
        tokens.keep(&acme, given);
        assert!(!format!("{tokens:?}").contains("hush"));

        let at = |path: &[String], time: &str| tokens.get(path, format!("2026-11-01T{time}Z").parse().unwrap());
        assert_eq!(at(&acme, "08:54:59").unwrap().expose_secret(), "ghs_hush");
        assert!(at(&acme, "08:55:00").is_none());
        assert!(at(&["orgs", "other", "installation"].map(str::to_owned), "08:00:00").is_none());
        assert!(tokens.get(&acme, Timestamp::MAX).is_none());

        tokens.forget(&acme);
        assert!(at(&acme, "08:00:00").is_none());
    }
}
