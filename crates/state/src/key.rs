//! Every key of the table, in one place.

use jiff::Timestamp;

/// Partition and sort key of an item.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// Partition key.
    pub pk: String,
    /// Sort key.
    pub sk: String,
}

impl Key {
    fn new(pk: impl Into<String>, sk: impl Into<String>) -> Self {
        Self {
            pk: pk.into(),
            sk: sk.into(),
        }
    }
}

/// Partition of the project items.
pub const PROJECTS: &str = "project";
/// Partition of the hook items.
pub const HOOKS: &str = "hook";
/// Partition of the channel items.
pub const CHANNELS: &str = "channel";

/// The last pass.
#[must_use]
pub fn last_run() -> Key {
    Key::new("run", "last")
}

/// When the figures of the issues were last told.
#[must_use]
pub fn last_digest() -> Key {
    Key::new("run", "digest")
}

/// A watched Copr project: lease, tick, how its polls went.
#[must_use]
pub fn project(project: &str) -> Key {
    Key::new(PROJECTS, project)
}

/// Partition of a project's open incidents.
#[must_use]
pub fn incidents(project: &str) -> String {
    format!("incident#{project}")
}

/// One package's open incident.
#[must_use]
pub fn incident(project: &str, package: &str) -> Key {
    Key::new(incidents(project), package)
}

/// A channel: lease, rest, head.
#[must_use]
pub fn channel(name: &str) -> Key {
    Key::new(CHANNELS, name)
}

/// Partition of a channel's waiting notices.
#[must_use]
pub fn outbox(channel: &str) -> String {
    format!("outbox#{channel}")
}

/// Partition of a channel's dead letters.
#[must_use]
pub fn dead(channel: &str) -> String {
    format!("dead#{channel}")
}

/// A delivery that was accepted, by its guid (`X-GitHub-Delivery`).
#[must_use]
pub fn delivery(guid: &str) -> Key {
    Key::new(format!("delivery#{guid}"), "accepted")
}

/// A body that was accepted, by its SHA-256 in hexadecimal.
#[must_use]
pub fn body(digest: &str) -> Key {
    Key::new(format!("body#{digest}"), "accepted")
}

/// Partition of the channels that have heard of an issue.
#[must_use]
pub fn heard_of(repository_id: u64, issue_id: u64) -> String {
    format!("heard#{repository_id}#{issue_id}")
}

/// A channel that has heard of an issue.
#[must_use]
pub fn heard(repository_id: u64, issue_id: u64, channel: &str) -> Key {
    Key::new(heard_of(repository_id, issue_id), channel)
}

/// A hook whose delivery log is read (`app`, `repo:owner/name:123`, `org:name:456`): lease, tick, how far, how it fares.
#[must_use]
pub fn hook(hook: &str) -> Key {
    Key::new(HOOKS, hook)
}

/// Partition of a hook's lost deliveries.
#[must_use]
pub fn losses(hook: &str) -> String {
    format!("lost#{hook}")
}

/// A delivery that failed, by its guid.
#[must_use]
pub fn loss(hook: &str, guid: &str) -> Key {
    Key::new(losses(hook), guid)
}

/// A hook that pinged us, by its id at GitHub: when.
#[must_use]
pub fn ping(id: u64) -> Key {
    Key::new("ping", id.to_string())
}

/// How far the history of a repository was read, by its id at GitHub.
#[must_use]
pub fn backfill(repository_id: u64) -> Key {
    Key::new("backfill", repository_id.to_string())
}

/// Partition of the issues that reading has met.
#[must_use]
pub fn backfilled(repository_id: u64) -> String {
    format!("backfill#{repository_id}")
}

/// A page of them, by its number.
#[must_use]
pub fn backfilled_page(repository_id: u64, page: usize) -> Key {
    Key::new(backfilled(repository_id), format!("{page:08}"))
}

/// The sort key of a notice: sorts by the time of acceptance, and is a function of the fact, so that the same fact
/// is never waiting twice.
#[must_use]
pub fn notice_id(accepted: Timestamp, fact: &str) -> String {
    format!("{:013}#{fact}", accepted.as_millisecond().max(0))
}

/// When the notice with this sort key was accepted.
#[must_use]
pub fn accepted_at(notice_id: &str) -> Option<Timestamp> {
    let (ms, _) = notice_id.split_once('#')?;
    Timestamp::from_millisecond(ms.parse().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notice_ids_sort_by_the_time_of_acceptance_and_give_it_back() {
        let early = Timestamp::from_millisecond(999).unwrap();
        let late = Timestamp::from_millisecond(1_800_000_000_000).unwrap();
        assert!(notice_id(early, "b") < notice_id(late, "a"));
        assert_eq!(accepted_at(&notice_id(late, "a#b")), Some(late));
        assert_eq!(accepted_at("no number#x"), None);
    }
}
