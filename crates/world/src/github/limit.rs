//! How much may be asked: <https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api>.

use std::collections::{HashMap, VecDeque};

use serde_json::{Value, json};

use super::answer::{Answer, refusal};
use super::{GitHub, time};
use crate::server::lock;

const HOUR: i64 = 60 * 60 * 1000;
const MINUTE: i64 = 60 * 1000;

#[derive(Clone)]
pub(super) struct Limits {
    /// Requests; no limit as on an Enterprise Server.
    per_hour: Option<u32>,
    /// Points: a GET is one, a POST five.
    per_minute: Option<u32>,
    spent: HashMap<String, Spent>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            per_hour: Some(5000),
            per_minute: Some(900),
            spent: HashMap::new(),
        }
    }
}

/// What one caller has spent.
#[derive(Clone, Default)]
struct Spent {
    hour: i64,
    requests: u32,
    minute: VecDeque<(i64, u32)>,
}

impl GitHub {
    /// How many requests may one caller make in an hour: 5,000 unless set.
    pub fn set_requests_per_hour(&self, requests: u32) {
        lock(&self.shared.site).limits.per_hour = Some(requests);
    }

    /// How many points may one caller spend within 60 seconds (a GET is one, a POST five): 900 unless set.
    pub fn set_points_per_minute(&self, points: u32) {
        lock(&self.shared.site).limits.per_minute = Some(points);
    }

    /// No limits and no word of them, as an Enterprise Server comes.
    pub fn unlimited(&self) {
        let limits = &mut lock(&self.shared.site).limits;
        (limits.per_hour, limits.per_minute) = (None, None);
    }
}

impl Limits {
    /// Takes a request into account, or refuses it.
    pub(super) fn spend(&mut self, caller: &str, method: &str, now: i64) -> Result<(), Answer> {
        let (per_hour, per_minute) = (self.per_hour, self.per_minute);
        let spent = self.of(caller, now);
        if per_hour.is_some_and(|limit| spent.requests >= limit) {
            return Err(refusal(403, "API rate limit exceeded for user ID 1."));
        }
        spent.requests += 1;
        let points = if method == "GET" { 1 } else { 5 };
        let recent: u32 = spent.minute.iter().map(|(_, points)| points).sum();
        if per_minute.is_some_and(|limit| recent + points > limit) {
            let message = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.";
            return Err(refusal(403, message).with("retry-after", "60"));
        }
        spent.minute.push_back((now, points));
        Ok(())
    }

    /// The headers that say what is left.
    pub(super) fn headers(&mut self, caller: &str, now: i64) -> Vec<(&'static str, String)> {
        let Some(limit) = self.per_hour else {
            return Vec::new();
        };
        let spent = self.of(caller, now);
        vec![
            ("x-ratelimit-limit", limit.to_string()),
            (
                "x-ratelimit-remaining",
                limit.saturating_sub(spent.requests).to_string(),
            ),
            ("x-ratelimit-used", spent.requests.to_string()),
            ("x-ratelimit-reset", time::seconds(spent.hour + HOUR).to_string()),
            ("x-ratelimit-resource", "core".to_owned()),
        ]
    }

    /// What `/rate_limit` says, if there are limits.
    pub(super) fn overview(&mut self, caller: &str, now: i64) -> Option<Value> {
        let limit = self.per_hour?;
        let spent = self.of(caller, now);
        let reset = time::seconds(spent.hour + HOUR);
        let core = json!({
            "limit": limit, "remaining": limit.saturating_sub(spent.requests), "used": spent.requests, "reset": reset,
        });
        let search = json!({"limit": 30, "remaining": 30, "used": 0, "reset": reset});
        Some(json!({"resources": {"core": core, "search": search}, "rate": core}))
    }

    fn of(&mut self, caller: &str, now: i64) -> &mut Spent {
        let spent = self.spent.entry(caller.to_owned()).or_default();
        if spent.requests == 0 || now >= spent.hour + HOUR {
            (spent.hour, spent.requests) = (now, 0);
        }
        while spent.minute.front().is_some_and(|(at, _)| *at <= now - MINUTE) {
            spent.minute.pop_front();
        }
        spent
    }
}

#[cfg(test)]
mod tests {
    use super::super::Outcome;
    use super::super::client::{Answered, HOOK, MINUTE, MORNING, get, post, start};

    const PATH: &str = "/repos/acme/demo/hooks/7";

    fn left(answer: &Answered) -> Option<&str> {
        answer.header("x-ratelimit-remaining")
    }

    #[tokio::test]
    async fn what_is_left_of_an_hour_is_said_and_then_kept() {
        let (github, clock) = start().await;
        github.set_requests_per_hour(2);
        let first = get(&github, PATH).await;
        assert_eq!(left(&first), Some("1"));
        let reset = (MORNING / 1000 + 3600).to_string();
        assert_eq!(first.header("x-ratelimit-reset"), Some(reset.as_str()));
        clock.advance(30 * MINUTE);
        assert_eq!(get(&github, PATH).await.status, 200);
        let refused = get(&github, PATH).await;
        assert_eq!((refused.status, left(&refused)), (403, Some("0")));
        assert_eq!(refused.message(), "API rate limit exceeded for user ID 1.");
        let overview = get(&github, "/rate_limit").await;
        assert_eq!(overview.body["resources"]["core"]["used"], 2);
        clock.advance(30 * MINUTE);
        assert_eq!(left(&get(&github, PATH).await), Some("1"));
    }

    #[tokio::test]
    async fn a_minute_holds_so_many_points_and_a_post_is_five() {
        let (github, clock) = start().await;
        github.set_points_per_minute(11);
        github.script(HOOK, |_| Outcome::answered(200));
        let ping = format!("{PATH}/pings");
        assert_eq!(post(&github, &ping).await.status, 204);
        clock.advance(MINUTE - 1);
        assert_eq!(post(&github, &ping).await.status, 204);
        assert_eq!(get(&github, PATH).await.status, 200);
        let refused = get(&github, PATH).await;
        assert_eq!((refused.status, refused.header("retry-after")), (403, Some("60")));
        assert!(
            refused
                .message()
                .starts_with("You have exceeded a secondary rate limit")
        );
        clock.advance(1);
        assert_eq!(post(&github, &ping).await.status, 204);
        assert_eq!(github.posts_in_busiest_minute(), 2);
    }

    #[tokio::test]
    async fn an_enterprise_server_has_no_limits_and_does_not_speak_of_them() {
        let (github, _) = start().await;
        github.set_requests_per_hour(0);
        github.set_points_per_minute(0);
        github.unlimited();
        let hook = get(&github, "/api/v3/repos/acme/demo/hooks/7").await;
        assert_eq!((hook.status, left(&hook)), (200, None));
        let overview = get(&github, "/api/v3/rate_limit").await;
        assert_eq!((overview.status, left(&overview)), (404, None));
        assert_eq!(overview.message(), "Rate limiting is not enabled.");
    }
}
