//! What people are sent in each language: whole bodies, as Slack and Feishu took them of real passes. The pictures in
//! `docs/notices` are drawn from these.

mod stage;

use serde_json::{Value, json};
use stage::PROJECT;
use stage::hooks::{HookStage, issue};
use world::{Chat, Event, Monitor};

/// What a chat was sent, without the hour's signature, and with Copr's own address for the stand-in's.
fn sent(chat: &Chat, copr: &str) -> Vec<Value> {
    let bodies = chat.messages().into_iter().map(|message| {
        let body = message
            .body
            .to_string()
            .replace(copr, "https://copr.fedorainfracloud.org");
        let mut body: Value = serde_json::from_str(&body).unwrap();
        for field in ["timestamp", "sign"] {
            body.as_object_mut().unwrap().remove(field);
        }
        body
    });
    bodies.collect()
}

fn monitor(aiohttp: &str, aiohttp_build: u64) -> String {
    let aiohttp = ["fedora-43-x86_64", "fedora-43-aarch64", "epel-10-x86_64"]
        .map(|chroot| (chroot, aiohttp, aiohttp_build, Some("3.13.2-1")));
    let monitor = Monitor::new(PROJECT)
        .package("python-aiohttp", aiohttp)
        .package(
            "ripgrep",
            [("fedora-43-x86_64", "succeeded", 9_411_970, Some("15.1.0-1"))],
        )
        .package("kernel-tools", [("fedora-43-x86_64", "failed", 9_412_080, None)])
        .package(
            "zig",
            [("fedora-rawhide-x86_64", "failed", 9_412_101, Some("0.16.0-0.3.rc1"))],
        );
    monitor.json()
}

fn opened() -> Event {
    let mut payload = issue();
    payload["issue"]["title"] = json!("ClientSession leaks a socket when the server resets");
    payload["issue"]["number"] = json!(4182);
    payload["issue"]["html_url"] = json!("https://github.com/acme/app/issues/4182");
    payload["issue"]["body"] =
        json!("Since 3.13 each reset leaves a socket in CLOSE_WAIT:\n\n1. start the server\n2. kill it\n");
    payload["issue"]["labels"] = json!([{"name": "bug"}, {"name": "regression"}]);
    Event::new("issues", &payload)
}

/// Packages break and one is well again; an issue is opened; another server's deliveries are lost and got back.
async fn told_in(language: &str) -> Value {
    let mut ours = HookStage::pointing_here().await;
    ours.stage.set("NOTICE_LANGUAGE", language);
    ours.stage.set("COPR_PROJECTS", PROJECT);
    ours.stage.monitor(monitor("failed", 9_412_077));
    ours.pass().await;
    ours.stage.later(200);
    ours.stage.monitor(monitor("succeeded", 9_412_190));
    ours.emit_as(opened()).await;
    ours.pass().await;

    let mut theirs = HookStage::new().await;
    theirs.stage.set("NOTICE_LANGUAGE", language);
    theirs.answers(0);
    for _ in 0..6 {
        theirs.emit().await;
        theirs.stage.later(1);
    }
    theirs.passes(6).await;
    theirs.answers(200);
    theirs.passes(3).await;

    let of = |chat: fn(&HookStage) -> &Chat| {
        let told = [&ours, &theirs].map(|stage| sent(chat(stage), &stage.stage.copr.url()));
        told.concat()
    };
    json!({ "slack": of(|stage| &stage.stage.slack), "feishu": of(|stage| &stage.stage.feishu) })
}

#[tokio::test]
async fn people_are_told_in_english_unless_they_ask_for_another_language() {
    insta::assert_json_snapshot!("english", told_in("").await);
}

#[tokio::test]
async fn people_are_told_in_chinese() {
    insta::assert_json_snapshot!("chinese", told_in("zh").await);
}

#[tokio::test]
async fn people_are_told_in_russian() {
    insta::assert_json_snapshot!("russian", told_in("ru").await);
}
