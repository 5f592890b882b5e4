"""`portcheck listen` on loopback: at an address and ports of its own, so that several tests may do it at once."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from unittest.mock import patch

from patience import PATIENT

from portcheck.asking.engine import Engine
from portcheck.catalogue.profiles import built_in
from portcheck.catalogue.services import services
from portcheck.model import Check, Outcome
from portcheck.net.platform.port_owners import Owners
from portcheck.probes.probe import Subject
from portcheck.server.listener import services as listener_services
from portcheck.server.listener.limits import Contact
from portcheck.server.listener.listening import Listening, ListenOrder, Ready
from portcheck.server.listener.ports import WantedPort, moved, wanted

OFFSET = 12000
RPC = (29152, 29153)
EVERY = ("all", "mim-service", "pcns", "adfs", "mim-exchange")


def an_address() -> str:
    """Of the loopback network: nobody else is there."""
    return ".".join(["127", *(str(secrets.randbelow(200) + 10) for _ in range(3))])


def everything(*profiles: str, rpc: Sequence[int] = RPC) -> tuple[WantedPort, ...]:
    chosen = [built_in()[name] for name in profiles or EVERY]
    return moved(wanted(chosen, rpc, lambda *_: True), {}, OFFSET)


@asynccontextmanager
async def listening(
    *ports: WantedPort, address: str | None = None, domain: str = ""
) -> AsyncIterator[tuple[Listening, Ready, list[Contact]]]:
    """Open; what was told, and those who come. However busy the machine is, nobody is cut off for being slow."""
    host = f"listener.{domain}" if domain else "listener"
    order = ListenOrder(ports or everything(), (address or an_address(),), host, domain)
    came: list[Contact] = []
    ready: asyncio.Future[Ready] = asyncio.get_running_loop().create_future()

    def hear(news: Ready | Contact) -> None:
        if isinstance(news, Contact):
            came.append(news)
        else:
            ready.set_result(news)

    one = Listening(order, hear, Owners().of, drops=False)
    running = asyncio.create_task(one.run())
    try:
        with patch.object(listener_services, "PATIENCE_S", 600.0):
            async with asyncio.timeout(60):
                told = await ready
            yield one, told, came
    finally:
        one.stop.set()
        await running


async def ask(one: Listening, service: str, *, domain: str = "", port: int | None = None) -> Outcome:
    """One check of the listener, as `portcheck check` makes it; RPC's interfaces at all dynamic ports."""
    name, _, transport = service.partition("/")
    row = services().get(name)
    at = {wanted.service: wanted.port for wanted in one.order.wanted}
    if port is None:
        port = RPC[0] if row is not None and row.dynamic else at[service]
    subject = Subject(
        "dc1.alpha.test",
        domain,
        interface=(row.interface if row else "") or "",
        version=(row.version if row else 0) or 0,
        ports=(port,),
        wanted=("rpc-netlogon", "rpc-samr"),
    )
    check = Check("alpha.test", "dc1.alpha.test", one.order.addresses[0], name, transport, port, domain=domain)
    return await Engine(PATIENT, notify=lambda _: None).run(check, subject)
