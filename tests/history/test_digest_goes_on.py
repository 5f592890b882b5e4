"""`history --digest last`: each goes on where the one before ended, and one that has not arrived counts as none."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from factories import outcome, report

from portcheck.automation import notify
from portcheck.cli import streams
from portcheck.cli.app import run
from portcheck.history import runs, sent
from portcheck.history.database import work
from portcheck.history.digest import digested
from portcheck.model import State

LAST = ["history", "--digest", "last"]
Keep = Callable[..., None]


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PORTCHECK_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("PORTCHECK_NOTIFY", "json://127.0.0.1:9/")
    return tmp_path / "state" / "history.db"


@pytest.fixture
def keep(state: Path) -> Keep:
    def kept(seen: str, ago: timedelta = timedelta()) -> None:
        started = (datetime.now(UTC) - ago).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        one = report(outcome("kpasswd/tcp", State(seen)), started=started)
        work(state, partial(runs.keep, report=one, plan="p", label="p", keep_runs=99, days=90), [], create=True)

    return kept


def test_each_tells_what_was_kept_since_the_one_before(keep: Keep, capsys: pytest.CaptureFixture[str]) -> None:
    keep("filtered", timedelta(days=8))  # beyond what the first one tells of
    keep("ok", timedelta(days=1))
    assert run(LAST) == 0
    first = capsys.readouterr().out
    assert first.startswith("# portcheck: the last 7d\n")
    assert "\n1 run, " in first
    keep("refused", timedelta(hours=2))  # begun before that digest, kept after it
    keep("refused")
    assert run(LAST) == 0
    second = capsys.readouterr().out
    assert second.startswith("# portcheck: since the digest of ")
    assert "\n2 runs, " in second
    assert "refused from" in second
    assert run(LAST) == 0
    assert "No run is kept of that time." in capsys.readouterr().out


def test_a_given_period_is_what_it_was_and_moves_nothing(keep: Keep, capsys: pytest.CaptureFixture[str]) -> None:
    keep("ok", timedelta(days=1))
    for _ in range(2):
        assert run(["history", "--digest", "2d"]) == 0
        assert "\n1 run, " in capsys.readouterr().out
    assert run(LAST) == 0
    assert capsys.readouterr().out.startswith("# portcheck: the last 7d\n")
    assert run(["history", "--digest", "2d"]) == 0
    assert "\n1 run, " in capsys.readouterr().out


@pytest.mark.parametrize("trouble", [(), ("notice 1 (json) was not delivered",)])
def test_a_notice_that_was_not_delivered_does_not_count(
    trouble: tuple[str, ...], keep: Keep, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    keep("ok", timedelta(days=1))
    monkeypatch.setattr(notify, "send", lambda *_: trouble)
    assert run([*LAST, "--notify"]) == (3 if trouble else 0)
    capsys.readouterr()
    monkeypatch.setattr(notify, "send", lambda *_: ())
    assert run([*LAST, "--notify"]) == 0
    assert ("\n1 run, " in capsys.readouterr().out) is bool(trouble)


@pytest.mark.parametrize("taken", [True, False])
def test_a_file_that_was_not_written_does_not_count(
    taken: bool,
    keep: Keep,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    keep("ok", timedelta(days=1))
    page = tmp_path / "digest.md"

    def emptied(path: Path, content: object) -> None:
        del path, content
        raise output.WriteError("the disk is full")

    from portcheck.cli import output

    with monkeypatch.context() as full:
        if not taken:
            full.setattr(output, "write_whole", emptied)
        assert run([*LAST, "-o", str(page)]) == (0 if taken else 3)
    capsys.readouterr()
    assert run(LAST) == 0
    assert ("\n1 run, " in capsys.readouterr().out) is not taken


def test_a_reader_who_has_left_has_not_got_it(
    keep: Keep, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    keep("ok", timedelta(days=1))

    class Gone:
        def writelines(self, _: object) -> None:
            raise BrokenPipeError

    with monkeypatch.context() as gone:
        gone.setattr(streams, "abandon", lambda: None)
        gone.setattr(streams.sys, "stdout", Gone())
        assert run(LAST) == 0
    assert run(LAST) == 0
    assert "\n1 run, " in capsys.readouterr().out


def test_of_two_at_once_the_one_that_told_of_more_counts(keep: Keep, state: Path) -> None:
    keep("ok")

    def noted(*numbers: int) -> int | None:
        def do(database: sqlite3.Connection) -> int | None:
            for number in numbers:
                sent.note(database, sent.LastDigest(number, "2026-11-28T12:00:00Z"))
            told = sent.last(database)
            return None if told is None else told.run

        return work(state, do, [], create=False)

    assert noted() is None
    assert noted(3, 2) == 3
    assert noted(5) == 5


def test_an_older_portcheck_reads_on(keep: Keep, state: Path) -> None:
    """The row is in a table of its own, and the version of the file is what it was."""
    keep("ok")
    assert run(LAST) == 0
    with sqlite3.connect(state) as database:
        assert database.execute("PRAGMA user_version").fetchone() == (1,)
        assert len(database.execute("SELECT * FROM digest").fetchall()) == 1
    database.close()


def test_runs_that_a_clock_ahead_has_dated_are_told_once(keep: Keep, state: Path) -> None:
    keep("ok", timedelta(days=1))
    assert run(LAST) == 0
    keep("ok", timedelta(days=-3))

    def told(database: sqlite3.Connection) -> list[int]:
        before = sent.last(database)
        assert before is not None
        now = datetime.now(UTC)
        return [plan.runs for plan in digested(database, now - timedelta(days=7), now, before.run)]

    assert work(state, told, [], create=False) == [1]
    assert run(LAST) == 0
    assert work(state, told, [], create=False) == []
