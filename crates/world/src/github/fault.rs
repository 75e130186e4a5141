//! Makes the API fail on purpose.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use super::GitHub;
use super::query::ApiRequest;
use crate::server::lock;

/// What happens to a request to the API other than what GitHub would do.
#[derive(Clone, Debug)]
pub enum GitHubAnswer {
    /// Nothing is done; this is answered.
    Status {
        /// HTTP status.
        status: u16,
        /// Header names and values.
        headers: Vec<(&'static str, String)>,
        /// The body.
        body: String,
    },
    /// Nothing is done and nothing ever answered.
    Hang,
    /// Nothing is done; the connection is closed.
    Reset,
    /// What was asked is done, then the connection is closed: the answer is lost.
    DoneThenReset,
}

/// What says how a request is answered.
pub(super) type Chooser = Arc<dyn Fn(&ApiRequest) -> Option<GitHubAnswer> + Send + Sync>;

#[derive(Clone, Default)]
pub(super) struct Faults {
    next: VecDeque<GitHubAnswer>,
    pub(super) chooser: Option<Chooser>,
    always: Option<GitHubAnswer>,
    pub(super) latency: Duration,
}

impl Faults {
    /// The fault of the request that came.
    pub(super) fn next(&mut self) -> Option<GitHubAnswer> {
        self.next.pop_front().or_else(|| self.always.clone())
    }
}

impl GitHub {
    /// Answers the next requests to the API like this, one each.
    pub fn answer_next(&self, answers: Vec<GitHubAnswer>) {
        lock(&self.shared.site).faults.next.extend(answers);
    }

    /// Asks `chooser` how to answer each request, after those of [`answer_next`](Self::answer_next) and
    /// [`answer_always`](Self::answer_always).
    pub fn answer_by(&self, chooser: impl Fn(&ApiRequest) -> Option<GitHubAnswer> + Send + Sync + 'static) {
        lock(&self.shared.site).faults.chooser = Some(Arc::new(chooser));
    }

    /// Answers all requests like this after those of [`answer_next`](Self::answer_next); `None` is well again.
    pub fn answer_always(&self, answer: Option<GitHubAnswer>) {
        lock(&self.shared.site).faults.always = answer;
    }

    /// Each request to the API takes so long, in real time.
    pub fn set_latency(&self, latency: Duration) {
        lock(&self.shared.site).faults.latency = latency;
    }
}

#[cfg(test)]
mod tests {
    use outbound::Error;

    use super::super::Outcome;
    use super::super::client::{HOOK, TOKEN, ask, get, start};
    use super::*;

    #[tokio::test]
    async fn answers_are_made_up_one_by_one_and_then_always() {
        let (github, _) = start().await;
        let status = |status| GitHubAnswer::Status {
            status,
            headers: vec![("retry-after", "7".to_owned())],
            body: "<html>".to_owned(),
        };
        github.answer_next(vec![status(502), GitHubAnswer::Reset]);
        github.answer_always(Some(status(503)));
        let hook = "/repos/acme/demo/hooks/7";
        let first = get(&github, hook).await;
        assert_eq!((first.status, first.header("retry-after")), (502, Some("7")));
        assert_eq!(first.header("date"), Some("Sun, 01 Nov 2026 08:00:00 GMT"));
        let second = ask(&github, "GET", hook, TOKEN).await;
        assert!(matches!(second, Err(Error::Broken(_))));
        assert_eq!(get(&github, hook).await.status, 503);
        github.answer_always(None);
        assert_eq!(get(&github, hook).await.status, 200);
        let statuses: Vec<_> = github.requests().iter().map(|request| request.status).collect();
        assert_eq!(statuses, [Some(502), None, Some(503), Some(200)]);
    }

    #[tokio::test]
    async fn a_chooser_sees_the_request_it_answers() {
        let (github, _) = start().await;
        github.answer_by(|request| (request.method == "POST").then_some(GitHubAnswer::Reset));
        assert_eq!(get(&github, "/repos/acme/demo/hooks/7").await.status, 200);
        let ping = ask(&github, "POST", "/repos/acme/demo/hooks/7/pings", TOKEN).await;
        assert!(matches!(ping, Err(Error::Broken(_))));
    }

    #[tokio::test]
    async fn what_was_asked_is_done_though_its_answer_is_lost() {
        let (github, _) = start().await;
        github.script(HOOK, |_| Outcome::answered(200));
        github.answer_next(vec![GitHubAnswer::DoneThenReset]);
        let ping = "/repos/acme/demo/hooks/7/pings";
        let lost = ask(&github, "POST", ping, TOKEN).await;
        assert!(matches!(lost, Err(Error::Broken(_))));
        assert_eq!(github.deliveries(HOOK).len(), 1);
        let ApiRequest {
            method, path, status, ..
        } = &github.requests()[0];
        assert_eq!((method.as_str(), path.as_str(), *status), ("POST", ping, None));
    }
}
