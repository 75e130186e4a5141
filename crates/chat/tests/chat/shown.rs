//! What each chat is given: valid, within its limits, and without a mention or a link that a stranger made.

use std::sync::LazyLock;

use chat::show::{console, discord, feishu, json, slack, teams};
use chat::{
    Builds, ChannelTrouble, DeadLetters, Expiring, Fact, FailingChroot, Gap, GiveUp, GivenUpDelivery, HookFailing,
    HookRecovered, HookState, HookTrouble, IssueEvent, Message, Notice, Polls, SilentHook, Subject, message,
};
use insta::{assert_json_snapshot, assert_snapshot};
use jiff::Timestamp;
use jsonschema::Validator;
use proptest::option;
use proptest::prelude::*;
use secrecy::SecretSlice;
use serde_json::Value;

use crate::samples::{HOSTILE, HOSTILE_TITLE, builds, every_kind, mass_failure, notice, now};

static SLACK_SCHEMA: LazyLock<Validator> = LazyLock::new(|| {
    let schema = include_str!("../data/incoming-webhook.schema.json");
    let schema = serde_json::from_str(schema).expect("the schema is JSON");
    jsonschema::validator_for(&schema).expect("the schema is one")
});

/// Slack's body, checked against its schema and the limits the schema does not know.
pub(crate) fn slack_body(message: &Message) -> Value {
    let post = slack::show(message);
    assert!(post.headers.is_empty());
    assert!(post.body.len() <= 9_000, "{} bytes", post.body.len());
    let body: Value = serde_json::from_str(&post.body).expect("JSON");
    if let Err(error) = SLACK_SCHEMA.validate(&body) {
        panic!("{error}\n{body:#}");
    }
    let blocks = body["blocks"].as_array().expect("blocks");
    assert!((1..=50).contains(&blocks.len()));
    let header = blocks[0]["text"]["text"].as_str().expect("a header");
    assert!((1..=150).contains(&header.chars().count()), "{header}");
    let notification = body["text"].as_str().expect("a text");
    assert!(!notification.is_empty());
    assert!(!notification.contains(['<', '>', '*', '~', '`']), "{notification}");
    for block in &blocks[1..] {
        let texts = texts(block, "text");
        assert!(!texts.is_empty());
        assert!(texts.iter().all(|text| !text.is_empty()));
        let length: usize = texts.iter().map(|text| text.chars().count()).sum();
        assert!(length <= 3000, "{length} characters");
        let inert: &[&str] = match block["type"].as_str() {
            Some("rich_text") => &["text", "link"],
            Some("context") => &["plain_text"],
            other => panic!("{other:?}"),
        };
        for element in elements(block) {
            assert!(
                element["type"].as_str().is_some_and(|kind| inert.contains(&kind)),
                "{element}"
            );
        }
    }
    urls(&body);
    body
}

/// Feishu's body, checked for its size and for being plain text.
pub(crate) fn feishu_body(message: &Message) -> Value {
    let key = SecretSlice::from(b"demo".to_vec());
    let post = feishu::show(message, Some(&key), now());
    assert!(post.headers.is_empty());
    assert!(post.body.len() <= 20_000, "{} bytes", post.body.len());
    let body: Value = serde_json::from_str(&post.body).expect("JSON");
    assert!(
        body["card"]["header"]["title"]["content"]
            .as_str()
            .is_some_and(|title| !title.is_empty())
    );
    for tag in texts(&body, "tag") {
        let inert = ["plain_text", "div", "action", "button", "note", "column_set", "column"];
        assert!(inert.contains(&tag), "{tag}");
    }
    urls(&body);
    body
}

/// Discord's body, checked for its limits and for markdown that is not ours.
pub(crate) fn discord_body(message: &Message) -> Value {
    let post = discord::show(message);
    assert!(post.headers.is_empty());
    let body: Value = serde_json::from_str(&post.body).expect("JSON");
    assert_eq!(body["allowed_mentions"], serde_json::json!({ "parse": [] }));
    assert!(body.get("content").is_none());
    let embed = &body["embeds"][0];
    let mut all = 0;
    let mut within = |text: &Value, max: usize| {
        let text = text.as_str().expect("a text");
        let length = text.encode_utf16().count();
        assert!((1..=max).contains(&length), "{length}");
        all += length;
        text.to_owned()
    };
    assert_eq!(discord_links(&within(&embed["title"], 256), false), [""; 0]);
    if embed.get("description").is_some() {
        for line in within(&embed["description"], 4096).lines() {
            let inside = line.strip_prefix("- ").or_else(|| line.strip_prefix("> "));
            let inside = inside.unwrap_or_else(|| {
                assert!(line.starts_with("… and "), "{line}");
                line
            });
            for heading_or_item in ["# ", "## ", "### ", "-# ", "- ", "+ "] {
                assert!(!inside.starts_with(heading_or_item), "{line}");
            }
            let number = inside.trim_start_matches(|c: char| c.is_ascii_digit());
            assert!(number == inside || !number.starts_with(". "), "{line}");
            for url in discord_links(inside, true) {
                assert!(url.starts_with("https://") || url.starts_with("http://"), "{url}");
            }
        }
    }
    for field in embed["fields"].as_array().unwrap_or(&Vec::new()) {
        within(&field["name"], 256);
        assert_eq!(discord_links(&within(&field["value"], 1024), false), [""; 0]);
    }
    assert!(all <= 6000, "{all}");
    urls(&body);
    body
}

/// Where a text's links lead. All other markup must be escaped, and with `ours` false links too.
fn discord_links(text: &str, ours: bool) -> Vec<&str> {
    let mut links = Vec::new();
    let mut at = 0;
    let in_word = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    while let Some(found) = text[at..].find(['\\', '*', '_', '~', '|', '`', '[', ']', '<', '>', '@', ':']) {
        let (before, rest) = text.split_at(at + found);
        let (c, next) = (rest.chars().next(), rest.chars().nth(1));
        at += found;
        at += match c {
            Some('\\') => 1 + next.map_or_else(|| panic!("{text}"), char::len_utf8),
            Some('*') if ours && rest.starts_with("**") => 2,
            Some('_') if in_word(before.chars().last()) && in_word(next) => 1,
            Some(':') if next == Some(' ') => 1,
            Some('[') if ours => {
                let (name, url) = rest[1..].split_once("](").expect("a link");
                let (url, _) = url.split_once(')').expect("a whole link");
                assert_eq!(discord_links(name, false), [""; 0]);
                assert!(!url.contains([' ', '<', '>', '(', '*', '|', '~', '`', '\\']), "{url}");
                links.push(url);
                name.len() + url.len() + 4
            }
            _ => panic!("unescaped {c:?} in {text}"),
        };
    }
    links
}

/// Teams' body, checked for its size and for being text runs.
pub(crate) fn teams_body(message: &Message) -> Value {
    let post = teams::show(message);
    assert!(post.headers.is_empty());
    let inside_json = serde_json::to_string(&post.body).expect("JSON").len();
    assert!(inside_json <= 24_100, "{inside_json} bytes");
    let body: Value = serde_json::from_str(&post.body).expect("JSON");
    for kind in texts(&body, "type") {
        let inert = [
            "message",
            "AdaptiveCard",
            "Container",
            "RichTextBlock",
            "TextRun",
            "Action.OpenUrl",
        ];
        assert!(inert.contains(&kind), "{kind}");
    }
    let runs = texts(&body, "text");
    assert!(runs.iter().all(|run| !run.is_empty()));
    urls(&body);
    body
}

fn json_body(message: &Message, notices: &[Notice]) -> Value {
    let post = json::show(message, notices, "an id", None, now());
    assert!(post.body.len() <= 1_000_000, "{} bytes", post.body.len());
    serde_json::from_str(&post.body).expect("JSON")
}

/// All strings at a key, wherever it is.
pub(crate) fn texts<'a>(value: &'a Value, key: &str) -> Vec<&'a str> {
    let below: Vec<&str> = match value {
        Value::Array(items) => items.iter().flat_map(|item| texts(item, key)).collect(),
        Value::Object(fields) => fields.values().flat_map(|field| texts(field, key)).collect(),
        _ => Vec::new(),
    };
    let here = value.get(key).and_then(Value::as_str);
    here.into_iter().chain(below).collect()
}

/// The text and link elements of a rich text block.
fn elements(block: &Value) -> Vec<&Value> {
    let below = block["elements"].as_array();
    below.map_or_else(|| vec![block], |items| items.iter().flat_map(elements).collect())
}

/// Where links lead: all http or https.
pub(crate) fn urls(body: &Value) -> Vec<&str> {
    let urls = texts(body, "url");
    for url in &urls {
        assert!(url.starts_with("https://") || url.starts_with("http://"), "{url}");
    }
    urls
}

/// A tree of JSON as a list of its texts, each with where it stands and where it leads.
pub(crate) fn outline(value: &Value, place: &str, lines: &mut Vec<String>) {
    let (tag, text) = ["type", "tag"]
        .iter()
        .find_map(|key| value[key].as_str())
        .map_or(("", None), |tag| {
            let text = value["text"].as_str().or_else(|| value["content"].as_str());
            (tag, text.or_else(|| value["title"].as_str()))
        });
    let place = format!("{place}/{tag}");
    let place = place.trim_end_matches('/');
    let url = value["url"].as_str().map_or(String::new(), |url| format!(" → {url}"));
    if let Some(text) = text {
        lines.push(format!("{place}: {text}{url}"));
    } else if !url.is_empty() {
        lines.push(format!("{place}{url}"));
    }
    match value {
        Value::Array(items) => items.iter().for_each(|item| outline(item, place, lines)),
        Value::Object(fields) => fields.values().for_each(|field| outline(field, place, lines)),
        _ => {}
    }
}

pub(crate) fn valid_everywhere(message: &Message) {
    slack_body(message);
    feishu_body(message);
    discord_body(message);
    teams_body(message);
}

#[test]
fn every_kind_of_notice_is_valid_for_every_chat() {
    for text in [
        "beta",
        HOSTILE,
        HOSTILE_TITLE,
        "",
        "\u{1b}]0;x\u{7}",
        &"long & <long> ".repeat(1_000),
    ] {
        let all = every_kind(text);
        for notice in &all {
            valid_everywhere(&message(std::slice::from_ref(notice), now()));
        }
        valid_everywhere(&message(&all, now()));
        valid_everywhere(&message(&all[..7], now()));
    }
}

#[test]
fn five_thousand_failing_packages_are_cut_to_each_channels_limit_with_a_link() {
    let notices = mass_failure(5_000);
    let message = message(&notices, now());
    let monitor = "https://copr.example/coprs/alice/demo/monitor/";

    let slack = slack_body(&message);
    let said = texts(&slack, "text");
    assert_eq!(said[0], "5000 packages broke in alice/demo");
    let end = slack["blocks"]
        .as_array()
        .and_then(|blocks| blocks.last())
        .expect("an end");
    assert_snapshot!(texts(end, "text").join("|"), @"… and 4987 more · |project monitor");
    assert_eq!(urls(end), [monitor]);

    let feishu = feishu_body(&message);
    let elements = feishu["card"]["elements"].as_array().expect("elements");
    assert_snapshot!(elements[elements.len() - 2]["text"]["content"], @r#""… and 4959 more""#);
    assert_eq!(urls(&elements[elements.len() - 1]), [monitor]);

    let discord = discord_body(&message);
    let description = discord["embeds"][0]["description"].as_str().expect("a description");
    assert_snapshot!(description.lines().last().unwrap_or_default(), @"… and 4990 more");
    assert_eq!(discord["embeds"][0]["url"], monitor);

    let teams = teams_body(&message);
    let card = &teams["attachments"][0]["content"];
    let end = card["body"].as_array().and_then(|items| items.last()).expect("an end");
    assert_snapshot!(texts(end, "text").join("|"), @"… and 4972 more");
    assert_eq!(urls(&card["actions"]), [monitor]);

    let json = json_body(&message, &notices);
    assert!(
        json["text"]
            .as_str()
            .is_some_and(|text| text.ends_with("\n… and 4955 more"))
    );
    let kept = json["notices"].as_array().map_or(0, Vec::len);
    let more = json["more_notices"].as_u64().expect("a count");
    assert!(kept > 100);
    assert_eq!(kept as u64 + more, 5_000);
    assert_eq!(json["link"], monitor);

    let console = console::show(&message, false);
    assert_eq!(console.lines().count(), 103);
    assert!(console.ends_with(&format!("  … and 4900 more\n  project monitor ({monitor})\n")));
}

#[test]
fn a_package_named_like_a_mention_pings_nobody_in_slack() {
    let body = slack_body(&message(&[notice(Fact::CoprBroken(builds(HOSTILE)))], now()));
    assert!(
        urls(&body)
            .iter()
            .all(|url| url.contains(".copr.example/") || url.contains("//copr.example/"))
    );
    assert_json_snapshot!(body, @r#"
    {
      "blocks": [
        {
          "text": {
            "emoji": false,
            "text": "<!channel> *x* <at user_id=\"all\"></at> https://evil.example fails to build in alice/demo",
            "type": "plain_text"
          },
          "type": "header"
        },
        {
          "elements": [
            {
              "elements": [
                {
                  "elements": [
                    {
                      "text": "fedora-43-aarch64, fedora-43-x86_64 · 2.3-1 · ",
                      "type": "text"
                    },
                    {
                      "text": "build 5",
                      "type": "link",
                      "url": "https://copr.example/coprs/build/5"
                    },
                    {
                      "text": " · ",
                      "type": "text"
                    },
                    {
                      "text": "log",
                      "type": "link",
                      "url": "https://download.copr.example/results/alice/demo/fedora-43-aarch64/00000005-beta/builder-live.log.gz"
                    }
                  ],
                  "type": "rich_text_section"
                }
              ],
              "style": "bullet",
              "type": "rich_text_list"
            }
          ],
          "type": "rich_text"
        }
      ],
      "text": "&lt;!channel&gt; ∗x∗ &lt;at user_id=\"all\"&gt;&lt;/at&gt; https∶//evil.example fails to build in alice/demo"
    }
    "#);
}

#[test]
fn a_package_named_like_a_mention_pings_nobody_in_feishu() {
    let body = feishu_body(&message(&[notice(Fact::CoprBroken(builds(HOSTILE)))], now()));
    assert!(
        urls(&body)
            .iter()
            .all(|url| url.contains(".copr.example/") || url.contains("//copr.example/"))
    );
    assert_json_snapshot!(body, @r#"
    {
      "card": {
        "config": {
          "wide_screen_mode": true
        },
        "elements": [
          {
            "extra": {
              "tag": "button",
              "text": {
                "content": "log",
                "tag": "plain_text"
              },
              "type": "default",
              "url": "https://download.copr.example/results/alice/demo/fedora-43-aarch64/00000005-beta/builder-live.log.gz"
            },
            "tag": "div",
            "text": {
              "content": "fedora-43-aarch64, fedora-43-x86_64 · 2.3-1 · build 5",
              "tag": "plain_text"
            }
          },
          {
            "actions": [
              {
                "tag": "button",
                "text": {
                  "content": "build 5",
                  "tag": "plain_text"
                },
                "type": "default",
                "url": "https://copr.example/coprs/build/5"
              }
            ],
            "tag": "action"
          }
        ],
        "header": {
          "template": "red",
          "title": {
            "content": "<!channel> *x* <at user_id=\"all\"></at> https://evil.example fails to build in alice/demo",
            "tag": "plain_text"
          }
        }
      },
      "msg_type": "interactive",
      "sign": "HURdRIaN3mQZYhQbTLfJEdHv3JavCqfZkuLZXR0BLRc=",
      "timestamp": "1795180800"
    }
    "#);
}

#[test]
fn a_package_named_like_a_mention_is_a_name_in_json() {
    let notices = [notice(Fact::CoprBroken(builds(HOSTILE)))];
    assert_json_snapshot!(json_body(&message(&notices, now()), &notices), @r#"
    {
      "at": "2026-11-20T13:20:00Z",
      "id": "msg_XpKlPPqAYJyb8726MxFQ7cSI",
      "link": "https://copr.example/coprs/build/5",
      "notices": [
        {
          "at": "2026-11-20T13:20:00Z",
          "build_id": 5,
          "build_url": "https://copr.example/coprs/build/5",
          "chroots": [
            {
              "build_id": 5,
              "log_url": "https://download.copr.example/results/alice/demo/fedora-43-aarch64/00000005-beta/builder-live.log.gz",
              "name": "fedora-43-aarch64",
              "version": "2.3-1"
            },
            {
              "build_id": 5,
              "log_url": "https://download.copr.example/results/alice/demo/fedora-43-x86_64/00000005-beta/builder-live.log.gz",
              "name": "fedora-43-x86_64",
              "version": "2.3-1"
            }
          ],
          "event": "copr.broken",
          "more_chroots": 0,
          "package": "<!channel> *x* <at user_id=\"all\"></at> https://evil.example",
          "project": "alice/demo",
          "project_url": "https://copr.example/coprs/alice/demo/monitor/",
          "since": "2026-11-20T10:00:00Z",
          "source": false,
          "v": 1
        }
      ],
      "text": "fedora-43-aarch64, fedora-43-x86_64 · 2.3-1 · build 5 · log",
      "title": "<!channel> *x* <at user_id=\"all\"></at> https://evil.example fails to build in alice/demo",
      "version": 1
    }
    "#);
}

#[test]
fn a_package_named_like_a_mention_is_a_name_on_the_console() {
    let name = format!("\u{1b}[31m{HOSTILE}\u{202e}\n");
    let message = message(&[notice(Fact::CoprBroken(builds(&name)))], now());
    assert_snapshot!(console::show(&message, false), @r#"
    ✗ [31m<!channel> *x* <at user_id="all"></at> https://evil.example fails to build in alice/demo
      fedora-43-aarch64, fedora-43-x86_64 · 2.3-1 · build 5 (https://copr.example/coprs/build/5) · log (https://download.copr.example/results/alice/demo/fedora-43-aarch64/00000005-beta/builder-live.log.gz)
    "#);
}

#[test]
fn the_colour_of_a_card_is_its_tone() {
    let colours: Vec<_> = every_kind("beta")
        .iter()
        .map(|notice| {
            let body = feishu_body(&message(std::slice::from_ref(notice), now()));
            format!("{} {}", notice.event(), body["card"]["header"]["template"])
        })
        .collect();
    assert_snapshot!(colours.join("\n"), @r#"
    copr.broken "red"
    copr.broken "red"
    copr.grown "red"
    copr.failed_again "red"
    copr.reminder "orange"
    copr.recovered "green"
    copr.gone "blue"
    copr.unreachable "orange"
    copr.reachable "green"
    issues.opened "orange"
    issues.edited "blue"
    issue_comment.created "blue"
    redelivery.failing "red"
    redelivery.failing "red"
    redelivery.recovered "green"
    redelivery.expiring "orange"
    redelivery.given_up "red"
    redelivery.given_up "red"
    redelivery.given_up "red"
    redelivery.given_up "red"
    redelivery.given_up "red"
    redelivery.given_up "red"
    redelivery.gap "orange"
    redelivery.hook "orange"
    redelivery.hook "green"
    redelivery.hook "red"
    redelivery.hook "green"
    redelivery.hook "orange"
    redelivery.silent "orange"
    copperbell.dead_letter "red"
    copperbell.channel "orange"
    copperbell.test "blue"
    copperbell.report "blue"
    "#);
}

#[test]
fn feishu_is_signed_if_there_is_a_secret() {
    let message = message(&[notice(Fact::CoprBroken(builds("beta")))], now());
    let at = Timestamp::from_second(1_599_360_473).expect("a time");
    let sign = |key: Option<&SecretSlice<u8>>| {
        let body: Value = serde_json::from_str(&feishu::show(&message, key, at).body).expect("JSON");
        (body["timestamp"].clone(), body["sign"].clone())
    };
    let signed = sign(Some(&SecretSlice::from(b"demo".to_vec())));
    assert_eq!(
        signed,
        (
            "1599360473".into(),
            "l1N0gAcBjdwBvGm1xMjOF0XSyaLRpR7tuO5dHfhAYc8=".into()
        )
    );
    assert_eq!(sign(None), (Value::Null, Value::Null));
}

#[test]
fn json_has_the_same_id_on_each_attempt_and_a_new_signature() {
    let notices = [notice(Fact::CoprBroken(builds(HOSTILE)))];
    let message = message(&notices, now());
    let key = SecretSlice::from(vec![7; 32]);
    let post = |id: &str, second| {
        let at = Timestamp::from_second(second).expect("a time");
        json::show(&message, &notices, id, Some(&key), at)
    };
    let header = |post: &chat::show::Post, name| {
        let found = post.headers.iter().find(|(header, _)| *header == name);
        found.map(|(_, value)| value.clone()).expect("the header")
    };
    let id = "1763640000000#copr.broken#alice/demo/<!channel> é\n/5";
    let (first, again, other) = (post(id, 1_000), post(id, 1_005), post("another", 1_000));
    assert_eq!(first.body, again.body);
    assert_eq!(header(&first, "webhook-id"), header(&again, "webhook-id"));
    assert_ne!(header(&first, "webhook-id"), header(&other, "webhook-id"));
    assert_eq!(header(&first, "webhook-timestamp"), "1000");
    assert_ne!(header(&first, "webhook-signature"), header(&again, "webhook-signature"));
    for (name, value) in &first.headers {
        assert!(value.bytes().all(|b| b.is_ascii_graphic()), "{name}: {value}");
    }
    assert!(!header(&first, "webhook-id").contains('.'));
    let body: Value = serde_json::from_str(&first.body).expect("JSON");
    assert_eq!(body["id"], header(&first, "webhook-id"));
}

/// Any text: a stranger's, of all planes, with what chats and terminals read as more than text.
fn text() -> BoxedStrategy<String> {
    prop_oneof![
        any::<String>(),
        "[<>&*_~`@#|:\\\\\"' a\u{1b}\u{7}\n\r\u{202e}\u{200b}]{0,200}",
        Just(HOSTILE.to_owned()),
        Just(HOSTILE_TITLE.to_owned()),
        "\\PC{0,2000}",
    ]
    .boxed()
}

fn url() -> BoxedStrategy<String> {
    prop_oneof![
        text(),
        text().prop_map(|text| format!("https://copr.example/{text}")),
        Just("https://copr.example/coprs/build/5".to_owned()),
    ]
    .boxed()
}

fn moment() -> impl Strategy<Value = Timestamp> {
    let (first, last) = (Timestamp::MIN.as_second(), Timestamp::MAX.as_second());
    (first..=last).prop_map(|second| Timestamp::from_second(second).expect("in range"))
}

prop_compose! {
    fn any_chroot()(name in text(), build_id: u64, version in option::of(text()),
                    log_url in option::of(url()), canceled: bool) -> FailingChroot {
        FailingChroot { name, build_id, version, log_url, canceled }
    }
}

prop_compose! {
    fn any_builds()(project in prop_oneof![Just("alice/demo".to_owned()), text()], project_url in url(), package in text(),
                    build_id: u64, build_url in url(), since in moment(), source: bool,
                    chroots in proptest::collection::vec(any_chroot(), 0..5), more_chroots: usize) -> Builds {
        Builds { project, project_url, package, build_id, build_url, since, source, chroots, more_chroots }
    }
}

prop_compose! {
    fn any_polls()(project in text(), project_url in url(), failures: u32, since in moment(), error in text()) -> Polls {
        Polls { project, project_url, failures, since, error }
    }
}

fn any_issue_name() -> impl Strategy<Value = String> {
    prop_oneof![
        "(issues|issue_comment)\\.(opened|closed|edited|labeled|assigned|created|deleted|transferred)",
        text(),
    ]
}

prop_compose! {
    fn any_issue()(
        (name, repository, repository_url) in (any_issue_name(), prop_oneof![Just("acme/app".to_owned()), text()], url()),
        (number, title, url, is_pr, is_bot) in (any::<u64>(), text(), url(), any::<bool>(), any::<bool>()),
        (actor, author, excerpt) in (text(), text(), text()),
        labels in proptest::collection::vec(text(), 0..4),
        assignees in proptest::collection::vec(text(), 0..2),
        (milestone, about, state_reason, old_title) in
            (option::of(text()), option::of(text()), option::of(text()), option::of(text())),
        (opened_at, closed_at) in (moment(), option::of(moment())),
    ) -> IssueEvent {
        IssueEvent {
            name, repository, repository_url, number, title, url, is_pr, actor, is_bot, author, labels, assignees,
            milestone, about, excerpt, state_reason, opened_at, closed_at, old_title,
        }
    }
}

prop_compose! {
    fn any_failing()(hook in text(), to in option::of(text()), since in moment(), lost: u32,
                     why in proptest::collection::vec((text(), any::<u32>()), 0..8), down: bool) -> HookFailing {
        HookFailing { hook, to, since, lost, why, down }
    }
}

prop_compose! {
    fn any_recovered()(hook in text(), to in option::of(text()), since in moment(),
                       lost: u32, recovered: u32, given_up: u32) -> HookRecovered {
        HookRecovered { hook, to, since, lost, recovered, given_up }
    }
}

prop_compose! {
    fn any_expiring()(hook in text(), count: u32, first in moment()) -> Expiring {
        Expiring { hook, count, first }
    }
}

fn any_reason() -> impl Strategy<Value = GiveUp> {
    prop_oneof![
        text().prop_map(|last| GiveUp::Attempts { last }),
        text().prop_map(|said| GiveUp::Refused { said }),
        Just(GiveUp::Conflict),
        Just(GiveUp::WrongSecret),
        Just(GiveUp::ByHand),
        Just(GiveUp::TooOld),
    ]
}

prop_compose! {
    fn any_given_up()(hook in text(), guid in text(), name in text(), delivered_at in moment(), attempts: u32,
                      reason in any_reason()) -> GivenUpDelivery {
        GivenUpDelivery { hook, guid, name, delivered_at, attempts, reason }
    }
}

prop_compose! {
    fn any_gap()(hook in text(), from in moment(), to in moment()) -> Gap {
        Gap { hook, from, to }
    }
}

fn any_state() -> impl Strategy<Value = HookState> {
    prop_oneof![
        (any::<u32>(), moment(), text()).prop_map(|(failures, since, error)| HookState::Unreadable {
            failures,
            since,
            error
        }),
        moment().prop_map(|since| HookState::Readable { since }),
        text().prop_map(|error| HookState::Blocked { error }),
        Just(HookState::Inactive),
        Just(HookState::Active),
        (text(), text()).prop_map(|(to, from)| HookState::Moved { to, from }),
    ]
}

/// Anything said of a hook.
fn any_of_a_hook() -> impl Strategy<Value = Fact> {
    let hook_is = (text(), any_state()).prop_map(|(hook, what)| HookTrouble { hook, what });
    let silent = (text(), moment()).prop_map(|(hook, pinged)| SilentHook { hook, pinged });
    prop_oneof![
        any_failing().prop_map(Fact::RedeliveryFailing),
        any_recovered().prop_map(Fact::RedeliveryRecovered),
        any_expiring().prop_map(Fact::RedeliveryExpiring),
        any_given_up().prop_map(Fact::RedeliveryGivenUp),
        any_gap().prop_map(Fact::RedeliveryGap),
        hook_is.prop_map(Fact::RedeliveryHook),
        silent.prop_map(Fact::RedeliverySilent),
    ]
}

prop_compose! {
    fn any_dead()(channel in text(), count: usize, reason in text()) -> DeadLetters {
        DeadLetters { channel, count, reason }
    }
}

prop_compose! {
    fn any_trouble()(channel in text(), reason in text()) -> ChannelTrouble {
        ChannelTrouble { channel, reason }
    }
}

fn any_fact() -> impl Strategy<Value = Fact> {
    prop_oneof![
        any_builds().prop_map(Fact::CoprBroken).boxed(),
        any_builds().prop_map(Fact::CoprGrown).boxed(),
        any_builds().prop_map(Fact::CoprFailedAgain).boxed(),
        any_builds().prop_map(Fact::CoprReminder).boxed(),
        any_builds().prop_map(Fact::CoprRecovered).boxed(),
        any_builds().prop_map(Fact::CoprGone).boxed(),
        any_polls().prop_map(Fact::CoprUnreachable).boxed(),
        any_polls().prop_map(Fact::CoprReachable).boxed(),
        any_issue().prop_map(|issue| Fact::Issue(Box::new(issue))).boxed(),
        any_of_a_hook().boxed(),
        any_dead().prop_map(Fact::DeadLetter).boxed(),
        any_trouble().prop_map(Fact::Channel).boxed(),
    ]
}

fn any_given_up_deliveries() -> impl Strategy<Value = Vec<Notice>> {
    let deliveries = proptest::collection::vec((moment(), any_given_up()), 2..4);
    deliveries.prop_map(|deliveries| {
        let of_one = |(at, delivery)| {
            let hook = "app".to_owned();
            Notice::new(at, Fact::RedeliveryGivenUp(GivenUpDelivery { hook, ..delivery }))
        };
        deliveries.into_iter().map(of_one).collect()
    })
}

fn any_issues() -> impl Strategy<Value = Vec<Notice>> {
    let issues = proptest::collection::vec((moment(), any_issue()), 1..4);
    issues.prop_map(|issues| {
        let of_one = |(at, issue)| {
            let repository = "acme/app".to_owned();
            Notice::new(at, Fact::Issue(Box::new(IssueEvent { repository, ..issue })))
        };
        issues.into_iter().map(of_one).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_anywhere_is_taken_by_every_channel(
        notices in proptest::collection::vec((moment(), any_fact()), 1..6),
        now in moment(),
    ) {
        let notices: Vec<_> = notices.into_iter().map(|(at, fact)| Notice::new(at, fact)).collect();
        for notices in [&notices[..], &notices[..1]] {
            let message = message(notices, now);
            valid_everywhere(&message);
            json_body(&message, notices);
            let of_github = |notice: &&Notice| matches!(notice.subject(), Subject::Issue { .. } | Subject::Hook { .. });
            for notice in notices.iter().filter(of_github) {
                prop_assert!(notice.to_stored().len() <= chat::MAX_STORED);
            }
            let shown = console::show(&message, false);
            prop_assert!(shown.chars().all(|c| c == '\n' || !c.is_control()));
            prop_assert!(shown.lines().count() <= 112);
        }
    }

    #[test]
    fn any_text_in_a_repositorys_issues_is_taken_by_every_channel(notices in any_issues(), now in moment()) {
        let message = message(&notices, now);
        valid_everywhere(&message);
        json_body(&message, &notices);
    }
    #[test]
    fn any_text_in_a_hooks_given_up_deliveries_is_taken_by_every_channel(
        notices in any_given_up_deliveries(),
        now in moment(),
    ) {
        let message = message(&notices, now);
        valid_everywhere(&message);
        json_body(&message, &notices);
    }
}
