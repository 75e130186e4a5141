//! English.

use super::copr::Change;
use super::language::{Act, CloseReason, Dead, GivenUp, Hook, Lasted, Took, Way, Words};
use super::text;
use crate::message::Line;

pub(super) struct English;

/// "1 notice", "2 notices".
fn counted(count: usize, what: &str) -> String {
    let s = if count == 1 { "" } else { "s" };
    format!("{count} {what}{s}")
}

fn deliveries(count: usize) -> String {
    if count == 1 {
        "1 delivery".to_owned()
    } else {
        format!("{count} deliveries")
    }
}

/// What happened to so many packages: "broke", as in "12 broke".
fn packages_did(change: Change, count: usize) -> &'static str {
    match (change, count) {
        (Change::Broken, _) => "broke",
        (Change::Grown, 1) => "fails in more chroots",
        (Change::Grown, _) => "fail in more chroots",
        (Change::FailedAgain, _) => "failed again",
        (Change::StillFails, 1) => "still fails",
        (Change::StillFails, _) => "still fail",
        (Change::Recovered, _) => "recovered",
        (Change::Gone, 1) => "has no failing build left",
        (Change::Gone, _) => "have no failing build left",
    }
}

/// The hook, as it follows "of".
fn of(hook: &Hook) -> &str {
    match hook {
        Hook::App => "the GitHub App",
        Hook::Named(name) => name,
    }
}

fn way(way: &Way) -> &str {
    match way {
        Way::NoAnswer => "no answer",
        Way::Said(said) => said,
    }
}

/// " · to hooks.example.org/webhook"
fn to(place: Option<&str>) -> String {
    place.map_or_else(String::new, |place| format!(" · to {place}"))
}

fn after(before: &str, mut rest: Line) -> Line {
    rest.insert(0, text(before));
    rest
}

impl Words for English {
    fn and_more(&self, count: usize) -> String {
        format!("… and {count} more")
    }

    fn detail(&self, name: &str, value: &str) -> String {
        format!("{name} {value}")
    }

    fn no_name(&self) -> &'static str {
        "(no name)"
    }

    fn no_title(&self) -> &'static str {
        "(no title)"
    }

    fn no_reason(&self) -> &'static str {
        "no reason given"
    }

    fn lasted(&self, lasted: Lasted) -> String {
        match lasted {
            Lasted::Moments => "less than a minute".to_owned(),
            Lasted::Minutes(minutes) => format!("{minutes} min"),
            Lasted::Hours(hours, 0) => format!("{hours} h"),
            Lasted::Hours(hours, minutes) => format!("{hours} h {minutes} min"),
            Lasted::Days(days) => format!("{days} days"),
        }
    }

    fn noticed(&self, ago: Lasted) -> (&'static str, String) {
        ("noticed", format!("{} ago", self.lasted(ago)))
    }

    fn notices(&self, count: usize) -> String {
        counted(count, "notice")
    }

    fn package(&self, change: Change, package: &str, project: &str, after: Lasted) -> String {
        let after = self.lasted(after);
        match change {
            Change::Broken => format!("{package} fails to build in {project}"),
            Change::Grown => format!("{package} fails in more chroots in {project}"),
            Change::FailedAgain => format!("{package} failed again in {project}"),
            Change::StillFails => format!("{package} still fails in {project}, after {after}"),
            Change::Recovered => format!("{package} builds again in {project}, after {after}"),
            Change::Gone => format!("{package} has no failing build left in {project}"),
        }
    }

    fn packages(&self, change: Change, count: usize, project: &str) -> String {
        let did = packages_did(change, count);
        format!("{} {did} in {project}", counted(count, "package"))
    }

    fn several_packages(&self, counts: &[(Change, usize)], project: &str) -> String {
        let told: Vec<_> = counts
            .iter()
            .map(|&(change, count)| format!("{count} {}", packages_did(change, count)))
            .collect();
        format!("{} in {project}", told.join(", "))
    }

    fn in_list(&self, change: Change, lasted: Lasted, builds: Line) -> Line {
        let lasted = self.lasted(lasted);
        match change {
            Change::Broken => after("fails: ", builds),
            Change::Grown => after("fails in more chroots: ", builds),
            Change::FailedAgain => after("failed again: ", builds),
            Change::StillFails => after(&format!("still fails, after {lasted}: "), builds),
            Change::Recovered => vec![text(format!("builds again, after {lasted}"))],
            Change::Gone => vec![text(format!("has no failing build left, after {lasted}"))],
        }
    }

    fn semicolon(&self) -> &'static str {
        "; "
    }

    fn then(&self) -> &'static str {
        "; then "
    }

    fn left_out_then(&self, count: usize) -> String {
        format!("; … {count} more …; then ")
    }

    fn more(&self, count: usize) -> String {
        format!("{count} more")
    }

    fn and_more_chroots(&self, count: usize) -> String {
        format!("and {}", counted(count, "more chroot"))
    }

    fn canceled(&self, chroot: &str) -> String {
        format!("{chroot} (rebuild canceled)")
    }

    fn source_package(&self) -> &'static str {
        "source package (SRPM)"
    }

    fn build(&self, id: u64) -> String {
        format!("build {id}")
    }

    fn log(&self) -> &'static str {
        "log"
    }

    fn monitor(&self) -> &'static str {
        "project monitor"
    }

    fn had_failed(&self, builds: Line) -> Line {
        after("had failed: ", builds)
    }

    fn gone(&self, builds: Line) -> Line {
        after("gone: ", builds)
    }

    fn failing_for(&self, after: Lasted) -> String {
        format!("failing for {}", self.lasted(after))
    }

    fn failed_until_gone(&self, after: Lasted) -> String {
        let after = self.lasted(after);
        format!("failed for {after} until it was deleted, disabled or skipped")
    }

    fn unreachable(&self, project: &str, times: usize) -> String {
        format!("{project} could not be polled, {} in a row", counted(times, "time"))
    }

    fn unreachable_since(&self, ago: Lasted) -> String {
        let ago = self.lasted(ago);
        format!("first failed {ago} ago; nothing is said of its builds until a poll succeeds")
    }

    fn reachable(&self, project: &str, after: Lasted) -> String {
        format!("{project} can be polled again, after {}", self.lasted(after))
    }

    fn polls_had_failed(&self, count: usize, error: &str) -> String {
        format!("{} had failed, the last one with: {error}", counted(count, "poll"))
    }

    fn happened(&self, actor: &str, act: &Act, is_pr: bool) -> (String, String) {
        let pull_request = if is_pr { "pull request " } else { "" };
        let said = |verb: &str, after: String| (format!("{actor} {verb} {pull_request}"), after);
        let did = |verb: &str| said(verb, String::new());
        match act {
            Act::Opened => did("opened"),
            Act::Closed(reason, after) => {
                let reason = reason.as_ref().map_or_else(String::new, |reason| match reason {
                    CloseReason::Completed => " as completed".to_owned(),
                    CloseReason::NotPlanned => " as not planned".to_owned(),
                    CloseReason::Duplicate => " as a duplicate".to_owned(),
                    CloseReason::Other(word) => format!(" as {word}"),
                });
                let after = after.map_or_else(String::new, |after| format!(" after {}", self.lasted(after)));
                said("closed", reason + &after)
            }
            Act::Reopened => did("reopened"),
            Act::Renamed => did("renamed"),
            Act::Edited => did("edited"),
            Act::Deleted => did("deleted"),
            Act::Transferred(None) => did("transferred"),
            Act::Transferred(Some(to)) => said("transferred", format!(" to {to}")),
            Act::Pinned => did("pinned"),
            Act::Unpinned => did("unpinned"),
            Act::Locked => did("locked"),
            Act::Unlocked => did("unlocked"),
            Act::Labelled(label) => said("labelled", format!(" “{label}”")),
            Act::Unlabelled(label) => did(&format!("took the label “{label}” off")),
            Act::Assigned(None) => said("assigned", " to themselves".to_owned()),
            Act::Assigned(Some(whom)) => said("assigned", format!(" to {whom}")),
            Act::Unassigned(None) => did("unassigned themselves from"),
            Act::Unassigned(Some(whom)) => did(&format!("unassigned {whom} from")),
            Act::Milestoned(milestone) => said("added", format!(" to the milestone “{milestone}”")),
            Act::Demilestoned(milestone) => said("took", format!(" out of the milestone “{milestone}”")),
            Act::Typed(kind) => said("set the type of", format!(" to “{kind}”")),
            Act::Untyped(kind) => did(&format!("took the type “{kind}” off")),
            Act::FieldSet(field) => did(&format!("set the field “{field}” of")),
            Act::FieldCleared(field) => did(&format!("cleared the field “{field}” of")),
            Act::Commented => did("commented on"),
            Act::CommentEdited => did("edited a comment on"),
            Act::CommentDeleted => did("deleted a comment on"),
            Act::CommentPinned => did("pinned a comment on"),
            Act::CommentUnpinned => did("unpinned a comment on"),
            // GitHub's next word is most likely a participle too.
            Act::Other(word) => {
                let word = word.as_deref().unwrap_or("changed");
                (pull_request.to_owned(), format!(" was {word} by {actor}"))
            }
            Act::CommentOther(word) => {
                let word = word.as_deref().unwrap_or("changed");
                (
                    format!("a comment on {pull_request}"),
                    format!(" was {word} by {actor}"),
                )
            }
        }
    }

    fn colon(&self) -> &'static str {
        ": "
    }

    fn was(&self, old_title: &str) -> String {
        format!("was: {old_title}")
    }

    fn issue_events(&self, count: usize, repository: &str) -> String {
        format!("{} in {repository}", counted(count, "issue event"))
    }

    fn comment(&self) -> &'static str {
        "comment"
    }

    fn issue(&self, number: u64) -> String {
        format!("issue #{number}")
    }

    fn pull_request(&self, number: u64) -> String {
        format!("pull request #{number}")
    }

    fn all_issues(&self) -> &'static str {
        "all issues"
    }

    fn labels(&self, count: usize) -> &'static str {
        if count == 1 { "label" } else { "labels" }
    }

    fn assigned_to(&self) -> &'static str {
        "assigned to"
    }

    fn milestone(&self) -> &'static str {
        "milestone"
    }

    fn opened_by(&self) -> &'static str {
        "opened by"
    }

    fn digest(&self, since: Lasted, opened: u64, closed: u64, open: u64) -> String {
        let since = self.lasted(since);
        format!("Issues of the last {since}: {opened} new, {closed} closed, {open} open")
    }

    fn took(&self, what: Took, half: Lasted, most: Lasted, issues: usize) -> String {
        let what = match what {
            Took::FirstResponse => "first response",
            Took::Close => "closed as completed",
        };
        let (half, most) = (self.lasted(half), self.lasted(most));
        let issues = counted(issues, "issue");
        format!("{what}: half within {half}, nine of ten within {most} ({issues})")
    }

    fn unanswered(&self) -> &'static str {
        "longest without a response:"
    }

    fn failing(&self, hook: &Hook) -> String {
        format!("Deliveries of {} fail", of(hook))
    }

    fn lost(&self, count: u32, since: &str, ways: &[(Way, u32)], otherwise: u32, place: Option<&str>) -> String {
        let mut told: Vec<_> = ways
            .iter()
            .map(|(how, count)| format!("{count} {}", way(how)))
            .collect();
        if otherwise > 0 {
            told.push(format!("{otherwise} otherwise"));
        }
        let colon = if told.is_empty() { "" } else { ": " };
        format!("{count} lost since {since}{colon}{}{}", told.join(", "), to(place))
    }

    fn redelivering(&self, waits: bool) -> String {
        let next = if waits {
            "waits until one gets through"
        } else {
            "goes on"
        };
        format!("redelivering {next}; please look at the receiver")
    }

    fn arrive_again(&self, hook: &Hook, after: Lasted) -> String {
        format!("Deliveries of {} arrive again, after {}", of(hook), self.lasted(after))
    }

    fn none_got_back(&self, hook: &Hook, after: Lasted) -> String {
        let after = self.lasted(after);
        format!("No lost delivery of {} could be got back, after {after}", of(hook))
    }

    fn got_back(&self, lost: u32, recovered: u32, given_up: u32, place: Option<&str>) -> String {
        format!("{lost} lost, {recovered} got back, {given_up} given up{}", to(place))
    }

    fn nowhere(&self) -> &'static str {
        "nowhere"
    }

    fn expiring(&self, count: usize, hook: &Hook) -> String {
        format!("{} of {} will soon be lost for good", deliveries(count), of(hook))
    }

    fn redelivers_until(&self, until: &str, left: Option<Lasted>) -> String {
        match left {
            Some(left) => {
                let left = self.lasted(left);
                format!("GitHub redelivers the first until {until}, {left} from now")
            }
            None => format!("GitHub redelivered the first until {until}"),
        }
    }

    fn look_at_receiver(&self) -> &'static str {
        "please look at the receiver"
    }

    fn given_up(&self, delivery: &str, hook: &Hook) -> String {
        format!("{delivery} of {} was given up", of(hook))
    }

    fn all_given_up(&self, count: usize, hook: &Hook) -> String {
        format!("{} of {} were given up", deliveries(count), of(hook))
    }

    fn given_up_line(&self, guid: &str, delivered: &str, why: &str) -> String {
        format!(" {guid}, delivered {delivered}: {why}")
    }

    fn why_given_up(&self, why: &GivenUp) -> String {
        match why {
            GivenUp::Attempts(attempts, last) => {
                let attempts = counted(*attempts, "attempt");
                format!("{attempts} to get it back failed; last seen: {}", way(last))
            }
            GivenUp::Refused(said) => format!("GitHub would not redeliver it: {said}"),
            GivenUp::Conflict => "the receiver answered HTTP 409: it has another delivery of this guid".to_owned(),
            GivenUp::WrongSecret => {
                "the receiver answered HTTP 401 though it was signed: its secret is not the hook's".to_owned()
            }
            GivenUp::ByHand => "somebody redelivered it by hand and that failed; whether it ever arrived is no longer \
                               in GitHub's log"
                .to_owned(),
            GivenUp::TooOld => "GitHub no longer redelivers it: it is too old".to_owned(),
        }
    }

    fn retry(&self, guid: &str) -> String {
        format!("copperbell redelivery retry {guid} tries again")
    }

    fn look_up(&self, guid: &str) -> String {
        format!("its guid is {guid}; please look up at GitHub what it told")
    }

    fn delivered(&self) -> &'static str {
        "delivered"
    }

    fn try_again_with(&self) -> &'static str {
        "try again with"
    }

    fn gap(&self, hook: &Hook) -> String {
        format!("Deliveries of {} may be lost unseen", of(hook))
    }

    fn not_read(&self, from: &str, to: &str) -> String {
        format!("the delivery log was not read from {from} to {to}, and no longer goes back that far")
    }

    fn compare(&self) -> &'static str {
        "please compare what arrived in that time with what happened at GitHub"
    }

    fn log_unreadable(&self, hook: &Hook, times: usize) -> String {
        let times = counted(times, "time");
        format!("The delivery log of {} could not be read, {times} in a row", of(hook))
    }

    fn log_unreadable_since(&self, ago: Lasted) -> String {
        let ago = self.lasted(ago);
        format!("first failed {ago} ago; lost deliveries are not seen until a reading succeeds")
    }

    fn log_readable(&self, hook: &Hook, after: Lasted) -> String {
        let after = self.lasted(after);
        format!("The delivery log of {} can be read again, after {after}", of(hook))
    }

    fn got_back_from_now(&self) -> &'static str {
        "what was lost meanwhile is got back from now on"
    }

    fn blocked(&self, hook: &Hook) -> String {
        format!("Lost deliveries of {} cannot be got back", of(hook))
    }

    fn they_wait(&self) -> &'static str {
        "they wait until that is mended"
    }

    fn inactive(&self, hook: &Hook) -> String {
        format!("GitHub delivers nothing for {}", of(hook))
    }

    fn lost_until_active(&self) -> &'static str {
        "the hook was made inactive: what happens until it is active is lost for good"
    }

    fn active(&self, hook: &Hook) -> String {
        format!("GitHub delivers again for {}", of(hook))
    }

    fn lost_while_inactive(&self) -> &'static str {
        "the hook is active again; what happened while it was not is lost for good"
    }

    fn moved(&self, hook: &Hook) -> String {
        format!("Deliveries of {} go elsewhere", of(hook))
    }

    fn moved_to(&self, to: &str, from: &str) -> String {
        format!("to {to}, no longer to {from}")
    }

    fn check_settings(&self) -> &'static str {
        "if nobody meant that, please look at the hook's settings"
    }

    fn silent(&self, hook: &Hook) -> String {
        format!("A ping of {} did not arrive", of(hook))
    }

    fn pinged(&self, ago: Lasted) -> String {
        let ago = self.lasted(ago);
        format!("GitHub was asked for it {ago} ago; its other deliveries may not arrive either")
    }

    fn check_reach(&self) -> &'static str {
        "please check that the hook's URL reaches Copperbell, and that Copperbell has the hook's secret"
    }

    fn dead_letters(&self, count: usize, channel: &str) -> String {
        let were = if count == 1 { "was" } else { "were" };
        format!("{} for channel {channel} {were} given up", counted(count, "notice"))
    }

    fn dead_reason(&self, reason: &Dead) -> String {
        match reason {
            Dead::NotNamed => "the settings no longer name the channel".to_owned(),
            Dead::Waited(None) => "it waited for 3 days".to_owned(),
            Dead::Waited(Some(error)) => format!("it waited for 3 days; the channel's last error: {error}"),
            Dead::Said(said) => said.clone(),
        }
    }

    fn dead_of(&self, count: usize, reason: &str) -> String {
        format!("{}: {reason}", counted(count, "notice"))
    }

    fn kept(&self) -> &'static str {
        "kept as dead letters: copperbell outbox list"
    }

    fn channel(&self, name: &str) -> String {
        format!("Channel {name} takes no messages")
    }

    fn channel_waits(&self) -> &'static str {
        "its notices wait for a while; please look at its settings"
    }

    fn test(&self) -> &'static str {
        "The bell rings here"
    }

    fn test_of(&self) -> &'static str {
        "a test, by copperbell doctor; nothing has happened"
    }
}
