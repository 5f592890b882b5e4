"""Keeping a run, finding earlier ones, and forgetting the oldest."""

from __future__ import annotations

import io
import sqlite3
import zlib
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

from portcheck.frozen import dataclass
from portcheck.history.database import transaction
from portcheck.model import Comparison, Outcome, Report, Verdict
from portcheck.report import by_line
from portcheck.report.compare import compare, complete, keyed
from portcheck.report.from_json import read_outcome
from portcheck.report.held import pieces
from portcheck.report.to_json import MAX_BYTES, StoreError, document

A_PIECE = 2**18  # bytes that are unpacked at once
QUICK = 3  # zlib's level: half of the time, and a quarter more bytes
LONGEST_STEP = timedelta(days=31)
MOST_BYTES = 512 * 2**20
"""All reports together; beyond it the oldest go, but for the newest of each plan."""


@dataclass(frozen=True, slots=True)
class Base:
    """The run that a new one of its plan is measured against."""

    id: int
    report: Report


@dataclass(frozen=True, slots=True)
class Kept:
    """A run in the list."""

    id: int
    plan: str
    label: str
    host: str
    started: str
    duration_s: float
    exit_code: int
    complete: bool
    checks: int  # without those that were not asked
    passed: int
    findings: tuple[str, ...]


COLUMNS = "id, plan, label, host, started, duration_s, exit_code, complete, checks, passed, findings"


def runs(database: sqlite3.Connection) -> tuple[Kept, ...]:
    """All that are kept, oldest first."""
    rows = database.execute(f"SELECT {COLUMNS} FROM run ORDER BY id")  # noqa: S608 - our own column names
    return tuple(
        Kept(id_, plan, label, host, started, took, code, bool(done), checks, passed, tuple(str(findings).split()))
        for id_, plan, label, host, started, took, code, done, checks, passed, findings in rows
    )


def prove_writable(database: sqlite3.Connection) -> None:
    """Raises sqlite3.Error where nothing can be kept."""
    with transaction(database):
        database.execute("UPDATE run SET id = id WHERE id < 0")


def base_of(database: sqlite3.Connection, plan: str) -> Base | None:
    """The newest run of the plan that came to its end, without how things were seen. Raises StoreError where what was
    kept cannot be read."""
    row = database.execute("SELECT id, report FROM run WHERE plan = ? AND complete ORDER BY id DESC LIMIT 1", (plan,))
    found = row.fetchone()
    return None if found is None else Base(found[0], unpacked(found[1], by_line.read_lean))


def report_of(database: sqlite3.Connection, run: int | None) -> Report | None:
    """A run's report, the newest one's if None. Raises StoreError."""
    where, values = ("WHERE id = ?", (run,)) if run is not None else ("ORDER BY id DESC LIMIT 1", ())
    found = database.execute(f"SELECT report FROM run {where}", values).fetchone()  # noqa: S608 - no word of others
    return None if found is None else unpacked(found[0])


def packed(report: Report) -> bytes:
    """The report as JSON, compressed piece by piece: never whole in memory but for that."""
    packing = zlib.compressobj(QUICK)
    return b"".join([*(packing.compress(piece.encode()) for piece in pieces(report)), packing.flush()])


def unpacked(blob: object, read: by_line.Read = read_outcome) -> Report:
    """Its checks as `read` makes them, one after another. Raises StoreError."""
    raw = blob if isinstance(blob, bytes) else b""
    try:
        report = by_line.maybe(io.BufferedReader(_Unpacking(raw), A_PIECE), read, evidence=read is read_outcome)
        return report or by_line.whole(document(zlib.decompressobj().decompress(raw, MAX_BYTES)), read)
    except zlib.error as error:
        raise StoreError(f"a run in the history cannot be unpacked: {error}") from None


class _Unpacking(io.RawIOBase):
    """What is packed, unpacked as it is read; no more than a report may be long."""

    def __init__(self, packed_text: bytes) -> None:
        self._unpacking, self._packed, self._left = zlib.decompressobj(), packed_text, MAX_BYTES

    def readable(self) -> bool:
        return True

    def readinto(self, room: memoryview, /) -> int:  # type: ignore[override]  # the buffered reader's own
        told = self._unpacking.decompress(self._packed, max(1, min(len(room), self._left)))
        self._packed = self._unpacking.unconsumed_tail
        self._left -= len(told)
        if self._left < 0:
            return 0
        room[: len(told)] = told
        return len(told)


def keep(database: sqlite3.Connection, report: Report, plan: str, label: str, keep_runs: int, days: int) -> int:
    """Add the run and what changed with it, drop what is too old; all of it or nothing. The run's number."""
    blob = packed(report)  # before the lock: others may be waiting
    base = _readable_base(database, plan) if complete(report) else None
    with transaction(database):
        if complete(report) and _newest(database, plan) != (base.id if base else None):
            base = _readable_base(database, plan)  # a run beside this one was faster
        run = _insert(database, report, plan, label, blob)
        if complete(report):
            _note_changes(database, report, plan, run, base)
        _forget(database, keep_runs, days)
    return run


def _readable_base(database: sqlite3.Connection, plan: str) -> Base | None:
    try:
        return base_of(database, plan)
    except StoreError:
        return None


def _newest(database: sqlite3.Connection, plan: str) -> int | None:
    (found,) = database.execute("SELECT max(id) FROM run WHERE plan = ? AND complete", (plan,)).fetchone()
    return None if found is None else int(found)


def _insert(database: sqlite3.Connection, report: Report, plan: str, label: str, blob: bytes) -> int:
    passed = sum(outcome.verdict is Verdict.PASS for outcome in report.outcomes)
    asked = sum(outcome.verdict is not Verdict.SKIP for outcome in report.outcomes)
    codes = " ".join(dict.fromkeys(finding.code for finding in report.findings if finding.severity != "info"))
    row = (plan, label, report.vantage.called, report.started, report.duration_s, report.exit_code, complete(report))
    cursor = database.execute(
        "INSERT INTO run (plan, label, host, started, duration_s, exit_code, complete, checks, passed, findings,"
        " report) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (*map(_storable, row), asked, passed, _storable(codes), blob),
    )
    assert cursor.lastrowid is not None
    return cursor.lastrowid


def _storable(value: object) -> object:
    """SQLite takes no lone surrogates, which a name that is no UTF-8 may hold."""
    if not isinstance(value, str) or value.isascii():
        return value
    return value.encode("utf-8", "backslashreplace").decode()


def _note_changes(database: sqlite3.Connection, report: Report, plan: str, run: int, base: Base | None) -> None:
    """A row a check on the plan's first run, later one a change: enough to tell each check's state at any run."""
    if base is None:
        rows = _first_rows(keyed(report.outcomes, ()))
    else:
        rows = _changed_rows(compare(base.report, report), base.report, report)
    database.executemany(
        "INSERT OR REPLACE INTO change (plan, run, at, key, first, id, state, verdict, state_before, verdict_before)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (tuple(map(_storable, (plan, run, report.started, *row))) for row in rows),
    )


def _first_rows(outcomes: dict[str, Outcome]) -> Iterator[tuple[object, ...]]:
    for key, outcome in outcomes.items():
        yield key, 1, outcome.check.id, outcome.state.value, outcome.verdict.value, None, None


def _changed_rows(compared: Comparison, before: Report, after: Report) -> Iterator[tuple[object, ...]]:
    keys = _keys(keyed(before.outcomes, after.outcomes)) | _keys(keyed(after.outcomes, before.outcomes))
    for change in compared.changes:
        states = (change.after, change.verdict_after, change.before, change.verdict_before)
        yield keys[change.check], 0, change.check, *states


def _keys(outcomes: dict[str, Outcome]) -> dict[str, str]:
    return {outcome.check.id: key for key, outcome in outcomes.items()}


def _forget(database: sqlite3.Connection, keep_runs: int, days: int) -> None:
    """The oldest beyond the number, the age and the space; of each plan the newest base stays, but for its age."""
    gone = [*_too_old(database.execute("SELECT id, started FROM run ORDER BY id DESC"), timedelta(days=days))]
    gone += _beyond(database, keep_runs)
    if not gone:
        return
    database.executemany("DELETE FROM run WHERE id = ?", ((id_,) for id_ in gone))
    # Of the changes that only runs now gone have seen, the last one tells where the others start.
    database.execute(
        "DELETE FROM change WHERE EXISTS (SELECT 1 FROM change AS later WHERE later.plan = change.plan"
        " AND later.key = change.key AND later.run > change.run"
        " AND later.run <= (SELECT min(id) FROM run WHERE run.plan = change.plan))"
    )
    database.execute("DELETE FROM change WHERE plan NOT IN (SELECT plan FROM run)")


def _too_old(newest_first: Iterable[tuple[int, object]], most: timedelta) -> Iterator[int]:
    """By the time that went by between the runs themselves: a clock may be wrong now, or may have been wrong once.

    A step of more than a month, in either direction, is no time that went by.
    """
    age, later = timedelta(), None
    for id_, started in newest_first:
        at = _moment(started)
        if at is not None and later is not None and abs(later - at) <= LONGEST_STEP:
            age += later - at
        later = at or later
        if age > most:
            yield id_


def _moment(started: object) -> datetime | None:
    try:
        at = datetime.fromisoformat(str(started))
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _beyond(database: sqlite3.Connection, keep_runs: int) -> Iterable[int]:
    rows = database.execute(
        "SELECT id, row_number() OVER (PARTITION BY plan ORDER BY id DESC),"
        " sum(length(report)) OVER (ORDER BY id DESC),"
        " id = max(CASE WHEN complete THEN id END) OVER (PARTITION BY plan) FROM run"
    )
    for id_, number, size, is_base in rows.fetchall():
        if (number > keep_runs or size > MOST_BYTES) and not is_base:
            yield id_
