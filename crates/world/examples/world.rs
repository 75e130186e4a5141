//! Copr, GitHub and two chats as a program, for tests that are not in Rust. What they are called is a line of JSON on
//! standard output; then they answer until standard input ends, and what the chats were told is another line.

use std::io::Read as _;

use copperbell_world::{Chat, Copr, Event, GitHub, IssueAct, Monitor, Outcome, Reply, Rights, recorded};
use serde_json::json;

const HOOK: &str = "repo:acme/app:123";
const TOKEN: &str = "a token of the stand-in";
const BOT_SECRET: &str = "a key of the stand-in";

/// Milliseconds since the epoch.
fn now() -> i64 {
    let since = std::time::UNIX_EPOCH.elapsed().unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let copr = Copr::start().await;
    copr.set("alice/demo", Reply::monitor(recorded::MIXED_FAILED_ALL_FIELDS));
    copr.set("alice/demo:pr:12", Reply::monitor(recorded::STARTING_RUNNING));
    let well = Monitor::new("@copr/copr").package("copr-cli", [("fedora-43-x86_64", "succeeded", 1, Some("2.0-1"))]);
    copr.set("@copr/copr", Reply::monitor(well.json()));

    let github = GitHub::start(now).await;
    github.set_token(TOKEN, Rights::Redeliver);
    github.add_hook(HOOK, "https://ci.acme.example/webhook", None);
    github.script(HOOK, |_| Outcome::answered(200));
    // An hour ago a delivery was lost, and a day ago an issue was opened, answered and closed.
    let (hour, minute) = (3_600_000, 60_000);
    let push = Event::new("push", &json!({"repository": {"id": 7}})).at(now() - hour);
    github.record(HOOK, push, Outcome::timed_out());
    github.add_repository("acme/app");
    let opened = now() - 24 * hour;
    let issue = github.open_issue("acme/app", "alice", "It crashes when the file is empty", opened);
    github.comment("acme/app", issue, "bob", opened + 20 * minute);
    github.act(
        "acme/app",
        issue,
        "bob",
        IssueAct::Close("completed"),
        opened + 3 * hour,
    );

    let (slack, feishu) = (Chat::slack().await, Chat::feishu(Some(BOT_SECRET)).await);
    let names = json!({
        "copr": copr.url(), "github": github.url(), "github_token": TOKEN,
        "slack": slack.url(), "feishu": feishu.url(), "feishu_secret": BOT_SECRET,
    });
    println!("{names}");
    let until_the_end = || std::io::stdin().read_to_end(&mut Vec::new());
    let _ = tokio::task::spawn_blocking(until_the_end).await;
    println!("{}", json!({"slack": slack.texts(), "feishu": feishu.texts()}));
}
