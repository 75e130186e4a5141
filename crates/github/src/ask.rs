//! How a question is asked: in whose name, in which words, and whether the answer is the right one.

use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_LENGTH, LOCATION};
use http::{HeaderMap, Method};
use outbound::Outbound;
use secrecy::SecretString;
use serde::Deserialize;
use url::Url;

use crate::app::AppKey;
use crate::client::GitHub;
use crate::credentials::{Bearer, Credentials, Who};
use crate::error::{ApiError, words};
use crate::question::Question;
use crate::refusal::refusal;
use crate::tokens::AccessToken;

/// How much of an error's body is read, in bytes? GitHub's are a sentence or two.
const ERROR_CAP: usize = 64 << 10;

/// The version of the API that is asked for; GitHub keeps each for two years at least.
const API_VERSION: &str = "2022-11-28";

/// The right answer to a question.
pub(crate) struct Answer {
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl GitHub {
    /// Asks, as whoever may. `installation` is where the API tells which installation of the App is the one there;
    /// nothing for what is the App's own.
    pub(crate) async fn ask(
        &self,
        outbound: &Outbound,
        installation: Option<Vec<String>>,
        question: Question,
        url: &Url,
        timeout: Duration,
    ) -> Result<Answer, ApiError> {
        let installation = installation.as_deref();
        let bearer = self.bearer(outbound, installation, timeout).await?;
        let answer = self.send(outbound, question, &bearer, url, timeout).await;
        // What a token may do was fixed when it was given: another may do what was allowed since.
        if let Some(path) = installation.filter(|_| bearer.who == Who::Installation)
            && matches!(answer, Err(ApiError::TokenExpired(_) | ApiError::Forbidden(_)))
        {
            self.tokens.forget(path);
        }
        answer
    }

    /// Who may ask.
    async fn bearer(
        &self,
        outbound: &Outbound,
        installation: Option<&[String]>,
        timeout: Duration,
    ) -> Result<Bearer, ApiError> {
        let Credentials { app, token } = &self.credentials;
        match (installation, app, token) {
            (None, Some(app), _) => by_jwt(app, outbound),
            (None, None, _) => Err(ApiError::NoCredentials("github_app")),
            (Some(_), _, Some(token)) => Ok(Bearer {
                who: Who::Token,
                token: token.clone(),
            }),
            (Some(path), Some(app), None) => Ok(Bearer {
                who: Who::Installation,
                token: self.installation_token(app, outbound, path, timeout).await?,
            }),
            (Some(_), None, None) => Err(ApiError::NoCredentials(
                "github_token, or a github_app that is installed there,",
            )),
        }
    }

    /// The token that the App was given for an installation, or a new one. `path` is the installation's.
    async fn installation_token(
        &self,
        app: &AppKey,
        outbound: &Outbound,
        path: &[String],
        timeout: Duration,
    ) -> Result<SecretString, ApiError> {
        #[derive(Deserialize)]
        struct Installation {
            id: u64,
        }
        if let Some(token) = self.tokens.get(path, outbound.clock.now()) {
            return Ok(token);
        }
        let url = self.api.join(path);
        let question = Question::Installation;
        let answer = self
            .send(outbound, question, &by_jwt(app, outbound)?, &url, timeout)
            .await?;
        let Installation { id } = read(question, &answer.body)?;

        let given_at = ["app", "installations", &id.to_string(), "access_tokens"].map(str::to_owned);
        let question = Question::AccessToken;
        let url = self.api.join(&given_at);
        let answer = self
            .send(outbound, question, &by_jwt(app, outbound)?, &url, timeout)
            .await?;
        let given: AccessToken = read(question, &answer.body)?;
        let token = given.token.clone();
        self.tokens.keep(path, given);
        Ok(token)
    }

    /// Sends one request, and returns an answer with the status of success; any other becomes an error.
    async fn send(
        &self,
        outbound: &Outbound,
        question: Question,
        bearer: &Bearer,
        url: &Url,
        timeout: Duration,
    ) -> Result<Answer, ApiError> {
        let method = question.method();
        let mut request = http::Request::builder()
            .uri(url.as_str())
            .header(AUTHORIZATION, bearer.header()?)
            .header(ACCEPT, "application/vnd.github+json")
            .header("x-github-api-version", API_VERSION);
        if method == Method::POST {
            // Nobody else says that there is no body, and servers may insist on it (411).
            request = request.header(CONTENT_LENGTH, 0);
        }
        let request = request
            .method(method)
            .body(Bytes::new())
            .map_err(|error| self.no_connection(&error.to_string()))?;
        let failed = |error| self.failed(question, error, timeout);
        let response = outbound.send("github", question.name(), request, timeout).await;
        let response = response.map_err(failed)?;
        let status = response.status();
        let headers = response.headers().clone();
        if status == question.success() {
            let body = response.bytes(question.cap()).await.map_err(failed)?;
            return Ok(Answer { headers, body });
        }
        if matches!(status, 300..400) {
            let to = self.api.whereto(response.header(LOCATION.as_str()));
            return Err(ApiError::Redirect { status, to: words(&to) });
        }
        let body = response.bytes(ERROR_CAP).await.unwrap_or_default();
        Err(refusal(
            question,
            bearer.who,
            status,
            &headers,
            &body,
            outbound.clock.now(),
        ))
    }

    fn failed(&self, question: Question, error: outbound::Error, timeout: Duration) -> ApiError {
        match error {
            outbound::Error::Refused(why) => self.no_connection(&why),
            outbound::Error::TimedOut => ApiError::TimedOut(timeout),
            outbound::Error::Broken(why) => ApiError::Broken(words(&why)),
            error @ outbound::Error::TooLong(_) => question.unreadable(error.to_string()),
        }
    }

    fn no_connection(&self, why: &str) -> ApiError {
        ApiError::NoConnection {
            base: self.api.as_str().to_owned(),
            why: words(why),
        }
    }
}

/// The App itself.
fn by_jwt(app: &AppKey, outbound: &Outbound) -> Result<Bearer, ApiError> {
    Ok(Bearer {
        who: Who::App,
        token: app.jwt(outbound.clock.now())?,
    })
}

/// The body of an answer.
pub(crate) fn read<'a, T: Deserialize<'a>>(question: Question, body: &'a [u8]) -> Result<T, ApiError> {
    serde_json::from_slice(body).map_err(|error| question.unreadable(words(&error.to_string())))
}
