//! A copy of a state is as the state was at one moment, and takes its place again.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use copperbell_embedded::{BackupError, Engine, backup, restore};
use serde_json::{Value, json};
use tempfile::TempDir;

const TABLE: &str = "bells";

fn ask(engine: &Engine, operation: &str, body: &Value) -> Value {
    let (status, answer) = engine.answer(&format!("DynamoDB_20120810.{operation}"), body.to_string().as_bytes());
    assert_eq!(status, 200, "{answer}");
    serde_json::from_str(&answer).unwrap()
}

fn with_table(path: &Path) -> Engine {
    let engine = Engine::open(path).unwrap();
    let key = |name: &str, kind: &str| json!({"AttributeName": name, "KeyType": kind});
    let text = |name: &str| json!({"AttributeName": name, "AttributeType": "S"});
    let table = json!({
        "TableName": TABLE,
        "KeySchema": [key("pk", "HASH"), key("sk", "RANGE")],
        "AttributeDefinitions": [text("pk"), text("sk")],
        "BillingMode": "PAY_PER_REQUEST",
    });
    ask(&engine, "CreateTable", &table);
    engine
}

fn put(engine: &Engine, name: &str) {
    let request = json!({"Put": {"TableName": TABLE, "Item": {"pk": {"S": "p"}, "sk": {"S": name}}}});
    ask(engine, "TransactWriteItems", &json!({"TransactItems": [request]}));
}

fn names(path: &Path) -> Vec<String> {
    let engine = Engine::open(path).unwrap();
    let query = json!({
        "TableName": TABLE,
        "KeyConditionExpression": "pk = :p",
        "ExpressionAttributeValues": {":p": {"S": "p"}},
    });
    let items = ask(&engine, "Query", &query);
    let items = items["Items"].as_array().unwrap().iter();
    items.map(|item| item["sk"]["S"].as_str().unwrap().to_owned()).collect()
}

/// A directory with a state that holds one item, open.
fn stage() -> (TempDir, PathBuf, Engine) {
    let home = TempDir::new().unwrap();
    let state = home.path().join("state.db");
    let engine = with_table(&state);
    put(&engine, "before");
    (home, state, engine)
}

fn files(home: &TempDir) -> Vec<String> {
    let entries = std::fs::read_dir(home.path()).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_state_that_is_open_is_copied_as_it_is_and_put_back_when_it_is_lost() {
    let (home, state, engine) = stage();
    let copy = home.path().join("copy.db");
    backup(&state, TABLE, &copy, false).unwrap();
    let mode = std::fs::metadata(&copy).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    put(&engine, "after");
    drop(engine);
    assert_eq!(names(&state), ["after", "before"]);

    // The file is lost, and what belonged to it is not.
    std::fs::remove_file(&state).unwrap();
    std::fs::write(home.path().join("state.db-wal"), b"of the lost one").unwrap();
    restore(&copy, TABLE, &state, false).unwrap();
    assert_eq!(files(&home), ["copy.db", "state.db"]);
    assert_eq!(names(&state), ["before"]);
    let again = Engine::open(&state).unwrap();
    put(&again, "later");
    drop(again);
    assert_eq!(names(&state), ["before", "later"]);
}

#[test]
fn a_copy_is_whole_whoever_writes_meanwhile() {
    let (home, state, engine) = stage();
    let writer = std::thread::spawn(move || {
        for number in 0..300 {
            put(&engine, &format!("{number:03}"));
        }
    });
    let mut before = 0;
    for number in 0..5 {
        let copy = home.path().join(format!("{number}.db"));
        backup(&state, TABLE, &copy, false).unwrap();
        let names = names(&copy);
        // What was written first is in it if anything later is.
        let numbers: Vec<_> = names.iter().filter(|name| *name != "before").collect();
        let expected: Vec<_> = (0..numbers.len()).map(|number| format!("{number:03}")).collect();
        assert_eq!(numbers, expected.iter().collect::<Vec<_>>());
        assert!(numbers.len() >= before);
        before = numbers.len();
    }
    writer.join().unwrap();
}

#[test]
fn nothing_is_overwritten_unless_that_is_asked_for() {
    let (home, state, engine) = stage();
    let copy = home.path().join("copy.db");
    backup(&state, TABLE, &copy, false).unwrap();
    put(&engine, "more");
    let refused = backup(&state, TABLE, &copy, false).unwrap_err();
    assert!(
        matches!(&refused, BackupError::Exists(path) if *path == copy),
        "{refused}"
    );
    assert_eq!(names(&copy), ["before"]);
    backup(&state, TABLE, &copy, true).unwrap();
    assert_eq!(names(&copy), ["before", "more"]);

    put(&engine, "even more");
    let refused = restore(&copy, TABLE, &state, false).unwrap_err();
    assert!(matches!(refused, BackupError::Exists(_)), "{refused}");
    // Not even then while somebody has it open.
    let refused = restore(&copy, TABLE, &state, true).unwrap_err();
    assert!(matches!(refused, BackupError::InUse(_)), "{refused}");
    put(&engine, "the most");
    drop(engine);
    assert_eq!(names(&state).len(), 4);
    restore(&copy, TABLE, &state, true).unwrap();
    assert_eq!(names(&state), ["before", "more"]);
    assert!(
        files(&home).iter().all(|name| !name.ends_with(".partial")),
        "{:?}",
        files(&home)
    );
}

#[test]
fn a_state_that_is_damaged_can_be_replaced_and_is_no_backup() {
    let (home, state, engine) = stage();
    let copy = home.path().join("copy.db");
    backup(&state, TABLE, &copy, false).unwrap();
    drop(engine);
    std::fs::write(&state, b"this was a state").unwrap();
    let refused = backup(&state, TABLE, &home.path().join("second.db"), false).unwrap_err();
    assert!(matches!(refused, BackupError::NotAState { .. }), "{refused}");
    restore(&copy, TABLE, &state, true).unwrap();
    assert_eq!(names(&state), ["before"]);

    // Of a copy whose end is missing too little is left.
    let whole = std::fs::read(&copy).unwrap();
    std::fs::write(&copy, &whole[..whole.len() / 2]).unwrap();
    let refused = restore(&copy, TABLE, &state, true).unwrap_err();
    assert!(matches!(refused, BackupError::NotAState { .. }), "{refused}");
    assert_eq!(names(&state), ["before"]);
}

#[test]
fn what_is_no_state_of_ours_is_refused_and_changes_nothing() {
    let (home, state, engine) = stage();
    drop(engine);
    let path = |name: &str| home.path().join(name);
    std::fs::write(path("text"), "hello").unwrap();
    std::fs::write(path("empty"), "").unwrap();
    rusqlite::Connection::open(path("other.db"))
        .unwrap()
        .execute_batch("CREATE TABLE notes (body TEXT)")
        .unwrap();
    let said = ["text", "empty", "other.db", "missing"].map(|name| {
        let refused = restore(&path(name), TABLE, &state, true).unwrap_err().to_string();
        refused.replace(&home.path().display().to_string(), "…")
    });
    assert_eq!(
        said,
        [
            "…/text is no state of Copperbell's, as `copperbell backup` makes one: file is not a database",
            "…/empty is no state of Copperbell's, as `copperbell backup` makes one: it is a database without the table bells",
            "…/other.db is no state of Copperbell's, as `copperbell backup` makes one: it is a database without the table bells",
            "…/missing is no state of Copperbell's, as `copperbell backup` makes one: there is no such file",
        ]
    );
    assert_eq!(names(&state), ["before"]);
    let missing = backup(&path("missing"), TABLE, &path("copy.db"), false).unwrap_err();
    assert!(matches!(missing, BackupError::NoState(_)), "{missing}");
    let nowhere = backup(&state, TABLE, &path("no/such/copy.db"), false).unwrap_err();
    assert!(matches!(nowhere, BackupError::Failed { .. }), "{nowhere}");
}
