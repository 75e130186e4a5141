//! The rows of an answer, read into what a report is made of.

use crate::record::BETWEEN_LABELS;
use crate::report::{Day, Figure, Group, Measure, OpenIssue, Trend, Week};
use crate::warehouse::Row;

/// What was read so far.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    pub(crate) groups: Vec<Group>,
    pub(crate) figures: Vec<Figure>,
    pub(crate) in_label: Vec<Figure>,
    pub(crate) days: Vec<Day>,
    pub(crate) weeks: Vec<Week>,
    pub(crate) trends: Vec<Trend>,
    pub(crate) oldest: Vec<OpenIssue>,
    /// The first row that could not be read: what is wrong with it, and of which query it is.
    pub(crate) unread: Option<String>,
}

impl Answer {
    /// Takes a row of a query.
    pub(crate) fn take(&mut self, query: &str, row: Row) {
        if self.unread.is_some() {
            return;
        }
        let mut cells = Cells(row.into_iter());
        let taken = self.read(query, &mut cells).and_then(|()| cells.end());
        self.unread = taken.err().map(|why| format!("a row of its answer {why} (in {query})"));
    }

    fn read(&mut self, query: &str, cells: &mut Cells) -> Result<(), String> {
        match query {
            "groups" => self.groups.push(Group {
                group: cells.maybe()?,
                opened: cells.number()?,
                closed: cells.number()?,
                reopened: cells.number()?,
                open: cells.number()?,
            }),
            "figures" => self.figures.push(Figure {
                measure: cells.measure()?,
                group: cells.maybe()?,
                n: cells.number()?,
                mean_s: cells.number()?,
                p50_s: cells.number()?,
                p90_s: cells.number()?,
            }),
            "in_label" => self.in_label.push(Figure {
                measure: Measure::Open,
                group: cells.maybe()?,
                n: cells.number()?,
                mean_s: cells.number()?,
                p50_s: cells.number()?,
                p90_s: cells.number()?,
            }),
            "days" => self.days.push(Day {
                day_s: cells.number()?,
                open: cells.number()?,
                mean_age_s: cells.number()?,
            }),
            "weeks" => self.weeks.push(Week {
                week_s: cells.number()?,
                opened: cells.number()?,
                closed: cells.number()?,
            }),
            "trends" => self.trends.push(Trend {
                measure: cells.measure()?,
                week_s: cells.number()?,
                n: cells.number()?,
                p50_s: cells.number()?,
                p90_s: cells.number()?,
            }),
            "oldest" => self.oldest.push(OpenIssue {
                repository: cells.text()?,
                number: cells.number()?,
                url: cells.text()?,
                title: cells.maybe()?,
                created_s: cells.number()?,
                responded_s: cells.maybe_number()?,
                labels: labels(cells.maybe()?.as_deref()),
                assignee: cells.maybe()?,
            }),
            _ => return Err("was not asked for".to_owned()),
        }
        Ok(())
    }
}

/// The values of a row that were not read yet.
struct Cells(std::vec::IntoIter<Option<String>>);

impl Cells {
    fn maybe(&mut self) -> Result<Option<String>, String> {
        self.0.next().ok_or_else(|| "has too few values".to_owned())
    }

    fn text(&mut self) -> Result<String, String> {
        self.maybe()?
            .ok_or_else(|| "has nothing where a text is due".to_owned())
    }

    fn maybe_number(&mut self) -> Result<Option<i64>, String> {
        let number = |text: String| text.parse().map_err(|_| format!("has {text:?} for a whole number"));
        self.maybe()?.map(number).transpose()
    }

    fn number(&mut self) -> Result<i64, String> {
        let number = self.maybe_number()?;
        number.ok_or_else(|| "has nothing where a whole number is due".to_owned())
    }

    fn measure(&mut self) -> Result<Measure, String> {
        let name = self.text()?;
        Measure::named(&name).ok_or_else(|| format!("has the measure {name:?}, which nobody knows"))
    }

    fn end(&mut self) -> Result<(), String> {
        match self.0.next() {
            None => Ok(()),
            Some(_) => Err("has too many values".to_owned()),
        }
    }
}

/// The labels of a set as it is kept: `|bug|regression|`.
fn labels(set: Option<&str>) -> Vec<String> {
    let labels = set.unwrap_or_default().split(BETWEEN_LABELS);
    labels.filter(|label| !label.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(values: &[&str]) -> Row {
        let value = |text: &&str| (*text != "NULL").then(|| (*text).to_owned());
        values.iter().map(value).collect()
    }

    #[test]
    fn a_row_that_is_not_as_asked_says_what_is_wrong_and_in_which_query() {
        for (query, values, expected) in [
            (
                "weeks",
                &["0", "1"][..],
                "a row of its answer has too few values (in weeks)",
            ),
            (
                "weeks",
                &["0", "1", "2", "3"],
                "a row of its answer has too many values (in weeks)",
            ),
            (
                "days",
                &["0", "1.5", "2"],
                r#"a row of its answer has "1.5" for a whole number (in days)"#,
            ),
            (
                "days",
                &["0", "NULL", "2"],
                "a row of its answer has nothing where a whole number is due (in days)",
            ),
            (
                "trends",
                &["speed", "0", "1", "2", "3"],
                r#"a row of its answer has the measure "speed", which nobody knows (in trends)"#,
            ),
            (
                "oldest",
                &["NULL", "1", "u", "NULL", "0", "NULL", "NULL", "NULL"],
                "a row of its answer has nothing where a text is due (in oldest)",
            ),
            ("gossip", &["0"], "a row of its answer was not asked for (in gossip)"),
        ] {
            let mut answer = Answer::default();
            answer.take(query, row(values));
            // The first is told, whatever comes after it.
            answer.take("weeks", row(&["x"]));
            assert_eq!(answer.unread.as_deref(), Some(expected));
        }
    }
}
