"""`portcheck history`: the runs kept on this machine, and when each check changed; one run again by its number."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from portcheck.cli import runs as runs_
from portcheck.cli.digest import made
from portcheck.cli.output import screen_options
from portcheck.cli.streams import show
from portcheck.config import ConfigError
from portcheck.history import runs, timeline
from portcheck.history.state_dir import database_file
from portcheck.render import FORMATS
from portcheck.render import history as past
from portcheck.report.to_json import dumps

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
Digest = Annotated[
    str | None,
    typer.Option("--digest", metavar="DURATION|last", help="What the last 7d, say, were like; or all since the last."),
]
DigestFormats = Annotated[
    list[str] | None, typer.Option("-f", "--format", metavar="NAME", help="Of --digest: markdown or html.")
]
DigestFiles = Annotated[list[Path] | None, typer.Option("-o", "--output", metavar="FILE", help="Of --digest.")]
NotifyToo = Annotated[bool, typer.Option("--notify", help="Send the digest by apprise ($PORTCHECK_NOTIFY).")]
NotifyFile = Annotated[Path | None, typer.Option("--notify-file", metavar="FILE", help="Where the URLs of it are.")]


def history(
    context: typer.Context,
    number: Number = None,
    digest: Digest = None,
    format_: DigestFormats = None,
    output: DigestFiles = None,
    notify: NotifyToo = False,  # noqa: FBT002 - flags
    notify_file: NotifyFile = None,
    as_json: Json = False,  # noqa: FBT002 - flags
    verbose: Verbose = 0,
    no_color: NoColor = False,  # noqa: FBT002
    accessible: Accessible = False,  # noqa: FBT002
) -> int:
    """Show earlier runs, and per forest and check when it last changed."""
    if digest is not None:
        return made(context, digest, format_ or (), output or (), notify_file, notify=notify)
    if format_ or output or notify or notify_file:
        raise ConfigError("--format, --output, --notify and --notify-file belong to --digest")
    screen = screen_options(no_color=no_color, verbose=verbose, quiet=False, accessible=accessible)
    if number is not None:
        show(FORMATS["json" if as_json else "table"](runs_.found(number), replace(screen, run=number, again=None)))
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

    def read(database: sqlite3.Connection) -> Plans:
        kept = runs.runs(database)
        names = dict.fromkeys(run.plan for run in reversed(kept))
        return {
            plan: (tuple(run for run in kept if run.plan == plan), timeline.courses(database, plan, kept))
            for plan in reversed(names)
        }

    return runs_.work(read) or {}
