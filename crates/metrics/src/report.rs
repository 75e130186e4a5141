//! What a team reads: the answers to all questions, in our own words.

use serde::Serialize;

use crate::answer::Answer;
use crate::question::question;
use crate::warehouse::{Warehouse, WarehouseError};

/// The version of the report's shape.
const VERSION: u8 = 1;

/// What a report is about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Asked {
    /// Issues that were opened, closed or answered from then on (seconds since the epoch).
    pub since_s: i64,
    /// The present: what is open now is as old as that.
    pub until_s: i64,
    /// Only this repository (`owner/name`), else all.
    pub repository: Option<String>,
    /// By what the figures are grouped.
    pub by: By,
    /// Whose comments are no response, besides those of bots and of nobody.
    pub ignored: Vec<String>,
}

/// By what figures are grouped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum By {
    /// By nothing: one group.
    #[default]
    All,
    /// By repository.
    Repository,
    /// By label: an issue counts in each of its own.
    Label,
    /// By the first assignee.
    Assignee,
    /// By the month (UTC) in which the measured time ended.
    Month,
}

/// What is measured of an issue, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// From opening to the first comment of somebody else who is a person.
    FirstResponse,
    /// From opening to the last close, of issues closed as completed.
    Close,
    /// The same of issues closed as not planned.
    CloseNotPlanned,
    /// The same of issues closed as duplicates.
    CloseDuplicate,
    /// From opening to the first close.
    FirstClose,
    /// The time an issue was open, the gaps in which it was closed left out.
    Open,
    /// How long issues that are open now have been open.
    Age,
}

impl Measure {
    /// The measure that the queries call so.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "first_response" => Self::FirstResponse,
            "close" => Self::Close,
            "close_not_planned" => Self::CloseNotPlanned,
            "close_duplicate" => Self::CloseDuplicate,
            "first_close" => Self::FirstClose,
            "open" => Self::Open,
            "age" => Self::Age,
            _ => return None,
        })
    }
}

/// One group of figures.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Figure {
    /// What was measured.
    pub measure: Measure,
    /// Of which group: a repository, a label, … Nothing: of issues without one.
    pub group: Option<String>,
    /// Of how many issues.
    pub n: i64,
    /// Their mean, in whole seconds.
    pub mean_s: i64,
    /// Half of them took no longer (nearest rank).
    pub p50_s: i64,
    /// Nine of ten took no longer (nearest rank).
    pub p90_s: i64,
}

/// What became of the issues of a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Group {
    /// Which; nothing: those without one.
    pub group: Option<String>,
    /// Opened in the time asked about.
    pub opened: i64,
    /// Closed in it.
    pub closed: i64,
    /// Of those closed: reopened at least once in their life.
    pub reopened: i64,
    /// Open now.
    pub open: i64,
}

/// How a day (UTC) ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Day {
    /// Its first second.
    pub day_s: i64,
    /// Open at its end.
    pub open: i64,
    /// How long those had been open, on the mean, in seconds.
    pub mean_age_s: i64,
}

/// A week (from Monday, UTC).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Week {
    /// Its first second.
    pub week_s: i64,
    /// Opened in it.
    pub opened: i64,
    /// Closed in it.
    pub closed: i64,
}

/// A measure over time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Trend {
    /// What was measured.
    pub measure: Measure,
    /// The first second of the week (from Monday, UTC) in which the measured time ended.
    pub week_s: i64,
    /// Of how many issues.
    pub n: i64,
    /// Half of them took no longer.
    pub p50_s: i64,
    /// Nine of ten took no longer.
    pub p90_s: i64,
}

/// An issue that is open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OpenIssue {
    /// `owner/name`.
    pub repository: String,
    /// Its number there.
    pub number: i64,
    /// Its page.
    pub url: String,
    /// Its title, where titles are kept.
    pub title: Option<String>,
    /// When it was opened.
    pub created_s: i64,
    /// When somebody first responded.
    pub responded_s: Option<i64>,
    /// Its labels.
    pub labels: Vec<String>,
    /// Who is to deal with it.
    pub assignee: Option<String>,
}

/// The answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct IssueReport {
    /// The version of this shape.
    pub version: u8,
    /// What was asked.
    pub asked: Asked,
    /// What became of the issues, by group, the largest first.
    pub groups: Vec<Group>,
    /// How long they took, by measure and group.
    pub figures: Vec<Figure>,
    /// How long issues bore a label, by label (the figures' groups; the measure is [`Measure::Open`]).
    pub in_label: Vec<Figure>,
    /// Each day's backlog.
    pub days: Vec<Day>,
    /// Each week's new and closed issues.
    pub weeks: Vec<Week>,
    /// Each week's times.
    pub trends: Vec<Trend>,
    /// The oldest open issues.
    pub oldest: Vec<OpenIssue>,
}

impl IssueReport {
    /// Asks a warehouse all that a report is made of.
    ///
    /// # Errors
    /// When the warehouse does not answer, or a row of its answer is not as we asked; which query it was is told.
    pub async fn read(asked: &Asked, warehouse: &dyn Warehouse) -> Result<Self, WarehouseError> {
        let question = question(asked);
        let mut answer = Answer::default();
        let mut on_row = |place: usize, row| {
            if let Some(select) = question.selects.get(place) {
                answer.take(select.name, row);
            }
        };
        warehouse.ask(&question, &mut on_row).await?;
        if let Some(why) = answer.unread {
            let warehouse = warehouse.name();
            return Err(WarehouseError { warehouse, why });
        }
        Ok(Self {
            version: VERSION,
            asked: asked.clone(),
            groups: answer.groups,
            figures: answer.figures,
            in_label: answer.in_label,
            days: answer.days,
            weeks: answer.weeks,
            trends: answer.trends,
            oldest: answer.oldest,
        })
    }
}
