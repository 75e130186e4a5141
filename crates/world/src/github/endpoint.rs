//! What the API answers, endpoint by endpoint.

use serde_json::{Value, json};

use super::answer::{Answer, Call, refusal};
use super::auth::Caller;
use super::event::Event;
use super::hook::Hook;
use super::log::Asked;
use super::{Site, body};

/// An answer, and what is to be sent to which hook before it.
pub(super) type Reply = (Answer, Option<(String, Event)>);

/// What is asked for.
enum Endpoint<'a> {
    App,
    /// A hook by its key, and what of it.
    Hook(String, &'a [&'a str]),
    /// The installation on an account.
    Installation(&'a str),
    /// A token for an installation.
    AccessTokens(&'a str),
    RateLimit,
    /// A repository by its name in lower case, and what of it.
    Repository(String, &'a [&'a str]),
}

impl<'a> Endpoint<'a> {
    fn find(segments: &'a [&'a str]) -> Option<Self> {
        let found = match segments {
            ["app"] => Self::App,
            ["app", "hook", rest @ ..] => Self::Hook("app/hook".to_owned(), rest),
            ["repos", _, _, "hooks", _, rest @ ..] => Self::Hook(key(&segments[..5]), rest),
            ["orgs", _, "hooks", _, rest @ ..] => Self::Hook(key(&segments[..4]), rest),
            ["repos", account, _, "installation"] | ["orgs", account, "installation"] => Self::Installation(account),
            ["app", "installations", id, "access_tokens"] => Self::AccessTokens(id),
            ["rate_limit"] => Self::RateLimit,
            ["repos", _, _, rest @ ..] => Self::Repository(key(&segments[1..3]), rest),
            _ => return None,
        };
        Some(found)
    }

    /// Does only the App get in here?
    fn is_for_the_app(&self) -> bool {
        match self {
            Self::App | Self::Installation(_) | Self::AccessTokens(_) => true,
            Self::Hook(key, _) => key == "app/hook",
            Self::RateLimit | Self::Repository(..) => false,
        }
    }
}

fn key(segments: &[&str]) -> String {
    segments.join("/").to_ascii_lowercase()
}

impl Site {
    pub(super) fn reply(&mut self, call: &Call) -> Reply {
        if !call.has_user_agent {
            let text = "Request forbidden by administrative rules. Please make sure your request has a User-Agent \
                        header \
                        (https://docs.github.com/en/rest/overview/resources-in-the-rest-api#user-agent-required). \
                        Check https://developer.github.com for other possible causes.";
            return (Answer::new(403, text.into()), None);
        }
        if !call.body.is_empty() && serde_json::from_slice::<Value>(&call.body).is_err() {
            return (refusal(400, "Problems parsing JSON"), None);
        }
        let segments: Vec<&str> = call.path.split('/').skip(1).collect();
        let endpoint = Endpoint::find(&segments);
        let bearer = call.bearer.as_deref();
        let app = || Caller::app(bearer, call.at);
        let caller = match &endpoint {
            Some(endpoint) if endpoint.is_for_the_app() => app(),
            Some(Endpoint::RateLimit) => app().or_else(|_| self.accounts.holder(bearer, call.at)),
            _ => self.accounts.holder(bearer, call.at),
        };
        let caller = match caller {
            Ok(caller) => caller,
            Err(refused) => return (refused, None),
        };
        let spent = match endpoint {
            Some(Endpoint::RateLimit) => Ok(()),
            _ => self.limits.spend(&caller.name, &call.method, call.at),
        };
        let reply = spent.and_then(|()| match endpoint {
            Some(endpoint) => self.serve(call, &caller, endpoint),
            None => Err(refusal(404, "Not Found")),
        });
        let (mut answer, delivery) = reply.unwrap_or_else(|refused| (refused, None));
        answer.headers.extend(self.limits.headers(&caller.name, call.at));
        (answer, delivery)
    }

    fn serve(&mut self, call: &Call, caller: &Caller, endpoint: Endpoint<'_>) -> Result<Reply, Answer> {
        let not_found = || refusal(404, "Not Found");
        let shown = match (call.method.as_str(), endpoint) {
            ("GET", Endpoint::App) => body::app(),
            ("GET", Endpoint::Installation(account)) => {
                let id = self.accounts.installation(account).ok_or_else(not_found)?;
                body::installation(id, account, &call.base)
            }
            ("POST", Endpoint::AccessTokens(id)) => {
                let token = format!("ghs_{:036x}", self.give_id());
                let expires_at = self.accounts.add_installation_token(id, &token, call.at);
                let token = body::installation_token(&token, expires_at.ok_or_else(not_found)?);
                return Ok((Answer::new(201, token), None));
            }
            ("GET", Endpoint::RateLimit) => {
                let overview = self.limits.overview(&caller.name, call.at);
                overview.ok_or_else(|| refusal(404, "Rate limiting is not enabled."))?
            }
            ("GET", Endpoint::Repository(name, rest)) => {
                return self
                    .repository_reply(call, caller, &name, rest)
                    .map(|answer| (answer, None));
            }
            (_, Endpoint::Hook(key, rest)) => return self.hook_reply(call, caller, key, rest),
            _ => return Err(not_found()),
        };
        Ok((Answer::new(200, shown), None))
    }

    fn hook_reply(&mut self, call: &Call, caller: &Caller, key: String, rest: &[&str]) -> Result<Reply, Answer> {
        let not_found = || refusal(404, "Not Found");
        let hook = self
            .hooks
            .get(&key)
            .filter(|hook| !hook.removed)
            .ok_or_else(not_found)?;
        if let Some(refused) = caller.refused(hook.account(), call.method != "GET") {
            return Err(refused);
        }
        let is_app = key == "app/hook";
        let url = format!("{}/{key}", call.base);
        let id = |id: &str| id.parse::<u64>().map_err(|_| not_found());
        let shown = match (call.method.as_str(), rest) {
            ("GET", []) if !is_app => body::hook(hook, &url),
            ("GET", ["config"]) if is_app => body::config(hook),
            ("GET", ["deliveries"]) => return self.list(call, &key, &url).map(|answer| (answer, None)),
            ("GET", ["deliveries", number]) => {
                let record = hook.log.get(id(number)?);
                let record = record.filter(|record| self.listing.shows(record, call.at));
                body::delivery(hook, record.ok_or_else(not_found)?)
            }
            ("POST", ["deliveries", number, "attempts"]) => {
                let event = self.redelivery(hook, id(number)?, call.at)?;
                let delivery = event.map(|event| (key, event));
                return Ok((Answer::new(202, json!({})), delivery));
            }
            ("POST", ["pings"]) if !is_app => {
                let ping = Event::new("ping", &body::ping(hook, &url));
                let done = Answer {
                    status: 204,
                    headers: Vec::new(),
                    body: None,
                };
                return Ok((done, Some((key, ping))));
            }
            _ => return Err(not_found()),
        };
        Ok((Answer::new(200, shown), None))
    }

    /// What is sent again, if anything is.
    fn redelivery(&self, hook: &Hook, id: u64, now: i64) -> Result<Option<Event>, Answer> {
        let record = hook.log.get(id).filter(|record| record.visible_at <= now);
        let record = record.ok_or_else(|| refusal(404, "Not Found"))?;
        let rules = &self.redelivery;
        if !self.listing.shows(record, now) || rules.refused.contains(&id) {
            return Err(refusal(422, "Validation Failed"));
        }
        let mut event = record.event.clone().guid(&record.guid).late(rules.lag).redelivery();
        (event.at, event.unsigned) = (None, rules.unsigned);
        Ok(Some(event).filter(|_| !rules.dropped))
    }

    fn list(&mut self, call: &Call, key: &str, url: &str) -> Result<Answer, Answer> {
        let asked_for = |name: &str| {
            let found = call.query.iter().find(|(asked, _)| asked == name);
            found.map(|(_, value)| value.as_str())
        };
        let per_page = asked_for("per_page").and_then(|number| number.parse().ok());
        let asked = Asked {
            per_page: per_page.filter(|number| *number > 0).unwrap_or(30).min(100),
            cursor: asked_for("cursor"),
            status: asked_for("status"),
        };
        let log = &self.hooks[key].log;
        let page = self.listing.page(log, call.at, &asked);
        let (records, next) = page.map_err(|status| refusal(status, "Invalid cursor"))?;
        let answer = Answer::new(200, records.into_iter().map(body::item).collect());
        let Some(next) = next else {
            return Ok(answer);
        };
        let url = match &self.listing.link_base {
            Some(base) => format!("{base}/{key}"),
            None => url.to_owned(),
        };
        let status = asked.status.map(|status| format!("&status={status}"));
        let link = format!(
            "<{url}/deliveries?per_page={}{}&cursor={next}>; rel=\"next\"",
            asked.per_page,
            status.unwrap_or_default()
        );
        Ok(answer.with("link", &link))
    }
}

#[cfg(test)]
mod tests {
    use super::super::Outcome;
    use super::super::client::{HOOK, MINUTE, MORNING, get, post, start};
    use super::*;

    fn attempts(id: u64) -> String {
        format!("/repos/acme/demo/hooks/7/deliveries/{id}/attempts")
    }

    #[tokio::test]
    async fn a_redelivery_is_made_before_it_is_accepted_and_listed_after_its_lag() {
        let (github, clock) = start().await;
        github.script(HOOK, |attempt| {
            Outcome::answered(if attempt.number == 3 { 200 } else { 500 })
        });
        let guid = github
            .emit(&[HOOK], Event::new("issues", &json!({"action": "opened"})))
            .await;
        clock.advance(MINUTE);
        github.set_redelivery_lag(MINUTE);
        let first = github.deliveries(HOOK)[0].id;
        assert_eq!(post(&github, &attempts(first)).await.status, 202);
        assert_eq!(github.lost(HOOK), [guid.as_str()]);
        assert_eq!(post(&github, &attempts(first)).await.status, 202);
        assert!(github.lost(HOOK).is_empty());
        assert_eq!(post(&github, &attempts(first)).await.status, 202);

        let log = github.deliveries(HOOK);
        assert!(log.iter().all(|delivery| delivery.guid == guid));
        let redelivery: Vec<_> = log.iter().map(|delivery| delivery.redelivery).collect();
        assert_eq!(redelivery, [false, true, true, true]);
        assert_eq!(log[1].at, MORNING + MINUTE);
        let listed = async || {
            let list = get(&github, "/repos/acme/demo/hooks/7/deliveries").await.body;
            list.as_array().unwrap().len()
        };
        assert_eq!(listed().await, 1);
        clock.advance(MINUTE);
        assert_eq!(listed().await, 4);
    }

    #[tokio::test]
    async fn a_redelivery_can_be_refused_dropped_and_sent_unsigned() {
        let (github, clock) = start().await;
        github.script(HOOK, |attempt| {
            Outcome::answered(if attempt.signed { 200 } else { 401 })
        });
        let event = Event::new("issues", &json!({}));
        let poison = github.record(HOOK, event.clone(), Outcome::refused());
        let other = github.record(HOOK, event, Outcome::refused());
        github.refuse_redelivery(&[poison.id]);
        assert_eq!(post(&github, &attempts(poison.id)).await.status, 422);

        github.drop_redeliveries(true);
        assert_eq!(post(&github, &attempts(other.id)).await.status, 202);
        assert_eq!(github.deliveries(HOOK).len(), 2);
        github.drop_redeliveries(false);
        github.unsign_redeliveries(true);
        assert_eq!(post(&github, &attempts(other.id)).await.status, 202);
        assert_eq!(github.deliveries(HOOK)[2].outcome, Outcome::answered(401));

        clock.advance(3 * 24 * 60 * MINUTE + 1);
        assert_eq!(post(&github, &attempts(other.id)).await.status, 422);
        assert_eq!(post(&github, &attempts(1)).await.status, 404);
    }

    #[tokio::test]
    async fn a_ping_is_sent_and_logged_though_the_hook_is_inactive() {
        let (github, _) = start().await;
        github.script(HOOK, |attempt| {
            Outcome::answered(if attempt.event == "ping" { 200 } else { 400 })
        });
        github.set_active(HOOK, false);
        assert_eq!(post(&github, "/repos/acme/demo/hooks/7/pings").await.status, 204);
        let ping = &github.deliveries(HOOK)[0];
        assert_eq!(ping.outcome, Outcome::answered(200));
        let ping = get(&github, &format!("/repos/acme/demo/hooks/7/deliveries/{}", ping.id)).await;
        let payload = &ping.body["request"]["payload"];
        assert_eq!(
            (&payload["hook_id"], &payload["hook"]["active"]),
            (&json!(7), &json!(false))
        );
        assert_eq!(payload["repository"]["full_name"], "acme/demo");
    }
}
