//! Where the reading of a list is. A list sorted by change is read from a time on, again and again, instead of by the
//! number of a page: what is added, changed or removed meanwhile then shifts nothing past us, and GitHub, which refuses
//! high numbers, never sees one.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// GitHub does not say whether what changed at that very second is listed, so the next page begins a second earlier.
const OVERLAP: SignedDuration = SignedDuration::from_secs(1);

/// How many items of the page before are remembered? Only counts would be wrong without them.
const MOST_SEEN: usize = 1000;

/// Where the reading of a list is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Place {
    /// What changed from then on; nothing: all.
    pub(crate) since: Option<Timestamp>,
    /// Which page of that, from 1.
    pub(crate) page: u32,
    /// What was read already and will be listed again: ids, and when they were changed.
    seen: Vec<(u64, Timestamp)>,
}

impl Place {
    /// The beginning of what changed since then.
    pub(crate) fn start(since: Option<Timestamp>) -> Self {
        let (page, seen) = (1, Vec::new());
        Self { since, page, seen }
    }

    /// Was this not read yet, as it is now?
    pub(crate) fn is_new(&self, id: u64, changed: Timestamp) -> bool {
        !self.seen.contains(&(id, changed))
    }

    /// The place after this page of a list that is sorted by change.
    pub(crate) fn after(&self, page: &[(u64, Timestamp)]) -> Self {
        let last = page.last().map(|(_, changed)| *changed);
        let edge = last.and_then(|last| last.checked_sub(OVERLAP).ok());
        match edge {
            Some(edge) if self.since.is_none_or(|since| edge > since) => {
                let seen = self.seen.iter().chain(page).filter(|(_, changed)| *changed >= edge);
                Self::at(Some(edge), 1, seen)
            }
            // More was changed in a second than there is on a page.
            _ => Self::at(self.since, self.page + 1, self.seen.iter().chain(page)),
        }
    }

    /// The place after this page of a list that is read by numbers.
    pub(crate) fn next_page(&self, page: &[(u64, Timestamp)]) -> Self {
        Self::at(self.since, self.page + 1, page.iter())
    }

    fn at<'a>(since: Option<Timestamp>, page: u32, seen: impl Iterator<Item = &'a (u64, Timestamp)>) -> Self {
        let mut seen: Vec<_> = seen.copied().collect();
        seen.drain(..seen.len().saturating_sub(MOST_SEEN));
        Self { since, page, seen }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn second(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    /// Reads a list of changes, `size` to a page; how often each was listed and new, and how many pages it took.
    fn read(changes: &[i64], size: usize, inclusive: bool) -> (Vec<usize>, usize) {
        let mut place = Place::start(None);
        let mut new = vec![0; changes.len()];
        for pages in 1.. {
            let listed = changes.iter().enumerate().filter(|(_, change)| {
                let since = place.since.map_or(i64::MIN, Timestamp::as_second);
                **change > since || (inclusive && **change == since)
            });
            let listed: Vec<(u64, Timestamp)> = listed.map(|(id, change)| (id as u64, second(*change))).collect();
            let start = size * (place.page as usize - 1);
            let page = listed.iter().skip(start).take(size).copied().collect::<Vec<_>>();
            for (id, changed) in &page {
                if place.is_new(*id, *changed) {
                    new[usize::try_from(*id).unwrap()] += 1;
                }
            }
            if listed.len() <= start + size {
                return (new, pages);
            }
            place = place.after(&page);
        }
        unreachable!()
    }

    #[test]
    fn everything_is_read_once_whatever_was_changed_in_one_second() {
        let tables: [&[i64]; 7] = [
            &[],
            &[1],
            &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
            &[1, 1, 1, 1, 1, 1, 1, 1],
            &[1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3],
            &[1, 5, 5, 5, 5, 6, 7, 7, 7, 7, 7, 7, 7, 100],
            &[-5, -5, 0, 0, 0, 0, 1],
        ];
        for changes in tables {
            for size in [1, 2, 3, 4, 100] {
                for inclusive in [false, true] {
                    let (new, pages) = read(changes, size, inclusive);
                    assert_eq!(new, vec![1; changes.len()], "{changes:?} by {size}");
                    assert!(pages <= 4 * changes.len() + 1, "{changes:?} by {size}: {pages} pages");
                }
            }
        }
    }

    #[test]
    fn what_was_changed_again_is_new_again() {
        let place = Place::start(None).after(&[(1, second(10)), (2, second(20))]);
        assert_eq!((place.since, place.page), (Some(second(19)), 1));
        assert!(!place.is_new(2, second(20)));
        assert!(place.is_new(2, second(21)));
    }

    #[test]
    fn an_empty_page_is_followed_by_the_next() {
        let place = Place::start(Some(second(5))).after(&[]);
        assert_eq!((place.since, place.page), (Some(second(5)), 2));
    }

    #[test]
    fn a_list_by_numbers_knows_the_page_before() {
        let place = Place::start(None)
            .next_page(&[(1, second(3))])
            .next_page(&[(2, second(2))]);
        assert_eq!((place.since, place.page), (None, 3));
        assert!(place.is_new(1, second(3)) && !place.is_new(2, second(2)));
    }
}
