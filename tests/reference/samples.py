"""The README's samples, printed by the program itself from runs that the lab recorded (tests/diagnose/runs).

An account, the cloud behind a proxy, a listener and three places: recorded beside (tests/lab/recording.py).
A block stands between `<!-- sample NAME -->` and `<!-- end sample -->`; `python -m tests.reference.make` writes it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

RUNS = Path(__file__).parents[1] / "diagnose" / "runs"
RECORDED = Path(__file__).parent / "recorded"
BLOCK = re.compile(r"(<!-- sample (?P<name>[a-z-]+) -->\n```\n)(?P<text>.*?)(```\n<!-- end sample -->)", re.DOTALL)


def _run(name: str):  # type: ignore[no-untyped-def]
    from portcheck.report import to_json
    from portcheck.run.runner import explained

    return explained(to_json.load(RUNS / f"{name}.json"))


def screen() -> str:
    """The founding case whole."""
    from portcheck.render import FORMATS
    from portcheck.render.shared.options import Options

    return FORMATS["table"](_run("founding"), Options())


def by_ear() -> str:
    """The first lines of `--accessible`."""
    from portcheck.render import FORMATS
    from portcheck.render.shared.options import Options

    return "".join(FORMATS["table"](_run("founding"), Options(accessible=True)).splitlines(keepends=True)[:6])


def difference() -> str:
    """The rules were opened between two runs."""
    from portcheck.render import diff
    from portcheck.render.shared.options import Options
    from portcheck.report.compare import compare

    before, after = _run("founding"), _run("healthy")
    return diff.render(before, after, compare(before, after), Options(), ())


def watch() -> str:
    """What a watch says when the rule is opened: the lines of two rounds."""
    from portcheck.render.live import watching
    from portcheck.render.shared.layout import to_string
    from portcheck.render.shared.options import Options
    from portcheck.render.shared.times import clock, wall
    from portcheck.report.compare import compare

    before, after = _run("rejected-464"), _run("healthy")
    began = wall(before.started)
    assert began is not None
    first, second = (f"{at:%H:%M:%S}" for at in (began, began + timedelta(seconds=8)))
    options, changed = Options(), compare(before, after)
    words = f"{watching.counts(after)}; {watching.since_start(first, changed)}"
    zone = clock(before.started)[9:]
    lines = (
        *watching.line(first, f"{watching.counts(before)}; watching every 5 s, times are {zone}", options),
        *watching.found(first, before, options),
        *watching.line(first, watching.asking(before, 5), options),
        *watching.change_lines(second, after, changed, options),
        *watching.line(second, words, options),
        *watching.line(second, watching.asking(after, 5), options),
    )
    return to_string(lines, options)


def nagios() -> str:
    """The status line."""
    from portcheck.render import FORMATS
    from portcheck.render.shared.options import Options

    return FORMATS["nagios"](_run("founding"), Options()).splitlines()[0].partition(" | ")[0] + " | pass=44;;;0;51 …\n"


def request() -> str:
    """The table of rules."""
    from portcheck.render.request import FORMATS
    from portcheck.request import from_report
    from portcheck.request import ticket as making

    report = _run("founding")
    ticket = making.ticket(from_report.asked(report, report.outcomes), "a run")
    lines = FORMATS["markdown"](replace(ticket, made=report.started)).splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith("| rule"))
    return "".join(f"{line}\n" for line in lines[first : lines.index("", first)])


def asks() -> str:
    """The requests as data."""
    import json

    from portcheck.report.asks import consolidated
    from portcheck.report.to_json import ask_to_json

    rows = (ask_to_json(ask) for ask in consolidated(_run("founding")))
    told = ({key: row[key] for key in ("of", "from", "to", "tcp", "udp", "for")} for row in rows)
    return ",\n".join(map(json.dumps, told)) + "\n"


def history() -> str:
    """Two runs kept, and what changed between them."""
    from portcheck.history import database, runs, timeline
    from portcheck.render import history
    from portcheck.render.shared.layout import to_string
    from portcheck.render.shared.options import Options

    kept = sorted((_run(name) for name in ("rejected-464", "healthy")), key=lambda run: run.started)

    with TemporaryDirectory() as folder, database.opened(Path(folder) / "runs.sqlite", create=True) as opened:
        for run in kept:
            runs.keep(opened, run, "lab", "alpha.test, bravo.test, charlie.test (mim)", 50, 36500)
        found = runs.runs(opened)
        plans = {"lab": (found, timeline.courses(opened, "lab", found))}
        return to_string(list(history.lines(plans, "", Options()))[2:], Options())


def listen() -> str:
    """What it said while a check came: how to ask, the first who came, and the end."""
    lines = (RECORDED / "listen.txt").read_text(encoding="utf-8").splitlines(keepends=True)
    asked = next(number for number, line in enumerate(lines) if line.startswith("On the other machine"))
    came = [number for number, line in enumerate(lines) if "→" in line]
    end = next(number for number, line in enumerate(lines) if "reached." in line)
    return "".join([*lines[asked : came[0] + 3], "…\n" if came[3:] else "", *lines[end:]])


def _leading(name: str) -> str:
    """The finding of a recorded run that comes first."""
    from portcheck.render.report.findings import alone
    from portcheck.render.shared.layout import to_string
    from portcheck.render.shared.options import Options
    from portcheck.report import to_json
    from portcheck.run.runner import explained

    report = explained(to_json.load(RECORDED / f"{name}.json"))
    return to_string(alone(report.findings[0], Options()), Options())


def account() -> str:
    """A wrong password."""
    return _leading("account")


def cloud() -> str:
    """A proxy that refuses one endpoint."""
    return _leading("cloud")


def places() -> str:
    """What works from two places and not from a third, compared anew."""
    from portcheck.merge.findings import Wanted, explained
    from portcheck.merge.gather import gathered
    from portcheck.merge.lean import LeanReader
    from portcheck.merge.reading import read
    from portcheck.render.merged import table
    from portcheck.render.shared.layout import to_string
    from portcheck.render.shared.options import Options

    found = explained(gathered(read(RECORDED / "places.json", LeanReader())), Wanted())
    lines = [str(line) for line in table.lines(found, Options(quiet=True))][1:]
    return to_string(lines, Options())


SAMPLES: Mapping[str, Callable[[], str]] = {
    "screen": screen,
    "by-ear": by_ear,
    "diff": difference,
    "watch": watch,
    "nagios": nagios,
    "request": request,
    "asks": asks,
    "history": history,
    "listen": listen,
    "places": places,
    "cloud": cloud,
    "account": account,
}


def filled(readme: str) -> str:
    """The README with its samples as they ought to be now; times in UTC, wherever it is made."""
    import time

    before = os.environ.get("TZ")
    os.environ["TZ"] = "UTC"
    time.tzset()
    try:
        return BLOCK.sub(lambda found: f"{found[1]}{SAMPLES[found['name']]()}{found[4]}", readme)
    finally:
        os.environ.pop("TZ") if before is None else os.environ.update(TZ=before)
        time.tzset()
