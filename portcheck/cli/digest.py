"""`history --digest`: of a period, or of all since the digest before; noted as the last one when it has arrived."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import typer

from portcheck.automation import alerting
from portcheck.cli import output_texts, runs
from portcheck.cli.output import put
from portcheck.cli.selection import flagged
from portcheck.cli.streams import say, show
from portcheck.config import ConfigError, parse_duration
from portcheck.exitcodes import NOT_DONE, OK
from portcheck.frozen import dataclass
from portcheck.history import sent
from portcheck.history.database import transaction
from portcheck.history.digest import PlanDigest, digested
from portcheck.history.sent import LastDigest
from portcheck.model import utc
from portcheck.render.digest import FORMATS
from portcheck.render.digest.words import since

FIRST = "7d"
"""What the first digest that goes on from the one before is of: there is none before it."""


@dataclass(frozen=True, slots=True)
class _Period:
    """The plans, the words for their time, and what to note when it has arrived."""

    plans: tuple[PlanDigest, ...]
    span: str
    told: LastDigest | None = None  # None: of a period, which moves nothing


def made(
    context: typer.Context,
    period: str,
    formats: Sequence[str],
    files: Sequence[Path],
    notify_file: Path | None,
    *,
    notify: bool,
) -> int:
    """Written, and sent where that is wanted. Exit 3 where one of them failed."""
    wanted = output_texts.wishes(context, formats, files, FORMATS, "markdown")
    length = timedelta(seconds=flagged("--digest", parse_duration, FIRST if period == runs.LAST else period))
    notices = alerting.in_any_case(notify_file) if notify or notify_file else alerting.Notices()
    one = _since_last(length) if period == runs.LAST else _of(period, length)
    texts = [(wish, FORMATS[wish.name](one.plans, one.span)) for wish in wanted]
    written = [put(wish, text) for wish, text in texts if wish.path is not None]
    shown = [show(text, for_programs=True) for wish, text in texts if wish.path is None]
    troubles = tuple(notices.send(f"portcheck: {one.span}", FORMATS["markdown"](one.plans, one.span)))
    for trouble in troubles:
        say(trouble)
    good = all(written) and not troubles
    if one.told is not None and good and all(shown):
        good = _noted(one.told)
    return OK if good else NOT_DONE


def _of(period: str, length: timedelta) -> _Period:
    until = datetime.now(UTC)
    plans = runs.work(lambda database: digested(database, until - length, until)) or ()
    return _Period(plans, f"the last {period}")


def _since_last(length: timedelta) -> _Period:
    until = datetime.now(UTC)

    def read(database: sqlite3.Connection) -> _Period:
        with transaction(database, "BEGIN"):  # no run comes in between
            before = sent.last(database)
            plans = digested(database, until - length, until, None if before is None else before.run)
            told = sent.LastDigest(sent.newest(database), utc.written(until))
        return _Period(plans, f"the last {FIRST}" if before is None else since(before.at), told)

    return runs.work(read) or _Period((), f"the last {FIRST}")


def _noted(told: LastDigest) -> bool:
    try:
        runs.work(lambda database: sent.note(database, told))
    except ConfigError as error:
        say(f"{error}; the next digest begins where this one did")
        return False
    return True
