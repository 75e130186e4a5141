"""Sees that the documents are true where a program can tell: every link leads to a file that is kept, and to a heading where it
names one; every file and every test that is named is there; operations.md has every alarm of the stack."""

import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote

# `[words](to)`, `![a picture](of)`, and the same in HTML.
LINK = re.compile(r"""!?\[[^\]]*\]\(([^()\s]+)\)|<(?:a|img)\s[^>]*(?:href|src)="([^"]+)\"""")


# A file of ours, or a test, as it is named between backticks.
FILE = re.compile(r"(?:\.ci|bench|crates|docs|functions|fuzz|packaging|src|tests)/[\w./-]*\w")
# Made by whoever works, or standing for several.
KIND = re.compile(r"KIND|^target/|^fuzz/artifacts")
TEST = re.compile(r"[a-z]+(?:_[a-z0-9]+){4,}")


def kept():
    """The files of the project, new ones included."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"], check=True, capture_output=True, text=True
    )
    return {Path(name) for name in listed.stdout.splitlines() if Path(name).exists()}


def prose(path):
    """The lines of a document that are not code, numbered."""
    fence = None
    for number, line in enumerate(path.read_text().splitlines(), 1):
        mark = re.match(r"\s*(```+|~~~+)", line)
        if mark and fence is None:
            fence = mark[1]
        elif mark and mark[1].startswith(fence):
            fence = None
        elif fence is None:
            yield number, re.sub(r"`[^`]*`", lambda code: "`" * len(code[0]), line)


def anchors(path):
    """What GitHub calls the headings of a document."""
    names, seen = set(), {}
    for _, line in code_kept(path):
        heading = re.match(r"#{1,6}\s+(.*?)\s*#*$", line)
        if heading:
            text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading[1]).lower()
            name = re.sub(r"[^\w\- ]", "", text).replace(" ", "-")
            count = seen.get(name, 0)
            seen[name] = count + 1
            names.add(f"{name}-{count}" if count else name)
    return names


def code_kept(path):
    """As `prose`, with what is between backticks: it is a part of a heading's name."""
    lines = path.read_text().splitlines()
    return ((number, lines[number - 1]) for number, _ in prose(path))


def main():
    files = kept()
    folders = {parent for file in files for parent in file.parents}
    documents = sorted(file for file in files if file.suffix == ".md")
    tests = set()
    for file in files:
        if file.suffix == ".rs":
            tests.update(re.findall(r"\bfn (\w+)", file.read_text()))
    broken, count, named = [], 0, 0
    for document in documents:
        for number, line in code_kept(document):
            for code in re.findall(r"`([^`]+)`", line):
                if FILE.fullmatch(code) and not KIND.search(code):
                    named += 1
                    if not {Path(code), document.parent / code} & (files | folders):
                        broken.append(f"{document}:{number}: there is no {code}")
                elif TEST.fullmatch(code):
                    named += 1
                    if code not in tests:
                        broken.append(f"{document}:{number}: there is no test {code}")
        for number, line in prose(document):
            for found in LINK.finditer(line):
                to = found[1] or found[2]
                if re.match(r"[a-z][a-z0-9+.-]*:", to):
                    continue
                count += 1
                name, _, anchor = to.partition("#")
                target = document
                if name:
                    target = Path(*simplified(document.parent / unquote(name)))
                if target not in files and target not in folders:
                    broken.append(f"{document}:{number}: {to}: there is no {target}")
                elif anchor and (target.suffix != ".md" or anchor not in anchors(target)):
                    broken.append(f"{document}:{number}: {to}: {target} has no such heading")
    alarms = re.findall(r"^  (\w+):\n    Type: AWS::CloudWatch::Alarm$", Path("template.yaml").read_text(), re.M)
    assert alarms, "template.yaml has alarms"
    told = Path("docs/operations.md").read_text()
    broken += [f"docs/operations.md: what to do when {alarm} rings?" for alarm in alarms if f"`{alarm}`" not in told]
    for line in broken:
        print(line, file=sys.stderr)
    print(
        f"{len(documents)} documents: {count} links, {named} files and tests, {len(alarms)} alarms; "
        f"{len(broken)} of them lead nowhere"
    )
    return 1 if broken else 0


def simplified(path):
    """The parts of a path without `..`."""
    parts = []
    for part in path.parts:
        if part == "..":
            if not parts:
                return ("..", *path.parts)
            parts.pop()
        elif part != ".":
            parts.append(part)
    return parts


if __name__ == "__main__":
    sys.exit(main())
