//! A million events of 20,000 issues in two years: how long a report takes, and how much memory.
//!
//! `cargo run -p copperbell-metrics --example million [EVENTS_PER_ISSUE [ISSUES [FILE]]]`

use std::path::PathBuf;
use std::time::Instant;

use copperbell_metrics::{Asked, By, IssueRecord, IssueReport, Sink as _, all_labels};
use embedded::Records;
use fastrand::Rng;
use outbound::Outbound;

const START: i64 = 1_704_067_200;
const DAY: i64 = 86_400;
const LABELS: [&str; 6] = ["bug", "docs", "feature", "regression", "area/x", "area/y"];

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let per_issue = arguments.next().map_or(Ok(50), |text| text.parse())?;
    let issues = arguments.next().map_or(Ok(20_000), |text| text.parse())?;
    let dir = tempfile::tempdir()?;
    let path = arguments
        .next()
        .map_or_else(|| dir.path().join("records.db"), PathBuf::from);
    let filled = path.exists();
    let records = Records::open(&path, &Outbound::new())?;
    if !filled {
        let started = Instant::now();
        fill(&records, issues, per_issue).await?;
        println!("{} events stored in {:.1?}", issues * per_issue, started.elapsed());
    }
    println!("so far {}", peak());
    for by in [By::All, By::Repository, By::Label, By::Assignee, By::Month] {
        let asked = Asked {
            since_s: START,
            until_s: START + 731 * DAY,
            by,
            ..Asked::default()
        };
        let started = Instant::now();
        let report = IssueReport::read(&asked, &records).await?;
        let figures = report.figures.len();
        println!("by {by:?}: {figures} figures in {:.1?}, {}", started.elapsed(), peak());
    }
    Ok(())
}

async fn fill(records: &Records, issues: i64, per_issue: i64) -> Result<(), Box<dyn std::error::Error>> {
    let mut rng = Rng::with_seed(1);
    let mut lines = Vec::new();
    for issue in 0..issues {
        lines.extend(story(&mut rng, issue, per_issue));
        if lines.len() >= 20_000 || issue == issues - 1 {
            rng.shuffle(&mut lines);
            for some in lines.chunks(500) {
                let some: Vec<&str> = some.iter().map(String::as_str).collect();
                records.put(&some).await?;
            }
            lines.clear();
        }
    }
    Ok(())
}

fn story(rng: &mut Rng, issue: i64, events: i64) -> Vec<String> {
    let created_s = START + rng.i64(0..700 * DAY);
    let mut at = created_s;
    let mut labels: Vec<&str> = Vec::new();
    let mut record = IssueRecord {
        schema_version: 1,
        repository: format!("octo/repository-{}", issue % 5),
        repository_id: issue % 5,
        issue_id: 2_000_000_000 + issue,
        issue_number: issue,
        issue_url: format!("https://github.com/octo/repository-{}/issues/{issue}", issue % 5),
        created_s: Some(created_s),
        author: Some(format!("user-{}", rng.u8(..))),
        assignee: rng.bool().then(|| format!("user-{}", rng.u8(..20))),
        state: Some("open".to_owned()),
        ..IssueRecord::default()
    };
    let mut rows = Vec::new();
    for number in 0..events {
        "issues".clone_into(&mut record.event);
        (record.label, record.comment_id) = (None, None);
        let action = match rng.usize(0..10) {
            _ if number == 0 => "opened",
            0 | 1 => {
                let label = *rng.choice(&LABELS).unwrap_or(&"bug");
                record.label = Some(label.to_owned());
                if labels.contains(&label) {
                    labels.retain(|other| *other != label);
                    "unlabeled"
                } else {
                    labels.push(label);
                    "labeled"
                }
            }
            2 if record.closed_s.is_some() => {
                (record.closed_s, record.state) = (None, Some("open".to_owned()));
                "reopened"
            }
            2 => {
                (record.closed_s, record.state) = (Some(at), Some("closed".to_owned()));
                "closed"
            }
            _ => {
                "issue_comment".clone_into(&mut record.event);
                record.comment_id = Some(issue * events + number);
                "created"
            }
        };
        action.clone_into(&mut record.action);
        record.labels = all_labels(labels.iter().copied());
        record.actor = Some(format!("user-{}", rng.u8(..)));
        record.delivery_id = format!("{:032x}", rng.u128(..));
        record.body_digest = Some(format!("{:032x}{:032x}", rng.u128(..), rng.u128(..)));
        (record.occurred_s, record.received_s) = (at, at + 2);
        rows.push(record.to_json());
        at += rng.i64(1..DAY);
    }
    rows
}

/// The most memory this process ever had.
fn peak() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM"));
    line.unwrap_or("VmHWM: unknown")
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}
