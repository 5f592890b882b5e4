"""Servers of the internet and of the data centre, and proxies that misbehave, for the lab; run as a program.

Each argument is a row: `KIND ADDRESS:PORT [CERTIFICATE KEY]`. Ready when it says so on stdout.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import struct
import sys

Reader, Writer = asyncio.StreamReader, asyncio.StreamWriter

PAGE = b"HTTP/1.1 404 Not Found\r\nServer: lab\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
REFUSALS = {
    "proxy-407": b"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Negotiate\r\n"
    b'Proxy-Authenticate: NTLM\r\nProxy-Authenticate: Basic realm="corp"\r\nContent-Length: 0\r\n\r\n',
    "proxy-502": b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n",
    "proxy-none": b"SSH-2.0-OpenSSH_9.6\r\n",
}


async def web(reader: Reader, writer: Writer) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(PAGE)


async def sql(reader: Reader, writer: Writer) -> None:
    """MS-TDS 2.2.6.5: VERSION 16.0.1000, ENCRYPTION on."""
    length = struct.unpack(">H", (await reader.readexactly(8))[2:4])[0]
    await reader.readexactly(length - 8)
    options = struct.pack(">BHHBHHB", 0, 11, 6, 1, 17, 1, 0xFF)
    body = options + struct.pack(">BBHH", 16, 0, 1000, 0) + b"\x01"
    writer.write(struct.pack(">BBHHBB", 4, 1, 8 + len(body), 0, 1, 0) + body)


async def strict_sql(reader: Reader, writer: Writer) -> None:
    """In clear: nothing but TLS is taken, so the pre-login is hung up on."""
    await reader.read(1)


async def framing(reader: Reader, writer: Writer) -> None:
    """.NET message framing: an end without a word to HTTP, a fault to a preamble (MC-NMF 2.2.3.6)."""
    if await reader.read(1) == b"\0":
        await reader.read(500)
        fault = b"http://schemas.microsoft.com/ws/2006/05/framing/faults/EndpointNotFound"
        writer.write(b"\x08" + bytes([len(fault)]) + fault)


async def amqp(reader: Reader, writer: Writer) -> None:
    """The header for SASL comes back as it is, and the offer of mechanisms after it (OASIS AMQP 1.0, 5.3.2)."""
    offer = b"\0\x53\x40\xc0\x0b\x01\xe0\x08\x01\xb3\0\0\0\x04MSSB"
    writer.write(await reader.readexactly(8) + struct.pack(">IBBH", 8 + len(offer), 2, 1, 0) + offer)


async def mute(reader: Reader, writer: Writer) -> None:
    await reader.read()


def refusing(answer: bytes):  # type: ignore[no-untyped-def]
    async def proxy(reader: Reader, writer: Writer) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)

    return proxy


async def cutting_proxy(reader: Reader, writer: Writer) -> None:
    """Lets the tunnel stand, and hangs up on what comes through it."""
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
    await reader.read(1)


async def signing_proxy(reader: Reader, writer: Writer, context: ssl.SSLContext) -> None:
    """Ends TLS itself, with a certificate of its own authority."""
    request = await reader.readuntil(b"\r\n\r\n")
    if request.startswith(b"CONNECT"):
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await writer.drain()
        await writer.start_tls(context)
        await reader.readuntil(b"\r\n\r\n")
    writer.write(PAGE)


KINDS = {
    "http": web,
    "https": web,
    "mssql": sql,
    "mssql-strict": sql,
    "framing": framing,
    "amqps": amqp,
    "mute": mute,
    "proxy-cut": cutting_proxy,
    **{name: refusing(answer) for name, answer in REFUSALS.items()},
}


def context_of(certificate: str, key: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


async def serve(row: str) -> asyncio.Server:
    kind, where, *files = row.split()
    address, _, port = where.rpartition(":")
    context = context_of(*files) if files else None

    async def treat(reader: Reader, writer: Writer) -> None:
        with contextlib.suppress(OSError, EOFError, asyncio.IncompleteReadError):
            if kind == "proxy-sign" and context is not None:
                await signing_proxy(reader, writer, context)
            else:
                await KINDS[kind](reader, writer)
            await writer.drain()
        with contextlib.suppress(OSError):
            writer.close()

    if kind == "mssql-strict" and context is not None:
        context.set_alpn_protocols(["tds/8.0"])
    inside = None if kind == "proxy-sign" else context
    return await asyncio.start_server(treat, address, int(port), ssl=inside)


async def main() -> None:
    servers = [await serve(row) for row in sys.argv[1:]]
    print("ready", flush=True)
    await asyncio.gather(*(server.serve_forever() for server in servers))


if __name__ == "__main__":
    asyncio.run(main())
