//! Times as GitHub writes them, from milliseconds since the epoch.

/// `2026-11-01T08:00:00Z`: GitHub drops the milliseconds.
pub(super) fn iso(milliseconds: i64) -> String {
    let (year, month, day) = date(milliseconds);
    let (hour, minute, second) = clock(milliseconds);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// `Sun, 01 Nov 2026 08:00:00 GMT`, for `Date`.
pub(super) fn http(milliseconds: i64) -> String {
    const WEEKDAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let (year, month, day) = date(milliseconds);
    let (hour, minute, second) = clock(milliseconds);
    let weekday = index(milliseconds.div_euclid(DAY).rem_euclid(7));
    let (weekday, month) = (WEEKDAYS[weekday], MONTHS[index(month - 1)]);
    format!("{weekday}, {day:02} {month} {year:04} {hour:02}:{minute:02}:{second:02} GMT")
}

/// Seconds since the epoch.
pub(super) fn seconds(milliseconds: i64) -> i64 {
    milliseconds.div_euclid(1000)
}

const DAY: i64 = 24 * 60 * 60 * 1000;

fn index(number: i64) -> usize {
    usize::try_from(number).unwrap_or_default()
}

fn clock(milliseconds: i64) -> (i64, i64, i64) {
    let second = seconds(milliseconds).rem_euclid(24 * 60 * 60);
    (second / 3600, second / 60 % 60, second % 60)
}

/// The Gregorian date, counted in years that begin in March, so that the leap day is the last:
/// <https://howardhinnant.github.io/date_algorithms.html#civil_from_days>.
fn date(milliseconds: i64) -> (i64, i64, i64) {
    let days = milliseconds.div_euclid(DAY) + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (era * 400 + year + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_written_as_github_writes_it() {
        assert_eq!(iso(0), "1970-01-01T00:00:00Z");
        assert_eq!(iso(1_582_934_400_999), "2020-02-29T00:00:00Z");
        assert_eq!(iso(1_793_577_599_000), "2026-11-01T23:59:59Z");
        assert_eq!(http(784_111_777_000), "Sun, 06 Nov 1994 08:49:37 GMT");
    }
}
