//! The charts of the issues: drawn in the background when somebody looks, and at most every few minutes.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use maud::Markup;
use metrics::{Asked, By, IssueReport, Warehouse};
use outbound::Clock;

use crate::report::html;

/// For how long are charts new enough? A question may read every record there is.
const NEW_FOR: SignedDuration = SignedDuration::from_mins(5);

/// How much time do they show?
const SHOWN: Duration = Duration::from_hours(90 * 24);

/// Where the page looks for charts.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    /// No records are kept.
    Nowhere,
    /// Each question is paid for, so a page that comes again by itself asks none.
    Elsewhere,
    /// In a file.
    File(Arc<dyn Warehouse>),
}

/// What is shown of the issues.
#[derive(Clone, Debug)]
pub(super) enum Drawn {
    /// No records are kept.
    Nowhere,
    /// They are where each question is paid for.
    Elsewhere,
    /// They are being drawn for the first time.
    NotYet,
    /// As they were at this moment.
    At(Timestamp, Markup),
    /// They could not be drawn.
    Failed(String),
}

/// The charts as they were last drawn.
pub(super) struct Charts {
    source: Source,
    ignored: Vec<String>,
    clock: Clock,
    drawing: Mutex<Drawing>,
}

#[derive(Default)]
struct Drawing {
    /// When the last one was begun.
    begun: Option<Timestamp>,
    under_way: bool,
    last: Option<Drawn>,
}

impl Charts {
    pub(super) fn new(source: Source, ignored: Vec<String>, clock: Clock) -> Self {
        Self {
            source,
            ignored,
            clock,
            drawing: Mutex::default(),
        }
    }

    /// What there is, at once. Newer ones are drawn for whoever looks next.
    pub(super) fn latest(self: &Arc<Self>) -> Drawn {
        let warehouse = match &self.source {
            Source::Nowhere => return Drawn::Nowhere,
            Source::Elsewhere => return Drawn::Elsewhere,
            Source::File(warehouse) => warehouse.clone(),
        };
        let now = self.clock.now();
        let mut drawing = self.drawing.lock().unwrap_or_else(PoisonError::into_inner);
        let new = drawing.begun.is_some_and(|begun| now.duration_since(begun) < NEW_FOR);
        if !new && !drawing.under_way {
            drawing.begun = Some(now);
            drawing.under_way = true;
            let this = self.clone();
            tokio::spawn(async move {
                let drawn = this.draw(warehouse, now).await;
                let mut drawing = this.drawing.lock().unwrap_or_else(PoisonError::into_inner);
                drawing.under_way = false;
                drawing.last = Some(drawn);
            });
        }
        drawing.last.clone().unwrap_or(Drawn::NotYet)
    }

    async fn draw(&self, warehouse: Arc<dyn Warehouse>, now: Timestamp) -> Drawn {
        let since = now.checked_sub(SHOWN).unwrap_or(Timestamp::UNIX_EPOCH);
        let asked = Asked {
            since_s: since.as_second(),
            until_s: now.as_second(),
            repository: None,
            by: By::All,
            ignored: self.ignored.clone(),
        };
        match IssueReport::read(&asked, warehouse.as_ref()).await {
            Ok(report) => Drawn::At(now, html::overview(&report, &report.figures)),
            Err(error) => {
                tracing::warn!("the charts cannot be drawn: {error}");
                Drawn::Failed(error.to_string())
            }
        }
    }
}
