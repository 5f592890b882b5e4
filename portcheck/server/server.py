"""One socket of a responder: it serves, or is silent, or only keeps the port."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import socket
import sys
from collections.abc import MutableMapping
from contextlib import AsyncExitStack

from portcheck.frozen import dataclass
from portcheck.server.admission import AdmissionPolicy, Visitor
from portcheck.server.controller.record import Misbehaviour
from portcheck.server.conversation import SCAVENGED_ONE_IN, Datagrams, abort, converse
from portcheck.server.protocol import ProtocolHandler

Conversations = MutableMapping[asyncio.Task[None], asyncio.StreamWriter]
BACKLOG = 100


@dataclass(frozen=True, slots=True)
class Post:
    """A service at one address: where it is, how it speaks, what it does instead."""

    service: str  # service/transport
    address: str
    port: int
    voice: ProtocolHandler
    wrong: Misbehaviour | None = None

    @property
    def udp(self) -> bool:
        return self.service.endswith("/udp")

    @property
    def where(self) -> tuple[str, int]:
        return self.address, self.port


def bound(address: str, port: int, *, udp: bool = False, again: bool = False) -> socket.socket:
    """Exactly there: IPv6 takes no IPv4, and on Windows no port is taken from another program.

    `again`: also where connections of an earlier run still linger. OSError where the port cannot be had.
    """
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_DGRAM if udp else socket.SOCK_STREAM)
    try:
        if family is socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        if sys.platform == "win32":
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        elif again and not udp:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((address, port))
        sock.setblocking(False)
    except OSError:
        sock.close()
        raise
    return sock


async def open_post(post: Post, door: AdmissionPolicy, talking: Conversations, stack: AsyncExitStack) -> None:
    """Serve until the stack unwinds."""
    match post.wrong:
        case Misbehaviour.REFUSED:
            if not post.udp:  # bound, so that nobody else takes it; the host says itself that nobody listens
                stack.enter_context(bound(*post.where))
        case Misbehaviour.SILENT:
            sock = stack.enter_context(bound(*post.where, udp=post.udp))
            if not post.udp:
                _stuff(sock, stack)
        case _ if post.udp:
            await _serve_udp(post, door, stack)
        case _:
            await _serve_tcp(post, door, talking, stack)


async def _serve_tcp(post: Post, door: AdmissionPolicy, talking: Conversations, stack: AsyncExitStack) -> None:
    numbers = itertools.count(1)

    async def accepted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        peer = writer.get_extra_info("peername") or ("", 0)
        own = writer.get_extra_info("sockname") or post.where
        visitor = Visitor(peer[0], peer[1], post.service, own[0], own[1])
        scavenged = post.wrong is Misbehaviour.RESET_SOME and next(numbers) % SCAVENGED_ONE_IN == 0
        if not door.admits(visitor) or scavenged or visitor.port in post.voice.deaf_to:
            abort(writer)
            return
        talking[task] = writer
        task.add_done_callback(talking.pop)
        with contextlib.suppress(asyncio.CancelledError):  # by the end; asyncio 3.11 reports it as an error
            try:
                await converse(reader, writer, post.voice, post.wrong)
            finally:
                door.left(visitor)

    sock = stack.enter_context(bound(*post.where, again=True))
    server = await asyncio.start_server(accepted, sock=sock, backlog=BACKLOG)
    stack.callback(server.close)


async def _serve_udp(post: Post, door: AdmissionPolicy, stack: AsyncExitStack) -> None:
    sock = stack.enter_context(bound(*post.where, udp=True))
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(
        lambda: Datagrams(post.service, post.voice, post.wrong, door), sock=sock
    )
    stack.callback(transport.close)


def _stuff(sock: socket.socket, stack: AsyncExitStack) -> None:
    """Fill the queue of a listener that accepts nobody: Linux then drops further SYNs, which is silence.

    Elsewhere the queue behaves differently; there the port is mute rather than silent.
    """
    sock.listen(0)
    where = sock.getsockname()
    for _ in range(4):
        filler = socket.socket(sock.family, socket.SOCK_STREAM)
        filler.setblocking(False)
        stack.callback(filler.close)
        with contextlib.suppress(BlockingIOError):
            filler.connect(where)


async def hang_up(talking: Conversations) -> None:
    """On everybody; transports close a turn of the loop later."""
    for _ in range(3):
        await asyncio.sleep(0)  # those who were just accepted get to begin
    cut = dict(talking)
    for task, writer in cut.items():
        writer.transport.abort()
        task.cancel()
    await asyncio.gather(*cut, return_exceptions=True)
    for _ in range(3):
        await asyncio.sleep(0)
