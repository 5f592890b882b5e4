"""`portcheck listen`: the responder on this machine's ports, to prove a path before the software behind it exists."""

from __future__ import annotations

import asyncio
import signal
import sys
import time
from collections.abc import Iterable
from dataclasses import replace
from typing import Annotated

import typer
from rich.text import Text

from portcheck.cli import listen_flags, output, targets
from portcheck.cli.selection import flagged
from portcheck.config import ConfigError, parse_address, parse_duration, parse_name
from portcheck.exitcodes import INTERRUPTED, NOT_AS_EXPECTED, NOT_DONE, OK
from portcheck.frozen import dataclass
from portcheck.model.target import Selection
from portcheck.net.platform import console
from portcheck.net.platform.machine import is_own
from portcheck.net.platform.port_owners import Owners
from portcheck.render import listen as words
from portcheck.render.shared.layout import to_string
from portcheck.render.shared.options import Options
from portcheck.run.ending import ENDING
from portcheck.server.listener.limits import Contact, Limits
from portcheck.server.listener.listening import Listening, ListenOrder, Ready
from portcheck.server.listener.ports import moved, roles, wanted
from portcheck.server.own_addresses import own_addresses, own_name
from portcheck.server.serving_loop import runner

UNBROKEN = 100_000  # cells: no line is wrapped for who hears it
DEFAULT_PROFILE, DEFAULT_RPC_PORTS = "mim", "49152-49155"

Profiles = Annotated[list[str] | None, typer.Option("--profile", metavar="NAME", help="Whose needs to open (mim).")]
Only = Annotated[list[str] | None, typer.Option("--only", metavar="SERVICE", help="Open only this service.")]
Skip = Annotated[list[str] | None, typer.Option("--skip", metavar="SERVICE", help="Leave this service out.")]
Ports = Annotated[
    list[str] | None,
    typer.Option("--port", metavar="PORT", help="kerberos=10088: there instead; 5000/tcp: one more."),
]
PortsFrom = Annotated[
    int, typer.Option("--ports-from", metavar="N", min=0, max=60000, help="N further up: 10000 needs no root.")
]
RpcPorts = Annotated[str, typer.Option("--rpc-ports", metavar="PORTS", help="RPC's dynamic ports, or none.")]
Bind = Annotated[list[str] | None, typer.Option("--bind", metavar="ADDRESS", help="Only here (all of this machine's).")]
Domain = Annotated[str | None, typer.Option("--domain", metavar="NAME", help="Answer DNS as this domain's controller.")]
For = Annotated[str | None, typer.Option("--for", metavar="DURATION", help="End after this long.")]
Config = Annotated[str | None, typer.Option("-c", "--config", metavar="FILE", help="For profiles of your own.")]
Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="Only what is wrong, and the end.")]
NoColor = Annotated[bool, typer.Option("--no-color", help="No colours (also by NO_COLOR).")]


def listen(
    profile: Profiles = None,
    only: Only = None,
    skip: Skip = None,
    port: Ports = None,
    ports_from: PortsFrom = 0,
    rpc_ports: RpcPorts = DEFAULT_RPC_PORTS,
    bind: Bind = None,
    domain: Domain = None,
    for_: For = None,
    config: Config = None,
    quiet: Quiet = False,  # noqa: FBT002 - flags
    no_color: NoColor = False,  # noqa: FBT002
) -> int:
    """Answer on this machine's ports, so that a check from elsewhere proves the path before the software is there."""
    dynamic = flagged("--rpc-ports", listen_flags.parse_ports, rpc_ports)
    overrides, extra = listen_flags.parse_moves(port or ())
    selection = Selection(targets.service_names("--only", only or ()), targets.service_names("--skip", skip or ()))
    configured = targets.configuration(config, needed=False)
    profiles = targets.profiles(configured, profile or [DEFAULT_PROFILE])
    try:
        asked = moved(wanted(profiles, dynamic, selection.takes), overrides, ports_from)
    except ValueError as error:
        raise ConfigError(f"--ports-from: {error}") from None
    named = flagged("--domain", parse_name, domain) if domain is not None else ""
    order = ListenOrder(
        wanted=listen_flags.without_twins((*extra, *asked)),
        addresses=_addresses(bind or ()),
        host=f"{own_name()}.{named}" if named else own_name(),
        domain=named,
        for_s=flagged("--for", parse_duration, for_) if for_ is not None else None,
        profiles=tuple(one.name for one in profiles),
        roles=roles(profiles, selection.takes),
        selected=tuple(
            word
            for flag, names in (("--only", only), ("--skip", skip))
            for name in names or ()
            for word in (flag, name)
        ),
    )
    if not order.wanted:
        raise ConfigError("--only, --skip: nothing is left to open")
    screen = output.screen_options(no_color=no_color, verbose=0, quiet=quiet, accessible=False)
    return _listen(order, replace(screen, width=UNBROKEN) if screen.accessible else screen)


def _listen(order: ListenOrder, screen: Options) -> int:
    console.keep_when_closed()
    with ENDING.keeping:
        return _kept_on(ListenNarrator(order, screen))


def _kept_on(told: ListenNarrator) -> int:
    with runner() as serving:
        ready, limits = serving.run(told.run())
    if not ready.opened:
        typer.echo(f"portcheck: {words.nothing_open(ready.missed)}", err=True)
        return NOT_DONE
    told.show(words.summary(ready, limits, told.screen))
    if ENDING.by == signal.SIGTERM:
        ENDING.answered()  # as a service is ended
    if ENDING.told:
        return INTERRUPTED
    return OK if words.proven(told.order, limits) else NOT_AS_EXPECTED


@dataclass(slots=True)
class ListenNarrator:
    """Runs the listener, and says as it happens what it sees."""

    order: ListenOrder
    screen: Options

    async def run(self) -> tuple[Ready, Limits]:
        """Until a signal, Ctrl-C or the end of its time."""
        listening = Listening(self.order, self.hear, Owners().of)
        loop = asyncio.get_running_loop()

        awake = asyncio.create_task(_stay_awake())
        try:
            with ENDING.waking(lambda: loop.call_soon_threadsafe(listening.stop.set)):
                return await listening.run(), listening.limits
        finally:
            awake.cancel()

    def hear(self, news: Ready | Contact) -> None:
        if isinstance(news, Contact):
            if not self.screen.quiet:
                self.show(words.came(news, time.strftime("%H:%M:%S"), self.screen))
        elif news.opened and not self.screen.quiet:
            self.show(words.opening(self.order, news, self.screen))
        elif news.missed:
            self.show(words.not_open(self.order, news, self.screen))

    def show(self, lines: Iterable[Text]) -> None:
        """At once: whoever reads a pipe or a file sees it as it happens."""
        sys.stdout.write(heard(lines) if self.screen.accessible else to_string(lines, self.screen))
        sys.stdout.flush()


def heard(lines: Iterable[Text]) -> str:
    """Without the empty lines and the indents that only eyes need; what is broken is broken for a width."""
    return "".join(f"{words}\n" for line in lines if (words := " ".join(line.plain.split())))


async def _stay_awake() -> None:
    """Windows does not wake a waiting selector for a Ctrl-C."""
    while sys.platform == "win32":  # noqa: ASYNC110 - it is the waking that counts
        await asyncio.sleep(0.5)


def _addresses(given: Iterable[str]) -> tuple[str, ...]:
    if not given:
        return own_addresses()
    addresses = tuple(dict.fromkeys(flagged("--bind", parse_address, text) for text in given))
    for address in addresses:
        if not is_own(address):
            raise ConfigError(f"--bind: {address} is no address of this machine ({', '.join(own_addresses())})")
    return addresses
