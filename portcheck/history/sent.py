"""Where the last digest ended, so that the next one goes on there: one row, written when a digest has arrived.

It names the last run that was told of, not only the time: a run that was being done meanwhile began before the digest,
and is kept after it.
"""

from __future__ import annotations

import sqlite3

from portcheck.frozen import dataclass
from portcheck.history.database import transaction

TABLE = """CREATE TABLE IF NOT EXISTS digest (
    id INTEGER PRIMARY KEY CHECK (id = 1), run INTEGER NOT NULL, at TEXT NOT NULL
)"""


@dataclass(frozen=True, slots=True)
class LastDigest:
    """What the last digest came to."""

    run: int  # the newest it told of; those of a higher number are new
    at: str  # when it was made: UTC, ISO 8601


def last(database: sqlite3.Connection) -> LastDigest | None:
    """None: no digest was sent yet."""
    if database.execute("SELECT 1 FROM sqlite_master WHERE name = 'digest'").fetchone() is None:
        return None
    found = database.execute("SELECT run, at FROM digest").fetchone()
    return None if found is None else LastDigest(int(found[0]), str(found[1]))


def newest(database: sqlite3.Connection) -> int:
    """The highest number of a run so far, of one that was forgotten too; 0 where none was kept."""
    (found,) = database.execute("SELECT max(seq) FROM sqlite_sequence WHERE name = 'run'").fetchone()
    return int(found or 0)


def note(database: sqlite3.Connection, told: LastDigest) -> None:
    """It has arrived. Of two at once the one that told of more counts."""
    with transaction(database):
        database.execute(TABLE)
        database.execute(
            "INSERT INTO digest (id, run, at) VALUES (1, ?, ?) ON CONFLICT (id) DO UPDATE"
            " SET run = excluded.run, at = excluded.at WHERE excluded.run >= run",
            (told.run, told.at),
        )
