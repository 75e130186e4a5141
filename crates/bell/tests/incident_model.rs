//! The incidents against a model: whatever a monitor shows over many polls, what rings is what the promises say.
//!
//! The model remembers nothing. After each poll it tells a package's whole history anew, from all that was shown of it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use chat::Notice;
use copperbell_bell::ignore::Ignore;
use copperbell_bell::incident::{self, Incident, Pages, decide};
use copperbell_bell::seen::Seen;
use copr::{BuildState, MonitorParser};
use jiff::Timestamp;
use proptest::prelude::*;
use proptest::sample::select;

const PACKAGES: [&str; 2] = ["alpha", "beta"];
const CHROOTS: [&str; 3] = ["f42", "f43", "rawhide"];

/// A failure that left neither a version nor a log, so that it may be the source's.
const FAILED_EARLY: &str = "failed early";

type Name = &'static str;

/// What happens to a project between two polls.
#[derive(Clone)]
enum Change {
    Shows(Name, Name, Name, u64),
    Rebuild(Name, u64),
    NewestDeleted(Name),
    ChrootDisabled(Name),
    PackageDeleted(Name),
    Ignored(Name),
}

impl fmt::Debug for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shows(package, chroot, word, build) => write!(f, "{package} {chroot} {word} #{build}"),
            Self::Rebuild(package, build) => write!(f, "{package} is rebuilt as #{build}"),
            Self::NewestDeleted(package) => write!(f, "{package}'s newest build is deleted"),
            Self::ChrootDisabled(chroot) => write!(f, "{chroot} is disabled"),
            Self::PackageDeleted(package) => write!(f, "{package} is deleted"),
            Self::Ignored(pattern) => write!(f, "ignored: `{pattern}`"),
        }
    }
}

/// How Copr answers.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Answer {
    Whole,
    None,
    NotOk,
    /// After so much of it, in percent.
    CutShort(usize),
}

#[derive(Clone, Debug)]
struct Poll {
    minutes_later: i64,
    changes: Vec<Change>,
    answer: Answer,
    /// What Copr says of a build that is looked up.
    canceled: bool,
}

#[derive(Clone)]
struct Story {
    remind_after_hours: Option<u64>,
    polls: Vec<Poll>,
}

impl fmt::Debug for Story {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(hours) = self.remind_after_hours {
            write!(f, "\n  reminders after {hours} h")?;
        }
        for (number, poll) in self.polls.iter().enumerate() {
            let changes: Vec<_> = poll.changes.iter().map(|change| format!("{change:?}")).collect();
            let changes = if changes.is_empty() {
                "nothing new".to_owned()
            } else {
                changes.join("; ")
            };
            write!(f, "\n  poll {number}, {} min later: {changes}", poll.minutes_later)?;
            match poll.answer {
                Answer::Whole => {}
                Answer::None => f.write_str(" -- Copr does not answer")?,
                Answer::NotOk => f.write_str(" -- the answer is not ok")?,
                Answer::CutShort(percent) => write!(f, " -- the answer is cut after {percent} %")?,
            }
            if poll.canceled {
                f.write_str(" (what is looked up is canceled)")?;
            }
        }
        Ok(())
    }
}

fn any_story() -> impl Strategy<Value = Story> {
    let word = prop_oneof![
        6 => Just("failed"),
        3 => Just(FAILED_EARLY),
        4 => select(vec!["succeeded", "succeeded", "forked"]),
        3 => Just("skipped"),
        3 => select(vec!["waiting", "running"]),
        2 => select(vec!["pending", "starting", "importing", "canceled", "unknown", "exploded", "null"]),
    ];
    let package = || select(PACKAGES.to_vec());
    let chroot = || select(CHROOTS.to_vec());
    let change = prop_oneof![
        12 => (package(), chroot(), word, 1..8u64).prop_map(|(p, c, word, build)| Change::Shows(p, c, word, build)),
        2 => (package(), 1..8u64).prop_map(|(package, build)| Change::Rebuild(package, build)),
        2 => package().prop_map(Change::NewestDeleted),
        1 => chroot().prop_map(Change::ChrootDisabled),
        1 => package().prop_map(Change::PackageDeleted),
        1 => select(vec!["", "*/rawhide", "beta/*", "alpha/f43"]).prop_map(Change::Ignored),
    ];
    let answer = prop_oneof![
        12 => Just(Answer::Whole),
        1 => select(vec![Answer::None, Answer::NotOk]),
        1 => (1..100usize).prop_map(Answer::CutShort),
    ];
    let later = select(vec![5, 5, 5, 30, 600, 1440, 1500]);
    let poll = (later, prop::collection::vec(change, 0..5), answer, any::<bool>());
    let poll = poll.prop_map(|(minutes_later, changes, answer, canceled)| Poll {
        minutes_later,
        changes,
        answer,
        canceled,
    });
    let remind = select(vec![None, Some(1), Some(24)]);
    (remind, prop::collection::vec(poll, 1..25)).prop_map(|(remind_after_hours, polls)| Story {
        remind_after_hours,
        polls,
    })
}

/// The project as it is: of each package and chroot its builds, the newest last.
#[derive(Default)]
struct Project {
    packages: BTreeMap<Name, BTreeMap<Name, Vec<(Name, u64)>>>,
    ignored: Name,
}

impl Project {
    fn change(&mut self, change: &Change) {
        match *change {
            Change::Shows(package, chroot, word, build) => {
                let builds = self.packages.entry(package).or_default().entry(chroot).or_default();
                builds.retain(|(_, id)| *id != build);
                builds.push((word, build));
            }
            Change::Rebuild(package, build) => {
                let chroots = self.packages.get(package).into_iter().flat_map(BTreeMap::keys);
                for chroot in chroots.copied().collect::<Vec<_>>() {
                    self.change(&Change::Shows(package, chroot, "waiting", build));
                }
            }
            Change::NewestDeleted(package) => {
                let Some(chroots) = self.packages.get_mut(package) else {
                    return;
                };
                let shown = chroots.values().filter_map(|builds| builds.last());
                let newest = shown.map(|(_, id)| *id).max();
                for builds in chroots.values_mut() {
                    builds.retain(|(_, id)| Some(*id) != newest);
                }
                chroots.retain(|_, builds| !builds.is_empty());
            }
            Change::ChrootDisabled(chroot) => {
                for chroots in self.packages.values_mut() {
                    chroots.remove(chroot);
                }
            }
            Change::PackageDeleted(package) => {
                self.packages.remove(package);
            }
            Change::Ignored(pattern) => self.ignored = pattern,
        }
    }

    fn ignores(&self, package: &str, chroot: &str) -> bool {
        match self.ignored {
            "*/rawhide" => chroot == "rawhide",
            "beta/*" => package == "beta",
            "alpha/f43" => (package, chroot) == ("alpha", "f43"),
            _ => false,
        }
    }

    /// What the monitor answers.
    fn monitor(&self, output: &str) -> String {
        let chroot = |(name, builds): (&Name, &Vec<(Name, u64)>)| {
            let (word, id) = builds.last().expect("a chroot without a build is not shown");
            let (state, rest) = match *word {
                "null" => ("null".to_owned(), ""),
                FAILED_EARLY => (r#""failed""#.to_owned(), ""),
                word => (
                    format!("{word:?}"),
                    r#","pkg_version":"1-1","url_build_log":"https://copr.example/log""#,
                ),
            };
            format!(r#"{name:?}:{{"state":{state},"build_id":{id}{rest}}}"#)
        };
        let package = |(name, chroots): (&Name, &BTreeMap<_, _>)| {
            let chroots: Vec<_> = chroots.iter().map(chroot).collect();
            format!(r#"{{"name":{name:?},"chroots":{{{}}}}}"#, chroots.join(","))
        };
        let packages: Vec<_> = self.packages.iter().map(package).collect();
        format!(r#"{{"output":{output:?},"packages":[{}]}}"#, packages.join(","))
    }

    /// What a good poll shows of a package, to the model.
    fn look(&self, package: &str, poll: usize, now: Timestamp, canceled: bool) -> Look {
        let chroots = self.packages.get(package).into_iter().flatten();
        let newest = chroots.filter_map(|(chroot, builds)| Some((*chroot, *builds.last()?)));
        Look {
            poll,
            now,
            canceled,
            shown: newest.filter(|(chroot, _)| !self.ignores(package, chroot)).collect(),
            ignored: CHROOTS
                .into_iter()
                .filter(|chroot| self.ignores(package, chroot))
                .collect(),
        }
    }
}

/// A ring: the poll, the package, what, the highest build that failed, and which chroots with which builds.
#[derive(Clone, PartialEq)]
struct Rung(usize, Name, String, u64, BTreeMap<String, u64>);

impl fmt::Debug for Rung {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(poll, package, what, highest, chroots) = self;
        write!(f, "\n  poll {poll}: {package} {what} #{highest} {chroots:?}")
    }
}

/// A build that was looked up: at which poll, for which package.
type LookedUp = (usize, Name, u64);

/// An open incident.
#[derive(Clone, PartialEq, Debug)]
struct Open {
    since: Timestamp,
    last_rung: Timestamp,
    highest: u64,
    source: bool,
    /// The build that failed, and whether its rebuild is known to be canceled.
    chroots: BTreeMap<String, (u64, bool)>,
}

/// The engine, polled as the job polls it.
#[derive(Default)]
struct Engine {
    incidents: BTreeMap<Name, Incident>,
    rung: Vec<Rung>,
    looked_up: BTreeSet<LookedUp>,
}

impl Engine {
    /// Reads an answer and decides, unless the answer is not good: is it?
    fn poll(&mut self, number: usize, answer: &str, project: &Project, story: &Story, now: Timestamp) -> bool {
        let ignore = Ignore::parse(project.ignored).expect("a pattern");
        let mut seen = BTreeMap::new();
        let parsed = MonitorParser::new().feed(answer.as_bytes(), |package| {
            seen.insert(package.name.to_string(), Seen::of(&package, &ignore));
        });
        if parsed.and_then(MonitorParser::finish).is_err() {
            return false;
        }
        for package in PACKAGES {
            let before = self.incidents.remove(package);
            let ignored = |chroot: &str| ignore.matches(package, chroot);
            let remind = story.remind_after_hours.map(Duration::from_hours);
            let mut decision = decide(before.as_ref(), seen.get(package), ignored, remind, now);
            if let Some(open) = &mut decision.incident {
                let due: BTreeSet<u64> = open.due_lookups(now).collect();
                for build in due {
                    let canceled = story.polls[number].canceled;
                    let state = if canceled {
                        BuildState::Canceled
                    } else {
                        BuildState::Running
                    };
                    open.looked_up(build, state);
                    self.looked_up.insert((number, package, build));
                }
            }
            if let Some(event) = decision.event {
                let about = decision
                    .incident
                    .as_ref()
                    .or(before.as_ref())
                    .expect("it is or was open");
                let pages = Pages {
                    project: "",
                    project_url: "",
                    build_url: &|_| String::new(),
                };
                let notice = Notice::new(now, incident::fact(event, package, about, pages));
                let chroots = about
                    .chroots
                    .iter()
                    .map(|(name, failing)| (name.clone(), failing.build_id));
                let event = notice.event().to_owned();
                self.rung
                    .push(Rung(number, package, event, about.highest_build, chroots.collect()));
            }
            self.incidents.extend(decision.incident.map(|open| (package, open)));
        }
        true
    }

    fn open(&self, package: &str) -> Option<Open> {
        let open = self.incidents.get(package)?;
        let canceled = |failing: &incident::Failing| failing.rebuild.as_ref().is_some_and(|r| r.canceled);
        let chroots = open
            .chroots
            .iter()
            .map(|(name, f)| (name.clone(), (f.build_id, canceled(f))));
        Some(Open {
            since: open.since,
            last_rung: open.last_rung,
            highest: open.highest_build,
            source: open.source,
            chroots: chroots.collect(),
        })
    }
}

/// What a good poll shows of a package.
#[derive(Clone, PartialEq)]
struct Look {
    poll: usize,
    now: Timestamp,
    canceled: bool,
    shown: BTreeMap<Name, (Name, u64)>,
    ignored: BTreeSet<Name>,
}

impl Look {
    fn proves(&self, chroot: &str) -> bool {
        matches!(self.shown.get(chroot), Some(("succeeded" | "forked", _)))
    }

    fn failure(&self, chroot: &str) -> Option<u64> {
        let failed = self.shown.get(chroot).filter(|(word, _)| word.starts_with("failed"));
        failed.map(|(_, build)| *build)
    }

    /// All that is watched failed early in one build, or nothing of it fails at all.
    fn source(&self) -> Option<bool> {
        let all: BTreeSet<_> = self.shown.values().collect();
        let fails = self.shown.keys().any(|chroot| self.failure(chroot).is_some());
        fails.then(|| all.len() == 1 && all.iter().all(|(word, _)| *word == FAILED_EARLY))
    }
}

/// The chroots that fail after these looks: the last word that tells anything of them was that a build failed.
fn failing(looks: &[Look]) -> BTreeMap<Name, u64> {
    let tell = |known: Option<u64>, look: &Look, chroot: Name| match look.shown.get(chroot) {
        None | Some(("succeeded" | "forked", _)) => None,
        Some(("skipped", build)) => known.filter(|failed| build <= failed),
        Some(_) => look.failure(chroot).or(known),
    };
    let told = |chroot| {
        Some((
            chroot,
            looks.iter().fold(None, |known, look| tell(known, look, chroot))?,
        ))
    };
    CHROOTS.into_iter().filter_map(told).collect()
}

/// The rebuild of a failing chroot that has not finished: its build, and since which look.
fn rebuild(looks: &[Look], chroot: &str) -> Option<(u64, usize)> {
    let unfinished = ["waiting", "running", "pending", "starting", "importing"];
    let since_failure = looks
        .iter()
        .enumerate()
        .rev()
        .take_while(|(_, look)| look.failure(chroot).is_none());
    let rebuilds = since_failure.filter_map(|(at, look)| Some((look.shown.get(chroot)?, at)));
    let mut rebuilds = rebuilds
        .filter(|((word, _), _)| unfinished.contains(word))
        .map(|((_, id), at)| (*id, at));
    let (newest, at) = rebuilds.next()?;
    let first = rebuilds.take_while(|(id, _)| *id == newest).last();
    Some((newest, first.map_or(at, |(_, at)| at)))
}

/// All that must have rung of a package, what must be open, and which builds must have been looked up.
fn promised(package: Name, looks: &[Look], story: &Story) -> (Vec<Rung>, Option<Open>, BTreeSet<LookedUp>) {
    let remind = story.remind_after_hours.map(Duration::from_hours);
    let fail: Vec<_> = (0..=looks.len()).map(|n| failing(&looks[..n])).collect();
    let (mut rung, mut looked_up) = (Vec::new(), BTreeSet::new());
    let mut known_rebuilds = BTreeMap::new();
    let mut began = 0;
    let mut last_rung = Timestamp::MIN;
    for (n, look) in looks.iter().enumerate() {
        let (before, after) = (&fail[n], &fail[n + 1]);
        if before.is_empty() {
            began = n;
        }
        let highest = |until: usize| fail[began..=until].iter().flat_map(BTreeMap::values).copied().max();
        let proved = || (began..=n).any(|n| fail[n].keys().any(|chroot| looks[n].proves(chroot)));
        let what = match (before.is_empty(), after.is_empty()) {
            (true, true) => None,
            (true, false) => Some("copr.broken"),
            (false, true) if proved() => Some("copr.recovered"),
            (false, true) if before.keys().all(|chroot| look.ignored.contains(chroot)) => None,
            (false, true) => Some("copr.gone"),
            (false, false) if after.keys().any(|chroot| !before.contains_key(chroot)) => Some("copr.grown"),
            (false, false) if highest(n + 1) > highest(n) => Some("copr.failed_again"),
            (false, false) => remind
                .filter(|wait| look.now.duration_since(last_rung).unsigned_abs() >= *wait)
                .map(|_| "copr.reminder"),
        };
        if let Some(what) = what {
            last_rung = look.now;
            let about = if after.is_empty() { before } else { after };
            let chroots = about
                .iter()
                .map(|(chroot, build)| ((*chroot).to_owned(), *build))
                .collect();
            let highest = highest(n + 1).unwrap_or(0);
            rung.push(Rung(look.poll, package, what.to_owned(), highest, chroots));
        }

        let rebuilds: BTreeMap<_, _> = after
            .keys()
            .filter_map(|chroot| Some((*chroot, rebuild(&looks[..=n], chroot)?)))
            .collect();
        let day = Duration::from_hours(24);
        let old = |since: usize| look.now.duration_since(looks[since].now).unsigned_abs() >= day;
        let due = rebuilds.iter().filter(|(chroot, (build, since))| {
            old(*since) && !known_rebuilds.contains_key(&(**chroot, *build, *since))
        });
        let due: BTreeSet<u64> = due.map(|(_, (build, _))| *build).collect();
        for (chroot, (build, since)) in rebuilds {
            if due.contains(&build) {
                known_rebuilds.insert((chroot, build, since), look.canceled);
            }
        }
        looked_up.extend(due.into_iter().map(|build| (look.poll, package, build)));
    }
    let now = &fail[looks.len()];
    let canceled = |chroot: &Name| {
        let rebuild = rebuild(looks, chroot).map(|(build, since)| (*chroot, build, since));
        rebuild.is_some_and(|rebuild| known_rebuilds.get(&rebuild) == Some(&true))
    };
    let chroots = now
        .iter()
        .map(|(chroot, build)| ((*chroot).to_owned(), (*build, canceled(chroot))));
    let open = Open {
        since: looks.get(began).map_or(Timestamp::MIN, |look| look.now),
        last_rung,
        highest: fail[began..]
            .iter()
            .flat_map(BTreeMap::values)
            .copied()
            .max()
            .unwrap_or(0),
        source: looks.iter().rev().find_map(Look::source).unwrap_or(false),
        chroots: chroots.collect(),
    };
    (rung, Some(open).filter(|_| !now.is_empty()), looked_up)
}

/// What must hold of the rings of any history, however one models it.
fn check_rings(package: Name, rung: &[Rung], looks: &[Look]) -> Result<(), TestCaseError> {
    let (mut highest, mut last) = (None, 0);
    for Rung(poll, _, what, build, chroots) in rung {
        let at = looks.iter().position(|look| look.poll == *poll);
        let at = at.ok_or_else(|| TestCaseError::fail(format!("poll {poll} was not good, and rang")))?;
        let said = format!("poll {poll}: {package} {what} #{build}");
        match what.as_str() {
            "copr.broken" => {
                // What is no longer watched ends without a ring.
                let unwatched = looks[last..at].iter().any(|look| !look.ignored.is_empty());
                prop_assert!(highest.replace(*build).is_none() || unwatched, "{}: it was open", said);
            }
            "copr.failed_again" => prop_assert!(highest.replace(*build) < Some(*build), "{}: known", said),
            "copr.recovered" | "copr.gone" => {
                prop_assert!(highest.take().is_some(), "{}: it was not open", said);
                let left = |(chroot, failed): (&String, &u64)| match looks[at].shown.get(chroot.as_str()) {
                    None | Some(("succeeded" | "forked", _)) => true,
                    Some((word, build)) => *word == "skipped" && build > failed,
                };
                prop_assert!(chroots.iter().all(left), "{}: closed without proof", said);
            }
            _ => prop_assert!(highest.is_some(), "{}: it was not open", said),
        }
        let same = |before: &Look| before.shown == looks[at].shown && before.ignored == looks[at].ignored;
        if at > 0 && what != "copr.reminder" {
            prop_assert!(!same(&looks[at - 1]), "{}: nothing is new", said);
        }
        highest = highest.map(|known| known.max(*build));
        last = at;
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 400,
        failure_persistence: None,
        max_shrink_iters: 20_000,
        ..ProptestConfig::default()
    })]

    #[test]
    fn over_any_history_what_rings_and_what_is_open_is_what_the_promises_say(story in any_story()) {
        let mut project = Project::default();
        let mut engine = Engine::default();
        let mut looks: BTreeMap<Name, Vec<Look>> = BTreeMap::new();
        let mut now = Timestamp::from_second(1_800_000_000).expect("a time");
        for (number, poll) in story.polls.iter().enumerate() {
            now += Duration::from_secs(u64::try_from(poll.minutes_later * 60).expect("forward"));
            for change in &poll.changes {
                project.change(change);
            }
            let answer = project.monitor(if poll.answer == Answer::NotOk { "notok" } else { "ok" });
            let answer = match poll.answer {
                Answer::None => "",
                Answer::CutShort(percent) => &answer[..answer.len() * percent / 100],
                Answer::Whole | Answer::NotOk => &answer,
            };
            let good = engine.poll(number, answer, &project, &story, now);
            prop_assert_eq!(good, poll.answer == Answer::Whole, "poll {}: {}", number, answer);
            let (mut rung, mut looked_up) = (Vec::new(), BTreeSet::new());
            for package in PACKAGES {
                let looks = looks.entry(package).or_default();
                if good {
                    looks.push(project.look(package, number, now, poll.canceled));
                }
                let (rings, open, lookups) = promised(package, looks, &story);
                prop_assert_eq!(engine.open(package), open, "poll {}: {} (left: engine, right: model)", number, package);
                rung.extend(rings);
                looked_up.extend(lookups);
            }
            rung.sort_by_key(|Rung(poll, package, ..)| (*poll, *package));
            prop_assert_eq!(&engine.rung, &rung, "poll {} (left: engine, right: model)", number);
            prop_assert_eq!(&engine.looked_up, &looked_up, "lookups at poll {} (left: engine, right: model)", number);
        }
        for (package, looks) in &looks {
            let of_package = |Rung(_, name, ..): &&Rung| name == package;
            let rung: Vec<_> = engine.rung.iter().filter(of_package).cloned().collect();
            check_rings(package, &rung, looks)?;
        }
    }
}
