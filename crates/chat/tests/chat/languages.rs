//! Every kind of notice in every language, as a terminal shows it.

mod builds;
mod deliveries;
mod issues;

use chat::{Builds, ChannelTrouble, DeadLetters, Fact, Language, Notice, message};
use insta::assert_snapshot;
use jiff::{SignedDuration, Timestamp};

use crate::samples::{builds, dead_letters, every_kind, expiring, mass_failure, notice, now, polls};

fn shown(notices: &[Notice], language: Language, now: Timestamp) -> String {
    chat::show::console::show(&message(notices, language, now), false)
}

/// Each of `facts` by itself, in all languages. Addresses are left out: they are the same.
fn each(facts: impl IntoIterator<Item = Fact>) -> String {
    let notices: Vec<_> = facts.into_iter().map(notice).collect();
    in_all(|language| {
        notices
            .iter()
            .map(|notice| shown(std::slice::from_ref(notice), language, now()))
            .collect()
    })
}

/// All of `facts` in one message, in all languages.
fn together(facts: impl IntoIterator<Item = Fact>) -> String {
    let notices: Vec<_> = facts.into_iter().map(notice).collect();
    in_all(|language| shown(&notices, language, now()))
}

fn in_all(said: impl Fn(Language) -> String) -> String {
    let said = Language::ALL.map(|language| format!("[{language:?}]\n{}", without_addresses(&said(language))));
    said.join("\n")
}

fn without_addresses(shown: &str) -> String {
    let mut rest = shown;
    let mut without = String::new();
    while let Some((before, after)) = rest.split_once(" (http") {
        without += before;
        rest = after.split_once(')').map_or("", |(_, rest)| rest);
    }
    without + rest
}

#[test]
fn what_copperbell_says_of_itself() {
    let trouble = ChannelTrouble {
        channel: "team".to_owned(),
        reason: "answered HTTP 404: no_service".to_owned(),
    };
    let waited = format!("{}{}answered HTTP 502", DeadLetters::WAITED, DeadLetters::LAST_ERROR);
    assert_snapshot!(each([
        Fact::Channel(trouble),
        Fact::Test,
        dead_letters(2, "answered HTTP 400: invalid_blocks"),
        dead_letters(1, DeadLetters::NOT_NAMED),
        dead_letters(5, DeadLetters::WAITED),
        dead_letters(5, &waited),
    ]), @"
    [En]
    ! Channel team takes no messages
      answered HTTP 404: no_service
      its notices wait for a while; please look at its settings
    · The bell rings here
      a test, by copperbell doctor; nothing has happened
    ✗ 2 notices for channel team were given up
      answered HTTP 400: invalid_blocks
      kept as dead letters: copperbell outbox list
    ✗ 1 notice for channel team was given up
      the settings no longer name the channel
      kept as dead letters: copperbell outbox list
    ✗ 5 notices for channel team were given up
      it waited for 3 days
      kept as dead letters: copperbell outbox list
    ✗ 5 notices for channel team were given up
      it waited for 3 days; the channel's last error: answered HTTP 502
      kept as dead letters: copperbell outbox list

    [Zh]
    ! 渠道 team 不接收消息
      answered HTTP 404: no_service
      它的通知会等待一段时间；请检查它的设置
    · 这里能听到铃声
      这是 copperbell doctor 的测试，什么事也没有发生
    ✗ 已放弃发往渠道 team 的 2 条通知
      answered HTTP 400: invalid_blocks
      已存为死信：copperbell outbox list
    ✗ 已放弃发往渠道 team 的 1 条通知
      设置中已没有这个渠道
      已存为死信：copperbell outbox list
    ✗ 已放弃发往渠道 team 的 5 条通知
      等待已满 3 天
      已存为死信：copperbell outbox list
    ✗ 已放弃发往渠道 team 的 5 条通知
      等待已满 3 天；该渠道最后的错误：answered HTTP 502
      已存为死信：copperbell outbox list

    [Ru]
    ! Канал team не принимает сообщения
      answered HTTP 404: no_service
      его уведомления подождут; проверьте его настройки
    · Звонок слышен
      это проверка от copperbell doctor; ничего не случилось
    ✗ 2 уведомления для канала team так и не доставлены
      answered HTTP 400: invalid_blocks
      сохранены как недоставленные: copperbell outbox list
    ✗ 1 уведомление для канала team так и не доставлено
      канала больше нет в настройках
      сохранены как недоставленные: copperbell outbox list
    ✗ 5 уведомлений для канала team так и не доставлены
      прошло 3 дня ожидания
      сохранены как недоставленные: copperbell outbox list
    ✗ 5 уведомлений для канала team так и не доставлены
      прошло 3 дня ожидания; последняя ошибка канала: answered HTTP 502
      сохранены как недоставленные: copperbell outbox list
    ");
    assert_snapshot!(together([dead_letters(2, DeadLetters::NOT_NAMED), dead_letters(3, DeadLetters::WAITED)]), @"
    [En]
    ✗ 5 notices for channel team were given up
      3 notices: it waited for 3 days
      2 notices: the settings no longer name the channel
      kept as dead letters: copperbell outbox list

    [Zh]
    ✗ 已放弃发往渠道 team 的 5 条通知
      3 条：等待已满 3 天
      2 条：设置中已没有这个渠道
      已存为死信：copperbell outbox list

    [Ru]
    ✗ 5 уведомлений для канала team так и не доставлены
      3 уведомления: прошло 3 дня ожидания
      2 уведомления: канала больше нет в настройках
      сохранены как недоставленные: copperbell outbox list
    ");
}

#[test]
fn notices_that_share_nothing_and_come_late() {
    let notices = [notice(Fact::CoprUnreachable(polls())), notice(Fact::Test)];
    let later = now() + SignedDuration::from_mins(320);
    assert_snapshot!(in_all(|language| shown(&notices, language, later)), @"
    [En]
    · 2 notices
      alice/demo could not be polled, 3 times in a row
      The bell rings here
      noticed 5 h 20 min ago

    [Zh]
    · 2 条通知
      alice/demo 无法轮询，已连续失败 3 次
      这里能听到铃声
      发现于：5 小时 20 分钟前

    [Ru]
    · 2 уведомления
      alice/demo: опрос не удался 3 раза подряд
      Звонок слышен
      замечено: 5 ч 20 мин назад
    ");
}

#[test]
fn what_is_left_out_is_counted() {
    let notices = mass_failure(122);
    let ends = in_all(|language| {
        let shown = shown(&notices, language, now());
        let (first, end): (Vec<_>, Vec<_>) = shown.lines().enumerate().partition(|(at, _)| *at <= 100);
        let end: Vec<_> = first[..1].iter().chain(&end).map(|(_, line)| *line).collect();
        end.join("\n") + "\n"
    });
    assert_snapshot!(ends, @"
    [En]
    ✗ 122 packages broke in alice/demo
      … and 22 more
      project monitor

    [Zh]
    ✗ 122 个软件包构建失败（alice/demo）
      … 还有 22 项
      项目监控页

    [Ru]
    ✗ Сломалась сборка 122 пакетов (alice/demo)
      … и ещё 22
      монитор проекта
    ");
}

#[test]
fn numbers_take_their_plural() {
    let counts = [1, 2, 5, 11, 21, 22, 25, 112];
    let said = in_all(|language| {
        let said = counts.map(|count| {
            let chroots = Builds {
                more_chroots: count,
                chroots: Vec::new(),
                ..builds("beta")
            };
            let failures = u32::try_from(count).expect("small");
            let polls = chat::Polls { failures, ..polls() };
            let facts = [
                dead_letters(count, "x"),
                Fact::RedeliveryExpiring(expiring(failures)),
                Fact::CoprUnreachable(polls.clone()),
            ];
            let titles = facts.map(|fact| message(&[notice(fact)], language, now()).title);
            let lines = [Fact::CoprBroken(chroots), Fact::CoprReachable(polls)].map(|fact| {
                // The first line says how many.
                let shown = without_addresses(&shown(&[notice(fact)], language, now()));
                shown.lines().nth(1).unwrap_or_default().trim().to_owned()
            });
            [titles.join(" | "), lines.join(" | ")].join(" | ")
        });
        said.join("\n") + "\n"
    });
    assert_snapshot!(said, @"
    [En]
    1 notice for channel team was given up | 1 delivery of repo:acme/app:1 will soon be lost for good | alice/demo could not be polled, 1 time in a row | and 1 more chroot | 1 poll had failed, the last one with: Copr answered HTTP 502
    2 notices for channel team were given up | 2 deliveries of repo:acme/app:1 will soon be lost for good | alice/demo could not be polled, 2 times in a row | and 2 more chroots | 2 polls had failed, the last one with: Copr answered HTTP 502
    5 notices for channel team were given up | 5 deliveries of repo:acme/app:1 will soon be lost for good | alice/demo could not be polled, 5 times in a row | and 5 more chroots | 5 polls had failed, the last one with: Copr answered HTTP 502
    11 notices for channel team were given up | 11 deliveries of repo:acme/app:1 will soon be lost for good | alice/demo could not be polled, 11 times in a row | and 11 more chroots | 11 polls had failed, the last one with: Copr answered HTTP 502
    21 notices for channel team were given up | 21 deliveries of repo:acme/app:1 will soon be lost for good | alice/demo could not be polled, 21 times in a row | and 21 more chroots | 21 polls had failed, the last one with: Copr answered HTTP 502
    22 notices for channel team were given up | 22 deliveries of repo:acme/app:1 will soon be lost for good | alice/demo could not be polled, 22 times in a row | and 22 more chroots | 22 polls had failed, the last one with: Copr answered HTTP 502
    25 notices for channel team were given up | 25 deliveries of repo:acme/app:1 will soon be lost for good | alice/demo could not be polled, 25 times in a row | and 25 more chroots | 25 polls had failed, the last one with: Copr answered HTTP 502
    112 notices for channel team were given up | 112 deliveries of repo:acme/app:1 will soon be lost for good | alice/demo could not be polled, 112 times in a row | and 112 more chroots | 112 polls had failed, the last one with: Copr answered HTTP 502

    [Zh]
    已放弃发往渠道 team 的 1 条通知 | repo:acme/app:1 的 1 次投递即将永久丢失 | alice/demo 无法轮询，已连续失败 1 次 | 另有 1 个 chroot | 此前 1 次轮询失败，最后一次的错误：Copr answered HTTP 502
    已放弃发往渠道 team 的 2 条通知 | repo:acme/app:1 的 2 次投递即将永久丢失 | alice/demo 无法轮询，已连续失败 2 次 | 另有 2 个 chroot | 此前 2 次轮询失败，最后一次的错误：Copr answered HTTP 502
    已放弃发往渠道 team 的 5 条通知 | repo:acme/app:1 的 5 次投递即将永久丢失 | alice/demo 无法轮询，已连续失败 5 次 | 另有 5 个 chroot | 此前 5 次轮询失败，最后一次的错误：Copr answered HTTP 502
    已放弃发往渠道 team 的 11 条通知 | repo:acme/app:1 的 11 次投递即将永久丢失 | alice/demo 无法轮询，已连续失败 11 次 | 另有 11 个 chroot | 此前 11 次轮询失败，最后一次的错误：Copr answered HTTP 502
    已放弃发往渠道 team 的 21 条通知 | repo:acme/app:1 的 21 次投递即将永久丢失 | alice/demo 无法轮询，已连续失败 21 次 | 另有 21 个 chroot | 此前 21 次轮询失败，最后一次的错误：Copr answered HTTP 502
    已放弃发往渠道 team 的 22 条通知 | repo:acme/app:1 的 22 次投递即将永久丢失 | alice/demo 无法轮询，已连续失败 22 次 | 另有 22 个 chroot | 此前 22 次轮询失败，最后一次的错误：Copr answered HTTP 502
    已放弃发往渠道 team 的 25 条通知 | repo:acme/app:1 的 25 次投递即将永久丢失 | alice/demo 无法轮询，已连续失败 25 次 | 另有 25 个 chroot | 此前 25 次轮询失败，最后一次的错误：Copr answered HTTP 502
    已放弃发往渠道 team 的 112 条通知 | repo:acme/app:1 的 112 次投递即将永久丢失 | alice/demo 无法轮询，已连续失败 112 次 | 另有 112 个 chroot | 此前 112 次轮询失败，最后一次的错误：Copr answered HTTP 502

    [Ru]
    1 уведомление для канала team так и не доставлено | 1 доставка хука repo:acme/app:1 скоро будет потеряна навсегда | alice/demo: опрос не удался 1 раз подряд | и ещё 1 chroot-окружение | до этого 1 опрос не удался, последняя ошибка: Copr answered HTTP 502
    2 уведомления для канала team так и не доставлены | 2 доставки хука repo:acme/app:1 скоро будут потеряны навсегда | alice/demo: опрос не удался 2 раза подряд | и ещё 2 chroot-окружения | до этого 2 опроса не удались, последняя ошибка: Copr answered HTTP 502
    5 уведомлений для канала team так и не доставлены | 5 доставок хука repo:acme/app:1 скоро будут потеряны навсегда | alice/demo: опрос не удался 5 раз подряд | и ещё 5 chroot-окружений | до этого 5 опросов не удались, последняя ошибка: Copr answered HTTP 502
    11 уведомлений для канала team так и не доставлены | 11 доставок хука repo:acme/app:1 скоро будут потеряны навсегда | alice/demo: опрос не удался 11 раз подряд | и ещё 11 chroot-окружений | до этого 11 опросов не удались, последняя ошибка: Copr answered HTTP 502
    21 уведомление для канала team так и не доставлено | 21 доставка хука repo:acme/app:1 скоро будет потеряна навсегда | alice/demo: опрос не удался 21 раз подряд | и ещё 21 chroot-окружение | до этого 21 опрос не удался, последняя ошибка: Copr answered HTTP 502
    22 уведомления для канала team так и не доставлены | 22 доставки хука repo:acme/app:1 скоро будут потеряны навсегда | alice/demo: опрос не удался 22 раза подряд | и ещё 22 chroot-окружения | до этого 22 опроса не удались, последняя ошибка: Copr answered HTTP 502
    25 уведомлений для канала team так и не доставлены | 25 доставок хука repo:acme/app:1 скоро будут потеряны навсегда | alice/demo: опрос не удался 25 раз подряд | и ещё 25 chroot-окружений | до этого 25 опросов не удались, последняя ошибка: Copr answered HTTP 502
    112 уведомлений для канала team так и не доставлены | 112 доставок хука repo:acme/app:1 скоро будут потеряны навсегда | alice/demo: опрос не удался 112 раз подряд | и ещё 112 chroot-окружений | до этого 112 опросов не удались, последняя ошибка: Copr answered HTTP 502
    ");
}

#[test]
fn every_title_and_every_small_print_is_in_its_language() {
    let chinese = |c: char| ('\u{4e00}'..='\u{9fff}').contains(&c);
    let russian = |c: char| ('\u{400}'..='\u{4ff}').contains(&c);
    for notice in every_kind("beta") {
        let later = now() + SignedDuration::from_hours(1);
        let [en, zh, ru] = Language::ALL.map(|language| message(std::slice::from_ref(&notice), language, later));
        assert!(
            zh.title.contains(chinese) && !zh.title.contains(russian),
            "{}",
            zh.title
        );
        assert!(
            ru.title.contains(russian) && !ru.title.contains(chinese),
            "{}",
            ru.title
        );
        assert!(en.title.is_ascii(), "{}", en.title);
        for (message, own) in [(&zh, &chinese as &dyn Fn(char) -> bool), (&ru, &russian)] {
            assert!(
                message.details.iter().all(|detail| detail.name.contains(own)),
                "{message:?}"
            );
            assert_eq!(message.tone, en.tone);
            assert_eq!(message.lines.len(), en.lines.len(), "{message:?}");
            assert_eq!(message.quote, en.quote);
            let urls = |message: &chat::Message| message.link.as_ref().map(|link| link.url.clone());
            assert_eq!(urls(message), urls(&en));
        }
    }
}
