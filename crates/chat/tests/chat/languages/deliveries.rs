//! Lost deliveries.

#![expect(clippy::too_many_lines, reason = "they are what people read, line by line")]

use chat::{Fact, GiveUp, GivenUpDelivery, HookFailing, HookRecovered, HookState};
use insta::assert_snapshot;

use super::{each, in_all, shown, together};
use crate::redelivery::many;
use crate::samples::{at, expiring, failing, gap, given_up, hook_is, in_vain, notice, recovered, silent, unreadable};

#[test]
fn deliveries_of_a_hook() {
    let moved = HookState::Moved {
        to: "hooks.example.org/new".to_owned(),
        from: String::new(),
    };
    let blocked = HookState::Blocked {
        error: "GitHub answered HTTP 403: Resource not accessible".to_owned(),
    };
    let many_ways = HookFailing {
        hook: "app".to_owned(),
        why: ["no answer", "500", "502", "503", "404", "401"]
            .map(|way| (way.to_owned(), 2))
            .into(),
        down: true,
        ..failing()
    };
    let none = HookRecovered {
        recovered: 0,
        given_up: 14,
        to: None,
        ..recovered()
    };
    let states = [
        unreadable("GitHub answered HTTP 404: Not Found"),
        HookState::Readable { since: at("12:50:00") },
        blocked,
        HookState::Inactive,
        HookState::Active,
        moved,
    ];
    let mut facts = vec![
        Fact::RedeliveryFailing(failing()),
        Fact::RedeliveryFailing(many_ways),
        Fact::RedeliveryRecovered(recovered()),
        Fact::RedeliveryRecovered(none),
        Fact::RedeliveryExpiring(expiring(3)),
        Fact::RedeliveryGap(gap()),
        Fact::RedeliverySilent(silent()),
    ];
    facts.extend(states.map(|what| Fact::RedeliveryHook(hook_is(what))));
    assert_snapshot!(each(facts), @"
    [En]
    ✗ Deliveries of repo:acme/app:1 fail
      14 lost since 2026-11-20 09:10 UTC: 12 no answer, 2 HTTP 500 · to hooks.example.org/webhook
      redelivering goes on; please look at the receiver
    ✗ Deliveries of the GitHub App fail
      14 lost since 2026-11-20 09:10 UTC: 2 no answer, 2 HTTP 500, 2 HTTP 502, 2 HTTP 503, 2 HTTP 404, 2 otherwise · to hooks.example.org/webhook
      redelivering waits until one gets through; please look at the receiver
    ✓ Deliveries of repo:acme/app:1 arrive again, after 4 h 10 min
      14 lost, 13 got back, 1 given up · to hooks.example.org/webhook
    ! No lost delivery of repo:acme/app:1 could be got back, after 4 h 10 min
      14 lost, 0 got back, 14 given up
    ! 3 deliveries of repo:acme/app:1 will soon be lost for good
      GitHub redelivers the first until 2026-11-21 01:20 UTC, 12 h from now
      please look at the receiver
    ! Deliveries of repo:acme/app:1 may be lost unseen
      the delivery log was not read from 2026-11-14 09:10 UTC to 2026-11-17 13:20 UTC, and no longer goes back that far
      please compare what arrived in that time with what happened at GitHub
    ! A ping of repo:acme/app:1 did not arrive
      GitHub was asked for it 12 min ago; its other deliveries may not arrive either
      please check that the hook's URL reaches Copperbell, and that Copperbell has the hook's secret
    ! The delivery log of repo:acme/app:1 could not be read, 3 times in a row
      GitHub answered HTTP 404: Not Found
      first failed 30 min ago; lost deliveries are not seen until a reading succeeds
    ✓ The delivery log of repo:acme/app:1 can be read again, after 30 min
      what was lost meanwhile is got back from now on
    ! Lost deliveries of repo:acme/app:1 cannot be got back
      GitHub answered HTTP 403: Resource not accessible
      they wait until that is mended
    ✗ GitHub delivers nothing for repo:acme/app:1
      the hook was made inactive: what happens until it is active is lost for good
    ✓ GitHub delivers again for repo:acme/app:1
      the hook is active again; what happened while it was not is lost for good
    ! Deliveries of repo:acme/app:1 go elsewhere
      to hooks.example.org/new, no longer to nowhere
      if nobody meant that, please look at the hook's settings

    [Zh]
    ✗ repo:acme/app:1 的投递失败
      自 2026-11-20 09:10 UTC 起丢失 14 次：12 次无响应，2 次 HTTP 500 · 目标：hooks.example.org/webhook
      重新投递仍在继续；请检查接收端
    ✗ GitHub App 的投递失败
      自 2026-11-20 09:10 UTC 起丢失 14 次：2 次无响应，2 次 HTTP 500，2 次 HTTP 502，2 次 HTTP 503，2 次 HTTP 404，2 次其他情况 · 目标：hooks.example.org/webhook
      有一次投递成功后才会继续重新投递；请检查接收端
    ✓ repo:acme/app:1 的投递恢复正常，此前失败了 4 小时 10 分钟
      丢失 14 次，找回 13 次，放弃 1 次 · 目标：hooks.example.org/webhook
    ! repo:acme/app:1 丢失的投递未能找回，历时 4 小时 10 分钟
      丢失 14 次，找回 0 次，放弃 14 次
    ! repo:acme/app:1 的 3 次投递即将永久丢失
      其中最早的一次，GitHub 只在 2026-11-21 01:20 UTC 之前重新投递，还剩 12 小时
      请检查接收端
    ! repo:acme/app:1 的投递可能在无人察觉时丢失
      2026-11-14 09:10 UTC 至 2026-11-17 13:20 UTC 期间没有读取投递日志，而日志已不再保留这段时间
      请核对这段时间内收到的内容与 GitHub 上发生的事
    ! repo:acme/app:1 的 ping 没有送达
      12 分钟前请 GitHub 发送了 ping；其他投递可能也无法送达
      请检查该 webhook 的 URL 能否到达 Copperbell，以及 Copperbell 是否有该 webhook 的密钥
    ! repo:acme/app:1 的投递日志无法读取，已连续失败 3 次
      GitHub answered HTTP 404: Not Found
      首次失败于 30 分钟前；读取成功之前，无法发现丢失的投递
    ✓ repo:acme/app:1 的投递日志恢复读取，中断了 30 分钟
      这段时间丢失的投递从现在起陆续找回
    ! repo:acme/app:1 丢失的投递无法找回
      GitHub answered HTTP 403: Resource not accessible
      问题解决之前，它们会一直等待
    ✗ GitHub 不再为 repo:acme/app:1 投递
      该 webhook 已被停用：重新启用之前发生的事将永久丢失
    ✓ GitHub 恢复为 repo:acme/app:1 投递
      该 webhook 已重新启用；停用期间发生的事已永久丢失
    ! repo:acme/app:1 的投递目标变了
      现在投递到 hooks.example.org/new，不再投递到 （无地址）
      如果不是有意为之，请检查该 webhook 的设置

    [Ru]
    ✗ Доставки хука repo:acme/app:1 не проходят
      с 2026-11-20 09:10 UTC потеряно 14: нет ответа — 12, HTTP 500 — 2 · адрес: hooks.example.org/webhook
      повторные доставки продолжаются; проверьте получателя
    ✗ Доставки приложения GitHub не проходят
      с 2026-11-20 09:10 UTC потеряно 14: нет ответа — 2, HTTP 500 — 2, HTTP 502 — 2, HTTP 503 — 2, HTTP 404 — 2, прочее — 2 · адрес: hooks.example.org/webhook
      повторные доставки ждут, пока одна не пройдёт; проверьте получателя
    ✓ Доставки хука repo:acme/app:1 снова проходят, спустя 4 ч 10 мин
      потеряно 14, возвращено 13, не удалось вернуть 1 · адрес: hooks.example.org/webhook
    ! Ни одной потерянной доставки хука repo:acme/app:1 вернуть не удалось за 4 ч 10 мин
      потеряно 14, возвращено 0, не удалось вернуть 14
    ! 3 доставки хука repo:acme/app:1 скоро будут потеряны навсегда
      GitHub повторит первую из них только до 2026-11-21 01:20 UTC, осталось 12 ч
      проверьте получателя
    ! Доставки хука repo:acme/app:1 могли потеряться незаметно
      журнал доставок не читался с 2026-11-14 09:10 UTC по 2026-11-17 13:20 UTC, и записей за это время в нём уже нет
      сверьте, что дошло за это время, с тем, что происходило на GitHub
    ! Ping хука repo:acme/app:1 не дошёл
      он запрошен у GitHub 12 мин назад; другие доставки тоже могут не доходить
      проверьте, что URL хука ведёт к Copperbell и что у Copperbell есть секрет хука
    ! Журнал доставок хука repo:acme/app:1 не удалось прочитать 3 раза подряд
      GitHub answered HTTP 404: Not Found
      первая неудача — 30 мин назад; пока журнал не прочитан, потерянных доставок не видно
    ✓ Журнал доставок хука repo:acme/app:1 снова читается, спустя 30 мин
      потерянное за это время теперь возвращается
    ! Потерянные доставки хука repo:acme/app:1 нельзя вернуть
      GitHub answered HTTP 403: Resource not accessible
      они ждут, пока это не исправят
    ✗ GitHub ничего не доставляет для хука repo:acme/app:1
      хук отключён: всё, что произойдёт до его включения, будет потеряно навсегда
    ✓ GitHub снова доставляет для хука repo:acme/app:1
      хук снова включён; всё, что произошло, пока он был отключён, потеряно навсегда
    ! Доставки хука repo:acme/app:1 идут по другому адресу
      теперь на hooks.example.org/new, а не на (нет адреса)
      если так не задумано, проверьте настройки хука
    ");
}

#[test]
fn deliveries_that_are_given_up() {
    let by_itself = many(7).into_iter().chain([Fact::RedeliveryGivenUp(GivenUpDelivery {
        attempts: 1,
        ..given_up(in_vain("no answer"))
    })]);
    assert_snapshot!(each(by_itself), @"
    [En]
    ✗ issues.opened of repo:acme/app:1 was given up
      5 attempts to get it back failed; last seen: HTTP 500
      copperbell redelivery retry 00000000-cc78-11e3-81ab-4c9367dc0958 tries again
      delivered 2026-11-20 09:10 UTC
    ✗ issues.opened of repo:acme/app:1 was given up
      5 attempts to get it back failed; last seen: no answer
      copperbell redelivery retry 00000001-cc78-11e3-81ab-4c9367dc0958 tries again
      delivered 2026-11-20 09:10 UTC
    ✗ issues.opened of repo:acme/app:1 was given up
      GitHub would not redeliver it: Delivery is too large
      copperbell redelivery retry 00000002-cc78-11e3-81ab-4c9367dc0958 tries again
      delivered 2026-11-20 09:10 UTC
    ✗ issues.opened of repo:acme/app:1 was given up
      the receiver answered HTTP 409: it has another delivery of this guid
      copperbell redelivery retry 00000003-cc78-11e3-81ab-4c9367dc0958 tries again
      delivered 2026-11-20 09:10 UTC
    ✗ issues.opened of repo:acme/app:1 was given up
      the receiver answered HTTP 401 though it was signed: its secret is not the hook's
      copperbell redelivery retry 00000004-cc78-11e3-81ab-4c9367dc0958 tries again
      delivered 2026-11-20 09:10 UTC
    ✗ issues.opened of repo:acme/app:1 was given up
      somebody redelivered it by hand and that failed; whether it ever arrived is no longer in GitHub's log
      copperbell redelivery retry 00000005-cc78-11e3-81ab-4c9367dc0958 tries again
      delivered 2026-11-20 09:10 UTC
    ✗ issues.opened of repo:acme/app:1 was given up
      GitHub no longer redelivers it: it is too old
      its guid is 00000006-cc78-11e3-81ab-4c9367dc0958; please look up at GitHub what it told
      delivered 2026-11-20 09:10 UTC
    ✗ issues.opened of repo:acme/app:1 was given up
      1 attempt to get it back failed; last seen: no answer
      copperbell redelivery retry 72d3162e-cc78-11e3-81ab-4c9367dc0958 tries again
      delivered 2026-11-20 09:10 UTC

    [Zh]
    ✗ 已放弃 repo:acme/app:1 的 issues.opened 投递
      尝试找回 5 次均失败；最后一次：HTTP 500
      再试一次：copperbell redelivery retry 00000000-cc78-11e3-81ab-4c9367dc0958
      投递时间：2026-11-20 09:10 UTC
    ✗ 已放弃 repo:acme/app:1 的 issues.opened 投递
      尝试找回 5 次均失败；最后一次：无响应
      再试一次：copperbell redelivery retry 00000001-cc78-11e3-81ab-4c9367dc0958
      投递时间：2026-11-20 09:10 UTC
    ✗ 已放弃 repo:acme/app:1 的 issues.opened 投递
      GitHub 拒绝重新投递：Delivery is too large
      再试一次：copperbell redelivery retry 00000002-cc78-11e3-81ab-4c9367dc0958
      投递时间：2026-11-20 09:10 UTC
    ✗ 已放弃 repo:acme/app:1 的 issues.opened 投递
      接收端返回 HTTP 409：它已有另一个相同 GUID 的投递
      再试一次：copperbell redelivery retry 00000003-cc78-11e3-81ab-4c9367dc0958
      投递时间：2026-11-20 09:10 UTC
    ✗ 已放弃 repo:acme/app:1 的 issues.opened 投递
      投递已签名，接收端却返回 HTTP 401：它的密钥与该 webhook 的不一致
      再试一次：copperbell redelivery retry 00000004-cc78-11e3-81ab-4c9367dc0958
      投递时间：2026-11-20 09:10 UTC
    ✗ 已放弃 repo:acme/app:1 的 issues.opened 投递
      有人手动重新投递，但失败了；它是否曾经送达，GitHub 的日志中已无从查起
      再试一次：copperbell redelivery retry 00000005-cc78-11e3-81ab-4c9367dc0958
      投递时间：2026-11-20 09:10 UTC
    ✗ 已放弃 repo:acme/app:1 的 issues.opened 投递
      时间太久，GitHub 不再重新投递
      它的 GUID 是 00000006-cc78-11e3-81ab-4c9367dc0958；请到 GitHub 查看它的内容
      投递时间：2026-11-20 09:10 UTC
    ✗ 已放弃 repo:acme/app:1 的 issues.opened 投递
      尝试找回 1 次均失败；最后一次：无响应
      再试一次：copperbell redelivery retry 72d3162e-cc78-11e3-81ab-4c9367dc0958
      投递时间：2026-11-20 09:10 UTC

    [Ru]
    ✗ Не удалось вернуть доставку issues.opened хука repo:acme/app:1
      5 попыток не удались; в последний раз: HTTP 500
      повторить ещё раз: copperbell redelivery retry 00000000-cc78-11e3-81ab-4c9367dc0958
      доставлялась: 2026-11-20 09:10 UTC
    ✗ Не удалось вернуть доставку issues.opened хука repo:acme/app:1
      5 попыток не удались; в последний раз: нет ответа
      повторить ещё раз: copperbell redelivery retry 00000001-cc78-11e3-81ab-4c9367dc0958
      доставлялась: 2026-11-20 09:10 UTC
    ✗ Не удалось вернуть доставку issues.opened хука repo:acme/app:1
      GitHub отказался её повторить: Delivery is too large
      повторить ещё раз: copperbell redelivery retry 00000002-cc78-11e3-81ab-4c9367dc0958
      доставлялась: 2026-11-20 09:10 UTC
    ✗ Не удалось вернуть доставку issues.opened хука repo:acme/app:1
      получатель ответил HTTP 409: у него есть другая доставка с этим GUID
      повторить ещё раз: copperbell redelivery retry 00000003-cc78-11e3-81ab-4c9367dc0958
      доставлялась: 2026-11-20 09:10 UTC
    ✗ Не удалось вернуть доставку issues.opened хука repo:acme/app:1
      получатель ответил HTTP 401, хотя доставка подписана: его секрет не тот, что у хука
      повторить ещё раз: copperbell redelivery retry 00000004-cc78-11e3-81ab-4c9367dc0958
      доставлялась: 2026-11-20 09:10 UTC
    ✗ Не удалось вернуть доставку issues.opened хука repo:acme/app:1
      кто-то повторил её вручную, но безуспешно; дошла ли она раньше, по журналу GitHub уже не узнать
      повторить ещё раз: copperbell redelivery retry 00000005-cc78-11e3-81ab-4c9367dc0958
      доставлялась: 2026-11-20 09:10 UTC
    ✗ Не удалось вернуть доставку issues.opened хука repo:acme/app:1
      GitHub её больше не повторяет: прошло слишком много времени
      её GUID — 00000006-cc78-11e3-81ab-4c9367dc0958; посмотрите на GitHub, о чём она сообщала
      доставлялась: 2026-11-20 09:10 UTC
    ✗ Не удалось вернуть доставку issues.opened хука repo:acme/app:1
      1 попытка не удалась; в последний раз: нет ответа
      повторить ещё раз: copperbell redelivery retry 72d3162e-cc78-11e3-81ab-4c9367dc0958
      доставлялась: 2026-11-20 09:10 UTC
    ");
    assert_snapshot!(together(many(2)), @"
    [En]
    ✗ 2 deliveries of repo:acme/app:1 were given up
      issues.opened 00000000-cc78-11e3-81ab-4c9367dc0958, delivered 2026-11-20 09:10 UTC: 5 attempts to get it back failed; last seen: HTTP 500
      issues.opened 00000001-cc78-11e3-81ab-4c9367dc0958, delivered 2026-11-20 09:10 UTC: 5 attempts to get it back failed; last seen: no answer
      try again with copperbell redelivery retry GUID

    [Zh]
    ✗ 已放弃 repo:acme/app:1 的 2 次投递
      issues.opened 00000000-cc78-11e3-81ab-4c9367dc0958，投递于 2026-11-20 09:10 UTC：尝试找回 5 次均失败；最后一次：HTTP 500
      issues.opened 00000001-cc78-11e3-81ab-4c9367dc0958，投递于 2026-11-20 09:10 UTC：尝试找回 5 次均失败；最后一次：无响应
      再试一次：copperbell redelivery retry GUID

    [Ru]
    ✗ Не удалось вернуть 2 доставки хука repo:acme/app:1
      issues.opened 00000000-cc78-11e3-81ab-4c9367dc0958, доставлялась 2026-11-20 09:10 UTC: 5 попыток не удались; в последний раз: HTTP 500
      issues.opened 00000001-cc78-11e3-81ab-4c9367dc0958, доставлялась 2026-11-20 09:10 UTC: 5 попыток не удались; в последний раз: нет ответа
      повторить ещё раз: copperbell redelivery retry GUID
    ");
    assert_snapshot!(each([Fact::RedeliveryGivenUp(given_up(GiveUp::Refused { said: String::new() }))]), @"
    [En]
    ✗ issues.opened of repo:acme/app:1 was given up
      GitHub would not redeliver it: no reason given
      copperbell redelivery retry 72d3162e-cc78-11e3-81ab-4c9367dc0958 tries again
      delivered 2026-11-20 09:10 UTC

    [Zh]
    ✗ 已放弃 repo:acme/app:1 的 issues.opened 投递
      GitHub 拒绝重新投递：未说明原因
      再试一次：copperbell redelivery retry 72d3162e-cc78-11e3-81ab-4c9367dc0958
      投递时间：2026-11-20 09:10 UTC

    [Ru]
    ✗ Не удалось вернуть доставку issues.opened хука repo:acme/app:1
      GitHub отказался её повторить: причина не указана
      повторить ещё раз: copperbell redelivery retry 72d3162e-cc78-11e3-81ab-4c9367dc0958
      доставлялась: 2026-11-20 09:10 UTC
    ");
}

#[test]
fn the_edge_of_what_github_redelivers_when_it_is_past() {
    let late = "2026-11-21T01:20:00Z".parse().expect("a time");
    let notices = [notice(Fact::RedeliveryExpiring(expiring(1)))];
    assert_snapshot!(in_all(|language| shown(&notices, language, late)), @"
    [En]
    ! 1 delivery of repo:acme/app:1 will soon be lost for good
      GitHub redelivered the first until 2026-11-21 01:20 UTC
      please look at the receiver
      noticed 12 h ago

    [Zh]
    ! repo:acme/app:1 的 1 次投递即将永久丢失
      其中最早的一次，GitHub 重新投递的期限 2026-11-21 01:20 UTC 已过
      请检查接收端
      发现于：12 小时前

    [Ru]
    ! 1 доставка хука repo:acme/app:1 скоро будет потеряна навсегда
      GitHub мог повторить первую из них до 2026-11-21 01:20 UTC
      проверьте получателя
      замечено: 12 ч назад
    ");
}
