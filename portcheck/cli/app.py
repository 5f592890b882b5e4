"""The command line: every command, and what happens to an error that nobody caught."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from typing import Any

import typer

from portcheck import __version__
from portcheck.cli import check, configuration, demo, discover, explain, sid
from portcheck.config import ConfigError
from portcheck.model import Report

UsageError: Any = typer.BadParameter.__mro__[1]  # click's, which newer versions of typer carry inside
USAGE, NOT_DONE, INTERRUPTED = 2, 3, 130

app = typer.Typer(
    name="portcheck",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Which network path to an Active Directory forest is broken, where, what follows, and what to ask for.",
)
app.command("check")(check.check)
app.command("demo")(demo.demo)
app.command("discover")(discover.discover)
app.command("explain")(explain.explain)
app.command("sid")(sid.sid)
app.add_typer(configuration.app, name="config")


def _show_version(wanted: bool) -> None:  # noqa: FBT001 - typer's callback
    if wanted:
        typer.echo(f"portcheck {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: bool = typer.Option(  # noqa: FBT001 - typer's way
        False, "--version", is_eager=True, callback=_show_version, help="Show the version and leave."
    ),
) -> None:
    del version


def run(arguments: Sequence[str], take: Callable[[Report], None] | None = None) -> int:
    """Run one command; the exit code. A usage or configuration error is one line on stderr and 2.

    `take` is given the report of a check, for whoever needs more of it than what is written.
    """
    try:
        code = app(args=list(arguments), standalone_mode=False, obj=take)
    except ConfigError as error:
        return _complain(str(error))
    except UsageError as error:
        return _complain(f"{error.format_message()} (see portcheck --help)")
    except (typer.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except BrokenPipeError:
        # The reader left; keep the interpreter from complaining when it closes stdout.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return code if isinstance(code, int) else 0


def _complain(message: str) -> int:
    typer.echo(f"portcheck: {message}", err=True)
    return USAGE
