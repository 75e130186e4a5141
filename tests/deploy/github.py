"""GitHub: its deliveries, from its own example, and the API of a hook whose delivery log is watched."""

import copy
import hashlib
import hmac
import json
import uuid
from datetime import datetime, timezone

from stand_ins import StandIn

EXAMPLES = "crates/github/tests/data/issues.examples.json"

with open(EXAMPLES, encoding="utf-8") as file:
    OPENED = next(example for example in json.load(file) if example["action"] == "opened" and example["issue"]["body"])

PING = {"zen": "Design for failure.", "hook_id": 123, "hook": {"type": "Repository", "id": 123}}


class Delivery:
    """An issue that was opened, each in a repository of its own: a chat shows many issues of one in one message."""

    def __init__(self, number, event="issues", payload=OPENED):
        payload = copy.deepcopy(payload)
        if event == "issues":
            payload["issue"] |= {"id": number, "number": number}
            payload["repository"] |= {"id": number, "name": f"r{number}", "full_name": f"acme/r{number}"}
        self.event = event
        self.title = f"acme/r{number}#{number}"
        self.payload = payload
        self.body = json.dumps(payload).encode()
        self.guid = str(uuid.uuid4())

    def headers(self, secret):
        """What GitHub sends with the body; `None` is a stranger, who cannot sign."""
        signature = hmac.new(secret.encode(), self.body, hashlib.sha256).hexdigest() if secret else "0" * 64
        return {
            "Content-Type": "application/json",
            "User-Agent": "GitHub-Hookshot/cd33156",
            "X-GitHub-Delivery": self.guid,
            "X-GitHub-Event": self.event,
            "X-GitHub-Hook-ID": "123",
            "X-Hub-Signature-256": f"sha256={signature}",
        }


class GitHub(StandIn):
    """The API of one hook. `send` delivers, and returns the status that came."""

    hook = "repo:acme/app:123"
    token = "github-token-of-the-test"
    path = "/repos/acme/app/hooks/123"

    def __init__(self):
        super().__init__()
        self.points_to = self.send = None
        self.records = []
        self.deliveries = {}

    def log(self, delivery, status, redelivery=False):
        """Ids of deliveries are above 2^53."""
        number = 2**60 + len(self.records)
        self.deliveries[number] = delivery
        self.records.insert(
            0,
            {
                "id": number,
                "guid": delivery.guid,
                "delivered_at": datetime.now(timezone.utc).isoformat(),
                "redelivery": redelivery,
                "status": "OK" if status == 200 else f"Invalid HTTP Response: {status}",
                "status_code": status,
                "event": delivery.event,
                "action": delivery.payload.get("action"),
            },
        )

    def deliver(self, delivery, redelivery=False):
        self.log(delivery, self.send(delivery), redelivery)

    def answer(self, method, path, headers, body):
        if headers["Authorization"] != f"Bearer {self.token}":
            return 401, b'{"message": "Bad credentials"}'
        if not path.startswith(self.path):
            return 404, b'{"message": "Not Found"}'
        match method, path.removeprefix(self.path).removesuffix("?per_page=100").split("/")[1:]:
            case "GET", []:
                return json_of(200, {"id": 123, "active": True, "config": {"url": self.points_to}})
            case "POST", ["pings"]:
                self.deliver(Delivery(0, "ping", PING))
                return 204, b""
            case "GET", ["deliveries"]:
                return json_of(200, self.records)
            case "GET", ["deliveries", number]:
                delivery = self.deliveries[int(number)]
                request = {"headers": delivery.headers("secret"), "payload": delivery.payload}
                return json_of(200, {"guid": delivery.guid, "event": delivery.event, "request": request})
            case "POST", ["deliveries", number, "attempts"]:
                self.deliver(self.deliveries[int(number)], redelivery=True)
                return json_of(202, {})
        return 404, b'{"message": "Not Found"}'


def json_of(status, value):
    return status, json.dumps(value).encode()
