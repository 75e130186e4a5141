//! The real binary, killed by SIGKILL at work; later passes go on with its file.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use tempfile::TempDir;
use world::Outcome;

use crate::stage::hooks::{HOOK, HookStage};
use crate::stage::{Stage, monitor};

/// A process to be killed by whoever it talks to.
#[derive(Clone, Default)]
struct Victim(Arc<Mutex<Option<Child>>>);

impl Victim {
    fn start(&self, mut command: Command) {
        let mut child = self.0.lock().unwrap();
        *child = Some(command.spawn().unwrap());
    }

    /// Waits until it has started, so that the lock is free.
    fn kill(&self) {
        if let Some(mut child) = self.0.lock().unwrap().take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    async fn killed(&self) {
        let killed = async {
            while self.0.lock().unwrap().is_some() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let patience = Duration::from_secs(30);
        tokio::time::timeout(patience, killed)
            .await
            .expect("it works, and is killed");
    }
}

/// The program in a directory of its own, with these secrets.
fn program(home: &Path, secrets: &Value, arguments: &[&str]) -> Command {
    let path = home.join("secrets.json");
    std::fs::write(&path, secrets.to_string()).unwrap();
    std::fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_copperbell"));
    command
        .args(arguments)
        .args(["--secrets", "secrets.json"])
        .current_dir(home)
        .env_clear()
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

/// The stage goes on with the file of a process that has the machine's clock.
async fn take_over(stage: &mut Stage, home: &Path) {
    let engine = embedded::Engine::open(&home.join("copperbell.db")).unwrap();
    stage.go_on_with(engine).await;
    let ahead = Timestamp::now().duration_since(stage.clock.now());
    stage.clock.advance(ahead.try_into().unwrap());
}

/// GitHub kills the process while it answers the third redelivery that it was asked for.
#[tokio::test]
async fn a_process_killed_while_it_redelivers_loses_nothing_and_sends_nothing_twice() {
    const LOST: usize = 8;
    let home = TempDir::new().unwrap();
    let mut stage = HookStage::new().await;
    take_over(&mut stage.stage, home.path()).await;
    for answer in [[500; LOST], [200; LOST]].as_flattened() {
        stage.answers(*answer);
        stage.emit().await;
    }
    let victim = Victim::default();
    let (killer, asked) = (victim.clone(), AtomicUsize::new(0));
    stage.github.script(HOOK, move |_| {
        if asked.fetch_add(1, Ordering::SeqCst) + 1 == 3 {
            killer.kill();
        }
        Outcome::answered(200)
    });
    let secrets = json!({"github_token": "token", "channels": []});
    let url = stage.github.url();
    let arguments = ["redelivery", "run", "--github-hooks", HOOK, "--github-api-url", &url];
    victim.start(program(home.path(), &secrets, &arguments));
    victim.killed().await;
    let left = stage.github.lost(HOOK).len();
    assert!((1..LOST).contains(&left), "{left}");

    let healed = stage.passes(3).await;
    assert_eq!(stage.github.lost(HOOK), Vec::<String>::new());
    assert_eq!(stage.github.taken_twice(HOOK), Vec::<String>::new());
    assert_eq!((healed.lost, healed.recovered), (0, LOST));
    assert_eq!(stage.stage.status().await.hooks[0].state.lost, 0);
}

const BROKEN: &str = "2 packages broke in alice/demo";

/// Did a chat hear of both packages first? A process that was killed while it removed what it had said leaves a part of
/// it to be said again.
fn heard(texts: &[String], most: usize) -> bool {
    let part = |text: &String| text == BROKEN || text.ends_with(" fails to build in alice/demo");
    texts.len() <= most && texts.first().is_some_and(|text| text == BROKEN) && texts.iter().all(part)
}

/// A chat kills the process when it has taken the message, before it answers.
#[tokio::test]
async fn a_process_killed_when_a_chat_took_its_message_says_it_twice_and_loses_nothing() {
    let home = TempDir::new().unwrap();
    let mut stage = Stage::new().await;
    take_over(&mut stage, home.path()).await;
    stage.monitor(monitor(&[("alpha", "failed", 4), ("beta", "failed", 5)]));
    let victim = Victim::default();
    let killer = victim.clone();
    stage.slack.on_message(Box::new(move |_| killer.kill()));
    let url = stage.copr.url();
    let arguments = ["watch", "--copr-projects", "alice/demo", "--copr-url", &url];
    victim.start(program(home.path(), &stage.secrets, &arguments));
    victim.killed().await;
    assert_eq!(stage.slack.texts(), [BROKEN]);

    stage.passes(3).await;
    assert_eq!(stage.slack.texts(), [BROKEN; 2]);
    let feishu = stage.feishu.texts();
    assert!(heard(&feishu, 2), "{feishu:?}");
    let status = stage.status().await;
    assert_eq!((status.channels[0].waiting, status.dead), (0, 0), "{status:?}");
}

/// Nobody chooses the moment.
#[tokio::test]
async fn processes_killed_at_any_moment_lose_nothing() {
    let home = TempDir::new().unwrap();
    let mut stage = Stage::new().await;
    stage.monitor(monitor(&[("alpha", "failed", 4), ("beta", "failed", 5)]));
    let url = stage.copr.url();
    let arguments = ["watch", "--copr-projects", "alice/demo", "--copr-url", &url];
    for milliseconds in [5, 20, 40, 60, 90, 130] {
        let victim = Victim::default();
        victim.start(program(home.path(), &stage.secrets, &arguments));
        tokio::time::sleep(Duration::from_millis(milliseconds)).await;
        victim.kill();
    }
    take_over(&mut stage, home.path()).await;
    stage.passes(3).await;
    for chat in [&stage.slack, &stage.feishu] {
        assert!(heard(&chat.texts(), 7), "{:?}", chat.texts());
    }
    let status = stage.status().await;
    assert_eq!((status.channels[0].waiting, status.dead), (0, 0), "{status:?}");
}
