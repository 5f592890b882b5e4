"""A directory on loopback that binds as its script says, and remembers every byte it was sent."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

from portcheck.server.certificate import identity
from portcheck.server.controller.record import Certificate
from portcheck.wire import WireError, ber

HOST = "dc1.alpha.test"
BIND, SEARCH, EXTENDED = 0x60, 0x63, 0x77
Answer = Callable[[int], bytes]
Habit = Callable[[asyncio.StreamReader, asyncio.StreamWriter, "Seen"], Awaitable[None]]


@dataclass(slots=True)
class Seen:
    """What came in: in clear and through TLS, and how many binds."""

    port: int = 0
    ca_file: Path = Path()
    clear: bytes = b""
    covered: bytes = b""
    binds: int = 0
    held: list[asyncio.StreamWriter] = field(default_factory=list)


def bind_answer(code: int = 0, text: str = "") -> Answer:
    body = (ber.enumerated(code), ber.octets(""), ber.octets(text))
    return lambda number: ber.tlv(ber.SEQUENCE, ber.integer(number), ber.tlv(0x61, *body))


def nothing_found(number: int) -> bytes:
    body = (ber.enumerated(0), ber.octets(""), ber.octets(""))
    return ber.tlv(ber.SEQUENCE, ber.integer(number), ber.tlv(0x65, *body))


def directory(*answers: Answer, start_tls: bool = True) -> Habit:
    """Answers the n-th bind with the n-th answer (the last one again and again), and every search with nothing."""

    async def habit(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, seen: Seen) -> None:
        while True:
            number, tag = await message(reader, writer, seen)
            if tag == BIND:
                seen.binds += 1
                writer.write(answers[min(seen.binds, len(answers)) - 1](number))
            elif tag == SEARCH:
                writer.write(nothing_found(number))
            elif tag == EXTENDED:
                code = 0 if start_tls else 52
                body = (ber.enumerated(code), ber.octets(""), ber.octets(""))
                writer.write(ber.tlv(ber.SEQUENCE, ber.integer(number), ber.tlv(0x78, *body)))
            await writer.drain()

    return habit


async def message(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, seen: Seen) -> tuple[int, int]:
    data = b""
    while True:
        part = await reader.read(65536)
        if not part:
            raise ConnectionError("the client left")
        data += part
        note(part, writer, seen)
        with contextlib.suppress(WireError):
            parts = ber.children(ber.whole(data, ber.SEQUENCE))
            return ber.number(parts[0].value), parts[1].tag


def note(part: bytes, writer: asyncio.StreamWriter, seen: Seen) -> None:
    if writer.get_extra_info("ssl_object") is None:
        seen.clear += part
    else:
        seen.covered += part


@contextlib.asynccontextmanager
async def serving(habit: Habit, kind: Certificate | None = Certificate.VALID) -> AsyncIterator[Seen]:
    """The habit behind TLS with such a certificate (trusted through `seen.ca_file`), or in clear where kind is None."""
    shown = identity(HOST, kind) if kind is not None else None
    seen = Seen()
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.held.append(writer)
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        with contextlib.suppress(ConnectionError, OSError):
            await habit(reader, writer, seen)
        writer.close()

    with tempfile.TemporaryDirectory() as folder:
        seen.ca_file = Path(folder) / "ca.pem"
        seen.ca_file.write_bytes(shown.pem if shown is not None else b"")
        server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=shown.context if shown is not None else None)
        seen.port = server.sockets[0].getsockname()[1]
        try:
            yield seen
        finally:
            for _ in range(10):  # a connection that is being accepted gets its transport, so that it can be closed
                await asyncio.sleep(0)
            server.close()
            for writer in seen.held:
                with contextlib.suppress(AttributeError):  # over TLS, of a connection that is gone (Python 3.11)
                    writer.transport.abort()
            if tasks:
                await asyncio.wait(tasks, timeout=180)
            for writer in seen.held:
                with contextlib.suppress(OSError):
                    await writer.wait_closed()
