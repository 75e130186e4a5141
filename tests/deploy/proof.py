"""Proves on a local AWS that the deployed stack rings, once, and loses nothing. Its argument is where the build is."""

import contextlib
import json
import platform
import re
import secrets
import shutil
import signal
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from pathlib import Path

from github import Delivery, GitHub
from local_aws import LocalAws, Stack
from stand_ins import FEISHU_SECRET, Copr, Feishu, Slack

STACK = "copperbell-test"

PROJECT = "alice/demo"

# What Copr answered once: builds of four packages, two of which fail.
RECORDED = Path("crates/world/data/copr/05-mixed-failed.json")

# How many webhooks come while new code is deployed?
WEBHOOKS = 200


@contextlib.contextmanager
def step(name):
    started = time.monotonic()
    print(f"-- {name}", flush=True)
    yield
    print(f"-- {name}: ok, {time.monotonic() - started:.1f} s", flush=True)


def wait_for(what, condition, seconds):
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.2)
    return found


def tick():
    return {"time": datetime.now(timezone.utc).isoformat()}


def monitor(state, build):
    """A monitor of one package with one chroot."""
    chroot = {"state": state, "status": 0 if state == "failed" else 1, "build_id": build, "url_build_log": None}
    packages = [{"name": "hello", "chroots": {"fedora-43-x86_64": chroot | {"pkg_version": "1.0-1"}}}]
    return json.dumps({"output": "ok", "message": "", "packages": packages}).encode()


class Proof:
    def __init__(self, aws, home):
        self.aws = aws
        self.home = home
        self.numbers = iter(range(1, 1_000_000))
        self.copr, self.github, self.slack, self.feishu = Copr(PROJECT), GitHub(), Slack(), Feishu()
        self.copr.monitor = RECORDED.read_bytes()
        self.secret = self.previous = None

    def chats(self):
        return [self.slack, self.feishu]

    def deliveries(self, count):
        return [Delivery(next(self.numbers)) for _ in range(count)]

    def heard(self):
        return sum(len(chat.titles) for chat in self.chats())

    def rung_once(self, deliveries):
        """Waits until every chat has heard of all of these, and sees that none has twice."""
        for chat in self.chats():

            def rung(times, chat=chat):
                counts = Counter(re.search(r"acme/r\d+#\d+|$", title)[0] for title in list(chat.titles))
                return [delivery for delivery in deliveries if counts[delivery.title] >= times]

            wait_for(f"all of {len(deliveries)} rung", lambda: len(rung(1)) == len(deliveries), 90)
            assert not rung(2), f"{type(chat).__name__} was told twice: {[delivery.title for delivery in rung(2)]}"

    def deploy(self):
        parameters = {
            "Architecture": "x86_64" if platform.machine() == "x86_64" else "arm64",
            "CoprProjects": PROJECT,
            "CoprUrl": self.copr.url,
            "GithubHooks": GitHub.hook,
            "GithubApiUrl": self.github.url,
            # As much as it can log.
            "LogLevel": "info",
            "ScheduleExpression": "rate(1 minute)",
            "SchedulePeriod": 60,
        }
        self.stack = Stack(self.aws, STACK, self.home / "build", parameters)
        self.github.points_to = self.stack.outputs["WebhookUrl"]
        self.github.send = lambda delivery: self.stack.post(delivery, self.secret)[0]

    def put_secret(self, webhook_secret):
        channels = [chat.channel for chat in self.chats()]
        document = {"github_webhook_secret": webhook_secret, "github_token": GitHub.token, "channels": channels}
        manager = self.aws.client("secretsmanager")
        manager.put_secret_value(SecretId=self.stack.outputs["SecretArn"], SecretString=json.dumps(document))
        self.previous, self.secret = self.secret, webhook_secret

    def fill_secret(self):
        manager = self.aws.client("secretsmanager")
        made = json.loads(manager.get_secret_value(SecretId=self.stack.outputs["SecretArn"])["SecretString"])
        assert made.keys() == {"github_webhook_secret", "channels"} and len(made["github_webhook_secret"]) == 40
        self.put_secret(made["github_webhook_secret"])

    def substitute_scheduled_time(self):
        """The scheduler here fires, but leaves `<aws.scheduler.scheduled-time>` as it is."""
        scheduler = self.aws.client("scheduler")
        name = self.stack.resources["WatchFunctionTick"]
        schedule = scheduler.get_schedule(Name=name)
        target = schedule["Target"]
        assert json.loads(target["Input"]) == {"time": "<aws.scheduler.scheduled-time>"}
        assert target["Arn"].endswith(":live") and target["RetryPolicy"]
        scheduler.update_schedule(
            Name=name,
            ScheduleExpression=schedule["ScheduleExpression"],
            FlexibleTimeWindow=schedule["FlexibleTimeWindow"],
            Target=target | {"Input": json.dumps(tick())},
        )

    def an_issue_rings(self):
        [delivery] = self.deliveries(1)
        for _ in range(2):
            assert self.stack.post(delivery, self.secret) == (200, "ok\n")
        self.rung_once([delivery])

    def a_forged_one_is_refused(self):
        before = self.heard()
        for stranger in [None, "another secret"]:
            answer = self.stack.post(*self.deliveries(1), stranger)
            assert answer == (401, "the signature is missing or wrong\n"), answer
        assert self.heard() == before

    def a_break_is_rung_by_the_schedule(self):
        wait_for("a pass", lambda: self.copr.polls, 100)
        for chat in self.chats():
            wait_for("the break rung", lambda: any("alice/demo" in title for title in chat.titles), 30)

    def a_recovery_rings(self):
        self.copr.monitor = self.copr.monitor.replace(b'"failed", "status": 0', b'"succeeded", "status": 1')
        report = self.stack.watch(tick())
        assert report["complete"] and report["projects"][0]["recovered"] == 2, report
        assert all(channel["sent"] and not channel["waiting"] for channel in report["channels"]), report

    def what_did_not_arrive_is_got_back(self):
        """One that was not answered is redelivered; one that was too large for Lambda is pulled."""
        unanswered, large = self.deliveries(2)
        self.github.log(unanswered, 502)
        self.github.log(large, 413)
        [hook] = self.stack.watch(tick())["hooks"]
        assert (hook["outcome"], hook["lost"], hook["redelivered"], hook["recovered"]) == ("ok", 2, 1, 1), hook
        self.rung_once([unanswered, large])
        assert Counter(record["event"] for record in self.github.records) == {"issues": 3, "ping": 1}

    def what_slack_cannot_show_becomes_a_dead_letter(self):
        """Once for each function; Feishu is told of each."""
        self.slack.refusing = True
        self.copr.monitor = monitor("failed", 70)
        self.stack.watch(tick())
        assert self.dead_letters("slack") == 1
        assert self.stack.post(*self.deliveries(1), self.secret)[0] == 200
        assert self.dead_letters("slack") == 2
        self.slack.refusing = False
        self.copr.monitor = monitor("succeeded", 71)
        assert self.stack.watch(tick())["complete"]

    def dead_letters(self, channel):
        answer = self.aws.client("dynamodb").query(
            TableName=self.stack.outputs["TableName"],
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": f"dead#{channel}"}},
        )
        return answer["Count"]

    def alarms_and_dashboard_are_there(self):
        cloudwatch, topic = self.aws.client("cloudwatch"), self.stack.outputs["AlarmTopicArn"]
        alarms = cloudwatch.describe_alarms()["MetricAlarms"]
        told = {alarm["AlarmName"] for alarm in alarms if alarm["AlarmActions"] == alarm["OKActions"] == [topic]}
        dashboard = cloudwatch.get_dashboard(DashboardName=self.stack.resources["Dashboard"])["DashboardBody"]
        [shown] = [widget for widget in json.loads(dashboard)["widgets"] if widget["type"] == "alarm"]
        assert told == {arn.rsplit(":", 1)[1] for arn in shown["properties"]["alarms"]}, told

    def lost_ticks_have_a_queue(self):
        """Seen in the settings alone: the local AWS keeps no tick that came to nothing."""
        queue = self.aws.client("sqs").get_queue_attributes(
            QueueUrl=self.stack.resources["LostTicks"], AttributeNames=["QueueArn"]
        )["Attributes"]["QueueArn"]
        schedule = self.aws.client("scheduler").get_schedule(Name=self.stack.resources["WatchFunctionTick"])
        assert schedule["Target"]["DeadLetterConfig"]["Arn"] == queue, schedule
        function = self.stack.resources["WatchFunction"]
        config = self.aws.client("lambda").get_function_event_invoke_config(FunctionName=function, Qualifier="live")
        assert config["DestinationConfig"]["OnFailure"]["Destination"] == queue, config

    def a_rotation_loses_nothing(self):
        deliveries = self.deliveries(80)
        rotated = threading.Event()

        def send(index, delivery):
            if index == 30:
                self.put_secret(secrets.token_hex(20))
                rotated.set()
            if index > 50:
                rotated.wait()
            # GitHub signs with the old one until it was told, too.
            return self.stack.post(delivery, self.secret if index % 2 else self.previous or self.secret)[0]

        with ThreadPoolExecutor(6) as pool:
            answers = Counter(pool.map(send, range(len(deliveries)), deliveries))
        assert answers == {200: len(deliveries)}, answers
        assert self.previous
        self.rung_once(deliveries)

    def new_code_loses_nothing(self):
        """What a 5xx refused is sent again, as GitHub is asked to."""
        deliveries = self.deliveries(WEBHOOKS)
        before = self.live_version()
        new = self.home / "build-new"
        shutil.rmtree(new, ignore_errors=True)
        shutil.copytree(self.home / "build", new)
        for function in ["WatchFunction", "WebhookFunction"]:
            # Beside the same program: a package of another hash, so another version.
            (new / function / "release").write_text(secrets.token_hex(20))

        def send(delivery):
            # About as long as the deployment takes, with eight at once.
            time.sleep(0.4)
            return self.stack.post(delivery, self.secret)[0]

        with ThreadPoolExecutor(9) as pool:
            deployed = pool.submit(self.stack.deploy, new)
            answers = list(pool.map(send, deliveries))
            deployed.result()
        after = self.live_version()
        assert after != before
        refused = [delivery for delivery, answer in zip(deliveries, answers) if answer != 200]
        print(f"   {len(deliveries)} webhooks, answers {dict(Counter(answers))}, version {before}, then {after}")
        assert all(answer == 200 or answer >= 500 for answer in answers), answers
        for delivery in refused:
            assert self.stack.post(delivery, self.secret)[0] == 200
        self.rung_once(deliveries)

    def live_version(self):
        function = self.stack.resources["WebhookFunction"]
        return self.aws.client("lambda").get_alias(FunctionName=function, Name="live")["FunctionVersion"]

    def nothing_waits_and_nothing_came_twice(self):
        report = self.stack.watch(tick())
        assert report["complete"] and all(channel["waiting"] == 0 for channel in report["channels"]), report
        for chat in self.chats():
            counts = Counter(title for title in chat.titles if "acme/" in title)
            assert len(counts) > WEBHOOKS and set(counts.values()) == {1}, counts.most_common(3)

    def every_alarm_watches_a_figure_that_is_written(self):
        declared = self.stack.figures()
        alarms = self.aws.client("cloudwatch").describe_alarms()["MetricAlarms"]
        watched = {
            (alarm["Namespace"], alarm["MetricName"], dimension["Value"])
            for alarm in alarms
            for dimension in alarm["Dimensions"]
            if alarm["Namespace"] == "Copperbell"
        }
        assert watched and watched <= declared, watched - declared

    def no_log_holds_a_secret(self):
        hush = [self.secret, self.previous, GitHub.token, FEISHU_SECRET, "slack-secret", "feishu-secret"]
        for log in ["WatchLog", "WebhookLog"]:
            lines = self.stack.lines(log)
            assert lines and all(json.loads(line).keys() >= {"timestamp", "level"} for line in lines), lines[:20]
            leaks = [line for line in lines if any(word in line for word in hush)]
            assert not leaks, leaks[:3]
            print(f"   {log}: {len(lines)} lines")

    def policies_allow_what_was_asked_alone(self):
        """The local AWS refuses what a policy does not allow; here it is seen that none allows more."""
        for function, asked in self.stack.asked.items():
            allowed = self.stack.allowed(f"{function}Role")
            print(f"   {function}: {', '.join(sorted(asked))}")
            assert asked == allowed, f"asked alone: {asked - allowed}, allowed alone: {allowed - asked}"


def main():
    # Whoever ends us ends what we started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    home = Path(sys.argv[1])
    with LocalAws(home) as aws:
        proof = Proof(aws, home)
        for name, run in [
            ("the stack is deployed", proof.deploy),
            ("the secret it made is filled", proof.fill_secret),
            ("the scheduled time is put in", proof.substitute_scheduled_time),
            ("an issue rings in both chats, once", proof.an_issue_rings),
            ("a forged one is refused", proof.a_forged_one_is_refused),
            ("a broken build is rung by the schedule", proof.a_break_is_rung_by_the_schedule),
            ("a recovered build rings", proof.a_recovery_rings),
            ("what did not arrive is got back", proof.what_did_not_arrive_is_got_back),
            ("what Slack cannot show becomes a dead letter", proof.what_slack_cannot_show_becomes_a_dead_letter),
            ("a rotated secret loses nothing", proof.a_rotation_loses_nothing),
            (f"new code loses none of {WEBHOOKS} webhooks", proof.new_code_loses_nothing),
            ("nothing waits and nothing came twice", proof.nothing_waits_and_nothing_came_twice),
            ("lost ticks have a queue", proof.lost_ticks_have_a_queue),
            ("the alarms and the dashboard are there", proof.alarms_and_dashboard_are_there),
            ("every alarm watches a figure that is written", proof.every_alarm_watches_a_figure_that_is_written),
            ("no log holds a secret", proof.no_log_holds_a_secret),
            ("the policies allow what was asked alone", proof.policies_allow_what_was_asked_alone),
        ]:
            with step(name):
                run()
                proof.stack.note_asked()


if __name__ == "__main__":
    main()
