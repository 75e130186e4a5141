//! What there is to say, before it is put into words: facts, as the outbox keeps them.

mod digest;
mod redelivery;

use std::ops::Not;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::excerpt::excerpt;
use crate::plain::cut;

pub use digest::{IssueDigest, Times, UnansweredIssue};
pub use redelivery::{
    Expiring, Gap, GiveUp, GivenUpDelivery, HookFailing, HookRecovered, HookState, HookTrouble, SilentHook,
};

/// The version of the stored shape. A reader that meets a higher one leaves the item for a newer program.
pub const VERSION: u8 = 1;

/// The largest a stored notice may be, in bytes of JSON (16 KB): an outbox item stays one write unit of a few.
pub const MAX_STORED: usize = 16 * 1024;

/// One fact that must be said on a channel. Stored as JSON: `{"v":1,"at":"…","event":"copr.broken",…}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    v: u8,
    /// When the fact was accepted.
    pub at: Timestamp,
    /// The fact.
    #[serde(flatten)]
    pub fact: Fact,
}

/// Everything Copperbell can say. The tag is the event's name, as routes spell it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event")]
pub enum Fact {
    /// A package that built, or that nobody knew, fails.
    #[serde(rename = "copr.broken")]
    CoprBroken(Builds),
    /// A failing package fails in more chroots than before.
    #[serde(rename = "copr.grown")]
    CoprGrown(Builds),
    /// A new build of a failing package failed as well.
    #[serde(rename = "copr.failed_again")]
    CoprFailedAgain(Builds),
    /// A package still fails.
    #[serde(rename = "copr.reminder")]
    CoprReminder(Builds),
    /// A failing package builds again everywhere.
    #[serde(rename = "copr.recovered")]
    CoprRecovered(Builds),
    /// A failing package, or its last failing chroot, is no more.
    #[serde(rename = "copr.gone")]
    CoprGone(Builds),
    /// A project could not be polled several times in a row.
    #[serde(rename = "copr.unreachable")]
    CoprUnreachable(Polls),
    /// A project told unreachable answers again.
    #[serde(rename = "copr.reachable")]
    CoprReachable(Polls),
    /// Something happened to a GitHub issue, or was said of one. There are more such events than can be listed here:
    /// the event's name is in a field of its own.
    #[serde(rename = "issue")]
    Issue(Box<IssueEvent>),
    /// Deliveries of a hook fail, and redelivering did not help at once.
    #[serde(rename = "redelivery.failing")]
    RedeliveryFailing(HookFailing),
    /// All lost deliveries of a hook told failing have arrived or were given up.
    #[serde(rename = "redelivery.recovered")]
    RedeliveryRecovered(HookRecovered),
    /// GitHub will soon no longer redeliver what was lost.
    #[serde(rename = "redelivery.expiring")]
    RedeliveryExpiring(Expiring),
    /// A lost delivery is no longer tried.
    #[serde(rename = "redelivery.given_up")]
    RedeliveryGivenUp(GivenUpDelivery),
    /// Deliveries may have left a hook's log unseen.
    #[serde(rename = "redelivery.gap")]
    RedeliveryGap(Gap),
    /// A hook is no longer what it was, or its log cannot be read.
    #[serde(rename = "redelivery.hook")]
    RedeliveryHook(HookTrouble),
    /// A ping sent through a hook that points at us did not arrive.
    #[serde(rename = "redelivery.silent")]
    RedeliverySilent(SilentHook),
    /// Notices will not be delivered to a channel.
    #[serde(rename = "copperbell.dead_letter")]
    DeadLetter(DeadLetters),
    /// A channel refuses for a reason that time does not mend.
    #[serde(rename = "copperbell.channel")]
    Channel(ChannelTrouble),
    /// How the issues fared since the last time this was told.
    #[serde(rename = "copperbell.report")]
    Digest(IssueDigest),
    /// Somebody tries whether the bell rings.
    #[serde(rename = "copperbell.test")]
    Test,
}

/// What is said of one package's builds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Builds {
    /// `owner/name`, `@group/name`, `owner/name:pr:12`.
    pub project: String,
    /// The project's monitor page.
    pub project_url: String,
    /// The package.
    pub package: String,
    /// The newest build that failed.
    pub build_id: u64,
    /// That build's page.
    pub build_url: String,
    /// Since when the package fails.
    pub since: Timestamp,
    /// The source package itself could not be built: every chroot failed with one build and there is no version.
    #[serde(default)]
    pub source: bool,
    /// The failing chroots, sorted by name; those that failed, where the package is well or gone.
    pub chroots: Vec<FailingChroot>,
    /// How many more chroots there are than `chroots` names (a stored notice is cut to size).
    #[serde(default)]
    pub more_chroots: usize,
}

/// A failing chroot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailingChroot {
    /// `fedora-43-x86_64`.
    pub name: String,
    /// The build that failed there.
    pub build_id: u64,
    /// What was built (`1.2-3`); nothing before there is a source package.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The build log; nothing for a source failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_url: Option<String>,
    /// A rebuild of it was canceled, so nothing newer is to be expected of it.
    #[serde(default, skip_serializing_if = "Not::not")]
    pub canceled: bool,
}

/// What is said of polling one project.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Polls {
    /// The project.
    pub project: String,
    /// The project's monitor page.
    pub project_url: String,
    /// How many polls failed in a row.
    pub failures: u32,
    /// The first of them.
    pub since: Timestamp,
    /// What the last failed poll met.
    pub error: String,
}

/// What is said of an `issues` or `issue_comment` event
/// (<https://docs.github.com/en/webhooks/webhook-events-and-payloads#issues>).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IssueEvent {
    /// What happened, event and action, as routes spell it: `issues.opened`, `issue_comment.created`.
    pub name: String,
    /// `owner/name`.
    pub repository: String,
    /// The repository's page (`html_url`).
    pub repository_url: String,
    /// The issue's number.
    pub number: u64,
    /// The issue's title.
    pub title: String,
    /// The page (`html_url`) of the comment if it is about one, else of the issue.
    pub url: String,
    /// The issue is a pull request: what is said in its conversation is an `issue_comment` too.
    #[serde(default, skip_serializing_if = "Not::not")]
    pub is_pr: bool,
    /// Who did it (`sender`): a login; `ghost` for an account that is no more.
    pub actor: String,
    /// Whether that is a bot.
    #[serde(default, skip_serializing_if = "Not::not")]
    pub is_bot: bool,
    /// Who opened the issue: a login or `ghost`.
    pub author: String,
    /// The names of the labels it has.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<String>,
    /// The logins of those it is assigned to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub assignees: Vec<String>,
    /// The title of the milestone it is in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub milestone: Option<String>,
    /// What was added or taken away: a label, an assignee, a milestone, a type, a field; where it was transferred to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    /// The first lines of the comment if it is about one, else of the issue: made by [`excerpt()`](crate::excerpt()).
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub excerpt: String,
    /// Why it was closed: `completed`, `not_planned`, `duplicate`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state_reason: Option<String>,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// When it was closed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_at: Option<Timestamp>,
    /// Its title before it was edited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old_title: Option<String>,
}

/// Notices that were given up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadLetters {
    /// The channel they were for.
    pub channel: String,
    /// How many.
    pub count: usize,
    /// Why.
    pub reason: String,
}

impl DeadLetters {
    /// The [`reason`](Self::reason) where the settings no longer name the channel.
    pub const NOT_NAMED: &'static str = "the settings no longer name the channel";
    /// How the reason begins where they waited too long.
    pub const WAITED: &'static str = "it waited for 3 days";
    /// What follows then before the channel's last error, if it had any.
    pub const LAST_ERROR: &'static str = "; the channel's last error: ";
}

/// A channel that refuses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelTrouble {
    /// The channel.
    pub channel: String,
    /// What it said.
    pub reason: String,
}

/// What a notice is about, as far as filters care.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject<'a> {
    /// A Copr project.
    Project(&'a str),
    /// A GitHub issue.
    Issue {
        /// `owner/name`.
        repository: &'a str,
        /// Who opened the issue.
        author: &'a str,
        /// Who did what the notice tells.
        actor: &'a str,
        /// Whether the actor is a bot.
        is_bot: bool,
        /// The names of the issue's labels.
        labels: &'a [String],
    },
    /// A hook of GitHub's.
    Hook {
        /// `owner/name`, if it is a repository's.
        repository: Option<&'a str>,
    },
    /// Copperbell itself.
    Copperbell,
}

/// Which waiting notices are said in one message.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Group {
    /// The builds of one Copr project.
    Project(String),
    /// The issues of one GitHub repository.
    Repository(String),
    /// The deliveries of one hook that were given up.
    GivenUp(String),
    /// The dead letters of one channel.
    DeadLetters(String),
}

impl Group {
    /// How many notices must wait before they are said in one message. Each of a few issues or deliveries is worth its
    /// own.
    #[must_use]
    pub fn smallest(&self) -> usize {
        match self {
            Self::Project(_) | Self::DeadLetters(_) => 1,
            Self::Repository(_) | Self::GivenUp(_) => 6,
        }
    }
}

impl Notice {
    /// A notice of a fact accepted at `at`.
    #[must_use]
    pub fn new(at: Timestamp, fact: Fact) -> Self {
        Self { v: VERSION, at, fact }
    }

    /// The event's name, as routes spell it: `copr.broken`, `issues.opened`.
    #[must_use]
    pub fn event(&self) -> &str {
        match &self.fact {
            Fact::CoprBroken(_) => "copr.broken",
            Fact::CoprGrown(_) => "copr.grown",
            Fact::CoprFailedAgain(_) => "copr.failed_again",
            Fact::CoprReminder(_) => "copr.reminder",
            Fact::CoprRecovered(_) => "copr.recovered",
            Fact::CoprGone(_) => "copr.gone",
            Fact::CoprUnreachable(_) => "copr.unreachable",
            Fact::CoprReachable(_) => "copr.reachable",
            Fact::Issue(issue) => &issue.name,
            Fact::RedeliveryFailing(_) => "redelivery.failing",
            Fact::RedeliveryRecovered(_) => "redelivery.recovered",
            Fact::RedeliveryExpiring(_) => "redelivery.expiring",
            Fact::RedeliveryGivenUp(_) => "redelivery.given_up",
            Fact::RedeliveryGap(_) => "redelivery.gap",
            Fact::RedeliveryHook(_) => "redelivery.hook",
            Fact::RedeliverySilent(_) => "redelivery.silent",
            Fact::DeadLetter(_) => "copperbell.dead_letter",
            Fact::Channel(_) => "copperbell.channel",
            Fact::Digest(_) => "copperbell.report",
            Fact::Test => "copperbell.test",
        }
    }

    /// What this notice is about.
    #[must_use]
    pub fn subject(&self) -> Subject<'_> {
        match &self.fact {
            Fact::CoprBroken(builds)
            | Fact::CoprGrown(builds)
            | Fact::CoprFailedAgain(builds)
            | Fact::CoprReminder(builds)
            | Fact::CoprRecovered(builds)
            | Fact::CoprGone(builds) => Subject::Project(&builds.project),
            Fact::CoprUnreachable(polls) | Fact::CoprReachable(polls) => Subject::Project(&polls.project),
            Fact::Issue(issue) => Subject::Issue {
                repository: &issue.repository,
                author: &issue.author,
                actor: &issue.actor,
                is_bot: issue.is_bot,
                labels: &issue.labels,
            },
            Fact::RedeliveryFailing(HookFailing { hook, .. })
            | Fact::RedeliveryRecovered(HookRecovered { hook, .. })
            | Fact::RedeliveryExpiring(Expiring { hook, .. })
            | Fact::RedeliveryGivenUp(GivenUpDelivery { hook, .. })
            | Fact::RedeliveryGap(Gap { hook, .. })
            | Fact::RedeliveryHook(HookTrouble { hook, .. })
            | Fact::RedeliverySilent(SilentHook { hook, .. }) => Subject::Hook {
                repository: redelivery::repository(hook),
            },
            Fact::DeadLetter(_) | Fact::Channel(_) | Fact::Digest(_) | Fact::Test => Subject::Copperbell,
        }
    }

    /// What this notice may share a message with.
    #[must_use]
    pub fn group(&self) -> Option<Group> {
        match &self.fact {
            Fact::CoprBroken(builds)
            | Fact::CoprGrown(builds)
            | Fact::CoprFailedAgain(builds)
            | Fact::CoprReminder(builds)
            | Fact::CoprRecovered(builds)
            | Fact::CoprGone(builds) => Some(Group::Project(builds.project.clone())),
            Fact::Issue(issue) => Some(Group::Repository(issue.repository.clone())),
            Fact::RedeliveryGivenUp(delivery) => Some(Group::GivenUp(delivery.hook.clone())),
            Fact::DeadLetter(dead) => Some(Group::DeadLetters(dead.channel.clone())),
            Fact::CoprUnreachable(_)
            | Fact::CoprReachable(_)
            | Fact::RedeliveryFailing(_)
            | Fact::RedeliveryRecovered(_)
            | Fact::RedeliveryExpiring(_)
            | Fact::RedeliveryGap(_)
            | Fact::RedeliveryHook(_)
            | Fact::RedeliverySilent(_)
            | Fact::Channel(_)
            | Fact::Digest(_)
            | Fact::Test => None,
        }
    }

    /// The JSON to store, of [`MAX_STORED`] bytes at most: long lists and texts are cut.
    #[must_use]
    pub fn to_stored(&self) -> String {
        let mut notice = self.clone();
        notice.cut_texts();
        loop {
            let json = serde_json::to_string(&notice).unwrap_or_default();
            if json.len() <= MAX_STORED || !notice.cut_list() {
                return json;
            }
        }
    }

    /// Reads stored JSON; `None` where it is of a later version, or no notice.
    #[must_use]
    pub fn from_stored(json: &str) -> Option<Self> {
        let notice: Self = serde_json::from_str(json).ok()?;
        (notice.v == VERSION).then_some(notice)
    }

    /// Cuts every text from outside to a length at which the notice without its list fits.
    fn cut_texts(&mut self) {
        match &mut self.fact {
            Fact::CoprBroken(builds)
            | Fact::CoprGrown(builds)
            | Fact::CoprFailedAgain(builds)
            | Fact::CoprReminder(builds)
            | Fact::CoprRecovered(builds)
            | Fact::CoprGone(builds) => {
                cut(&mut builds.package, 256);
                for chroot in &mut builds.chroots {
                    cut(&mut chroot.name, 128);
                    if let Some(version) = &mut chroot.version {
                        cut(version, 128);
                    }
                    // A link is whole or it is not there.
                    chroot.log_url.take_if(|url| url.len() > 1024);
                }
            }
            Fact::CoprUnreachable(polls) | Fact::CoprReachable(polls) => {
                cut(&mut polls.error, 1024);
            }
            Fact::Issue(issue) => issue.cut_texts(),
            Fact::RedeliveryFailing(failing) => failing.cut_texts(),
            Fact::RedeliveryRecovered(recovered) => recovered.cut_texts(),
            Fact::RedeliveryGivenUp(delivery) => delivery.cut_texts(),
            Fact::RedeliveryHook(trouble) => trouble.cut_texts(),
            Fact::RedeliveryExpiring(Expiring { hook, .. })
            | Fact::RedeliveryGap(Gap { hook, .. })
            | Fact::RedeliverySilent(SilentHook { hook, .. }) => redelivery::cut_hook(hook),
            Fact::DeadLetter(dead) => cut(&mut dead.reason, 1024),
            Fact::Channel(trouble) => cut(&mut trouble.reason, 1024),
            Fact::Digest(digest) => digest.cut_texts(),
            Fact::Test => {}
        }
    }

    /// Halves the longest list; false when there is nothing left to cut.
    fn cut_list(&mut self) -> bool {
        match &mut self.fact {
            Fact::CoprBroken(builds)
            | Fact::CoprGrown(builds)
            | Fact::CoprFailedAgain(builds)
            | Fact::CoprReminder(builds)
            | Fact::CoprRecovered(builds)
            | Fact::CoprGone(builds)
                if !builds.chroots.is_empty() =>
            {
                let keep = builds.chroots.len() / 2;
                builds.more_chroots += builds.chroots.len() - keep;
                builds.chroots.truncate(keep);
                true
            }
            Fact::Issue(issue) => {
                let longest = if issue.labels.len() >= issue.assignees.len() {
                    &mut issue.labels
                } else {
                    &mut issue.assignees
                };
                let all = longest.len();
                longest.truncate(all / 2);
                all > 0
            }
            Fact::RedeliveryFailing(failing) => {
                let all = failing.why.len();
                failing.why.truncate(all / 2);
                all > 0
            }
            _ => false,
        }
    }
}

impl IssueEvent {
    /// What was done: the name's second half (`opened`).
    #[must_use]
    pub fn action(&self) -> &str {
        self.name.split_once('.').map_or("", |(_, action)| action)
    }

    /// Whether it is about a comment.
    pub(crate) fn is_comment(&self) -> bool {
        self.name.starts_with("issue_comment.")
    }

    /// Cuts texts to more than GitHub allows, and drops links that are longer than any of its pages'.
    fn cut_texts(&mut self) {
        self.excerpt = excerpt(&self.excerpt);
        for text in [&mut self.name, &mut self.actor, &mut self.author] {
            cut(text, 64);
        }
        cut(&mut self.repository, 160);
        cut(&mut self.title, 256);
        for text in self.labels.iter_mut().chain(&mut self.assignees) {
            cut(text, 64);
        }
        let short = [&mut self.milestone, &mut self.about, &mut self.old_title];
        for text in short.into_iter().chain([&mut self.state_reason]).flatten() {
            cut(text, 256);
        }
        for url in [&mut self.url, &mut self.repository_url] {
            if url.len() > 512 {
                url.clear();
            }
        }
    }
}
