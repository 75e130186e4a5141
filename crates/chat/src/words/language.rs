//! What a language must have words for. One that lacks any does not compile.
//!
//! Each method is a whole statement (a title, a line, a button): which word stands where is the language's own affair.
//! What is named in them (packages, hooks, logins, titles, errors) is text from outside that has passed
//! [`plain`](crate::plain), and stays as it is.

use std::str::FromStr;

use super::copr::Change;
use super::en::English;
use super::ru::Russian;
use super::zh::Chinese;
use crate::message::Line;

/// The languages there are words in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// English.
    #[default]
    En,
    /// Chinese, simplified.
    Zh,
    /// Russian.
    Ru,
}

impl Language {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::En, Self::Zh, Self::Ru];

    pub(crate) fn words(self) -> &'static dyn Words {
        match self {
            Self::En => &English,
            Self::Zh => &Chinese,
            Self::Ru => &Russian,
        }
    }
}

/// A language we have no words in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no language that notices are written in: expected en, zh or ru")]
pub struct UnknownLanguage(String);

impl FromStr for Language {
    type Err = UnknownLanguage;

    fn from_str(text: &str) -> Result<Self, UnknownLanguage> {
        match text.trim().to_ascii_lowercase().as_str() {
            "en" => Ok(Self::En),
            "zh" => Ok(Self::Zh),
            "ru" => Ok(Self::Ru),
            _ => Err(UnknownLanguage(text.to_owned())),
        }
    }
}

/// How long something lasted, as people count it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lasted {
    /// Less than a minute.
    Moments,
    Minutes(i64),
    /// And how many minutes, if it is less than a day.
    Hours(i64, i64),
    /// From two on.
    Days(i64),
}

/// A hook of GitHub's.
pub(crate) enum Hook {
    /// The App's own.
    App,
    /// As settings name it.
    Named(String),
}

/// How a delivery failed.
pub(crate) enum Way {
    NoAnswer,
    /// A status, or what else was said.
    Said(String),
}

/// What happened to an issue, or to a comment on it.
pub(crate) enum Act {
    Opened,
    /// Why and after how long, as far as that is known.
    Closed(Option<CloseReason>, Option<Lasted>),
    Reopened,
    Renamed,
    Edited,
    Deleted,
    /// Where to, if that is known.
    Transferred(Option<String>),
    Pinned,
    Unpinned,
    Locked,
    Unlocked,
    Labelled(String),
    Unlabelled(String),
    /// To whom: nobody named is the actor.
    Assigned(Option<String>),
    /// Who was: nobody named is the actor.
    Unassigned(Option<String>),
    Milestoned(String),
    Demilestoned(String),
    Typed(String),
    Untyped(String),
    FieldSet(String),
    FieldCleared(String),
    Commented,
    CommentEdited,
    CommentDeleted,
    CommentPinned,
    CommentUnpinned,
    /// What GitHub thinks of next, in its own word if there is one.
    Other(Option<String>),
    CommentOther(Option<String>),
}

/// Why an issue was closed.
pub(crate) enum CloseReason {
    Completed,
    NotPlanned,
    Duplicate,
    /// In GitHub's own word.
    Other(String),
}

/// Why notices were given up.
pub(crate) enum Dead {
    /// The settings no longer name their channel.
    NotNamed,
    /// They waited for three days; what the channel said last, if anything.
    Waited(Option<String>),
    /// The channel's own words.
    Said(String),
}

/// Why a delivery was given up.
pub(crate) enum GivenUp {
    /// So many attempts failed, the last one how.
    Attempts(usize, Way),
    /// In GitHub's own words.
    Refused(String),
    Conflict,
    WrongSecret,
    ByHand,
    TooOld,
}

/// What took its time, in a digest.
#[derive(Clone, Copy)]
pub(crate) enum Took {
    FirstResponse,
    Close,
}

/// Everything that is said, in one language.
pub(crate) trait Words: Sync {
    // What all messages share.

    /// What stands for so many lines that were left out.
    fn and_more(&self, count: usize) -> String;
    /// One thing of the small print.
    fn detail(&self, name: &str, value: &str) -> String;
    fn no_name(&self) -> &'static str;
    fn no_title(&self) -> &'static str;
    fn no_reason(&self) -> &'static str;
    fn lasted(&self, lasted: Lasted) -> String;
    /// The name and value of a detail: a fact was noticed so long ago.
    fn noticed(&self, ago: Lasted) -> (&'static str, String);
    /// The title of notices that share nothing.
    fn notices(&self, count: usize) -> String;

    // Builds.

    /// The title of what happened to a package; how long it fails or failed.
    fn package(&self, change: Change, package: &str, project: &str, after: Lasted) -> String;
    /// The title of what happened to several packages, each of which had the same happen to it.
    fn packages(&self, change: Change, count: usize, project: &str) -> String;
    /// The title of what happened to several packages.
    fn several_packages(&self, counts: &[(Change, usize)], project: &str) -> String;
    /// What happened, in the line of a package, with its failing builds where it is not over.
    fn in_list(&self, change: Change, after: Lasted, builds: Line) -> Line;
    /// Between two groups of chroots.
    fn semicolon(&self) -> &'static str;
    /// Between two happenings of one package.
    fn then(&self) -> &'static str;
    /// The same where so many are left out between the two.
    fn left_out_then(&self, count: usize) -> String;
    /// The last of a list of chroots, which stands for so many.
    fn more(&self, count: usize) -> String;
    fn and_more_chroots(&self, count: usize) -> String;
    /// A chroot whose rebuild was canceled.
    fn canceled(&self, chroot: &str) -> String;
    fn source_package(&self) -> &'static str;
    fn build(&self, id: u64) -> String;
    fn log(&self) -> &'static str;
    fn monitor(&self) -> &'static str;
    /// Where a package failed that is well.
    fn had_failed(&self, builds: Line) -> Line;
    /// Where a package failed that is no more.
    fn gone(&self, builds: Line) -> Line;
    fn failing_for(&self, after: Lasted) -> String;
    fn failed_until_gone(&self, after: Lasted) -> String;
    /// The title: a project could not be polled so many times in a row.
    fn unreachable(&self, project: &str, times: usize) -> String;
    fn unreachable_since(&self, ago: Lasted) -> String;
    fn reachable(&self, project: &str, after: Lasted) -> String;
    fn polls_had_failed(&self, count: usize, error: &str) -> String;

    // Issues.

    /// What somebody did, before and after the issue's name.
    fn happened(&self, actor: &str, act: &Act, is_pr: bool) -> (String, String);
    /// Between what happened and the issue's title.
    fn colon(&self) -> &'static str;
    fn was(&self, old_title: &str) -> String;
    /// The title of so many events of one repository.
    fn issue_events(&self, count: usize, repository: &str) -> String;
    fn comment(&self) -> &'static str;
    fn issue(&self, number: u64) -> String;
    fn pull_request(&self, number: u64) -> String;
    fn all_issues(&self) -> &'static str;
    fn labels(&self, count: usize) -> &'static str;
    fn assigned_to(&self) -> &'static str;
    fn milestone(&self) -> &'static str;
    fn opened_by(&self) -> &'static str;

    // The issues as a whole.

    fn digest(&self, since: Lasted, opened: u64, closed: u64, open: u64) -> String;
    /// Half of so many issues took no longer than this, nine of ten no longer than that.
    fn took(&self, what: Took, half: Lasted, most: Lasted, issues: usize) -> String;
    fn unanswered(&self) -> &'static str;

    // Lost deliveries.

    fn failing(&self, hook: &Hook) -> String;
    /// How many were lost since when, how (and how many otherwise), and where they should have gone.
    fn lost(&self, count: u32, since: &str, ways: &[(Way, u32)], otherwise: u32, to: Option<&str>) -> String;
    /// How redelivering goes on: `waits` until one gets through?
    fn redelivering(&self, waits: bool) -> String;
    /// The title, where some arrived in the end.
    fn arrive_again(&self, hook: &Hook, after: Lasted) -> String;
    /// The title, where none did.
    fn none_got_back(&self, hook: &Hook, after: Lasted) -> String;
    fn got_back(&self, lost: u32, recovered: u32, given_up: u32, to: Option<&str>) -> String;
    fn nowhere(&self) -> &'static str;
    fn expiring(&self, count: usize, hook: &Hook) -> String;
    /// GitHub redelivers the first until then, so long from now; no time is left where that is past.
    fn redelivers_until(&self, until: &str, left: Option<Lasted>) -> String;
    fn look_at_receiver(&self) -> &'static str;
    fn given_up(&self, delivery: &str, hook: &Hook) -> String;
    fn all_given_up(&self, count: usize, hook: &Hook) -> String;
    /// What follows a delivery's name in a list.
    fn given_up_line(&self, guid: &str, delivered: &str, why: &str) -> String;
    fn why_given_up(&self, why: &GivenUp) -> String;
    fn retry(&self, guid: &str) -> String;
    fn look_up(&self, guid: &str) -> String;
    fn delivered(&self) -> &'static str;
    fn try_again_with(&self) -> &'static str;
    fn gap(&self, hook: &Hook) -> String;
    fn not_read(&self, from: &str, to: &str) -> String;
    fn compare(&self) -> &'static str;
    fn log_unreadable(&self, hook: &Hook, times: usize) -> String;
    fn log_unreadable_since(&self, ago: Lasted) -> String;
    fn log_readable(&self, hook: &Hook, after: Lasted) -> String;
    fn got_back_from_now(&self) -> &'static str;
    fn blocked(&self, hook: &Hook) -> String;
    fn they_wait(&self) -> &'static str;
    fn inactive(&self, hook: &Hook) -> String;
    fn lost_until_active(&self) -> &'static str;
    fn active(&self, hook: &Hook) -> String;
    fn lost_while_inactive(&self) -> &'static str;
    fn moved(&self, hook: &Hook) -> String;
    fn moved_to(&self, to: &str, from: &str) -> String;
    fn check_settings(&self) -> &'static str;
    fn silent(&self, hook: &Hook) -> String;
    fn pinged(&self, ago: Lasted) -> String;
    fn check_reach(&self) -> &'static str;

    // Copperbell itself.

    fn dead_letters(&self, count: usize, channel: &str) -> String;
    fn dead_reason(&self, reason: &Dead) -> String;
    /// One of several reasons, and for how many.
    fn dead_of(&self, count: usize, reason: &str) -> String;
    fn kept(&self) -> &'static str;
    fn channel(&self, name: &str) -> String;
    fn channel_waits(&self) -> &'static str;
    fn test(&self) -> &'static str;
    fn test_of(&self) -> &'static str;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_language_is_named_by_its_code() {
        for (text, expected) in [("en", Language::En), (" ZH ", Language::Zh), ("ru", Language::Ru)] {
            assert_eq!(text.parse(), Ok(expected));
        }
        let error = "zh_CN".parse::<Language>().expect_err("unknown");
        assert_eq!(
            error.to_string(),
            "`zh_CN` is no language that notices are written in: expected en, zh or ru"
        );
    }
}
