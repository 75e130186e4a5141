//! Lost deliveries as each chat shows what becomes of them.

use chat::show::{console, json};
use chat::{Fact, HookFailing, HookState, Language, Message, Notice, message};
use insta::{assert_json_snapshot, assert_snapshot};
use serde_json::Value;

use crate::bodies::{
    discord_body, feishu_body, ntfy_body, outline, slack_body, teams_body, texts, urls, valid_everywhere,
};
use crate::redelivery::{many, said, told};
use crate::samples::{
    HOSTILE_TITLE, expiring, failing, gap, given_up, hook_is, in_vain, notice, now, of_a_hook, recovered, silent,
};

/// What each chat is given of what is said of a hook, as an outline.
fn outlines(outline: impl Fn(&Message) -> String) -> String {
    let usual = [
        vec![Fact::RedeliveryFailing(failing())],
        vec![Fact::RedeliveryRecovered(recovered())],
        vec![Fact::RedeliveryExpiring(expiring(3))],
        vec![Fact::RedeliveryGivenUp(given_up(in_vain("500")))],
        vec![Fact::RedeliveryGap(gap())],
        vec![Fact::RedeliveryHook(hook_is(HookState::Inactive))],
        vec![Fact::RedeliverySilent(silent())],
        many(7),
    ];
    let outlines: Vec<_> = usual.into_iter().map(|facts| outline(&told(facts))).collect();
    outlines.join("\n")
}

#[test]
fn lost_deliveries_in_slack() {
    let shown = outlines(|message| {
        let mut lines = Vec::new();
        outline(&slack_body(message)["blocks"], "", &mut lines);
        lines.join("\n") + "\n"
    });
    assert_snapshot!(shown, @"
    /header/plain_text: Deliveries of repo:acme/app:1 fail
    /rich_text/rich_text_list/rich_text_section/text: 14 lost since 2026-11-20 09:10 UTC: 12 no answer, 2 HTTP 500 · to hooks.example.org/webhook
    /rich_text/rich_text_list/rich_text_section/text: redelivering goes on; please look at the receiver

    /header/plain_text: Deliveries of repo:acme/app:1 arrive again, after 4 h 10 min
    /rich_text/rich_text_list/rich_text_section/text: 14 lost, 13 got back, 1 given up · to hooks.example.org/webhook

    /header/plain_text: 3 deliveries of repo:acme/app:1 will soon be lost for good
    /rich_text/rich_text_list/rich_text_section/text: GitHub redelivers the first until 2026-11-21 01:20 UTC, 12 h from now
    /rich_text/rich_text_list/rich_text_section/text: please look at the receiver

    /header/plain_text: issues.opened of repo:acme/app:1 was given up
    /rich_text/rich_text_list/rich_text_section/text: 5 attempts to get it back failed; last seen: HTTP 500
    /rich_text/rich_text_list/rich_text_section/text: copperbell redelivery retry 72d3162e-cc78-11e3-81ab-4c9367dc0958 tries again
    /context/plain_text: delivered 2026-11-20 09:10 UTC

    /header/plain_text: Deliveries of repo:acme/app:1 may be lost unseen
    /rich_text/rich_text_list/rich_text_section/text: the delivery log was not read from 2026-11-14 09:10 UTC to 2026-11-17 13:20 UTC, and no longer goes back that far
    /rich_text/rich_text_list/rich_text_section/text: please compare what arrived in that time with what happened at GitHub

    /header/plain_text: GitHub delivers nothing for repo:acme/app:1
    /rich_text/rich_text_list/rich_text_section/text: the hook was made inactive: what happens until it is active is lost for good

    /header/plain_text: A ping of repo:acme/app:1 did not arrive
    /rich_text/rich_text_list/rich_text_section/text: GitHub was asked for it 12 min ago; its other deliveries may not arrive either
    /rich_text/rich_text_list/rich_text_section/text: please check that the hook's URL reaches Copperbell, and that Copperbell has the hook's secret

    /header/plain_text: 7 deliveries of repo:acme/app:1 were given up
    /rich_text/rich_text_list/rich_text_section/text: issues.opened
    /rich_text/rich_text_list/rich_text_section/text:  00000000-cc78-11e3-81ab-4c9367dc0958, delivered 2026-11-20 09:10 UTC: 5 attempts to get it back failed; last seen: HTTP 500
    /rich_text/rich_text_list/rich_text_section/text: issues.opened
    /rich_text/rich_text_list/rich_text_section/text:  00000001-cc78-11e3-81ab-4c9367dc0958, delivered 2026-11-20 09:10 UTC: 5 attempts to get it back failed; last seen: no answer
    /rich_text/rich_text_list/rich_text_section/text: issues.opened
    /rich_text/rich_text_list/rich_text_section/text:  00000002-cc78-11e3-81ab-4c9367dc0958, delivered 2026-11-20 09:10 UTC: GitHub would not redeliver it: Delivery is too large
    /rich_text/rich_text_list/rich_text_section/text: issues.opened
    /rich_text/rich_text_list/rich_text_section/text:  00000003-cc78-11e3-81ab-4c9367dc0958, delivered 2026-11-20 09:10 UTC: the receiver answered HTTP 409: it has another delivery of this guid
    /rich_text/rich_text_list/rich_text_section/text: issues.opened
    /rich_text/rich_text_list/rich_text_section/text:  00000004-cc78-11e3-81ab-4c9367dc0958, delivered 2026-11-20 09:10 UTC: the receiver answered HTTP 401 though it was signed: its secret is not the hook's
    /rich_text/rich_text_list/rich_text_section/text: issues.opened
    /rich_text/rich_text_list/rich_text_section/text:  00000005-cc78-11e3-81ab-4c9367dc0958, delivered 2026-11-20 09:10 UTC: somebody redelivered it by hand and that failed; whether it ever arrived is no longer in GitHub's log
    /rich_text/rich_text_list/rich_text_section/text: issues.opened
    /rich_text/rich_text_list/rich_text_section/text:  00000006-cc78-11e3-81ab-4c9367dc0958, delivered 2026-11-20 09:10 UTC: GitHub no longer redelivers it: it is too old
    /context/plain_text: try again with copperbell redelivery retry GUID
    ");
}

#[test]
fn lost_deliveries_in_feishu() {
    let shown = outlines(|message| {
        let card = &feishu_body(message)["card"];
        let mut lines = vec![format!("{}:", card["header"]["template"])];
        outline(&card["header"]["title"], "", &mut lines);
        outline(&card["elements"], "", &mut lines);
        lines.join("\n") + "\n"
    });
    assert_snapshot!(shown, @r#"
    "red":
    /plain_text: Deliveries of repo:acme/app:1 fail
    /div/plain_text: 14 lost since 2026-11-20 09:10 UTC: 12 no answer, 2 HTTP 500 · to hooks.example.org/webhook
    /div/plain_text: redelivering goes on; please look at the receiver

    "green":
    /plain_text: Deliveries of repo:acme/app:1 arrive again, after 4 h 10 min
    /div/plain_text: 14 lost, 13 got back, 1 given up · to hooks.example.org/webhook

    "orange":
    /plain_text: 3 deliveries of repo:acme/app:1 will soon be lost for good
    /div/plain_text: GitHub redelivers the first until 2026-11-21 01:20 UTC, 12 h from now
    /div/plain_text: please look at the receiver

    "red":
    /plain_text: issues.opened of repo:acme/app:1 was given up
    /div/plain_text: 5 attempts to get it back failed; last seen: HTTP 500
    /div/plain_text: copperbell redelivery retry 72d3162e-cc78-11e3-81ab-4c9367dc0958 tries again
    /note/plain_text: delivered 2026-11-20 09:10 UTC

    "orange":
    /plain_text: Deliveries of repo:acme/app:1 may be lost unseen
    /div/plain_text: the delivery log was not read from 2026-11-14 09:10 UTC to 2026-11-17 13:20 UTC, and no longer goes back that far
    /div/plain_text: please compare what arrived in that time with what happened at GitHub

    "red":
    /plain_text: GitHub delivers nothing for repo:acme/app:1
    /div/plain_text: the hook was made inactive: what happens until it is active is lost for good

    "orange":
    /plain_text: A ping of repo:acme/app:1 did not arrive
    /div/plain_text: GitHub was asked for it 12 min ago; its other deliveries may not arrive either
    /div/plain_text: please check that the hook's URL reaches Copperbell, and that Copperbell has the hook's secret

    "red":
    /plain_text: 7 deliveries of repo:acme/app:1 were given up
    /div/plain_text: issues.opened 00000000-cc78-11e3-81ab-4c9367dc0958, delivered 2026-11-20 09:10 UTC: 5 attempts to get it back failed; last seen: HTTP 500
    /div/plain_text: issues.opened 00000001-cc78-11e3-81ab-4c9367dc0958, delivered 2026-11-20 09:10 UTC: 5 attempts to get it back failed; last seen: no answer
    /div/plain_text: issues.opened 00000002-cc78-11e3-81ab-4c9367dc0958, delivered 2026-11-20 09:10 UTC: GitHub would not redeliver it: Delivery is too large
    /div/plain_text: issues.opened 00000003-cc78-11e3-81ab-4c9367dc0958, delivered 2026-11-20 09:10 UTC: the receiver answered HTTP 409: it has another delivery of this guid
    /div/plain_text: issues.opened 00000004-cc78-11e3-81ab-4c9367dc0958, delivered 2026-11-20 09:10 UTC: the receiver answered HTTP 401 though it was signed: its secret is not the hook's
    /div/plain_text: issues.opened 00000005-cc78-11e3-81ab-4c9367dc0958, delivered 2026-11-20 09:10 UTC: somebody redelivered it by hand and that failed; whether it ever arrived is no longer in GitHub's log
    /div/plain_text: issues.opened 00000006-cc78-11e3-81ab-4c9367dc0958, delivered 2026-11-20 09:10 UTC: GitHub no longer redelivers it: it is too old
    /note/plain_text: try again with copperbell redelivery retry GUID
    "#);
}

#[test]
fn lost_deliveries_in_teams() {
    let shown = outlines(|message| {
        let mut lines = Vec::new();
        outline(&teams_body(message)["attachments"][0]["content"], "", &mut lines);
        lines.join("\n") + "\n"
    });
    assert_snapshot!(shown, @"
    /AdaptiveCard/Container/RichTextBlock/TextRun: Deliveries of repo:acme/app:1 fail
    /AdaptiveCard/RichTextBlock/TextRun: 14 lost since 2026-11-20 09:10 UTC: 12 no answer, 2 HTTP 500 · to hooks.example.org/webhook
    /AdaptiveCard/RichTextBlock/TextRun: redelivering goes on; please look at the receiver

    /AdaptiveCard/Container/RichTextBlock/TextRun: Deliveries of repo:acme/app:1 arrive again, after 4 h 10 min
    /AdaptiveCard/RichTextBlock/TextRun: 14 lost, 13 got back, 1 given up · to hooks.example.org/webhook

    /AdaptiveCard/Container/RichTextBlock/TextRun: 3 deliveries of repo:acme/app:1 will soon be lost for good
    /AdaptiveCard/RichTextBlock/TextRun: GitHub redelivers the first until 2026-11-21 01:20 UTC, 12 h from now
    /AdaptiveCard/RichTextBlock/TextRun: please look at the receiver

    /AdaptiveCard/Container/RichTextBlock/TextRun: issues.opened of repo:acme/app:1 was given up
    /AdaptiveCard/RichTextBlock/TextRun: 5 attempts to get it back failed; last seen: HTTP 500
    /AdaptiveCard/RichTextBlock/TextRun: copperbell redelivery retry 72d3162e-cc78-11e3-81ab-4c9367dc0958 tries again
    /AdaptiveCard/RichTextBlock/TextRun: delivered 2026-11-20 09:10 UTC

    /AdaptiveCard/Container/RichTextBlock/TextRun: Deliveries of repo:acme/app:1 may be lost unseen
    /AdaptiveCard/RichTextBlock/TextRun: the delivery log was not read from 2026-11-14 09:10 UTC to 2026-11-17 13:20 UTC, and no longer goes back that far
    /AdaptiveCard/RichTextBlock/TextRun: please compare what arrived in that time with what happened at GitHub

    /AdaptiveCard/Container/RichTextBlock/TextRun: GitHub delivers nothing for repo:acme/app:1
    /AdaptiveCard/RichTextBlock/TextRun: the hook was made inactive: what happens until it is active is lost for good

    /AdaptiveCard/Container/RichTextBlock/TextRun: A ping of repo:acme/app:1 did not arrive
    /AdaptiveCard/RichTextBlock/TextRun: GitHub was asked for it 12 min ago; its other deliveries may not arrive either
    /AdaptiveCard/RichTextBlock/TextRun: please check that the hook's URL reaches Copperbell, and that Copperbell has the hook's secret

    /AdaptiveCard/Container/RichTextBlock/TextRun: 7 deliveries of repo:acme/app:1 were given up
    /AdaptiveCard/RichTextBlock/TextRun: issues.opened
    /AdaptiveCard/RichTextBlock/TextRun:  00000000-cc78-11e3-81ab-4c9367dc0958, delivered 2026-11-20 09:10 UTC: 5 attempts to get it back failed; last seen: HTTP 500
    /AdaptiveCard/RichTextBlock/TextRun: issues.opened
    /AdaptiveCard/RichTextBlock/TextRun:  00000001-cc78-11e3-81ab-4c9367dc0958, delivered 2026-11-20 09:10 UTC: 5 attempts to get it back failed; last seen: no answer
    /AdaptiveCard/RichTextBlock/TextRun: issues.opened
    /AdaptiveCard/RichTextBlock/TextRun:  00000002-cc78-11e3-81ab-4c9367dc0958, delivered 2026-11-20 09:10 UTC: GitHub would not redeliver it: Delivery is too large
    /AdaptiveCard/RichTextBlock/TextRun: issues.opened
    /AdaptiveCard/RichTextBlock/TextRun:  00000003-cc78-11e3-81ab-4c9367dc0958, delivered 2026-11-20 09:10 UTC: the receiver answered HTTP 409: it has another delivery of this guid
    /AdaptiveCard/RichTextBlock/TextRun: issues.opened
    /AdaptiveCard/RichTextBlock/TextRun:  00000004-cc78-11e3-81ab-4c9367dc0958, delivered 2026-11-20 09:10 UTC: the receiver answered HTTP 401 though it was signed: its secret is not the hook's
    /AdaptiveCard/RichTextBlock/TextRun: issues.opened
    /AdaptiveCard/RichTextBlock/TextRun:  00000005-cc78-11e3-81ab-4c9367dc0958, delivered 2026-11-20 09:10 UTC: somebody redelivered it by hand and that failed; whether it ever arrived is no longer in GitHub's log
    /AdaptiveCard/RichTextBlock/TextRun: issues.opened
    /AdaptiveCard/RichTextBlock/TextRun:  00000006-cc78-11e3-81ab-4c9367dc0958, delivered 2026-11-20 09:10 UTC: GitHub no longer redelivers it: it is too old
    /AdaptiveCard/RichTextBlock/TextRun: try again with copperbell redelivery retry GUID
    ");
}

#[test]
fn a_given_up_delivery_as_discord_takes_it() {
    assert_json_snapshot!(discord_body(&told([Fact::RedeliveryGivenUp(given_up(in_vain("500")))])), @r#"
    {
      "allowed_mentions": {
        "parse": []
      },
      "embeds": [
        {
          "color": 14105162,
          "description": "- 5 attempts to get it back failed; last seen: HTTP 500\n- copperbell redelivery retry 72d3162e-cc78-11e3-81ab-4c9367dc0958 tries again",
          "fields": [
            {
              "inline": true,
              "name": "delivered",
              "value": "2026-11-20 09\\:10 UTC"
            }
          ],
          "title": "issues.opened of repo\\:acme/app\\:1 was given up"
        }
      ]
    }
    "#);
}

#[test]
fn a_given_up_delivery_as_a_generic_server_takes_it() {
    let notices = [notice(Fact::RedeliveryGivenUp(given_up(in_vain("500"))))];
    let post = json::show(&message(&notices, Language::En, now()), &notices, "an id", None, now());
    let body: Value = serde_json::from_str(&post.body).expect("JSON");
    assert_json_snapshot!(body, @r#"
    {
      "at": "2026-11-20T13:20:00Z",
      "id": "msg_XpKlPPqAYJyb8726MxFQ7cSI",
      "link": null,
      "notices": [
        {
          "at": "2026-11-20T13:20:00Z",
          "attempts": 5,
          "delivered_at": "2026-11-20T09:10:00Z",
          "event": "redelivery.given_up",
          "guid": "72d3162e-cc78-11e3-81ab-4c9367dc0958",
          "hook": "repo:acme/app:1",
          "name": "issues.opened",
          "reason": {
            "attempts": {
              "last": "500"
            }
          },
          "v": 1
        }
      ],
      "text": "5 attempts to get it back failed; last seen: HTTP 500\ncopperbell redelivery retry 72d3162e-cc78-11e3-81ab-4c9367dc0958 tries again\ndelivered 2026-11-20 09:10 UTC",
      "title": "issues.opened of repo:acme/app:1 was given up",
      "version": 1
    }
    "#);
}

#[test]
fn ten_thousand_given_up_deliveries_are_cut_to_each_channels_limit_and_say_what_to_do() {
    let notices: Vec<Notice> = many(10_000).into_iter().map(notice).collect();
    let message = message(&notices, Language::En, now());
    assert_eq!(message.title, "10000 deliveries of repo:acme/app:1 were given up");
    assert_eq!(message.lines.len(), 10_000);

    let slack = slack_body(&message);
    let said = texts(&slack, "text");
    assert_snapshot!(said[said.len() - 2..].join("|"), @"… and 9969 more|try again with copperbell redelivery retry GUID");

    let feishu = feishu_body(&message);
    let said = texts(&feishu["card"]["elements"], "content");
    assert_snapshot!(said[said.len() - 2..].join("|"), @"… and 9955 more|try again with copperbell redelivery retry GUID");

    let discord = &discord_body(&message)["embeds"][0];
    let description = discord["description"].as_str().expect("a description");
    assert_snapshot!(description.lines().last().unwrap_or_default(), @"… and 9975 more");
    assert_snapshot!(discord["fields"][0]["value"], @r#""copperbell redelivery retry GUID""#);

    let teams = teams_body(&message);
    let said = texts(&teams, "text");
    assert_snapshot!(said[said.len() - 2..].join("|"), @"… and 9955 more|try again with copperbell redelivery retry GUID");

    let ntfy = ntfy_body(&message);
    let text = ntfy["message"].as_str().expect("a text");
    let end: Vec<_> = text.lines().skip(text.lines().count() - 2).collect();
    assert_snapshot!(end.join("|"), @"… and 9976 more|try again with copperbell redelivery retry GUID");

    let post = json::show(&message, &notices, "an id", None, now());
    assert!(post.body.len() <= 1_000_000, "{} bytes", post.body.len());
    let json: Value = serde_json::from_str(&post.body).expect("JSON");
    let kept = json["notices"].as_array().map_or(0, Vec::len);
    assert!(kept > 100);
    assert_eq!(kept as u64 + json["more_notices"].as_u64().expect("a count"), 10_000);

    let console = console::show(&message, false);
    let end: Vec<_> = console.lines().skip(101).collect();
    assert_snapshot!(end.join("\n"), @"
    … and 9900 more
    try again with copperbell redelivery retry GUID
    ");
}

#[test]
fn a_hook_by_somebody_hostile_pings_and_links_nobody() {
    let facts = of_a_hook(HOSTILE_TITLE);
    let given_up = facts.iter().filter(|fact| matches!(fact, Fact::RedeliveryGivenUp(_)));
    let several = given_up.cloned().collect();
    let each = facts.iter().map(|fact| vec![fact.clone()]);
    let all: Vec<Vec<_>> = each
        .chain([several])
        .map(|facts| facts.into_iter().map(notice).collect())
        .collect();
    for (language, notices) in Language::ALL
        .iter()
        .flat_map(|language| all.iter().map(move |all| (*language, all)))
    {
        let message = message(notices, language, now());
        assert_eq!(message.link, None);
        // That nothing in them is markup or a mention is what these check.
        valid_everywhere(&message);
        let slack = slack_body(&message);
        for body in [
            &slack,
            &feishu_body(&message),
            &discord_body(&message),
            &teams_body(&message),
            &ntfy_body(&message),
        ] {
            assert_eq!(urls(body), [""; 0], "{body:#}");
        }
        let notification = slack["text"].as_str().unwrap_or_default();
        assert!(
            !notification.contains("https:") && !notification.contains(['<', '>', '*', '`']),
            "{notification}"
        );
    }
}

#[test]
fn a_hook_by_somebody_hostile_is_one_line_of_text_on_the_console() {
    let hostile = format!("\u{1b}[31m{HOSTILE_TITLE}\u{202e}\n");
    let failing = HookFailing {
        to: Some(hostile.clone()),
        why: vec![(hostile.clone(), 2)],
        hook: hostile,
        ..failing()
    };
    assert_snapshot!(said(Fact::RedeliveryFailing(failing)), @r#"
    ✗ Deliveries of [31m<!channel> @everyone <@U123> <@&1> *x* __y__ ||z|| `c` :tad… fail
      14 lost since 2026-11-20 09:10 UTC: 2 [31m<!channel> @everyone <@U123> <@&1> *x* __y__ ||z|| `c` :tada: [x](https://evil.example) <https://evil.example|x> <at user_id="all"></at> <at>all</at> @[x](y) https://evil.example · to [31m<!channel> @everyone <@U123> <@&1> *x* __y__ ||z|| `c` :tada: [x](https://evil.example) <https://evil.example|x> <at user_id="all"></at> <at>all</at> @[x](y) https://evil.example
      redelivering goes on; please look at the receiver
    "#);
}
