"""The three forests of the demo: who they are, where they are served, and how the forests file would name them."""

from __future__ import annotations

import asyncio
import secrets
import threading
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from portcheck.automation import BusyError
from portcheck.catalogue.services import services
from portcheck.config import ForestSpec, Server
from portcheck.net.platform.machine import is_own
from portcheck.server.controller.record import FIXED, Controller, Manner, Misbehaviour
from portcheck.server.controller.serving import Running, serving
from portcheck.server.own_addresses import LOOPBACK
from portcheck.server.serving_loop import runner

SILENT = Misbehaviour.SILENT
CONTROLLERS = (
    Controller("dc1.healthy.example", "healthy.example", manner=Manner.SAMBA),
    Controller(
        "dc1.passwords.example",
        "passwords.example",
        misbehave=dict.fromkeys(("kpasswd/tcp", "kpasswd/udp", "gc/tcp"), SILENT),
    ),
    Controller("dc1.clock.example", "clock.example", clock_ahead_s=1200, misbehave={"rpc-dynamic/tcp": SILENT}),
)
OVERRIDES = ("dns", "kerberos", "rpc", "ldap", "ldap-ping", "smb", "kpasswd", "ldaps", "gc", "gc-tls", "time")
HIGHER = 10000
"""Ports below 1024 need root, so each service is that much further up, where the port is free: 10464 for 464."""

DYNAMIC = {"rpc-dynamic-1/tcp": 49664, "rpc-dynamic-2/tcp": 49667, "rpc-dynamic-3/tcp": 49668}
READY_S = 20.0


@contextmanager
def embedded() -> Iterator[tuple[list[ForestSpec], bool]]:
    """The forests, served from a thread of their own so that the job itself runs as it always does.

    And whether their ports are the usual ones plus `HIGHER`.
    """
    started, done = threading.Event(), threading.Event()
    running: list[Running] = []
    trouble: list[OSError] = []

    async def serve() -> None:
        async with AsyncExitStack() as stack:
            try:
                running.extend([await stack.enter_async_context(serving(dc, liked=_liked())) for dc in _placed()])
            except OSError as error:
                trouble.append(error)
            started.set()
            if not trouble:
                await asyncio.to_thread(done.wait)

    def live() -> None:
        with runner() as loop:
            loop.run(serve())

    thread = threading.Thread(target=live, name="responder", daemon=True)
    thread.start()
    try:
        if not started.wait(READY_S) or trouble:
            why = trouble[0] if trouble else f"not ready within {READY_S:g} s"
            raise BusyError(f"the embedded forests did not start on {LOOPBACK}: {why}")
        with TemporaryDirectory(prefix="portcheck-") as folder:
            usual = all(one.ports["ldap/tcp"] == _liked()["ldap/tcp"] for one in running)
            yield [_forest(one, Path(folder)) for one in running], usual
    finally:
        done.set()
        thread.join(READY_S)


def _placed() -> tuple[Controller, ...]:
    """Each at an address of its own in 127/8, and all together in a corner of it that no other demo uses."""
    corner = f"127.{secrets.randbelow(200) + 10}"
    addresses = [f"{corner}.{number}.10" for number in range(1, len(CONTROLLERS) + 1)]
    if not all(map(is_own, addresses)):  # not every system has the whole of 127/8
        return CONTROLLERS
    return tuple(replace(dc, address=address) for dc, address in zip(CONTROLLERS, addresses, strict=True))


def _liked() -> dict[str, int]:
    found = dict(DYNAMIC)
    for name in FIXED:
        service, _, transport = name.partition("/")
        found[name] = (services()[service].ports[transport] or 0) + HIGHER
    return found


def _forest(one: Running, folder: Path) -> ForestSpec:
    """As the forests file would have it, with the forest's own certificate trusted."""
    dc = one.controller
    ca_file = folder / f"{dc.domain}.pem"
    ca_file.write_bytes(one.pem)
    ports = {name: one.ports.get(f"{name}/tcp", one.ports.get(f"{name}/udp", 0)) for name in OVERRIDES}
    return ForestSpec(dc.domain, dns=(Server(dc.address, one.ports["dns/udp"]),), ports=ports, ca_file=ca_file)
