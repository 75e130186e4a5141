//! Which channel hears of what.

use chat::{Notice, Subject};
use wildmatch::WildMatch;

/// Every event a route can name, but for those of GitHub's issues. A pattern that matches none is a spelling mistake.
const EVENTS: [&str; 19] = [
    "copr.broken",
    "copr.grown",
    "copr.failed_again",
    "copr.reminder",
    "copr.recovered",
    "copr.gone",
    "copr.unreachable",
    "copr.reachable",
    "redelivery.failing",
    "redelivery.recovered",
    "redelivery.expiring",
    "redelivery.given_up",
    "redelivery.gap",
    "redelivery.hook",
    "redelivery.silent",
    "copperbell.dead_letter",
    "copperbell.channel",
    "copperbell.report",
    "copperbell.test",
];

/// What a channel hears of when its settings name no events.
const DEFAULT_EVENTS: [&str; 6] = [
    "copr.*",
    "issues.opened",
    "issues.closed",
    "issues.reopened",
    "redelivery.*",
    "copperbell.*",
];

/// What one channel's settings say of what it hears. In each filter all entries must hold; `a|b` is either, `!a` is
/// not, `*` and `?` are wildcards.
#[derive(Clone, Debug, Default)]
pub struct Rules<'a> {
    /// Events; `None`: the usual ones.
    pub events: Option<&'a [String]>,
    /// Copr projects.
    pub projects: &'a [String],
    /// GitHub repositories, `owner/name`. A hook that is no repository's passes.
    pub repositories: &'a [String],
    /// Who opened the issue.
    pub authors: &'a [String],
    /// The issue's labels: an entry holds if one of them matches it, `!a` if none does.
    pub labels: &'a [String],
    /// Nothing that a bot did.
    pub skip_bots: bool,
}

/// What one channel hears of.
#[derive(Clone, Debug, PartialEq)]
pub struct Route {
    events: Vec<WildMatch>,
    projects: Vec<Filter>,
    repositories: Vec<Filter>,
    authors: Vec<Filter>,
    labels: Vec<Filter>,
    skip_bots: bool,
}

/// One entry of a filter.
#[derive(Clone, Debug, PartialEq)]
struct Filter {
    negated: bool,
    either: Vec<WildMatch>,
}

/// An event nobody has heard of.
#[derive(Debug, thiserror::Error)]
#[error(
    "`{0}` is no event: expected one such as copr.broken, issues.opened, issue_comment.created, or a pattern such as `copr.*`"
)]
pub struct UnknownEvent(String);

impl Route {
    /// Reads what a channel's settings say.
    ///
    /// # Errors
    /// When a pattern of `events` matches no event.
    pub fn parse(rules: &Rules<'_>) -> Result<Self, UnknownEvent> {
        let defaults = DEFAULT_EVENTS.map(str::to_owned);
        let patterns = rules.events.unwrap_or(&defaults);
        let events = patterns.iter().map(|pattern| {
            let glob = WildMatch::new(pattern);
            if is_an_event(&glob) {
                Ok(glob)
            } else {
                Err(UnknownEvent(pattern.clone()))
            }
        });
        let filters = |entries: &[String]| entries.iter().map(|entry| Filter::parse(entry)).collect();
        Ok(Self {
            events: events.collect::<Result<_, _>>()?,
            projects: filters(rules.projects),
            repositories: filters(rules.repositories),
            authors: filters(rules.authors),
            labels: filters(rules.labels),
            skip_bots: rules.skip_bots,
        })
    }

    /// Does this channel hear of this?
    #[must_use]
    pub fn takes(&self, notice: &Notice) -> bool {
        self.takes_as(notice, notice.event())
    }

    /// Would this channel hear of this if it were the event `event`?
    #[must_use]
    pub fn takes_as(&self, notice: &Notice, event: &str) -> bool {
        if !self.events.iter().any(|pattern| pattern.matches(event)) {
            return false;
        }
        let all = |filters: &[Filter], values: &[&str]| filters.iter().all(|filter| filter.allows(values));
        match notice.subject() {
            Subject::Project(project) => all(&self.projects, &[project]),
            Subject::Issue {
                repository,
                author,
                actor: _,
                is_bot,
                labels,
            } => {
                let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
                !(is_bot && self.skip_bots)
                    && all(&self.repositories, &[repository])
                    && all(&self.authors, &[author])
                    && all(&self.labels, &labels)
            }
            Subject::Hook { repository } => repository.is_none_or(|repository| all(&self.repositories, &[repository])),
            Subject::Copperbell => true,
        }
    }

    /// Does this channel hear of issues only once they have some label?
    #[must_use]
    pub fn waits_for_labels(&self) -> bool {
        self.labels.iter().any(|filter| !filter.negated)
    }
}

fn is_an_event(pattern: &WildMatch) -> bool {
    let of_github = |kind: &str, actions: &[&str]| {
        let mut names = actions.iter().map(|action| format!("{kind}.{action}"));
        names.any(|name| pattern.matches(&name))
    };
    EVENTS.iter().any(|event| pattern.matches(event))
        || of_github("issues", &github::ISSUES_ACTIONS)
        || of_github("issue_comment", &github::ISSUE_COMMENT_ACTIONS)
}

impl Filter {
    fn parse(entry: &str) -> Self {
        let (negated, globs) = match entry.strip_prefix('!') {
            Some(rest) => (true, rest),
            None => (false, entry),
        };
        Self {
            negated,
            either: globs.split('|').map(WildMatch::new).collect(),
        }
    }

    fn allows(&self, values: &[&str]) -> bool {
        let matches = |value: &&str| self.either.iter().any(|glob| glob.matches(value));
        values.iter().any(matches) != self.negated
    }
}

#[cfg(test)]
mod tests {
    use chat::{Builds, ChannelTrouble, Fact, SilentHook};
    use jiff::Timestamp;

    use super::*;

    fn broken(project: &str) -> Notice {
        let builds = Builds {
            project: project.to_owned(),
            project_url: String::new(),
            package: "beta".to_owned(),
            build_id: 5,
            build_url: String::new(),
            since: Timestamp::UNIX_EPOCH,
            source: false,
            chroots: Vec::new(),
            more_chroots: 0,
        };
        Notice::new(Timestamp::UNIX_EPOCH, Fact::CoprBroken(builds))
    }

    fn route(events: Option<&[&str]>, projects: &[&str]) -> Route {
        let owned = |list: &[&str]| list.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>();
        let events = events.map(owned);
        let rules = Rules {
            events: events.as_deref(),
            projects: &owned(projects),
            ..Rules::default()
        };
        Route::parse(&rules).unwrap()
    }

    #[test]
    fn a_channel_hears_what_its_patterns_and_all_its_filters_allow() {
        let notice = broken("@group/kernel");
        for (events, projects, hears) in [
            (None, vec![], true),
            (Some(vec!["copr.broken"]), vec![], true),
            (Some(vec!["copr.recovered"]), vec![], false),
            (Some(vec!["copr.*"]), vec!["@group/*"], true),
            (None, vec!["alice/*"], false),
            (None, vec!["alice/*|@group/*"], true),
            (None, vec!["@group/*", "!*/kernel"], false),
            (None, vec!["!alice/*"], true),
        ] {
            let route = route(events.as_deref(), &projects);
            assert_eq!(route.takes(&notice), hears, "{events:?} {projects:?}");
        }
    }

    #[test]
    fn a_project_filter_does_not_hide_copperbells_own_troubles() {
        let trouble = Fact::Channel(ChannelTrouble {
            channel: "rpm".to_owned(),
            reason: "HTTP 404".to_owned(),
        });
        let notice = Notice::new(Timestamp::UNIX_EPOCH, trouble);
        assert!(route(None, &["alice/*"]).takes(&notice));
        assert!(!route(Some(&["copr.*"]), &[]).takes(&notice));
    }

    #[test]
    fn a_repository_filter_holds_for_the_hooks_of_repositories_and_no_other_filter_does() {
        let silent = |hook: &str| {
            let fact = Fact::RedeliverySilent(SilentHook {
                hook: hook.to_owned(),
                pinged: Timestamp::UNIX_EPOCH,
            });
            Notice::new(Timestamp::UNIX_EPOCH, fact)
        };
        let nobody = ["nobody".to_owned()];
        let repositories = ["acme/*".to_owned(), "!acme/lib".to_owned()];
        let rules = Rules {
            projects: &nobody,
            repositories: &repositories,
            authors: &nobody,
            labels: &nobody,
            skip_bots: true,
            ..Rules::default()
        };
        let route = Route::parse(&rules).unwrap();
        for (hook, hears) in [
            ("repo:acme/app:1", true),
            ("repo:acme/lib:2", false),
            ("repo:evil/app:3", false),
            ("org:evil:4", true),
            ("app", true),
        ] {
            assert_eq!(route.takes(&silent(hook)), hears, "{hook}");
        }
    }

    #[test]
    fn a_route_can_name_each_event_of_a_hook() {
        for event in ["failing", "recovered", "expiring", "given_up", "gap", "hook", "silent"] {
            let event = format!("redelivery.{event}");
            route(Some(&[event.as_str()]), &[]);
        }
    }

    #[test]
    fn a_misspelt_event_is_an_error_not_a_silent_channel() {
        let rules = Rules {
            events: Some(&["copr.borken".to_owned()]),
            ..Rules::default()
        };
        let error = Route::parse(&rules).unwrap_err();
        assert!(error.to_string().contains("copr.borken"));
    }
}
