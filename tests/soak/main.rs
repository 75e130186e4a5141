//! `copperbell serve` under a mixed load, while one call in ten fails and the process is restarted again and again: what was
//! sent is rung, and neither memory nor descriptors grow.
//!
//! `cargo test` runs seconds of it; `COPPERBELL_SOAK=30m` so much, with a restart every minute but for the last third.

mod builds;
mod issues;
mod ledger;
mod odds;
mod process;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use builds::{Builds, PROJECTS};
use http::Request;
use issues::{HOOK, Issues, SECRET};
use jiff::Timestamp;
use ledger::{CHANNELS, Ledger, Verdict};
use odds::Odds;
use outbound::Outbound;
use process::{Sample, Serve};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::{sleep, sleep_until};
use world::{Chat, Copr, GitHub, Outcome, Rights};

/// How long everything is, and how often it happens.
struct Form {
    /// How long does the load last? In its last third nothing is restarted.
    length: Duration,
    restart_every: Duration,
    /// `EVERY`.
    pass_every: Duration,
    /// When do deliveries fail though the process runs, and for how long?
    outage: (Duration, Duration),
    /// Between two events of one of the four connections, on average.
    issue_pause: Duration,
    /// How long a rebuild takes.
    build_pause: Duration,
    sample_every: Duration,
    /// By when after the load has everything rung?
    heals_within: Duration,
    /// By how much may memory (in KiB; a tenth is always allowed) and descriptors grow over the last third?
    growth: (u64, u64),
    /// Whatever costs minutes is let happen, too.
    thorough: bool,
}

impl Form {
    fn of_environment() -> Self {
        match std::env::var("COPPERBELL_SOAK") {
            Ok(length) => Self::long(boot::parse_duration(&length).unwrap()),
            Err(_) => Self::short(),
        }
    }

    fn short() -> Self {
        Self {
            length: Duration::from_secs(6),
            restart_every: Duration::from_millis(1200),
            pass_every: Duration::from_secs(1),
            outage: (Duration::from_millis(4500), Duration::from_millis(300)),
            issue_pause: Duration::from_millis(500),
            build_pause: Duration::from_millis(500),
            sample_every: Duration::from_millis(50),
            heals_within: Duration::from_mins(2),
            // A process that has just started has not seen all of its code yet, and opens its connections.
            growth: (16 * 1024, 16),
            thorough: false,
        }
    }

    fn long(length: Duration) -> Self {
        Self {
            length,
            restart_every: Duration::from_mins(1),
            pass_every: Duration::from_secs(5),
            outage: (length / 3, Duration::from_secs(45)),
            issue_pause: Duration::from_secs(2),
            build_pause: Duration::from_secs(15),
            sample_every: Duration::from_secs(1),
            // Where two redeliveries have failed the next comes after up to 19 minutes.
            heals_within: Duration::from_mins(20),
            growth: (2 * 1024, 4),
            thorough: true,
        }
    }

    fn restarts_until(&self) -> Duration {
        self.length * 2 / 3
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_sent_rings_through_faults_and_restarts_and_nothing_grows() {
    let form = Form::of_environment();
    let mut soak = Soak::new(form).await;
    soak.load().await;
    soak.heal().await;
    soak.judge().await;
}

/// Everything there is.
struct Soak {
    form: Form,
    odds: Arc<Odds>,
    github: Arc<GitHub>,
    chats: Arc<[Chat; CHANNELS.len()]>,
    ledger: Arc<Ledger>,
    issues: Arc<Issues>,
    serve: Serve,
    builds: Option<tokio::task::JoinHandle<Builds>>,
    /// Ends the load.
    over: watch::Sender<bool>,
    /// The last restart, and the end of the load.
    undisturbed: (Instant, Instant),
    healed_after: Duration,
}

impl Soak {
    async fn new(form: Form) -> Self {
        let odds = Arc::new(Odds::new(7, form.thorough));
        let chats = [
            Chat::json().await,
            Chat::slack().await,
            Chat::feishu(Some("demo")).await,
        ];
        for chat in &chats {
            let odds = odds.clone();
            chat.answer_by(move |number| odds.of_chat(number));
        }
        let copr = Arc::new(Copr::start().await);
        copr.answer_by({
            let odds = odds.clone();
            move |_| odds.of_copr()
        });
        let github = Arc::new(GitHub::start(|| Timestamp::now().as_millisecond()).await);
        github.answer_by({
            let odds = odds.clone();
            move |request| odds.of_github(request)
        });
        github.set_token("token", Rights::Redeliver);
        if form.thorough {
            // What GitHub grants an App of an Enterprise Cloud: a log that is read every few seconds is long.
            github.set_requests_per_hour(15_000);
        } else {
            // As an Enterprise Server comes: redeliveries are not paced.
            github.unlimited();
        }

        let channels = CHANNELS.iter().zip(&chats).map(|((name, events), chat)| {
            let secret = (*name == "rpm").then_some("demo");
            let mut channel = json!({"name": name, "url": chat.url(), "events": events});
            if let Some(secret) = secret {
                channel["secret"] = secret.into();
            }
            channel
        });
        let mut serve = Serve::new(&json!({
            "github_webhook_secret": SECRET, "github_token": "token", "channels": channels.collect::<Vec<_>>(),
        }));
        let webhook_url = serve.webhook_url();
        github.add_hook(HOOK, &webhook_url, Some(SECRET));
        for (name, value) in [
            ("COPR_URL", copr.url()),
            ("COPR_PROJECTS", PROJECTS.join(",")),
            ("GITHUB_API_URL", github.url()),
            ("GITHUB_HOOKS", HOOK.to_owned()),
            ("WEBHOOK_URL", webhook_url.clone()),
            ("EVERY", format!("{}ms", form.pass_every.as_millis())),
        ] {
            serve.set(name, &value);
        }
        let ledger = Arc::new(Ledger::default());
        let issues = Issues::new(github.clone(), ledger.clone(), webhook_url, form.issue_pause);
        let (over, is_over) = watch::channel(false);
        let builds = Builds::new(copr, ledger.clone(), form.build_pause, 7).go_on(is_over);
        Self {
            odds,
            github,
            chats: Arc::new(chats),
            ledger,
            issues: Arc::new(issues),
            serve,
            builds: Some(tokio::spawn(builds)),
            over,
            undisturbed: (Instant::now(), Instant::now()),
            healed_after: Duration::ZERO,
            form,
        }
    }

    /// The load, the restarts and the outage.
    async fn load(&mut self) {
        self.serve.start();
        let began = Instant::now();
        let connections = (1..=4).map(|seed| tokio::spawn(self.issues.clone().go_on(seed, self.over.subscribe())));
        let connections: Vec<_> = connections.collect();
        tokio::spawn(watch_over(
            self.ledger.clone(),
            self.chats.clone(),
            self.serve.meter.clone(),
            self.form.sample_every,
        ));
        let outage = tokio::spawn(outage(
            self.github.clone(),
            self.odds.clone(),
            self.form.outage,
            self.form.thorough,
        ));
        let mut restarts = 0;
        let mut next = self.form.restart_every;
        while next <= self.form.restarts_until() {
            sleep_until((began + next).into()).await;
            restarts += 1;
            if restarts == 1 || self.form.thorough && restarts % 2 == 1 {
                self.kill().await;
            } else {
                self.serve.end().await;
            }
            self.serve.start();
            if self.form.thorough {
                eprintln!("{next:?}: restarted; not rung yet: {}", self.ledger.missing().len());
            }
            next += self.form.restart_every;
        }
        let last_restart = Instant::now();
        self.odds.take_posts();
        let calm = self.form.length.saturating_sub(self.form.restarts_until());
        sleep_until((began + self.form.length).max(last_restart + calm).into()).await;
        self.undisturbed = (last_restart, Instant::now());
        self.over.send_replace(true);
        for connection in connections {
            connection.await.unwrap();
        }
        outage.await.unwrap();
    }

    /// Kills the process: anywhere, if there is time. A lease that nobody gives back holds a channel up for 20 s and a hook
    /// for a minute, so where there are only seconds it is a moment between two passes and two messages, when deliveries
    /// come in; and the first restart, so that no pass has to get anything back yet.
    async fn kill(&mut self) {
        if !self.form.thorough {
            self.issues.hold(true);
            let began = Instant::now();
            while !self.is_between() && began.elapsed() < Duration::from_secs(6) {
                sleep(Duration::from_millis(5)).await;
            }
            // Deliveries of all connections are on their way.
            self.issues.hold(false);
            sleep(Duration::from_millis(1)).await;
        }
        self.serve.kill();
    }

    /// Is it a moment between two passes, which begin at whole seconds, and two messages?
    fn is_between(&self) -> bool {
        let since_tick = Timestamp::now().as_millisecond().unsigned_abs() % 1000;
        let is_quiet = |quiet: Duration| quiet >= Duration::from_millis(250);
        (600..900).contains(&since_tick) && self.odds.quiet_for().into_iter().all(is_quiet)
    }

    /// Nothing fails any more, until everything has rung.
    async fn heal(&mut self) {
        self.odds.heal();
        let began = Instant::now();
        loop {
            let missing = self.ledger.missing();
            let status = self.status().await;
            let builds = self.builds.as_ref().is_none_or(tokio::task::JoinHandle::is_finished);
            if missing.is_empty() && builds && is_well(&status) {
                self.healed_after = began.elapsed();
                return;
            }
            assert!(
                began.elapsed() < self.form.heals_within,
                "not rung: {missing:?}\n{status:#}"
            );
            sleep(self.form.sample_every).await;
        }
    }

    async fn status(&self) -> Value {
        let url = format!("{}status.json", self.serve.status_url().unwrap());
        let request = Request::get(url).body("".into()).unwrap();
        let answer = Outbound::new().send("test", "", request, Duration::from_secs(10)).await;
        let answer = answer.unwrap().bytes(16 << 20).await.unwrap();
        serde_json::from_slice(&answer).unwrap()
    }

    /// Nothing comes after that, and what came is what should have.
    async fn judge(&mut self) {
        sleep(self.form.pass_every * 2).await;
        let status = self.serve.status();
        self.serve.end().await;
        self.ledger.read(&self.chats);
        let verdict = self.ledger.judge(&self.serve.kills);
        self.tell(&verdict).await;

        assert!(is_well(&status), "{status:#}");
        let log = self.serve.log();
        assert!(!log.contains("panicked"), "it panicked");
        // On a machine that is too busy an answer may come too late: then the log says so more often than a chat hung.
        let met = self.odds.met();
        let hung: u32 = ["chat: hang", "chat: taken, then hang"]
            .iter()
            .filter_map(|what| met.get(what))
            .sum();
        let is_late = |line: &&str| line.contains("the channel failed") && line.contains("no answer in time");
        let too_late = log.lines().filter(is_late).count().saturating_sub(hung as usize);
        assert!(
            verdict.unexplained.len() <= too_late,
            "twice for no reason: {:#?}",
            verdict.unexplained
        );
        for (trouble, end) in [
            ("redelivery.failing", "redelivery.recovered"),
            ("copr.unreachable", "copr.reachable"),
        ] {
            assert_eq!(verdict.times(trouble), verdict.times(end), "{trouble}");
        }
        for never in [
            "redelivery.given_up",
            "redelivery.gap",
            "copperbell.dead_letter",
            "copperbell.channel",
        ] {
            assert_eq!(verdict.times(never), 0, "{never}");
        }
        for ((what, status), count) in self.issues.answers() {
            let expected = if what == "forged" { 401 } else { 200 };
            // Nothing, where nobody was there.
            assert!(
                [0, expected].contains(&status),
                "{count} of {what} were answered {status}"
            );
        }
        self.judge_growth();
    }

    async fn tell(&mut self, verdict: &Verdict) {
        let deliveries = self.github.deliveries(HOOK);
        let redelivered = deliveries.iter().filter(|delivery| delivery.redelivery).count();
        let failed = deliveries
            .iter()
            .filter(|delivery| !delivery.redelivery && !delivery.outcome.is_success());
        let builds = self.builds.take().expect("the builds");
        println!(
            "{:?} of load; {} times ended, {} times killed; {} events of GitHub's, of which {} failed, {redelivered} \
             redeliveries; {} packages",
            self.form.length,
            self.serve.ends.len(),
            self.serve.kills.len(),
            self.issues.emitted.load(Ordering::Relaxed),
            failed.count(),
            builds.await.unwrap().packages(),
        );
        println!("  faults: {:?}", self.odds.met());
        println!("  repeats and forgeries were answered: {:?}", self.issues.answers());
        println!(
            "  {} facts rung in {} messages; {} of these might have come twice: {} facts did, and {} for no such reason",
            verdict.facts,
            verdict.messages,
            verdict.chances,
            verdict.again,
            verdict.unexplained.len(),
        );
        let others: Vec<_> = verdict.others.iter().map(|(event, at)| (event, at.len())).collect();
        let slowest = self.serve.ends.iter().max();
        println!(
            "  also rung: {others:?}; rung {:?} after the load; ended within {slowest:?}; state {} KiB",
            self.healed_after,
            self.serve.state_size() / 1024
        );
    }

    /// Memory and descriptors at the beginning and the end of the time without restarts.
    fn judge_growth(&self) {
        let samples = self.serve.meter.samples();
        let (from, to) = self.undisturbed;
        let undisturbed: Vec<_> = samples.iter().filter(|s| (from..to).contains(&s.at)).collect();
        let quarter = undisturbed.len() / 4;
        let first = &undisturbed[..quarter];
        let last = &undisturbed[undisturbed.len() - quarter..];
        let figures = |of: fn(&Sample) -> u64| {
            let median = |samples: &[&Sample]| {
                let mut values: Vec<_> = samples.iter().map(|sample| of(sample)).collect();
                values.sort_unstable();
                values[values.len() / 2]
            };
            (median(first), median(last), samples.iter().map(of).max().unwrap())
        };
        let (memory, memory_after, most_memory) = figures(|sample| sample.memory);
        let (descriptors, descriptors_after, most_descriptors) = figures(|sample| sample.descriptors);
        println!(
            "  over the last {:?} without a restart: memory {memory} → {memory_after} KiB (at most {most_memory}), \
             descriptors {descriptors} → {descriptors_after} (at most {most_descriptors})",
            to - from
        );
        let (more_memory, more_descriptors) = self.form.growth;
        assert!(memory_after <= memory + more_memory.max(memory / 10), "memory grows");
        assert!(descriptors_after <= descriptors + more_descriptors, "descriptors grow");
    }
}

/// Nothing waits, nothing is lost, nothing is broken.
fn is_well(status: &Value) -> bool {
    let all = |list: &str, well: fn(&Value) -> bool| status[list].as_array().is_some_and(|list| list.iter().all(well));
    all("channels", |channel| channel["waiting"] == 0 && channel["dead"] == 0)
        && all("hooks", |hook| hook["lost"] == 0 && hook["given_up"] == 0)
        && all("incidents", |_| false)
        && status["last_run"]["complete"] == true
}

/// Reads what the chats take, and what the process has in use, as long as there is somebody who asks.
async fn watch_over(
    ledger: Arc<Ledger>,
    chats: Arc<[Chat; CHANNELS.len()]>,
    meter: Arc<process::Meter>,
    every: Duration,
) {
    loop {
        ledger.read(&chats);
        meter.sample();
        sleep(every).await;
    }
}

/// For a while every delivery is answered 503, by something before the process. Where a redelivery that fails costs too much
/// time, GitHub takes none meanwhile.
async fn outage(github: Arc<GitHub>, odds: Arc<Odds>, (from, lasts): (Duration, Duration), thorough: bool) {
    sleep(from).await;
    odds.limit(!thorough);
    sleep(lasts / 2).await;
    github.script(HOOK, |_| Outcome::answered(503));
    sleep(lasts).await;
    github.unscript(HOOK);
    odds.limit(false);
}
