//! A report as a long table: a line for each number.

use metrics::{Figure, IssueReport, Measure};

use super::words;

/// A cell that a spreadsheet would take for a formula begins with one of these.
const FORMULA: [char; 4] = ['=', '+', '-', '@'];

/// One line for each number: of which part of the report and which measure, of which group, from which day (UTC) on,
/// what it is (`n`, `p50_s`, `opened`, …) and how much.
pub(crate) fn csv(report: &IssueReport) -> anyhow::Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(["part", "measure", "group", "from", "figure", "value"])?;
    for (key, values) in rows(report) {
        for (name, value) in values {
            let Key {
                part,
                measure,
                group,
                from_s,
            } = &key;
            let from = from_s.map(words::date).unwrap_or_default();
            let (measure, value) = (measure_name(*measure), value.to_string());
            writer.write_record([part, measure.as_str(), group, &from, name, &value])?;
        }
    }
    Ok(writer.into_inner()?)
}

/// A text from outside as a spreadsheet may see it.
pub(crate) fn outside(text: &str) -> String {
    let text = chat::plain(text);
    if text.starts_with(FORMULA) {
        return format!("'{text}");
    }
    text
}

/// What a number is about.
struct Key {
    part: &'static str,
    measure: Option<Measure>,
    group: String,
    from_s: Option<i64>,
}

type Values = Vec<(&'static str, i64)>;

fn rows(report: &IssueReport) -> Vec<(Key, Values)> {
    let key = |part, measure, group: Option<&str>, from_s| Key {
        part,
        measure,
        group: group.map(outside).unwrap_or_default(),
        from_s,
    };
    let figure = |part: &'static str| {
        move |figure: &Figure| {
            let values = vec![
                ("n", figure.n),
                ("mean_s", figure.mean_s),
                ("p50_s", figure.p50_s),
                ("p90_s", figure.p90_s),
            ];
            (key(part, Some(figure.measure), figure.group.as_deref(), None), values)
        }
    };
    let groups = report.groups.iter().map(|group| {
        let values = vec![
            ("opened", group.opened),
            ("closed", group.closed),
            ("reopened", group.reopened),
            ("open", group.open),
        ];
        (key("groups", None, group.group.as_deref(), None), values)
    });
    let days = report.days.iter().map(|day| {
        let values = vec![("open", day.open), ("mean_age_s", day.mean_age_s)];
        (key("days", None, None, Some(day.day_s)), values)
    });
    let weeks = report.weeks.iter().map(|week| {
        let values = vec![("opened", week.opened), ("closed", week.closed)];
        (key("weeks", None, None, Some(week.week_s)), values)
    });
    let trends = report.trends.iter().map(|trend| {
        let values = vec![("n", trend.n), ("p50_s", trend.p50_s), ("p90_s", trend.p90_s)];
        (key("trends", Some(trend.measure), None, Some(trend.week_s)), values)
    });
    let oldest = report.oldest.iter().map(|issue| {
        let age_s = report.asked.until_s.saturating_sub(issue.created_s);
        let name = words::issue(issue);
        let key = key("oldest", Some(Measure::Age), Some(&name), Some(issue.created_s));
        (key, vec![("age_s", age_s)])
    });
    groups
        .chain(report.figures.iter().map(figure("figures")))
        .chain(report.in_label.iter().map(figure("in_label")))
        .chain(days)
        .chain(weeks)
        .chain(trends)
        .chain(oldest)
        .collect()
}

/// As in JSON.
fn measure_name(measure: Option<Measure>) -> String {
    let name = serde_json::to_value(measure).unwrap_or_default();
    name.as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_from_outside_is_a_formula() {
        for (text, expected) in [
            ("bug", "bug"),
            ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
            ("+1", "'+1"),
            ("-1", "'-1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "'=1"),
            ("\u{200b}=1", "'=1"),
        ] {
            assert_eq!(outside(text), expected, "{text:?}");
        }
    }
}
