//! Russian. Who did something is named in brackets: a verb would have to know whether it was a man or a woman.
//!
//! Terms: package пакет, build сборка, chroot chroot-окружение, issue задача, delivery доставка, redelivery повторная
//! доставка, receiver получатель, channel канал, notice уведомление. Logs are логи of builds and журналы of deliveries.

use super::copr::Change;
use super::language::{Act, CloseReason, Dead, GivenUp, Hook, Lasted, Took, Way, Words};
use super::plural::russian as form;
use super::text;
use crate::message::Line;

pub(super) struct Russian;

/// "1 доставка", "2 доставки", "5 доставок".
fn counted(count: usize, one: &str, few: &str, many: &str) -> String {
    format!("{count} {}", form(count as u64, one, few, many))
}

/// "1 пакета", "5 пакетов": of so many.
fn of_packages(count: usize) -> String {
    counted(count, "пакета", "пакетов", "пакетов")
}

/// "3 раза подряд"
fn in_a_row(times: usize) -> String {
    format!("{} подряд", counted(times, "раз", "раза", "раз"))
}

/// The hook in the genitive.
fn of(hook: &Hook) -> String {
    match hook {
        Hook::App => "приложения GitHub".to_owned(),
        Hook::Named(name) => format!("хука {name}"),
    }
}

fn way(way: &Way) -> &str {
    match way {
        Way::NoAnswer => "нет ответа",
        Way::Said(said) => said,
    }
}

/// " · адрес: hooks.example.org/webhook"
fn to(place: Option<&str>) -> String {
    place.map_or_else(String::new, |place| format!(" · адрес: {place}"))
}

/// "за 3 дня"
fn within(lasted: Lasted) -> String {
    match lasted {
        Lasted::Moments => "меньше чем за минуту".to_owned(),
        _ => format!("за {}", Russian.lasted(lasted)),
    }
}

/// What happened, and to how many packages.
fn packages_did(change: Change, count: usize) -> String {
    let what = match change {
        Change::Broken => "сломались",
        Change::Grown => "сломались и в других chroot-окружениях",
        Change::FailedAgain => "снова не собрались",
        Change::StillFails => "всё ещё сломаны",
        Change::Recovered => "восстановлены",
        Change::Gone => "без неудачных сборок",
    };
    format!("{what} — {count}")
}

fn after(before: &str, mut rest: Line) -> Line {
    rest.insert(0, text(before));
    rest
}

impl Words for Russian {
    fn and_more(&self, count: usize) -> String {
        format!("… и ещё {count}")
    }

    fn detail(&self, name: &str, value: &str) -> String {
        format!("{name}: {value}")
    }

    fn no_name(&self) -> &'static str {
        "(без имени)"
    }

    fn no_title(&self) -> &'static str {
        "(без названия)"
    }

    fn no_reason(&self) -> &'static str {
        "причина не указана"
    }

    fn lasted(&self, lasted: Lasted) -> String {
        match lasted {
            Lasted::Moments => "меньше минуты".to_owned(),
            Lasted::Minutes(minutes) => format!("{minutes} мин"),
            Lasted::Hours(hours, 0) => format!("{hours} ч"),
            Lasted::Hours(hours, minutes) => format!("{hours} ч {minutes} мин"),
            Lasted::Days(days) => format!("{days} {}", form(days.unsigned_abs(), "день", "дня", "дней")),
        }
    }

    fn noticed(&self, ago: Lasted) -> (&'static str, String) {
        ("замечено", format!("{} назад", self.lasted(ago)))
    }

    fn notices(&self, count: usize) -> String {
        counted(count, "уведомление", "уведомления", "уведомлений")
    }

    fn package(&self, change: Change, package: &str, project: &str, after: Lasted) -> String {
        let after = self.lasted(after);
        match change {
            Change::Broken => format!("{package}: сборка сломалась ({project})"),
            Change::Grown => format!("{package}: сборка сломалась и в других chroot-окружениях ({project})"),
            Change::FailedAgain => format!("{package}: сборка снова не удалась ({project})"),
            Change::StillFails => format!("{package}: сборка всё ещё сломана, спустя {after} ({project})"),
            Change::Recovered => format!("{package}: сборка восстановлена спустя {after} ({project})"),
            Change::Gone => format!("{package}: неудачных сборок не осталось ({project})"),
        }
    }

    fn packages(&self, change: Change, count: usize, project: &str) -> String {
        let packages = of_packages(count);
        match change {
            Change::Broken => format!("Сломалась сборка {packages} ({project})"),
            Change::Grown => format!("Сборка {packages} сломалась и в других chroot-окружениях ({project})"),
            Change::FailedAgain => format!("Снова не удалась сборка {packages} ({project})"),
            Change::StillFails => format!("Всё ещё сломана сборка {packages} ({project})"),
            Change::Recovered => format!("Восстановлена сборка {packages} ({project})"),
            Change::Gone => format!("Не осталось неудачных сборок у {packages} ({project})"),
        }
    }

    fn several_packages(&self, counts: &[(Change, usize)], project: &str) -> String {
        let told: Vec<_> = counts
            .iter()
            .map(|&(change, count)| packages_did(change, count))
            .collect();
        format!("Пакеты {project}: {}", told.join(", "))
    }

    fn in_list(&self, change: Change, lasted: Lasted, builds: Line) -> Line {
        let lasted = self.lasted(lasted);
        match change {
            Change::Broken => after("— сборка сломалась: ", builds),
            Change::Grown => after("— сборка сломалась и в других chroot-окружениях: ", builds),
            Change::FailedAgain => after("— сборка снова не удалась: ", builds),
            Change::StillFails => after(&format!("— сборка всё ещё сломана, спустя {lasted}: "), builds),
            Change::Recovered => vec![text(format!("— сборка восстановлена спустя {lasted}"))],
            Change::Gone => vec![text(format!("— неудачных сборок не осталось, спустя {lasted}"))],
        }
    }

    fn semicolon(&self) -> &'static str {
        "; "
    }

    fn then(&self) -> &'static str {
        "; затем "
    }

    fn left_out_then(&self, count: usize) -> String {
        format!("; … ещё {count} …; затем ")
    }

    fn more(&self, count: usize) -> String {
        format!("ещё {count}")
    }

    fn and_more_chroots(&self, count: usize) -> String {
        let chroots = counted(count, "chroot-окружение", "chroot-окружения", "chroot-окружений");
        format!("и ещё {chroots}")
    }

    fn canceled(&self, chroot: &str) -> String {
        format!("{chroot} (пересборка отменена)")
    }

    fn source_package(&self) -> &'static str {
        "исходный пакет (SRPM)"
    }

    fn build(&self, id: u64) -> String {
        format!("сборка {id}")
    }

    fn log(&self) -> &'static str {
        "лог"
    }

    fn monitor(&self) -> &'static str {
        "монитор проекта"
    }

    fn had_failed(&self, builds: Line) -> Line {
        after("не собиралось: ", builds)
    }

    fn gone(&self, builds: Line) -> Line {
        after("больше нет: ", builds)
    }

    fn failing_for(&self, after: Lasted) -> String {
        format!("сборка сломана {}", self.lasted(after))
    }

    fn failed_until_gone(&self, after: Lasted) -> String {
        let after = self.lasted(after);
        format!("сборка была сломана {after}, пока её не удалили, не отключили или не пропустили")
    }

    fn unreachable(&self, project: &str, times: usize) -> String {
        format!("{project}: опрос не удался {}", in_a_row(times))
    }

    fn unreachable_since(&self, ago: Lasted) -> String {
        let ago = self.lasted(ago);
        format!("первая неудача — {ago} назад; пока опрос не удастся, о сборках ничего не сообщается")
    }

    fn reachable(&self, project: &str, after: Lasted) -> String {
        format!("{project}: опрос снова удаётся, спустя {}", self.lasted(after))
    }

    fn polls_had_failed(&self, count: usize, error: &str) -> String {
        let polls = counted(count, "опрос не удался", "опроса не удались", "опросов не удались");
        format!("до этого {polls}, последняя ошибка: {error}")
    }

    fn happened(&self, actor: &str, act: &Act, is_pr: bool) -> (String, String) {
        // What is done agrees with задача; of pull requests there are comments alone.
        let pr = if is_pr { "pull request " } else { "" };
        let done = |what: String| (format!("Задача {pr}"), format!(" {what} ({actor})"));
        let got = |what: String| (format!("Задаче {pr}"), format!(" {what} ({actor})"));
        let taken = |what: String| (format!("С задачи {pr}"), format!(" {what} ({actor})"));
        let comment = |what: &str| {
            let on = if is_pr { "pull request" } else { "задаче" };
            (format!("{what} к {on} "), format!(" ({actor})"))
        };
        match act {
            Act::Opened => done("открыта".to_owned()),
            Act::Closed(reason, after) => {
                let reason = reason.as_ref().map_or_else(String::new, |reason| match reason {
                    CloseReason::Completed => " как выполненная".to_owned(),
                    CloseReason::NotPlanned => " без выполнения".to_owned(),
                    CloseReason::Duplicate => " как дубликат".to_owned(),
                    CloseReason::Other(word) => format!(" с причиной «{word}»"),
                });
                let after = after.map_or_else(String::new, |after| format!(" спустя {}", self.lasted(after)));
                done(format!("закрыта{reason}{after}"))
            }
            Act::Reopened => done("открыта снова".to_owned()),
            Act::Renamed => done("переименована".to_owned()),
            Act::Edited | Act::Other(None) => done("изменена".to_owned()),
            Act::Deleted => done("удалена".to_owned()),
            Act::Transferred(None) => done("перенесена".to_owned()),
            Act::Transferred(Some(to)) => done(format!("перенесена в {to}")),
            Act::Pinned => done("закреплена".to_owned()),
            Act::Unpinned => done("откреплена".to_owned()),
            Act::Locked => done("заблокирована".to_owned()),
            Act::Unlocked => done("разблокирована".to_owned()),
            Act::Labelled(label) => got(format!("добавлена метка «{label}»")),
            Act::Unlabelled(label) => taken(format!("снята метка «{label}»")),
            Act::Assigned(None) => (format!("{actor} берёт задачу {pr}"), " на себя".to_owned()),
            Act::Assigned(Some(whom)) => done(format!("назначена на {whom}")),
            Act::Unassigned(None) => (format!("{actor} снимает с себя задачу {pr}"), String::new()),
            Act::Unassigned(Some(whom)) => taken(format!("снято назначение на {whom}")),
            Act::Milestoned(milestone) => done(format!("добавлена в веху «{milestone}»")),
            Act::Demilestoned(milestone) => done(format!("убрана из вехи «{milestone}»")),
            Act::Typed(kind) => got(format!("задан тип «{kind}»")),
            Act::Untyped(kind) => taken(format!("снят тип «{kind}»")),
            Act::FieldSet(field) => got(format!("задано поле «{field}»")),
            Act::FieldCleared(field) => taken(format!("снято поле «{field}»")),
            Act::Commented => comment("Новый комментарий"),
            Act::CommentEdited | Act::CommentOther(None) => comment("Изменён комментарий"),
            Act::CommentDeleted => comment("Удалён комментарий"),
            Act::CommentPinned => comment("Закреплён комментарий"),
            Act::CommentUnpinned => comment("Откреплён комментарий"),
            Act::Other(Some(word)) => done(format!("— событие «{word}»")),
            Act::CommentOther(Some(word)) => comment(&format!("Событие «{word}» с комментарием")),
        }
    }

    fn colon(&self) -> &'static str {
        ": "
    }

    fn was(&self, old_title: &str) -> String {
        format!("прежнее название: {old_title}")
    }

    fn issue_events(&self, count: usize, repository: &str) -> String {
        let events = counted(count, "событие", "события", "событий");
        format!("{events} с задачами в {repository}")
    }

    fn comment(&self) -> &'static str {
        "комментарий"
    }

    fn issue(&self, number: u64) -> String {
        format!("задача #{number}")
    }

    fn pull_request(&self, number: u64) -> String {
        format!("pull request #{number}")
    }

    fn all_issues(&self) -> &'static str {
        "все задачи"
    }

    fn labels(&self, count: usize) -> &'static str {
        if count == 1 { "метка" } else { "метки" }
    }

    fn assigned_to(&self) -> &'static str {
        "исполнитель"
    }

    fn milestone(&self) -> &'static str {
        "веха"
    }

    fn opened_by(&self) -> &'static str {
        "автор"
    }

    fn digest(&self, since: Lasted, opened: u64, closed: u64, open: u64) -> String {
        let since = within(since);
        format!("Задачи {since}: новых {opened}, закрыто {closed}, открыто сейчас {open}")
    }

    fn took(&self, what: Took, half: Lasted, most: Lasted, issues: usize) -> String {
        let what = match what {
            Took::FirstResponse => "первый ответ",
            Took::Close => "закрытие выполненных",
        };
        let (half, most) = (within(half), within(most));
        let issues = counted(issues, "задача", "задачи", "задач");
        format!("{what}: половина — {half}, девять из десяти — {most} ({issues})")
    }

    fn unanswered(&self) -> &'static str {
        "дольше всех ждут ответа:"
    }

    fn failing(&self, hook: &Hook) -> String {
        format!("Доставки {} не проходят", of(hook))
    }

    fn lost(&self, count: u32, since: &str, ways: &[(Way, u32)], otherwise: u32, place: Option<&str>) -> String {
        let mut told: Vec<_> = ways
            .iter()
            .map(|(how, count)| format!("{} — {count}", way(how)))
            .collect();
        if otherwise > 0 {
            told.push(format!("прочее — {otherwise}"));
        }
        let colon = if told.is_empty() { "" } else { ": " };
        format!("с {since} потеряно {count}{colon}{}{}", told.join(", "), to(place))
    }

    fn redelivering(&self, waits: bool) -> String {
        let next = if waits {
            "повторные доставки ждут, пока одна не пройдёт"
        } else {
            "повторные доставки продолжаются"
        };
        format!("{next}; проверьте получателя")
    }

    fn arrive_again(&self, hook: &Hook, after: Lasted) -> String {
        format!("Доставки {} снова проходят, спустя {}", of(hook), self.lasted(after))
    }

    fn none_got_back(&self, hook: &Hook, after: Lasted) -> String {
        let after = within(after);
        format!("Ни одной потерянной доставки {} вернуть не удалось {after}", of(hook))
    }

    fn got_back(&self, lost: u32, recovered: u32, given_up: u32, place: Option<&str>) -> String {
        format!(
            "потеряно {lost}, возвращено {recovered}, не удалось вернуть {given_up}{}",
            to(place)
        )
    }

    fn nowhere(&self) -> &'static str {
        "(нет адреса)"
    }

    fn expiring(&self, count: usize, hook: &Hook) -> String {
        let deliveries = counted(count, "доставка", "доставки", "доставок");
        let will = form(
            count as u64,
            "скоро будет потеряна",
            "скоро будут потеряны",
            "скоро будут потеряны",
        );
        format!("{deliveries} {} {will} навсегда", of(hook))
    }

    fn redelivers_until(&self, until: &str, left: Option<Lasted>) -> String {
        match left {
            Some(left) => {
                let left = self.lasted(left);
                format!("GitHub повторит первую из них только до {until}, осталось {left}")
            }
            None => format!("GitHub мог повторить первую из них до {until}"),
        }
    }

    fn look_at_receiver(&self) -> &'static str {
        "проверьте получателя"
    }

    fn given_up(&self, delivery: &str, hook: &Hook) -> String {
        format!("Не удалось вернуть доставку {delivery} {}", of(hook))
    }

    fn all_given_up(&self, count: usize, hook: &Hook) -> String {
        let deliveries = counted(count, "доставку", "доставки", "доставок");
        format!("Не удалось вернуть {deliveries} {}", of(hook))
    }

    fn given_up_line(&self, guid: &str, delivered: &str, why: &str) -> String {
        format!(" {guid}, доставлялась {delivered}: {why}")
    }

    fn why_given_up(&self, why: &GivenUp) -> String {
        match why {
            GivenUp::Attempts(attempts, last) => {
                let attempts = counted(
                    *attempts,
                    "попытка не удалась",
                    "попытки не удались",
                    "попыток не удались",
                );
                format!("{attempts}; в последний раз: {}", way(last))
            }
            GivenUp::Refused(said) => format!("GitHub отказался её повторить: {said}"),
            GivenUp::Conflict => "получатель ответил HTTP 409: у него есть другая доставка с этим GUID".to_owned(),
            GivenUp::WrongSecret => {
                "получатель ответил HTTP 401, хотя доставка подписана: его секрет не тот, что у хука".to_owned()
            }
            GivenUp::ByHand => {
                "кто-то повторил её вручную, но безуспешно; дошла ли она раньше, по журналу GitHub уже не \
                               узнать"
                    .to_owned()
            }
            GivenUp::TooOld => "GitHub её больше не повторяет: прошло слишком много времени".to_owned(),
        }
    }

    fn retry(&self, guid: &str) -> String {
        format!("повторить ещё раз: copperbell redelivery retry {guid}")
    }

    fn look_up(&self, guid: &str) -> String {
        format!("её GUID — {guid}; посмотрите на GitHub, о чём она сообщала")
    }

    fn delivered(&self) -> &'static str {
        "доставлялась"
    }

    fn try_again_with(&self) -> &'static str {
        "повторить ещё раз"
    }

    fn gap(&self, hook: &Hook) -> String {
        format!("Доставки {} могли потеряться незаметно", of(hook))
    }

    fn not_read(&self, from: &str, to: &str) -> String {
        format!("журнал доставок не читался с {from} по {to}, и записей за это время в нём уже нет")
    }

    fn compare(&self) -> &'static str {
        "сверьте, что дошло за это время, с тем, что происходило на GitHub"
    }

    fn log_unreadable(&self, hook: &Hook, times: usize) -> String {
        format!("Журнал доставок {} не удалось прочитать {}", of(hook), in_a_row(times))
    }

    fn log_unreadable_since(&self, ago: Lasted) -> String {
        let ago = self.lasted(ago);
        format!("первая неудача — {ago} назад; пока журнал не прочитан, потерянных доставок не видно")
    }

    fn log_readable(&self, hook: &Hook, after: Lasted) -> String {
        let after = self.lasted(after);
        format!("Журнал доставок {} снова читается, спустя {after}", of(hook))
    }

    fn got_back_from_now(&self) -> &'static str {
        "потерянное за это время теперь возвращается"
    }

    fn blocked(&self, hook: &Hook) -> String {
        format!("Потерянные доставки {} нельзя вернуть", of(hook))
    }

    fn they_wait(&self) -> &'static str {
        "они ждут, пока это не исправят"
    }

    fn inactive(&self, hook: &Hook) -> String {
        format!("GitHub ничего не доставляет для {}", of(hook))
    }

    fn lost_until_active(&self) -> &'static str {
        "хук отключён: всё, что произойдёт до его включения, будет потеряно навсегда"
    }

    fn active(&self, hook: &Hook) -> String {
        format!("GitHub снова доставляет для {}", of(hook))
    }

    fn lost_while_inactive(&self) -> &'static str {
        "хук снова включён; всё, что произошло, пока он был отключён, потеряно навсегда"
    }

    fn moved(&self, hook: &Hook) -> String {
        format!("Доставки {} идут по другому адресу", of(hook))
    }

    fn moved_to(&self, to: &str, from: &str) -> String {
        format!("теперь на {to}, а не на {from}")
    }

    fn check_settings(&self) -> &'static str {
        "если так не задумано, проверьте настройки хука"
    }

    fn silent(&self, hook: &Hook) -> String {
        format!("Ping {} не дошёл", of(hook))
    }

    fn pinged(&self, ago: Lasted) -> String {
        let ago = self.lasted(ago);
        format!("он запрошен у GitHub {ago} назад; другие доставки тоже могут не доходить")
    }

    fn check_reach(&self) -> &'static str {
        "проверьте, что URL хука ведёт к Copperbell и что у Copperbell есть секрет хука"
    }

    fn dead_letters(&self, count: usize, channel: &str) -> String {
        let notices = self.notices(count);
        let not_sent = form(count as u64, "не доставлено", "не доставлены", "не доставлены");
        format!("{notices} для канала {channel} так и {not_sent}")
    }

    fn dead_reason(&self, reason: &Dead) -> String {
        match reason {
            Dead::NotNamed => "канала больше нет в настройках".to_owned(),
            Dead::Waited(None) => "прошло 3 дня ожидания".to_owned(),
            Dead::Waited(Some(error)) => format!("прошло 3 дня ожидания; последняя ошибка канала: {error}"),
            Dead::Said(said) => said.clone(),
        }
    }

    fn dead_of(&self, count: usize, reason: &str) -> String {
        format!("{}: {reason}", self.notices(count))
    }

    fn kept(&self) -> &'static str {
        "сохранены как недоставленные: copperbell outbox list"
    }

    fn channel(&self, name: &str) -> String {
        format!("Канал {name} не принимает сообщения")
    }

    fn channel_waits(&self) -> &'static str {
        "его уведомления подождут; проверьте его настройки"
    }

    fn test(&self) -> &'static str {
        "Звонок слышен"
    }

    fn test_of(&self) -> &'static str {
        "это проверка от copperbell doctor; ничего не случилось"
    }
}
