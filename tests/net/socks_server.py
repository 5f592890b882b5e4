"""A SOCKS 5 proxy for tests, on loopback: it tunnels, or behaves in one of the ways real ones do."""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from net.servers import tcp

Reader, Writer = asyncio.StreamReader, asyncio.StreamWriter


@dataclass(slots=True)
class Proxy:
    """`reply`: instead of connecting, this code (0: granted, and then nothing); `hang_up`: as ssh -D where it fails."""

    user: str = ""  # user:password to ask for
    reply: int | None = None
    hang_up: bool = False
    mute: bool = False
    asked: list[tuple[str, int]] = field(default_factory=list)
    port: int = 0

    async def serve(self, reader: Reader, writer: Writer) -> None:
        version, count = await reader.readexactly(2)
        methods = await reader.readexactly(count)
        wanted = 2 if self.user else 0
        writer.write(bytes([version, wanted if wanted in methods else 0xFF]))
        if wanted not in methods:
            return
        if self.user and not await self._signed_in(reader, writer):
            return
        host, port = await asked_for(reader)
        self.asked.append((host, port))
        if self.hang_up:
            return
        if self.mute:
            await reader.read()
            return
        if self.reply is not None:
            writer.write(bytes([5, self.reply, 0, 1]) + bytes(6))
            await writer.drain()
            if not self.reply:
                await reader.read()
            return
        far_reader, far = await asyncio.open_connection("127.0.0.1" if host == "dc1.far.test" else host, port)
        writer.write(bytes([5, 0, 0, 1]) + bytes(6))
        try:
            await asyncio.gather(_pipe(reader, far), _pipe(far_reader, writer))
        finally:
            far.close()
            await far.wait_closed()

    async def _signed_in(self, reader: Reader, writer: Writer) -> bool:
        _, length = await reader.readexactly(2)
        user = await reader.readexactly(length)
        secret = await reader.readexactly((await reader.readexactly(1))[0])
        fits = f"{user.decode()}:{secret.decode()}" == self.user
        writer.write(bytes([1, 0 if fits else 1]))
        return fits


async def asked_for(reader: Reader) -> tuple[str, int]:
    _, command, _, kind = await reader.readexactly(4)
    assert command == 1
    length = (await reader.readexactly(1))[0] if kind == 3 else {1: 4, 4: 16}[kind]
    raw = await reader.readexactly(length)
    host = raw.decode() if kind == 3 else str(ipaddress.ip_address(raw))
    return host, int.from_bytes(await reader.readexactly(2), "big")


async def _pipe(reader: Reader, writer: Writer) -> None:
    while chunk := await reader.read(65536):
        writer.write(chunk)
        await writer.drain()
    writer.close()


@asynccontextmanager
async def socks(proxy: Proxy) -> AsyncIterator[Proxy]:
    async with tcp(proxy.serve) as proxy.port:
        yield proxy
