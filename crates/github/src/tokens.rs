//! The tokens that GitHub gave the App where it is installed, kept in memory until shortly before they expire.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use secrecy::SecretString;
use serde::Deserialize;

use crate::hook::HookRef;

/// How long before its end is a token no longer used? The clocks may differ, and a question takes its time.
const MARGIN: Duration = Duration::from_mins(5);

/// As much of an access token as is needed.
#[derive(Debug, Deserialize)]
pub(crate) struct AccessToken {
    pub(crate) token: SecretString,
    pub(crate) expires_at: Timestamp,
}

/// A token for each hook that was asked about.
#[derive(Debug, Default)]
pub(crate) struct Tokens(Mutex<HashMap<HookRef, AccessToken>>);

impl Tokens {
    /// The token for a hook, if there is one that lives long enough.
    pub(crate) fn get(&self, hook: &HookRef, now: Timestamp) -> Option<SecretString> {
        let tokens = self.lock();
        let known = tokens.get(hook)?;
        let lives = now.checked_add(MARGIN).is_ok_and(|then| then < known.expires_at);
        lives.then(|| known.token.clone())
    }

    pub(crate) fn keep(&self, hook: &HookRef, token: AccessToken) {
        self.lock().insert(hook.clone(), token);
    }

    pub(crate) fn forget(&self, hook: &HookRef) {
        self.lock().remove(hook);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<HookRef, AccessToken>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    #[test]
    fn a_token_is_used_for_its_hook_until_shortly_before_its_end() {
        let tokens = Tokens::default();
        let given: AccessToken =
            serde_json::from_str(r#"{"token": "ghs_hush", "expires_at": "2026-11-01T09:00:00Z", "permissions": {}}"#)
                .unwrap();
        let hook: HookRef = "org:acme:1".parse().unwrap();
        tokens.keep(&hook, given);
        assert!(!format!("{tokens:?}").contains("hush"));

        let at = |hook: &HookRef, time: &str| tokens.get(hook, format!("2026-11-01T{time}Z").parse().unwrap());
        assert_eq!(at(&hook, "08:54:59").unwrap().expose_secret(), "ghs_hush");
        assert!(at(&hook, "08:55:00").is_none());
        assert!(at(&"org:acme:2".parse().unwrap(), "08:00:00").is_none());
        assert!(tokens.get(&hook, Timestamp::MAX).is_none());

        tokens.forget(&hook);
        assert!(at(&hook, "08:00:00").is_none());
    }
}
