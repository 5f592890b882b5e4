"""`portcheck demo`: the main job on three embedded forests, two of them with faults; real sockets on loopback."""

from __future__ import annotations

import asyncio
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import Annotated

import typer

from portcheck.cli import outputs, targets
from portcheck.cli.check import carry_out
from portcheck.config import Configuration, ForestSpec, Server, Settings
from portcheck.responder.controller import Controller, Manner, Misbehaviour
from portcheck.responder.serving import Running, serving
from portcheck.run import Order

Formats = Annotated[list[str] | None, typer.Option("-f", "--format", metavar="NAME", help="As for check.")]
Verbose = Annotated[int, typer.Option("-v", "--verbose", count=True, help="Show the evidence.")]
Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="Only what is wrong.")]
NoColor = Annotated[bool, typer.Option("--no-color", help="No colours (also by NO_COLOR).")]
SILENT = Misbehaviour.SILENT
CONTROLLERS = (
    Controller("dc1.healthy.example", "healthy.example", manner=Manner.SAMBA),
    Controller(
        "dc1.passwords.example",
        "passwords.example",
        misbehave=dict.fromkeys(("kpasswd/tcp", "kpasswd/udp", "gc/tcp"), SILENT),
    ),
    Controller(
        "dc1.clock.example", "clock.example", clock_ahead_s=1200, misbehave={"rpc-dynamic/tcp": SILENT}
    ),
)  # fmt: skip
OVERRIDES = ("dns", "kerberos", "rpc", "ldap", "ldap-ping", "smb", "kpasswd", "ldaps", "gc", "gc-tls", "time")
READY_S = 20.0
GO_ON = """
These were three forests made up on this machine: one healthy, one with kpasswd (464) and the Global Catalog
silent, one with a clock 20 minutes ahead and RPC's dynamic ports silent. How to go on:

  portcheck check contoso.com                your own domain, found through DNS
  portcheck check dc1.contoso.com            one domain controller, by name or address
  portcheck explain kerberos-no-logon-server what an error means and which ports it points at
  forests.example.toml                       several forests: copy it to forests.toml, then: portcheck check
"""


def demo(
    format_: Formats = None,
    verbose: Verbose = 0,
    quiet: Quiet = False,  # noqa: FBT002 - flags
    no_color: NoColor = False,  # noqa: FBT002
) -> int:
    """Run the main job on embedded forests: no configuration, no network, no root."""
    wanted = outputs.wishes(format_ or (), ())
    screen = outputs.screen_options(no_color=no_color, verbose=verbose, quiet=quiet, accessible=False)
    with _embedded() as forests:
        profiles = targets.profiles(Configuration(), ["mim"])
        order = Order(tuple((forest, profiles) for forest in forests), Settings())
        report = carry_out(order, wanted, screen, no_color=no_color)
    if wanted[0].name == outputs.TABLE:
        sys.stdout.write(GO_ON)
    return 0 if report.exit_code in {0, 1} else report.exit_code


@contextmanager
def _embedded() -> Iterator[list[ForestSpec]]:
    """The forests, served from a thread of their own so that the job itself runs as it always does."""
    started, done = threading.Event(), threading.Event()
    running: list[Running] = []
    trouble: list[OSError] = []

    async def serve() -> None:
        async with AsyncExitStack() as stack:
            try:
                running.extend([await stack.enter_async_context(serving(controller)) for controller in CONTROLLERS])
            except OSError as error:
                trouble.append(error)
            started.set()
            if not trouble:
                await asyncio.to_thread(done.wait)

    thread = threading.Thread(target=asyncio.run, args=(serve(),), name="responder", daemon=True)
    thread.start()
    try:
        if not started.wait(READY_S) or trouble:
            why = trouble[0] if trouble else f"not ready within {READY_S:g} s"
            raise typer.BadParameter(f"the embedded forests did not start on 127.0.0.1: {why}")
        with tempfile.TemporaryDirectory(prefix="portcheck-") as folder:
            yield [_forest(one, Path(folder)) for one in running]
    finally:
        done.set()
        thread.join(READY_S)


def _forest(one: Running, folder: Path) -> ForestSpec:
    """As the forests file would have it, with the forest's own certificate trusted."""
    dc = one.controller
    ca_file = folder / f"{dc.domain}.pem"
    ca_file.write_bytes(one.pem)
    ports = {name: one.ports.get(f"{name}/tcp", one.ports.get(f"{name}/udp", 0)) for name in OVERRIDES}
    return ForestSpec(dc.domain, dns=(Server(dc.address, one.ports["dns/udp"]),), ports=ports, ca_file=ca_file)
