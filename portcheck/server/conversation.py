"""What happens on a connection, or to a datagram: questions and answers, or the misbehaviour in their place."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from typing import cast

from portcheck.server.admission import AdmissionPolicy, Visitor
from portcheck.server.controller.record import Misbehaviour
from portcheck.server.protocol import ProtocolHandler
from portcheck.wire import WireError

HTTP = b"HTTP/1.1 400 Bad Request\r\nServer: demo\r\nContent-Length: 0\r\n\r\n"
GARBAGE = bytes.fromhex("f7e6d5c4b3a2918f") * 16
FLOOD = GARBAGE * 512  # 64 KiB
TOO_MANY = 64  # floods, or datagrams
BYTE_EVERY_S = 0.3
LATE_S = 2.0
SCAVENGED_ONE_IN = 3
RAW = frozenset(
    {Misbehaviour.MUTE, Misbehaviour.RESET, Misbehaviour.CLOSED, Misbehaviour.FOREIGN, Misbehaviour.GARBAGE}
)
"""These leave TLS out: what is wrong is wrong from the first byte on."""


async def converse(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, voice: ProtocolHandler, wrong: Misbehaviour | None
) -> None:
    """Until the peer leaves, is too slow, or says something odd."""
    with contextlib.ExitStack() as stack:
        stack.callback(writer.close)
        stack.enter_context(contextlib.suppress(WireError, OSError, TimeoutError))  # a peer may do as it likes
        async with asyncio.timeout(voice.patience_s):
            if wrong in RAW:
                await _misbehave(reader, writer, wrong)
            else:
                if voice.tls is not None:
                    # here rather than in asyncio's server, which forgets who is still shaking hands when it closes
                    await writer.start_tls(voice.tls)
                if voice.greeting:
                    writer.write(voice.greeting)
                await _answer_all(reader, writer, voice, wrong)


async def _answer_all(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, voice: ProtocolHandler, wrong: Misbehaviour | None
) -> None:
    buffer, asked = b"", False
    while len(buffer) <= voice.longest and (chunk := await reader.read(65536)):
        buffer += chunk
        while buffer and (length := voice.frame(buffer)) is not None and length <= len(buffer):
            question, buffer = buffer[:length], buffer[length:]
            if voice.once(question):
                if asked:
                    return
                asked = True
            answer = voice.answer(question)
            await _say(writer, answer, wrong)
            if voice.ends(answer):
                return
            if voice.upgrade is not None and voice.upgrades(question):
                # what came behind the question in plain is dropped, not taken for encrypted (RFC 4511, 6.1.1)
                buffer = b""
                await writer.start_tls(voice.upgrade)


async def _say(writer: asyncio.StreamWriter, answer: bytes, wrong: Misbehaviour | None) -> None:
    match wrong:
        case Misbehaviour.TOO_SLOW:
            for at in range(len(answer)):
                writer.write(answer[at : at + 1])
                await writer.drain()
                await asyncio.sleep(BYTE_EVERY_S)
        case Misbehaviour.ENDLESS:
            while True:
                writer.write(FLOOD)
                await writer.drain()
        case Misbehaviour.TOO_MUCH:
            writer.write(answer)
            for _ in range(TOO_MANY):
                writer.write(FLOOD)
                await writer.drain()
        case _:
            await asyncio.sleep(LATE_S if wrong is Misbehaviour.LATE else 0)
            writer.write(answer)
            await writer.drain()


async def _misbehave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, wrong: Misbehaviour | None) -> None:
    if wrong is Misbehaviour.CLOSED:
        return
    while await reader.read(65536):
        if wrong is Misbehaviour.MUTE:
            continue
        if wrong is Misbehaviour.RESET:
            abort(writer)
        else:
            writer.write(HTTP if wrong is Misbehaviour.FOREIGN else GARBAGE)
            await writer.drain()
        return


def abort(writer: asyncio.StreamWriter) -> None:
    """Close with a reset rather than an end."""
    sock = writer.get_extra_info("socket")
    if sock is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


class Datagrams(asyncio.DatagramProtocol):
    """Answers each datagram by itself."""

    def __init__(self, service: str, voice: ProtocolHandler, wrong: Misbehaviour | None, door: AdmissionPolicy) -> None:
        self._service = service
        self._voice = voice
        self._wrong = wrong
        self._door = door
        self._transport: asyncio.DatagramTransport | None = None
        self._own: tuple[str, int] = ("", 0)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)
        self._own = transport.get_extra_info("sockname")[:2]

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        assert self._transport is not None
        if addr[1] in self._voice.deaf_to or not self._door.admits(
            Visitor(addr[0], addr[1], self._service, *self._own)
        ):
            return
        with contextlib.suppress(WireError):
            for reply in self._replies(data):
                if not self._door.fits(data, reply):
                    continue
                if self._wrong is Misbehaviour.LATE:
                    asyncio.get_running_loop().call_later(LATE_S, self._send, reply, addr)
                else:
                    self._send(reply, addr)

    def _send(self, reply: bytes, addr: tuple[str, int]) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.sendto(reply, addr)

    def _replies(self, data: bytes) -> list[bytes]:
        match self._wrong:
            case None | Misbehaviour.LATE | Misbehaviour.RESET_SOME:
                return [self._voice.answer(data)]
            case Misbehaviour.FOREIGN:
                return [HTTP]
            case Misbehaviour.GARBAGE:
                return [GARBAGE]
            case Misbehaviour.ENDLESS:
                return [GARBAGE] * TOO_MANY
            case Misbehaviour.TOO_MUCH:
                return [self._voice.answer(data), *[FLOOD[:8192]] * TOO_MANY]
            case _:
                return []
