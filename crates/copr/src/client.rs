//! The client of Copr's API v3, and the addresses of its pages.

use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, LOCATION};
use outbound::{Outbound, Response};
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use crate::error::{PollError, said, words};
use crate::monitor::Package;
use crate::parser::MonitorParser;
use crate::project::Project;
use crate::state::BuildState;

/// Fedora's Copr, which most people mean.
pub const DEFAULT_URL: &str = "https://copr.fedorainfracloud.org";

/// How long may a monitor take, from connecting to its last byte? Copr streams tens of thousands of packages as its
/// database yields them, so it takes its time; a pass with other projects to see does not wait longer than a minute.
pub const POLL_TIMEOUT: Duration = Duration::from_mins(1);

/// How long may the look-up of one build take? It is one row.
pub const LOOKUP_TIMEOUT: Duration = Duration::from_secs(10);

/// How long may an answer about one build be, in bytes? It is a few hundred and the names of the chroots.
const BUILD_CAP: usize = 1 << 20;

/// How much of an error's body is read, in bytes? Copr's are one sentence.
const ERROR_CAP: usize = 64 << 10;

/// One Copr server.
#[derive(Clone, Debug)]
pub struct Copr {
    base: Url,
}

/// An address at which no Copr can be. It is not repeated: somebody may have put a password into it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected an http:// or https:// URL without user, query and fragment, its host in ASCII, such as {DEFAULT_URL}"
)]
pub struct BadUrl;

impl Copr {
    /// The Copr at a base URL, which may have a path and a slash at its end.
    ///
    /// # Errors
    /// When it is no http or https URL, or holds a user, a query or a fragment.
    pub fn new(base: &str) -> Result<Self, BadUrl> {
        let base = Url::parse(base).map_err(|_| BadUrl)?;
        let good = matches!(base.scheme(), "http" | "https")
            && base.username().is_empty()
            && base.password().is_none()
            && base.query().is_none()
            && base.fragment().is_none();
        if good { Ok(Self { base }) } else { Err(BadUrl) }
    }

    /// Reads a project's monitor and calls `on_package` with each package. What it is told counts only when this
    /// returns the number of packages; after an error the project is as it was. `timeout` is [`POLL_TIMEOUT`], or less
    /// when a deadline is near.
    ///
    /// # Errors
    /// Whenever the answer is anything but 200, complete, and `output: ok`.
    pub async fn monitor(
        &self,
        outbound: &Outbound,
        project: &Project,
        timeout: Duration,
        mut on_package: impl FnMut(Package<'_>),
    ) -> Result<usize, PollError> {
        let url = self.monitor_url(project);
        let mut response = self
            .get(outbound, "GET /api_3/monitor", &url, timeout, PollError::NoProject)
            .await?;
        let mut parser = MonitorParser::new();
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) => parser = parser.feed(&chunk, &mut on_package)?,
                Ok(None) => return parser.finish(),
                Err(error) => return Err(self.broken(error, parser.packages(), timeout)),
            }
        }
    }

    /// The state of a build as a whole: the only place that says `canceled`. `timeout` is [`LOOKUP_TIMEOUT`], or less
    /// when a deadline is near.
    ///
    /// # Errors
    /// Whenever the answer is anything but 200 and a build; [`PollError::NoBuild`] when it was deleted.
    pub async fn build_state(&self, outbound: &Outbound, id: u64, timeout: Duration) -> Result<BuildState, PollError> {
        let url = self.url(&["api_3", "build", &id.to_string()]);
        let response = self
            .get(outbound, "GET /api_3/build", &url, timeout, PollError::NoBuild)
            .await?;
        let body = response.bytes(BUILD_CAP).await;
        let body = body.map_err(|error| self.broken(error, 0, timeout))?;
        if body.is_empty() {
            return Err(PollError::Empty);
        }
        let build: Build =
            serde_json::from_slice(&body).map_err(|error| PollError::Unreadable(words(&error.to_string())))?;
        Ok(build.state)
    }

    /// The page that shows a project's monitor. A directory has none of its own, so it is its project's.
    #[must_use]
    pub fn project_page(&self, project: &Project) -> String {
        let name = project.name();
        let url = match project.owner().strip_prefix('@') {
            Some(group) => self.url(&["coprs", "g", group, name, "monitor", ""]),
            None => self.url(&["coprs", project.owner(), name, "monitor", ""]),
        };
        url.into()
    }

    /// The page of a build.
    #[must_use]
    pub fn build_page(&self, id: u64) -> String {
        self.url(&["coprs", "build", &id.to_string()]).into()
    }

    fn monitor_url(&self, project: &Project) -> Url {
        let mut url = self.url(&["api_3", "monitor"]);
        let mut query = url.query_pairs_mut();
        query.append_pair("ownername", project.owner());
        query.append_pair("projectname", project.name());
        if let Some(dirname) = project.dirname() {
            query.append_pair("project_dirname", &dirname);
        }
        // Without the brackets Copr ignores it without a word.
        query.append_pair("additional_fields[]", "url_build_log");
        drop(query);
        url
    }

    fn url(&self, path: &[&str]) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        url
    }

    /// Asks, and returns an answer 200; any other becomes an error, `missing` for Copr's own 404.
    async fn get(
        &self,
        outbound: &Outbound,
        what: &str,
        url: &Url,
        timeout: Duration,
        missing: fn(String) -> PollError,
    ) -> Result<Response, PollError> {
        let request = http::Request::get(url.as_str()).header(ACCEPT, "application/json");
        let request = request
            .body(Bytes::new())
            .map_err(|error| self.no_connection(&error.to_string()))?;
        let response = outbound.send("copr", what, request, timeout).await;
        let response = response.map_err(|error| self.broken(error, 0, timeout))?;
        match response.status() {
            200 => Ok(response),
            status @ 300..400 => Err(PollError::Redirect {
                status,
                to: self.whereto(response.header(LOCATION.as_str())),
            }),
            status => Err(refusal(status, copr_error(response).await, missing)),
        }
    }

    fn broken(&self, error: outbound::Error, packages: usize, timeout: Duration) -> PollError {
        match error {
            outbound::Error::Refused(why) => self.no_connection(&why),
            outbound::Error::TimedOut => PollError::TimedOut(timeout),
            outbound::Error::Broken(why) => PollError::BrokenOff {
                packages,
                why: words(&why),
            },
            error @ outbound::Error::TooLong(_) => PollError::Unreadable(error.to_string()),
        }
    }

    fn no_connection(&self, why: &str) -> PollError {
        PollError::NoConnection {
            base: self.base.to_string(),
            why: words(why),
        }
    }

    /// Where a redirect leads, in short: another server by its origin, this one by the path.
    fn whereto(&self, location: Option<&str>) -> String {
        match location.map(|location| self.base.join(location)) {
            Some(Ok(to)) if to.origin() == self.base.origin() => words(to.path()),
            Some(Ok(to)) => words(&to.origin().ascii_serialization()),
            _ => "nowhere".to_owned(),
        }
    }
}

/// As much of `/api_3/build/<id>` as is needed.
#[derive(Deserialize)]
struct Build {
    state: BuildState,
}

/// Copr's own sentence, if this answer has one: `{"error": …}`.
async fn copr_error(response: Response) -> Option<String> {
    #[derive(Deserialize)]
    struct Refusal {
        error: Value,
    }
    let body = response.bytes(ERROR_CAP).await.ok()?;
    let refusal: Refusal = serde_json::from_slice(&body).ok()?;
    Some(said(&refusal.error))
}

/// What a status other than 200 means.
fn refusal(status: u16, said: Option<String>, missing: fn(String) -> PollError) -> PollError {
    match (status, said) {
        (400, Some(said)) => PollError::BadRequest(said),
        (404, Some(said)) => missing(said),
        (status, Some(said)) => PollError::Status { status, said },
        (502..=504, None) => PollError::Proxy(status),
        (status, None) => PollError::Wordless(status),
    }
}
