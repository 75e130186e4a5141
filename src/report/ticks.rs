//! Where the axes of a chart have their marks: at round counts, durations and dates.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp, ToSpan as _};

use super::words::{DAY, HOUR, MINUTE};

/// So many steps has a vertical axis at most.
const STEPS: i64 = 5;

/// Round durations, in seconds, each several times the one before.
const DURATIONS: [i64; 11] = [
    1,
    10,
    MINUTE,
    10 * MINUTE,
    HOUR,
    6 * HOUR,
    DAY,
    7 * DAY,
    30 * DAY,
    365 * DAY,
    3650 * DAY,
];

/// So many marks has an axis of time at most.
const DATES: usize = 8;

/// From 0 in round steps to the first that is no less than a count.
pub(crate) fn counts(most: i64) -> Vec<i64> {
    let most = most.max(1);
    let needed = |step: i64| (most - 1) / step + 1;
    let mut steps = (0..18).flat_map(|power| [1, 2, 5].map(|digit| digit * 10_i64.pow(power)));
    let step = steps.find(|step| needed(*step) <= STEPS).unwrap_or(most);
    (0..=needed(step)).map(|n| n.saturating_mul(step)).collect()
}

/// From the last round duration that is no more than the least (in seconds) to the first that is no less than the most.
pub(crate) fn durations(least_s: i64, most_s: i64) -> Vec<i64> {
    let last = DURATIONS.len() - 1;
    let to = DURATIONS.iter().position(|mark| *mark >= most_s).unwrap_or(last).max(1);
    let from = DURATIONS
        .iter()
        .rposition(|mark| *mark <= least_s)
        .unwrap_or(0)
        .min(to - 1);
    DURATIONS[from..=to].to_vec()
}

/// Round dates (UTC) between two seconds: the seconds, and what they are called.
pub(crate) fn dates(from_s: i64, to_s: i64) -> Vec<(i64, String)> {
    let (Some(from), Some(to)) = (date(from_s), date(to_s)) else {
        return Vec::new();
    };
    let monday = from - i64::from(from.weekday().to_monday_zero_offset()).days();
    let first_of_month = from.first_of_month();
    let first_of_year = from.first_of_year();
    let steps: [(Date, Span, &str); 10] = [
        (from, 1.day(), "%-d %b"),
        (monday, 1.week(), "%-d %b"),
        (monday, 2.weeks(), "%-d %b"),
        (first_of_month, 1.month(), "%b %Y"),
        (first_of_year, 2.months(), "%b %Y"),
        (first_of_year, 3.months(), "%b %Y"),
        (first_of_year, 6.months(), "%b %Y"),
        (first_of_year, 1.year(), "%Y"),
        (first_of_year, 5.years(), "%Y"),
        (first_of_year, 20.years(), "%Y"),
    ];
    for (first, step, form) in steps {
        let marks = first.series(step).skip_while(|day| *day < from);
        let marks: Vec<_> = marks.take_while(|day| *day <= to).take(DATES + 1).collect();
        if marks.len() <= DATES {
            let mark = |day: Date| {
                let at = day.to_zoned(TimeZone::UTC).ok()?.timestamp().as_second();
                Some((at, day.strftime(form).to_string())).filter(|(at, _)| (from_s..=to_s).contains(at))
            };
            return marks.into_iter().filter_map(mark).collect();
        }
    }
    Vec::new()
}

fn date(seconds: i64) -> Option<Date> {
    let at = Timestamp::from_second(seconds).ok()?;
    Some(at.to_zoned(TimeZone::UTC).date())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::words;

    #[test]
    fn counts_are_marked_in_round_steps_from_nought() {
        for (most, expected) in [
            (0, vec![0, 1]),
            (1, vec![0, 1]),
            (5, vec![0, 1, 2, 3, 4, 5]),
            (6, vec![0, 2, 4, 6]),
            (143, vec![0, 50, 100, 150]),
            (1_001, vec![0, 500, 1_000, 1_500]),
        ] {
            assert_eq!(counts(most), expected, "{most}");
        }
        assert!(counts(i64::MAX).len() <= 6);
    }

    #[test]
    fn durations_are_marked_where_clocks_and_calendars_are_round() {
        for (least, most, expected) in [
            (0, 0, "1 s, 10 s"),
            (1, 1, "1 s, 10 s"),
            (59, 61, "10 s, 1 min, 10 min"),
            (HOUR, HOUR, "10 min, 1 h"),
            (2 * HOUR, 26 * DAY, "1 h, 6 h, 1 d, 7 d, 30 d"),
            (DAY, 400 * DAY, "1 d, 7 d, 30 d, 365 d, 3650 d"),
            (i64::MAX, i64::MAX, "365 d, 3650 d"),
        ] {
            let shown: Vec<_> = durations(least, most).into_iter().map(words::duration).collect();
            assert_eq!(shown.join(", "), expected, "{least} {most}");
        }
    }

    #[test]
    fn dates_are_marked_at_mondays_months_and_years() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap().as_second();
        for (from, to, expected) in [
            ("2026-11-02T05:00:00Z", "2026-11-02T05:00:00Z", ""),
            (
                "2026-11-02T00:00:00Z",
                "2026-11-05T00:00:00Z",
                "2 Nov, 3 Nov, 4 Nov, 5 Nov",
            ),
            (
                "2026-10-01T00:00:00Z",
                "2026-11-02T00:00:00Z",
                "5 Oct, 12 Oct, 19 Oct, 26 Oct, 2 Nov",
            ),
            (
                "2026-08-03T00:00:00Z",
                "2026-11-08T00:00:00Z",
                "3 Aug, 17 Aug, 31 Aug, 14 Sep, 28 Sep, 12 Oct, 26 Oct",
            ),
            (
                "2025-05-10T00:00:00Z",
                "2026-11-08T00:00:00Z",
                "Jul 2025, Oct 2025, Jan 2026, Apr 2026, Jul 2026, Oct 2026",
            ),
            (
                "2020-05-10T00:00:00Z",
                "2026-11-08T00:00:00Z",
                "2021, 2022, 2023, 2024, 2025, 2026",
            ),
        ] {
            let shown: Vec<_> = dates(at(from), at(to)).into_iter().map(|(_, name)| name).collect();
            assert_eq!(shown.join(", "), expected, "{from} {to}");
        }
        assert_eq!(dates(i64::MIN, i64::MAX), []);
    }
}
