//! The words of a report: durations, dates, and what things are called.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use metrics::{By, Measure, OpenIssue};

/// A day in seconds.
pub(crate) const DAY: i64 = 24 * HOUR;
/// A week in seconds.
pub(crate) const WEEK: i64 = 7 * DAY;
/// An hour in seconds.
pub(crate) const HOUR: i64 = 60 * MINUTE;
/// A minute in seconds.
pub(crate) const MINUTE: i64 = 60;

/// What stands where there is nothing to say.
pub(crate) const NOTHING: &str = "–";

/// From so many days on nobody asks for the hours.
const ONLY_DAYS: i64 = 10;

/// A duration in its two largest units: `3 h 20 min`, `2 d`, `0 s`.
pub(crate) fn duration(seconds: i64) -> String {
    let seconds = seconds.max(0);
    let (whole, unit, rest, smaller) = match seconds {
        DAY.. => (seconds / DAY, "d", seconds % DAY / HOUR, "h"),
        HOUR.. => (seconds / HOUR, "h", seconds % HOUR / MINUTE, "min"),
        MINUTE.. => (seconds / MINUTE, "min", seconds % MINUTE, "s"),
        _ => (seconds, "s", 0, ""),
    };
    if rest == 0 || seconds >= ONLY_DAYS * DAY {
        format!("{whole} {unit}")
    } else {
        format!("{whole} {unit} {rest} {smaller}")
    }
}

/// `92 %` of a whole; of nothing there is no share.
pub(crate) fn percent(part: i64, whole: i64) -> String {
    if whole <= 0 {
        return NOTHING.to_owned();
    }
    let (part, whole) = (i128::from(part), i128::from(whole));
    format!("{} %", (part * 100 + whole / 2) / whole)
}

/// The day (UTC) of a second since the epoch: `2026-11-01`.
pub(crate) fn date(seconds: i64) -> String {
    shown(seconds, "%Y-%m-%d")
}

/// A second since the epoch to the minute: `2026-11-01 12:30`.
pub(crate) fn minute(seconds: i64) -> String {
    shown(seconds, "%Y-%m-%d %H:%M")
}

/// A second since the epoch in a form of jiff's, in UTC.
pub(crate) fn shown(seconds: i64, form: &str) -> String {
    match Timestamp::from_second(seconds) {
        Ok(at) => at.to_zoned(TimeZone::UTC).strftime(form).to_string(),
        Err(_) => NOTHING.to_owned(),
    }
}

/// The Monday (UTC) of a second's week, its first second.
pub(crate) fn monday(seconds: i64) -> i64 {
    // The epoch was a Thursday.
    (seconds + 3 * DAY).div_euclid(WEEK) * WEEK - 3 * DAY
}

/// How many days there are from one second to another, begun ones too.
pub(crate) fn days(from_s: i64, to_s: i64) -> String {
    match (to_s.saturating_sub(from_s).max(0) + DAY - 1) / DAY {
        1 => "1 day".to_owned(),
        days => format!("{days} days"),
    }
}

/// What a measure is called.
pub(crate) fn measure(measure: Measure) -> &'static str {
    match measure {
        Measure::FirstResponse => "first response",
        Measure::Close => "close, completed",
        Measure::CloseNotPlanned => "close, not planned",
        Measure::CloseDuplicate => "close, duplicate",
        Measure::FirstClose => "first close",
        Measure::Open => "time open",
        Measure::Age => "age of the open",
    }
}

/// What groups are called.
pub(crate) fn by(by: By) -> &'static str {
    match by {
        By::All => "group",
        By::Repository => "repository",
        By::Label => "label",
        By::Assignee => "assignee",
        By::Month => "month",
    }
}

/// What a group is called: cleaned, and with a word for those without one.
pub(crate) fn group(by: By, group: Option<&str>) -> String {
    match (group, by) {
        (_, By::All) => "all".to_owned(),
        (Some(group), _) => chat::plain(group),
        (None, By::Label) => "no label".to_owned(),
        (None, By::Assignee) => "nobody".to_owned(),
        (None, By::Repository | By::Month) => NOTHING.to_owned(),
    }
}

/// What an issue is called: `acme/app#12`.
pub(crate) fn issue(issue: &OpenIssue) -> String {
    format!("{}#{}", chat::plain(&issue.repository), issue.number)
}

/// An issue's title, if it is kept and shows anything.
pub(crate) fn title(issue: &OpenIssue) -> Option<String> {
    let title = chat::plain(issue.title.as_deref()?);
    (!title.is_empty()).then_some(title)
}

/// An issue's labels, those that show anything.
pub(crate) fn labels(issue: &OpenIssue) -> Vec<String> {
    let labels = issue.labels.iter().map(|label| chat::plain(label));
    labels.filter(|label| !label.is_empty()).collect()
}

/// When somebody first responded to an issue: `after 3 h`.
pub(crate) fn response(issue: &OpenIssue) -> String {
    match issue.responded_s {
        Some(responded_s) => format!("after {}", duration(responded_s.saturating_sub(issue.created_s))),
        None => "none yet".to_owned(),
    }
}

/// A page's address, if it can stand in any document as it is: HTTP, and none of the characters that end a link.
pub(crate) fn link(url: &str) -> Option<&str> {
    let http = url.starts_with("https://") || url.starts_with("http://");
    let harmless = |c: char| c.is_ascii_graphic() && !"\"'<>()[]{}|\\^`".contains(c);
    (http && url.chars().all(harmless)).then_some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_has_its_two_largest_units() {
        for (seconds, expected) in [
            (-5, "0 s"),
            (0, "0 s"),
            (59, "59 s"),
            (60, "1 min"),
            (61, "1 min 1 s"),
            (3 * HOUR + 20 * MINUTE + 59, "3 h 20 min"),
            (DAY - 1, "23 h 59 min"),
            (DAY, "1 d"),
            (2 * DAY + 4 * HOUR, "2 d 4 h"),
            (2 * DAY + 59 * MINUTE, "2 d"),
            (10 * DAY - 1, "9 d 23 h"),
            (10 * DAY + 4 * HOUR, "10 d"),
            (i64::MAX, "106751991167300 d"),
        ] {
            assert_eq!(duration(seconds), expected, "{seconds}");
        }
    }

    #[test]
    fn a_share_is_rounded_and_of_nothing_there_is_none() {
        for (part, whole, expected) in [
            (0, 0, "–"),
            (7, 0, "–"),
            (0, 7, "0 %"),
            (1, 8, "13 %"),
            (9, 8, "113 %"),
            (i64::MAX, 1, "922337203685477580700 %"),
        ] {
            assert_eq!(percent(part, whole), expected, "{part} of {whole}");
        }
    }

    #[test]
    fn a_week_begins_on_monday() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap().as_second();
        for (text, expected) in [
            ("2026-11-02T00:00:00Z", "2026-11-02"),
            ("2026-11-08T23:59:59Z", "2026-11-02"),
            ("1970-01-01T00:00:00Z", "1969-12-29"),
            ("1969-12-28T23:59:59Z", "1969-12-22"),
        ] {
            assert_eq!(date(monday(at(text))), expected, "{text}");
        }
        assert_eq!(date(i64::MAX), "–");
    }

    #[test]
    fn only_an_address_that_cannot_break_out_is_a_link() {
        for (url, expected) in [
            ("https://github.com/acme/app/issues/1", true),
            ("http://github.example/acme/app/issues/1?a=b&c#d", true),
            ("javascript:alert(1)", false),
            ("data:text/html,x", false),
            ("//github.com/acme", false),
            ("https://github.com/\" onclick=", false),
            ("https://github.com/a)b", false),
            ("https://github.com/a|b", false),
            ("https://github.com/a\u{202e}", false),
            ("https://github.com/a\n", false),
        ] {
            assert_eq!(link(url).is_some(), expected, "{url:?}");
        }
    }
}
