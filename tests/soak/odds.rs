//! What fails, how often: about one call in ten, in the ways that networks and services have.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use fastrand::Rng;
use world::{ApiRequest, ChatAnswer, GitHubAnswer, Reply, recorded};

/// The odds of everything, from one seed.
pub(crate) struct Odds {
    rng: Mutex<Rng>,
    /// There is time for faults that cost minutes.
    thorough: bool,
    /// Nothing fails any more.
    well: AtomicBool,
    /// GitHub takes every redelivery.
    takes_posts: AtomicBool,
    /// GitHub takes no request at all.
    limits: AtomicBool,
    met: Mutex<BTreeMap<&'static str, u32>>,
    /// The last call to an API, and to a chat.
    last_call: Mutex<[Instant; 2]>,
}

const API: usize = 0;
const CHAT: usize = 1;

impl Odds {
    pub(crate) fn new(seed: u64, thorough: bool) -> Self {
        Self {
            rng: Mutex::new(Rng::with_seed(seed)),
            thorough,
            well: AtomicBool::new(false),
            takes_posts: AtomicBool::new(false),
            limits: AtomicBool::new(false),
            met: Mutex::default(),
            last_call: Mutex::new([Instant::now(); 2]),
        }
    }

    /// From now on nothing fails.
    pub(crate) fn heal(&self) {
        self.well.store(true, Ordering::SeqCst);
    }

    /// From now on GitHub takes every redelivery: one that fails is tried again after minutes.
    pub(crate) fn take_posts(&self) {
        self.takes_posts.store(true, Ordering::SeqCst);
    }

    /// GitHub limits us from now on: whatever is asked has to wait, so that nothing is begun. Or no longer.
    pub(crate) fn limit(&self, limits: bool) {
        self.limits.store(limits, Ordering::SeqCst);
    }

    /// How long nobody called an API, and a chat.
    pub(crate) fn quiet_for(&self) -> [Duration; 2] {
        self.last_call.lock().unwrap().map(|last| last.elapsed())
    }

    /// How often each kind of fault was met.
    pub(crate) fn met(&self) -> BTreeMap<&'static str, u32> {
        self.met.lock().unwrap().clone()
    }

    fn called(&self, whom: usize) {
        self.last_call.lock().unwrap()[whom] = Instant::now();
    }

    /// A number from 0 to 999.
    fn roll(&self) -> u32 {
        self.rng.lock().unwrap().u32(0..1000)
    }

    fn meet(&self, what: &'static str) {
        *self.met.lock().unwrap().entry(what).or_default() += 1;
    }

    /// How a chat answers its message with this number.
    pub(crate) fn of_chat(&self, number: usize) -> Option<ChatAnswer> {
        self.called(CHAT);
        if self.well.load(Ordering::SeqCst) {
            return None;
        }
        let status = |status: u16, headers: &[(&'static str, &str)]| ChatAnswer::Status {
            status,
            headers: headers
                .iter()
                .map(|(name, value)| (*name, (*value).to_owned()))
                .collect(),
            body: "later".to_owned(),
        };
        let (what, answer) = match self.roll() {
            // After these a channel rests for seconds, so there is one where there are only seconds.
            _ if !self.thorough && number == 4 => ("chat: taken, then reset", ChatAnswer::TakenThenReset),
            0..30 => ("chat: 429", status(429, &[("retry-after", "1")])),
            30..45 => ("chat: 503", status(503, &[("retry-after", "1")])),
            45..100 if !self.thorough => ("chat: 429", status(429, &[("retry-after", "1")])),
            45..60 => ("chat: 500", status(500, &[])),
            60..75 => ("chat: reset", ChatAnswer::Reset),
            75..88 => ("chat: taken, then reset", ChatAnswer::TakenThenReset),
            88..96 => ("chat: taken, then garbage", ChatAnswer::Garbage),
            96..98 => ("chat: hang", ChatAnswer::Hang),
            98..100 => ("chat: taken, then hang", ChatAnswer::TakenThenHang),
            _ => return None,
        };
        self.meet(what);
        Some(answer)
    }

    /// How Copr answers a poll.
    pub(crate) fn of_copr(&self) -> Option<Reply> {
        self.called(API);
        if self.well.load(Ordering::SeqCst) {
            return None;
        }
        let (what, reply) = match self.roll() {
            0..25 => ("copr: 502", Reply::Html(502)),
            25..50 => ("copr: cut short", Reply::monitor(recorded::TRUNCATED_STREAM)),
            50..70 => {
                let body = Bytes::from_static(&recorded::MIXED_FAILED[..300]);
                ("copr: broken off", Reply::Truncated(body))
            }
            70..85 => ("copr: reset", Reply::Reset),
            85..99 => ("copr: empty", Reply::Empty),
            99 if self.thorough => ("copr: hang", Reply::Hang),
            _ => return None,
        };
        self.meet(what);
        Some(reply)
    }

    /// How GitHub's API answers a request.
    pub(crate) fn of_github(&self, request: &ApiRequest) -> Option<GitHubAnswer> {
        self.called(API);
        let is_post = request.method == "POST";
        let limited = |seconds: &str| GitHubAnswer::Status {
            status: 429,
            headers: vec![("retry-after", seconds.to_owned())],
            body: r#"{"message": "You have exceeded a secondary rate limit."}"#.to_owned(),
        };
        if self.limits.load(Ordering::SeqCst) {
            return Some(limited("2"));
        }
        if self.well.load(Ordering::SeqCst) || is_post && self.takes_posts.load(Ordering::SeqCst) {
            return None;
        }
        let status = |status: u16, body: &str| GitHubAnswer::Status {
            status,
            headers: Vec::new(),
            body: body.to_owned(),
        };
        let spares = is_post && !self.thorough;
        let (what, answer) = match self.roll() {
            0..10 => ("github: 429", limited("1")),
            10..40 => ("github: done, then reset", GitHubAnswer::DoneThenReset),
            40..100 if spares => return None,
            40..65 => ("github: 502", status(502, "<html>")),
            65..80 => ("github: reset", GitHubAnswer::Reset),
            80..99 => ("github: garbage", status(200, "<html>")),
            99 if self.thorough => ("github: hang", GitHubAnswer::Hang),
            _ => return None,
        };
        self.meet(what);
        Some(answer)
    }
}
