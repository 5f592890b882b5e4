"""`portcheck demo`: the main job on three embedded forests, two of them with faults; real sockets on loopback."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Annotated

import typer
from rich.text import Text

from portcheck.cli import output, targets
from portcheck.cli.demo_forests import HIGHER, embedded
from portcheck.cli.streams import show
from portcheck.commands.check import asked, told_to_end
from portcheck.config import Configuration, Settings
from portcheck.render.shared.layout import hang, pad, to_string
from portcheck.render.shared.options import Options
from portcheck.run.ending import ENDING
from portcheck.run.runner import Order

Formats = Annotated[list[str] | None, typer.Option("-f", "--format", metavar="NAME", help="As for check.")]
Verbose = Annotated[int, typer.Option("-v", "--verbose", count=True, help="Show the evidence.")]
Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="Only what is wrong.")]
NoColor = Annotated[bool, typer.Option("--no-color", help="No colours (also by NO_COLOR).")]
NEXT = (
    ("portcheck check contoso.com", "your own domain, found through DNS"),
    ("portcheck check dc1.contoso.com", "one domain controller, by name or address"),
    ("portcheck explain kerberos-no-logon-server", "what an error means, and which ports it points at"),
    ("portcheck check", "several forests: copy forests.example.toml to forests.toml first"),
)
COMMAND_WIDTH = max(len(command) for command, _ in NEXT)
LONGEST_WORDS = max(len(words) for _, words in NEXT)


def demo(
    format_: Formats = None,
    verbose: Verbose = 0,
    quiet: Quiet = False,  # noqa: FBT002 - flags
    no_color: NoColor = False,  # noqa: FBT002
) -> int:
    """Run the main job on embedded forests: no configuration, no network, no root."""
    wanted = output.wishes(format_ or (), ())
    screen = replace(
        output.screen_options(no_color=no_color, verbose=verbose, quiet=quiet, accessible=False), run="", again=None
    )
    with ENDING.keeping, embedded() as (forests, usual):
        profiles = targets.profiles(Configuration(), ["mim"])
        order = Order(tuple((forest, profiles) for forest in forests), Settings())
        report = told_to_end(asked(order, screen, no_color=no_color))
        output.write(report, wanted, screen)
    if wanted[0].name == output.TABLE and not quiet:
        show(_spoken(usual=usual) if screen.accessible else to_string(_go_on(screen, usual=usual), screen))
    return 0 if report.exit_code == 1 else report.exit_code


def _go_on(screen: Options, *, usual: bool) -> Iterator[Text]:
    """What the numbers are, and the way to the reader's own forests."""
    yield Text()
    yield from hang("", f"{_where(usual=usual)}. For your own:", screen.width)
    yield Text()
    for command, words in NEXT:
        if screen.width >= COMMAND_WIDTH + LONGEST_WORDS + 4:
            yield Text(f"  {pad(command, COMMAND_WIDTH)}  {words}")
        else:
            yield Text(f"  {command}")
            yield from hang(" " * 6, words, screen.width)


def _where(*, usual: bool) -> str:
    where = "These forests are made up and live on this machine"
    if usual:
        where += (
            f". To need no root they use the usual ports plus {HIGHER}: {HIGHER + 464} stands for 464 (kpasswd),"
            f" {HIGHER + 3268} for 3268 (the Global Catalog)"
        )
    return where


def _spoken(*, usual: bool) -> str:
    """The same in sentences."""
    told = [f"{_where(usual=usual)}. For your own:", *(f"{command}: {words}." for command, words in NEXT)]
    return "".join(f"{line}\n" for line in told)
