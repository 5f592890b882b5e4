"""`--accessible` of every command: the conclusion first, what fails next, nothing drawn, aligned or said twice.

Each row is a command as it is typed; its twin without the flag shows that there was something to speak.
"""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import pytest
from merge.places import place, saw
from render.situations import SITUATIONS

from portcheck.cli.app import run
from portcheck.exitcodes import OWN, PLUGIN
from portcheck.history import runs
from portcheck.history.database import work_here
from portcheck.render.report.findings import FEW_WORDS
from portcheck.report import to_json

DRAWN = re.compile(r"[│┃─━┌└├╭╰═║✔✖→▸·×\x1b]|\S  +\S|^ ", re.MULTILINE)
DOUBLED = re.compile(r"\b(\w{4,}) \1\b")
ROOT = Path(__file__).parents[2]
TICKET = "FIREWALL CHANGE REQUEST."
ERROR = "kerberos-no-logon-server"


@dataclass(frozen=True, slots=True)
class Spoken:
    """A command, what its first line says, and what comes after that in this order."""

    words: str
    first: str
    then: tuple[str, ...] = ()
    code: int = 0
    drawn: bool = True  # without the flag there are columns
    ends: bool = True  # each line is a sentence


ROWS = {
    "check": Spoken("check 127.0.0.1 --only ldap --no-trace", "127.0.0.1", ("What to ask for",), 1),
    "config check": Spoken("config check -c forests.toml", "forests.toml: good, 1 forest", drawn=False, ends=False),
    "config show": Spoken(
        "config show -c forests.toml", "file: forests.toml.", ("forest alpha.test:", "dns: 127", "profiles known:")
    ),
    "demo": Spoken("demo", "Forest ", ("What to ask for", "Fault:", "These forests are made up", "contoso.com: your")),
    "diff": Spoken("diff well.json broken.json", "Forest alpha.test: ", ("Finding appeared", "kpasswd", "From "), 1),
    "diff of the same": Spoken("diff well.json well.json", "nothing changed: ", ("From ",)),
    "discover": Spoken(
        "discover alpha.test --dns 127.0.0.1:1",
        "Forest alpha.test has faults.", ("What to ask for", "Fault:", "_ldap._tcp"), 1, drawn=False,
    ),
    "explain": Spoken(f"explain {ERROR}", f"{ERROR} (", ("Means: ", "What can cause it", "1. kpasswd (464/tcp")),
    "explain all": Spoken("explain", "", (f"{ERROR}: ",)),
    "explain a run": Spoken("explain --report broken.json", "Forest alpha.test has faults.", ("Fault:",)),
    "explain by a run": Spoken(
        f"explain {ERROR} --report broken.json",
        f"{ERROR}: its cause shows in this run.",
        ("Holds here: kpasswd", "Ruled out: ", "Means: ", "Forest alpha.test"),
    ),
    "explain a log": Spoken("explain --log some.log", "some.log: 1 of 1 records", (f"{ERROR} (", "Perhaps: kpasswd")),
    "explain what nobody knows": Spoken("explain zzzunknown", "No catalogued error in", ("All that",), 1, drawn=False),
    "help": Spoken("help kpasswd-blocked", "kpasswd-blocked (portcheck: finding).", ("Users see: ",)),
    "history": Spoken(
        "history", "Plan p: 2 runs, the newest not as expected.", ("kpasswd 464/tcp", "Run 2, ", "Run 1, ")
    ),
    "history of one": Spoken("history last", "Forest alpha.test has faults.", ("Fault:",)),
    "listen": Spoken(
        "listen --bind 127.0.0.1 --only kerberos --ports-from 31000 --for 100ms",
        "portcheck listen: proves paths", ("Open: kerberos ", "On the other machine", "0 of "), 1, ends=False,
    ),
    "merge": Spoken(
        "merge a.json b.json",
        "Forest alpha.test: not as expected.",
        ("Fault: alpha.test: kpasswd 464/tcp of dc1: works from a, not from b.", "fault from b", "compared 2 places"),
        1,
    ),
    "plan": Spoken("plan -c forests.toml", "Nothing was sent. In all ", ("In alpha.test, ",)),
    "report": Spoken("report broken.json", "Forest alpha.test has faults.", ("What to ask for", "Fault:")),
    "report of a run that is well": Spoken("report well.json", "Forest alpha.test: all well"),
    "request": Spoken("request broken.json", TICKET, ("Allow ", "Impact: ", "R1.", "Ports: tcp 464")),
    "request of nothing": Spoken("request well.json", TICKET, ("Nothing is asked for.", "No path"), drawn=False),
    "sid": Spoken("sid S-1-5-32-544", "string: S-1-5-32-544", ("LDAP filter: ",), ends=False),
    "watch": Spoken("watch -c open.toml --only tcp --until ok --no-trace", ": 1 of 1", ("all well",)),
}  # fmt: skip
DRAW_NOTHING = {
    "config init": "writes a file for a program",
    "schedule": "writes files for programs",
    "serve": "has pages, and a line for each event",
    "ui": "is a screen for eyes: it names report and check, which say what it shows",
}
HELPS = tuple(name for name in OWN if name != PLUGIN)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("PORTCHECK_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.delenv("PORTCHECK_ACCESSIBLE", raising=False)
    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "forests.toml").write_text(
        '[[forest]]\nname = "alpha.test"\ndns = ["127.0.0.1:1"]\ndiscover = false\n'
        'domain_controllers = [{ host = "dc1.alpha.test", address = "127.0.0.1" }]\n',
        encoding="utf-8",
    )
    (tmp_path / "some.log").write_text(f"2026-11-28 12:00:01 export failed: {ERROR}\n", encoding="utf-8")
    well = SITUATIONS["healthy"].build()
    broken = _broken()
    for number, (name, one) in enumerate((("well", well), ("broken", broken))):
        to_json.save(tmp_path / f"{name}.json", one)
        at = replace(one, started=f"2026-11-28T1{number}:00:00.000Z")
        work_here(partial(runs.keep, report=at, plan="p", label="p", keep_runs=9, days=9), [], create=True)
    seen = {"a": saw("kpasswd/tcp", "ok"), "b": saw("kpasswd/tcp", "filtered", "10.0.9.1")}
    for number, (name, outcome) in enumerate(seen.items(), 1):
        to_json.save(tmp_path / f"{name}.json", place(name, outcome, saw("ldap/tcp", "ok"), number=number))
    with socket.create_server(("127.0.0.1", 0)) as server:
        (tmp_path / "open.toml").write_text(
            '[[forest]]\nname = "alpha.test"\ndiscover = false\n'
            'domain_controllers = [{ host = "dc1.alpha.test", address = "127.0.0.1" }]\n'
            f'[[forest.extra]]\nname = "pcns"\nport = {server.getsockname()[1]}\n',
            encoding="utf-8",
        )
        yield tmp_path


def _broken():  # type: ignore[no-untyped-def]
    """The healthy forest, 464 blocked."""
    from render.situations import ALPHA, dark, forest, of
    from render.situations import run as judged

    return judged((forest("alpha.test", [ALPHA]), of(ALPHA, dark("kpasswd/tcp", "kpasswd/udp"))))


def said(row: Spoken, capsys: pytest.CaptureFixture[str], *flags: str) -> str:
    words = [*row.words.split(), *flags]
    if words[0] == "listen":  # it gives root's rights away: not those of the tests
        command, kept = [sys.executable, "-m", "portcheck", *words], os.environ | {"PYTHONPATH": str(ROOT)}
        one = subprocess.run(command, capture_output=True, text=True, check=False, env=kept)
        assert one.returncode == row.code
        return one.stdout
    capsys.readouterr()
    assert run(words) == row.code
    told = capsys.readouterr()
    return told.out or told.err


def test_every_command_is_spoken_or_draws_nothing() -> None:
    named = {row.words.partition(" ")[0] for row in ROWS.values()}
    groups = {"config check", "config show"}
    assert groups <= ROWS.keys()
    assert {*named, *groups, *DRAW_NOTHING} - {"config"} == {*HELPS}


@pytest.mark.parametrize("name", ROWS)
def test_it_is_heard_without_columns_the_conclusion_first(
    name: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    row = ROWS[name]
    text = said(row, capsys, "--accessible")
    lines = text.splitlines()
    assert row.first in lines[0], text
    places = [next((n for n, line in enumerate(lines) if words in line), -1) for words in row.then]
    assert -1 not in places, (dict(zip(row.then, places, strict=True)), text)
    assert places == sorted(places), text
    assert [line for line in lines if DRAWN.search(line)] == []
    assert [line for line in lines if DOUBLED.search(line)] == []
    whole = [line for line in lines if len(line.split()) >= FEW_WORDS]
    assert len(set(whole)) == len(whole), text
    if row.ends:
        assert [line for line in lines if not line.endswith((".", ":", "?", "!"))] == []


@pytest.mark.parametrize("name", [name for name, row in ROWS.items() if row.drawn])
def test_without_it_there_are_columns(name: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert DRAWN.search(said(ROWS[name], capsys))


@pytest.mark.parametrize("name", HELPS)
def test_no_help_is_drawn_in_boxes(name: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for flags, boxed in ((["--accessible"], False), ([], True)):
        capsys.readouterr()
        assert run([*name.split(), "--help", *flags]) == 0
        text = capsys.readouterr().out
        assert "Usage: portcheck" in text
        assert bool(re.search(r"[│─╭╰]", text)) is boxed
