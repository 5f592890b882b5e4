"""The command line: every command, and what happens to an error that nobody caught."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

import typer

from portcheck import __version__
from portcheck.automation import BusyError
from portcheck.cli import streams
from portcheck.cli.pairing import Paired
from portcheck.config import ConfigError
from portcheck.exitcodes import CLOCK_BEYOND, INTERRUPTED, NOT_DONE, OK, OWN, PLUGIN, USAGE, sentence
from portcheck.net.starved import starved
from portcheck.render.shared.spoken import ACCESSIBLE

if TYPE_CHECKING:
    from portcheck.model import Report

UsageError: Any = typer.BadParameter.__mro__[1]  # click's, which newer versions of typer carry inside
EVERYWHERE: Mapping[str, str] = {"--no-color": "NO_COLOR", "--accessible": ACCESSIBLE}
"""Flags of every command, and what they are in the environment."""

COMMANDS = tuple(name for name in OWN if " " not in name and name != PLUGIN)
"""Each is a function in the file of its own name, or `command` there; its words are read by `parser` there, if any."""
GROUPS = tuple(dict.fromkeys(name.partition(" ")[0] for name in OWN if " " in name))
"""Commands that have commands of their own, each an `app` in the file of its name."""


def build(wanted: str = "") -> typer.Typer:
    """The application with the wanted command alone, or with all: the others need not be loaded for it."""
    app = typer.Typer(
        name="portcheck",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None if os.environ.get(ACCESSIBLE) else "rich",
        context_settings={"help_option_names": ["-h", "--help"]},
        help="Which network path to an Active Directory forest is broken, where, what follows, and what to ask for.",
    )
    app.callback()(_root)
    one = {wanted} if wanted in {*COMMANDS, *GROUPS} else {*COMMANDS, *GROUPS}
    for name in COMMANDS:
        if name in one:
            module = import_module(f"portcheck.commands.{name}")
            parser = getattr(module, "parser", Paired)
            app.command(name, cls=parser, epilog=sentence(name))(
                getattr(module, "command", None) or getattr(module, name)
            )
    for name in GROUPS:
        if name in one:
            app.add_typer(import_module(f"portcheck.commands.{name}").app, name=name)
    return app


def _show_version(wanted: bool) -> None:  # noqa: FBT001 - typer's callback
    if wanted:
        typer.echo(f"portcheck {__version__}")
        raise typer.Exit


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
    before = {name: os.environ.get(name) for name in EVERYWHERE.values()}
    words = everywhere(arguments)
    try:
        app = build(words[0] if words else "")
        code = app(args=words, prog_name="portcheck", standalone_mode=False, obj=take)
    except ConfigError as error:
        return _complain(str(error))
    except BusyError as error:
        streams.say(str(error))
        return NOT_DONE
    except UsageError as error:
        message = error.format_message()  # empty where the help was shown for want of a command
        return _complain(f"{message} (see {_whose_help(error)} --help)") if message else USAGE
    except (typer.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except OverflowError:
        streams.say(CLOCK_BEYOND)
        return NOT_DONE
    except (BrokenPipeError, SystemExit):  # the reader left; the latter is typer's way to say so
        streams.abandon()
        return OK
    except OSError as error:  # a full disk behind stdout
        streams.abandon()
        what = "this machine could not do it" if starved(error) else "the output cannot be written"
        streams.say(f"{what}: {error.strerror or 'no reason given'}")
        return NOT_DONE
    except (MemoryError, RuntimeError, SystemError) as error:
        if not starved(error):
            raise
        streams.say("this machine has not enough memory, or may start no more threads: the run was not done")
        return NOT_DONE
    finally:
        _restore(before)
    return code if isinstance(code, int) else 0


def everywhere(arguments: Sequence[str]) -> list[str]:
    """Without those words that every command takes; what they ask for is in the environment."""
    words = list(arguments)
    end = words.index("--") if "--" in words else len(words)
    for word in dict.fromkeys(words[:end]):
        if word in EVERYWHERE:
            os.environ[EVERYWHERE[word]] = "1"
    kept = frozenset() if words[:1] == ["schedule"] else EVERYWHERE.keys()  # its units are to have them
    return [*(word for word in words[:end] if word not in kept), *words[end:]]


def _restore(before: Mapping[str, str | None]) -> None:
    for name, value in before.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


def _whose_help(error: Any) -> str:
    """`portcheck check`"""
    return getattr(getattr(error, "ctx", None), "command_path", "") or "portcheck"


def _complain(message: str) -> int:
    streams.say(message)
    return USAGE
