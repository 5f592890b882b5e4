"""Plain sockets against a controller of our own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Self

from portcheck.server.controller.record import Controller, Manner
from portcheck.server.controller.serving import Running

Frame = Callable[[bytes], int | None]
PATIENCE_S = 60


def controller(manner: Manner = Manner.WINDOWS, **wrong: object) -> Controller:
    return Controller("dc1.alpha.test", "alpha.test", manner=manner, **wrong)  # type: ignore[arg-type]


@dataclass(slots=True)
class Talk:
    """One connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    @classmethod
    @asynccontextmanager
    async def to(cls, running: Running, service: str) -> AsyncIterator[Self]:
        async with cls.at(running.ports[service]) as talk:
            yield talk

    @classmethod
    @asynccontextmanager
    async def at(cls, port: int, address: str = "127.0.0.1") -> AsyncIterator[Self]:
        talk = cls(*await asyncio.open_connection(address, port))
        try:
            yield talk
        finally:
            talk.writer.close()

    def send(self, question: bytes) -> None:
        self.writer.write(question)

    async def ask(self, question: bytes, frame: Frame) -> bytes:
        self.send(question)
        buffer = b""
        async with asyncio.timeout(PATIENCE_S):
            while not buffer or (length := frame(buffer)) is None or length > len(buffer):
                chunk = await self.reader.read(65536)
                assert chunk, f"hung up after {buffer!r}"
                buffer += chunk
        return buffer[:length]

    async def ended(self) -> bool:
        """Whether the other side hangs up without a further word."""
        async with asyncio.timeout(PATIENCE_S):
            try:
                return await self.reader.read(65536) == b""
            except ConnectionError:
                return True


async def over_tcp(running: Running, service: str, question: bytes, frame: Frame) -> bytes:
    async with Talk.to(running, service) as talk:
        return await talk.ask(question, frame)


class Inbox(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.got: asyncio.Queue[bytes] = asyncio.Queue()

    def datagram_received(self, data: bytes, addr: object) -> None:  # noqa: ARG002 - asyncio's signature
        self.got.put_nowait(data)


async def over_udp(running: Running, service: str, *questions: bytes) -> bytes:
    """The first answer to any of the questions, which go out in this order."""
    return await datagram("127.0.0.1", running.ports[service], *questions)


async def datagram(address: str, port: int, *questions: bytes) -> bytes:
    loop = asyncio.get_running_loop()
    transport, inbox = await loop.create_datagram_endpoint(Inbox, remote_addr=(address, port))
    try:
        for question in questions:
            transport.sendto(question)
        async with asyncio.timeout(PATIENCE_S):
            return await inbox.got.get()
    finally:
        transport.close()
        await asyncio.sleep(0)
