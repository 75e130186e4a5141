//! The log of a hook's deliveries, and how it is listed.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Bound;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::GitHub;
use super::event::{Event, Outcome};
use crate::server::lock;

/// One delivery.
#[derive(Clone)]
pub(super) struct Record {
    pub(super) id: u64,
    pub(super) guid: Arc<str>,
    pub(super) event: Event,
    /// When it was sent, in milliseconds since the epoch.
    pub(super) at: i64,
    /// From when on the API shows it.
    pub(super) visible_at: i64,
    /// In milliseconds.
    pub(super) duration: i64,
    pub(super) outcome: Outcome,
    /// Where it was sent.
    pub(super) url: Arc<str>,
    /// With what it was signed; headers are made of it when they are asked for, so that a long log is small.
    pub(super) secret: Option<Arc<str>>,
    /// What the receiver answered.
    pub(super) response: Option<(Map<String, Value>, String)>,
}

/// A record's place: by time, then as they came.
type Place = (i64, u64);

#[derive(Clone, Default)]
pub(super) struct Log {
    records: BTreeMap<Place, Record>,
    places: HashMap<u64, Place>,
}

/// How logs are listed.
#[derive(Clone)]
pub(super) struct Listing {
    /// How long can a delivery be seen and redelivered, in milliseconds?
    retention: i64,
    pub(super) link_base: Option<String>,
    disordered: bool,
    /// The cursors that are good: ids of the deliveries their pages start from.
    cursors: HashSet<u64>,
    /// What is answered to any other.
    bad_cursor: u16,
}

impl Default for Listing {
    fn default() -> Self {
        Self {
            retention: 3 * DAY,
            link_base: None,
            disordered: false,
            cursors: HashSet::new(),
            bad_cursor: 422,
        }
    }
}

const DAY: i64 = 24 * 60 * 60 * 1000;

/// What a listing is asked for.
pub(super) struct Asked<'a> {
    pub(super) per_page: usize,
    pub(super) cursor: Option<&'a str>,
    /// `success` or `failure`.
    pub(super) status: Option<&'a str>,
}

impl GitHub {
    /// How long a delivery is listed and can be redelivered, in days: 3 unless set, as on github.com; an Enterprise
    /// Server has 7.
    pub fn set_retention_days(&self, days: u32) {
        lock(&self.shared.site).listing.retention = i64::from(days) * DAY;
    }

    /// The Link header of a listing points to this base URL, or to that of the request again.
    pub fn set_link_base(&self, base: Option<&str>) {
        lock(&self.shared.site).listing.link_base = base.map(str::to_owned);
    }

    /// From now on logs are listed a little out of order, or no longer: of each three deliveries the first and the
    /// last change places, across the borders of pages too.
    pub fn disorder(&self, disordered: bool) {
        lock(&self.shared.site).listing.disordered = disordered;
    }

    /// Refuses the cursors handed out so far with this status, 400 or 422, and whatever else is no cursor of ours.
    pub fn expire_cursors(&self, status: u16) {
        let mut site = lock(&self.shared.site);
        site.listing.cursors.clear();
        site.listing.bad_cursor = status;
    }
}

impl Listing {
    /// One page, newest first, and the cursor of the next. The error is a status.
    pub(super) fn page<'a>(
        &mut self,
        log: &'a Log,
        now: i64,
        asked: &Asked<'_>,
    ) -> Result<(Vec<&'a Record>, Option<String>), u16> {
        let start = match asked.cursor {
            None => None,
            Some(cursor) => {
                let id = cursor.strip_prefix("v1_").and_then(|id| id.parse().ok());
                let place = id
                    .filter(|id| self.cursors.contains(id))
                    .and_then(|id| log.places.get(&id));
                Some(*place.ok_or(self.bad_cursor)?)
            }
        };
        let mut shown: Vec<&Record> = if self.disordered {
            let places = disordered(log);
            let begin = start.map_or(0, |start| {
                places.iter().position(|&place| place == start).unwrap_or_default()
            });
            self.take(places[begin..].iter().map(|place| &log.records[place]), now, asked)
        } else {
            let end = start.map_or(Bound::Unbounded, Bound::Included);
            let range = log.records.range((Bound::Unbounded, end));
            self.take(range.rev().map(|(_, record)| record), now, asked)
        };
        let next = if shown.len() > asked.per_page {
            shown.pop()
        } else {
            None
        };
        let next = next.map(|record| {
            self.cursors.insert(record.id);
            format!("v1_{}", record.id)
        });
        Ok((shown, next))
    }

    /// A page and one more.
    fn take<'a>(&self, records: impl Iterator<Item = &'a Record>, now: i64, asked: &Asked<'_>) -> Vec<&'a Record> {
        let oldest = now - self.retention;
        // Out of order, a record too old may come before one that is not.
        let records = records.take_while(|record| self.disordered || record.at >= oldest);
        let shown = records.filter(|record| {
            let codes = match asked.status {
                Some("success") => 200..=399,
                Some("failure") => 400..=599,
                _ => 0..=u16::MAX,
            };
            self.shows(record, now) && codes.contains(&record.outcome.status_code)
        });
        shown.take(asked.per_page + 1).collect()
    }

    /// Can it be seen and redelivered?
    pub(super) fn shows(&self, record: &Record, now: i64) -> bool {
        record.visible_at <= now && now - record.at <= self.retention
    }
}

/// All places, newest first, but of each three the first and the last have changed places. They are counted from the
/// oldest, so that a new record moves no old one.
fn disordered(log: &Log) -> Vec<Place> {
    let mut places: Vec<Place> = log.records.keys().copied().collect();
    places.chunks_exact_mut(3).for_each(<[_]>::reverse);
    places.reverse();
    places
}

impl Log {
    pub(super) fn insert(&mut self, record: Record) {
        let place = (record.at, self.places.len() as u64);
        self.places.insert(record.id, place);
        self.records.insert(place, record);
    }

    pub(super) fn get(&self, id: u64) -> Option<&Record> {
        self.records.get(self.places.get(&id)?)
    }

    /// All records, oldest first.
    pub(super) fn records(&self) -> impl DoubleEndedIterator<Item = &Record> {
        self.records.values()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::client::{HOOK, MINUTE, MORNING, get, start};
    use super::*;

    const LOG: &str = "/repos/acme/demo/hooks/7/deliveries";

    /// One delivery a minute, the last at [`MORNING`]; every tenth failed.
    fn fill(github: &GitHub, deliveries: i64) {
        let event = Event::new("issues", &json!({"action": "opened", "repository": {"id": 3}}));
        for n in 0..deliveries {
            let outcome = Outcome::answered(if n % 10 == 0 { 500 } else { 200 });
            github.record(HOOK, event.clone().at(MORNING - n * MINUTE), outcome);
        }
    }

    /// All pages: the ids, and how long each page was.
    async fn read(github: &GitHub, query: &str) -> (Vec<u64>, Vec<usize>) {
        let (mut ids, mut lengths) = (Vec::new(), Vec::new());
        let mut path = format!("{LOG}?{query}");
        loop {
            let page = get(github, &path).await;
            let page_ids = page.body.as_array().unwrap().iter();
            let before = ids.len();
            ids.extend(page_ids.map(|item| item["id"].as_u64().unwrap()));
            lengths.push(ids.len() - before);
            let Some(link) = page.header("link") else {
                return (ids, lengths);
            };
            let url = link.strip_prefix('<').unwrap().strip_suffix(">; rel=\"next\"").unwrap();
            url.strip_prefix(&github.url()).unwrap().clone_into(&mut path);
        }
    }

    /// The ids of the whole log, newest first.
    fn all(github: &GitHub) -> Vec<u64> {
        let log = github.deliveries(HOOK);
        log.iter().rev().map(|delivery| delivery.id).collect()
    }

    #[tokio::test]
    async fn a_log_is_listed_newest_first_and_page_by_page() {
        let (github, _) = start().await;
        assert_eq!(read(&github, "").await, (vec![], vec![0]));
        fill(&github, 250);
        let (ids, lengths) = read(&github, "per_page=100").await;
        assert_eq!(lengths, [100, 100, 50]);
        assert_eq!(ids, all(&github));
        assert!(ids.iter().all(|id| *id > 1 << 53));
        assert!(!ids.is_sorted() && !ids.iter().rev().is_sorted());

        let (_, lengths) = read(&github, "").await;
        assert_eq!(lengths, [30, 30, 30, 30, 30, 30, 30, 30, 10]);
        let (failures, _) = read(&github, "per_page=10&status=failure").await;
        assert_eq!(failures.len(), 25);
        assert_eq!(failures[1], ids[10]);
        let (successes, _) = read(&github, "per_page=100&status=success").await;
        assert_eq!(successes.len(), 225);
    }

    #[tokio::test]
    async fn a_late_delivery_shows_up_in_its_place_and_an_old_one_goes() {
        let (github, clock) = start().await;
        let event = Event::new("issues", &json!({}));
        let old = github.record(HOOK, event.clone().at(MORNING - 3 * DAY), Outcome::answered(200));
        let late = event.clone().at(MORNING - MINUTE).late(5 * MINUTE);
        let late = github.record(HOOK, late, Outcome::timed_out());
        let now = github.record(HOOK, event, Outcome::answered(200));
        assert_eq!(read(&github, "").await.0, [now.id, old.id]);
        let path = format!("{LOG}/{}", late.id);
        assert_eq!(get(&github, &path).await.status, 404);

        clock.advance(4 * MINUTE);
        assert_eq!(read(&github, "").await.0, [now.id, late.id]);
        assert_eq!(get(&github, &path).await.body["status"], "timed out");
        assert_eq!(get(&github, &format!("{LOG}/{}", old.id)).await.status, 404);
        github.set_retention_days(7);
        assert_eq!(read(&github, "").await.0, [now.id, late.id, old.id]);
    }

    #[tokio::test]
    async fn a_log_out_of_order_is_whole_and_out_of_order_across_pages() {
        let (github, _) = start().await;
        fill(&github, 250);
        github.disorder(true);
        let (mut ids, lengths) = read(&github, "per_page=100").await;
        assert_eq!(lengths, [100, 100, 50]);
        let mut ordered = all(&github);
        let place = |id: &u64| ordered.iter().position(|other| other == id).unwrap();
        let furthest = ids.iter().enumerate().map(|(n, id)| n.abs_diff(place(id)));
        assert_eq!(furthest.max(), Some(2));
        let strays = ids[..200].iter().filter(|id| place(id) >= 200);
        assert_eq!(strays.count(), 1);
        ids.sort_unstable();
        ordered.sort_unstable();
        assert_eq!(ids, ordered);
    }

    #[tokio::test]
    async fn only_a_cursor_that_was_handed_out_since_is_taken() {
        let (github, _) = start().await;
        fill(&github, 40);
        github.set_link_base(Some("https://elsewhere.example"));
        let page = get(&github, LOG).await;
        let link = page.header("link").unwrap();
        let (url, cursor) = link.split_once("&cursor=").unwrap();
        assert!(url.starts_with("<https://elsewhere.example/repos/acme/demo/hooks/7/deliveries?per_page=30"));
        let next = format!("{LOG}?cursor={}", cursor.split_once('>').unwrap().0);
        assert_eq!(get(&github, &next).await.body.as_array().unwrap().len(), 10);

        for status in [400, 422] {
            github.expire_cursors(status);
            assert_eq!(get(&github, &next).await.status, status);
        }
    }
}
