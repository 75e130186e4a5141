"""`copperbell serve` between stand-ins of Copr, GitHub and two chats, in one of its moods."""

import json
import os
import subprocess
import threading
import time
import urllib.request
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

CHROOTS = ("fedora-42-x86_64", "fedora-43-x86_64", "fedora-43-aarch64", "fedora-rawhide-x86_64", "epel-9-x86_64")
HOSTILE = "<script>document.title='taken'</script>"
LONG = "python-a-package-whose-name-somebody-made-as-long-as-the-column-of-the-database-allows-and-then-some"
CALM = {"@copr/copr": [("python-copr", "succeeded", 9_000_001, 5)], "alice/demo": [("beta", "succeeded", 9_000_002, 5)]}
BUSY = {
    "@copr/copr": [("python-copr", "succeeded", 9_000_001, 5), ("copr-cli", "failed", 9_000_011, 2), (HOSTILE, "failed", 9_000_012, 5)],
    "alice/demo": [("beta", "failed", 9_000_002, 1), (LONG, "failed", 9_000_013, 4)],
    "alice/gone": None,
}


class StandIn(BaseHTTPRequestHandler):
    """All of them at once, told apart by path."""

    projects = {}
    chats = {}

    def do_GET(self):
        url = urlsplit(self.path)
        query = {key: values[0] for key, values in parse_qs(url.query).items()}
        if url.path == "/api_3/monitor":
            name = f"{query['ownername']}/{query['projectname']}"
            return self.answer(*monitor(name, self.projects.get(name)))
        if url.path.endswith("/deliveries"):
            return self.answer(200, deliveries())
        return self.answer(200, {"active": True, "config": {"url": "https://ci.example.org/hook"}, "id": 1})

    def do_POST(self):
        self.rfile.read(int(self.headers.get("content-length", 0)))
        if self.path.endswith("/attempts"):
            return self.answer(202, {})
        status, body = self.chats[self.path]
        self.answer(status, body)

    def answer(self, status, body):
        data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


def monitor(project, packages):
    if packages is None:
        return 404, {"error": f"Project {project} does not exist."}
    listed = []
    for name, state, build, failing in packages:
        chroots = {
            chroot: {"state": state if at < failing else "succeeded", "status": 0, "build_id": build, "pkg_version": "1.2.3-1"}
            for at, chroot in enumerate(CHROOTS)
        }
        listed.append({"name": name, "chroots": chroots})
    return 200, {"output": "ok", "message": "", "packages": listed}


def deliveries():
    """The newest first; most of them failed."""
    now = datetime.now(timezone.utc)
    return [
        {
            "id": 9_007_199_254_741_000 - at,
            "guid": f"{at:08x}-0000-0000-0000-000000000000",
            "delivered_at": (now - timedelta(minutes=3 + at)).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "redelivery": False,
            "duration": 0.1,
            "status": "Service Unavailable",
            "status_code": 503 if at < 14 else 200,
            "event": "push",
            "action": None,
            "installation_id": None,
            "repository_id": 7,
        }
        for at in range(18)
    ]


class Serving:
    """The process, once it has made a pass. Use it in a `with`."""

    def __init__(self, program, home, projects, chats, hooks="", sink=""):
        self.program, self.home, self.hooks, self.sink = program, home, hooks, sink
        handler = type("Handler", (StandIn,), {"projects": projects, "chats": chats})
        self.world = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.names = ",".join(projects)
        self.paths = list(chats)

    def __enter__(self):
        threading.Thread(target=self.world.serve_forever, daemon=True).start()
        base = f"http://127.0.0.1:{self.world.server_port}"
        secrets = self.home / "secrets.json"
        channels = [{"name": path.strip("/"), "url": f"slack+{base}{path}", "events": ["*"]} for path in self.paths]
        secrets.write_text(json.dumps({"github_webhook_secret": "hush", "github_token": "t", "channels": channels}))
        secrets.chmod(0o600)
        settings = {
            "COPR_URL": base,
            "COPR_PROJECTS": self.names,
            "GITHUB_API_URL": base,
            "GITHUB_HOOKS": self.hooks,
            "SINK": self.sink,
            "EVERY": "1s",
            "LISTEN": "127.0.0.1:0",
            "STATUS_LISTEN": "127.0.0.1:0",
            "SECRETS": str(secrets),
            "PATH": os.environ["PATH"],
        }
        log = (self.home / "serve.log").open("w")
        self.process = subprocess.Popen(
            [self.program, "serve"], cwd=self.home, env=settings, stdout=subprocess.PIPE, stderr=log, text=True
        )
        self.process.stdout.readline()
        self.url = self.process.stdout.readline().removeprefix("Status: ").strip()
        drawn = "Issues of the last 90 days" if self.sink else "Rung lately"
        until = time.monotonic() + 60
        while 'copperbell_last_run_complete' not in self.get("metrics") or drawn not in self.get(""):
            assert time.monotonic() < until, (self.home / "serve.log").read_text()
            time.sleep(0.1)
        time.sleep(1.5)
        return self

    def get(self, path):
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(self.url + path, timeout=10) as answer:
            return answer.read().decode()

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        self.world.shutdown()
