//! What each chat would say of a body: valid, within its limits, and without markup or a link that a stranger made.

use std::sync::LazyLock;

use chat::show::{discord, feishu, json, ntfy, slack, teams};
use chat::{Message, Notice};
use jsonschema::Validator;
use secrecy::SecretSlice;
use serde_json::Value;

use crate::samples::now;

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
                assert!(
                    ["… and ", "… 还有 ", "… и ещё "]
                        .iter()
                        .any(|more| line.starts_with(more)),
                    "{line}"
                );
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

/// ntfy's body, checked for its limits and for what would be more than text.
pub(crate) fn ntfy_body(message: &Message) -> Value {
    let post = ntfy::show(message, "our-builds");
    assert!(post.headers.is_empty());
    assert!(post.body.len() <= 8_192, "{} bytes", post.body.len());
    let body: Value = serde_json::from_str(&post.body).expect("JSON");
    let text = body["message"].as_str().expect("a text");
    assert!((1..=4_096).contains(&text.len()), "{} bytes", text.len());
    assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{text}");
    if let Some(title) = body.get("title") {
        let title = title.as_str().expect("a title");
        assert!((1..=1_000).contains(&title.len()), "{} bytes", title.len());
        assert!(!title.contains("=?") && !title.contains(char::is_control), "{title}");
    }
    assert_eq!(body["markdown"], false);
    for attached in ["attach", "icon", "email", "call", "delay"] {
        assert_eq!(body.get(attached), None);
    }
    let actions = body["actions"].as_array().map_or(&[][..], Vec::as_slice);
    assert!(actions.len() <= 3);
    assert!(actions.iter().all(|action| action["action"] == "view"), "{actions:?}");
    urls(&body);
    body
}

pub(crate) fn json_body(message: &Message, notices: &[Notice]) -> Value {
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
    ntfy_body(message);
}
