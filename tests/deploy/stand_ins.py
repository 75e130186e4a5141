"""Slack, Feishu and Copr on 127.0.0.1, as far as the functions ask them."""

import base64
import hashlib
import hmac
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

FEISHU_SECRET = "feishu-signing-secret"


class StandIn:
    """A server on a free port. `answer` makes a status and a body of a method, a path, headers and a body."""

    def __init__(self):
        stand_in = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def reply(self):
                length = int(self.headers.get("Content-Length", 0))
                status, body = stand_in.answer(self.command, self.path, self.headers, self.rfile.read(length))
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_HEAD = do_POST = reply

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


class Chat(StandIn):
    """A chat that remembers the titles of what it took. While `refusing`, it takes nothing for a message."""

    path = refusing = None

    def __init__(self):
        super().__init__()
        self.titles = []

    def answer(self, method, path, headers, body):
        if (method, path) != ("POST", self.path):
            return 404, b""
        return self.take(json.loads(body))


class Slack(Chat):
    path = "/services/T0/B0/slack-secret"

    @property
    def channel(self):
        return {"name": "slack", "url": f"slack+{self.url}{self.path}"}

    def take(self, message):
        if self.refusing:
            return 400, b"invalid_payload"
        self.titles.append(message["text"])
        return 200, b"ok"


class Feishu(Chat):
    path = "/open-apis/bot/v2/hook/feishu-secret"

    @property
    def channel(self):
        return {"name": "feishu", "url": f"feishu+{self.url}{self.path}", "secret": FEISHU_SECRET}

    def take(self, message):
        key = f"{message['timestamp']}\n{FEISHU_SECRET}".encode()
        if message["sign"] != base64.b64encode(hmac.new(key, digestmod=hashlib.sha256).digest()).decode():
            return 200, b'{"code": 19021, "msg": "sign match fail"}'
        self.titles.append(message["card"]["header"]["title"]["content"])
        return 200, b'{"code": 0, "msg": "success", "data": {}}'


class Copr(StandIn):
    """A Copr with one project, whose monitor is `monitor`."""

    def __init__(self, project):
        super().__init__()
        owner, name = project.split("/")
        self.path = f"/api_3/monitor?ownername={owner}&projectname={name}&"
        self.monitor = b""
        self.polls = 0

    def answer(self, method, path, headers, body):
        if not path.startswith(self.path):
            return 404, b'{"error": "Project does not exist."}'
        self.polls += 1
        return 200, self.monitor
