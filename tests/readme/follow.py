"""Follows the documents from top to bottom as somebody does who has nothing but them: in an empty home, one shell, each
command as it stands there.

- A block ```sh is commands. Every one must end with 0. `copperbell serve` goes on until its section ends, as in a
  terminal of its own: it is seen to be healthy, and ended by SIGTERM.
- A block with a file's name, as in ```json secrets.json, is what a reader writes when `$EDITOR secrets.json` comes.

The outside world is stand-ins, by the environment; what only AWS can answer is not followed, and said. Arguments: the
program of the stand-ins, and where to work."""

import contextlib
import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

DOCUMENTS = ["README.md", "docs/copr.md", "docs/issues.md", "docs/redelivery.md", "docs/operations.md", "docs/aws.md"]

# How long may a command take, in seconds? The first build takes minutes.
LONGEST = 1_800

# Those that go on, and where they say that they are well.
SERVERS = {"copperbell serve": "http://{listen}/healthz"}

# What no command here can be: how it begins, and why it is not followed.
NOT_FOLLOWED = [
    (r"pip install aws-sam-cli", "tests/deploy/run installs the same tools"),
    (r"rustup target add", "it is for AWS's processors; tests/deploy/run builds for this machine's"),
    (r"sam (build|deploy)\b", "needs AWS; tests/deploy/run builds and deploys the same template on a local one"),
    (r"(output\(\) \{ )?aws ", "needs AWS; tests/deploy/run does the same on a local one"),
    (r".*\$\(output ", "needs what AWS has made"),
    (r"cargo lambda ", "needs AWS; tests/deploy/run builds the functions by package, too"),
]


@dataclass
class Block:
    """A block of a document."""

    document: str
    line: int
    section: int
    language: str
    file: str
    text: str


def blocks(document, text):
    """The blocks of a document, in order."""
    section, fence, found = 0, None, []
    for number, line in enumerate(text.splitlines(), 1):
        mark = re.match(r"```(\S*)\s*(\S*)\s*$", line)
        if fence is None and mark:
            fence = Block(document, number, section, mark[1], mark[2], "")
        elif fence is not None and line == "```":
            found.append(fence)
            fence = None
        elif fence is not None:
            fence.text += line + "\n"
        elif re.match(r"#{1,6} ", line):
            section += 1
    assert fence is None, f"{document}:{fence.line}: the block has no end"
    return found


def commands(block):
    """The commands of a block with their lines: one may have several, by a backslash."""
    whole, started = "", None
    for number, line in enumerate(block.text.splitlines(), block.line + 1):
        if not whole and (not line.strip() or line.lstrip().startswith("#")):
            continue
        started = number if not whole else started
        whole += line
        if whole.endswith("\\"):
            whole += "\n"
            continue
        yield started, whole
        whole = ""
    assert not whole, f"{block.document}:{started}: the command has no end"


class Shell:
    """One bash, which keeps its directory and its variables."""

    END = "-- the end of a command:"

    def __init__(self, home, environment):
        self.process = subprocess.Popen(
            ["bash", "--noprofile", "--norc"],
            cwd=home,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def end(self):
        """With all that it has started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def run(self, command):
        """Its exit code, and what it said."""
        limit = threading.Timer(LONGEST, self.end)
        limit.start()
        try:
            return self.answer(command)
        finally:
            limit.cancel()

    def answer(self, command):
        self.process.stdin.write(f"{{ {command}\n}} </dev/null\nprintf '\\n{self.END} %s\\n' $?\n")
        self.process.stdin.flush()
        said = []
        for line in self.process.stdout:
            if line.startswith(self.END):
                return int(line.removeprefix(self.END)), "".join(said)
            said.append(line)
        raise RuntimeError(f"the shell ended, or had to, at: {command}")


class World:
    """The stand-ins. They tell what the chats were told when they end."""

    def __init__(self, program):
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.names = json.loads(self.process.stdout.readline())

    def end(self):
        said, _ = self.process.communicate(timeout=30)
        return json.loads(said)

    def filled_in(self, text):
        """The text as a reader writes it, who puts something of his own in place of each …"""
        names = self.names
        for placeholder, own in [
            ("https://hooks.slack.com/services/…", names["slack"]),
            ("https://open.feishu.cn/open-apis/bot/v2/hook/…", names["feishu"]),
            ("the bot's signing key", names["feishu_secret"]),
            ("github_pat_…", names["github_token"]),
        ]:
            text = text.replace(placeholder, own)
        assert "…" not in text, f"a placeholder that nobody knows how to fill in: {text}"
        return text


def free_ports():
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
    addresses = ["127.0.0.1:%d" % each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return addresses


def a_clone_of(project, repository):
    """A repository of what lies here now, committed or not."""
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listing, cwd=project, check=True, capture_output=True, text=True).stdout
    for name in filter(None, names.split("\0")):
        if (project / name).exists():
            (repository / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(project / name, repository / name)
    git = ["git", "-c", "user.name=reader", "-c", "user.email=reader@example.org", "-C", str(repository)]
    for arguments in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "--message", "As it lies here"]):
        subprocess.run([*git, *arguments], check=True)


def environment(work, home, repository, world):
    """Nothing of ours but where the compiler is, and the stand-ins."""
    real = Path.home()
    passed = {name: value for name, value in os.environ.items() if re.match(r"SSL_CERT_|https?_proxy|no_proxy", name, re.I)}
    toolchain = {
        "CARGO_HOME": os.environ.get("CARGO_HOME", str(real / ".cargo")),
        "RUSTUP_HOME": os.environ.get("RUSTUP_HOME", str(real / ".rustup")),
        "CARGO_TARGET_DIR": str(work / "target"),
        "CARGO_INSTALL_ROOT": str(work / "installed"),
        "CARGO_TERM_COLOR": "never",
        # A build that is seen to work need not be small or fast.
        "CARGO_INCREMENTAL": "0",
        "CARGO_PROFILE_RELEASE_LTO": "off",
        "CARGO_PROFILE_RELEASE_CODEGEN_UNITS": "256",
        "CARGO_PROFILE_RELEASE_OPT_LEVEL": "0",
    }
    listen, status_listen = free_ports()
    (work / "editor").write_text(f'#!/bin/sh\nfor file; do cp "{work}/pages/$file" "$file" || exit; done\n')
    (work / "editor").chmod(0o755)
    return passed | toolchain | {
        "HOME": str(home),
        "PATH": f"{work}/installed/bin:{toolchain['CARGO_HOME']}/bin:/usr/local/bin:/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "EDITOR": str(work / "editor"),
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.{repository}.insteadOf",
        "GIT_CONFIG_VALUE_0": "https://github.com/copperbell/copperbell",
        "COPR_URL": world.names["copr"],
        "GITHUB_API_URL": world.names["github"],
        "LISTEN": listen,
        "STATUS_LISTEN": status_listen,
    }


class Reader:
    """Who follows the documents."""

    def __init__(self, work, world, shell, listen):
        self.work, self.world, self.shell, self.listen = work, world, shell, listen
        self.servers = {}
        self.followed, self.left, self.failed = 0, 0, 0
        self.used = set()

    def read(self, document, text):
        section = 0
        for block in blocks(document, text):
            if block.section != section:
                self.end_servers()
                section = block.section
            if block.file:
                page = self.work / "pages" / block.file
                page.write_text(self.world.filled_in(block.text))
            if block.language == "sh":
                for line, command in commands(block):
                    self.follow(f"{document}:{line}", command)
        self.end_servers()

    def follow(self, where, command):
        for at, (begins, why) in enumerate(NOT_FOLLOWED):
            if re.match(begins, command):
                self.left += 1
                self.used.add(at)
                print(f"  not followed  {where}  {short(command)}  ({why})", flush=True)
                return
        if self.failed:
            return
        started = time.monotonic()
        if command in SERVERS:
            code, said = self.serve(command)
        else:
            code, said = self.shell.run(command)
        took = time.monotonic() - started
        if code == 0:
            self.followed += 1
            print(f"  ok {took:8.1f} s  {where}  {short(command)}", flush=True)
        else:
            self.failed += 1
            print(f"  FAILED with {code}  {where}  {command}\n{said[-6000:]}", flush=True)

    def serve(self, command):
        """Starts a server as in a terminal of its own, and waits until it is well."""
        log = self.work / "serve.log"
        code, said = self.shell.run(f"{command} >{shlex.quote(str(log))} 2>&1 & echo $!")
        pid = int(said.split()[-1])
        self.servers[pid] = command
        url = SERVERS[command].format(listen=self.listen)
        for _ in range(200):
            try:
                with urllib.request.urlopen(url, timeout=5) as answer:
                    return code if answer.status == 200 else 1, ""
            except OSError:
                time.sleep(0.05)
        return 1, log.read_text()

    def end_servers(self):
        for pid, command in self.servers.items():
            code, _ = self.shell.run(f"kill -TERM {pid} && wait {pid}")
            print(f"  {'ok' if code == 0 else 'FAILED'}: {command} was asked to end, and ended with {code}", flush=True)
            self.failed += code != 0
        self.servers = {}


def short(command):
    line = " ".join(command.split())
    return line if len(line) <= 70 else line[:69] + "…"


def main(program, work):
    project = Path.cwd()
    for name in ("home", "project", "pages", "installed"):
        shutil.rmtree(work / name, ignore_errors=True)
        (work / name).mkdir(parents=True)
    a_clone_of(project, work / "project")
    world = World(program)
    try:
        settings = environment(work, work / "home", work / "project", world)
        shell = Shell(work / "home", settings)
        reader = Reader(work, world, shell, settings["LISTEN"])
        try:
            for document in DOCUMENTS:
                print(document, flush=True)
                reader.read(document, (project / document).read_text())
        finally:
            shell.end()
    finally:
        told = world.end()
    unused = [begins for at, (begins, _) in enumerate(NOT_FOLLOWED) if at not in reader.used]
    print(f"{reader.followed} commands followed, {reader.left} not, {reader.failed} failed; ", end="")
    print(f"Slack was told {len(told['slack'])} times, Feishu {len(told['feishu'])} times")
    # Exit codes alone would not show that a bell rang.
    for what, found in [
        ("a test notice in Slack", "The bell rings here" in told["slack"]),
        ("a broken package in Slack", any("broke" in title for title in told["slack"])),
        ("an opened issue in Slack", any("opened" in title for title in told["slack"])),
        ("a broken package in Feishu", any("broke" in title for title in told["feishu"])),
    ]:
        if not (found or reader.failed):
            print(f"nobody was told of {what}: {told}")
            reader.failed += 1
    for begins in unused:
        print(f"no command begins like {begins}: take it out of NOT_FOLLOWED")
    return 1 if reader.failed or unused else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2])))
