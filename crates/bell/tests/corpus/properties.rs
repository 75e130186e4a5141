//! What holds whatever somebody writes into a filter, and whatever it is asked. The fuzz targets try the same on inputs
//! of their own.

use std::array;

use bell::ignore::Ignore;
use bell::routing::{Route, Rules};
use bell::wanted::Wanted;
use chat::{Builds, Fact, IssueEvent, Notice, SilentHook};
use jiff::Timestamp;

/// The lines of an input: the patterns, a package, a chroot.
pub(crate) fn ignore(input: &[u8]) {
    let [patterns, package, chroot] = lines(input);
    let written: Vec<_> = entries(&patterns).collect();
    let halves = |pattern: &&str| {
        let halves: Vec<_> = pattern.split('/').map(str::to_owned).collect();
        <[String; 2]>::try_from(halves)
            .ok()
            .filter(|halves| !halves.iter().any(String::is_empty))
    };
    match Ignore::parse(&patterns) {
        Ok(ignore) => {
            let pairs: Vec<_> = written.iter().map(|pattern| halves(pattern).unwrap()).collect();
            let is_ignored =
                |[of_package, of_chroot]: &[String; 2]| glob(of_package, &package) && glob(of_chroot, &chroot);
            assert_eq!(ignore.matches(&package, &chroot), pairs.iter().any(is_ignored));
            assert_eq!(Ignore::parse(&written.join(" , ,")).unwrap(), ignore);
        }
        Err(error) => {
            let first = written.iter().find(|pattern| halves(pattern).is_none()).unwrap();
            assert!(error.to_string().starts_with(&format!("`{first}` is no pattern")));
        }
    }
}

/// The lines of an input: the patterns, an event, its action if the line is not empty.
pub(crate) fn wanted(input: &[u8]) {
    let [patterns, event, action] = lines(input);
    let action = Some(&*action).filter(|action| !action.is_empty());
    let written: Vec<_> = entries(&patterns).collect();
    let is_pattern = |entry: &&str| {
        let name = entry.strip_prefix('!').unwrap_or(entry);
        !name.is_empty()
            && name
                .chars()
                .all(|c| matches!(c, 'a'..='z' | '0'..='9' | '_' | '.' | '*' | '?'))
    };
    match Wanted::parse(&patterns) {
        Ok(wanted) => {
            assert!(written.iter().all(is_pattern));
            let is_it = |pattern: &str| {
                glob(pattern, &event) || action.is_some_and(|action| glob(pattern, &format!("{event}.{action}")))
            };
            let refused = written.iter().filter_map(|entry| entry.strip_prefix('!')).any(is_it);
            let mut named = written.iter().filter(|entry| !entry.starts_with('!')).peekable();
            let expected = !refused && (named.peek().is_none() || named.any(|pattern| is_it(pattern)));
            assert_eq!(wanted.matches(&event, action), expected);
        }
        Err(error) => {
            let first = written.iter().find(|entry| !is_pattern(entry)).unwrap();
            assert!(error.to_string().starts_with(&format!("`{first}` is no pattern")));
        }
    }
}

/// The lines of an input: the filters `events` (none if the line is empty), `projects`, `repositories`, `authors` and
/// `labels`, `skip_bots` if bots are skipped, and what there is to hear. A tab is between two entries. To hear is
/// `project`, the project, the event; `issue`, the repository, the author, `bot` or not, the event, the labels; `hook` and
/// the hook; or anything else, which is a test.
pub(crate) fn route(input: &[u8]) {
    let [events, projects, repositories, authors, labels, skip_bots, told] = lines(input);
    let [events, projects, repositories, authors, labels, told] =
        [events, projects, repositories, authors, labels, told].map(|line| fields(&line));
    let skip_bots = skip_bots == "skip_bots";
    let rules = Rules {
        events: (!events.is_empty()).then_some(&events),
        projects: &projects,
        repositories: &repositories,
        authors: &authors,
        labels: &labels,
        skip_bots,
    };
    let route = match Route::parse(&rules) {
        Ok(route) => route,
        Err(error) => {
            let first = events.iter().find(|pattern| !is_known(pattern)).unwrap();
            assert!(error.to_string().starts_with(&format!("`{first}` is no event")));
            return;
        }
    };
    assert!(events.iter().all(|pattern| is_known(pattern)));
    assert_eq!(
        route.waits_for_labels(),
        labels.iter().any(|entry| !entry.starts_with('!'))
    );

    let mut given = told.iter().map(String::as_str);
    let kind = given.next().unwrap_or_default();
    let mut next = || given.next().unwrap_or_default().to_owned();
    let (notice, event, expected) = match kind {
        "project" => {
            let (project, event) = (next(), next());
            let expected = allowed(&projects, &[&project]);
            (of_project(project), event, expected)
        }
        "issue" => {
            let (repository, author, is_bot, event) = (next(), next(), next() == "bot", next());
            let given: Vec<_> = given.collect();
            let expected = allowed(&repositories, &[&repository])
                && allowed(&authors, &[&author])
                && allowed(&labels, &given)
                && !(skip_bots && is_bot);
            (of_issue(repository, author, is_bot, &event, &given), event, expected)
        }
        "hook" => {
            let hook = next();
            let parts: Vec<_> = hook.split(':').collect();
            let expected = match parts[..] {
                ["repo", repository, _] => allowed(&repositories, &[repository]),
                ["repo", _, _, ..] => return,
                _ => true,
            };
            (of_hook(hook), "redelivery.silent".to_owned(), expected)
        }
        _ => (
            Notice::new(Timestamp::UNIX_EPOCH, Fact::Test),
            "copperbell.test".to_owned(),
            true,
        ),
    };
    let usual = [
        "copr.*",
        "issues.opened",
        "issues.closed",
        "issues.reopened",
        "redelivery.*",
        "copperbell.*",
    ];
    let usual = usual.map(str::to_owned);
    let patterns = rules.events.unwrap_or(&usual);
    let hears = |event: &str| expected && patterns.iter().any(|pattern| glob(pattern, event));
    assert_eq!(route.takes_as(&notice, &event), hears(&event));
    assert_eq!(route.takes(&notice), hears(notice.event()));
}

fn allowed(filters: &[String], values: &[&str]) -> bool {
    filters.iter().all(|filter| {
        let (globs, wanted) = match filter.strip_prefix('!') {
            Some(globs) => (globs, false),
            None => (filter.as_str(), true),
        };
        wanted
            == globs
                .split('|')
                .any(|pattern| values.iter().any(|value| glob(pattern, value)))
    })
}

/// Does a pattern name any event there is?
fn is_known(pattern: &str) -> bool {
    let ours = [
        (
            "copr",
            "broken grown failed_again reminder recovered gone unreachable reachable",
        ),
        ("redelivery", "failing recovered expiring given_up gap hook silent"),
        ("copperbell", "dead_letter channel report test"),
    ];
    let ours = ours.map(|(kind, names)| (kind, names.split(' ').collect::<Vec<_>>()));
    let theirs = [
        ("issues", github::ISSUES_ACTIONS.to_vec()),
        ("issue_comment", github::ISSUE_COMMENT_ACTIONS.to_vec()),
    ];
    let mut all = ours.iter().chain(&theirs);
    all.any(|(kind, names)| names.iter().any(|name| glob(pattern, &format!("{kind}.{name}"))))
}

/// `*` is any text, `?` any character: which beginnings of the text do the beginnings of the pattern match?
fn glob(pattern: &str, text: &str) -> bool {
    let text: Vec<char> = text.chars().collect();
    let mut matched = vec![false; text.len() + 1];
    matched[0] = true;
    for c in pattern.chars() {
        matched = (0..=text.len())
            .map(|end| match c {
                '*' => matched[..=end].contains(&true),
                _ => end > 0 && matched[end - 1] && (c == '?' || c == text[end - 1]),
            })
            .collect();
    }
    matched[text.len()]
}

fn of_project(project: String) -> Notice {
    let builds = Builds {
        project,
        project_url: String::new(),
        package: String::new(),
        build_id: 1,
        build_url: String::new(),
        since: Timestamp::UNIX_EPOCH,
        source: false,
        chroots: Vec::new(),
        more_chroots: 0,
    };
    Notice::new(Timestamp::UNIX_EPOCH, Fact::CoprBroken(builds))
}

fn of_issue(repository: String, author: String, is_bot: bool, event: &str, labels: &[&str]) -> Notice {
    let issue = IssueEvent {
        name: event.to_owned(),
        repository,
        repository_url: String::new(),
        number: 1,
        title: String::new(),
        url: String::new(),
        is_pr: false,
        actor: "actor".to_owned(),
        is_bot,
        author,
        labels: labels.iter().map(|&label| label.to_owned()).collect(),
        assignees: Vec::new(),
        milestone: None,
        about: None,
        excerpt: String::new(),
        state_reason: None,
        opened_at: Timestamp::UNIX_EPOCH,
        closed_at: None,
        old_title: None,
    };
    Notice::new(Timestamp::UNIX_EPOCH, Fact::Issue(Box::new(issue)))
}

fn of_hook(hook: String) -> Notice {
    let silent = SilentHook {
        hook,
        pinged: Timestamp::UNIX_EPOCH,
    };
    Notice::new(Timestamp::UNIX_EPOCH, Fact::RedeliverySilent(silent))
}

/// The entries of a list with commas.
fn entries(list: &str) -> impl Iterator<Item = &str> {
    list.split(',').map(str::trim).filter(|entry| !entry.is_empty())
}

fn lines<const N: usize>(input: &[u8]) -> [String; N] {
    let mut lines = input.split(|byte| *byte == b'\n');
    array::from_fn(|_| String::from_utf8_lossy(lines.next().unwrap_or_default()).into_owned())
}

/// What is between tabs; nothing in an empty line.
fn fields(line: &str) -> Vec<String> {
    let fields = line.split('\t').map(str::to_owned).collect();
    if line.is_empty() { Vec::new() } else { fields }
}
