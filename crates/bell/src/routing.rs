//! Which channel hears of what.

use chat::{Notice, Subject};
use wildmatch::WildMatch;

/// Every event a route can name. A pattern that matches none of them is a spelling mistake.
pub const EVENTS: [&str; 11] = [
    "copr.broken",
    "copr.grown",
    "copr.failed_again",
    "copr.reminder",
    "copr.recovered",
    "copr.gone",
    "copr.unreachable",
    "copr.reachable",
    "copperbell.dead_letter",
    "copperbell.channel",
    "copperbell.test",
];

/// What a channel hears of when its settings name no events.
const DEFAULT_EVENTS: [&str; 2] = ["copr.*", "copperbell.*"];

/// What one channel hears of: an event that one of `events` matches, of a project that all of `projects` allow.
#[derive(Clone, Debug, PartialEq)]
pub struct Route {
    events: Vec<WildMatch>,
    projects: Vec<Filter>,
}

/// One entry of a filter: `a|b` is either, `!a` is not.
#[derive(Clone, Debug, PartialEq)]
struct Filter {
    negated: bool,
    either: Vec<WildMatch>,
}

/// An event nobody has heard of.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is no event: expected one of copr.broken, copr.recovered, …, or a pattern such as `copr.*`")]
pub struct UnknownEvent(String);

impl Route {
    /// Reads what a channel's settings say.
    ///
    /// # Errors
    /// When a pattern matches no event.
    pub fn parse(events: Option<&[String]>, projects: &[String]) -> Result<Self, UnknownEvent> {
        let defaults = DEFAULT_EVENTS.map(str::to_owned);
        let patterns = events.unwrap_or(&defaults);
        let events = patterns.iter().map(|pattern| {
            let glob = WildMatch::new(pattern);
            if EVENTS.iter().any(|event| glob.matches(event)) {
                Ok(glob)
            } else {
                Err(UnknownEvent(pattern.clone()))
            }
        });
        Ok(Self {
            events: events.collect::<Result<_, _>>()?,
            projects: projects.iter().map(|entry| Filter::parse(entry)).collect(),
        })
    }

    /// Does this channel hear of this?
    #[must_use]
    pub fn takes(&self, notice: &Notice) -> bool {
        let event = notice.event();
        if !self.events.iter().any(|pattern| pattern.matches(event)) {
            return false;
        }
        match notice.subject() {
            Subject::Project(project) => self.projects.iter().all(|f| f.allows(project)),
            Subject::Copperbell => true,
        }
    }

    /// Does this channel hear of Copperbell's own troubles?
    #[must_use]
    pub fn takes_event(&self, event: &str) -> bool {
        self.events.iter().any(|pattern| pattern.matches(event))
    }
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

    fn allows(&self, value: &str) -> bool {
        self.either.iter().any(|glob| glob.matches(value)) != self.negated
    }
}

#[cfg(test)]
mod tests {
    use chat::{Builds, ChannelTrouble, Fact};
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
        Route::parse(events.map(owned).as_deref(), &owned(projects)).unwrap()
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
    fn a_misspelt_event_is_an_error_not_a_silent_channel() {
        let error = Route::parse(Some(&["copr.borken".to_owned()]), &[]).unwrap_err();
        assert!(error.to_string().contains("copr.borken"));
    }
}
