"""`portcheck discover`: what DNS advertises for a domain, and which controllers answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from portcheck.cli import output_texts, targets
from portcheck.cli.check_flags import Accessible, NoColor
from portcheck.cli.output import JSON, TABLE, screen_options
from portcheck.cli.terminal import on_stderr
from portcheck.config import ConfigError, Configuration, ForestSpec, is_address
from portcheck.model.target import Selection
from portcheck.render import FORMATS
from portcheck.render import discover as truth
from portcheck.render.shared.options import Options
from portcheck.run.ending import ENDING
from portcheck.run.runner import Order, attend

if TYPE_CHECKING:
    from portcheck.model import Report

Domain = Annotated[str, typer.Argument(help="A DNS domain, or a forest of the file.")]
Config = Annotated[str | None, typer.Option("-c", "--config", metavar="FILE", help="The forests file.")]
Servers = Annotated[list[str] | None, typer.Option("--dns", metavar="HOST[:PORT]", help="Ask this DNS server.")]
Site = Annotated[str | None, typer.Option("--site", metavar="NAME", help="Ask for this site's records too.")]
Formats = Annotated[list[str] | None, typer.Option("-f", "--format", metavar="NAME", help=", ".join(FORMATS) + ".")]
Outputs = Annotated[list[Path] | None, typer.Option("-o", "--output", metavar="FILE", help="A file for the format.")]
Json = Annotated[bool, typer.Option("--json", help="Machine-readable: as -f json.")]
Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="No progress.")]
LOCATOR = "ldap-ping"


def discover(
    context: typer.Context,
    domain: Domain,
    config: Config = None,
    dns: Servers = None,
    site: Site = None,
    format_: Formats = None,
    output: Outputs = None,
    as_json: Json = False,  # noqa: FBT002 - flags
    quiet: Quiet = False,  # noqa: FBT002
    no_color: NoColor = False,  # noqa: FBT002
    accessible: Accessible = False,  # noqa: FBT002
) -> int:
    """Show the SRV records of a domain, their targets, and whether each answers."""
    wanted = output_texts.wishes(
        context, [*(format_ or ()), *([JSON] if as_json else ())], output or (), FORMATS, TABLE
    )
    configured = targets.configuration(config, needed=False)
    named = _domain(configured, domain, dns or ())
    forest = replace(targets.narrowed(named, (), dns or ()), discover=True, site=site or named.site)
    order = Order(
        forests=((forest, targets.profiles(configured, ["all"])),),
        settings=configured.settings,
        selection=Selection(only=frozenset({LOCATOR})),
        views=True,
    )
    screen = screen_options(no_color=no_color, verbose=0, quiet=False, accessible=accessible)
    with ENDING.keeping:
        with on_stderr(replace(screen, quiet=quiet), no_color=no_color) as notify:
            report = attend(order, notify)
        return output_texts.write(wanted, lambda name: _text(name, report, screen)) or report.exit_code


def _domain(configured: Configuration, text: str, servers: Sequence[str]) -> ForestSpec:
    """The one domain; a port, a list or a network is for `check`."""
    named = targets.forests(configured, [text], servers)
    forest = named[0]
    if len(named) > 1 or forest.swept or is_address(forest.name):
        kind = "a list" if len(named) > 1 else "a network" if forest.swept else "an address"
        raise ConfigError(f"{text} is {kind}, and DNS is asked for a domain; name one, or use `check`")
    if forest.extra and not forest.profiles:
        raise ConfigError(f"{text} names a port, and DNS is asked for a domain; write portcheck discover {forest.name}")
    return forest


def _text(name: str, report: Report, screen: Options) -> str:
    """The table is one of its own; every other format is the report's."""
    return truth.render(report, screen) if name == TABLE else FORMATS[name](report, screen)
