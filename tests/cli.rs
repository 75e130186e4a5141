//! The binary as its user meets it: exit codes, sentences, JSON; and killed in the middle.

mod stage;

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use stage::{PROJECT, Stage, monitor};
use tempfile::TempDir;
use world::{Reply, recorded};

/// `copperbell` in a directory of its own, with nothing in its environment.
fn copperbell(home: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_copperbell"));
    command
        .args(arguments)
        .current_dir(home)
        .env_clear()
        .stdin(Stdio::null());
    command
}

fn said(output: &Output) -> (Option<i32>, String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

fn secrets_file(home: &Path, document: &Value) -> String {
    use std::os::unix::fs::PermissionsExt as _;
    let path = home.join("secrets.json");
    std::fs::write(&path, document.to_string()).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    "secrets.json".to_owned()
}

#[tokio::test]
async fn a_pass_rings_remembers_and_says_so_in_json() {
    let stage = Stage::new().await;
    let home = TempDir::new().unwrap();
    let secrets = secrets_file(home.path(), &stage.secrets);
    stage.monitor(recorded::MIXED_FAILED_ALL_FIELDS);
    let run = |arguments: &[&str]| {
        let mut command = copperbell(home.path(), arguments);
        command
            .env("COPR_URL", stage.copr.url())
            .env("COPR_PROJECTS", PROJECT)
            .env("SECRETS", &secrets);
        said(&command.output().unwrap())
    };
    let (code, stdout, stderr) = run(&["watch", "--json"]);
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    let report: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(report["version"], 1);
    assert_eq!(report["complete"], true);
    assert_eq!(report["hooks"], json!([]));
    let project = &report["projects"][0];
    assert_eq!(
        (
            &project["project"],
            &project["outcome"],
            &project["packages"],
            &project["failing"],
            &project["broken"]
        ),
        (&json!(PROJECT), &json!("ok"), &json!(4), &json!(2), &json!(2))
    );
    assert_eq!(report["channels"][0]["sent"], 2);

    let (code, stdout, stderr) = run(&["watch"]);
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    insta::assert_snapshot!(stdout, @"alice/demo: 4 packages, 2 failing");
    let (_, stdout, _) = run(&["status", "--json"]);
    let status: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(status["incidents"][1]["package"], "gamma-libs");
    assert_eq!(status["incidents"][0]["chroots"][1]["name"], "fedora-43-x86_64");
    assert_eq!(status["last_run"]["complete"], true);
    let (code, stdout, _) = run(&["outbox", "list"]);
    assert_eq!(
        (code, stdout.as_str()),
        (Some(0), "Nothing waits, and nothing was given up.\n")
    );
    assert_eq!(stage.slack.texts().len(), 1);
}

#[tokio::test]
async fn without_channels_the_console_rings_and_json_keeps_standard_output() {
    let stage = Stage::new().await;
    let home = TempDir::new().unwrap();
    stage.monitor(monitor(&[("beta", "failed", 5)]));
    let url = stage.copr.url();
    let settings = ["watch", "--copr-url", &url, "--copr-projects", PROJECT];
    let (code, stdout, _) = said(&copperbell(home.path(), &settings).output().unwrap());
    assert_eq!(code, Some(0));
    assert!(stdout.starts_with("✗ beta fails to build in alice/demo\n"), "{stdout}");

    stage.monitor(monitor(&[("beta", "succeeded", 6)]));
    let settings = [&settings[..], &["--json"]].concat();
    let (_, stdout, stderr) = said(&copperbell(home.path(), &settings).output().unwrap());
    assert!(stderr.starts_with("✓ beta builds again"), "{stderr}");
    assert!(serde_json::from_str::<Value>(&stdout).is_ok(), "{stdout}");
}

#[tokio::test]
async fn a_poll_that_fails_is_exit_1_and_says_why() {
    let stage = Stage::new().await;
    let home = TempDir::new().unwrap();
    stage.copr.set(PROJECT, Reply::Html(502));
    let url = stage.copr.url();
    let settings = ["watch", "--copr-url", &url, "--copr-projects", PROJECT];
    let (code, stdout, stderr) = said(&copperbell(home.path(), &settings).output().unwrap());
    assert_eq!(code, Some(1));
    insta::assert_snapshot!(stdout, @"alice/demo: the proxy before Copr answered 502");
    let told = stderr.lines().find(|line| line.starts_with("copperbell:")).unwrap();
    insta::assert_snapshot!(told, @"copperbell: this pass is not complete: alice/demo: the proxy before Copr answered 502");
}

#[test]
fn wrong_settings_are_one_sentence_and_exit_2_and_nothing_is_done() {
    use std::os::unix::fs::PermissionsExt as _;
    let channels = |channels: Value| json!({ "channels": channels });
    let team = json!({"name": "team", "url": "https://hooks.slack.com/services/HUSH"});
    let mut sentences = Vec::new();
    let mut refuse = |arguments: &[&str], document: Option<&Value>, mode: u32| {
        let home = TempDir::new().unwrap();
        let mut command = copperbell(home.path(), &[&["watch"], arguments].concat());
        if let Some(document) = document {
            let file = secrets_file(home.path(), document);
            std::fs::set_permissions(home.path().join(&file), std::fs::Permissions::from_mode(mode)).unwrap();
            command.args(["--secrets", &file]);
        }
        let (code, stdout, stderr) = said(&command.output().unwrap());
        assert_eq!(
            (code, stdout.as_str()),
            (Some(2), ""),
            "{arguments:?} {document:?}: {stderr}"
        );
        assert!(
            !home.path().join("copperbell.db").exists() || arguments.is_empty(),
            "{arguments:?}"
        );
        assert!(!stderr.contains("HUSH"), "{stderr}");
        sentences.push(stderr.trim_end().to_owned());
    };
    refuse(&[], None, 0);
    refuse(&["--copr-projects", "foo"], None, 0);
    refuse(&["--copr-projects", "a/b", "--copr-url", "copr.example"], None, 0);
    refuse(&["--copr-projects", "a/b", "--secrets", "missing.json"], None, 0);
    refuse(
        &["--copr-projects", "a/b", "--state", "no/such/directory/x.db"],
        None,
        0,
    );
    let good = channels(json!([team]));
    refuse(&["--copr-projects", "a/b"], Some(&good), 0o604);
    refuse(&["--copr-projects", "a/b"], Some(&json!({"chanels": []})), 0o600);
    refuse(&["--copr-projects", "a/b"], Some(&channels(json!([team, team]))), 0o600);
    let bad_url = json!([{"name": "team", "url": "http://HUSH.example/x"}]);
    refuse(&["--copr-projects", "a/b"], Some(&channels(bad_url)), 0o600);
    refuse(&["--copr-projects", "a/b", "--state", "dynamodb:bells"], None, 0);
    insta::assert_snapshot!(sentences.join("\n"), @r#"
    copperbell: COPR_PROJECTS, GITHUB_HOOKS: both are empty, so there is nothing to watch: expected one project or hook at least
    copperbell: COPR_PROJECTS: `foo` is no Copr project: expected owner/name, @group/name or owner/name:pr:12
    copperbell: COPR_URL: expected an http:// or https:// URL without user, query and fragment, its host in ASCII, such as https://copr.fedorainfracloud.org
    copperbell: SECRETS: cannot read missing.json: there is no such file: make it, or say where it is (No such file or directory (os error 2))
    copperbell: STATE: cannot open no/such/directory/x.db: make its directory first, or name another file (No such file or directory (os error 2))
    copperbell: SECRETS: everybody on this machine can read secrets.json: run `chmod 600 secrets.json`
    copperbell: SECRETS: the document is not usable: unknown field `chanels`, expected one of `github_webhook_secret`, `github_app`, `github_token`, `heartbeat_url`, `channels` at line 1 column 10
    copperbell: SECRETS: the document is not usable: two channels are called `team`, expected a name for each
    copperbell: SECRETS: the document is not usable: channel "team": expected https (http is for loopback hosts alone)
    copperbell: AWS_ACCESS_KEY_ID: it is not set; AWS needs AWS_REGION, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY
    "#);
}

#[test]
fn a_setting_may_be_a_flag_an_environment_variable_or_a_line_of_dot_env_in_this_order() {
    let home = TempDir::new().unwrap();
    std::fs::write(home.path().join(".env"), "COPR_PROJECTS=from-file\n").unwrap();
    let blamed = |command: &mut Command| {
        let (_, _, stderr) = said(&command.output().unwrap());
        ["from-flag", "from-environment", "from-file"]
            .into_iter()
            .find(|name| stderr.contains(name))
    };
    let mut command = copperbell(home.path(), &["watch"]);
    assert_eq!(blamed(&mut command), Some("from-file"));
    assert_eq!(
        blamed(command.env("COPR_PROJECTS", "from-environment")),
        Some("from-environment")
    );
    assert_eq!(
        blamed(command.args(["--copr-projects", "from-flag"])),
        Some("from-flag")
    );
}

#[tokio::test]
async fn the_demo_touches_nothing_of_the_users() {
    let trap = Stage::new().await;
    trap.monitor(recorded::MIXED_FAILED_ALL_FIELDS);
    let home = TempDir::new().unwrap();
    let secrets = secrets_file(home.path(), &trap.secrets);
    std::fs::write(home.path().join(".env"), "this is no line of settings\n").unwrap();
    let mut command = copperbell(home.path(), &["demo"]);
    command
        .env("COPR_URL", trap.copr.url())
        .env("COPR_PROJECTS", PROJECT)
        .env("SECRETS", &secrets)
        .env("STATE", "copperbell.db")
        .env("AWS_ENDPOINT_URL", trap.copr.url())
        .env("HTTP_PROXY", trap.copr.url())
        .env("HOME", home.path());
    let (code, stdout, stderr) = said(&command.output().unwrap());
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    assert!(
        stdout.contains("✗ 2 packages broke in alice/demo") && stdout.contains("✓ "),
        "{stdout}"
    );
    assert!(trap.copr.requests().is_empty());
    assert_eq!(trap.slack.attempts() + trap.feishu.attempts(), 0);
    let mut left: Vec<_> = std::fs::read_dir(home.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    left.sort();
    assert_eq!(left, [".env", "secrets.json"]);
}

/// The chat kills the process by SIGKILL right after it took the first message; a new process goes on with its file.
#[tokio::test]
async fn a_process_killed_while_it_rings_loses_nothing() {
    let home = TempDir::new().unwrap();
    let file = home.path().join("copperbell.db");
    let mut stage = Stage::on_file(&file).await;
    stage.clock = outbound::Clock::simulated(jiff::Timestamp::now());
    stage.monitor(recorded::MIXED_FAILED_ALL_FIELDS);
    let secrets = secrets_file(home.path(), &stage.secrets);
    let child: Arc<Mutex<Option<std::process::Child>>> = Arc::default();
    let victim = child.clone();
    stage.slack.on_message(Box::new(move |_| {
        if let Some(mut child) = victim.lock().unwrap().take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }));
    let mut command = copperbell(
        home.path(),
        &["watch", "--secrets", &secrets, "--copr-projects", PROJECT],
    );
    command
        .env("COPR_URL", stage.copr.url())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    {
        let mut child = child.lock().unwrap();
        *child = Some(command.spawn().unwrap());
    }
    let killed = async {
        while child.lock().unwrap().is_some() {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(30), killed)
        .await
        .expect("it rings, and is killed");

    stage.passes(2).await;
    assert_eq!(
        stage.slack.texts(),
        ["2 packages broke in alice/demo"; 2],
        "it died before it could note the first"
    );
    // Feishu was told before, while or after it died: all of it, and what it had not noted as told once more.
    let heard = stage.feishu.texts();
    assert_eq!(
        heard.first().map(String::as_str),
        Some("2 packages broke in alice/demo")
    );
    assert!(heard.len() <= 2, "{heard:?}");
    assert!(stage.status().await.channels.iter().all(|channel| channel.waiting == 0));
}

#[tokio::test]
async fn a_state_that_was_lost_comes_back_from_its_backup_and_nothing_rings_twice() {
    let stage = Stage::new().await;
    let home = TempDir::new().unwrap();
    let secrets = secrets_file(home.path(), &stage.secrets);
    let run = |arguments: &[&str]| {
        let mut command = copperbell(home.path(), arguments);
        command
            .env("COPR_URL", stage.copr.url())
            .env("COPR_PROJECTS", PROJECT)
            .env("SECRETS", &secrets);
        said(&command.output().unwrap())
    };
    stage.monitor(monitor(&[("beta", "failed", 5)]));
    assert_eq!(run(&["watch"]).0, Some(0));
    let (code, stdout, stderr) = run(&["backup", "kept.db"]);
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    assert_eq!(stdout, "copperbell.db is backed up in kept.db.\n");
    for file in ["copperbell.db", "copperbell.db-wal", "copperbell.db-shm"] {
        let _ = std::fs::remove_file(home.path().join(file));
    }
    let (code, stdout, stderr) = run(&["restore", "kept.db"]);
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    assert!(
        stdout.starts_with("copperbell.db is as it was in kept.db: "),
        "{stdout}"
    );
    assert_eq!(run(&["watch"]).0, Some(0));
    assert_eq!(stage.slack.texts().len(), 1, "it is known");
    stage.monitor(monitor(&[("beta", "failed", 5), ("gamma", "failed", 6)]));
    assert_eq!(run(&["watch"]).0, Some(0));
    assert_eq!(stage.slack.texts().len(), 2, "and what is new rings");

    let refused = [
        run(&["backup", "kept.db"]),
        run(&["restore", "kept.db"]),
        run(&["backup", "other.db", "--state", "no.db"]),
        run(&["restore", "secrets.json", "--force"]),
        run(&["backup", "other.db", "--state", "dynamodb:bells"]),
    ];
    assert_eq!(
        refused.each_ref().map(|(code, _, _)| *code),
        [Some(1), Some(1), Some(1), Some(1), Some(2)]
    );
    let sentences: String = refused.into_iter().map(|(_, _, stderr)| stderr).collect();
    insta::assert_snapshot!(sentences, @"
    copperbell: kept.db exists: move it away, or say --force to replace it
    copperbell: copperbell.db exists: move it away, or say --force to replace it
    copperbell: there is no state no.db: STATE says where it is
    copperbell: secrets.json is no state of Copperbell's, as `copperbell backup` makes one: file is not a database
    copperbell: STATE: bells is a table of DynamoDB, which keeps its past itself: switch point-in-time recovery on, and see `aws dynamodb restore-table-to-point-in-time help`
    ");
}

#[test]
fn a_newcomers_mistakes_are_answered_by_a_sentence_that_mends_them() {
    let home = TempDir::new().unwrap();
    let write = |name: &str, text: &str| {
        use std::os::unix::fs::PermissionsExt as _;
        let path = home.path().join(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    };
    write(
        "comma.json",
        r#"{"channels": [{"name": "team", "url": "https://hooks.slack.com/services/HUSH"},]}"#,
    );
    write(
        "list.json",
        r#"{"channels": {"name": "team", "url": "https://hooks.slack.com/services/HUSH"}}"#,
    );
    write(
        "event.json",
        r#"{"channels": [{"name": "team", "url": "https://hooks.slack.com/services/HUSH", "events": ["copr.broke"]}]}"#,
    );
    write(
        "key.json",
        r#"{"github_app": {"id": 12345, "private_key": "-----BEGIN RSA PRIVATE KEY-----…"}}"#,
    );
    write("payload.json", "{}");
    let mut sentences = String::new();
    let mut answered = |dot_env: &str, arguments: &[&str], code: i32| {
        std::fs::write(home.path().join(".env"), dot_env).unwrap();
        let (found, _, stderr) = said(&copperbell(home.path(), arguments).output().unwrap());
        assert_eq!(found, Some(code), "{arguments:?}: {stderr}");
        assert_eq!(stderr.lines().count(), 1, "{stderr}");
        assert!(!stderr.contains("HUSH"), "{stderr}");
        sentences += &stderr;
    };
    answered("COPR_PROJECT=alice/demo\n", &["watch"], 2);
    answered("COPR_PROJECTS=alice/demo\nREMIND AFTER 3 days\n", &["watch"], 2);
    let watch = "COPR_PROJECTS=alice/demo\n";
    answered(watch, &["watch", "--secrets", "comma.json"], 2);
    answered(watch, &["watch", "--secrets", "list.json"], 2);
    answered(watch, &["watch", "--secrets", "event.json"], 2);
    answered(watch, &["watch", "--secrets", "key.json"], 2);
    answered(watch, &["watch", "--state", "payload.json"], 2);
    answered(watch, &["watch", "--state", "sqlite:copperbell.db"], 2);
    answered(
        "",
        &[
            "watch",
            "--copr-projects",
            "https://copr.fedorainfracloud.org/coprs/alice/demo/",
        ],
        2,
    );
    answered(
        "",
        &["redelivery", "plan", "--github-hooks", "https://github.com/acme/app"],
        2,
    );
    answered("", &["redelivery", "plan", "--github-hooks", "repo:acme/app:1"], 1);
    answered("", &["ring", "payload.json", "--event", "issues"], 1);
    answered("", &["report"], 2);
    insta::assert_snapshot!(sentences, @"
    copperbell: .env: COPR_PROJECT is no setting: is COPR_PROJECTS meant?
    copperbell: .env: line 2 is not NAME=value: put a # before a comment, and quotes around a value with spaces
    copperbell: SECRETS: the document is not usable: it is not JSON (line 1 column 80): look there for a quote that is missing, or a comma too many
    copperbell: SECRETS: the document is not usable: a value has the wrong kind, expected a list in [ ] (line 1 column 13)
    copperbell: SECRETS: the document is not usable: channel `team`: `copr.broke` is no event: expected one such as copr.broken, issues.opened, issue_comment.created, or a pattern such as `copr.*`
    copperbell: SECRETS: the document is not usable: github_app.private_key: the App's private key cannot be read as PEM: expected the file that GitHub gives, unencrypted and with its line breaks, which begins with `-----BEGIN RSA PRIVATE KEY-----`
    copperbell: STATE: cannot open payload.json: it is no database, so no state of Copperbell's: name another file
    copperbell: STATE: `sqlite:copperbell.db` is neither a file nor dynamodb:TABLE: expected one of them, ./sqlite:copperbell.db if a file is called so
    copperbell: COPR_PROJECTS: `https://copr.fedorainfracloud.org/coprs/alice/demo/` is no Copr project: expected owner/name, @group/name or owner/name:pr:12
    copperbell: GITHUB_HOOKS: `https://github.com/acme/app` is no hook: expected app, repo:owner/name:123 or org:name:456
    copperbell: repo:acme/app:1: no credentials for this hook: put github_token, or a github_app that is installed there, into the secrets document
    copperbell: SECRETS: there is no github_webhook_secret in it to sign with: put the one that the listener has
    copperbell: WAREHOUSE: it is not set, so there are no records to ask: set SINK=sqlite:PATH for `serve` to keep some, or WAREHOUSE to where they are
    ");
}

#[test]
fn every_command_has_examples_and_they_are_commands() {
    let home = TempDir::new().unwrap();
    let help = |path: &[&str]| {
        let (code, stdout, _) = said(&copperbell(home.path(), &[path, &["--help"]].concat()).output().unwrap());
        assert_eq!(code, Some(0), "{path:?}");
        stdout
    };
    let commands = |help: &str| {
        let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1);
        let listed = listed.take_while(|line| !line.is_empty());
        let names = listed.filter_map(|line| Some(line.strip_prefix("  ")?.split(' ').next()?.to_owned()));
        names
            .filter(|name| !name.is_empty() && name != "help")
            .collect::<Vec<_>>()
    };
    let mut paths: Vec<Vec<String>> = commands(&help(&[])).into_iter().map(|name| vec![name]).collect();
    assert!(paths.len() >= 14, "{paths:?}");
    let mut at = 0;
    while let Some(path) = paths.get(at).cloned() {
        at += 1;
        let words: Vec<&str> = path.iter().map(String::as_str).collect();
        let help = help(&words);
        let inner = commands(&help);
        let does_it_itself = inner.is_empty();
        paths.extend(inner.into_iter().map(|name| [path.clone(), vec![name]].concat()));
        let examples: Vec<_> = help
            .lines()
            .skip_while(|line| !line.starts_with("Example"))
            .skip(1)
            .collect();
        assert!(!examples.is_empty(), "{path:?}: {help}");
        let example = format!("copperbell {}", path.join(" "));
        assert!(
            examples.iter().any(|line| line.contains(&example)),
            "{example}: {examples:?}"
        );
        // A flag in an example is one that the command has.
        let words = examples.join(" ");
        for flag in words.split(' ').filter(|word| does_it_itself && word.starts_with("--")) {
            assert!(
                help.contains(&format!("{flag} ")) || help.contains(&format!("{flag}\n")),
                "{path:?}: {flag}"
            );
        }
    }
}

#[test]
fn shells_are_told_what_can_be_completed() {
    let home = TempDir::new().unwrap();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let (code, script, _) = said(&copperbell(home.path(), &["completions", shell]).output().unwrap());
        assert_eq!(code, Some(0), "{shell}");
        for word in ["redelivery", "copr-projects", "secrets"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
}

#[test]
fn the_doctor_sees_a_setting_that_is_misspelt_in_the_environment() {
    let home = TempDir::new().unwrap();
    let mut doctor = copperbell(home.path(), &["doctor"]);
    doctor
        .env("COPR_PROJECT", "alice/demo")
        .env("SECRET", "another program's");
    let (code, stdout, _) = said(&doctor.output().unwrap());
    assert_eq!(code, Some(1));
    let first = stdout.lines().next().unwrap();
    insta::assert_snapshot!(first, @"✗ COPR_PROJECT: it is set in the environment, and is no setting: is COPR_PROJECTS meant?");
    assert!(
        !stdout.contains("alice/demo") && !stdout.contains("SECRET:"),
        "{stdout}"
    );
}
