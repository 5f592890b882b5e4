"""`portcheck history`: the runs kept on this machine, and when each check changed; one run again by its number."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from portcheck.cli.output import screen_options
from portcheck.cli.streams import say, show
from portcheck.config import ConfigError
from portcheck.model import Report

if TYPE_CHECKING:
    import sqlite3

    from portcheck.render.history import Plans

Number = Annotated[str | None, typer.Argument(metavar="[RUN]", help="Show this run again; `last` is the newest.")]
Json = Annotated[bool, typer.Option("--json", help="Machine-readable; of one run: its report.")]
Verbose = Annotated[
    int, typer.Option("-v", "--verbose", count=True, help="All runs and checks; the evidence of a run.")
]
NoColor = Annotated[bool, typer.Option("--no-color", help="No colours (also by NO_COLOR).")]
Accessible = Annotated[bool, typer.Option("--accessible", help="Sentences, for screen readers.")]
LAST = "last"
T = TypeVar("T")


def history(
    number: Number = None,
    as_json: Json = False,  # noqa: FBT002 - flags
    verbose: Verbose = 0,
    no_color: NoColor = False,  # noqa: FBT002
    accessible: Accessible = False,  # noqa: FBT002
) -> int:
    """Show earlier runs, and per forest and check when it last changed."""
    from portcheck.history.state_dir import database_file
    from portcheck.render import FORMATS
    from portcheck.render import history as past
    from portcheck.report.to_json import dumps

    screen = screen_options(no_color=no_color, verbose=verbose, quiet=False, accessible=accessible)
    if number is not None:
        show(FORMATS["json" if as_json else "table"](_shown(number), screen))
    elif as_json:
        show(dumps(past.as_json(everything())))
    else:
        plans = everything()
        if not plans:
            typer.echo(f"No runs are kept yet in {database_file()}; portcheck check keeps them.")
        else:
            show(past.render(plans, str(database_file()), screen))
    return 0


def everything() -> Plans:
    """All plans, the one that was run last at the end."""
    from portcheck.history import runs, timeline

    def read(database: sqlite3.Connection) -> Plans:
        kept = runs.runs(database)
        names = dict.fromkeys(run.plan for run in reversed(kept))
        return {
            plan: (tuple(run for run in kept if run.plan == plan), timeline.courses(database, plan, kept))
            for plan in reversed(names)
        }

    return _read(read) or {}


def _shown(word: str) -> Report:
    return named(word) if Path(word).is_file() else run(word)


def named(word: str) -> Report:
    """The report in this file, of several places too, or of this run. A file that is there comes first."""
    from portcheck.merge import reading
    from portcheck.report.to_json import StoreError

    if is_run(word) and not Path(word).exists():
        return run(word)
    try:
        return reading.whole(Path(word))
    except StoreError as error:
        raise ConfigError(str(error)) from None


def is_run(word: str) -> bool:
    return word == LAST or (word.isascii() and word.isdigit() and len(word) <= 18)


def run(word: str) -> Report:
    """The report of a run by its number, or of the newest."""
    from portcheck.history import runs
    from portcheck.history.state_dir import database_file

    if not is_run(word):
        raise ConfigError(f"{word!r} is no run; give a number that portcheck history lists, or last")
    found = _read(lambda database: runs.report_of(database, None if word == LAST else int(word)))
    if found is None:
        what = "no run is kept" if word == LAST else f"run {word} is not kept"
        raise ConfigError(f"{what} in {database_file()} (portcheck history lists what is)")
    return found


def _read(do: Callable[[sqlite3.Connection], T]) -> T | None:
    from portcheck.history.database import HistoryError, work_here
    from portcheck.report.to_json import StoreError

    try:
        return work_here(do, say, create=False)
    except (HistoryError, StoreError) as error:
        raise ConfigError(str(error)) from None
