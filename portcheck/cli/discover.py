"""`portcheck discover`: what DNS advertises for a domain, and which controllers answer."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Annotated

import typer

from portcheck.cli import targets
from portcheck.cli.outputs import screen_options
from portcheck.cli.screen import on_stderr
from portcheck.cli.streams import show
from portcheck.plan import Selection
from portcheck.run import Order, run

Domain = Annotated[str, typer.Argument(help="A DNS domain, or a forest of the file.")]
Config = Annotated[str | None, typer.Option("-c", "--config", metavar="FILE", help="The forests file.")]
Servers = Annotated[list[str] | None, typer.Option("--dns", metavar="SERVER", help="Ask this DNS server.")]
Site = Annotated[str | None, typer.Option("--site", metavar="NAME", help="Ask for this site's records too.")]
Json = Annotated[bool, typer.Option("--json", help="Machine-readable: a report.")]
Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="No progress.")]
LOCATOR = "ldap-ping"


def discover(
    domain: Domain,
    config: Config = None,
    dns: Servers = None,
    site: Site = None,
    as_json: Json = False,  # noqa: FBT002 - flags
    quiet: Quiet = False,  # noqa: FBT002
) -> int:
    """Show the SRV records of a domain, their targets, and whether each answers."""
    from portcheck.render import FORMATS, truth

    configured = targets.configuration(config, needed=False)
    named = targets.forests(configured, [domain])[0]
    forest = replace(targets.narrowed(named, (), dns or ()), discover=True, site=site or named.site)
    order = Order(
        forests=((forest, targets.profiles(configured, ["all"])),),
        settings=configured.settings,
        selection=Selection(only=frozenset({LOCATOR})),
        views=True,
    )
    screen = screen_options(no_color=True, verbose=0, quiet=quiet, accessible=False)
    with on_stderr(screen) as notify:
        report = asyncio.run(run(order, notify))
    text = FORMATS["json"](report, screen) if as_json else "\n".join(truth.lines(report))
    show(text.rstrip("\n") + "\n")
    return report.exit_code
