//! What is said of the settings outside the code is what the code says: the table in README.md, `.env.example` and
//! `secrets.example.json`.
//!
//! After a change of the settings, `COPPERBELL_WRITE=1 cargo test --test settings_table` writes table and example anew.

#![expect(unreachable_pub, reason = "a test is no library")]

mod written;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use boot::{SETTINGS, Secrets, Setting, Settings};
use serde_json::Value;

use written::{file, is, readme_has};

fn table() -> String {
    // A bar would end the cell; an asterisk between backticks is one.
    let cell = |text: &str| text.replace('|', "\\|");
    let row = |setting: &Setting| {
        let Setting {
            name, help, default, ..
        } = setting;
        format!("| `{name}` | {} | {} |\n", cell(help), cell(default))
    };
    let rows: String = SETTINGS.iter().map(row).collect();
    format!("| setting | what it is | default |\n|---|---|---|\n{rows}")
}

fn dot_env() -> String {
    let mut text = "# Copy this file to `.env`, where `copperbell` is started, and set what you need: a line without the # is set.\n\
                    # What is set in the environment, or by a flag, wins.\n"
        .to_owned();
    for Setting {
        name,
        help,
        default,
        example,
        ..
    } in SETTINGS
    {
        // The one setting without which there is little to do.
        let off = if *name == "COPR_PROJECTS" { "" } else { "# " };
        // To write to a string cannot fail.
        let _ = write!(text, "\n# {help}.\n# Default: {default}.\n{off}{name}={example}\n");
    }
    text
}

#[test]
fn the_readme_has_the_table_of_settings() {
    readme_has("settings", &table());
}

#[test]
fn the_example_of_settings_has_every_setting_and_each_can_be_used() {
    is(".env.example", &dot_env());
    let example = std::fs::read_to_string(file(".env.example")).unwrap();
    let settable = |text: &str| {
        let lines: Result<Vec<_>, _> = dotenvy::from_read_iter(text.as_bytes()).collect();
        lines.expect("NAME=value")
    };
    // As it is, and with every setting set.
    let as_it_is = settable(&example);
    assert_eq!(as_it_is.len(), 1);
    let is_setting = |line: &&str| {
        let name = line
            .strip_prefix("# ")
            .and_then(|line| line.split_once('='))
            .map(|(name, _)| name);
        name.is_some_and(|name| {
            name.bytes()
                .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
        })
    };
    let lines = example
        .lines()
        .map(|line| if is_setting(&line) { &line[2..] } else { line });
    let all = settable(&lines.collect::<Vec<_>>().join("\n"));
    let names: Vec<_> = all.iter().map(|(name, _)| name.as_str()).collect();
    let settings: Vec<_> = SETTINGS.iter().map(|setting| setting.name).collect();
    assert_eq!(names, settings);
    for (name, value) in &all {
        // A file that is nowhere here is read when the settings are.
        if name != "CA_FILE" {
            let read = Settings::read(|asked| (asked == name).then(|| value.clone()));
            assert!(read.is_ok(), "{read:?}");
        }
    }
    let all: BTreeMap<_, _> = all.into_iter().filter(|(name, _)| name != "CA_FILE").collect();
    assert!(Settings::read(|name| all.get(name).cloned()).is_ok());
}

#[test]
fn every_default_that_is_a_value_is_the_one_that_holds() {
    let without = format!("{:?}", Settings::read(|_| None).unwrap());
    let mut values = 0;
    for setting in SETTINGS {
        let value = setting
            .default
            .strip_prefix('`')
            .and_then(|rest| rest.strip_suffix('`'));
        let Some(value) = value.filter(|value| !value.contains('`')) else {
            continue;
        };
        values += 1;
        let with = Settings::read(|name| (name == setting.name).then(|| value.to_owned())).unwrap();
        assert_eq!(format!("{with:?}"), without, "{}", setting.name);
    }
    assert!(values > 10);
}

#[test]
fn an_example_differs_from_the_default() {
    for setting in SETTINGS {
        assert_ne!(setting.default.trim_matches('`'), setting.example, "{}", setting.name);
    }
}

#[test]
fn the_example_of_secrets_is_one_with_everything() {
    let text = std::fs::read_to_string(file("secrets.example.json")).unwrap();
    let mut document: Value = serde_json::from_str(&text).unwrap();
    // A key of somebody's own comes here.
    let blank = document["github_app"]["private_key"].take();
    assert_eq!(blank, "-----BEGIN RSA PRIVATE KEY-----…");
    let key = std::fs::read_to_string(file("crates/github/tests/data/keys/pkcs1.pem")).unwrap();
    document["github_app"]["private_key"] = key.into();
    let secrets = Secrets::parse(&document.to_string()).unwrap();
    assert!(secrets.github.app.is_some());
    assert_eq!(secrets.webhook.len(), 1);
    assert!(secrets.github.token.is_some() && secrets.heartbeat.is_some());
    let kinds: Vec<String> = secrets
        .bells
        .iter()
        .map(|(channel, _)| format!("{:?}", channel.kind))
        .collect();
    assert_eq!(kinds, ["Slack", "Feishu", "Discord", "Teams", "Ntfy", "Json"]);
}
