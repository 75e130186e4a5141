"""A made-up history: the records that webhooks would have left of three repositories' issues in a year and a half."""

import random
import sqlite3
import time

DAY = 86_400
REPOSITORIES = (("acme/app", 0.6), ("acme/lib", 0.28), ("acme/infrastructure-and-deployment", 0.12))
LABELS = ("bug", "enhancement", "needs info", "documentation", "regression", "good first issue", "waiting for upstream")
PEOPLE = ("alice", "bob", "chris", "dana", "emre")
WORDS = (
    "Crash at start when the configuration directory is read-only",
    "Document the retry policy",
    "Builds hang after an upgrade",
    "Support a proxy with a password",
    "Wrong exit code when nothing was found",
    "Memory grows with every pass",
    "Flaky test on the slow machine",
    "Time-outs are told as refusals",
    "زمن الاستجابة طويل جدا",
    "A title into which somebody pasted the whole message: Failed to open "
    "/var/lib/application/state/database.sqlite3-journal: Permission denied (os error 13)",
)
# What somebody may write who means no good.
HOSTILE = (
    "<script>document.title = 'taken'</script>",
    "\"><img src=x onerror=\"document.title = 'taken'\">",
    "</title></style></svg><h1>taken</h1>",
    "=cmd|' /C calc'!A0",
    "\x1b[31mred\u202egnp.exe",
)


class History:
    """Writes records into a file that `copperbell` made."""

    def __init__(self, path):
        self.random = random.Random(7)
        self.database = sqlite3.connect(path)
        self.columns = [row[1] for row in self.database.execute("PRAGMA table_info(issue_events)")]
        assert self.columns, f"{path} has no table issue_events"
        self.now = int(time.time())
        self.deliveries = 0
        self.issues = 0

    def end(self):
        self.database.commit()
        self.database.close()

    def tell(self, issue, at, event, action, actor, **more):
        """One event of an issue, if it is not in the future."""
        if at >= self.now:
            return
        self.deliveries += 1
        record = issue | {
            "schema_version": 1,
            "delivery_id": f"made-up-{self.deliveries}",
            "event": event,
            "action": action,
            "is_pr": 0,
            "occurred_s": at,
            "received_s": at + 1,
            "actor": actor,
            "actor_type": "User",
        } | more
        assert set(record) <= set(self.columns), set(record) - set(self.columns)
        marks = ", ".join("?" * len(record))
        self.database.execute(f"INSERT INTO issue_events ({', '.join(record)}) VALUES ({marks})", list(record.values()))

    def opened(self, repository, created, title, label, assignee=None):
        """An issue that was opened just then."""
        self.issues += 1
        issue = {
            "repository": repository,
            "repository_id": 1 + [name for name, _ in REPOSITORIES].index(repository),
            "issue_id": 5_000_000_000 + self.issues,
            "issue_number": self.issues,
            "issue_url": f"https://github.com/{repository}/issues/{self.issues}",
            "title": title,
            "created_s": created,
            "author": "visitor",
            "author_type": "User",
            "association": "NONE",
            "state": "open",
            "assignee": assignee,
            "labels": f"|{label}|",
        }
        self.tell(issue, created, "issues", "opened", "visitor")
        self.tell(issue, created, "issues", "labeled", "visitor", label=label)
        return issue

    def life(self, issue, pace):
        """What most issues meet: a response, most a close, some a second go."""
        draw = self.random
        created = issue["created_s"]
        comment = 10_000_000 + issue["issue_id"]
        answered = created + int(draw.lognormvariate(9.3, 1.4) * pace)
        if draw.random() < 0.93:
            self.tell(issue, answered, "issue_comment", "created", draw.choice(PEOPLE), comment_id=comment, association="MEMBER")
        if draw.random() < 0.1:
            return
        closed = answered + int(draw.lognormvariate(12.4, 1.3) * pace)
        reason = draw.choices(("completed", "not_planned", "duplicate"), (80, 14, 6))[0]
        shut = issue | {"state": "closed", "state_reason": reason}
        self.tell(shut, closed, "issues", "closed", draw.choice(PEOPLE), closed_s=closed)
        if draw.random() < 0.07:
            again = closed + draw.randrange(DAY, 9 * DAY)
            self.tell(issue | {"state_reason": "reopened"}, again, "issues", "reopened", "visitor")
            last = again + draw.randrange(DAY, 20 * DAY)
            self.tell(shut, last, "issues", "closed", draw.choice(PEOPLE), closed_s=last)

    def months(self, months, issues):
        """So many issues over so many months; the team becomes quicker."""
        draw = self.random
        span = months * 30 * DAY
        for place in sorted(draw.random() ** 0.9 for _ in range(issues)):
            created = self.now - span + int(place * span)
            repository = draw.choices(*zip(*REPOSITORIES))[0]
            title, label = draw.choice(WORDS), draw.choice(LABELS)
            assignee = draw.choice((None, *PEOPLE))
            self.life(self.opened(repository, created, title, label, assignee), 1.6 - 1.1 * place)

    def hostile(self):
        """Issues of long ago, so that a report names them."""
        for text in HOSTILE:
            self.opened("acme/app", self.now - 600 * DAY, text, text, text)
