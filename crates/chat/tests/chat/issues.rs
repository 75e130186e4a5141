//! Issues: the words for what happens to them.

use chat::show::console;
use chat::{Fact, Group, IssueEvent, Language, Message, Notice, Subject, message};
use insta::assert_snapshot;

use crate::samples::{at, closed, issue, labelled, notices, now, opened};

pub(crate) fn told(issues: impl IntoIterator<Item = IssueEvent>) -> Message {
    message(&notices(issues), Language::En, now())
}

fn title(issue: IssueEvent) -> String {
    told([issue]).title
}

pub(crate) fn about(name: &str, about: &str) -> IssueEvent {
    IssueEvent {
        about: Some(about.to_owned()),
        ..issue(name)
    }
}

fn on_console(issues: impl IntoIterator<Item = IssueEvent>) -> String {
    console::show(&told(issues), false)
}

/// Every action GitHub documents, with what makes its words differ.
pub(crate) fn every_action() -> Vec<IssueEvent> {
    let renamed = IssueEvent {
        old_title: Some("It crashes".to_owned()),
        ..issue("issues.edited")
    };
    vec![
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
    ]
}

#[test]
fn every_action_github_documents_has_its_words() {
    let words: Vec<_> = every_action().into_iter().map(title).collect();
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
    assert_snapshot!(console::show(&message(&[early], Language::En, now()), false), @"
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
