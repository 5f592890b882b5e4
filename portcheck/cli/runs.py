"""A run by what the user calls it: a file, its number in the history, or `last`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from portcheck.cli.streams import say
from portcheck.config import ConfigError

if TYPE_CHECKING:
    import sqlite3

    from portcheck.model import Report

LAST = "last"
RUN = "a file, a number of the history, or last"
T = TypeVar("T")


def found(word: str) -> Report:
    """The report in this file, of several places too, or of this run. A file that is there comes first. ConfigError."""
    if is_run(word) and not _is_file(word):
        return of_history(word)
    from portcheck.merge import reading
    from portcheck.report.to_json import StoreError

    try:
        return reading.whole(Path(word))
    except StoreError as error:
        raise ConfigError(str(error)) from None


def is_run(word: str) -> bool:
    return word == LAST or (word.isascii() and word.isdigit() and len(word) <= 18)


def _is_file(word: str) -> bool:
    try:
        return Path(word).exists()
    except (OSError, ValueError):  # longer than a name may be, or a NUL in it
        return False


def of_history(word: str) -> Report:
    """The report of a run by its number, or of the newest."""
    from portcheck.history import runs
    from portcheck.history.state_dir import database_file

    if not is_run(word):
        raise ConfigError(f"{word!r} is no run; give a number that portcheck history lists, or last")
    report = work(lambda database: runs.report_of(database, None if word == LAST else int(word)))
    if report is None:
        what = "no run is kept" if word == LAST else f"run {word} is not kept"
        raise ConfigError(f"{what} in {database_file()} (portcheck history lists what is)")
    return report


def last() -> Report | None:
    """The newest run; None where none is kept."""
    from portcheck.history import runs

    return work(lambda database: runs.report_of(database, None))


def work(do: Callable[[sqlite3.Connection], T]) -> T | None:
    """In the history's database; None where there is none."""
    from portcheck.history.database import HistoryError, work_here
    from portcheck.report.to_json import StoreError

    said: list[str] = []
    try:
        return work_here(do, said, create=False)
    except (HistoryError, StoreError) as error:
        raise ConfigError(str(error)) from None
    finally:
        for line in said:
            say(line)
