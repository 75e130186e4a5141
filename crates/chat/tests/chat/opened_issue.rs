//! The whole body that each chat is given of one issue.

use insta::assert_json_snapshot;

use crate::bodies::{discord_body, feishu_body, ntfy_body, slack_body, teams_body};
use crate::issues::told;
use crate::samples::opened;

#[test]
fn an_opened_issue_as_slack_takes_it() {
    assert_json_snapshot!(slack_body(&told([opened()])), @r#"
    {
      "blocks": [
        {
          "text": {
            "emoji": false,
            "text": "carol opened acme/app#12: Crash on start",
            "type": "plain_text"
          },
          "type": "header"
        },
        {
          "elements": [
            {
              "elements": [
                {
                  "text": "It **crashes** on start:\n```\nsegmentation fault (core dumped)\n```",
                  "type": "text"
                }
              ],
              "type": "rich_text_quote"
            }
          ],
          "type": "rich_text"
        },
        {
          "elements": [
            {
              "elements": [
                {
                  "text": "issue #12",
                  "type": "link",
                  "url": "https://github.example/acme/app/issues/12"
                }
              ],
              "type": "rich_text_section"
            }
          ],
          "type": "rich_text"
        },
        {
          "elements": [
            {
              "emoji": false,
              "text": "labels bug, needs triage",
              "type": "plain_text"
            }
          ],
          "type": "context"
        }
      ],
      "text": "carol opened acme/app#12: Crash on start"
    }
    "#);
}

#[test]
fn an_opened_issue_as_feishu_takes_it() {
    assert_json_snapshot!(feishu_body(&told([opened()]))["card"], @r#"
    {
      "config": {
        "wide_screen_mode": true
      },
      "elements": [
        {
          "background_style": "grey",
          "columns": [
            {
              "elements": [
                {
                  "tag": "div",
                  "text": {
                    "content": "It **crashes** on start:\n```\nsegmentation fault (core dumped)\n```",
                    "tag": "plain_text"
                  }
                }
              ],
              "tag": "column",
              "weight": 1,
              "width": "weighted"
            }
          ],
          "tag": "column_set"
        },
        {
          "actions": [
            {
              "tag": "button",
              "text": {
                "content": "issue #12",
                "tag": "plain_text"
              },
              "type": "default",
              "url": "https://github.example/acme/app/issues/12"
            }
          ],
          "tag": "action"
        },
        {
          "elements": [
            {
              "content": "labels bug, needs triage",
              "tag": "plain_text"
            }
          ],
          "tag": "note"
        }
      ],
      "header": {
        "template": "orange",
        "title": {
          "content": "carol opened acme/app#12: Crash on start",
          "tag": "plain_text"
        }
      }
    }
    "#);
}

#[test]
fn an_opened_issue_as_discord_takes_it() {
    assert_json_snapshot!(discord_body(&told([opened()])), @r#"
    {
      "allowed_mentions": {
        "parse": []
      },
      "embeds": [
        {
          "color": 14912278,
          "description": "> It \\*\\*crashes\\*\\* on start\\:\n> \\`\\`\\`\n> segmentation fault (core dumped)\n> \\`\\`\\`",
          "fields": [
            {
              "inline": true,
              "name": "labels",
              "value": "bug, needs triage"
            }
          ],
          "title": "carol opened acme/app#12: Crash on start",
          "url": "https://github.example/acme/app/issues/12"
        }
      ]
    }
    "#);
}

#[test]
fn an_opened_issue_as_teams_takes_it() {
    assert_json_snapshot!(teams_body(&told([opened()]))["attachments"][0]["content"]["body"], @r#"
    [
      {
        "bleed": true,
        "items": [
          {
            "inlines": [
              {
                "size": "Medium",
                "text": "carol opened acme/app#12: Crash on start",
                "type": "TextRun",
                "weight": "Bolder"
              }
            ],
            "spacing": "None",
            "type": "RichTextBlock"
          }
        ],
        "style": "warning",
        "type": "Container"
      },
      {
        "items": [
          {
            "inlines": [
              {
                "text": "It **crashes** on start:",
                "type": "TextRun"
              }
            ],
            "spacing": "None",
            "type": "RichTextBlock"
          },
          {
            "inlines": [
              {
                "text": "```",
                "type": "TextRun"
              }
            ],
            "spacing": "None",
            "type": "RichTextBlock"
          },
          {
            "inlines": [
              {
                "text": "segmentation fault (core dumped)",
                "type": "TextRun"
              }
            ],
            "spacing": "None",
            "type": "RichTextBlock"
          },
          {
            "inlines": [
              {
                "text": "```",
                "type": "TextRun"
              }
            ],
            "spacing": "None",
            "type": "RichTextBlock"
          }
        ],
        "style": "emphasis",
        "type": "Container"
      },
      {
        "inlines": [
          {
            "isSubtle": true,
            "size": "Small",
            "text": "labels bug, needs triage",
            "type": "TextRun"
          }
        ],
        "spacing": "Small",
        "type": "RichTextBlock"
      }
    ]
    "#);
}

#[test]
fn an_opened_issue_as_ntfy_takes_it() {
    assert_json_snapshot!(ntfy_body(&told([opened()])), @r#"
    {
      "actions": [
        {
          "action": "view",
          "label": "issue #12",
          "url": "https://github.example/acme/app/issues/12"
        }
      ],
      "click": "https://github.example/acme/app/issues/12",
      "markdown": false,
      "message": "> It **crashes** on start:\n> ```\n> segmentation fault (core dumped)\n> ```\nlabels bug, needs triage",
      "priority": 3,
      "tags": [
        "warning"
      ],
      "title": "carol opened acme/app#12: Crash on start",
      "topic": "our-builds"
    }
    "#);
}
