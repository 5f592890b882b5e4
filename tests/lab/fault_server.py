"""A server that misbehaves in one way, run inside a DC's namespace in place of the real service.

Its argument is a JSON list of listeners, each `[protocol, mode, options]`; it prints the port of each when it listens.
Standard library only: it is run as a script.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import ssl
import struct
import sys
import threading
import time
from asyncio import StreamReader as Reader
from asyncio import StreamWriter as Writer
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

Options = dict[str, Any]
EPOCH_1900 = 2_208_988_800  # RFC 5905, section 6: seconds from 1900 to 1970
HTTP = b"HTTP/1.1 400 Bad Request\r\nServer: lab\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


async def mute(reader: Reader, writer: Writer, options: Options) -> None:
    while await reader.read(65536):
        pass


async def reset(reader: Reader, writer: Writer, options: Options) -> None:
    _abort(writer)


async def reset_on_data(reader: Reader, writer: Writer, options: Options) -> None:
    await reader.read(65536)
    _abort(writer)


async def close(reader: Reader, writer: Writer, options: Options) -> None:
    writer.close()


async def say(reader: Reader, writer: Writer, options: Options) -> None:
    """Answer anything with the same bytes, and close."""
    await reader.read(65536)
    writer.write(bytes.fromhex(options["words"]))
    await writer.drain()
    writer.close()


async def http(reader: Reader, writer: Writer, options: Options) -> None:
    await say(reader, writer, {"words": HTTP.hex()})


async def garbage(reader: Reader, writer: Writer, options: Options) -> None:
    await say(reader, writer, {"words": os.urandom(4096).hex()})


async def endless(reader: Reader, writer: Writer, options: Options) -> None:
    """Begin like an LDAP answer of 2 GiB, and never stop."""
    await reader.read(65536)
    writer.write(b"\x30\x84\x7f\xff\xff\xff")
    while True:
        writer.write(bytes(65536))
        await writer.drain()


async def drip(reader: Reader, writer: Writer, options: Options) -> None:
    """A byte now and then: never silent, never done."""
    await reader.read(65536)
    for byte in b"\x30\x84\x00\x00\x40\x00" + bytes(16384):
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(options["pause_s"])


async def late(reader: Reader, writer: Writer, options: Options) -> None:
    """The real service, whose first answer comes late."""
    there, back = await asyncio.open_connection(options["address"], options["port"])
    await _both_ways(reader, writer, there, back, hold_s=options["delay_s"])


async def in_clear(reader: Reader, writer: Writer, options: Options) -> None:
    """What came in through TLS goes on in clear to the real service."""
    there, back = await asyncio.open_connection(options["address"], options["port"])
    await _both_ways(reader, writer, there, back, hold_s=0)


async def no_tls13(reader: Reader, writer: Writer, options: Options) -> None:
    """The real service behind a device that cuts whoever offers TLS 1.3 (RFC 8446, 4.2.1: supported_versions)."""
    hello = await reader.read(65536)
    offered = hello.partition(b"\x00\x2b")[2]
    if b"\x03\x04" in offered[3 : 3 + offered[2]] if len(offered) > 3 else False:
        _abort(writer)
        return
    there, back = await asyncio.open_connection(options["address"], options["port"])
    back.write(hello)
    await _both_ways(reader, writer, there, back, hold_s=0)


TCP: dict[str, Callable[[Reader, Writer, Options], Awaitable[None]]] = {
    "mute": mute,
    "reset": reset,
    "reset-on-data": reset_on_data,
    "close": close,
    "say": say,
    "http": http,
    "garbage": garbage,
    "endless": endless,
    "drip": drip,
    "late": late,
    "in-clear": in_clear,
    "no-tls13": no_tls13,
}


class Datagrams(asyncio.DatagramProtocol):
    """The same for UDP: a question comes in, and what the mode makes of it goes out."""

    def __init__(self, mode: str, options: Options) -> None:
        self.mode, self.options = mode, options
        self.running: set[asyncio.Task[None]] = set()

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        task = asyncio.get_running_loop().create_task(self.answer(data, addr))
        self.running.add(task)
        task.add_done_callback(self.running.discard)

    async def answer(self, data: bytes, addr: Any) -> None:
        match self.mode:
            case "http":
                self.transport.sendto(HTTP, addr)
            case "garbage":
                self.transport.sendto(os.urandom(200), addr)
            case "say":
                self.transport.sendto(bytes.fromhex(self.options["words"]), addr)
            case "echo":
                self.transport.sendto(data, addr)
            case "endless":
                for _ in range(1000):
                    self.transport.sendto(os.urandom(200), addr)
            case "clock":
                self.transport.sendto(ntp_reply(data, self.options["skew_s"]), addr)
            case "late":
                self.transport.sendto(await asyncio.to_thread(_late_datagram, data, self.options), addr)


def ntp_reply(request: bytes, skew_s: float) -> bytes:
    """RFC 5905, section 7.3: version 4, server, stratum 2, from a clock that is off."""
    now = time.time() + EPOCH_1900 + skew_s
    stamp = struct.pack("!II", int(now), int(now % 1 * 2**32))
    return struct.pack("!BBbbII4s", 0x24, 2, 6, -20, 0, 0, b"LAB\0") + stamp + request[40:48] + stamp + stamp


def _late_datagram(data: bytes, options: Options) -> bytes:
    began = time.monotonic()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as there:
        there.settimeout(5)
        there.connect((options["address"], options["port"]))
        there.send(data)
        reply = there.recv(65536)
    time.sleep(max(0.0, began + options["delay_s"] - time.monotonic()))
    return reply


async def _both_ways(reader: Reader, writer: Writer, there: Reader, back: Writer, hold_s: float) -> None:
    await asyncio.gather(_pipe(reader, back, 0), _pipe(there, writer, hold_s))


async def _pipe(reader: Reader, writer: Writer, hold_s: float) -> None:
    held = False
    with suppress(ConnectionError):
        while chunk := await reader.read(65536):
            if not held:
                await asyncio.sleep(hold_s)
                held = True
            writer.write(chunk)
            await writer.drain()
    writer.close()


def _abort(writer: Writer) -> None:
    """Close with a reset: linger for no time at all."""
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def listen(protocol: str, mode: str, options: Options) -> int:
    """Open a port of the kernel's choice."""
    loop = asyncio.get_running_loop()
    family = socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM
    sock = socket.socket(socket.AF_INET6, family)
    sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    sock.bind(("::", 0))
    port: int = sock.getsockname()[1]
    if protocol == "udp":
        await loop.create_datagram_endpoint(lambda: Datagrams(mode, options), sock=sock)
        return port

    if options.get("clients_must"):
        sock.listen(1024)
        threading.Thread(target=turn_away, args=(sock, _tls(options)), daemon=True).start()
        return port

    async def serve(reader: Reader, writer: Writer) -> None:
        with suppress(ConnectionError):
            await TCP[mode](reader, writer, options)

    SERVERS.append(await asyncio.start_server(serve, sock=sock, ssl=_tls(options), backlog=1024))
    return port


def turn_away(sock: socket.socket, context: ssl.SSLContext) -> None:
    """TLS that nobody gets through who has no certificate: refused with OpenSSL's own alert, which asyncio loses."""
    while True:
        client, _ = sock.accept()
        client.settimeout(5)
        with client, suppress(OSError):
            inner = context.wrap_socket(client.dup(), server_side=True, do_handshake_on_connect=False)
            with inner, suppress(ssl.SSLError):
                inner.do_handshake()
            client.shutdown(socket.SHUT_WR)
            while client.recv(65536):
                pass


SERVERS: list[asyncio.Server] = []


def _tls(options: Options) -> ssl.SSLContext | None:
    if "certificate" not in options:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.set_ciphers("DEFAULT:@SECLEVEL=0")  # whatever is wrong with the certificate is for the client to say
    context.load_cert_chain(options["certificate"], options["key"])
    if authority := options.get("clients_of"):
        context.load_verify_locations(authority)
        context.verify_mode = ssl.CERT_REQUIRED if options["clients_must"] else ssl.CERT_OPTIONAL
    if newest := options.get("newest"):
        context.minimum_version = context.maximum_version = ssl.TLSVersion[newest]
    return context


async def main(listeners: list[tuple[str, str, Options]]) -> None:
    ports = [await listen(*listener) for listener in listeners]
    sys.stdout.write(json.dumps(ports) + "\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
