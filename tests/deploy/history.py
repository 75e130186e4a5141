"""A month of issues, as GitHub's webhooks tell it: opened, labeled, answered, closed, reopened, transferred, deleted."""

import copy
import json
import random
import uuid
import zlib
from datetime import timedelta

from github import OPENED, Delivery

with open("crates/github/tests/data/issue_comment.examples.json", encoding="utf-8") as file:
    COMMENT = next(example for example in json.load(file) if example["action"] == "created")["comment"]

with open("crates/github/tests/data/issues.transferred.json", encoding="utf-8") as file:
    CHANGES = json.load(file)["changes"]

REASONS = ["completed", "completed", "not_planned", "duplicate"]


class Told(Delivery):
    """A webhook with a payload of its own."""

    def __init__(self, event, payload, guid=None):
        self.event = event
        self.payload = payload
        self.body = json.dumps(payload).encode()
        self.guid = guid or str(uuid.uuid4())


def user(login):
    kind = "Bot" if login.endswith("[bot]") else "User"
    return OPENED["sender"] | {"login": login, "id": zlib.crc32(login.encode()), "type": kind}


class Issue:
    """An issue, or a pull request. Each method is an event, some time after the one before."""

    def __init__(self, number, repository, opened_at, author, chance, pull_request=False):
        self.now = opened_at
        self.chance = chance
        self.told = []
        name = repository.split("/")[1]
        self.repository = OPENED["repository"] | {"id": zlib.crc32(name.encode()), "name": name, "full_name": repository}
        self.state = copy.deepcopy(OPENED["issue"]) | {
            "id": 9_000_000_000 + number,
            "number": number,
            "html_url": f"https://github.com/{repository}/issues/{number}",
            "title": f"Nº {number}: it's \"broken\"",
            "user": user(author),
            "created_at": self.time(),
            "closed_at": None,
            "state": "open",
            "labels": [],
            "assignee": None,
            "assignees": [],
            "milestone": None,
        }
        if pull_request:
            self.state["pull_request"] = {"url": "https://api.github.com/repos/acme/app/pulls/1"}

    def time(self):
        return self.now.strftime("%Y-%m-%dT%H:%M:%SZ")

    def tell(self, event, action, sender, **more):
        self.state["updated_at"] = self.time()
        payload = {"action": action, "issue": self.state, "repository": self.repository, "sender": user(sender)} | more
        self.told.append(Told(event, copy.deepcopy(payload)))
        self.now += timedelta(seconds=self.chance.randrange(60, 3 * 86400))

    def opened(self):
        self.tell("issues", "opened", self.state["user"]["login"])

    def comment(self, login):
        number = zlib.crc32(f"{self.state['id']} {len(self.told)}".encode())
        comment = COMMENT | {"id": number, "user": user(login), "created_at": self.time(), "updated_at": self.time()}
        self.tell("issue_comment", "created", login, comment=comment)

    def label(self, name, sender, on=True):
        label = {"id": zlib.crc32(name.encode()), "name": name, "color": "ededed", "default": False}
        others = [other for other in self.state["labels"] if other["name"] != name]
        self.state["labels"] = [*others, label] if on else others
        self.tell("issues", "labeled" if on else "unlabeled", sender, label=label)

    def assign(self, login, sender):
        self.state["assignees"] = [user(login)]
        self.tell("issues", "assigned", sender, assignee=user(login))

    def close(self, sender, reason):
        self.state |= {"state": "closed", "state_reason": reason, "closed_at": self.time()}
        self.tell("issues", "closed", sender)

    def reopen(self, sender):
        self.state |= {"state": "open", "state_reason": "reopened", "closed_at": None}
        self.tell("issues", "reopened", sender)

    def leave(self, action, sender):
        self.tell("issues", action, sender, **({"changes": CHANGES} if action == "transferred" else {}))


def history(first_day):
    """All webhooks of the month from then on, not in order, some twice; the same every time, but for their GUIDs."""
    chance = random.Random(28)
    people = ["ada", "ben", "cem", "dot"]
    told = []
    for number in range(1, 17):
        author, *others = chance.sample(people, 3)
        repository = chance.choice(["acme/app", "acme/lib", "acme/Docs"])
        opened_at = first_day + timedelta(seconds=chance.randrange(25 * 86400))
        issue = Issue(number, repository, opened_at, author, chance, pull_request=number == 16)
        issue.opened()
        issue.comment("helper[bot]")
        if number % 2:
            issue.label("bug", others[0])
        if number % 3 == 0:
            issue.label("a|b", others[1])
        issue.comment(author)
        if number % 5:
            issue.comment(others[0])
        if number % 4:
            issue.assign(others[1], author)
        if number % 3:
            issue.close(others[0], chance.choice(REASONS))
        if number % 3 == 1:
            issue.reopen(author)
            if number % 2:
                issue.label("bug", others[0], on=False)
                issue.close(author, "completed")
        if number in (4, 9):
            issue.leave({4: "transferred", 9: "deleted"}[number], others[0])
        told += issue.told
    # Sent again by GitHub, and by somebody who has seen the body.
    again = chance.sample(told, 8)
    told += again[:5] + [Told(one.event, one.payload) for one in again[5:]]
    chance.shuffle(told)
    return told
