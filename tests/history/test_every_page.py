"""Each page of the history damaged in turn: nothing falls over, and the run that is kept after it is there."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from factories import check, outcome, report

from portcheck.cli.app import run
from portcheck.history import runs, timeline
from portcheck.history.database import HistoryError, work
from portcheck.model import Report, State
from portcheck.report.to_json import StoreError

PLAN, EARLIER, PAGE = "plan", 6, 4096
Damage = Callable[[bytes], bytes]

DAMAGES: dict[str, Damage] = {
    "zeros": lambda page: bytes(len(page)),
    "noise": lambda page: b"\xa5" * len(page),
    "its head": lambda page: b"\xff" * 12 + page[12:],
    "its middle": lambda page: page[:2000] + b"\x00\xff" * 50 + page[2100:],
    "its last bytes": lambda page: page[:-300] + b"\x80" * 300,
    "a bit": lambda page: page[:3] + bytes([page[3] ^ 4]) + page[4:],
}


def nth(number: int) -> Report:
    """Runs that differ, and take some space."""
    states = list(State)
    seen = [
        outcome(check("ldap/tcp", f"dc{host}.alpha.test"), states[(host * number) % len(states)]) for host in range(30)
    ]
    return report(*seen, started=f"2026-11-22T21:{number:02}:00.000Z")


def kept(file: Path, number: int, said: list[str]) -> None:
    """As a check does it: held against the last one, and added."""

    def do(database: sqlite3.Connection) -> None:
        runs.base_of(database, PLAN)
        runs.keep(database, nth(number), PLAN, "a plan", 1000, 90)

    try:
        work(file, do, said, create=True)
    except StoreError:  # the last run cannot be read, which is a line; the new one is kept without it
        work(file, lambda one: runs.keep(one, nth(number), PLAN, "a plan", 1000, 90), said, create=True)


def newest(file: Path, said: list[str]) -> Report | None:
    return work(file, lambda one: runs.report_of(one, None), said, create=False)


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    file = tmp_path_factory.mktemp("sound") / "history.db"
    said: list[str] = []
    for number in range(EARLIER):
        kept(file, number, said)
    assert said == []
    content = file.read_bytes()
    assert len(content) // PAGE > EARLIER
    return content


@pytest.mark.parametrize("damage", DAMAGES)
def test_whatever_page_is_damaged_the_next_run_is_kept(
    damage: str, sound: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    moved = 0
    for at in range(0, len(sound), PAGE):
        folder = tmp_path / f"{at}"
        folder.mkdir(mode=0o700)
        file, said = folder / "history.db", list[str]()
        file.write_bytes(sound[:at] + DAMAGES[damage](sound[at : at + PAGE]) + sound[at + PAGE :])
        file.chmod(0o600)
        kept(file, EARLIER, said)
        found = newest(file, said)
        assert found is not None, at
        assert found.started == nth(EARLIER).started, at
        aside = list(folder.glob("history.db.damaged-*"))
        assert len(aside) == len(said) <= 1, (at, said)
        assert all("is damaged" in line for line in said)
        moved += len(aside)
        read_all(file)
        monkeypatch.setenv("PORTCHECK_STATE_DIR", str(folder))
        assert run(["history"]) == 0, at
        assert "Traceback" not in capsys.readouterr().err
    assert moved


def read_all(file: Path) -> None:
    """What can be read is read; what cannot is the history's own error, and no other."""

    def do(database: sqlite3.Connection) -> None:
        rows = runs.runs(database)
        timeline.courses(database, PLAN, rows)
        for row in rows:
            try:
                runs.report_of(database, row.id)
            except StoreError:
                continue

    with suppress(HistoryError):
        work(file, do, [], create=False)
