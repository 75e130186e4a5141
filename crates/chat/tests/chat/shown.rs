//! What each chat is given.

use chat::show::{console, feishu, json};
use chat::{Fact, Language, message};
use insta::{assert_json_snapshot, assert_snapshot};
use jiff::Timestamp;
use secrecy::SecretSlice;
use serde_json::Value;

use crate::bodies::{
    discord_body, feishu_body, json_body, ntfy_body, slack_body, teams_body, texts, urls, valid_everywhere,
};
use crate::samples::{HOSTILE, HOSTILE_TITLE, builds, every_kind, mass_failure, notice, now};

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
        for language in Language::ALL {
            for notice in &all {
                valid_everywhere(&message(std::slice::from_ref(notice), language, now()));
            }
            valid_everywhere(&message(&all, language, now()));
            valid_everywhere(&message(&all[..7], language, now()));
        }
    }
}

#[test]
fn five_thousand_failing_packages_are_cut_to_each_channels_limit_with_a_link() {
    let notices = mass_failure(5_000);
    let message = message(&notices, Language::En, now());
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

    let ntfy = ntfy_body(&message);
    let text = ntfy["message"].as_str().expect("a text");
    assert_snapshot!(text.lines().last().unwrap_or_default(), @"… and 4984 more");
    assert_eq!(ntfy["click"], monitor);

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
    let body = slack_body(&message(
        &[notice(Fact::CoprBroken(builds(HOSTILE)))],
        Language::En,
        now(),
    ));
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
    let body = feishu_body(&message(
        &[notice(Fact::CoprBroken(builds(HOSTILE)))],
        Language::En,
        now(),
    ));
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
fn a_package_named_like_a_mention_is_a_name_in_ntfy() {
    let body = ntfy_body(&message(
        &[notice(Fact::CoprBroken(builds(HOSTILE)))],
        Language::En,
        now(),
    ));
    assert_json_snapshot!(body, @r#"
    {
      "actions": [
        {
          "action": "view",
          "label": "build 5",
          "url": "https://copr.example/coprs/build/5"
        },
        {
          "action": "view",
          "label": "log",
          "url": "https://download.copr.example/results/alice/demo/fedora-43-aarch64/00000005-beta/builder-live.log.gz"
        }
      ],
      "click": "https://copr.example/coprs/build/5",
      "markdown": false,
      "message": "• fedora-43-aarch64, fedora-43-x86_64 · 2.3-1 · build 5 · log",
      "priority": 4,
      "tags": [
        "rotating_light"
      ],
      "title": "<!channel> *x* <at user_id=\"all\"></at> https://evil.example fails to build in alice/demo",
      "topic": "our-builds"
    }
    "#);
}

#[test]
fn a_package_named_like_a_mention_is_a_name_in_json() {
    let notices = [notice(Fact::CoprBroken(builds(HOSTILE)))];
    assert_json_snapshot!(json_body(&message(&notices, Language::En, now()), &notices), @r#"
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
    let message = message(&[notice(Fact::CoprBroken(builds(&name)))], Language::En, now());
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
            let body = feishu_body(&message(std::slice::from_ref(notice), Language::En, now()));
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
    let message = message(&[notice(Fact::CoprBroken(builds("beta")))], Language::En, now());
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
    let message = message(&notices, Language::En, now());
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
