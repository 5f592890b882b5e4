"""The responder's sockets: a listener per service, or the misbehaviour in its place."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import cast

from portcheck.responder import answers
from portcheck.responder.certificate import server_context
from portcheck.responder.controller import SERVICES, Controller, Misbehaviour
from portcheck.wire import WireError, kerberos, ldap, rpc, smb

Answer = Callable[[bytes], bytes]
Frame = Callable[[bytes], int | None]
LONGEST = 1 << 17  # bytes of one question
PATIENCE_S = 15.0
HTTP = b"HTTP/1.1 400 Bad Request\r\nServer: demo\r\nContent-Length: 0\r\n\r\n"


@dataclass(slots=True)
class Running:
    """A controller that serves; `ports` by service/transport."""

    controller: Controller
    ports: dict[str, int] = field(default_factory=dict)
    conversations: dict[asyncio.Task[None], asyncio.StreamWriter] = field(default_factory=dict)

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
async def serving(controller: Controller) -> AsyncIterator[Running]:
    """Serve on free ports of the controller's address until the context ends."""
    running = Running(controller)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(running.end)
        for service in sorted(SERVICES, key=lambda name: name != "rpc-dynamic/tcp"):
            twin = running.ports.get(service.replace("/udp", "/tcp"), 0)  # both transports on one port, as in life
            port = twin or _free(controller.address)
            running.ports[service] = await _start(service, running, port, stack)
        yield running


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


async def _start(service: str, running: Running, port: int, stack: AsyncExitStack) -> int:
    dc = running.controller
    wrong = dc.misbehave.get(service)
    udp = service.endswith("/udp")
    if wrong in {Misbehaviour.SILENT, Misbehaviour.REFUSED}:
        if wrong is Misbehaviour.REFUSED and udp:
            return port  # nobody there: the host says so itself
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM if udp else socket.SOCK_STREAM)
        stack.callback(sock.close)
        sock.bind((dc.address, port))
        if wrong is Misbehaviour.SILENT and not udp:
            _stuff(sock, stack)
        return port
    frame, answer, tls = _voice(service, running)
    if udp:
        await _serve_udp((dc.address, port), answer, wrong, stack)
        return port

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        running.conversations[task] = writer
        task.add_done_callback(running.conversations.pop)
        await _converse(reader, writer, frame=frame, answer=answer, wrong=wrong)

    server = await asyncio.start_server(handler, dc.address, port, ssl=tls)
    stack.callback(server.close)
    return port


def _voice(service: str, running: Running) -> tuple[Frame, Answer, ssl.SSLContext | None]:
    """How the service cuts its stream into questions, and answers one."""
    dc = running.controller
    name = service.partition("/")[0]
    match name:
        case "ldap" | "gc":
            return ldap.frame, partial(answers.ldap_answer, dc), None
        case "ldaps" | "gc-tls":
            return ldap.frame, partial(answers.ldap_answer, dc), server_context(dc.host, dc.certificate_days)
        case "ldap-ping":
            return ldap.frame, partial(answers.ldap_ping_answer, dc), None
        case "kerberos" | "kpasswd":
            voice = answers.kerberos_answer if name == "kerberos" else answers.kpasswd_answer
            told = partial(voice, dc)
            return kerberos.frame, told if service.endswith("/udp") else _unframed(told), None
        case "smb":
            return smb.frame, partial(answers.smb_answer, dc), None
        case "time":
            return ldap.frame, partial(answers.ntp_answer, dc), None
        case "rpc":
            port = running.ports["rpc-dynamic/tcp"]
            return rpc.frame, lambda data: answers.mapper_answer(dc, data, port), None
        case "rpc-dynamic":
            return rpc.frame, lambda data: answers.interface_answer(data, 0), None
        case _:
            answer = lambda data: answers.dns_answer({dc.domain: (dc,)}, running.ports, data)  # noqa: E731
            return _dns_frame, answer if service.endswith("/udp") else _sized(answer), None


def _unframed(answer: Answer) -> Answer:
    return lambda data: kerberos.tcp(answer(kerberos.payload(data)))


def _sized(answer: Answer) -> Answer:
    def over_tcp(data: bytes) -> bytes:
        reply = answer(data[2:])
        return len(reply).to_bytes(2, "big") + reply

    return over_tcp


def _dns_frame(buffer: bytes) -> int | None:
    return 2 + int.from_bytes(buffer[:2], "big") if len(buffer) >= 2 else None


async def _converse(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    *,
    frame: Frame,
    answer: Answer,
    wrong: Misbehaviour | None,
) -> None:
    """Questions and answers until the peer leaves, is too slow, or says something odd."""
    buffer = b""
    with contextlib.ExitStack() as stack:
        stack.callback(writer.close)
        stack.enter_context(contextlib.suppress(WireError, OSError, TimeoutError))
        async with asyncio.timeout(PATIENCE_S):
            while len(buffer) <= LONGEST:
                chunk = await reader.read(65536)
                if not chunk:
                    break
                if wrong is Misbehaviour.MUTE:
                    continue
                if wrong is Misbehaviour.RESET:
                    _abort(writer)
                    break
                if wrong is Misbehaviour.FOREIGN:
                    writer.write(HTTP)
                    await writer.drain()
                    break
                buffer += chunk
                while (length := frame(buffer) if buffer else None) is not None and length <= len(buffer):
                    question, buffer = buffer[:length], buffer[length:]
                    writer.write(answer(question))
                await writer.drain()


def _abort(writer: asyncio.StreamWriter) -> None:
    sock = writer.get_extra_info("socket")
    if sock is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, answer: Answer, wrong: Misbehaviour | None) -> None:
        self._answer = answer
        self._wrong = wrong
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if self._transport is None or self._wrong in {Misbehaviour.MUTE, Misbehaviour.RESET}:
            return
        with contextlib.suppress(WireError):
            self._transport.sendto(HTTP if self._wrong is Misbehaviour.FOREIGN else self._answer(data), addr)


async def _serve_udp(where: tuple[str, int], answer: Answer, wrong: Misbehaviour | None, stack: AsyncExitStack) -> None:
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(lambda: _Datagrams(answer, wrong), local_addr=where)
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
