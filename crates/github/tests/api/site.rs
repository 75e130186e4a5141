//! A GitHub to ask, and everything to ask it with.

use std::sync::LazyLock;
use std::time::Duration;

use github::{ApiUrl, AppKey, Credentials, GitHub, HookRef};
use outbound::{Clock, FaultPoint, Outbound};
use serde_json::Value;
use world::{Event, Outcome, Rights};

/// Longer than any test: none of them waits for it.
pub(crate) const TIMEOUT: Duration = Duration::from_mins(1);

/// A personal access token.
pub(crate) const TOKEN: &str = "ghp_hush";

pub(crate) const REPOSITORY: &str = "repo:acme/anvil:9007199254740993";
pub(crate) const ORGANIZATION: &str = "org:acme:456";

pub(crate) struct Site {
    pub(crate) world: world::GitHub,
    pub(crate) outbound: Outbound,
}

impl Site {
    /// A GitHub with a hook of each kind, of which nobody listens to any. `TOKEN` and the App may do all.
    pub(crate) async fn start() -> Self {
        let clock = Clock::simulated("2026-11-01T08:00:00Z".parse().unwrap());
        let outbound = Outbound::with(clock.clone(), FaultPoint::counting());
        let world = world::GitHub::start(move || clock.now().as_millisecond()).await;
        for hook in ["app", REPOSITORY, ORGANIZATION] {
            world.add_hook(hook, "http://hooks.example/webhook", Some("secret"));
            world.script(hook, |_| Outcome::timed_out());
        }
        world.set_token(TOKEN, Rights::Redeliver);
        world.install("acme", Rights::Redeliver);
        Self { world, outbound }
    }

    /// Asks it as the App.
    pub(crate) fn as_app(&self) -> GitHub {
        self.asked_with(Credentials {
            app: Some(app()),
            token: None,
        })
    }

    /// Asks it with `TOKEN`.
    pub(crate) fn as_person(&self) -> GitHub {
        self.asked_with(Credentials {
            app: None,
            token: Some(TOKEN.into()),
        })
    }

    pub(crate) fn asked_with(&self, credentials: Credentials) -> GitHub {
        GitHub::new(ApiUrl::new(&self.world.url()).unwrap(), credentials)
    }

    /// Writes a failed delivery into a hook's log, and returns its id.
    pub(crate) fn fail(&self, hook: &str) -> u64 {
        let event = Event::new("issues", &ISSUE);
        self.world.record(hook, event, Outcome::answered(500)).id
    }

    /// How often this was asked for, by the end of its path.
    pub(crate) fn asked(&self, end: &str) -> usize {
        let requests = self.world.requests();
        requests.iter().filter(|request| request.path.ends_with(end)).count()
    }
}

/// The App that the stand-in knows.
pub(crate) fn app() -> AppKey {
    AppKey::new(world::GitHub::APP_ID, &world::GitHub::APP_KEY.into()).unwrap()
}

pub(crate) fn hook(name: &str) -> HookRef {
    name.parse().unwrap()
}

/// The payload of an `issues.edited`, recorded.
pub(crate) static ISSUE: LazyLock<Value> = LazyLock::new(|| {
    let examples: Value = serde_json::from_str(include_str!("../data/issues.examples.json")).unwrap();
    examples[0].clone()
});
