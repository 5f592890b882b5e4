"""A controller on free ports of its own: what the demo and the tests run against."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import ssl
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import field
from types import MappingProxyType

from portcheck.frozen import dataclass
from portcheck.server.admission import OpenDoor
from portcheck.server.certificate import Identity, identity
from portcheck.server.controller.protocols import voice
from portcheck.server.controller.record import LEVEL_2025, OVER_TLS, Controller, Misbehaviour
from portcheck.server.server import Post, bound, hang_up, open_post

NOWHERE: Mapping[str, int] = MappingProxyType({})
STARTS = 5
"""A port that was free may be taken before it is bound: then begin again."""


@dataclass(slots=True)
class Running:
    """A controller that serves; `ports` by service/transport, `pem` is what a client may trust."""

    controller: Controller
    neighbours: tuple[Controller, ...] = ()
    ports: dict[str, int] = field(default_factory=dict)
    identity: Identity | None = None
    conversations: dict[asyncio.Task[None], asyncio.StreamWriter] = field(default_factory=dict)

    @property
    def pem(self) -> bytes:
        return self.identity.pem if self.identity is not None else b""

    def candidates(self, interface: str) -> tuple[int, ...]:
        """The ports that the mapper names for it."""
        return tuple(self.ports[port] for port in self.controller.placement[interface])

    def post(self, service: str, address: str) -> Post:
        dc, context = self.controller, self.identity.context if self.identity is not None else None
        wrong = dc.wrong(service)
        if service in OVER_TLS and context is None and wrong is None:
            wrong = Misbehaviour.RESET  # at the ClientHello
        spoken = voice(service, (dc, *self.neighbours), self.ports, context)
        return Post(service, address, self.ports[service], spoken, wrong)


@asynccontextmanager
async def serving(
    controller: Controller, neighbours: Sequence[Controller] = (), *, liked: Mapping[str, int] = NOWHERE
) -> AsyncIterator[Running]:
    """Serve until the context ends; DNS knows the neighbours too.

    On free ports of the controller's addresses, or at those that are `liked` where all of them are free.
    """
    shown = _shown(controller)
    async with AsyncExitStack() as stack:
        for start in range(STARTS):
            running = Running(controller, tuple(neighbours), identity=shown)
            try:
                stack.push_async_exit(await _started(running, NOWHERE if start else liked))
                break
            except OSError as error:
                if error.errno != errno.EADDRINUSE or start == STARTS - 1:
                    raise
        yield running


def _shown(dc: Controller) -> Identity | None:
    # REPORTED: TLS 1.3 is new in 2025; Samba has it (measured)
    old = dc.windows and dc.level < LEVEL_2025
    newest = ssl.TLSVersion.TLSv1_2 if old else ssl.TLSVersion.MAXIMUM_SUPPORTED
    shown = identity(dc.host, dc.certificate, newest=newest)
    if shown is not None and dc.windows:
        # DOCUMENTED (MS-ADTS 5.1.1.2): a client's certificate is asked for, and not required
        shown.context.verify_mode = ssl.CERT_OPTIONAL
    return shown


async def _started(running: Running, liked: Mapping[str, int]) -> AsyncExitStack:
    """Every service, or none."""
    dc = running.controller
    async with AsyncExitStack() as stack:
        stack.push_async_callback(hang_up, running.conversations)
        for service in dc.services:
            twin = running.ports.get(service.replace("/udp", "/tcp"), 0)  # both transports on one port, as in life
            running.ports[service] = liked.get(service, 0) or twin or _free(dc.addresses)
        for service in dc.services:
            for address in dc.addresses:
                await open_post(running.post(service, address), OpenDoor(), running.conversations, stack)
        return stack.pop_all()


def _free(addresses: Sequence[str]) -> int:
    """A port that nobody has, at all addresses, for TCP and UDP alike."""
    for _ in range(50):
        with contextlib.ExitStack() as stack, contextlib.suppress(OSError):
            port = int(stack.enter_context(bound(addresses[0], 0)).getsockname()[1])
            for address in addresses:
                if address != addresses[0]:
                    stack.enter_context(bound(address, port))
                stack.enter_context(bound(address, port, udp=True))
            return port
    raise OSError("no port is free for both TCP and UDP")
