"""Proves on a local AWS that a pass spread over a queue observes each of 5,000 projects once. Its argument is where the build is."""

import json
import platform
import signal
import sys
import time
from collections import Counter
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from local_aws import LocalAws, Stack
from stand_ins import StandIn

PROJECTS = 5_000

# How long may they take here, where one process serves every table and queue?
SECONDS = 600


class Projects(StandIn):
    """A Copr with every project one asks for; all is well in each."""

    def __init__(self):
        super().__init__()
        self.polls = Counter()

    def answer(self, method, path, headers, body):
        query = parse_qs(urlsplit(path).query)
        self.polls[query["projectname"][0]] += 1
        chroot = {"state": "succeeded", "status": 1, "build_id": 1, "pkg_version": "1.0-1", "url_build_log": None}
        packages = [{"name": "hello", "chroots": {"fedora-43-x86_64": chroot}}]
        return 200, json.dumps({"output": "ok", "message": "", "packages": packages}).encode()


def count_in_numbers(aws, stack):
    """The local AWS keeps a template's number as a text, and then cannot compare it."""
    concurrency = {"MaximumConcurrency": 4}
    mapping = stack.resources["TargetsToWatch"]
    aws.client("lambda").update_event_source_mapping(UUID=mapping, ScalingConfig=concurrency)


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    home = Path(sys.argv[1])
    names = home / "projects.txt"
    names.write_text("".join(f"alice/p{number}\n" for number in range(PROJECTS)))
    copr = Projects()
    with LocalAws(home) as aws:
        parameters = {
            "Architecture": "x86_64" if platform.machine() == "x86_64" else "arm64",
            "CoprProjects": f"file:{names.resolve()}",
            "CoprUrl": copr.url,
            "LogLevel": "warn",
            "ScheduleExpression": "rate(1 day)",
            "SchedulePeriod": 21600,
            "Spread": "true",
        }
        stack = Stack(aws, "copperbell-spread", home / "build", parameters)
        # In AWS `sqs:SendMessage` allows batches, too.
        stack.allow_here("WatchFunctionRole", ["sqs:SendMessageBatch"])
        count_in_numbers(aws, stack)
        started = time.monotonic()
        for minute in range(2):
            report = stack.watch({"time": f"2026-03-01T12:{minute:02}:00Z"})
            assert len(report["projects"]) == PROJECTS
            # The first pass has nothing to look back at; the second finds every target done.
            assert report["complete"] == (minute == 1), report["why_not"][:500]
            expected = (minute + 1) * PROJECTS
            while (polls := sum(copr.polls.values())) < expected:
                assert time.monotonic() - started < SECONDS, f"{polls} polls of {expected}"
                time.sleep(1)
            if minute == 0:
                # Whatever the queue sends twice finds its tick done; and the last ones are writing still.
                time.sleep(5)
        counts = Counter(copr.polls.values())
        assert counts == {2: PROJECTS}, counts
        print(f"   2 ticks of {PROJECTS} projects, each polled once per tick, in {time.monotonic() - started:.0f} s")


main()
