//! The words: everything Copperbell says, in this one place.
//!
//! Text from outside passes [`plain`](crate::plain) here, and URLs [`link`], so a [`Message`] holds nothing else.

mod digest;
mod issue;
mod redelivery;

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use url::Url;

use crate::message::{Detail, Line, Link, Message, Span, Tone};
use crate::notice::{Builds, ChannelTrouble, DeadLetters, Fact, FailingChroot, Group, Notice, Polls};
use crate::plain::plain_cut;

/// The longest a name in a title may be, so that what happened to it is still seen.
const MAX_NAME: usize = 64;
/// How many chroots of one build are named: all of a usual project.
const MAX_CHROOTS: usize = 12;
/// The same where a package has one line among many.
const MAX_CHROOTS_IN_LIST: usize = 4;
/// How many builds of one package are told in a list's line.
const MAX_BUILDS_IN_LIST: usize = 2;
/// How many facts of one package are told in a list's line: the first and the last ones.
const MAX_FACTS_IN_LIST: usize = 4;
/// A link beyond this (characters) is no link: no page we know needs it, and a chat's limit is for words.
const MAX_URL: usize = 1000;
/// When is a message so late that it says so?
const LATE: SignedDuration = SignedDuration::from_mins(15);

/// Puts notices into words: one, or those of one [`Group`] in the order they were accepted. All lines are there;
/// each channel cuts at its own limit. `now` is what "ago" is counted from.
#[must_use]
pub fn message(notices: &[Notice], now: Timestamp) -> Message {
    let group = notices.first().and_then(Notice::group);
    let together = notices.iter().all(|notice| notice.group() == group);
    let mut message = match (notices, group) {
        ([notice], _) => one(notice, now),
        (_, Some(Group::Project(_))) if together => project(notices),
        (_, Some(Group::Repository(_))) if together => issue::repository(notices),
        (_, Some(Group::GivenUp(_))) if together => redelivery::all_given_up(notices),
        (_, Some(Group::DeadLetters(_))) if together => dead_letters(notices),
        _ => list(notices, now),
    };
    if let Some(oldest) = notices.iter().map(|notice| notice.at).min()
        && now.duration_since(oldest) > LATE
    {
        message.details.push(Detail {
            name: "noticed",
            value: format!("{} ago", lasted(oldest, now)),
        });
    }
    message
}

/// What can be said of one package, the gravest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Change {
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
    fn title(self, builds: &Builds, at: Timestamp) -> String {
        let package = name(&builds.package);
        let project = name(&builds.project);
        let after = lasted(builds.since, at);
        match self {
            Self::Broken => format!("{package} fails to build in {project}"),
            Self::Grown => format!("{package} fails in more chroots in {project}"),
            Self::FailedAgain => format!("{package} failed again in {project}"),
            Self::StillFails => format!("{package} still fails in {project}, after {after}"),
            Self::Recovered => format!("{package} builds again in {project}, after {after}"),
            Self::Gone => format!("{package} has no failing build left in {project}"),
        }
    }

    /// What happened to `count` packages: "broke", as in "12 broke".
    fn counted(self, count: usize) -> &'static str {
        match (self, count) {
            (Self::Broken, _) => "broke",
            (Self::Grown, 1) => "fails in more chroots",
            (Self::Grown, _) => "fail in more chroots",
            (Self::FailedAgain, _) => "failed again",
            (Self::StillFails, 1) => "still fails",
            (Self::StillFails, _) => "still fail",
            (Self::Recovered, _) => "recovered",
            (Self::Gone, 1) => "has no failing build left",
            (Self::Gone, _) => "have no failing build left",
        }
    }

    /// This fact in a list's line, after the package's name.
    fn in_list(self, builds: &Builds, at: Timestamp) -> Line {
        let after = lasted(builds.since, at);
        let mut line = vec![text(match self {
            Self::Broken => "fails: ".to_owned(),
            Self::Grown => "fails in more chroots: ".to_owned(),
            Self::FailedAgain => "failed again: ".to_owned(),
            Self::StillFails => format!("still fails, after {after}: "),
            Self::Recovered => return vec![text(format!("builds again, after {after}"))],
            Self::Gone => return vec![text(format!("has no failing build left, after {after}"))],
        })];
        if builds.source {
            line.extend(source_line(builds));
            return line;
        }
        let failing = by_build(builds);
        if failing.is_empty() {
            line.push(build_span(builds, builds.build_id));
        }
        let told = failing.iter().take(MAX_BUILDS_IN_LIST);
        for (i, (id, chroots)) in told.enumerate() {
            if i > 0 {
                line.push(text("; "));
            }
            line.extend(build_line(builds, *id, chroots, MAX_CHROOTS_IN_LIST));
        }
        let left_out = failing
            .iter()
            .skip(MAX_BUILDS_IN_LIST)
            .map(|(_, chroots)| chroots.len());
        let more = left_out.sum::<usize>().saturating_add(builds.more_chroots);
        if more > 0 {
            line.push(text(format!("; and {}", counted(more, "more chroot"))));
        }
        line
    }
}

/// One notice.
fn one(notice: &Notice, now: Timestamp) -> Message {
    let at = notice.at;
    match &notice.fact {
        Fact::CoprBroken(builds) => package(Change::Broken, builds, at),
        Fact::CoprGrown(builds) => package(Change::Grown, builds, at),
        Fact::CoprFailedAgain(builds) => package(Change::FailedAgain, builds, at),
        Fact::CoprReminder(builds) => package(Change::StillFails, builds, at),
        Fact::CoprRecovered(builds) => package(Change::Recovered, builds, at),
        Fact::CoprGone(builds) => package(Change::Gone, builds, at),
        Fact::CoprUnreachable(polls) => unreachable(polls, now),
        Fact::CoprReachable(polls) => reachable(polls, at),
        Fact::Issue(issue) => issue::one(issue),
        Fact::RedeliveryFailing(failing) => redelivery::failing(failing),
        Fact::RedeliveryRecovered(recovered) => redelivery::recovered(recovered, at),
        Fact::RedeliveryExpiring(expiring) => redelivery::expiring(expiring, now),
        Fact::RedeliveryGivenUp(delivery) => redelivery::given_up(delivery),
        Fact::RedeliveryGap(gap) => redelivery::gap(gap),
        Fact::RedeliveryHook(trouble) => redelivery::hook(trouble, at, now),
        Fact::RedeliverySilent(silent) => redelivery::silent(silent, now),
        Fact::DeadLetter(_) => dead_letters(std::slice::from_ref(notice)),
        Fact::Channel(trouble) => channel(trouble),
        Fact::Digest(issues) => digest::digest(issues, at),
        Fact::Test => test(),
    }
}

/// One fact of one package: a line per build.
fn package(change: Change, builds: &Builds, at: Timestamp) -> Message {
    let mut lines: Vec<Line> = if builds.source {
        vec![source_line(builds)]
    } else {
        let failing = by_build(builds);
        failing
            .iter()
            .map(|(id, chroots)| build_line(builds, *id, chroots, MAX_CHROOTS))
            .collect()
    };
    if builds.more_chroots > 0 {
        let more = counted(builds.more_chroots, "more chroot");
        lines.push(vec![text(format!("and {more}"))]);
    }
    let after = lasted(builds.since, at);
    let had = match change {
        Change::Recovered => "had failed: ",
        Change::Gone => "gone: ",
        Change::Broken | Change::Grown | Change::FailedAgain | Change::StillFails => "",
    };
    if let Some(line) = lines.first_mut().filter(|_| !had.is_empty()) {
        line.insert(0, text(had));
    }
    match change {
        Change::Grown | Change::FailedAgain => lines.push(vec![text(format!("failing for {after}"))]),
        Change::Gone => lines.push(vec![text(format!(
            "failed for {after} until it was deleted, disabled or skipped"
        ))]),
        Change::Broken | Change::StillFails | Change::Recovered => {}
    }
    Message {
        tone: change.tone(),
        title: change.title(builds, at),
        // The build at hand is the failed one: where it is over, the project shows how things stand.
        link: if change.closes() {
            monitor(&builds.project_url)
        } else {
            build_link(builds, builds.build_id).or_else(|| monitor(&builds.project_url))
        },
        lines,
        ..Message::default()
    }
}

/// Several facts of one project's packages: a line per package, the gravest first.
fn project(notices: &[Notice]) -> Message {
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
    let told: Vec<_> = counts
        .iter()
        .map(|(change, &count)| format!("{count} {}", change.counted(count)))
        .collect();
    let first = packages.first().and_then(|(_, facts)| facts.first());
    let project = first.map_or_else(String::new, |(_, builds, _)| name(&builds.project));
    let title = match (packages.as_slice(), told.as_slice()) {
        ([((change, builds, at), _)], _) => change.title(builds, *at),
        (_, [_]) => {
            let (change, count) = counts.first_key_value().map_or((Change::Gone, 0), |(c, n)| (*c, *n));
            format!("{} {} in {project}", counted(count, "package"), change.counted(count))
        }
        _ => format!("{} in {project}", told.join(", ")),
    };
    Message {
        tone: counts.keys().next().map_or(Tone::Neutral, |change| change.tone()),
        title,
        link: first.and_then(|(_, builds, _)| monitor(&builds.project_url)),
        lines: packages.iter().map(|(_, facts)| package_line(facts)).collect(),
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
fn package_line(facts: &[(Change, &Builds, Timestamp)]) -> Line {
    let left_out = facts.len().saturating_sub(MAX_FACTS_IN_LIST);
    let mut line = Line::new();
    for (i, (change, builds, at)) in facts.iter().enumerate() {
        if i == 0 {
            line.push(Span::Strong(name(&builds.package)));
            line.push(text(" "));
        } else if i <= left_out {
            continue;
        } else if i == left_out + 1 && left_out > 0 {
            line.push(text(format!("; … {left_out} more …; then ")));
        } else {
            line.push(text("; then "));
        }
        line.extend(change.in_list(builds, *at));
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
fn build_line(builds: &Builds, id: u64, chroots: &[&FailingChroot], max_chroots: usize) -> Line {
    let mut told: Vec<_> = chroots.iter().take(max_chroots).map(|c| chroot_name(c)).collect();
    if chroots.len() > max_chroots {
        told.push(format!("{} more", chroots.len() - max_chroots));
    }
    let mut told = told.join(", ");
    // One build builds one source package, so one version.
    if let Some(version) = chroots.iter().find_map(|chroot| chroot.version.as_deref()) {
        told += " · ";
        told += &plain_cut(version, MAX_NAME);
    }
    let mut line = vec![text(told + " · "), build_span(builds, id)];
    let mut logs = chroots
        .iter()
        .filter_map(|chroot| link("log", chroot.log_url.as_deref()?));
    if let Some(log) = logs.next() {
        line.push(text(" · "));
        line.push(Span::Link(log));
    }
    line
}

/// A source package has no chroots and no version yet: all that is known is the build.
fn source_line(builds: &Builds) -> Line {
    vec![text("source package (SRPM) · "), build_span(builds, builds.build_id)]
}

fn chroot_name(chroot: &FailingChroot) -> String {
    let canceled = if chroot.canceled { " (rebuild canceled)" } else { "" };
    format!("{}{canceled}", name(&chroot.name))
}

/// "build 5", with a link where its page is known.
fn build_span(builds: &Builds, id: u64) -> Span {
    build_link(builds, id).map_or_else(|| text(format!("build {id}")), Span::Link)
}

/// A build's page. Only the newest build's is stored; the others' differ in the number at its end.
fn build_link(builds: &Builds, id: u64) -> Option<Link> {
    let page = builds.build_url.strip_suffix(&builds.build_id.to_string());
    match page {
        Some(page) => link(&format!("build {id}"), &format!("{page}{id}")),
        None if id == builds.build_id => link(&format!("build {id}"), &builds.build_url),
        None => None,
    }
}

fn unreachable(polls: &Polls, now: Timestamp) -> Message {
    let times = counted(polls.failures as usize, "time");
    let since = lasted(polls.since, now);
    Message {
        tone: Tone::Warning,
        title: format!("{} could not be polled, {times} in a row", name(&polls.project)),
        link: monitor(&polls.project_url),
        lines: vec![
            vec![text(reason(&polls.error))],
            vec![text(format!(
                "first failed {since} ago; nothing is said of its builds until a poll succeeds"
            ))],
        ],
        ..Message::default()
    }
}

fn reachable(polls: &Polls, at: Timestamp) -> Message {
    let after = lasted(polls.since, at);
    let failed = counted(polls.failures as usize, "poll");
    Message {
        tone: Tone::Good,
        title: format!("{} can be polled again, after {after}", name(&polls.project)),
        link: monitor(&polls.project_url),
        lines: vec![vec![text(format!(
            "{failed} had failed, the last one with: {}",
            reason(&polls.error)
        ))]],
        ..Message::default()
    }
}

fn channel(trouble: &ChannelTrouble) -> Message {
    Message {
        tone: Tone::Warning,
        title: format!("Channel {} takes no messages", name(&trouble.channel)),
        lines: vec![
            vec![text(reason(&trouble.reason))],
            vec![text("its notices wait for a while; please look at its settings")],
        ],
        ..Message::default()
    }
}

/// Somebody tries the bell.
fn test() -> Message {
    Message {
        tone: Tone::Neutral,
        title: "The bell rings here".to_owned(),
        lines: vec![vec![text("a test, by copperbell doctor; nothing has happened")]],
        ..Message::default()
    }
}

/// Dead letters of one channel: a line per reason.
fn dead_letters(notices: &[Notice]) -> Message {
    let dead = || {
        notices.iter().filter_map(|notice| match &notice.fact {
            Fact::DeadLetter(dead) => Some(dead),
            _ => None,
        })
    };
    let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
    for DeadLetters { count, reason: why, .. } in dead() {
        let sum = reasons.entry(reason(why)).or_default();
        *sum = sum.saturating_add(*count);
    }
    let count = reasons.values().fold(0, |sum: usize, count| sum.saturating_add(*count));
    let were = if count == 1 { "was" } else { "were" };
    let channel = dead().next().map_or_else(String::new, |dead| name(&dead.channel));
    let alone = reasons.len() == 1;
    let mut lines: Vec<Line> = reasons
        .into_iter()
        .map(|(reason, count)| {
            let count = counted(count, "notice");
            vec![text(if alone { reason } else { format!("{count}: {reason}") })]
        })
        .collect();
    lines.push(vec![text("kept as dead letters: copperbell outbox list")]);
    Message {
        tone: Tone::Bad,
        title: format!("{} for channel {channel} {were} given up", counted(count, "notice")),
        lines,
        ..Message::default()
    }
}

/// Notices that share nothing: a line each.
fn list(notices: &[Notice], now: Timestamp) -> Message {
    Message {
        tone: Tone::Neutral,
        title: counted(notices.len(), "notice"),
        lines: notices
            .iter()
            .map(|notice| vec![text(one(notice, now).title)])
            .collect(),
        ..Message::default()
    }
}

fn text(text: impl Into<String>) -> Span {
    Span::Text(text.into())
}

/// A name from outside.
fn name(text: &str) -> String {
    let name = plain_cut(text, MAX_NAME);
    if name.is_empty() { "(no name)".to_owned() } else { name }
}

/// A reason from outside.
fn reason(text: &str) -> String {
    let reason = plain_cut(text, 400);
    if reason.is_empty() {
        "no reason given".to_owned()
    } else {
        reason
    }
}

/// A link, if `url` is http or https and of a reasonable length.
fn link(text: &str, url: &str) -> Option<Link> {
    let url = Url::parse(url).ok()?;
    let ours = matches!(url.scheme(), "http" | "https") && url.as_str().len() <= MAX_URL;
    ours.then(|| Link {
        text: text.to_owned(),
        url: url.into(),
    })
}

fn monitor(project_url: &str) -> Option<Link> {
    link("project monitor", project_url)
}

/// "1 notice", "2 notices".
fn counted(count: usize, what: &str) -> String {
    let s = if count == 1 { "" } else { "s" };
    format!("{count} {what}{s}")
}

/// How long it was from `since` to `until`, as people say it: "less than a minute", "2 h 5 min", "36 h", "3 days".
fn lasted(since: Timestamp, until: Timestamp) -> String {
    let minutes = until.duration_since(since).as_mins();
    let (hours, rest) = (minutes / 60, minutes % 60);
    match (hours, rest) {
        _ if minutes < 1 => "less than a minute".to_owned(),
        (0, _) => format!("{minutes} min"),
        (..24, 1..) => format!("{hours} h {rest} min"),
        (..48, _) => format!("{hours} h"),
        _ => format!("{} days", hours / 24),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_said_as_people_say_them() {
        let since = Timestamp::UNIX_EPOCH;
        for (seconds, expected) in [
            (-5, "less than a minute"),
            (59, "less than a minute"),
            (60, "1 min"),
            (3_599, "59 min"),
            (3_600, "1 h"),
            (7_500, "2 h 5 min"),
            (12_000, "3 h 20 min"),
            (86_399, "23 h 59 min"),
            (86_400, "24 h"),
            (172_799, "47 h"),
            (172_800, "2 days"),
            (3 * 86_400 + 3_599, "3 days"),
        ] {
            let until = since + SignedDuration::from_secs(seconds);
            assert_eq!(lasted(since, until), expected);
        }
    }

    #[test]
    fn only_http_and_https_make_links() {
        for (url, expected) in [
            (
                "https://copr.example/coprs/build/5",
                Some("https://copr.example/coprs/build/5"),
            ),
            ("http://copr.example", Some("http://copr.example/")),
            (
                "https://copr.example/a b\u{202e}\"<>",
                Some("https://copr.example/a%20b%E2%80%AE%22%3C%3E"),
            ),
            ("javascript:alert(1)", None),
            ("data:text/html,hi", None),
            ("/coprs/build/5", None),
            ("", None),
            (&format!("https://copr.example/{}", "x".repeat(MAX_URL)), None),
        ] {
            assert_eq!(link("log", url).map(|link| link.url).as_deref(), expected, "{url}");
        }
    }

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
