//! The state file, as processes find and leave it.

use copperbell_embedded::Engine;
use serde_json::{Value, json};

const NAME: &str = "copperbell";

fn ask(engine: &Engine, operation: &str, body: &Value) -> u16 {
    let (status, _) = engine.answer(&format!("DynamoDB_20120810.{operation}"), body.to_string().as_bytes());
    status
}

/// As a process does that has just started.
fn make_if_missing(engine: &Engine) -> bool {
    if ask(engine, "DescribeTable", &json!({"TableName": NAME})) == 200 {
        return false;
    }
    let table = json!({
        "TableName": NAME,
        "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
    });
    assert_eq!(ask(engine, "CreateTable", &table), 200);
    true
}

fn look(engine: &Engine) -> u16 {
    ask(
        engine,
        "GetItem",
        &json!({"TableName": NAME, "Key": {"pk": {"S": "run"}}}),
    )
}

#[test]
fn a_process_killed_while_it_made_the_table_leaves_a_file_that_the_next_one_can_use() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("copperbell.db");
    assert!(make_if_missing(&Engine::open(&file).unwrap()));
    let killed = rusqlite::Connection::open(&file).unwrap();
    killed.execute_batch(&format!("DROP TABLE {NAME}")).unwrap();

    let next = Engine::open(&file).unwrap();
    assert_eq!(look(&next), 500);
    assert!(make_if_missing(&next));
    assert_eq!(look(&next), 200);
    assert!(!make_if_missing(&next));
}
