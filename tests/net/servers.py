"""Servers with one bad habit each, on loopback; they live as long as the `async with`."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import struct
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

from portcheck.net.platform import select_thread

Habit = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
Reply = Callable[[bytes, int], bytes | None]
"""A datagram and how many came before it, to the answer; None: silence."""


def cut(writer: asyncio.StreamWriter) -> None:
    """Close with a reset: what SO_LINGER 0 does."""
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    if sys.platform == "win32":
        sock._sock.close()  # the Proactor's transport says goodbye first (shutdown)
    writer.close()


@contextlib.asynccontextmanager
async def tcp(habit: Habit, inside: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """The port of a server that treats every caller by its habit, in clear or inside TLS."""
    talking: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        talking.add(task)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            await habit(reader, writer)
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0, ssl=inside) as server:
        try:
            yield server.sockets[0].getsockname()[1]
        finally:
            _, late = await asyncio.wait(talking, timeout=180) if talking else (set(), set())
            assert not late, "a caller never hung up"


class Datagrams(asyncio.DatagramProtocol):
    def __init__(self, reply: Reply) -> None:
        self.reply = reply
        self.seen: list[tuple[bytes, int]] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        answer = self.reply(data, len(self.seen))
        self.seen.append((data, addr[1]))
        if answer is not None:
            self.transport.sendto(answer, addr)  # type: ignore[attr-defined]


@contextlib.asynccontextmanager
async def udp(reply: Reply) -> AsyncIterator[tuple[int, list[tuple[bytes, int]]]]:
    """The port of a datagram server, and what came in with the source port of each."""
    made = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: Datagrams(reply), local_addr=("127.0.0.1", 0)
    )
    transport, protocol = made
    try:
        yield transport.get_extra_info("sockname")[1], protocol.seen
    finally:
        transport.close()
        await asyncio.sleep(0)


@contextlib.contextmanager
def told_of(sock: socket.socket, ready: Callable[[], None]) -> Iterator[None]:
    """Call `ready` whenever there is something to receive; the Proactor loop of Windows has no add_reader."""
    if sys.platform != "win32":
        loop = asyncio.get_running_loop()
        loop.add_reader(sock, ready)
        try:
            yield
        finally:
            loop.remove_reader(sock)
        return

    def once() -> None:
        ready()
        select_thread.when_readable(sock, once)

    select_thread.when_readable(sock, once)
    try:
        yield
    finally:
        select_thread.forget(sock)
