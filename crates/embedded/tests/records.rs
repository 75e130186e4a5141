//! The file of records: what it keeps, what it leaves, and how it answers.

use copperbell_embedded::Records;
use metrics::{
    Asked, IssueRecord, IssueReport, Question, Row, SCHEMA_VERSION, Select, Sink as _, View, Warehouse as _,
};
use outbound::Outbound;
use tempfile::TempDir;

struct File {
    dir: TempDir,
    records: Records,
}

impl File {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let records = Records::open(&dir.path().join("records.db"), &Outbound::new()).unwrap();
        Self { dir, records }
    }

    /// The same file, as another process has it.
    fn other(&self) -> Records {
        Records::open(&self.dir.path().join("records.db"), &Outbound::new()).unwrap()
    }

    async fn ask(&self, question: &Question) -> Result<Vec<(usize, Row)>, String> {
        let mut rows = Vec::new();
        let asked = self
            .records
            .ask(question, &mut |place, row| rows.push((place, row)))
            .await;
        asked.map(|()| rows).map_err(|error| error.to_string())
    }

    async fn deliveries(&self) -> Vec<String> {
        let sql = "SELECT delivery_id FROM issue_events ORDER BY delivery_id, body_digest".to_owned();
        let name = "deliveries";
        let question = Question {
            views: Vec::new(),
            selects: vec![Select { name, sql }],
        };
        let rows = self.ask(&question).await.unwrap();
        rows.into_iter().flat_map(|(_, row)| row).flatten().collect()
    }
}

fn record(delivery_id: &str) -> IssueRecord {
    IssueRecord {
        schema_version: SCHEMA_VERSION,
        delivery_id: delivery_id.to_owned(),
        event: "issues".to_owned(),
        action: "opened".to_owned(),
        repository: "octo/hello".to_owned(),
        issue_id: 7,
        created_s: Some(100),
        occurred_s: 100,
        received_s: 101,
        state: Some("open".to_owned()),
        ..IssueRecord::default()
    }
}

async fn put(records: &Records, rows: &[IssueRecord]) -> Vec<usize> {
    let lines: Vec<_> = rows.iter().map(IssueRecord::to_json).collect();
    let lines: Vec<_> = lines.iter().map(String::as_str).collect();
    records.put(&lines).await.unwrap()
}

#[tokio::test]
async fn a_record_that_is_put_twice_is_kept_once() {
    let file = File::new();
    let other_body = IssueRecord {
        body_digest: Some("d1".to_owned()),
        ..record("a")
    };
    for _ in 0..2 {
        assert_eq!(
            put(&file.records, &[record("a"), record("b"), other_body.clone()]).await,
            [0; 0]
        );
    }
    assert_eq!(file.deliveries().await, ["a", "a", "b"]);
}

#[tokio::test]
async fn a_record_of_a_later_version_is_left_and_the_others_are_taken() {
    let file = File::new();
    let later = IssueRecord {
        schema_version: SCHEMA_VERSION + 1,
        ..record("later")
    };
    assert_eq!(put(&file.records, &[record("a"), later, record("b")]).await, [1]);
    assert_eq!(file.records.put(&["{", "\u{feff}{}"]).await.unwrap(), [0, 1]);
    assert_eq!(file.deliveries().await, ["a", "b"]);
}

#[tokio::test]
async fn a_report_leaves_rows_of_a_later_version_alone() {
    let file = File::new();
    put(&file.records, &[record("a")]).await;
    let database = rusqlite::Connection::open(file.dir.path().join("records.db")).unwrap();
    let later = "INSERT INTO issue_events (schema_version, delivery_id, event, action, issue_id, created_s, occurred_s, \
                 received_s, is_pr) VALUES (?1, 'version ' || ?1, 'issues', 'deleted', 7, 100, 150, 150, 0)";
    database.execute(later, [SCHEMA_VERSION + 1]).unwrap();
    let asked = Asked {
        until_s: 1000,
        ..Asked::default()
    };
    let report = IssueReport::read(&asked, &file.records).await.unwrap();
    assert_eq!(report.groups[0].open, 1);
    database.execute(later, [SCHEMA_VERSION]).unwrap();
    let report = IssueReport::read(&asked, &file.records).await.unwrap();
    assert_eq!(report.groups[0].open, 0);
}

#[tokio::test]
async fn two_processes_put_and_ask_at_once() {
    let file = File::new();
    let other = file.other();
    let many = |name: &'static str| (0..40).map(move |number| [record(&format!("{name}-{number:02}"))]);
    let one = async {
        for rows in many("one") {
            assert_eq!(put(&file.records, &rows).await, [0; 0]);
        }
    };
    let two = async {
        for rows in many("two") {
            assert_eq!(put(&other, &rows).await, [0; 0]);
            file.deliveries().await;
        }
    };
    tokio::join!(one, two);
    assert_eq!(file.deliveries().await.len(), 80);
}

#[cfg(unix)]
#[tokio::test]
async fn nobody_else_may_read_the_file() {
    use std::os::unix::fs::PermissionsExt as _;

    let file = File::new();
    put(&file.records, &[record("a")]).await;
    for entry in std::fs::read_dir(file.dir.path()).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{:?}", entry.file_name());
    }
}

#[tokio::test]
async fn views_are_built_on_views_and_values_have_columns() {
    let file = File::new();
    put(&file.records, &[record("a"), record("b")]).await;
    let view = |name, sql: &str| View {
        name,
        sql: sql.to_owned(),
    };
    let select = |name, sql: &str| Select {
        name,
        sql: sql.to_owned(),
    };
    let question = Question {
        views: vec![
            view("wanted(delivery, points)", "VALUES ('b', 2), ('c', 3)"),
            view(
                "found",
                "SELECT delivery_id, points FROM issue_events JOIN wanted ON delivery = delivery_id",
            ),
        ],
        selects: vec![
            select("all", "SELECT * FROM found"),
            select("none", "SELECT NULL, SUM(points) FROM found"),
        ],
    };
    let text = |text: &str| Some(text.to_owned());
    let expected = [(0, vec![text("b"), text("2")]), (1, vec![None, text("2")])];
    assert_eq!(file.ask(&question).await.unwrap(), expected);
    // The same as one text, for who keeps nothing between queries.
    let one_text = Question {
        views: Vec::new(),
        selects: vec![select("all", &question.text(&question.selects[0]))],
    };
    assert_eq!(file.ask(&one_text).await.unwrap(), expected[..1]);
}

#[tokio::test]
async fn a_question_that_fails_says_which_query_and_why() {
    let file = File::new();
    let sql = || "SELECT anything FROM nowhere".to_owned();
    let in_view = Question {
        views: vec![View {
            name: "lost",
            sql: sql(),
        }],
        selects: Vec::new(),
    };
    let in_select = Question {
        views: Vec::new(),
        selects: vec![Select {
            name: "found",
            sql: sql(),
        }],
    };
    let path = file.dir.path().join("records.db");
    for (question, name) in [(in_view, "lost"), (in_select, "found")] {
        let error = file.ask(&question).await.unwrap_err();
        let (warehouse, why) = error.split_once(" did not answer: ").unwrap();
        assert_eq!(warehouse, format!("the warehouse sqlite:{}", path.display()));
        assert_eq!(why, format!("no such table: nowhere (in {name})"));
    }
}
