//! Chinese, simplified. Between Chinese and Latin letters or digits stands a space; nouns have no plural.
//!
//! Terms: package 软件包, build 构建, issue 议题, pull request 拉取请求, delivery 投递, redeliver 重新投递, receiver 接收端,
//! channel 渠道, notice 通知, dead letter 死信. `chroot`, `webhook`, `ping` and `GUID` are said as they are.

use super::copr::Change;
use super::language::{Act, CloseReason, Dead, GivenUp, Hook, Lasted, Took, Way, Words};
use super::text;
use crate::message::Line;

pub(super) struct Chinese;

/// The hook, as it stands before 的.
fn hook_name(hook: &Hook) -> &str {
    match hook {
        Hook::App => "GitHub App",
        Hook::Named(name) => name,
    }
}

fn way(way: &Way) -> &str {
    match way {
        Way::NoAnswer => "无响应",
        Way::Said(said) => said,
    }
}

/// " · 目标：hooks.example.org/webhook"
fn to(place: Option<&str>) -> String {
    place.map_or_else(String::new, |place| format!(" · 目标：{place}"))
}

/// What happened to so many packages, after the project's name.
fn packages_did(change: Change, count: usize) -> String {
    match change {
        Change::Broken => format!("{count} 个构建失败"),
        Change::Grown => format!("{count} 个在更多 chroot 中构建失败"),
        Change::FailedAgain => format!("{count} 个再次构建失败"),
        Change::StillFails => format!("{count} 个仍然构建失败"),
        Change::Recovered => format!("{count} 个已恢复"),
        Change::Gone => format!("{count} 个已无失败的构建"),
    }
}

fn after(before: &str, mut rest: Line) -> Line {
    rest.insert(0, text(before));
    rest
}

impl Words for Chinese {
    fn and_more(&self, count: usize) -> String {
        format!("… 还有 {count} 项")
    }

    fn detail(&self, name: &str, value: &str) -> String {
        format!("{name}：{value}")
    }

    fn no_name(&self) -> &'static str {
        "（无名称）"
    }

    fn no_title(&self) -> &'static str {
        "（无标题）"
    }

    fn no_reason(&self) -> &'static str {
        "未说明原因"
    }

    fn lasted(&self, lasted: Lasted) -> String {
        match lasted {
            Lasted::Moments => "不到 1 分钟".to_owned(),
            Lasted::Minutes(minutes) => format!("{minutes} 分钟"),
            Lasted::Hours(hours, 0) => format!("{hours} 小时"),
            Lasted::Hours(hours, minutes) => format!("{hours} 小时 {minutes} 分钟"),
            Lasted::Days(days) => format!("{days} 天"),
        }
    }

    fn noticed(&self, ago: Lasted) -> (&'static str, String) {
        ("发现于", format!("{}前", self.lasted(ago)))
    }

    fn notices(&self, count: usize) -> String {
        format!("{count} 条通知")
    }

    fn package(&self, change: Change, package: &str, project: &str, after: Lasted) -> String {
        let after = self.lasted(after);
        match change {
            Change::Broken => format!("{package} 构建失败（{project}）"),
            Change::Grown => format!("{package} 在更多 chroot 中构建失败（{project}）"),
            Change::FailedAgain => format!("{package} 再次构建失败（{project}）"),
            Change::StillFails => format!("{package} 仍然构建失败，已持续 {after}（{project}）"),
            Change::Recovered => format!("{package} 构建恢复正常，此前失败了 {after}（{project}）"),
            Change::Gone => format!("{package} 已无失败的构建（{project}）"),
        }
    }

    fn packages(&self, change: Change, count: usize, project: &str) -> String {
        match change {
            Change::Broken => format!("{count} 个软件包构建失败（{project}）"),
            Change::Grown => format!("{count} 个软件包在更多 chroot 中构建失败（{project}）"),
            Change::FailedAgain => format!("{count} 个软件包再次构建失败（{project}）"),
            Change::StillFails => format!("{count} 个软件包仍然构建失败（{project}）"),
            Change::Recovered => format!("{count} 个软件包构建恢复正常（{project}）"),
            Change::Gone => format!("{count} 个软件包已无失败的构建（{project}）"),
        }
    }

    fn several_packages(&self, counts: &[(Change, usize)], project: &str) -> String {
        let told: Vec<_> = counts
            .iter()
            .map(|&(change, count)| packages_did(change, count))
            .collect();
        format!("{project} 的软件包：{}", told.join("，"))
    }

    fn in_list(&self, change: Change, lasted: Lasted, builds: Line) -> Line {
        let lasted = self.lasted(lasted);
        match change {
            Change::Broken => after("构建失败：", builds),
            Change::Grown => after("在更多 chroot 中构建失败：", builds),
            Change::FailedAgain => after("再次构建失败：", builds),
            Change::StillFails => after(&format!("仍然构建失败，已持续 {lasted}："), builds),
            Change::Recovered => vec![text(format!("构建恢复正常，此前失败了 {lasted}"))],
            Change::Gone => vec![text(format!("已无失败的构建，此前失败了 {lasted}"))],
        }
    }

    fn semicolon(&self) -> &'static str {
        "；"
    }

    fn then(&self) -> &'static str {
        "；随后"
    }

    fn left_out_then(&self, count: usize) -> String {
        format!("；…（另有 {count} 次变化）；随后")
    }

    fn more(&self, count: usize) -> String {
        format!("另外 {count} 个")
    }

    fn and_more_chroots(&self, count: usize) -> String {
        format!("另有 {count} 个 chroot")
    }

    fn canceled(&self, chroot: &str) -> String {
        format!("{chroot}（重新构建已取消）")
    }

    fn source_package(&self) -> &'static str {
        "源码包（SRPM）"
    }

    fn build(&self, id: u64) -> String {
        format!("构建 {id}")
    }

    fn log(&self) -> &'static str {
        "日志"
    }

    fn monitor(&self) -> &'static str {
        "项目监控页"
    }

    fn had_failed(&self, builds: Line) -> Line {
        after("此前失败于：", builds)
    }

    fn gone(&self, builds: Line) -> Line {
        after("已移除：", builds)
    }

    fn failing_for(&self, after: Lasted) -> String {
        format!("已持续失败 {}", self.lasted(after))
    }

    fn failed_until_gone(&self, after: Lasted) -> String {
        let after = self.lasted(after);
        format!("持续失败 {after}，直到它被删除、停用或跳过")
    }

    fn unreachable(&self, project: &str, times: usize) -> String {
        format!("{project} 无法轮询，已连续失败 {times} 次")
    }

    fn unreachable_since(&self, ago: Lasted) -> String {
        let ago = self.lasted(ago);
        format!("首次失败于 {ago}前；轮询成功之前，不会报告它的构建情况")
    }

    fn reachable(&self, project: &str, after: Lasted) -> String {
        format!("{project} 恢复轮询，中断了 {}", self.lasted(after))
    }

    fn polls_had_failed(&self, count: usize, error: &str) -> String {
        format!("此前 {count} 次轮询失败，最后一次的错误：{error}")
    }

    fn happened(&self, actor: &str, act: &Act, is_pr: bool) -> (String, String) {
        let issue = if is_pr { "拉取请求" } else { "议题" };
        // 做了 to the issue; 将 the issue 做成; 的 something of the issue.
        let did = |verb: &str| (format!("{actor} {verb}{issue} "), String::new());
        let made = |what: String| (format!("{actor} 将{issue} "), what);
        let of = |verb: &str, what: String| (format!("{actor} {verb}{issue} "), format!(" 的{what}"));
        let comment = |verb: &str| (format!("{actor} {verb}{issue} "), " 下的一条评论".to_owned());
        match act {
            Act::Opened => did("新建了"),
            Act::Closed(reason, after) => {
                let reason = reason.as_ref().map(|reason| match reason {
                    CloseReason::Completed => "已完成".to_owned(),
                    CloseReason::NotPlanned => "不打算处理".to_owned(),
                    CloseReason::Duplicate => "重复".to_owned(),
                    CloseReason::Other(word) => word.clone(),
                });
                let after = after.map(|after| format!("历时 {}", self.lasted(after)));
                let told: Vec<_> = reason.into_iter().chain(after).collect();
                let (before, after) = did("关闭了");
                if told.is_empty() {
                    (before, after)
                } else {
                    (before, format!("（{}）", told.join("，")))
                }
            }
            Act::Reopened => did("重新打开了"),
            Act::Renamed => of("修改了", "标题".to_owned()),
            Act::Edited => did("编辑了"),
            Act::Deleted => did("删除了"),
            Act::Transferred(None) => did("转移了"),
            Act::Transferred(Some(to)) => made(format!(" 转移到 {to}")),
            Act::Pinned => did("置顶了"),
            Act::Unpinned => of("取消了", "置顶".to_owned()),
            Act::Locked => did("锁定了"),
            Act::Unlocked => did("解锁了"),
            Act::Labelled(label) => (format!("{actor} 给{issue} "), format!(" 添加了标签“{label}”")),
            Act::Unlabelled(label) => of("移除了", format!("标签“{label}”")),
            Act::Assigned(None) => made(" 指派给自己".to_owned()),
            Act::Assigned(Some(whom)) => made(format!(" 指派给 {whom}")),
            Act::Unassigned(None) => (format!("{actor} 取消了{issue} "), " 对自己的指派".to_owned()),
            Act::Unassigned(Some(whom)) => (format!("{actor} 取消了{issue} "), format!(" 对 {whom} 的指派")),
            Act::Milestoned(milestone) => made(format!(" 加入里程碑“{milestone}”")),
            Act::Demilestoned(milestone) => made(format!(" 移出里程碑“{milestone}”")),
            Act::Typed(kind) => made(format!(" 的类型设为“{kind}”")),
            Act::Untyped(kind) => of("移除了", format!("类型“{kind}”")),
            Act::FieldSet(field) => of("设置了", format!("字段“{field}”")),
            Act::FieldCleared(field) => of("清空了", format!("字段“{field}”")),
            Act::Commented => did("评论了"),
            Act::CommentEdited => comment("编辑了"),
            Act::CommentDeleted => comment("删除了"),
            Act::CommentPinned => comment("置顶了"),
            Act::CommentUnpinned => comment("取消置顶了"),
            Act::Other(None) => did("更改了"),
            Act::Other(Some(word)) => (format!("{actor} 对{issue} "), format!(" 执行了“{word}”操作")),
            Act::CommentOther(None) => comment("更改了"),
            Act::CommentOther(Some(word)) => (
                format!("{actor} 对{issue} "),
                format!(" 下的一条评论执行了“{word}”操作"),
            ),
        }
    }

    fn colon(&self) -> &'static str {
        "："
    }

    fn was(&self, old_title: &str) -> String {
        format!("原标题：{old_title}")
    }

    fn issue_events(&self, count: usize, repository: &str) -> String {
        format!("{repository} 有 {count} 个议题事件")
    }

    fn comment(&self) -> &'static str {
        "评论"
    }

    fn issue(&self, number: u64) -> String {
        format!("议题 #{number}")
    }

    fn pull_request(&self, number: u64) -> String {
        format!("拉取请求 #{number}")
    }

    fn all_issues(&self) -> &'static str {
        "全部议题"
    }

    fn labels(&self, _count: usize) -> &'static str {
        "标签"
    }

    fn assigned_to(&self) -> &'static str {
        "负责人"
    }

    fn milestone(&self) -> &'static str {
        "里程碑"
    }

    fn opened_by(&self) -> &'static str {
        "创建者"
    }

    fn digest(&self, since: Lasted, opened: u64, closed: u64, open: u64) -> String {
        let since = self.lasted(since);
        format!("最近 {since}的议题：新建 {opened} 个，关闭 {closed} 个，未关闭 {open} 个")
    }

    fn took(&self, what: Took, half: Lasted, most: Lasted, issues: usize) -> String {
        let what = match what {
            Took::FirstResponse => "首次回复",
            Took::Close => "完成并关闭",
        };
        let at_most = |lasted| match lasted {
            Lasted::Moments => "1 分钟".to_owned(),
            _ => self.lasted(lasted),
        };
        let (half, most) = (at_most(half), at_most(most));
        format!("{what}：一半不超过 {half}，九成不超过 {most}（{issues} 个议题）")
    }

    fn unanswered(&self) -> &'static str {
        "等待回复最久的："
    }

    fn failing(&self, hook: &Hook) -> String {
        format!("{} 的投递失败", hook_name(hook))
    }

    fn lost(&self, count: u32, since: &str, ways: &[(Way, u32)], otherwise: u32, place: Option<&str>) -> String {
        let mut told: Vec<_> = ways
            .iter()
            .map(|(how, count)| format!("{count} 次{}{}", space_before(way(how)), way(how)))
            .collect();
        if otherwise > 0 {
            told.push(format!("{otherwise} 次其他情况"));
        }
        let colon = if told.is_empty() { "" } else { "：" };
        format!("自 {since} 起丢失 {count} 次{colon}{}{}", told.join("，"), to(place))
    }

    fn redelivering(&self, waits: bool) -> String {
        let next = if waits {
            "有一次投递成功后才会继续重新投递"
        } else {
            "重新投递仍在继续"
        };
        format!("{next}；请检查接收端")
    }

    fn arrive_again(&self, hook: &Hook, after: Lasted) -> String {
        format!("{} 的投递恢复正常，此前失败了 {}", hook_name(hook), self.lasted(after))
    }

    fn none_got_back(&self, hook: &Hook, after: Lasted) -> String {
        format!("{} 丢失的投递未能找回，历时 {}", hook_name(hook), self.lasted(after))
    }

    fn got_back(&self, lost: u32, recovered: u32, given_up: u32, place: Option<&str>) -> String {
        format!("丢失 {lost} 次，找回 {recovered} 次，放弃 {given_up} 次{}", to(place))
    }

    fn nowhere(&self) -> &'static str {
        "（无地址）"
    }

    fn expiring(&self, count: usize, hook: &Hook) -> String {
        format!("{} 的 {count} 次投递即将永久丢失", hook_name(hook))
    }

    fn redelivers_until(&self, until: &str, left: Option<Lasted>) -> String {
        match left {
            Some(left) => {
                let left = self.lasted(left);
                format!("其中最早的一次，GitHub 只在 {until} 之前重新投递，还剩 {left}")
            }
            None => format!("其中最早的一次，GitHub 重新投递的期限 {until} 已过"),
        }
    }

    fn look_at_receiver(&self) -> &'static str {
        "请检查接收端"
    }

    fn given_up(&self, delivery: &str, hook: &Hook) -> String {
        format!("已放弃 {} 的 {delivery} 投递", hook_name(hook))
    }

    fn all_given_up(&self, count: usize, hook: &Hook) -> String {
        format!("已放弃 {} 的 {count} 次投递", hook_name(hook))
    }

    fn given_up_line(&self, guid: &str, delivered: &str, why: &str) -> String {
        format!(" {guid}，投递于 {delivered}：{why}")
    }

    fn why_given_up(&self, why: &GivenUp) -> String {
        match why {
            GivenUp::Attempts(attempts, last) => format!("尝试找回 {attempts} 次均失败；最后一次：{}", way(last)),
            GivenUp::Refused(said) => format!("GitHub 拒绝重新投递：{said}"),
            GivenUp::Conflict => "接收端返回 HTTP 409：它已有另一个相同 GUID 的投递".to_owned(),
            GivenUp::WrongSecret => "投递已签名，接收端却返回 HTTP 401：它的密钥与该 webhook 的不一致".to_owned(),
            GivenUp::ByHand => "有人手动重新投递，但失败了；它是否曾经送达，GitHub 的日志中已无从查起".to_owned(),
            GivenUp::TooOld => "时间太久，GitHub 不再重新投递".to_owned(),
        }
    }

    fn retry(&self, guid: &str) -> String {
        format!("再试一次：copperbell redelivery retry {guid}")
    }

    fn look_up(&self, guid: &str) -> String {
        format!("它的 GUID 是 {guid}；请到 GitHub 查看它的内容")
    }

    fn delivered(&self) -> &'static str {
        "投递时间"
    }

    fn try_again_with(&self) -> &'static str {
        "再试一次"
    }

    fn gap(&self, hook: &Hook) -> String {
        format!("{} 的投递可能在无人察觉时丢失", hook_name(hook))
    }

    fn not_read(&self, from: &str, to: &str) -> String {
        format!("{from} 至 {to} 期间没有读取投递日志，而日志已不再保留这段时间")
    }

    fn compare(&self) -> &'static str {
        "请核对这段时间内收到的内容与 GitHub 上发生的事"
    }

    fn log_unreadable(&self, hook: &Hook, times: usize) -> String {
        format!("{} 的投递日志无法读取，已连续失败 {times} 次", hook_name(hook))
    }

    fn log_unreadable_since(&self, ago: Lasted) -> String {
        let ago = self.lasted(ago);
        format!("首次失败于 {ago}前；读取成功之前，无法发现丢失的投递")
    }

    fn log_readable(&self, hook: &Hook, after: Lasted) -> String {
        format!("{} 的投递日志恢复读取，中断了 {}", hook_name(hook), self.lasted(after))
    }

    fn got_back_from_now(&self) -> &'static str {
        "这段时间丢失的投递从现在起陆续找回"
    }

    fn blocked(&self, hook: &Hook) -> String {
        format!("{} 丢失的投递无法找回", hook_name(hook))
    }

    fn they_wait(&self) -> &'static str {
        "问题解决之前，它们会一直等待"
    }

    fn inactive(&self, hook: &Hook) -> String {
        format!("GitHub 不再为 {} 投递", hook_name(hook))
    }

    fn lost_until_active(&self) -> &'static str {
        "该 webhook 已被停用：重新启用之前发生的事将永久丢失"
    }

    fn active(&self, hook: &Hook) -> String {
        format!("GitHub 恢复为 {} 投递", hook_name(hook))
    }

    fn lost_while_inactive(&self) -> &'static str {
        "该 webhook 已重新启用；停用期间发生的事已永久丢失"
    }

    fn moved(&self, hook: &Hook) -> String {
        format!("{} 的投递目标变了", hook_name(hook))
    }

    fn moved_to(&self, to: &str, from: &str) -> String {
        format!("现在投递到 {to}，不再投递到 {from}")
    }

    fn check_settings(&self) -> &'static str {
        "如果不是有意为之，请检查该 webhook 的设置"
    }

    fn silent(&self, hook: &Hook) -> String {
        format!("{} 的 ping 没有送达", hook_name(hook))
    }

    fn pinged(&self, ago: Lasted) -> String {
        let ago = self.lasted(ago);
        format!("{ago}前请 GitHub 发送了 ping；其他投递可能也无法送达")
    }

    fn check_reach(&self) -> &'static str {
        "请检查该 webhook 的 URL 能否到达 Copperbell，以及 Copperbell 是否有该 webhook 的密钥"
    }

    fn dead_letters(&self, count: usize, channel: &str) -> String {
        format!("已放弃发往渠道 {channel} 的 {count} 条通知")
    }

    fn dead_reason(&self, reason: &Dead) -> String {
        match reason {
            Dead::NotNamed => "设置中已没有这个渠道".to_owned(),
            Dead::Waited(None) => "等待已满 3 天".to_owned(),
            Dead::Waited(Some(error)) => format!("等待已满 3 天；该渠道最后的错误：{error}"),
            Dead::Said(said) => said.clone(),
        }
    }

    fn dead_of(&self, count: usize, reason: &str) -> String {
        format!("{count} 条：{reason}")
    }

    fn kept(&self) -> &'static str {
        "已存为死信：copperbell outbox list"
    }

    fn channel(&self, name: &str) -> String {
        format!("渠道 {name} 不接收消息")
    }

    fn channel_waits(&self) -> &'static str {
        "它的通知会等待一段时间；请检查它的设置"
    }

    fn test(&self) -> &'static str {
        "这里能听到铃声"
    }

    fn test_of(&self) -> &'static str {
        "这是 copperbell doctor 的测试，什么事也没有发生"
    }
}

/// 12 次无响应, but 2 次 HTTP 500.
fn space_before(text: &str) -> &'static str {
    if text.starts_with(|c: char| c.is_ascii()) {
        " "
    } else {
        ""
    }
}
