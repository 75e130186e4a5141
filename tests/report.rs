//! `report` and `export` as their user meets them, over a file of records.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use embedded::Records;
use jiff::{Timestamp, ToSpan as _};
use metrics::{IssueRecord, Sink as _};
use outbound::Outbound;
use serde_json::Value;
use tempfile::TempDir;

/// `copperbell` in a directory of its own, with records there.
fn copperbell(home: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_copperbell"));
    command
        .args(arguments)
        .current_dir(home)
        .env_clear()
        .env("WAREHOUSE", "sqlite:records.db")
        .stdin(Stdio::null());
    command
}

fn said(output: &Output) -> (Option<i32>, String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

/// An event of an issue that was opened two days ago, so many hours after that.
fn event(number: i64, delivery: &str, action: &str, hours: i64) -> IssueRecord {
    let created_s = (Timestamp::now() - 48.hours()).as_second();
    let closed = action == "closed";
    IssueRecord {
        schema_version: 1,
        delivery_id: delivery.to_owned(),
        body_digest: Some(format!("digest of {delivery}")),
        event: if action == "created" { "issue_comment" } else { "issues" }.to_owned(),
        action: action.to_owned(),
        repository: "acme/app".to_owned(),
        repository_id: 1,
        issue_id: 1_000 + number,
        issue_number: number,
        issue_url: format!("https://github.com/acme/app/issues/{number}"),
        title: Some("=1+1, \"quoted\"".to_owned()),
        comment_id: (action == "created").then_some(5),
        created_s: Some(created_s),
        occurred_s: created_s + 3_600 * hours,
        received_s: created_s + 3_600 * hours + 1,
        closed_s: closed.then_some(created_s + 3_600 * hours),
        actor: Some(if action == "created" { "alice" } else { "visitor" }.to_owned()),
        actor_type: Some("User".to_owned()),
        author: Some("visitor".to_owned()),
        author_type: Some("User".to_owned()),
        state: Some(if closed { "closed" } else { "open" }.to_owned()),
        state_reason: closed.then(|| "completed".to_owned()),
        labels: Some("|bug|".to_owned()),
        ..IssueRecord::default()
    }
}

async fn records(home: &Path, records: &[IssueRecord]) {
    let file = Records::open(&home.join("records.db"), &Outbound::new()).unwrap();
    let lines: Vec<_> = records.iter().map(IssueRecord::to_json).collect();
    let lines: Vec<_> = lines.iter().map(String::as_str).collect();
    assert_eq!(file.put(&lines).await.unwrap(), Vec::<usize>::new());
}

#[tokio::test]
async fn a_report_is_of_the_same_issues_in_every_format() {
    let home = TempDir::new().unwrap();
    let events = [
        event(1, "a", "opened", 0),
        event(1, "b", "created", 3),
        event(1, "c", "closed", 26),
        event(2, "d", "opened", 0),
    ];
    records(home.path(), &events).await;
    let run = |arguments: &[&str]| {
        let arguments: Vec<_> = [&["report"], arguments].concat();
        let (code, stdout, stderr) = said(&copperbell(home.path(), &arguments).output().unwrap());
        assert_eq!((code, stderr.as_str()), (Some(0), ""));
        stdout
    };
    let shown = run(&["--by", "label"]);
    let times = shown.lines().skip_while(|line| !line.starts_with("OPENED"));
    insta::assert_snapshot!(times.collect::<Vec<_>>().join("\n"), @r#"
    OPENED AND CLOSED BY LABEL
     label  opened  closed  closure ratio  reopened  open now
     bug         2       1           50 %         0         1

    TIMES BY LABEL
     time              label  n     mean      p50      p90
     first response    bug    1      3 h      3 h      3 h
     close, completed  bug    1  1 d 2 h  1 d 2 h  1 d 2 h
     first close       bug    1  1 d 2 h  1 d 2 h  1 d 2 h
     time open         bug    1  1 d 2 h  1 d 2 h  1 d 2 h
     age of the open   bug    1      2 d      2 d      2 d

    TIME IN LABEL
     label  n      mean      p50  p90
     bug    2  1 d 13 h  1 d 2 h  2 d

    OLDEST OPEN ISSUES
     issue       age  response  assignee  labels  title
     acme/app#2  2 d  none yet  –         bug     =1+1, "quoted"
    "#);
    let json: Value = serde_json::from_str(&run(&["--format", "json"])).unwrap();
    assert_eq!(json["version"], 1);
    assert_eq!(json["groups"][0]["opened"], 2);
    assert!(run(&["--format", "markdown"]).contains("| first response | 1 | 3 h | 3 h | 3 h |"));
    assert!(run(&["--format", "csv"]).contains("figures,first_response,,,p50_s,10800\n"));
    assert_eq!(
        run(&["--format", "html", "--by", "repository", "--output", "wall.html"]),
        ""
    );
    let page = std::fs::read_to_string(home.path().join("wall.html")).unwrap();
    assert!(page.contains("<dt>First response</dt><dd class=\"value\">3 h</dd>"));
    assert!(page.ends_with("</html>"));
    // What happened before is not of this time, and another repository's is not of this one.
    let json: Value = serde_json::from_str(&run(&["--since", "1h", "--format", "json"])).unwrap();
    assert_eq!(
        (&json["groups"][0]["opened"], &json["groups"][0]["open"]),
        (&0.into(), &1.into())
    );
    assert!(run(&["--repo", "acme/other"]).contains("No issue was opened"));
}

#[tokio::test]
async fn an_export_has_each_event_once_as_it_was_recorded() {
    let home = TempDir::new().unwrap();
    let mut again = event(1, "a", "opened", 0);
    again.received_s += 60;
    again.body_digest = None;
    let mut replayed = event(1, "z", "opened", 0);
    replayed.received_s += 60;
    replayed.body_digest = Some("digest of a".to_owned());
    let first = event(1, "a", "opened", 0);
    let second = event(1, "c", "closed", 26);
    records(home.path(), &[second.clone(), replayed, again, first.clone()]).await;
    let run = |arguments: &[&str]| said(&copperbell(home.path(), arguments).output().unwrap());
    let (code, stdout, stderr) = run(&["export"]);
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    assert_eq!(stdout, format!("{}\n{}\n", first.to_json(), second.to_json()));
    let (_, stdout, _) = run(&["export", "--since", "30h"]);
    assert_eq!(stdout, format!("{}\n", second.to_json()));
    let (_, stdout, _) = run(&["export", "--format", "csv", "--output", "events.csv"]);
    assert_eq!(stdout, "");
    let table = std::fs::read_to_string(home.path().join("events.csv")).unwrap();
    assert_eq!(table.lines().count(), 3);
    assert!(table.contains(",\"'=1+1, \"\"quoted\"\"\","), "{table}");
}

#[tokio::test]
async fn a_reader_who_leaves_is_no_error() {
    let home = TempDir::new().unwrap();
    let events: Vec<_> = (0..2_000).map(|n| event(n, &format!("d{n}"), "opened", 0)).collect();
    records(home.path(), &events).await;
    for format in ["ndjson", "csv"] {
        let mut export = copperbell(home.path(), &["export", "--format", format])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(export.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        assert!(line.contains("schema_version"), "{line}");
        let mut stderr = String::new();
        export.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
        assert_eq!((export.wait().unwrap().code(), stderr.as_str()), (Some(0), ""));
    }
}

#[tokio::test]
async fn what_cannot_be_asked_is_said_and_what_cannot_be_written_too() {
    let home = TempDir::new().unwrap();
    let run = |command: &mut Command| said(&command.output().unwrap());
    let (code, _, stderr) = run(copperbell(home.path(), &["report"]).env_remove("WAREHOUSE"));
    assert_eq!(code, Some(2));
    insta::assert_snapshot!(stderr, @"copperbell: WAREHOUSE: it is not set, so there are no records to ask: set SINK=sqlite:PATH for `serve` to keep some, or WAREHOUSE to where they are");
    records(home.path(), &[]).await;
    let (code, _, stderr) = run(&mut copperbell(home.path(), &["report", "--since", "2999-01-01"]));
    assert_eq!(code, Some(2));
    insta::assert_snapshot!(stderr, @"copperbell: --since: that is not in the past");
    let (code, _, stderr) = run(&mut copperbell(home.path(), &["export", "--output", "no/such/file"]));
    assert_eq!(code, Some(1));
    insta::assert_snapshot!(stderr, @"copperbell: Failed to make no/such/file: No such file or directory (os error 2)");
}
