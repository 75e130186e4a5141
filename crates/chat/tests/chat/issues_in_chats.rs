//! Issues as each chat shows what happens to them.

use chat::show::{console, json};
use chat::{IssueEvent, Language, Message, message};
use insta::assert_snapshot;
use serde_json::Value;

use crate::bodies::{discord_body, feishu_body, ntfy_body, outline, slack_body, teams_body, texts, urls};
use crate::issues::{about, told};
use crate::samples::{HOSTILE_TITLE, closed, issue, labelled, notices, now, opened, written};

/// Seven events of one repository.
fn seven() -> Vec<IssueEvent> {
    let numbered = |number, issue: IssueEvent| IssueEvent {
        number,
        url: issue.url.replace("/12", &format!("/{number}")),
        ..issue
    };
    vec![
        numbered(12, opened()),
        numbered(12, labelled("bug")),
        numbered(12, about("issues.assigned", "bob")),
        numbered(9, issue("issue_comment.created")),
        numbered(9, closed("completed")),
        numbered(7, closed("not_planned")),
        numbered(3, issue("issues.deleted")),
    ]
}

/// What each chat is given of the usual events, as an outline.
fn outlines(outline: impl Fn(&Message) -> String) -> String {
    let usual = [
        vec![opened()],
        vec![closed("completed")],
        vec![closed("not_planned")],
        vec![labelled("bug")],
        vec![issue("issue_comment.created")],
        seven(),
    ];
    let outlines: Vec<_> = usual.into_iter().map(|issues| outline(&told(issues))).collect();
    outlines.join("\n")
}

#[test]
fn issues_on_the_console() {
    assert_snapshot!(outlines(|message| console::show(message, false)), @"
    ! carol opened acme/app#12: Crash on start
      │ It **crashes** on start:
      │ ```
      │ segmentation fault (core dumped)
      │ ```
      labels bug, needs triage
      issue #12 (https://github.example/acme/app/issues/12)

    ✓ alice closed acme/app#12 as completed after 3 days: Crash on start
      labels bug, needs triage · assigned to bob · milestone 1.0 · opened by carol
      issue #12 (https://github.example/acme/app/issues/12)

    · alice closed acme/app#12 as not planned after 3 days: Crash on start
      labels bug, needs triage · assigned to bob · milestone 1.0 · opened by carol
      issue #12 (https://github.example/acme/app/issues/12)

    · alice labelled acme/app#12 “bug”: Crash on start
      labels bug, needs triage · assigned to bob · milestone 1.0 · opened by carol
      issue #12 (https://github.example/acme/app/issues/12)

    · alice commented on acme/app#12: Crash on start
      │ It **crashes** on start:
      │ ```
      │ segmentation fault (core dumped)
      │ ```
      labels bug, needs triage · assigned to bob · milestone 1.0 · opened by carol
      comment (https://github.example/acme/app/issues/12#issuecomment-345)

    ! 7 issue events in acme/app
      carol opened #12 (https://github.example/acme/app/issues/12): Crash on start
      alice labelled #12 (https://github.example/acme/app/issues/12) “bug”: Crash on start
      alice assigned #12 (https://github.example/acme/app/issues/12) to bob: Crash on start
      alice commented on #9 (https://github.example/acme/app/issues/9#issuecomment-345): Crash on start
      alice closed #9 (https://github.example/acme/app/issues/9) as completed after 3 days: Crash on start
      alice closed #7 (https://github.example/acme/app/issues/7) as not planned after 3 days: Crash on start
      alice deleted #3 (https://github.example/acme/app/issues): Crash on start
      all issues (https://github.example/acme/app/issues)
    ");
}

#[test]
fn issues_in_slack() {
    let shown = outlines(|message| {
        let mut lines = Vec::new();
        outline(&slack_body(message)["blocks"], "", &mut lines);
        lines.join("\n") + "\n"
    });
    assert_snapshot!(shown, @"
    /header/plain_text: carol opened acme/app#12: Crash on start
    /rich_text/rich_text_quote/text: It **crashes** on start:
    ```
    segmentation fault (core dumped)
    ```
    /rich_text/rich_text_section/link: issue #12 → https://github.example/acme/app/issues/12
    /context/plain_text: labels bug, needs triage

    /header/plain_text: alice closed acme/app#12 as completed after 3 days: Crash on start
    /rich_text/rich_text_section/link: issue #12 → https://github.example/acme/app/issues/12
    /context/plain_text: labels bug, needs triage · assigned to bob · milestone 1.0 · opened by carol

    /header/plain_text: alice closed acme/app#12 as not planned after 3 days: Crash on start
    /rich_text/rich_text_section/link: issue #12 → https://github.example/acme/app/issues/12
    /context/plain_text: labels bug, needs triage · assigned to bob · milestone 1.0 · opened by carol

    /header/plain_text: alice labelled acme/app#12 “bug”: Crash on start
    /rich_text/rich_text_section/link: issue #12 → https://github.example/acme/app/issues/12
    /context/plain_text: labels bug, needs triage · assigned to bob · milestone 1.0 · opened by carol

    /header/plain_text: alice commented on acme/app#12: Crash on start
    /rich_text/rich_text_quote/text: It **crashes** on start:
    ```
    segmentation fault (core dumped)
    ```
    /rich_text/rich_text_section/link: comment → https://github.example/acme/app/issues/12#issuecomment-345
    /context/plain_text: labels bug, needs triage · assigned to bob · milestone 1.0 · opened by carol

    /header/plain_text: 7 issue events in acme/app
    /rich_text/rich_text_list/rich_text_section/text: carol opened 
    /rich_text/rich_text_list/rich_text_section/link: #12 → https://github.example/acme/app/issues/12
    /rich_text/rich_text_list/rich_text_section/text: : Crash on start
    /rich_text/rich_text_list/rich_text_section/text: alice labelled 
    /rich_text/rich_text_list/rich_text_section/link: #12 → https://github.example/acme/app/issues/12
    /rich_text/rich_text_list/rich_text_section/text:  “bug”: Crash on start
    /rich_text/rich_text_list/rich_text_section/text: alice assigned 
    /rich_text/rich_text_list/rich_text_section/link: #12 → https://github.example/acme/app/issues/12
    /rich_text/rich_text_list/rich_text_section/text:  to bob: Crash on start
    /rich_text/rich_text_list/rich_text_section/text: alice commented on 
    /rich_text/rich_text_list/rich_text_section/link: #9 → https://github.example/acme/app/issues/9#issuecomment-345
    /rich_text/rich_text_list/rich_text_section/text: : Crash on start
    /rich_text/rich_text_list/rich_text_section/text: alice closed 
    /rich_text/rich_text_list/rich_text_section/link: #9 → https://github.example/acme/app/issues/9
    /rich_text/rich_text_list/rich_text_section/text:  as completed after 3 days: Crash on start
    /rich_text/rich_text_list/rich_text_section/text: alice closed 
    /rich_text/rich_text_list/rich_text_section/link: #7 → https://github.example/acme/app/issues/7
    /rich_text/rich_text_list/rich_text_section/text:  as not planned after 3 days: Crash on start
    /rich_text/rich_text_list/rich_text_section/text: alice deleted 
    /rich_text/rich_text_list/rich_text_section/link: #3 → https://github.example/acme/app/issues
    /rich_text/rich_text_list/rich_text_section/text: : Crash on start
    /rich_text/rich_text_section/link: all issues → https://github.example/acme/app/issues
    ");
}

#[test]
fn issues_in_feishu() {
    let shown = outlines(|message| {
        let card = &feishu_body(message)["card"];
        let mut lines = vec![format!("{}:", card["header"]["template"])];
        outline(&card["header"]["title"], "", &mut lines);
        outline(&card["elements"], "", &mut lines);
        lines.join("\n") + "\n"
    });
    assert_snapshot!(shown, @r#"
    "orange":
    /plain_text: carol opened acme/app#12: Crash on start
    /column_set/column/div/plain_text: It **crashes** on start:
    ```
    segmentation fault (core dumped)
    ```
    /action/default → https://github.example/acme/app/issues/12
    /action/default/plain_text: issue #12
    /note/plain_text: labels bug, needs triage

    "green":
    /plain_text: alice closed acme/app#12 as completed after 3 days: Crash on start
    /action/default → https://github.example/acme/app/issues/12
    /action/default/plain_text: issue #12
    /note/plain_text: labels bug, needs triage · assigned to bob · milestone 1.0 · opened by carol

    "blue":
    /plain_text: alice closed acme/app#12 as not planned after 3 days: Crash on start
    /action/default → https://github.example/acme/app/issues/12
    /action/default/plain_text: issue #12
    /note/plain_text: labels bug, needs triage · assigned to bob · milestone 1.0 · opened by carol

    "blue":
    /plain_text: alice labelled acme/app#12 “bug”: Crash on start
    /action/default → https://github.example/acme/app/issues/12
    /action/default/plain_text: issue #12
    /note/plain_text: labels bug, needs triage · assigned to bob · milestone 1.0 · opened by carol

    "blue":
    /plain_text: alice commented on acme/app#12: Crash on start
    /column_set/column/div/plain_text: It **crashes** on start:
    ```
    segmentation fault (core dumped)
    ```
    /action/default → https://github.example/acme/app/issues/12#issuecomment-345
    /action/default/plain_text: comment
    /note/plain_text: labels bug, needs triage · assigned to bob · milestone 1.0 · opened by carol

    "orange":
    /plain_text: 7 issue events in acme/app
    /div/default → https://github.example/acme/app/issues/12
    /div/default/plain_text: #12
    /div/plain_text: carol opened #12: Crash on start
    /div/default → https://github.example/acme/app/issues/12
    /div/default/plain_text: #12
    /div/plain_text: alice labelled #12 “bug”: Crash on start
    /div/default → https://github.example/acme/app/issues/12
    /div/default/plain_text: #12
    /div/plain_text: alice assigned #12 to bob: Crash on start
    /div/default → https://github.example/acme/app/issues/9#issuecomment-345
    /div/default/plain_text: #9
    /div/plain_text: alice commented on #9: Crash on start
    /div/default → https://github.example/acme/app/issues/9
    /div/default/plain_text: #9
    /div/plain_text: alice closed #9 as completed after 3 days: Crash on start
    /div/default → https://github.example/acme/app/issues/7
    /div/default/plain_text: #7
    /div/plain_text: alice closed #7 as not planned after 3 days: Crash on start
    /div/default → https://github.example/acme/app/issues
    /div/default/plain_text: #3
    /div/plain_text: alice deleted #3: Crash on start
    /action/default → https://github.example/acme/app/issues
    /action/default/plain_text: all issues
    "#);
}

#[test]
fn issues_in_discord() {
    let shown = outlines(|message| {
        let embed = &discord_body(message)["embeds"][0];
        let text = |key: &str| embed[key].as_str().unwrap_or_default().to_owned();
        let mut lines = vec![format!(
            "#{:06x}: {} → {}",
            embed["color"].as_u64().unwrap_or(0),
            text("title"),
            text("url")
        )];
        lines.extend(text("description").lines().map(str::to_owned));
        for field in embed["fields"].as_array().unwrap_or(&Vec::new()) {
            lines.push(format!("[{}] {}", field["name"], field["value"]));
        }
        lines.join("\n") + "\n"
    });
    assert_snapshot!(shown, @r#"
    #e38b16: carol opened acme/app#12: Crash on start → https://github.example/acme/app/issues/12
    > It \*\*crashes\*\* on start\:
    > \`\`\`
    > segmentation fault (core dumped)
    > \`\`\`
    ["labels"] "bug, needs triage"

    #2da44e: alice closed acme/app#12 as completed after 3 days: Crash on start → https://github.example/acme/app/issues/12
    ["labels"] "bug, needs triage"
    ["assigned to"] "bob"
    ["milestone"] "1.0"
    ["opened by"] "carol"

    #3b7ddd: alice closed acme/app#12 as not planned after 3 days: Crash on start → https://github.example/acme/app/issues/12
    ["labels"] "bug, needs triage"
    ["assigned to"] "bob"
    ["milestone"] "1.0"
    ["opened by"] "carol"

    #3b7ddd: alice labelled acme/app#12 “bug”: Crash on start → https://github.example/acme/app/issues/12
    ["labels"] "bug, needs triage"
    ["assigned to"] "bob"
    ["milestone"] "1.0"
    ["opened by"] "carol"

    #3b7ddd: alice commented on acme/app#12: Crash on start → https://github.example/acme/app/issues/12#issuecomment-345
    > It \*\*crashes\*\* on start\:
    > \`\`\`
    > segmentation fault (core dumped)
    > \`\`\`
    ["labels"] "bug, needs triage"
    ["assigned to"] "bob"
    ["milestone"] "1.0"
    ["opened by"] "carol"

    #e38b16: 7 issue events in acme/app → https://github.example/acme/app/issues
    - carol opened [#12](https://github.example/acme/app/issues/12): Crash on start
    - alice labelled [#12](https://github.example/acme/app/issues/12) “bug”: Crash on start
    - alice assigned [#12](https://github.example/acme/app/issues/12) to bob: Crash on start
    - alice commented on [#9](https://github.example/acme/app/issues/9#issuecomment-345): Crash on start
    - alice closed [#9](https://github.example/acme/app/issues/9) as completed after 3 days: Crash on start
    - alice closed [#7](https://github.example/acme/app/issues/7) as not planned after 3 days: Crash on start
    - alice deleted [#3](https://github.example/acme/app/issues): Crash on start
    "#);
}

#[test]
fn issues_in_teams() {
    let shown = outlines(|message| {
        let mut lines = Vec::new();
        outline(&teams_body(message)["attachments"][0]["content"], "", &mut lines);
        lines.join("\n") + "\n"
    });
    assert_snapshot!(shown, @"
    /AdaptiveCard/Action.OpenUrl: issue #12 → https://github.example/acme/app/issues/12
    /AdaptiveCard/Container/RichTextBlock/TextRun: carol opened acme/app#12: Crash on start
    /AdaptiveCard/Container/RichTextBlock/TextRun: It **crashes** on start:
    /AdaptiveCard/Container/RichTextBlock/TextRun: ```
    /AdaptiveCard/Container/RichTextBlock/TextRun: segmentation fault (core dumped)
    /AdaptiveCard/Container/RichTextBlock/TextRun: ```
    /AdaptiveCard/RichTextBlock/TextRun: labels bug, needs triage

    /AdaptiveCard/Action.OpenUrl: issue #12 → https://github.example/acme/app/issues/12
    /AdaptiveCard/Container/RichTextBlock/TextRun: alice closed acme/app#12 as completed after 3 days: Crash on start
    /AdaptiveCard/RichTextBlock/TextRun: labels bug, needs triage · assigned to bob · milestone 1.0 · opened by carol

    /AdaptiveCard/Action.OpenUrl: issue #12 → https://github.example/acme/app/issues/12
    /AdaptiveCard/Container/RichTextBlock/TextRun: alice closed acme/app#12 as not planned after 3 days: Crash on start
    /AdaptiveCard/RichTextBlock/TextRun: labels bug, needs triage · assigned to bob · milestone 1.0 · opened by carol

    /AdaptiveCard/Action.OpenUrl: issue #12 → https://github.example/acme/app/issues/12
    /AdaptiveCard/Container/RichTextBlock/TextRun: alice labelled acme/app#12 “bug”: Crash on start
    /AdaptiveCard/RichTextBlock/TextRun: labels bug, needs triage · assigned to bob · milestone 1.0 · opened by carol

    /AdaptiveCard/Action.OpenUrl: comment → https://github.example/acme/app/issues/12#issuecomment-345
    /AdaptiveCard/Container/RichTextBlock/TextRun: alice commented on acme/app#12: Crash on start
    /AdaptiveCard/Container/RichTextBlock/TextRun: It **crashes** on start:
    /AdaptiveCard/Container/RichTextBlock/TextRun: ```
    /AdaptiveCard/Container/RichTextBlock/TextRun: segmentation fault (core dumped)
    /AdaptiveCard/Container/RichTextBlock/TextRun: ```
    /AdaptiveCard/RichTextBlock/TextRun: labels bug, needs triage · assigned to bob · milestone 1.0 · opened by carol

    /AdaptiveCard/Action.OpenUrl: all issues → https://github.example/acme/app/issues
    /AdaptiveCard/Container/RichTextBlock/TextRun: 7 issue events in acme/app
    /AdaptiveCard/Container/RichTextBlock/TextRun: carol opened 
    /AdaptiveCard/Container/RichTextBlock/TextRun: #12
    /AdaptiveCard/Container/RichTextBlock/TextRun: : Crash on start
    /AdaptiveCard/Container/Action.OpenUrl: #12 → https://github.example/acme/app/issues/12
    /AdaptiveCard/Container/RichTextBlock/TextRun: alice labelled 
    /AdaptiveCard/Container/RichTextBlock/TextRun: #12
    /AdaptiveCard/Container/RichTextBlock/TextRun:  “bug”: Crash on start
    /AdaptiveCard/Container/Action.OpenUrl: #12 → https://github.example/acme/app/issues/12
    /AdaptiveCard/Container/RichTextBlock/TextRun: alice assigned 
    /AdaptiveCard/Container/RichTextBlock/TextRun: #12
    /AdaptiveCard/Container/RichTextBlock/TextRun:  to bob: Crash on start
    /AdaptiveCard/Container/Action.OpenUrl: #12 → https://github.example/acme/app/issues/12
    /AdaptiveCard/Container/RichTextBlock/TextRun: alice commented on 
    /AdaptiveCard/Container/RichTextBlock/TextRun: #9
    /AdaptiveCard/Container/RichTextBlock/TextRun: : Crash on start
    /AdaptiveCard/Container/Action.OpenUrl: #9 → https://github.example/acme/app/issues/9#issuecomment-345
    /AdaptiveCard/Container/RichTextBlock/TextRun: alice closed 
    /AdaptiveCard/Container/RichTextBlock/TextRun: #9
    /AdaptiveCard/Container/RichTextBlock/TextRun:  as completed after 3 days: Crash on start
    /AdaptiveCard/Container/Action.OpenUrl: #9 → https://github.example/acme/app/issues/9
    /AdaptiveCard/Container/RichTextBlock/TextRun: alice closed 
    /AdaptiveCard/Container/RichTextBlock/TextRun: #7
    /AdaptiveCard/Container/RichTextBlock/TextRun:  as not planned after 3 days: Crash on start
    /AdaptiveCard/Container/Action.OpenUrl: #7 → https://github.example/acme/app/issues/7
    /AdaptiveCard/Container/RichTextBlock/TextRun: alice deleted 
    /AdaptiveCard/Container/RichTextBlock/TextRun: #3
    /AdaptiveCard/Container/RichTextBlock/TextRun: : Crash on start
    /AdaptiveCard/Container/Action.OpenUrl: #3 → https://github.example/acme/app/issues
    ");
}

#[test]
fn issues_in_ntfy() {
    let shown = outlines(|message| {
        let body = ntfy_body(message);
        let text = |key: &str| body[key].as_str().unwrap_or_default().to_owned();
        let mut lines = vec![
            format!(
                "{} {}: {} → {}",
                body["tags"][0],
                body["priority"],
                text("title"),
                text("click")
            ),
            text("message"),
        ];
        for action in body["actions"].as_array().unwrap_or(&Vec::new()) {
            lines.push(format!("[{}] {}", action["label"], action["url"]));
        }
        lines.join("\n") + "\n"
    });
    assert_snapshot!(shown, @r#"
    "warning" 3: carol opened acme/app#12: Crash on start → https://github.example/acme/app/issues/12
    > It **crashes** on start:
    > ```
    > segmentation fault (core dumped)
    > ```
    labels bug, needs triage
    ["issue #12"] "https://github.example/acme/app/issues/12"

    "white_check_mark" 3: alice closed acme/app#12 as completed after 3 days: Crash on start → https://github.example/acme/app/issues/12
    labels bug, needs triage · assigned to bob · milestone 1.0 · opened by carol
    ["issue #12"] "https://github.example/acme/app/issues/12"

    "bell" 2: alice closed acme/app#12 as not planned after 3 days: Crash on start → https://github.example/acme/app/issues/12
    labels bug, needs triage · assigned to bob · milestone 1.0 · opened by carol
    ["issue #12"] "https://github.example/acme/app/issues/12"

    "bell" 2: alice labelled acme/app#12 “bug”: Crash on start → https://github.example/acme/app/issues/12
    labels bug, needs triage · assigned to bob · milestone 1.0 · opened by carol
    ["issue #12"] "https://github.example/acme/app/issues/12"

    "bell" 2: alice commented on acme/app#12: Crash on start → https://github.example/acme/app/issues/12#issuecomment-345
    > It **crashes** on start:
    > ```
    > segmentation fault (core dumped)
    > ```
    labels bug, needs triage · assigned to bob · milestone 1.0 · opened by carol
    ["comment"] "https://github.example/acme/app/issues/12#issuecomment-345"

    "warning" 3: 7 issue events in acme/app → https://github.example/acme/app/issues
    • carol opened #12: Crash on start
    • alice labelled #12 “bug”: Crash on start
    • alice assigned #12 to bob: Crash on start
    • alice commented on #9: Crash on start
    • alice closed #9 as completed after 3 days: Crash on start
    • alice closed #7 as not planned after 3 days: Crash on start
    • alice deleted #3: Crash on start
    ["all issues"] "https://github.example/acme/app/issues"
    "#);
}

#[test]
fn an_issue_by_somebody_hostile_pings_and_links_nobody() {
    let names = [
        "issues.opened",
        "issues.labeled",
        "issues.edited",
        "issues.closed",
        "issue_comment.created",
        "issues.x",
    ];
    let hostile = names.map(|name| written(name, HOSTILE_TITLE));
    let several = hostile.clone().into_iter().chain([opened()]).collect();
    let each = hostile.into_iter().map(|issue| vec![issue]);
    let all: Vec<_> = each.chain([several]).map(notices).collect();
    for (language, notices) in Language::ALL
        .iter()
        .flat_map(|language| all.iter().map(move |all| (*language, all)))
    {
        let message = message(notices, language, now());
        // That nothing in them is markup, a mention or a link of a stranger's is what these check.
        let bodies = [
            slack_body(&message),
            feishu_body(&message),
            discord_body(&message),
            teams_body(&message),
            ntfy_body(&message),
        ];
        for body in &bodies {
            let ours = |url: &&str| url.starts_with("https://github.example/acme/app");
            assert!(urls(body).iter().all(ours), "{body:#}");
        }
        let [slack, _, discord, teams, _] = &bodies;
        let notification = slack["text"].as_str().unwrap_or_default();
        assert!(
            !notification.contains("https:") && !notification.contains(['<', '>', '*', '`']),
            "{notification}"
        );
        assert!(!discord.to_string().contains("(https://evil"));
        assert!(texts(teams, "type").iter().all(|kind| *kind != "TextBlock"));
        let json = json::show(&message, notices, "id", None, now());
        let json: Value = serde_json::from_str(&json.body).expect("JSON");
        assert!(
            json["link"]
                .as_str()
                .is_some_and(|url| url.starts_with("https://github.example/"))
        );
    }
}

#[test]
fn an_issue_by_somebody_hostile_is_plain_text_in_discord() {
    let body = discord_body(&told([written("issues.opened", HOSTILE_TITLE)]));
    assert_snapshot!(body["embeds"][0]["title"].as_str().unwrap_or_default(), @r"\<!channel\> \@everyone \<\@U123\> \<\@&1\> \*x\* \_\_y\_\_ \|\|z\|\| \`c\` \:tada: \[… opened acme/app#12: \<!channel\> \@everyone \<\@U123\> \<\@&1\> \*x\* \_\_y\_\_ \|\|z\|\| \`c\` \:tada: \[x\](https\://evil.example) \<https\://evil.example\|x\> \<at …");
    assert_snapshot!(body["embeds"][0]["description"].as_str().unwrap_or_default(), @r#"
    > \<!channel\> \@everyone \<\@U123\> \<\@&1\> \*x\* \_\_y\_\_ \|\|z\|\| \`c\` \:tada: \[x\](https\://evil.example) \<https\://evil.example\|x\> \<at user_id="all"\>\</at\> \<at\>all\</at\> \@\[x\](y) https\://evil.example
    > \# \<!channel\> \@everyone \<\@U123\> \<\@&1\> \*x\* \_\_y\_\_ \|\|z\|\| \`c\` \:tada: \[x\](https\://evil.example) \<https\://evil.example\|x\> \<at user_id="all"\>\</at\> \<at\>all\</at\> \@\[x\](y) https\://evil.example
    > \- \<!channel\> \@everyone \<\@U123\> \<\@&1\> \*x\* \_\_y\_\_ \|\|z\|\| \`c\` \:tada: \[x\](https\://evil.example) \<https\://evil.example\|x\> \<at user_id="all"\>\</at\> …
    "#);
}
