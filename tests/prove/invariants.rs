//! What must hold at the end of every run, whatever befell it.

use std::collections::HashMap;

use metrics::{Question, Row, Select};
use outbound::FaultPoint;
use serde_json::{Value, json};
use world::Chat;

use crate::run::Run;
use crate::ways::Way;

/// A message that people must read.
#[derive(Clone, Debug)]
pub struct Fact {
    /// Whose facts come in order: a package, an issue.
    pub subject: &'static str,
    /// How its message begins.
    pub begins: &'static str,
    /// Must it come? A hook's troubles are told if they last.
    pub must: bool,
}

/// What a story tells.
pub struct Told {
    /// On Slack.
    pub team: Vec<Fact>,
    /// On Feishu.
    pub rpm: Vec<Fact>,
    /// The deliveries of which a record must be kept, in alphabetical order.
    pub records: Vec<&'static str>,
    /// What no line that people read may hold.
    pub secrets: Vec<String>,
    /// How many requests were refused, where that is known.
    pub refused: Option<usize>,
}

pub fn must(subject: &'static str, begins: &'static str) -> Fact {
    Fact {
        subject,
        begins,
        must: true,
    }
}

/// Looks at the end of a run. The schedule goes on until here: after so many passes at most everything is at rest.
pub async fn check(
    run: &Run<'_>,
    told: &Told,
    passes: usize,
    at_rest: impl Fn() -> Result<(), String>,
) -> Result<(), String> {
    let mut rest = Ok(());
    for _ in 0..passes {
        run.later(90);
        let report = run.clean_pass().await;
        let whole = report.complete && report.channels.iter().all(|channel| channel.waiting == 0);
        rest = if whole {
            at_rest()
        } else {
            Err(format!("passes stay incomplete: {}", run.said()))
        };
        if rest.is_ok() {
            break;
        }
    }
    rest?;
    let most = 1 + run.repeats();
    let mut team = told.team.clone();
    if run.made().iter().any(|made| made.way.is_some_and(Way::moves_the_clock)) {
        // Feishu refuses what is signed by a clock that is wrong by an hour, and that is told.
        team.push(Fact {
            must: false,
            ..must("rpm", "Channel rpm takes no messages")
        });
    }
    for (name, chat, facts) in [("team", &run.stage.slack, &team), ("rpm", &run.stage.feishu, &told.rpm)] {
        rung(chat, facts, most).map_err(|why| format!("{name}: {why}: {:?}", chat.texts()))?;
        for part in ["outbox", "dead"] {
            let left = items(run, &format!("{part}#{name}"));
            if !left.is_empty() {
                return Err(format!("left in {part}#{name}: {left:?}"));
            }
        }
    }
    let waiting = items(run, "outbox#sink:");
    let kept = records(run).await;
    if kept != told.records || !waiting.is_empty() {
        return Err(format!("records kept: {kept:?}, left: {waiting:?}"));
    }
    let now = run.stage.clock.now().as_millisecond();
    for part in ["project", "hook", "channel"] {
        for item in items(run, part) {
            let until = item["lease_until"]["N"]
                .as_str()
                .and_then(|until| until.parse::<i64>().ok());
            if until.is_some_and(|until| until > now) {
                return Err(format!("a lease is stuck: {item}"));
            }
        }
    }
    let open = items(run, &format!("incident#{}", crate::stage::PROJECT));
    if !open.is_empty() {
        return Err(format!("incidents are open: {open:?}"));
    }
    let said = run.said();
    if let Some(secret) = told.secrets.iter().find(|secret| said.contains(secret.as_str())) {
        let line = said.lines().find(|line| line.contains(secret.as_str()));
        return Err(format!("somebody can read the secret {secret}: {line:?}"));
    }
    let logged = said.matches("a delivery was refused").count();
    match told.refused {
        Some(refused) if refused != logged => Err(format!("{refused} requests were refused, {logged} logged")),
        _ => Ok(()),
    }
}

/// Every fact came, `most` times at most, and those of a subject in order.
fn rung(chat: &Chat, facts: &[Fact], most: usize) -> Result<(), String> {
    let mut times = vec![0; facts.len()];
    let mut newest: HashMap<&str, usize> = HashMap::new();
    for text in chat.texts() {
        let Some(at) = facts.iter().position(|fact| text.starts_with(fact.begins)) else {
            return Err(format!("nobody expects {text:?}"));
        };
        times[at] += 1;
        let newest = newest.entry(facts[at].subject).or_default();
        if at < *newest {
            return Err(format!("{text:?} came after {:?}", facts[*newest].begins));
        }
        *newest = at;
    }
    for (fact, &times) in facts.iter().zip(&times) {
        if fact.must && times == 0 {
            return Err(format!("lost: {:?}", fact.begins));
        }
        if times > most {
            return Err(format!("{times} times, {most} allowed: {:?}", fact.begins));
        }
    }
    Ok(())
}

/// The items of a partition, as the table has them.
pub fn items(run: &Run<'_>, partition: &str) -> Vec<Value> {
    let query = json!({
        "TableName": "copperbell", "KeyConditionExpression": "pk = :pk",
        "ExpressionAttributeValues": {":pk": {"S": partition}},
    });
    let mut answer = run.ask_table("Query", &query);
    match answer["Items"].take() {
        Value::Array(items) => items,
        other => panic!("{other}"),
    }
}

/// The deliveries of which there are records.
async fn records(run: &Run<'_>) -> Vec<String> {
    let (context, _) = run.stage.process(FaultPoint::none());
    let Some(warehouse) = &context.records.warehouse else {
        return Vec::new();
    };
    let all = Select {
        name: "all",
        sql: "SELECT delivery_id FROM issue_events ORDER BY delivery_id".to_owned(),
    };
    let question = Question {
        views: Vec::new(),
        selects: vec![all],
    };
    let mut kept = Vec::new();
    let mut on_row = |_, row: Row| kept.extend(row.into_iter().flatten());
    warehouse.ask(&question, &mut on_row).await.unwrap();
    kept
}
