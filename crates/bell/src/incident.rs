//! Incidents: one per failing package, from the build that broke it to the proof that it is well again.
//!
//! A chroot *fails* here from the moment Copr says `failed` until Copr proves otherwise. Copr replaces `failed` by
//! `waiting` as soon as a rebuild is queued, and leaves a canceled build waiting for ever, so "not failed" proves
//! nothing: only `succeeded` and `forked` do.

use std::collections::BTreeMap;
use std::time::Duration;

use chat::{Builds, Fact, FailingChroot};
use copr::BuildState;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::seen::{Seen, SeenChroot};

/// How long may a rebuild stay unfinished before we ask Copr whether it was canceled?
const UNFINISHED_PATIENCE: Duration = Duration::from_hours(24);

/// A package that fails.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incident {
    /// Since when.
    pub since: Timestamp,
    /// The chroots that fail, by name. Never empty in an open incident.
    pub chroots: BTreeMap<String, Failing>,
    /// The highest build id that failed: a failure above it is news.
    pub highest_build: u64,
    /// When a channel was last told of it.
    pub last_rung: Timestamp,
    /// A chroot has left by succeeding, so that the incident ends as recovered, not as gone.
    #[serde(default)]
    pub proved: bool,
    /// The source package could not be built: one line says it all.
    #[serde(default)]
    pub source: bool,
}

/// A chroot that fails.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failing {
    /// The build that failed.
    pub build_id: u64,
    /// Its version; a source failure has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Its log; a source failure has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_url: Option<String>,
    /// A rebuild that has not finished.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rebuild: Option<Rebuild>,
}

/// A rebuild of a failing chroot that has not finished.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rebuild {
    /// The build.
    pub build_id: u64,
    /// Since when we have seen it unfinished.
    pub since: Timestamp,
    /// Copr was asked for the build itself: once is enough.
    #[serde(default)]
    pub looked_up: bool,
    /// Copr said that it was canceled, which the monitor never shows.
    #[serde(default)]
    pub canceled: bool,
}

/// What happened to a package's incident, and so what rings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// It broke.
    Broken,
    /// More chroots fail.
    Grown,
    /// A newer build failed as well.
    FailedAgain,
    /// It still fails, and a reminder is due.
    Reminder,
    /// It is well again: at least one chroot succeeded, none fails.
    Recovered,
    /// Nothing of it is left to fail.
    Gone,
}

/// What to remember, and what to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The incident from now on; `None`: there is none.
    pub incident: Option<Incident>,
    /// What rings. An incident that ends without an event is no longer watched.
    pub event: Option<Event>,
}

/// How reminders are due.
pub type RemindAfter = Option<Duration>;

/// Decides about one package: `before` is its open incident, `seen` what a complete monitor shows of it (`None`: the
/// package is not there any more).
#[must_use]
pub fn decide(
    before: Option<&Incident>,
    seen: Option<&Seen>,
    ignored: impl Fn(&str) -> bool,
    remind_after: RemindAfter,
    now: Timestamp,
) -> Decision {
    let Some(before) = before else {
        return open(seen, now);
    };
    let nothing = Seen {
        chroots: BTreeMap::new(),
    };
    let seen = seen.unwrap_or(&nothing);
    let mut after = before.clone();
    let mut unwatched = 0;
    after.chroots.retain(|name, failing| {
        if ignored(name) {
            unwatched += 1;
            return false;
        }
        match seen.chroots.get(name) {
            None => false,
            Some(chroot) => match follow(failing, chroot, now) {
                Followed::Stays => true,
                Followed::Succeeded => {
                    after.proved = true;
                    false
                }
                Followed::Skipped => false,
            },
        }
    });

    let mut event = None;
    for (name, chroot) in &seen.chroots {
        if !chroot.state.is_failure() {
            continue;
        }
        if chroot.build_id > after.highest_build {
            after.highest_build = chroot.build_id;
            event = event.or(Some(Event::FailedAgain));
        }
        if !before.chroots.contains_key(name) {
            event = Some(Event::Grown);
        }
        after.chroots.entry(name.clone()).or_insert_with(|| Failing::of(chroot));
    }

    if after.chroots.is_empty() {
        let event = if after.proved {
            Some(Event::Recovered)
        } else if unwatched == before.chroots.len() {
            None
        } else {
            Some(Event::Gone)
        };
        return Decision { incident: None, event };
    }
    if seen.fails() {
        after.source = seen.is_source_failure();
    }
    let due = |after: &Incident| {
        remind_after
            .is_some_and(|wait| now.duration_since(after.last_rung).unsigned_abs() >= wait && now > after.last_rung)
    };
    if event.is_none() && due(&after) {
        event = Some(Event::Reminder);
    }
    if event.is_some() {
        after.last_rung = now;
    }
    Decision {
        incident: Some(after),
        event,
    }
}

fn open(seen: Option<&Seen>, now: Timestamp) -> Decision {
    let Some(seen) = seen.filter(|seen| seen.fails()) else {
        return Decision {
            incident: None,
            event: None,
        };
    };
    let failing = seen.chroots.iter().filter(|(_, chroot)| chroot.state.is_failure());
    let chroots: BTreeMap<_, _> = failing
        .map(|(name, chroot)| (name.clone(), Failing::of(chroot)))
        .collect();
    let highest_build = chroots.values().map(|c| c.build_id).max().unwrap_or(0);
    Decision {
        incident: Some(Incident {
            since: now,
            chroots,
            highest_build,
            last_rung: now,
            proved: false,
            source: seen.is_source_failure(),
        }),
        event: Some(Event::Broken),
    }
}

enum Followed {
    Stays,
    Succeeded,
    Skipped,
}

/// What a monitor's line makes of a failing chroot.
fn follow(failing: &mut Failing, seen: &SeenChroot, now: Timestamp) -> Followed {
    if seen.state.is_proof() {
        return Followed::Succeeded;
    }
    if seen.state == BuildState::Skipped && seen.build_id > failing.build_id {
        return Followed::Skipped;
    }
    if seen.state.is_failure() {
        *failing = Failing::of(seen);
    } else if seen.state.is_unfinished() {
        let same = failing
            .rebuild
            .take()
            .filter(|rebuild| rebuild.build_id == seen.build_id);
        failing.rebuild = Some(same.unwrap_or(Rebuild {
            build_id: seen.build_id,
            since: now,
            looked_up: false,
            canceled: false,
        }));
    }
    Followed::Stays
}

impl Failing {
    fn of(chroot: &SeenChroot) -> Self {
        Self {
            build_id: chroot.build_id,
            version: chroot.version.clone(),
            log_url: chroot.log_url.clone(),
            rebuild: None,
        }
    }
}

impl Incident {
    /// The rebuilds that have been unfinished for so long that Copr should be asked whether they were canceled.
    pub fn due_lookups(&self, now: Timestamp) -> impl Iterator<Item = u64> {
        let due = move |rebuild: &&Rebuild| {
            !rebuild.looked_up
                && rebuild
                    .since
                    .checked_add(UNFINISHED_PATIENCE)
                    .is_ok_and(|due| due <= now)
        };
        let rebuilds = self.chroots.values().filter_map(|f| f.rebuild.as_ref());
        rebuilds.filter(due).map(|rebuild| rebuild.build_id)
    }

    /// Notes what Copr said of a rebuild.
    pub fn looked_up(&mut self, build_id: u64, state: BuildState) {
        let rebuilds = self.chroots.values_mut().filter_map(|f| f.rebuild.as_mut());
        for rebuild in rebuilds.filter(|rebuild| rebuild.build_id == build_id) {
            rebuild.looked_up = true;
            rebuild.canceled = state == BuildState::Canceled;
        }
    }
}

/// Where Copr shows what a notice is about.
#[derive(Clone, Copy)]
pub struct Pages<'a> {
    /// The project's name.
    pub project: &'a str,
    /// The project's monitor page.
    pub project_url: &'a str,
    /// The page of a build.
    pub build_url: &'a dyn Fn(u64) -> String,
}

/// The fact to say of an event. `incident` is the open one, or the one that has just ended.
#[must_use]
pub fn fact(event: Event, package: &str, incident: &Incident, pages: Pages<'_>) -> Fact {
    let build_id = incident.highest_build;
    let chroots = incident.chroots.iter().map(|(name, failing)| FailingChroot {
        name: name.clone(),
        build_id: failing.build_id,
        version: failing.version.clone(),
        log_url: failing.log_url.clone(),
        canceled: failing.rebuild.as_ref().is_some_and(|r| r.canceled),
    });
    let builds = Builds {
        project: pages.project.to_owned(),
        project_url: pages.project_url.to_owned(),
        package: package.to_owned(),
        build_id,
        build_url: (pages.build_url)(build_id),
        since: incident.since,
        source: incident.source,
        chroots: chroots.collect(),
        more_chroots: 0,
    };
    match event {
        Event::Broken => Fact::CoprBroken(builds),
        Event::Grown => Fact::CoprGrown(builds),
        Event::FailedAgain => Fact::CoprFailedAgain(builds),
        Event::Reminder => Fact::CoprReminder(builds),
        Event::Recovered => Fact::CoprRecovered(builds),
        Event::Gone => Fact::CoprGone(builds),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Chroot, state, build; each with a version and a log.
    fn seen(chroots: &[(&str, BuildState, u64)]) -> Seen {
        let chroots = chroots.iter().map(|(name, state, build_id)| {
            let chroot = SeenChroot {
                state: *state,
                build_id: *build_id,
                version: Some("1.0-1".to_owned()),
                log_url: Some(format!("https://copr.example/{build_id}/{name}.log")),
            };
            ((*name).to_owned(), chroot)
        });
        Seen {
            chroots: chroots.collect(),
        }
    }

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(minute * 60).unwrap()
    }

    /// Runs monitors (`None`: the package is not there) one minute apart; returns what rang, and what is left.
    fn story(monitors: &[Option<Seen>], remind_after: RemindAfter) -> (Vec<(usize, Event)>, Option<Incident>) {
        let mut incident = None;
        let mut rang = Vec::new();
        for (minute, seen) in monitors.iter().enumerate() {
            let now = at(i64::try_from(minute).unwrap());
            let decision = decide(incident.as_ref(), seen.as_ref(), |_| false, remind_after, now);
            rang.extend(decision.event.map(|event| (minute, event)));
            incident = decision.incident;
        }
        (rang, incident)
    }

    use BuildState::{
        Canceled, Failed, Forked, Importing, Other, Pending, Running, Skipped, Starting, Succeeded, Unknown, Waiting,
    };
    use Event::{Broken, FailedAgain, Gone, Grown, Recovered, Reminder};

    #[test]
    fn each_story_rings_as_a_packager_expects() {
        let one = |state, build| Some(seen(&[("a", state, build)]));
        let two = |a: (BuildState, u64), b: (BuildState, u64)| Some(seen(&[("a", a.0, a.1), ("b", b.0, b.1)]));
        let table = [
            ("well from the start", vec![one(Succeeded, 1); 3], vec![]),
            (
                "breaks and stays broken",
                vec![one(Succeeded, 1), one(Failed, 2), one(Failed, 2)],
                vec![(1, Broken)],
            ),
            ("fails when first seen", vec![one(Failed, 2)], vec![(0, Broken)]),
            (
                "recovers",
                vec![one(Failed, 2), one(Succeeded, 3), one(Succeeded, 3)],
                vec![(0, Broken), (1, Recovered)],
            ),
            (
                "a fork proves it too",
                vec![one(Failed, 2), one(Forked, 3)],
                vec![(0, Broken), (1, Recovered)],
            ),
            (
                "a rebuild hides the failure",
                vec![one(Failed, 2), one(Waiting, 3), one(Running, 3), one(Succeeded, 3)],
                vec![(0, Broken), (3, Recovered)],
            ),
            (
                "a rebuild fails again",
                vec![one(Failed, 2), one(Waiting, 3), one(Failed, 3), one(Failed, 3)],
                vec![(0, Broken), (2, FailedAgain)],
            ),
            (
                "the newest build is deleted, the old failure comes back",
                vec![one(Failed, 2), one(Waiting, 3), one(Failed, 2)],
                vec![(0, Broken)],
            ),
            (
                "an older failure comes back after a newer one",
                vec![one(Failed, 2), one(Failed, 3), one(Failed, 2), one(Failed, 3)],
                vec![(0, Broken), (1, FailedAgain)],
            ),
            (
                "grows",
                vec![two((Failed, 2), (Succeeded, 2)), two((Failed, 2), (Failed, 2))],
                vec![(0, Broken), (1, Grown)],
            ),
            (
                "grows by a newer build: one ring",
                vec![two((Failed, 2), (Succeeded, 2)), two((Failed, 3), (Failed, 3))],
                vec![(0, Broken), (1, Grown)],
            ),
            (
                "one chroot recovers silently, the last one rings",
                vec![
                    two((Failed, 2), (Failed, 2)),
                    two((Succeeded, 3), (Failed, 2)),
                    two((Succeeded, 3), (Succeeded, 3)),
                ],
                vec![(0, Broken), (2, Recovered)],
            ),
            (
                "one recovered, the other was disabled: recovered, since one succeeded",
                vec![
                    two((Failed, 2), (Failed, 2)),
                    two((Succeeded, 3), (Failed, 2)),
                    one(Succeeded, 3),
                ],
                vec![(0, Broken), (2, Recovered)],
            ),
            (
                "the package is deleted",
                vec![one(Failed, 2), None, None],
                vec![(0, Broken), (1, Gone)],
            ),
            (
                "its only chroot is disabled",
                vec![one(Failed, 2), Some(seen(&[]))],
                vec![(0, Broken), (1, Gone)],
            ),
            (
                "skipped by the same build proves nothing",
                vec![one(Failed, 2), one(Skipped, 2)],
                vec![(0, Broken)],
            ),
            (
                "skipped by a higher build is gone",
                vec![one(Failed, 2), one(Skipped, 3)],
                vec![(0, Broken), (1, Gone)],
            ),
            (
                "breaks again after it was well",
                vec![one(Failed, 2), one(Succeeded, 3), one(Failed, 4)],
                vec![(0, Broken), (1, Recovered), (2, Broken)],
            ),
        ];
        for (name, monitors, expected) in table {
            assert_eq!(story(&monitors, None).0, expected, "{name}");
        }
    }

    #[test]
    fn no_state_but_success_closes_and_none_but_failure_rings() {
        for neutral in [Waiting, Running, Pending, Starting, Importing, Canceled, Unknown, Other] {
            let monitors = [Some(seen(&[("a", Failed, 2)])), Some(seen(&[("a", neutral, 3)]))];
            let (rang, incident) = story(&monitors, None);
            assert_eq!(rang, [(0, Broken)], "{neutral}");
            assert!(incident.is_some(), "{neutral}");
            assert_eq!(
                story(&[Some(seen(&[("a", neutral, 3)]))], None),
                (vec![], None),
                "{neutral}"
            );
        }
    }

    #[test]
    fn reminders_come_at_their_interval_and_not_after_other_news() {
        let failing = || Some(seen(&[("a", Failed, 2)]));
        let mut monitors = vec![failing(); 8];
        monitors[4] = Some(seen(&[("a", Failed, 3)]));
        let (rang, _) = story(&monitors, Some(Duration::from_mins(3)));
        assert_eq!(rang, [(0, Broken), (3, Reminder), (4, FailedAgain), (7, Reminder)]);
    }

    #[test]
    fn a_source_failure_is_told_as_one() {
        let source = |build_id| SeenChroot {
            state: Failed,
            build_id,
            version: None,
            log_url: None,
        };
        let of = |builds: [u64; 2]| Seen {
            chroots: [("a".to_owned(), source(builds[0])), ("b".to_owned(), source(builds[1]))].into(),
        };
        assert!(
            decide(None, Some(&of([6, 6])), |_| false, None, at(0))
                .incident
                .unwrap()
                .source
        );
        assert!(
            !decide(None, Some(&of([6, 7])), |_| false, None, at(0))
                .incident
                .unwrap()
                .source
        );
        assert!(!story(&[Some(seen(&[("a", Failed, 6)]))], None).1.unwrap().source);
    }

    #[test]
    fn what_is_no_longer_watched_leaves_without_a_ring() {
        let before = story(&[Some(seen(&[("a", Failed, 2), ("b", Failed, 2)]))], None)
            .1
            .unwrap();
        let all = decide(Some(&before), Some(&seen(&[])), |_| true, None, at(1));
        assert_eq!((all.incident, all.event), (None, None));
        let watched = seen(&[("b", Failed, 2)]);
        let one = decide(Some(&before), Some(&watched), |chroot| chroot == "a", None, at(1));
        assert_eq!(one.event, None);
        assert_eq!(one.incident.unwrap().chroots.keys().collect::<Vec<_>>(), ["b"]);
    }

    #[test]
    fn a_rebuild_unfinished_for_a_day_is_looked_up_once() {
        let waiting = seen(&[("a", Waiting, 3), ("b", Waiting, 3)]);
        let mut incident = story(
            &[Some(seen(&[("a", Failed, 2), ("b", Failed, 2)])), Some(waiting)],
            None,
        )
        .1
        .unwrap();
        let due = |incident: &Incident, minute| incident.due_lookups(at(minute)).collect::<Vec<_>>();
        assert!(due(&incident, 24 * 60).is_empty());
        assert_eq!(due(&incident, 24 * 60 + 1), [3, 3]);
        incident.looked_up(3, Canceled);
        assert!(due(&incident, 48 * 60).is_empty());
        assert!(incident.chroots["a"].rebuild.as_ref().unwrap().canceled);
    }

    fn any_monitor() -> impl Strategy<Value = Option<Seen>> {
        let state = prop::sample::select(vec![
            Failed, Succeeded, Canceled, Running, Pending, Skipped, Starting, Importing, Forked, Waiting, Unknown,
            Other,
        ]);
        let chroots = prop::collection::btree_map(prop::sample::select(vec!["a", "b", "c"]), (state, 1..5u64), 0..4);
        prop::option::weighted(0.9, chroots).prop_map(|chroots| {
            let chroots: Vec<_> = chroots?
                .into_iter()
                .map(|(name, (state, build))| (name, state, build))
                .collect();
            Some(seen(&chroots))
        })
    }

    proptest! {
        #[test]
        fn every_history_opens_before_it_closes_and_never_rings_twice_for_the_same_monitor(
            monitors in prop::collection::vec(any_monitor(), 1..20),
        ) {
            let twice: Vec<_> = monitors.iter().flat_map(|monitor| [monitor.clone(), monitor.clone()]).collect();
            let (rang, left) = story(&twice, None);
            let mut open = false;
            for (minute, event) in &rang {
                prop_assert_eq!(minute % 2, 0, "the second look at a monitor rang {:?}", event);
                let opens = *event == Broken;
                prop_assert_ne!(opens, open, "{:?}", rang);
                open = !matches!(event, Recovered | Gone);
            }
            prop_assert_eq!(open, left.is_some());
            if let Some(left) = left {
                prop_assert!(!left.chroots.is_empty());
            }
        }
    }
}
