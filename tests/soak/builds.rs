//! What happens on Copr: packages break, are rebuilt, some fail again, and all are well in the end.

use std::sync::Arc;
use std::time::{Duration, Instant};

use fastrand::Rng;
use tokio::sync::watch;
use world::{Copr, Monitor, Reply};

use crate::ledger::{ALL, Ledger};

pub(crate) const PROJECTS: [&str; 3] = ["alice/demo", "@kernel/next", "bob/tools:pr:12"];

/// How many packages of one project are on their way at once?
const AT_ONCE: usize = 2;

pub(crate) struct Builds {
    copr: Arc<Copr>,
    ledger: Arc<Ledger>,
    /// How long is a rebuild running, and how long does a project rest between two packages?
    pause: Duration,
    packages: u64,
    newest: u64,
    rng: Rng,
    projects: [[Slot; AT_ONCE]; PROJECTS.len()],
}

enum Slot {
    /// Nothing, until then.
    Idle(Instant),
    /// It failed, and this was not rung yet.
    Failed { package: Package, event: &'static str },
    /// It is built anew, until then.
    Rebuilding(Package, Instant),
    /// It is well, and that was not rung yet.
    Well(Package),
}

#[derive(Clone)]
struct Package {
    name: String,
    build: u64,
    /// How many builds of it fail.
    failures: u64,
}

impl Builds {
    pub(crate) fn new(copr: Arc<Copr>, ledger: Arc<Ledger>, pause: Duration, seed: u64) -> Self {
        let mut builds = Self {
            copr,
            ledger,
            pause,
            packages: 0,
            newest: 1000,
            rng: Rng::with_seed(seed),
            projects: std::array::from_fn(|_| std::array::from_fn(|_| Slot::Idle(Instant::now()))),
        };
        builds.show();
        builds
    }

    pub(crate) fn packages(&self) -> u64 {
        self.packages
    }

    /// Goes on until it is over and all packages are well, and that was rung.
    pub(crate) async fn go_on(mut self, over: watch::Receiver<bool>) -> Self {
        loop {
            let is_over = *over.borrow();
            self.step(is_over);
            self.show();
            let slots = self.projects.iter().flatten();
            if is_over && slots.into_iter().all(|slot| matches!(slot, Slot::Idle(_))) {
                return self;
            }
            tokio::time::sleep(self.pause / 8).await;
        }
    }

    fn step(&mut self, is_over: bool) {
        for project in 0..PROJECTS.len() {
            for slot in 0..AT_ONCE {
                let now = std::mem::replace(&mut self.projects[project][slot], Slot::Idle(Instant::now()));
                self.projects[project][slot] = self.next(now, is_over);
            }
        }
    }

    fn next(&mut self, slot: Slot, is_over: bool) -> Slot {
        let later = |rng: &mut Rng, pause: Duration| Instant::now() + pause.mul_f64(0.5 + rng.f64());
        match slot {
            Slot::Idle(until) if Instant::now() < until || is_over => slot,
            Slot::Idle(_) => {
                self.packages += 1;
                let name = format!("p{:06}", self.packages);
                let failures = if self.packages.is_multiple_of(3) { 2 } else { 1 };
                self.fail(
                    Package {
                        name,
                        build: 0,
                        failures,
                    },
                    "copr.broken",
                )
            }
            Slot::Failed { package, event } => {
                if !self.ledger.has_rung(ALL, &format!("{event} {}", package.name)) {
                    return Slot::Failed { package, event };
                }
                let build = self.build();
                let until = later(&mut self.rng, self.pause);
                Slot::Rebuilding(Package { build, ..package }, until)
            }
            Slot::Rebuilding(_, until) if Instant::now() < until => slot,
            Slot::Rebuilding(package, _) if package.failures > 0 => self.fail(package, "copr.failed_again"),
            Slot::Rebuilding(package, _) => {
                self.ledger.expect("copr.recovered", &package.name, &package.name);
                Slot::Well(package)
            }
            Slot::Well(package) => {
                if self.ledger.has_rung(ALL, &format!("copr.recovered {}", package.name)) {
                    Slot::Idle(later(&mut self.rng, self.pause))
                } else {
                    Slot::Well(package)
                }
            }
        }
    }

    fn build(&mut self) -> u64 {
        self.newest += 1;
        self.newest
    }

    fn fail(&mut self, package: Package, event: &'static str) -> Slot {
        self.ledger.expect(event, &package.name, &package.name);
        let package = Package {
            build: self.build(),
            failures: package.failures - 1,
            ..package
        };
        Slot::Failed { package, event }
    }

    /// Tells Copr how things stand.
    fn show(&mut self) {
        for (project, slots) in PROJECTS.iter().zip(&self.projects) {
            let monitor = slots.iter().fold(Monitor::new(project), |monitor, slot| {
                let (package, state) = match slot {
                    Slot::Idle(_) => return monitor,
                    Slot::Failed { package, .. } => (package, "failed"),
                    Slot::Rebuilding(package, _) => (package, "running"),
                    Slot::Well(package) => (package, "succeeded"),
                };
                let chroot = |name| (name, state, package.build, Some("1.0-1"));
                monitor.package(&package.name, ["fedora-43-x86_64", "fedora-42-x86_64"].map(chroot))
            });
            self.copr.set(project, Reply::monitor(monitor.json()));
        }
    }
}
