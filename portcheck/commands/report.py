"""`portcheck report`: a kept or saved run in any format, judged by this version's rules, without asking again."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import typer

from portcheck.cli import output as outputs
from portcheck.cli import runs
from portcheck.cli.check_flags import Accessible, Formats, NoColor, Outputs, Quiet, Verbose
from portcheck.cli.pairing import ORDER
from portcheck.exitcodes import NOT_DONE, OK
from portcheck.model.typed import typed
from portcheck.run.runner import explained

Run = Annotated[str, typer.Argument(metavar="[RUN]", help=f"The run: {runs.RUN}.")]


def report(
    context: typer.Context,
    run: Run = runs.LAST,
    format_: Formats = None,
    output: Outputs = None,
    quiet: Quiet = False,  # noqa: FBT002 - flags
    verbose: Verbose = 0,
    no_color: NoColor = False,  # noqa: FBT002
    accessible: Accessible = False,  # noqa: FBT002
) -> int:
    """Show a kept or saved run in any format, without asking again."""
    wanted = outputs.wishes(format_ or (), output or (), None, context.meta.get(ORDER, ""))
    screen = outputs.screen_options(no_color=no_color, verbose=verbose, quiet=quiet, accessible=accessible)
    told = explained(runs.found(run))
    return OK if outputs.write(told, wanted, replace(screen, run=typed([run]), again=None)) else NOT_DONE
