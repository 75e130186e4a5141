//! The stage with a repository whose issues have a past, and a sink for the records of it.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jobs::{BackfillError, Backfilled, Counts, Doing};
use metrics::{Asked, By, IssueReport, Question, Row, Select};
use outbound::FaultPoint;
use serde_json::json;
use tempfile::TempDir;
use world::{GitHub, IssueAct, Rights};

use super::Stage;

/// The repository.
pub const APP: &str = "Acme/App";

/// A repository with a past, and a sink for it.
pub struct Archive {
    pub stage: Stage,
    pub github: GitHub,
    pub id: u64,
    pub home: TempDir,
}

impl Archive {
    pub async fn new() -> Self {
        let mut stage = Stage::new().await;
        let clock = stage.clock.clone();
        let github = GitHub::start(move || clock.now().as_millisecond()).await;
        github.set_token("token", Rights::Read);
        let id = github.add_repository(APP);
        let home = TempDir::new().unwrap();
        stage.set("COPR_PROJECTS", "");
        stage.set("GITHUB_API_URL", &github.url());
        stage.secrets["github_token"] = json!("token");
        let archive = Self {
            stage,
            github,
            id,
            home,
        };
        archive.into_sink("records.db")
    }

    /// From now on records go into this file.
    pub fn into_sink(mut self, file: &str) -> Self {
        let file = self.home.path().join(file);
        self.stage.set("SINK", &format!("sqlite:{}", file.display()));
        self
    }

    /// So many issues, each with a comment and a label, three of each a second.
    pub async fn of(issues: i64) -> Self {
        let archive = Self::new().await;
        for n in 0..issues {
            let at = at("2026-02-01T00:00:00Z") + n / 3 * 1000;
            let number = archive.github.open_issue(APP, "alice", "Crash", at);
            archive.github.comment(APP, number, "bob", at);
            archive.github.act(APP, number, "bob", IssueAct::Label("bug"), at);
        }
        archive
    }

    pub async fn backfill(&self) -> Result<Backfilled, BackfillError> {
        self.run(FaultPoint::none(), false, |_, _| {}).await.unwrap()
    }

    /// A process reads. `None`: it died.
    pub async fn run(
        &self,
        faults: FaultPoint,
        again: bool,
        on_progress: impl Fn(&Counts, Doing),
    ) -> Option<Result<Backfilled, BackfillError>> {
        let repository = APP.parse().unwrap();
        let read = async {
            let (context, _) = self.stage.process(faults.clone());
            Some(jobs::backfill(&context, &repository, again, on_progress).await)
        };
        tokio::select! {
            done = read => done,
            () = faults.died() => None,
        }
    }

    /// What the sink holds of these columns, in the order of happening.
    pub async fn rows(&self, columns: &str) -> Vec<Row> {
        let (context, _) = self.stage.process(FaultPoint::none());
        let sql = format!("SELECT {columns} FROM issue_events ORDER BY occurred_s, delivery_id");
        let selects = vec![Select { name: "rows", sql }];
        let question = Question { selects, views: vec![] };
        let mut rows = Vec::new();
        let mut keep = |_, row| rows.push(row);
        context
            .records
            .warehouse
            .unwrap()
            .ask(&question, &mut keep)
            .await
            .unwrap();
        rows
    }

    pub async fn ids(&self) -> BTreeSet<String> {
        let rows = self.rows("delivery_id").await;
        let ids: BTreeSet<_> = rows.iter().map(|row| row[0].clone().unwrap()).collect();
        assert_eq!(ids.len(), rows.len(), "each is there once");
        ids
    }

    pub async fn report(&self) -> IssueReport {
        let (context, _) = self.stage.process(FaultPoint::none());
        let asked = Asked {
            since_s: at("2026-01-01T00:00:00Z") / 1000,
            until_s: self.stage.clock.now().as_second(),
            by: By::Label,
            ..Asked::default()
        };
        IssueReport::read(&asked, &*context.records.warehouse.unwrap())
            .await
            .unwrap()
    }
}

/// Milliseconds since the epoch.
pub fn at(time: &str) -> i64 {
    time.parse::<Timestamp>().unwrap().as_millisecond()
}
