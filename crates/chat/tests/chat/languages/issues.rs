//! Issues, each and as a whole.

#![expect(clippy::too_many_lines, reason = "they are what people read, line by line")]

use chat::{Fact, IssueDigest, IssueEvent, Times, message};
use insta::assert_snapshot;

use super::{each, in_all, together};
use crate::issues::every_action;
use crate::samples::{closed, digest, issue, labelled, notices, now, opened};

fn issues(issues: impl IntoIterator<Item = IssueEvent>) -> Vec<Fact> {
    issues.into_iter().map(|issue| Fact::Issue(Box::new(issue))).collect()
}

#[test]
fn every_action_on_an_issue() {
    let mut actions = every_action();
    actions.push(issue("issues.frobnicated"));
    actions.push(IssueEvent {
        title: String::new(),
        actor: String::new(),
        ..issue("issues.")
    });
    actions.push(IssueEvent {
        is_pr: true,
        ..issue("issue_comment.created")
    });
    actions.push(IssueEvent {
        is_pr: true,
        ..issue("issue_comment.frobnicated")
    });
    let titles = in_all(|language| {
        let notices = notices(actions.clone());
        let titles = notices
            .iter()
            .map(|notice| message(std::slice::from_ref(notice), language, now()).title + "\n");
        titles.collect()
    });
    assert_snapshot!(titles, @"
    [En]
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
    acme/app#12 was frobnicated by alice: Crash on start
    acme/app#12 was changed by (no name): (no title)
    alice commented on pull request acme/app#12: Crash on start
    a comment on pull request acme/app#12 was frobnicated by alice: Crash on start

    [Zh]
    carol 新建了议题 acme/app#12：Crash on start
    alice 关闭了议题 acme/app#12（已完成，历时 3 天）：Crash on start
    alice 关闭了议题 acme/app#12（不打算处理，历时 3 天）：Crash on start
    alice 关闭了议题 acme/app#12（重复，历时 3 天）：Crash on start
    alice 关闭了议题 acme/app#12（历时 3 天）：Crash on start
    alice 关闭了议题 acme/app#12（gone stale）：Crash on start
    alice 重新打开了议题 acme/app#12：Crash on start
    alice 编辑了议题 acme/app#12：Crash on start
    alice 修改了议题 acme/app#12 的标题：Crash on start
    alice 删除了议题 acme/app#12：Crash on start
    alice 将议题 acme/app#12 转移到 acme/lib：Crash on start
    alice 转移了议题 acme/app#12：Crash on start
    alice 置顶了议题 acme/app#12：Crash on start
    alice 取消了议题 acme/app#12 的置顶：Crash on start
    alice 锁定了议题 acme/app#12：Crash on start
    alice 解锁了议题 acme/app#12：Crash on start
    alice 给议题 acme/app#12 添加了标签“bug”：Crash on start
    alice 移除了议题 acme/app#12 的标签“bug”：Crash on start
    alice 将议题 acme/app#12 指派给 bob：Crash on start
    alice 将议题 acme/app#12 指派给自己：Crash on start
    alice 取消了议题 acme/app#12 对 bob 的指派：Crash on start
    alice 取消了议题 acme/app#12 对自己的指派：Crash on start
    alice 将议题 acme/app#12 加入里程碑“1.0”：Crash on start
    alice 将议题 acme/app#12 移出里程碑“1.0”：Crash on start
    alice 将议题 acme/app#12 的类型设为“Bug”：Crash on start
    alice 移除了议题 acme/app#12 的类型“Bug”：Crash on start
    alice 设置了议题 acme/app#12 的字段“Priority”：Crash on start
    alice 清空了议题 acme/app#12 的字段“Priority”：Crash on start
    alice 评论了议题 acme/app#12：Crash on start
    alice 编辑了议题 acme/app#12 下的一条评论：Crash on start
    alice 删除了议题 acme/app#12 下的一条评论：Crash on start
    alice 置顶了议题 acme/app#12 下的一条评论：Crash on start
    alice 取消置顶了议题 acme/app#12 下的一条评论：Crash on start
    alice 对议题 acme/app#12 执行了“frobnicated”操作：Crash on start
    （无名称） 更改了议题 acme/app#12：（无标题）
    alice 评论了拉取请求 acme/app#12：Crash on start
    alice 对拉取请求 acme/app#12 下的一条评论执行了“frobnicated”操作：Crash on start

    [Ru]
    Задача acme/app#12 открыта (carol): Crash on start
    Задача acme/app#12 закрыта как выполненная спустя 3 дня (alice): Crash on start
    Задача acme/app#12 закрыта без выполнения спустя 3 дня (alice): Crash on start
    Задача acme/app#12 закрыта как дубликат спустя 3 дня (alice): Crash on start
    Задача acme/app#12 закрыта спустя 3 дня (alice): Crash on start
    Задача acme/app#12 закрыта с причиной «gone stale» (alice): Crash on start
    Задача acme/app#12 открыта снова (alice): Crash on start
    Задача acme/app#12 изменена (alice): Crash on start
    Задача acme/app#12 переименована (alice): Crash on start
    Задача acme/app#12 удалена (alice): Crash on start
    Задача acme/app#12 перенесена в acme/lib (alice): Crash on start
    Задача acme/app#12 перенесена (alice): Crash on start
    Задача acme/app#12 закреплена (alice): Crash on start
    Задача acme/app#12 откреплена (alice): Crash on start
    Задача acme/app#12 заблокирована (alice): Crash on start
    Задача acme/app#12 разблокирована (alice): Crash on start
    Задаче acme/app#12 добавлена метка «bug» (alice): Crash on start
    С задачи acme/app#12 снята метка «bug» (alice): Crash on start
    Задача acme/app#12 назначена на bob (alice): Crash on start
    alice берёт задачу acme/app#12 на себя: Crash on start
    С задачи acme/app#12 снято назначение на bob (alice): Crash on start
    alice снимает с себя задачу acme/app#12: Crash on start
    Задача acme/app#12 добавлена в веху «1.0» (alice): Crash on start
    Задача acme/app#12 убрана из вехи «1.0» (alice): Crash on start
    Задаче acme/app#12 задан тип «Bug» (alice): Crash on start
    С задачи acme/app#12 снят тип «Bug» (alice): Crash on start
    Задаче acme/app#12 задано поле «Priority» (alice): Crash on start
    С задачи acme/app#12 снято поле «Priority» (alice): Crash on start
    Новый комментарий к задаче acme/app#12 (alice): Crash on start
    Изменён комментарий к задаче acme/app#12 (alice): Crash on start
    Удалён комментарий к задаче acme/app#12 (alice): Crash on start
    Закреплён комментарий к задаче acme/app#12 (alice): Crash on start
    Откреплён комментарий к задаче acme/app#12 (alice): Crash on start
    Задача acme/app#12 — событие «frobnicated» (alice): Crash on start
    Задача acme/app#12 изменена ((без имени)): (без названия)
    Новый комментарий к pull request acme/app#12 (alice): Crash on start
    Событие «frobnicated» с комментарием к pull request acme/app#12 (alice): Crash on start
    ");
}

#[test]
fn an_issue_with_all_there_is_to_say() {
    let renamed = IssueEvent {
        old_title: Some("It crashes".to_owned()),
        ..issue("issues.edited")
    };
    let commented = IssueEvent {
        is_pr: true,
        ..issue("issue_comment.deleted")
    };
    assert_snapshot!(each(issues([renamed, issue("issue_comment.created"), commented, issue("issues.deleted")])), @"
    [En]
    · alice renamed acme/app#12: Crash on start
      was: It crashes
      labels bug, needs triage · assigned to bob · milestone 1.0 · opened by carol
      issue #12
    · alice commented on acme/app#12: Crash on start
      │ It **crashes** on start:
      │ ```
      │ segmentation fault (core dumped)
      │ ```
      labels bug, needs triage · assigned to bob · milestone 1.0 · opened by carol
      comment
    · alice deleted a comment on pull request acme/app#12: Crash on start
      labels bug, needs triage · assigned to bob · milestone 1.0 · opened by carol
      pull request #12
    · alice deleted acme/app#12: Crash on start
      labels bug, needs triage · assigned to bob · milestone 1.0 · opened by carol
      all issues

    [Zh]
    · alice 修改了议题 acme/app#12 的标题：Crash on start
      原标题：It crashes
      标签：bug, needs triage · 负责人：bob · 里程碑：1.0 · 创建者：carol
      议题 #12
    · alice 评论了议题 acme/app#12：Crash on start
      │ It **crashes** on start:
      │ ```
      │ segmentation fault (core dumped)
      │ ```
      标签：bug, needs triage · 负责人：bob · 里程碑：1.0 · 创建者：carol
      评论
    · alice 删除了拉取请求 acme/app#12 下的一条评论：Crash on start
      标签：bug, needs triage · 负责人：bob · 里程碑：1.0 · 创建者：carol
      拉取请求 #12
    · alice 删除了议题 acme/app#12：Crash on start
      标签：bug, needs triage · 负责人：bob · 里程碑：1.0 · 创建者：carol
      全部议题

    [Ru]
    · Задача acme/app#12 переименована (alice): Crash on start
      прежнее название: It crashes
      метки: bug, needs triage · исполнитель: bob · веха: 1.0 · автор: carol
      задача #12
    · Новый комментарий к задаче acme/app#12 (alice): Crash on start
      │ It **crashes** on start:
      │ ```
      │ segmentation fault (core dumped)
      │ ```
      метки: bug, needs triage · исполнитель: bob · веха: 1.0 · автор: carol
      комментарий
    · Удалён комментарий к pull request acme/app#12 (alice): Crash on start
      метки: bug, needs triage · исполнитель: bob · веха: 1.0 · автор: carol
      pull request #12
    · Задача acme/app#12 удалена (alice): Crash on start
      метки: bug, needs triage · исполнитель: bob · веха: 1.0 · автор: carol
      все задачи
    ");
}

#[test]
fn many_issues() {
    assert_snapshot!(together(issues([opened(), labelled("bug"), closed("not_planned")])), @"
    [En]
    ! 3 issue events in acme/app
      carol opened #12: Crash on start
      alice labelled #12 “bug”: Crash on start
      alice closed #12 as not planned after 3 days: Crash on start
      all issues

    [Zh]
    ! acme/app 有 3 个议题事件
      carol 新建了议题 #12：Crash on start
      alice 给议题 #12 添加了标签“bug”：Crash on start
      alice 关闭了议题 #12（不打算处理，历时 3 天）：Crash on start
      全部议题

    [Ru]
    ! 3 события с задачами в acme/app
      Задача #12 открыта (carol): Crash on start
      Задаче #12 добавлена метка «bug» (alice): Crash on start
      Задача #12 закрыта без выполнения спустя 3 дня (alice): Crash on start
      все задачи
    ");
}

#[test]
fn the_figures_of_a_week() {
    let quick = IssueDigest {
        close: Some(Times {
            n: 22,
            p50_s: 5,
            p90_s: 21 * 24 * 3600,
        }),
        unanswered: Vec::new(),
        ..digest("acme/app")
    };
    assert_snapshot!(each([Fact::Digest(digest("acme/app")), Fact::Digest(quick)]), @"
    [En]
    · Issues of the last 7 days: 12 new, 9 closed, 134 open
      first response: half within 3 h, nine of ten within 2 days (10 issues)
      closed as completed: half within less than a minute, nine of ten within less than a minute (1 issue)
      longest without a response:
      acme/app#4 acme/app · 30 days
      acme/app#5 · 30 days
    · Issues of the last 7 days: 12 new, 9 closed, 134 open
      first response: half within 3 h, nine of ten within 2 days (10 issues)
      closed as completed: half within less than a minute, nine of ten within 21 days (22 issues)

    [Zh]
    · 最近 7 天的议题：新建 12 个，关闭 9 个，未关闭 134 个
      首次回复：一半不超过 3 小时，九成不超过 2 天（10 个议题）
      完成并关闭：一半不超过 1 分钟，九成不超过 1 分钟（1 个议题）
      等待回复最久的：
      acme/app#4 acme/app · 30 天
      acme/app#5 · 30 天
    · 最近 7 天的议题：新建 12 个，关闭 9 个，未关闭 134 个
      首次回复：一半不超过 3 小时，九成不超过 2 天（10 个议题）
      完成并关闭：一半不超过 1 分钟，九成不超过 21 天（22 个议题）

    [Ru]
    · Задачи за 7 дней: новых 12, закрыто 9, открыто сейчас 134
      первый ответ: половина — за 3 ч, девять из десяти — за 2 дня (10 задач)
      закрытие выполненных: половина — меньше чем за минуту, девять из десяти — меньше чем за минуту (1 задача)
      дольше всех ждут ответа:
      acme/app#4 acme/app · 30 дней
      acme/app#5 · 30 дней
    · Задачи за 7 дней: новых 12, закрыто 9, открыто сейчас 134
      первый ответ: половина — за 3 ч, девять из десяти — за 2 дня (10 задач)
      закрытие выполненных: половина — меньше чем за минуту, девять из десяти — за 21 день (22 задачи)
    ");
}
