//! Issues: the words for what happens to them, and how each chat shows those.

use chat::show::{console, json};
use chat::{Fact, Group, IssueEvent, Message, Notice, Subject, message};
use insta::{assert_json_snapshot, assert_snapshot};
use serde_json::Value;

use crate::samples::{HOSTILE_TITLE, at, closed, issue, labelled, notices, now, opened, written};
use crate::shown::{discord_body, feishu_body, outline, slack_body, teams_body, texts, urls};

fn told(issues: impl IntoIterator<Item = IssueEvent>) -> Message {
    message(&notices(issues), now())
}

fn title(issue: IssueEvent) -> String {
    told([issue]).title
}

fn about(name: &str, about: &str) -> IssueEvent {
    IssueEvent {
        about: Some(about.to_owned()),
        ..issue(name)
    }
}

fn on_console(issues: impl IntoIterator<Item = IssueEvent>) -> String {
    console::show(&told(issues), false)
}

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
fn every_action_github_documents_has_its_words() {
    let renamed = IssueEvent {
        old_title: Some("It crashes".to_owned()),
        ..issue("issues.edited")
    };
    let issues = [
        opened(),
        closed("completed"),
        closed("not_planned"),
        closed("duplicate"),
        IssueEvent {
            state_reason: None,
            ..closed("")
        },
        IssueEvent {
            closed_at: None,
            ..closed("gone_stale")
        },
        issue("issues.reopened"),
        issue("issues.edited"),
        renamed,
        issue("issues.deleted"),
        about("issues.transferred", "acme/lib"),
        issue("issues.transferred"),
        issue("issues.pinned"),
        issue("issues.unpinned"),
        issue("issues.locked"),
        issue("issues.unlocked"),
        labelled("bug"),
        about("issues.unlabeled", "bug"),
        about("issues.assigned", "bob"),
        about("issues.assigned", "alice"),
        about("issues.unassigned", "bob"),
        about("issues.unassigned", "alice"),
        about("issues.milestoned", "1.0"),
        about("issues.demilestoned", "1.0"),
        about("issues.typed", "Bug"),
        about("issues.untyped", "Bug"),
        about("issues.field_added", "Priority"),
        about("issues.field_removed", "Priority"),
        issue("issue_comment.created"),
        issue("issue_comment.edited"),
        issue("issue_comment.deleted"),
        issue("issue_comment.pinned"),
        issue("issue_comment.unpinned"),
    ];
    let words: Vec<_> = issues.map(title).into();
    assert_snapshot!(words.join("\n"), @"
    carol opened acme/app#12: Crash on start
    alice closed acme/app#12 as completed after 3 days: Crash on start
    alice closed acme/app#12 as not planned after 3 days: Crash on start
    alice closed acme/app#12 as a duplicate after 3 days: Crash on start
    alice closed acme/app#12 after 3 days: Crash on start
    alice closed acme/app#12 as gone stale: Crash on start
    alice reopened acme/app#12: Crash on start
    alice edited acme/app#12: Crash on start
    alice renamed acme/app#12: Crash on start
    alice deleted acme/app#12: Crash on start
    alice transferred acme/app#12 to acme/lib: Crash on start
    alice transferred acme/app#12: Crash on start
    alice pinned acme/app#12: Crash on start
    alice unpinned acme/app#12: Crash on start
    alice locked acme/app#12: Crash on start
    alice unlocked acme/app#12: Crash on start
    alice labelled acme/app#12 “bug”: Crash on start
    alice took the label “bug” off acme/app#12: Crash on start
    alice assigned acme/app#12 to bob: Crash on start
    alice assigned acme/app#12 to themselves: Crash on start
    alice unassigned bob from acme/app#12: Crash on start
    alice unassigned themselves from acme/app#12: Crash on start
    alice added acme/app#12 to the milestone “1.0”: Crash on start
    alice took acme/app#12 out of the milestone “1.0”: Crash on start
    alice set the type of acme/app#12 to “Bug”: Crash on start
    alice took the type “Bug” off acme/app#12: Crash on start
    alice set the field “Priority” of acme/app#12: Crash on start
    alice cleared the field “Priority” of acme/app#12: Crash on start
    alice commented on acme/app#12: Crash on start
    alice edited a comment on acme/app#12: Crash on start
    alice deleted a comment on acme/app#12: Crash on start
    alice pinned a comment on acme/app#12: Crash on start
    alice unpinned a comment on acme/app#12: Crash on start
    ");
}

#[test]
fn an_action_nobody_has_heard_of_is_said_as_well_as_it_can_be() {
    let pull_request = IssueEvent {
        is_pr: true,
        ..issue("issue_comment.frobnicated_twice")
    };
    let nameless = IssueEvent {
        title: " \u{200b}".to_owned(),
        actor: String::new(),
        ..issue("issues.")
    };
    let words = [issue("issues.frobnicated"), pull_request, nameless, labelled("")].map(title);
    assert_snapshot!(words.join("\n"), @"
    acme/app#12 was frobnicated by alice: Crash on start
    a comment on pull request acme/app#12 was frobnicated twice by alice: Crash on start
    acme/app#12 was changed by (no name): (no title)
    alice labelled acme/app#12 “(no name)”: Crash on start
    ");
}

#[test]
fn a_comment_on_a_pull_request_says_so() {
    let comment = IssueEvent {
        is_pr: true,
        url: "https://github.example/acme/app/pull/12#issuecomment-345".to_owned(),
        author: "alice".to_owned(),
        excerpt: "LGTM!".to_owned(),
        ..issue("issue_comment.created")
    };
    assert_snapshot!(on_console([comment]), @"
    · alice commented on pull request acme/app#12: Crash on start
      │ LGTM!
      labels bug, needs triage · assigned to bob · milestone 1.0
      comment (https://github.example/acme/app/pull/12#issuecomment-345)
    ");
}

#[test]
fn a_renamed_issue_tells_its_old_title_and_not_its_body() {
    let renamed = IssueEvent {
        old_title: Some("It crashes".to_owned()),
        ..issue("issues.edited")
    };
    assert_snapshot!(on_console([renamed]), @"
    · alice renamed acme/app#12: Crash on start
      was: It crashes
      labels bug, needs triage · assigned to bob · milestone 1.0 · opened by carol
      issue #12 (https://github.example/acme/app/issues/12)
    ");
}

#[test]
fn what_is_deleted_is_neither_quoted_nor_linked() {
    assert_snapshot!(on_console([issue("issues.deleted")]), @"
    · alice deleted acme/app#12: Crash on start
      labels bug, needs triage · assigned to bob · milestone 1.0 · opened by carol
      all issues (https://github.example/acme/app/issues)
    ");
    assert_snapshot!(on_console([issue("issue_comment.deleted")]), @"
    · alice deleted a comment on acme/app#12: Crash on start
      labels bug, needs triage · assigned to bob · milestone 1.0 · opened by carol
      issue #12 (https://github.example/acme/app/issues/12#issuecomment-345)
    ");
}

#[test]
fn small_print_stays_small() {
    let crowd = |count| (0..count).map(|i| format!("some-label-or-login-{i}")).collect();
    let crowded = IssueEvent {
        labels: crowd(30),
        assignees: crowd(3),
        ..opened()
    };
    assert_snapshot!(on_console([crowded]), @"
    ! carol opened acme/app#12: Crash on start
      │ It **crashes** on start:
      │ ```
      │ segmentation fault (core dumped)
      │ ```
      labels some-label-or-login-0, some-label-or-login-1, some-label-or-login-2, some-label-or-login-3, some-label-or-login-4, some-label-or-login-5, some-label-or-login-6, some-label-or-login-7, some-label-or-l… · assigned to some-label-or-login-0, some-label-or-login-1, some-label-or-login-2
      issue #12 (https://github.example/acme/app/issues/12)
    ");
}

#[test]
fn what_is_told_late_says_so_in_the_small_print() {
    let early = Notice::new(at("08:00:00"), Fact::Issue(Box::new(opened())));
    assert_snapshot!(console::show(&message(&[early], now()), false), @"
    ! carol opened acme/app#12: Crash on start
      │ It **crashes** on start:
      │ ```
      │ segmentation fault (core dumped)
      │ ```
      labels bug, needs triage · noticed 5 h 20 min ago
      issue #12 (https://github.example/acme/app/issues/12)
    ");
}

#[test]
fn issue_events_are_grouped_by_repository_when_there_are_many() {
    let notices = notices([opened(), labelled("bug")]);
    let group = notices[0].group().expect("a group");
    assert_eq!(group, Group::Repository("acme/app".to_owned()));
    assert_eq!(notices[1].group().as_ref(), Some(&group));
    assert_eq!(group.smallest(), 6);
    assert_eq!(Group::Project("alice/demo".to_owned()).smallest(), 1);
    assert_eq!(Group::DeadLetters("team".to_owned()).smallest(), 1);
}

#[test]
fn filters_know_the_repository_the_people_and_the_labels() {
    let by_a_bot = IssueEvent {
        actor: "renovate[bot]".to_owned(),
        is_bot: true,
        ..issue("issues.opened")
    };
    let notices = notices([by_a_bot]);
    assert_eq!(notices[0].event(), "issues.opened");
    let labels = ["bug", "needs triage"].map(str::to_owned);
    let expected = Subject::Issue {
        repository: "acme/app",
        author: "carol",
        actor: "renovate[bot]",
        is_bot: true,
        labels: &labels,
    };
    assert_eq!(notices[0].subject(), expected);
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
    for issues in each.chain([several]) {
        let notices = notices(issues);
        let message = message(&notices, now());
        // That nothing in them is markup, a mention or a link of a stranger's is what these check.
        let bodies = [
            slack_body(&message),
            feishu_body(&message),
            discord_body(&message),
            teams_body(&message),
        ];
        for body in &bodies {
            let ours = |url: &&str| url.starts_with("https://github.example/acme/app");
            assert!(urls(body).iter().all(ours), "{body:#}");
        }
        let [slack, _, discord, teams] = &bodies;
        let notification = slack["text"].as_str().unwrap_or_default();
        assert!(
            !notification.contains("https:") && !notification.contains(['<', '>', '*', '`']),
            "{notification}"
        );
        assert!(!discord.to_string().contains("(https://evil"));
        assert!(texts(teams, "type").iter().all(|kind| *kind != "TextBlock"));
        let json = json::show(&message, &notices, "id", None, now());
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
