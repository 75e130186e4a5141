"""Proves that the pages of `copperbell report` and of `copperbell serve` are shown as they are meant. Its arguments: the
program, and where to work."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from history import History
from serving import BUSY, CALM, Serving
from webdriver import Browser

MEASURE = (Path(__file__).parent / "measure.js").read_text()

WIDTHS = (360, 768, 1440)
STATUS_WIDTHS = (380, 768, 1280)


def main(program, home):
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    pages = {}

    def report(name, records, *arguments):
        path = home / f"{name}.html"
        environment = {"SINK": f"sqlite:{home / records}", "STATE": str(home / "state.db"), "PATH": os.environ["PATH"]}
        command = [program, "report", "--format", "html", "--output", path, *arguments]
        subprocess.run(command, cwd=home, env=environment, check=True, timeout=300)
        pages[name] = path

    # The first report makes the file of records.
    report("empty", "empty.db")
    report("one", "one.db")
    history = History(home / "one.db")
    history.opened("acme/app", history.now - 3_600, "The first", "bug")
    history.end()
    report("one", "one.db")
    report("year", "records.db")
    history = History(home / "records.db")
    history.months(18, 1_200)
    history.hostile()
    print(f"{history.issues} issues, {history.deliveries} events")
    history.end()
    report("year", "records.db", "--since", "540d", "--by", "repository")
    report("quarter", "records.db")
    report("labels", "records.db", "--since", "365d", "--by", "label", "--repo", "acme/app")
    charts = {"empty": 0, "one": 2, "year": 4, "quarter": 4, "labels": 4}

    with (home / "chromedriver.log").open("w") as log, Browser(log) as browser:
        for name, path in pages.items():
            look(browser, home, name, path.as_uri(), WIDTHS, charts[name])
            browser.show(path.as_uri(), 1_000, "dark", media="print")
            assert browser.run(MEASURE)["ground"] == "rgb(255, 255, 255)", f"{name}: printed on a coloured ground"
            browser.pdf(home / f"{name}.pdf")
        # Nothing to say, nothing in the issues; and all at once.
        chats = {"/team": (200, "ok"), "/ops": (200, "ok")}
        with Serving(program, fresh(home / "calm"), CALM, chats) as serving:
            look(browser, home, "status-calm", serving.url, STATUS_WIDTHS, 0)
        chats = {"/team": (200, "ok"), "/ops": (404, "no_service"), "/wrong": (400, "invalid_payload")}
        records = f"sqlite:{home / 'records.db'}"
        with Serving(program, fresh(home / "busy"), BUSY, chats, "repo:acme/app:1", records) as serving:
            look(browser, home, "status-busy", serving.url, STATUS_WIDTHS, 4)


def fresh(path):
    path.mkdir()
    return path


def look(browser, home, name, url, widths, charts):
    """Shows a page by day and by night at each width, measures it, and takes its picture."""
    for width in widths:
        grounds = set()
        for scheme in ("light", "dark"):
            browser.show(url, width, scheme)
            shown = browser.run(MEASURE)
            console, asked = browser.logged()
            where = f"{name} at {width}, {scheme}"
            assert not shown["wrong"], f"{where}: {shown['wrong']}"
            assert shown["width"] == width and shown["texts"] > 10, f"{where}: {shown}"
            assert shown["charts"] == charts, f"{where}: {shown}"
            assert not console, f"{where}: {console}"
            others = {other for other in asked if not other.startswith("data:")} - {url, f"{url}style.css"}
            assert asked and not others, f"{where}: {others}"
            grounds.add(shown["ground"])
            browser.picture(home / f"{name}-{width}-{scheme}.png")
            print(f"{where}: {shown['texts']} texts, least contrast {shown['least']:.2f}")
        assert len(grounds) == 2, f"{name}: the same by day and by night"


main(Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve())
