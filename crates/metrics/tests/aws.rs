//! The sink and the warehouse in AWS, asked as they are there: over HTTP, by the SDK.

use aws_credential_types::Credentials;
use copperbell_metrics::{Athena, Firehose, IssueRecord, Question, Row, Select, Sink as _, View, Warehouse as _};
use embedded::Records;
use jiff::Timestamp;
use outbound::{Access, Clock, FaultPoint, Outbound};
use tempfile::TempDir;
use world::{Aws, StreamFault};

struct Account {
    aws: Aws,
    outbound: Outbound,
    _dir: TempDir,
}

impl Account {
    /// An account whose Athena finds what its Firehose took.
    async fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock = Clock::simulated("2026-11-02T09:00:00Z".parse::<Timestamp>().unwrap());
        let outbound = Outbound::with(clock, FaultPoint::default());
        let aws = Aws::start().await;
        aws.keep_records_in(&Records::open(&dir.path().join("records.db"), &outbound).unwrap());
        Self {
            aws,
            outbound,
            _dir: dir,
        }
    }

    fn access(&self) -> Access {
        Access {
            http_client: outbound::sdk_http_client(&self.outbound),
            credentials: Credentials::from_keys("key", "secret", None),
            region: "us-east-1".to_owned(),
            endpoint_url: Some(self.aws.url()),
        }
    }

    fn firehose(&self) -> Firehose {
        Firehose::new("issues", self.access(), &self.outbound)
    }

    async fn ask(&self, question: &Question) -> Result<Vec<(usize, Row)>, String> {
        let athena = Athena::new("metrics", "copperbell", self.access(), &self.outbound);
        let mut rows = Vec::new();
        let asked = athena.ask(question, &mut |place, row| rows.push((place, row))).await;
        asked.map_err(|error| error.to_string())?;
        rows.sort();
        Ok(rows)
    }
}

fn record(delivery_id: &str) -> String {
    let record = IssueRecord {
        schema_version: 1,
        delivery_id: delivery_id.to_owned(),
        ..IssueRecord::default()
    };
    record.to_json()
}

fn select(name: &'static str, sql: &str) -> Select {
    let sql = sql.to_owned();
    Select { name, sql }
}

#[tokio::test]
async fn the_stream_takes_each_record_as_a_line() {
    let account = Account::start().await;
    let records = [record("a"), record("b")];
    let left = account.firehose().put(&[&records[0], &records[1]]).await.unwrap();
    assert!(left.is_empty());
    assert_eq!(account.aws.stream(), records.map(|record| format!("{record}\n")));
    assert_eq!(account.aws.operations(), ["Firehose_20150804.PutRecordBatch"]);
}

#[tokio::test]
async fn what_the_stream_did_not_take_is_told_by_its_place_and_taken_when_put_again() {
    let account = Account::start().await;
    let records = ["a", "b", "c", "d"].map(record);
    let records = records.each_ref().map(String::as_str);
    account.aws.refuse_records(&[1, 3]);
    let left = account.firehose().put(&records).await.unwrap();
    assert_eq!(left, [1, 3]);
    assert_eq!(account.aws.stream().len(), 2);
    let left = account.firehose().put(&[records[1], records[3]]).await.unwrap();
    assert!(left.is_empty());
    assert_eq!(account.aws.stream().len(), 4);
}

#[tokio::test]
async fn a_stream_that_takes_nothing_says_why_and_what_to_do() {
    let account = Account::start().await;
    let record = record("a");
    let mut said = Vec::new();
    for fault in [StreamFault::Missing, StreamFault::Denied, StreamFault::Unavailable] {
        account.aws.fail_stream(Some(fault));
        said.push(account.firehose().put(&[&record]).await.unwrap_err().to_string());
    }
    insta::assert_snapshot!(said.join("\n\n"), @"
    the sink firehose:issues in us-east-1 took nothing: ResourceNotFoundException: Firehose issues under account 123456789012 not found; make it, or correct SINK=firehose:STREAM

    the sink firehose:issues in us-east-1 took nothing: AccessDeniedException: User: arn:aws:sts::123456789012:assumed-role/copperbell/webhook is not authorized to perform: firehose:PutRecordBatch on resource: arn:aws:firehose:us-east-1:123456789012:deliverystream/issues because no identity-based policy allows the firehose:PutRecordBatch action; allow firehose:PutRecordBatch on this stream

    the sink firehose:issues in us-east-1 took nothing: ServiceUnavailableException: Slow down
    ");
    // Two tries where one may help, and no more: whoever puts keeps what was not taken.
    assert_eq!(account.aws.operations().len(), 4);
    account.aws.fail_stream(None);
    assert!(account.firehose().put(&[&record]).await.unwrap().is_empty());
}

#[tokio::test]
async fn athena_answers_every_query_of_a_question_over_its_views() {
    let account = Account::start().await;
    let records = ["a", "b", "c"].map(record);
    account
        .firehose()
        .put(&records.each_ref().map(String::as_str))
        .await
        .unwrap();
    let view = View {
        name: "known(id)",
        sql: "SELECT delivery_id FROM issue_events WHERE delivery_id <> 'b'".to_owned(),
    };
    let question = Question {
        views: vec![view],
        selects: vec![
            select("ids", "SELECT id, NULL FROM known ORDER BY id"),
            select("count", "SELECT COUNT(*) FROM known"),
        ],
    };
    let text = |text: &str| Some(text.to_owned());
    let expected = [
        (0, vec![text("a"), None]),
        (0, vec![text("c"), None]),
        (1, vec![text("2")]),
    ];
    assert_eq!(account.ask(&question).await.unwrap(), expected);
    let mut asked = account.aws.queries();
    asked.sort();
    let mut texts: Vec<_> = question.selects.iter().map(|select| question.text(select)).collect();
    texts.sort();
    assert_eq!(asked, texts);
}

#[tokio::test]
async fn a_long_answer_comes_whole_and_in_order() {
    let account = Account::start().await;
    let numbers = "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 2500) SELECT i FROM n";
    let question = Question {
        views: Vec::new(),
        selects: vec![select("numbers", numbers)],
    };
    let athena = Athena::new("metrics", "copperbell", account.access(), &account.outbound);
    let mut numbers = Vec::new();
    athena
        .ask(&question, &mut |_, row| {
            numbers.push(row[0].as_ref().unwrap().parse::<u32>().unwrap());
        })
        .await
        .unwrap();
    assert_eq!(numbers, (1..=2500).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_query_that_fails_is_named_with_athenas_reason() {
    let account = Account::start().await;
    let question = Question {
        views: Vec::new(),
        selects: vec![select("backlog", "SELECT colour FROM issue_events")],
    };
    insta::assert_snapshot!(account.ask(&question).await.unwrap_err(), @"the warehouse athena:metrics/copperbell did not answer: the query FAILED: GENERIC_USER_ERROR: no such column: colour (in backlog)");
}

#[tokio::test]
async fn a_query_that_does_not_end_is_given_up() {
    let account = Account::start().await;
    account.aws.hold_queries(true);
    let started = account.outbound.clock.now();
    let question = Question {
        views: Vec::new(),
        selects: vec![select("backlog", "SELECT COUNT(*) FROM issue_events")],
    };
    insta::assert_snapshot!(account.ask(&question).await.unwrap_err(), @"the warehouse athena:metrics/copperbell did not answer: the query is RUNNING after 120 s (in backlog)");
    let waited = account.outbound.clock.now().duration_since(started).as_secs();
    assert!((120..130).contains(&waited), "{waited}");
}
