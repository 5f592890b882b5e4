"""`portcheck diff`: what came, went and changed between two runs: files, or runs of the history by their number."""

from __future__ import annotations

from typing import Annotated

import typer

from portcheck.cli import runs as runs_
from portcheck.cli.output import screen_options
from portcheck.cli.streams import show
from portcheck.config import ConfigError
from portcheck.exitcodes import NOT_AS_EXPECTED, OK
from portcheck.render import diff as difference
from portcheck.report.compare import compare
from portcheck.report.same_plan import common, nothing
from portcheck.report.to_json import dumps

Before = Annotated[str, typer.Argument(metavar="A", help="A saved report, or a run's number in the history.")]
After = Annotated[str, typer.Argument(metavar="B", help="The later one; `last` is the newest run kept.")]
Json = Annotated[bool, typer.Option("--json", help="Machine-readable.")]
NoColor = Annotated[bool, typer.Option("--no-color", help="No colours (also by NO_COLOR).")]
Accessible = Annotated[bool, typer.Option("--accessible", help="Sentences, for screen readers.")]


def diff(
    before: Before,
    after: After,
    as_json: Json = False,  # noqa: FBT002 - flags
    no_color: NoColor = False,  # noqa: FBT002
    accessible: Accessible = False,  # noqa: FBT002
) -> int:
    """Show what changed between two runs."""
    both = common(runs_.found(before), runs_.found(after))
    if nothing(both):
        raise ConfigError(f"nothing was asked in both runs, so nothing can be compared. {' '.join(both.notes)}")
    earlier, later = both.before, both.after
    compared = compare(earlier, later)
    if as_json:
        show(dumps(difference.as_json(earlier, later, compared, both.notes)))
    else:
        screen = screen_options(no_color=no_color, verbose=0, quiet=False, accessible=accessible)
        show(difference.render(earlier, later, compared, screen, both.notes))
    return OK if compared.same else NOT_AS_EXPECTED
