//! Who asks, and with what.

use http::HeaderValue;
use secrecy::{ExposeSecret as _, SecretString};

use crate::app::AppKey;
use crate::error::ApiError;

/// What to ask GitHub with: the App for its own hook, `token` for others or, without one, the App for them too.
#[derive(Debug, Default)]
pub struct Credentials {
    /// `github_app` of the secrets document.
    pub app: Option<AppKey>,
    /// `github_token` of the secrets document: classic or fine-grained.
    pub token: Option<SecretString>,
}

/// What proves to GitHub who asks.
#[derive(Debug)]
pub(crate) struct Bearer {
    pub(crate) who: Who,
    pub(crate) token: SecretString,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    /// The App itself, by a JWT.
    App,
    /// The App where it is installed, by a token that GitHub gave it.
    Installation,
    /// Whoever made `github_token`.
    Token,
}

impl Bearer {
    /// The value of the header `Authorization`.
    pub(crate) fn header(&self) -> Result<HeaderValue, ApiError> {
        let bearer = format!("Bearer {}", self.token.expose_secret());
        let mut value = HeaderValue::try_from(bearer).map_err(|_| match self.who {
            Who::Token => ApiError::BadToken,
            Who::App | Who::Installation => ApiError::Unreadable("its token is none".to_owned()),
        })?;
        value.set_sensitive(true);
        Ok(value)
    }
}
