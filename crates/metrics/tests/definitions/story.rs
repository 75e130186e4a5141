//! Stories of issues, told as rows, and what the report makes of them.

use copperbell_metrics::{Asked, By, Figure, IssueRecord, IssueReport, Measure, Sink as _, all_labels};
use embedded::Records;
use outbound::Outbound;

/// When the stories begin: Monday, 2024-01-01, 00:00 UTC. All their times are seconds after it.
pub(crate) const START: i64 = 1_704_067_200;

/// A day.
pub(crate) const DAY: i64 = 86_400;

/// When the stories are asked about, unless a test says otherwise.
pub(crate) const NOW: i64 = 100 * DAY;

/// An issue, and what was told of it.
#[derive(Clone, Debug)]
pub(crate) struct Issue {
    /// How it is now, as every row tells it.
    now: IssueRecord,
    /// All that was told.
    pub(crate) rows: Vec<IssueRecord>,
}

impl Issue {
    /// An issue by alice that was opened before anybody listened.
    pub(crate) fn unheard(number: i64, created: i64) -> Self {
        let now = IssueRecord {
            schema_version: 1,
            repository: "octo/hello".to_owned(),
            repository_id: 1,
            issue_id: 1000 + number,
            issue_number: number,
            issue_url: format!("https://github.com/octo/hello/issues/{number}"),
            created_s: Some(START + created),
            author: Some("alice".to_owned()),
            author_type: Some("User".to_owned()),
            state: Some("open".to_owned()),
            ..IssueRecord::default()
        };
        Self { now, rows: Vec::new() }
    }

    /// The same, and its opening was told.
    pub(crate) fn opened(number: i64, created: i64) -> Self {
        let mut issue = Self::unheard(number, created);
        issue.tell("issues", "opened", created, Some("alice"));
        issue
    }

    /// Opened with this to be said of it.
    pub(crate) fn opened_as(number: i64, created: i64, change: impl FnOnce(&mut IssueRecord)) -> Self {
        let mut issue = Self::unheard(number, created);
        change(&mut issue.now);
        let author = issue.now.author.clone();
        issue.tell("issues", "opened", created, author.as_deref());
        issue
    }

    pub(crate) fn number(&self) -> i64 {
        self.now.issue_number
    }

    /// How it is after all that was told, as a backfill tells it.
    pub(crate) fn observed(&self) -> IssueRecord {
        let latest_s = self.rows.iter().map(|row| row.occurred_s).max();
        IssueRecord {
            delivery_id: format!("backfill:observed:{}", self.now.issue_id),
            event: "issues".to_owned(),
            action: "observed".to_owned(),
            occurred_s: latest_s.unwrap(),
            received_s: START + NOW,
            ..self.now.clone()
        }
    }

    /// From now on this is to be said of it.
    pub(crate) fn is(mut self, change: impl FnOnce(&mut IssueRecord)) -> Self {
        change(&mut self.now);
        self
    }

    /// Somebody did something else.
    pub(crate) fn event(mut self, action: &str, at: i64) -> Self {
        self.tell("issues", action, at, Some("alice"));
        self
    }

    pub(crate) fn closed(self, at: i64) -> Self {
        self.closed_as(at, Some("completed"))
    }

    pub(crate) fn closed_as(mut self, at: i64, reason: Option<&str>) -> Self {
        self.now.state = Some("closed".to_owned());
        self.now.state_reason = reason.map(str::to_owned);
        self.now.closed_s = Some(START + at);
        self.event("closed", at)
    }

    pub(crate) fn reopened(mut self, at: i64) -> Self {
        self.now.state = Some("open".to_owned());
        self.now.state_reason = Some("reopened".to_owned());
        self.now.closed_s = None;
        self.event("reopened", at)
    }

    pub(crate) fn labeled(self, label: &str, at: i64) -> Self {
        let with: Vec<_> = self.labels().into_iter().chain([label.to_owned()]).collect();
        self.relabel("labeled", label, &with, at)
    }

    pub(crate) fn unlabeled(self, label: &str, at: i64) -> Self {
        let without: Vec<_> = self.labels().into_iter().filter(|other| other != label).collect();
        self.relabel("unlabeled", label, &without, at)
    }

    /// A comment of a person; its id follows from its time.
    pub(crate) fn comment(mut self, at: i64, by: &str) -> Self {
        self.tell("issue_comment", "created", at, Some(by));
        self
    }

    /// A comment of an account that is gone.
    pub(crate) fn comment_of_nobody(mut self, at: i64) -> Self {
        self.tell("issue_comment", "created", at, None);
        self
    }

    /// The comment that was made then is taken back.
    pub(crate) fn comment_deleted(mut self, made: i64, at: i64) -> Self {
        self.tell("issue_comment", "deleted", at, Some("alice"));
        self.last().comment_id = Some(self.comment_id(made));
        self
    }

    /// Changes the row that was told last.
    pub(crate) fn but(mut self, change: impl FnOnce(&mut IssueRecord)) -> Self {
        change(self.last());
        self
    }

    /// Forgets the row that was told last, as if it had never come.
    pub(crate) fn lost(mut self) -> Self {
        self.rows.pop();
        self
    }

    fn last(&mut self) -> &mut IssueRecord {
        self.rows.last_mut().unwrap()
    }

    fn labels(&self) -> Vec<String> {
        let labels = self.now.labels.as_deref().unwrap_or_default().split('|');
        labels.filter(|label| !label.is_empty()).map(str::to_owned).collect()
    }

    fn relabel(mut self, action: &str, label: &str, labels: &[String], at: i64) -> Self {
        self.now.labels = all_labels(labels.iter().map(String::as_str));
        self.event(action, at).but(|row| row.label = Some(label.to_owned()))
    }

    fn comment_id(&self, made: i64) -> i64 {
        self.now.issue_id * 1_000_000_000 + made
    }

    fn tell(&mut self, event: &str, action: &str, at: i64, actor: Option<&str>) {
        let (issue, place) = (self.now.issue_id, self.rows.len());
        let comment_id = (event == "issue_comment").then(|| self.comment_id(at));
        self.rows.push(IssueRecord {
            delivery_id: format!("guid-{issue}-{place}"),
            body_digest: Some(format!("digest-{issue}-{place}")),
            event: event.to_owned(),
            action: action.to_owned(),
            comment_id,
            occurred_s: START + at,
            received_s: START + at + 2,
            actor: actor.map(str::to_owned),
            actor_type: actor.map(|_| "User".to_owned()),
            ..self.now.clone()
        });
    }
}

/// The rows of several issues.
pub(crate) fn rows(issues: impl IntoIterator<Item = Issue>) -> Vec<IssueRecord> {
    issues.into_iter().flat_map(|issue| issue.rows).collect()
}

/// The whole time, all repositories, one group.
pub(crate) fn all() -> Asked {
    Asked {
        since_s: START,
        until_s: START + NOW,
        ..Asked::default()
    }
}

/// The same by groups.
pub(crate) fn by(by: By) -> Asked {
    Asked { by, ..all() }
}

/// Stores rows in a new file and asks it.
pub(crate) async fn report(asked: &Asked, rows: &[IssueRecord]) -> IssueReport {
    let (_dir, records) = stored(rows).await;
    IssueReport::read(asked, &records).await.unwrap()
}

/// A new file with rows.
pub(crate) async fn stored(rows: &[IssueRecord]) -> (tempfile::TempDir, Records) {
    let dir = tempfile::tempdir().unwrap();
    let records = Records::open(&dir.path().join("records.db"), &Outbound::new()).unwrap();
    let lines: Vec<String> = rows.iter().map(IssueRecord::to_json).collect();
    for some in lines.chunks(500) {
        let some: Vec<&str> = some.iter().map(String::as_str).collect();
        assert_eq!(records.put(&some).await.unwrap(), [0; 0]);
    }
    (dir, records)
}

/// What was measured of the only issue that has the measure: seconds.
pub(crate) fn only(figures: &[Figure], measure: Measure) -> Option<i64> {
    let mut found = figures.iter().filter(|figure| figure.measure == measure);
    let figure = found.next()?;
    assert!(found.next().is_none(), "several groups: {figures:?}");
    assert_eq!(figure.n, 1, "{figures:?}");
    assert!(figure.mean_s == figure.p50_s && figure.p50_s == figure.p90_s);
    Some(figure.p50_s)
}

/// The same of one issue, from its story.
pub(crate) async fn measured(issue: Issue, measure: Measure) -> Option<i64> {
    only(&report(&all(), &issue.rows).await.figures, measure)
}

/// Group, number of issues, and median, of a measure.
pub(crate) fn medians(figures: &[Figure], measure: Measure) -> Vec<(Option<&str>, i64, i64)> {
    let of_measure = figures.iter().filter(|figure| figure.measure == measure);
    of_measure
        .map(|figure| (figure.group.as_deref(), figure.n, figure.p50_s))
        .collect()
}

/// A row as a backfill of history tells it: without a body, possibly seconds off, long after, and without how the issue
/// was then.
pub(crate) fn from_history(row: &IssueRecord, off_s: i64) -> IssueRecord {
    let exact = row.action == "opened" || row.event == "issue_comment";
    IssueRecord {
        delivery_id: format!("backfill:{}", row.delivery_id),
        body_digest: None,
        occurred_s: row.occurred_s + if exact { 0 } else { off_s },
        received_s: row.received_s + 30 * DAY,
        state: None,
        closed_s: None,
        labels: None,
        assignee: None,
        ..row.clone()
    }
}
