//! Builds and polls.

#![expect(clippy::too_many_lines, reason = "they are what people read, line by line")]

use chat::{Builds, Fact, message};
use insta::assert_snapshot;

use super::{each, in_all, together};
use crate::samples::{builds, chroot, notice, now, polls, source_failure};

#[test]
fn builds_of_one_package() {
    let unknown = Builds {
        chroots: Vec::new(),
        more_chroots: 40,
        ..builds("beta")
    };
    let canceled = Builds {
        chroots: vec![chat::FailingChroot {
            canceled: true,
            ..chroot("epel-10-x86_64", 5, "2.2-7")
        }],
        ..builds("beta")
    };
    assert_snapshot!(each([
        Fact::CoprBroken(builds("beta")),
        Fact::CoprBroken(source_failure("beta")),
        Fact::CoprBroken(unknown),
        Fact::CoprGrown(builds("beta")),
        Fact::CoprFailedAgain(canceled),
        Fact::CoprReminder(builds("beta")),
        Fact::CoprRecovered(builds("beta")),
        Fact::CoprGone(builds("beta")),
        Fact::CoprUnreachable(polls()),
        Fact::CoprReachable(polls()),
    ]), @"
    [En]
    ✗ beta fails to build in alice/demo
      fedora-43-aarch64, fedora-43-x86_64 · 2.3-1 · build 5 · log
    ✗ beta fails to build in alice/demo
      source package (SRPM) · build 6
    ✗ beta fails to build in alice/demo
      and 40 more chroots
      build 5
    ✗ beta fails in more chroots in alice/demo
      fedora-43-aarch64, fedora-43-x86_64 · 2.3-1 · build 5 · log
      failing for 3 h 20 min
    ✗ beta failed again in alice/demo
      epel-10-x86_64 (rebuild canceled) · 2.2-7 · build 5 · log
      failing for 3 h 20 min
    ! beta still fails in alice/demo, after 3 h 20 min
      fedora-43-aarch64, fedora-43-x86_64 · 2.3-1 · build 5 · log
    ✓ beta builds again in alice/demo, after 3 h 20 min
      had failed: fedora-43-aarch64, fedora-43-x86_64 · 2.3-1 · build 5 · log
      project monitor
    · beta has no failing build left in alice/demo
      gone: fedora-43-aarch64, fedora-43-x86_64 · 2.3-1 · build 5 · log
      failed for 3 h 20 min until it was deleted, disabled or skipped
      project monitor
    ! alice/demo could not be polled, 3 times in a row
      Copr answered HTTP 502
      first failed 30 min ago; nothing is said of its builds until a poll succeeds
      project monitor
    ✓ alice/demo can be polled again, after 30 min
      3 polls had failed, the last one with: Copr answered HTTP 502
      project monitor

    [Zh]
    ✗ beta 构建失败（alice/demo）
      fedora-43-aarch64, fedora-43-x86_64 · 2.3-1 · 构建 5 · 日志
    ✗ beta 构建失败（alice/demo）
      源码包（SRPM） · 构建 6
    ✗ beta 构建失败（alice/demo）
      另有 40 个 chroot
      构建 5
    ✗ beta 在更多 chroot 中构建失败（alice/demo）
      fedora-43-aarch64, fedora-43-x86_64 · 2.3-1 · 构建 5 · 日志
      已持续失败 3 小时 20 分钟
    ✗ beta 再次构建失败（alice/demo）
      epel-10-x86_64（重新构建已取消） · 2.2-7 · 构建 5 · 日志
      已持续失败 3 小时 20 分钟
    ! beta 仍然构建失败，已持续 3 小时 20 分钟（alice/demo）
      fedora-43-aarch64, fedora-43-x86_64 · 2.3-1 · 构建 5 · 日志
    ✓ beta 构建恢复正常，此前失败了 3 小时 20 分钟（alice/demo）
      此前失败于：fedora-43-aarch64, fedora-43-x86_64 · 2.3-1 · 构建 5 · 日志
      项目监控页
    · beta 已无失败的构建（alice/demo）
      已移除：fedora-43-aarch64, fedora-43-x86_64 · 2.3-1 · 构建 5 · 日志
      持续失败 3 小时 20 分钟，直到它被删除、停用或跳过
      项目监控页
    ! alice/demo 无法轮询，已连续失败 3 次
      Copr answered HTTP 502
      首次失败于 30 分钟前；轮询成功之前，不会报告它的构建情况
      项目监控页
    ✓ alice/demo 恢复轮询，中断了 30 分钟
      此前 3 次轮询失败，最后一次的错误：Copr answered HTTP 502
      项目监控页

    [Ru]
    ✗ beta: сборка сломалась (alice/demo)
      fedora-43-aarch64, fedora-43-x86_64 · 2.3-1 · сборка 5 · лог
    ✗ beta: сборка сломалась (alice/demo)
      исходный пакет (SRPM) · сборка 6
    ✗ beta: сборка сломалась (alice/demo)
      и ещё 40 chroot-окружений
      сборка 5
    ✗ beta: сборка сломалась и в других chroot-окружениях (alice/demo)
      fedora-43-aarch64, fedora-43-x86_64 · 2.3-1 · сборка 5 · лог
      сборка сломана 3 ч 20 мин
    ✗ beta: сборка снова не удалась (alice/demo)
      epel-10-x86_64 (пересборка отменена) · 2.2-7 · сборка 5 · лог
      сборка сломана 3 ч 20 мин
    ! beta: сборка всё ещё сломана, спустя 3 ч 20 мин (alice/demo)
      fedora-43-aarch64, fedora-43-x86_64 · 2.3-1 · сборка 5 · лог
    ✓ beta: сборка восстановлена спустя 3 ч 20 мин (alice/demo)
      не собиралось: fedora-43-aarch64, fedora-43-x86_64 · 2.3-1 · сборка 5 · лог
      монитор проекта
    · beta: неудачных сборок не осталось (alice/demo)
      больше нет: fedora-43-aarch64, fedora-43-x86_64 · 2.3-1 · сборка 5 · лог
      сборка была сломана 3 ч 20 мин, пока её не удалили, не отключили или не пропустили
      монитор проекта
    ! alice/demo: опрос не удался 3 раза подряд
      Copr answered HTTP 502
      первая неудача — 30 мин назад; пока опрос не удастся, о сборках ничего не сообщается
      монитор проекта
    ✓ alice/demo: опрос снова удаётся, спустя 30 мин
      до этого 3 опроса не удались, последняя ошибка: Copr answered HTTP 502
      монитор проекта
    ");
}

#[test]
fn builds_of_several_packages() {
    let facts = [
        Fact::CoprBroken(builds("broke")),
        Fact::CoprBroken(source_failure("broke-too")),
        Fact::CoprGrown(builds("grew")),
        Fact::CoprFailedAgain(builds("failed-again")),
        Fact::CoprReminder(builds("still-fails")),
        Fact::CoprRecovered(builds("recovered")),
        Fact::CoprGone(builds("gone")),
        Fact::CoprBroken(builds("broke-and-recovered")),
        Fact::CoprRecovered(builds("broke-and-recovered")),
    ];
    assert_snapshot!(together(facts), @"
    [En]
    ✗ 2 broke, 1 fails in more chroots, 1 failed again, 1 still fails, 2 recovered, 1 has no failing build left in alice/demo
      broke fails: fedora-43-aarch64, fedora-43-x86_64 · 2.3-1 · build 5 · log
      broke-too fails: source package (SRPM) · build 6
      grew fails in more chroots: fedora-43-aarch64, fedora-43-x86_64 · 2.3-1 · build 5 · log
      failed-again failed again: fedora-43-aarch64, fedora-43-x86_64 · 2.3-1 · build 5 · log
      still-fails still fails, after 3 h 20 min: fedora-43-aarch64, fedora-43-x86_64 · 2.3-1 · build 5 · log
      broke-and-recovered fails: fedora-43-aarch64, fedora-43-x86_64 · 2.3-1 · build 5 · log; then builds again, after 3 h 20 min
      recovered builds again, after 3 h 20 min
      gone has no failing build left, after 3 h 20 min
      project monitor

    [Zh]
    ✗ alice/demo 的软件包：2 个构建失败，1 个在更多 chroot 中构建失败，1 个再次构建失败，1 个仍然构建失败，2 个已恢复，1 个已无失败的构建
      broke 构建失败：fedora-43-aarch64, fedora-43-x86_64 · 2.3-1 · 构建 5 · 日志
      broke-too 构建失败：源码包（SRPM） · 构建 6
      grew 在更多 chroot 中构建失败：fedora-43-aarch64, fedora-43-x86_64 · 2.3-1 · 构建 5 · 日志
      failed-again 再次构建失败：fedora-43-aarch64, fedora-43-x86_64 · 2.3-1 · 构建 5 · 日志
      still-fails 仍然构建失败，已持续 3 小时 20 分钟：fedora-43-aarch64, fedora-43-x86_64 · 2.3-1 · 构建 5 · 日志
      broke-and-recovered 构建失败：fedora-43-aarch64, fedora-43-x86_64 · 2.3-1 · 构建 5 · 日志；随后构建恢复正常，此前失败了 3 小时 20 分钟
      recovered 构建恢复正常，此前失败了 3 小时 20 分钟
      gone 已无失败的构建，此前失败了 3 小时 20 分钟
      项目监控页

    [Ru]
    ✗ Пакеты alice/demo: сломались — 2, сломались и в других chroot-окружениях — 1, снова не собрались — 1, всё ещё сломаны — 1, восстановлены — 2, без неудачных сборок — 1
      broke — сборка сломалась: fedora-43-aarch64, fedora-43-x86_64 · 2.3-1 · сборка 5 · лог
      broke-too — сборка сломалась: исходный пакет (SRPM) · сборка 6
      grew — сборка сломалась и в других chroot-окружениях: fedora-43-aarch64, fedora-43-x86_64 · 2.3-1 · сборка 5 · лог
      failed-again — сборка снова не удалась: fedora-43-aarch64, fedora-43-x86_64 · 2.3-1 · сборка 5 · лог
      still-fails — сборка всё ещё сломана, спустя 3 ч 20 мин: fedora-43-aarch64, fedora-43-x86_64 · 2.3-1 · сборка 5 · лог
      broke-and-recovered — сборка сломалась: fedora-43-aarch64, fedora-43-x86_64 · 2.3-1 · сборка 5 · лог; затем — сборка восстановлена спустя 3 ч 20 мин
      recovered — сборка восстановлена спустя 3 ч 20 мин
      gone — неудачных сборок не осталось, спустя 3 ч 20 мин
      монитор проекта
    ");
}

#[test]
fn the_same_of_several_packages() {
    let kinds: [fn(Builds) -> Fact; 6] = [
        Fact::CoprBroken,
        Fact::CoprGrown,
        Fact::CoprFailedAgain,
        Fact::CoprReminder,
        Fact::CoprRecovered,
        Fact::CoprGone,
    ];
    let titles = in_all(|language| {
        let titles = kinds.map(|kind| {
            let two = ["alpha", "beta"].map(|package| notice(kind(builds(package))));
            message(&two, language, now()).title
        });
        titles.join("\n") + "\n"
    });
    assert_snapshot!(titles, @"
    [En]
    2 packages broke in alice/demo
    2 packages fail in more chroots in alice/demo
    2 packages failed again in alice/demo
    2 packages still fail in alice/demo
    2 packages recovered in alice/demo
    2 packages have no failing build left in alice/demo

    [Zh]
    2 个软件包构建失败（alice/demo）
    2 个软件包在更多 chroot 中构建失败（alice/demo）
    2 个软件包再次构建失败（alice/demo）
    2 个软件包仍然构建失败（alice/demo）
    2 个软件包构建恢复正常（alice/demo）
    2 个软件包已无失败的构建（alice/demo）

    [Ru]
    Сломалась сборка 2 пакетов (alice/demo)
    Сборка 2 пакетов сломалась и в других chroot-окружениях (alice/demo)
    Снова не удалась сборка 2 пакетов (alice/demo)
    Всё ещё сломана сборка 2 пакетов (alice/demo)
    Восстановлена сборка 2 пакетов (alice/demo)
    Не осталось неудачных сборок у 2 пакетов (alice/demo)
    ");
}

#[test]
fn many_facts_of_one_package_with_many_chroots() {
    let mut facts = vec![Fact::CoprBroken(builds("beta"))];
    facts.extend((6..12).map(|id| {
        let names = ["a", "b", "c", "d", "e", "f"];
        Fact::CoprFailedAgain(Builds {
            build_id: id,
            build_url: format!("https://copr.example/coprs/build/{id}"),
            chroots: names.map(|name| chroot(name, id, "2.3-1")).into(),
            more_chroots: 2,
            ..builds("beta")
        })
    }));
    assert_snapshot!(together(facts), @"
    [En]
    ✗ beta fails to build in alice/demo
      beta fails: fedora-43-aarch64, fedora-43-x86_64 · 2.3-1 · build 5 · log; … 3 more …; then failed again: a, b, c, d, 2 more · 2.3-1 · build 9 · log; and 2 more chroots; then failed again: a, b, c, d, 2 more · 2.3-1 · build 10 · log; and 2 more chroots; then failed again: a, b, c, d, 2 more · 2.3-1 · build 11 · log; and 2 more chroots
      project monitor

    [Zh]
    ✗ beta 构建失败（alice/demo）
      beta 构建失败：fedora-43-aarch64, fedora-43-x86_64 · 2.3-1 · 构建 5 · 日志；…（另有 3 次变化）；随后再次构建失败：a, b, c, d, 另外 2 个 · 2.3-1 · 构建 9 · 日志；另有 2 个 chroot；随后再次构建失败：a, b, c, d, 另外 2 个 · 2.3-1 · 构建 10 · 日志；另有 2 个 chroot；随后再次构建失败：a, b, c, d, 另外 2 个 · 2.3-1 · 构建 11 · 日志；另有 2 个 chroot
      项目监控页

    [Ru]
    ✗ beta: сборка сломалась (alice/demo)
      beta — сборка сломалась: fedora-43-aarch64, fedora-43-x86_64 · 2.3-1 · сборка 5 · лог; … ещё 3 …; затем — сборка снова не удалась: a, b, c, d, ещё 2 · 2.3-1 · сборка 9 · лог; и ещё 2 chroot-окружения; затем — сборка снова не удалась: a, b, c, d, ещё 2 · 2.3-1 · сборка 10 · лог; и ещё 2 chroot-окружения; затем — сборка снова не удалась: a, b, c, d, ещё 2 · 2.3-1 · сборка 11 · лог; и ещё 2 chroot-окружения
      монитор проекта
    ");
}
