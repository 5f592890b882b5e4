"""The history's file: opened, given its tables, and moved aside when it is damaged. Errors are one line each."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from portcheck.files.reading import words
from portcheck.history.state_dir import database_file, made, trusted
from portcheck.report.to_json import StoreError

T = TypeVar("T")

APPLICATION = 0x70636872  # "pchr", in the file's header: https://www.sqlite.org/fileformat.html#application_id
VERSION = 1
PATIENCE_S = 10.0
"""How long a run waits for another that is writing."""
TABLES = """
CREATE TABLE run (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    plan TEXT NOT NULL, label TEXT NOT NULL, host TEXT NOT NULL,
    started TEXT NOT NULL, duration_s REAL NOT NULL,
    exit_code INTEGER NOT NULL, complete INTEGER NOT NULL,
    checks INTEGER NOT NULL, passed INTEGER NOT NULL, findings TEXT NOT NULL,
    report BLOB NOT NULL
);
CREATE INDEX run_plan ON run (plan, complete, id);
CREATE TABLE change (
    plan TEXT NOT NULL, key TEXT NOT NULL, run INTEGER NOT NULL, at TEXT NOT NULL, first INTEGER NOT NULL,
    id TEXT NOT NULL, state TEXT, verdict TEXT, state_before TEXT, verdict_before TEXT,
    PRIMARY KEY (plan, key, run)
) WITHOUT ROWID;
"""
DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


class HistoryError(Exception):
    """The history could not be read or written; one line for the user."""

    def __init__(self, words: str, *, full: bool = False) -> None:
        super().__init__(words)
        self.full = full  # the disk is


class DamageError(Exception):
    """SQLite finds nothing wrong, and what the file holds makes no sense."""


class UnmadeError(HistoryError):
    """There is a file with nothing in it: another run is about to make its tables."""


def work(path: Path, do: Callable[[sqlite3.Connection], T], said: list[str], *, create: bool) -> T | None:
    """Do something with the database; None where there is none and it is not to be made.

    A damaged file is moved aside, `said` gets a line of it, and the work begins again with a new one.
    Raises HistoryError.
    """
    try:
        try:
            return _once(path, do, create=create)
        except UnmadeError:
            return None
        except (sqlite3.Error, UnicodeDecodeError, DamageError) as error:
            if not is_damage(error):
                raise
            aside = moved_aside(path, sure=isinstance(error, DamageError))
            if aside is not None:
                said.append(f"{path} is damaged ({error}); it is kept as {aside.name}, and the history begins anew")
            return _once(path, do, create=create)
    except (sqlite3.Error, UnicodeDecodeError, DamageError) as error:
        raise HistoryError(f"{path}: {error}", full=_primary(error) == sqlite3.SQLITE_FULL) from None
    except OSError as error:
        raise HistoryError(f"{path}: {words(error)}", full=error.errno == errno.ENOSPC) from None


def work_here(do: Callable[[sqlite3.Connection], T], said: list[str], *, create: bool) -> T | None:
    """`work` with this user's own history."""
    try:
        path = database_file()
    except OSError as error:
        raise HistoryError(words(error)) from None
    return work(path, do, said, create=create)


def _once(path: Path, do: Callable[[sqlite3.Connection], T], *, create: bool) -> T | None:
    if create:
        made(path.parent)
    elif not path.exists():
        return None
    else:
        trusted(path.parent)
    with opened(path, create=create) as database:
        try:
            return do(database)
        except (AttributeError, LookupError, TypeError, ValueError, OverflowError) as error:
            if isinstance(error, StoreError):
                raise
            raise DamageError("what it holds makes no sense") from error


@contextmanager
def opened(path: Path, *, create: bool) -> Iterator[sqlite3.Connection]:
    """The connection, its tables checked. Raises sqlite3.Error, OSError and HistoryError."""
    if create and not path.exists():
        path.touch(mode=0o600)
    uri = f"{path.absolute().as_uri()}?mode=rw"
    with closing(sqlite3.connect(uri, uri=True, timeout=PATIENCE_S, isolation_level=None)) as database:
        database.text_factory = _text
        _check_tables(path, database, create=create)
        _require_whole_pages(path, database)
        yield database


def _text(raw: bytes) -> str:
    """Damage may leave sound pages with unsound text in them."""
    return raw.decode("utf-8", "replace")


def _require_whole_pages(path: Path, database: sqlite3.Connection) -> None:
    """SQLite takes what is missing of the last page for zeros."""
    with transaction(database, "BEGIN"):
        size = _number(database, "page_size")
        _tables(database)  # the lock is taken by the first reading
        if path.stat().st_size % size:
            raise DamageError("its last page is not whole")


def _check_tables(path: Path, database: sqlite3.Connection, *, create: bool) -> None:
    if create and _number(database, "user_version") == 0:
        with transaction(database):
            if _number(database, "user_version") == 0 and not _tables(database):  # another run may have been faster
                for statement in filter(str.strip, TABLES.split(";")):
                    database.execute(statement)
                database.execute(f"PRAGMA application_id = {APPLICATION}")
                database.execute(f"PRAGMA user_version = {VERSION}")
    with transaction(database, "BEGIN"):  # between two looks another run may make the tables
        version, application, tables = (
            _number(database, "user_version"),
            _number(database, "application_id"),
            _tables(database),
        )
    if application != APPLICATION and (version or tables):
        raise HistoryError(f"{path} is another program's database; it is left as it is")
    if version > VERSION:
        raise HistoryError(f"{path} was written by a newer portcheck; update this one")
    if version == 0:
        raise UnmadeError(f"{path} is empty")


def _number(database: sqlite3.Connection, name: str) -> int:
    (value,) = database.execute(f"PRAGMA {name}").fetchone()
    return int(value)


def _tables(database: sqlite3.Connection) -> int:
    (count,) = database.execute("SELECT count(*) FROM sqlite_master").fetchone()
    return int(count)


@contextmanager
def transaction(database: sqlite3.Connection, begin: str = "BEGIN IMMEDIATE") -> Iterator[None]:
    """Everything or nothing; from its first statement on nobody else writes."""
    database.execute(begin)
    try:
        yield
    except BaseException:
        if database.in_transaction:  # a full disk has ended it already
            database.execute("ROLLBACK")
        raise
    database.execute("COMMIT")


def is_damage(error: sqlite3.Error | UnicodeDecodeError | DamageError) -> bool:
    """A UnicodeDecodeError: SQLite's complaint about a damaged table cites the damage, and cannot be read itself."""
    if isinstance(error, UnicodeDecodeError | DamageError):
        return True
    return _primary(error) in DAMAGED or "Could not decode" in str(error)


def _primary(error: Exception) -> int | None:
    """SQLite's code: the low byte is the primary one."""
    code = getattr(error, "sqlite_errorcode", None)
    return code & 0xFF if isinstance(code, int) else None


def moved_aside(path: Path, *, sure: bool = False) -> Path | None:
    """Rename the file and its journal; None where another run was faster, and what is there now is sound."""
    from filelock import FileLock

    with FileLock(path.with_name(f"{path.name}.lock"), timeout=PATIENCE_S):
        if not sure and _is_sound(path):
            return None
        aside = path.with_name(f"{path.name}.damaged-{datetime.now(UTC).strftime('%Y%m%d-%H%M%S-%f')}")
        for ending in ("-journal", ""):
            part = path.with_name(path.name + ending)
            if part.exists():
                part.replace(aside.with_name(aside.name + ending))
    return aside


def _is_sound(path: Path) -> bool:
    try:
        with opened(path, create=False) as database:
            return bool(database.execute("PRAGMA integrity_check(1)").fetchone() == ("ok",))
    except HistoryError:
        return True
    except (sqlite3.Error, UnicodeDecodeError, DamageError):
        return False
