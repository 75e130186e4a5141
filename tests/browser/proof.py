"""Proves that the page of `copperbell report` is shown as it is meant. Its arguments: the program, and where to work."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from history import History
from webdriver import Browser

MEASURE = (Path(__file__).parent / "measure.js").read_text()

WIDTHS = (360, 768, 1440)


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
            for width in WIDTHS:
                grounds = set()
                for scheme in ("light", "dark"):
                    browser.show(path.as_uri(), width, scheme)
                    shown = browser.run(MEASURE)
                    console, asked = browser.logged()
                    where = f"{name} at {width}, {scheme}"
                    assert not shown["wrong"], f"{where}: {shown['wrong']}"
                    assert shown["width"] == width and shown["texts"] > 10, f"{where}: {shown}"
                    assert shown["charts"] == charts[name], f"{where}: {shown}"
                    assert not console, f"{where}: {console}"
                    others = {url for url in asked if not url.startswith("data:")} - {path.as_uri()}
                    assert asked and not others, f"{where}: {others}"
                    grounds.add(shown["ground"])
                    browser.picture(home / f"{name}-{width}-{scheme}.png")
                    print(f"{where}: {shown['texts']} texts, least contrast {shown['least']:.2f}")
                assert len(grounds) == 2, f"{name}: the same by day and by night"
            browser.show(path.as_uri(), 1_000, "dark", media="print")
            assert browser.run(MEASURE)["ground"] == "rgb(255, 255, 255)", f"{name}: printed on a coloured ground"
            browser.pdf(home / f"{name}.pdf")


main(Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve())
