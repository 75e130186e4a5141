//! What is said of builds.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::language::Words;
use super::{MAX_NAME, lasted, link, name, reason, text};
use crate::message::{Line, Link, Message, Span, Tone};
use crate::notice::{Builds, Fact, FailingChroot, Notice, Polls};
use crate::plain::plain_cut;

/// How many chroots of one build are named: all of a usual project.
const MAX_CHROOTS: usize = 12;
/// The same where a package has one line among many.
const MAX_CHROOTS_IN_LIST: usize = 4;
/// How many builds of one package are told in a list's line.
const MAX_BUILDS_IN_LIST: usize = 2;
/// How many facts of one package are told in a list's line: the first and the last ones.
const MAX_FACTS_IN_LIST: usize = 4;

/// What can be said of one package, the gravest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Change {
    Broken,
    Grown,
    FailedAgain,
    StillFails,
    Recovered,
    Gone,
}

impl Change {
    fn of(fact: &Fact) -> Option<(Self, &Builds)> {
        match fact {
            Fact::CoprBroken(builds) => Some((Self::Broken, builds)),
            Fact::CoprGrown(builds) => Some((Self::Grown, builds)),
            Fact::CoprFailedAgain(builds) => Some((Self::FailedAgain, builds)),
            Fact::CoprReminder(builds) => Some((Self::StillFails, builds)),
            Fact::CoprRecovered(builds) => Some((Self::Recovered, builds)),
            Fact::CoprGone(builds) => Some((Self::Gone, builds)),
            _ => None,
        }
    }

    fn closes(self) -> bool {
        matches!(self, Self::Recovered | Self::Gone)
    }

    fn tone(self) -> Tone {
        match self {
            Self::Broken | Self::Grown | Self::FailedAgain => Tone::Bad,
            Self::StillFails => Tone::Warning,
            Self::Recovered => Tone::Good,
            Self::Gone => Tone::Neutral,
        }
    }

    /// What happened to `builds.package`, accepted at `at`.
    fn title(self, words: &dyn Words, builds: &Builds, at: Timestamp) -> String {
        let (package, project) = (name(words, &builds.package), name(words, &builds.project));
        words.package(self, &package, &project, lasted(builds.since, at))
    }
}

/// One fact of one package: a line per build.
pub(super) fn package(words: &dyn Words, change: Change, builds: &Builds, at: Timestamp) -> Message {
    let mut lines: Vec<Line> = if builds.source {
        vec![source_line(words, builds)]
    } else {
        let failing = by_build(builds);
        failing
            .iter()
            .map(|(id, chroots)| build_line(words, builds, *id, chroots, MAX_CHROOTS))
            .collect()
    };
    if builds.more_chroots > 0 {
        lines.push(vec![text(words.and_more_chroots(builds.more_chroots))]);
    }
    if let Some(first) = lines.first_mut().filter(|_| change.closes()) {
        let builds = std::mem::take(first);
        *first = if change == Change::Gone {
            words.gone(builds)
        } else {
            words.had_failed(builds)
        };
    }
    let after = lasted(builds.since, at);
    match change {
        Change::Grown | Change::FailedAgain => lines.push(vec![text(words.failing_for(after))]),
        Change::Gone => lines.push(vec![text(words.failed_until_gone(after))]),
        Change::Broken | Change::StillFails | Change::Recovered => {}
    }
    Message {
        tone: change.tone(),
        title: change.title(words, builds, at),
        // The build at hand is the failed one: where it is over, the project shows how things stand.
        link: if change.closes() {
            monitor(words, &builds.project_url)
        } else {
            build_link(words, builds, builds.build_id).or_else(|| monitor(words, &builds.project_url))
        },
        lines,
        ..Message::default()
    }
}

/// Several facts of one project's packages: a line per package, the gravest first.
pub(super) fn project(words: &dyn Words, notices: &[Notice]) -> Message {
    let mut packages: BTreeMap<&str, Vec<(Change, &Builds, Timestamp)>> = BTreeMap::new();
    for notice in notices {
        if let Some((change, builds)) = Change::of(&notice.fact) {
            let facts = packages.entry(&builds.package).or_default();
            facts.push((change, builds, notice.at));
        }
    }
    let mut packages: Vec<_> = packages
        .into_values()
        .filter_map(|facts| Some((sum(&facts)?, facts)))
        .collect();
    packages.sort_by_key(|((change, ..), _)| *change);

    let mut counts: BTreeMap<Change, usize> = BTreeMap::new();
    for ((change, ..), _) in &packages {
        *counts.entry(*change).or_default() += 1;
    }
    let counts: Vec<_> = counts.into_iter().collect();
    let first = packages.first().and_then(|(_, facts)| facts.first());
    let project = first.map_or_else(String::new, |(_, builds, _)| name(words, &builds.project));
    let title = match (packages.as_slice(), counts.as_slice()) {
        ([((change, builds, at), _)], _) => change.title(words, builds, *at),
        (_, [(change, count)]) => words.packages(*change, *count, &project),
        _ => words.several_packages(&counts, &project),
    };
    Message {
        tone: counts.first().map_or(Tone::Neutral, |(change, _)| change.tone()),
        title,
        link: first.and_then(|(_, builds, _)| monitor(words, &builds.project_url)),
        lines: packages.iter().map(|(_, facts)| package_line(words, facts)).collect(),
        ..Message::default()
    }
}

/// The fact that says how a package stands after all of them: of those since it last was well, the gravest.
fn sum<'a>(facts: &[(Change, &'a Builds, Timestamp)]) -> Option<(Change, &'a Builds, Timestamp)> {
    facts.iter().copied().reduce(|before, next| {
        let goes_on = !before.0.closes() && !next.0.closes();
        if goes_on && before.0 < next.0 { before } else { next }
    })
}

/// One package's line: its facts in order.
fn package_line(words: &dyn Words, facts: &[(Change, &Builds, Timestamp)]) -> Line {
    let left_out = facts.len().saturating_sub(MAX_FACTS_IN_LIST);
    let mut line = Line::new();
    for (i, (change, builds, at)) in facts.iter().enumerate() {
        if i == 0 {
            line.push(Span::Strong(name(words, &builds.package)));
            line.push(text(" "));
        } else if i <= left_out {
            continue;
        } else if i == left_out + 1 && left_out > 0 {
            line.push(text(words.left_out_then(left_out)));
        } else {
            line.push(text(words.then()));
        }
        line.extend(words.in_list(*change, lasted(builds.since, *at), builds_in_list(words, builds)));
    }
    line
}

/// Where a package fails, in its line of a list.
fn builds_in_list(words: &dyn Words, builds: &Builds) -> Line {
    if builds.source {
        return source_line(words, builds);
    }
    let failing = by_build(builds);
    let mut line = Line::new();
    if failing.is_empty() {
        line.push(build_span(words, builds, builds.build_id));
    }
    let told = failing.iter().take(MAX_BUILDS_IN_LIST);
    for (i, (id, chroots)) in told.enumerate() {
        if i > 0 {
            line.push(text(words.semicolon()));
        }
        line.extend(build_line(words, builds, *id, chroots, MAX_CHROOTS_IN_LIST));
    }
    let left_out = failing
        .iter()
        .skip(MAX_BUILDS_IN_LIST)
        .map(|(_, chroots)| chroots.len());
    let more = left_out.sum::<usize>().saturating_add(builds.more_chroots);
    if more > 0 {
        line.push(text(format!("{}{}", words.semicolon(), words.and_more_chroots(more))));
    }
    line
}

/// The failing chroots by build, the newest build first.
fn by_build(builds: &Builds) -> Vec<(u64, Vec<&FailingChroot>)> {
    let mut by_build: BTreeMap<u64, Vec<&FailingChroot>> = BTreeMap::new();
    for chroot in &builds.chroots {
        by_build.entry(chroot.build_id).or_default().push(chroot);
    }
    by_build.into_iter().rev().collect()
}

/// "fedora-43-aarch64, fedora-43-x86_64 · 2.3-1 · build 5 · log", the log being the first chroot's that has one.
fn build_line(words: &dyn Words, builds: &Builds, id: u64, chroots: &[&FailingChroot], max_chroots: usize) -> Line {
    let told = chroots.iter().take(max_chroots);
    let mut told: Vec<_> = told.map(|chroot| chroot_name(words, chroot)).collect();
    if chroots.len() > max_chroots {
        told.push(words.more(chroots.len() - max_chroots));
    }
    let mut told = told.join(", ");
    // One build builds one source package, so one version.
    if let Some(version) = chroots.iter().find_map(|chroot| chroot.version.as_deref()) {
        told += " · ";
        told += &plain_cut(version, MAX_NAME);
    }
    let mut line = vec![text(told + " · "), build_span(words, builds, id)];
    let mut logs = chroots
        .iter()
        .filter_map(|chroot| link(words.log(), chroot.log_url.as_deref()?));
    if let Some(log) = logs.next() {
        line.push(text(" · "));
        line.push(Span::Link(log));
    }
    line
}

/// A source package has no chroots and no version yet: all that is known is the build.
fn source_line(words: &dyn Words, builds: &Builds) -> Line {
    let source = text(format!("{} · ", words.source_package()));
    vec![source, build_span(words, builds, builds.build_id)]
}

fn chroot_name(words: &dyn Words, chroot: &FailingChroot) -> String {
    let name = name(words, &chroot.name);
    if chroot.canceled { words.canceled(&name) } else { name }
}

/// "build 5", with a link where its page is known.
fn build_span(words: &dyn Words, builds: &Builds, id: u64) -> Span {
    build_link(words, builds, id).map_or_else(|| text(words.build(id)), Span::Link)
}

/// A build's page. Only the newest build's is stored; the others' differ in the number at its end.
fn build_link(words: &dyn Words, builds: &Builds, id: u64) -> Option<Link> {
    let page = builds.build_url.strip_suffix(&builds.build_id.to_string());
    match page {
        Some(page) => link(&words.build(id), &format!("{page}{id}")),
        None if id == builds.build_id => link(&words.build(id), &builds.build_url),
        None => None,
    }
}

fn monitor(words: &dyn Words, project_url: &str) -> Option<Link> {
    link(words.monitor(), project_url)
}

pub(super) fn unreachable(words: &dyn Words, polls: &Polls, now: Timestamp) -> Message {
    Message {
        tone: Tone::Warning,
        title: words.unreachable(&name(words, &polls.project), polls.failures as usize),
        link: monitor(words, &polls.project_url),
        lines: vec![
            vec![text(reason(words, &polls.error))],
            vec![text(words.unreachable_since(lasted(polls.since, now)))],
        ],
        ..Message::default()
    }
}

pub(super) fn reachable(words: &dyn Words, polls: &Polls, at: Timestamp) -> Message {
    let error = reason(words, &polls.error);
    Message {
        tone: Tone::Good,
        title: words.reachable(&name(words, &polls.project), lasted(polls.since, at)),
        link: monitor(words, &polls.project_url),
        lines: vec![vec![text(words.polls_had_failed(polls.failures as usize, &error))]],
        ..Message::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_stands_where_its_last_facts_leave_it() {
        use Change::{Broken, FailedAgain, Gone, Grown, Recovered, StillFails};
        let builds: Builds = serde_json::from_str(
            r#"{"project":"a/b","project_url":"","package":"c","build_id":1,"build_url":"",
                "since":"2026-11-20T10:00:00Z","chroots":[]}"#,
        )
        .expect("builds");
        for (changes, expected) in [
            (&[Broken][..], Broken),
            (&[Broken, FailedAgain, Grown], Broken),
            (&[FailedAgain, Grown], Grown),
            (&[StillFails, StillFails], StillFails),
            (&[Broken, Recovered], Recovered),
            (&[Recovered, Broken, FailedAgain], Broken),
            (&[Broken, Gone, FailedAgain], FailedAgain),
        ] {
            let facts: Vec<_> = changes.iter().map(|&change| (change, &builds, builds.since)).collect();
            assert_eq!(sum(&facts).map(|(change, ..)| change), Some(expected), "{changes:?}");
        }
    }
}
