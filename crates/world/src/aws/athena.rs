//! Athena: every query is answered by the warehouse of the standalone program, if a test has put one behind it.

use std::collections::HashMap;

use embedded::Records;
use metrics::{Question, Row, Select, Warehouse as _};
use serde_json::{Value, json};

/// How many rows has a page, unless fewer are asked for?
const PAGE: usize = 1000;

/// What was asked so far.
#[derive(Debug, Default)]
pub(super) struct Queries {
    texts: Vec<String>,
    ended: HashMap<String, Result<Vec<Row>, String>>,
    polls: HashMap<String, usize>,
    pub(super) held: bool,
}

/// Answers one query.
pub(super) async fn run(records: Option<Records>, sql: &str) -> Result<Vec<Row>, String> {
    let missing = "TABLE_NOT_FOUND: line 1:15: Table 'awsdatacatalog.metrics.issue_events' does not exist";
    let records = records.ok_or(missing)?;
    let question = Question {
        views: Vec::new(),
        selects: vec![Select {
            name: "the query",
            sql: sql.to_owned(),
        }],
    };
    let mut rows = Vec::new();
    let asked = records.ask(&question, &mut |_, row| rows.push(row)).await;
    asked.map_err(|error| {
        let why = error.why.trim_end_matches(" (in the query)");
        format!("GENERIC_USER_ERROR: {why}")
    })?;
    Ok(rows)
}

impl Queries {
    /// The texts of all queries, in order.
    pub(super) fn texts(&self) -> Vec<String> {
        self.texts.clone()
    }

    /// Answers `StartQueryExecution`.
    pub(super) fn started(&mut self, sql: String, ended: Result<Vec<Row>, String>) -> (u16, Value) {
        self.texts.push(sql);
        let id = format!("00000000-0000-0000-0000-{:012}", self.texts.len());
        self.ended.insert(id.clone(), ended);
        (200, json!({"QueryExecutionId": id}))
    }

    /// Answers `GetQueryExecution`: the first time, a query is still running.
    pub(super) fn seen(&mut self, asked: &Value) -> (u16, Value) {
        let id = asked["QueryExecutionId"].as_str().unwrap_or_default();
        let Some(ended) = self.ended.get(id) else {
            return unknown(id);
        };
        let polls = self.polls.entry(id.to_owned()).or_default();
        *polls += 1;
        let status = match ended {
            _ if self.held || *polls == 1 => json!({"State": "RUNNING"}),
            Ok(_) => json!({"State": "SUCCEEDED"}),
            Err(why) => json!({"State": "FAILED", "StateChangeReason": why}),
        };
        (
            200,
            json!({"QueryExecution": {"QueryExecutionId": id, "Status": status}}),
        )
    }

    /// Answers `GetQueryResults`. The first row of the first page has the columns' names, and counts.
    pub(super) fn results(&self, asked: &Value) -> (u16, Value) {
        let id = asked["QueryExecutionId"].as_str().unwrap_or_default();
        let Some(Ok(rows)) = self.ended.get(id) else {
            return unknown(id);
        };
        let width = rows.first().map_or(1, Vec::len);
        let names: Row = (0..width).map(|column| Some(format!("_col{column}"))).collect();
        let from: usize = asked["NextToken"]
            .as_str()
            .and_then(|token| token.parse().ok())
            .unwrap_or(0);
        let page = asked["MaxResults"].as_u64().and_then(|most| usize::try_from(most).ok());
        let to = from + page.unwrap_or(PAGE).clamp(1, PAGE);
        let all = std::iter::once(&names).chain(rows);
        let shown: Vec<_> = all.skip(from).take(to - from).map(datums).collect();
        let mut answer = json!({"UpdateCount": 0, "ResultSet": {"Rows": shown}});
        if to < rows.len() + 1 {
            answer["NextToken"] = to.to_string().into();
        }
        (200, answer)
    }
}

/// A NULL is a datum without a value.
fn datums(row: &Row) -> Value {
    let datum = |value: &Option<String>| value.as_ref().map_or(json!({}), |text| json!({"VarCharValue": text}));
    json!({"Data": row.iter().map(datum).collect::<Vec<_>>()})
}

fn unknown(id: &str) -> (u16, Value) {
    let message = format!("QueryExecution {id} was not found");
    (400, json!({"__type": "InvalidRequestException", "Message": message}))
}
