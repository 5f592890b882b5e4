"""`portcheck merge`: the reports of several places as one matrix, and what only the comparison tells."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from portcheck.cli import output_texts, runs
from portcheck.cli.check_flags import Accessible, NoColor, Outputs, Quiet, Verbose
from portcheck.cli.output import for_file, screen_options
from portcheck.cli.selection import flagged
from portcheck.cli.streams import say
from portcheck.config import ConfigError, FailOn, Settings, parse_duration, parse_vantage
from portcheck.merge import reading
from portcheck.merge.findings import Wanted, exit_code, explained
from portcheck.merge.gather import gathered
from portcheck.merge.one_place import as_one
from portcheck.merge.points import Merged
from portcheck.model import Report, Verdict
from portcheck.render.merged import FORMATS

Inputs = Annotated[
    list[str], typer.Argument(metavar="REPORT...", help="Reports of check -f json, folders of them, runs, merged ones.")
]
Formats = Annotated[list[str] | None, typer.Option("-f", "--format", metavar="NAME", help=f"{', '.join(FORMATS)}.")]
Expected = Annotated[
    list[str] | None, typer.Option("--expect", metavar="VANTAGE", help="A place that must be among them.")
]
Stale = Annotated[
    str, typer.Option("--stale", metavar="DURATION", help="Told as stale: so much older than the newest.")
]
FailWhen = Annotated[FailOn, typer.Option("--fail-on", help="What makes the exit code 1: fail, warn or never.")]
History = Annotated[bool, typer.Option("--history", help="Keep the matrix in this machine's history.")]
FAILING = {
    FailOn.FAIL: (Verdict.FAIL, Verdict.UNKNOWN),
    FailOn.WARN: (Verdict.FAIL, Verdict.UNKNOWN, Verdict.WARN),
    FailOn.NEVER: (),
}
PLAN = "merged"
"""Of the history: one course for each place and check, whichever places a merge has."""


def merge(
    context: typer.Context,
    inputs: Inputs,
    format_: Formats = None,
    output: Outputs = None,
    expect: Expected = None,
    stale: Stale = "1d",
    fail_on: FailWhen = FailOn.FAIL,
    history: History = False,  # noqa: FBT002 - flags
    quiet: Quiet = False,  # noqa: FBT002
    verbose: Verbose = 0,
    no_color: NoColor = False,  # noqa: FBT002
    accessible: Accessible = False,  # noqa: FBT002
) -> int:
    """Compare reports of several places: what works from one and not from another, and where."""
    wanted = output_texts.wishes(context, format_ or (), output or (), FORMATS, "table")
    if fail_on not in FAILING:
        raise ConfigError("--fail-on: of several places only fail, warn and never make sense; use portcheck diff")
    places = Wanted(
        expected=tuple(flagged("--expect", parse_vantage, name) for name in expect or ()),
        stale_after=timedelta(seconds=flagged("--stale", parse_duration, stale)),
        clock=(now := datetime.now(UTC)),
    )
    merged = explained(_gathered(inputs, now), places)
    code = exit_code(merged, FAILING[fail_on])
    screen = screen_options(no_color=no_color, verbose=verbose, quiet=quiet, accessible=accessible)
    files = for_file(screen)
    on_screen = {wish.name for wish in wanted if wish.path is None}
    written = output_texts.write(wanted, lambda name: FORMATS[name](merged, screen if name in on_screen else files))
    if history:
        _keep(merged)
    return code or written


def _gathered(words: list[str], now: datetime) -> Merged:
    """What can be read; the rest is said, and told in the matrix. ConfigError where nothing can."""
    merged = gathered(reading.sourced(words, _run), now)
    for one in merged.left_out:
        say(f"{one.source} is left out: {one.why}")
    if not merged.points:
        raise ConfigError("not one report could be read: give files of portcheck check -f json -o FILE")
    return merged


def _run(word: str) -> Report | None:
    return runs.of_history(word) if runs.is_run(word) else None


def _keep(merged: Merged) -> None:
    """As a run of its own plan, so that `history` and `diff` know it."""
    from portcheck.history import runs as kept
    from portcheck.history.database import HistoryError, work_here

    limits, said = Settings(), list[str]()
    label = f"merged: {', '.join(merged.names)}"
    try:
        work_here(
            lambda database: kept.keep(database, as_one(merged), PLAN, label, limits.history_keep, limits.history_days),
            said,
            create=True,
        )
    except HistoryError as error:
        said.append(f"the matrix is not kept: {error}")
    for line in said:
        say(line)
