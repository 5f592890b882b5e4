"""The responder's sockets: a listener per service, or nothing, or silence in its place."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

from portcheck.responder.certificate import Identity, identity
from portcheck.responder.controller import OVER_TLS, SERVICES, Controller, Misbehaviour
from portcheck.responder.conversing import Datagrams, converse
from portcheck.responder.voices import Voice, voice

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

    def voice(self, service: str) -> Voice:
        context = self.identity.context if self.identity is not None else None
        return voice(service, (self.controller, *self.neighbours), self.ports, context)

    async def end(self) -> None:
        """Hang up on everybody; transports close a turn of the loop later."""
        for _ in range(3):
            await asyncio.sleep(0)  # those who were just accepted get to begin
        talking = dict(self.conversations)
        for task, writer in talking.items():
            writer.transport.abort()
            task.cancel()
        await asyncio.gather(*talking, return_exceptions=True)
        for _ in range(3):
            await asyncio.sleep(0)


@asynccontextmanager
async def serving(controller: Controller, neighbours: Sequence[Controller] = ()) -> AsyncIterator[Running]:
    """Serve on free ports of the controller's address until the context ends; DNS knows the neighbours too."""
    shown = identity(controller.host, controller.certificate)
    async with AsyncExitStack() as stack:
        for start in range(STARTS):
            running = Running(controller, tuple(neighbours), identity=shown)
            try:
                stack.push_async_exit(await _started(running))
                break
            except OSError as error:
                if error.errno != errno.EADDRINUSE or start == STARTS - 1:
                    raise
        yield running


async def _started(running: Running) -> AsyncExitStack:
    """Every service, or none."""
    async with AsyncExitStack() as stack:
        stack.push_async_callback(running.end)
        for service in sorted(SERVICES, key=lambda name: name != "rpc-dynamic/tcp"):  # the mapper tells its port
            twin = running.ports.get(service.replace("/udp", "/tcp"), 0)  # both transports on one port, as in life
            running.ports[service] = twin or _free(running.controller.address)
            await _start(service, running, stack)
        return stack.pop_all()


def _free(address: str) -> int:
    """A port that nobody has, for TCP and UDP alike."""
    for _ in range(50):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp:
            tcp.bind((address, 0))
            port = int(tcp.getsockname()[1])
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp, contextlib.suppress(OSError):
                udp.bind((address, port))
                return port
    raise OSError("no port is free for both TCP and UDP")


async def _start(service: str, running: Running, stack: AsyncExitStack) -> None:
    dc = running.controller
    where = (dc.address, running.ports[service])
    wrong = dc.misbehave.get(service)
    udp = service.endswith("/udp")
    if wrong is Misbehaviour.REFUSED:
        if not udp:
            _reserve(where, socket.SOCK_STREAM, stack)
    elif wrong is Misbehaviour.SILENT:
        sock = _reserve(where, socket.SOCK_DGRAM if udp else socket.SOCK_STREAM, stack)
        if not udp:
            _stuff(sock, stack)
    elif udp:
        await _serve_udp(where, running.voice(service), wrong, stack)
    else:
        if service in OVER_TLS and running.identity is None and wrong is None:
            wrong = Misbehaviour.RESET  # at the ClientHello
        await _serve_tcp(where, running, running.voice(service), wrong, stack)


def _reserve(where: tuple[str, int], kind: socket.SocketKind, stack: AsyncExitStack) -> socket.socket:
    """Bound, so that nobody else takes the port; of a TCP port that does not listen the host says so itself."""
    sock = socket.socket(socket.AF_INET, kind)
    stack.callback(sock.close)
    sock.bind(where)
    return sock


async def _serve_tcp(
    where: tuple[str, int], running: Running, spoken: Voice, wrong: Misbehaviour | None, stack: AsyncExitStack
) -> None:
    async def accepted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        running.conversations[task] = writer
        task.add_done_callback(running.conversations.pop)
        with contextlib.suppress(asyncio.CancelledError):  # by `end`; asyncio 3.11 reports it as an error
            await converse(reader, writer, spoken, wrong)

    server = await asyncio.start_server(accepted, *where)
    stack.callback(server.close)


async def _serve_udp(where: tuple[str, int], spoken: Voice, wrong: Misbehaviour | None, stack: AsyncExitStack) -> None:
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(lambda: Datagrams(spoken, wrong), local_addr=where)
    stack.callback(transport.close)


def _stuff(sock: socket.socket, stack: AsyncExitStack) -> None:
    """Fill the queue of a listener that accepts nobody: Linux then drops further SYNs, which is silence.

    Elsewhere the queue behaves differently; there the port is mute rather than silent.
    """
    sock.listen(0)
    where = sock.getsockname()
    for _ in range(4):
        filler = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        filler.setblocking(False)
        stack.callback(filler.close)
        with contextlib.suppress(BlockingIOError):
            filler.connect(where)
