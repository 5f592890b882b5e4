"""An ICMP echo request as far as this user may send one: a datagram or raw socket on Unix, IcmpSendEcho on Windows."""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
import struct
import sys

from portcheck.net.platform import sockets

HEADER = struct.Struct("!BBHHH")  # type, code, checksum, identifier, sequence (RFC 792, RFC 4443 4.1)
REQUEST, REPLY = {4: 8, 6: 128}, {4: 0, 6: 129}
BODY = 16  # bytes of chance, by which a reply is known
IPPROTO_ICMPV6 = 58

if sys.platform == "win32":
    import ctypes

    ROOM = 256
    STATUS_AT = 4  # ICMP_ECHO_REPLY (ipexport.h): address, then status; 0 is IP_SUCCESS

    async def echoes(address: str, wait_s: float, source_ip: str | None = None) -> bool | None:
        """Does the address answer? None where this machine cannot ask; of IPv6 it is not asked here."""
        del source_ip
        return None if ":" in address else await asyncio.to_thread(_echo, address, int(wait_s * 1000))

    def _echo(address: str, wait_ms: int) -> bool | None:
        try:
            library = ctypes.WinDLL("iphlpapi")
            library.IcmpCreateFile.restype = ctypes.c_void_p
            library.IcmpSendEcho.argtypes = (
                ctypes.c_void_p, ctypes.c_uint32, ctypes.c_char_p, ctypes.c_uint16, ctypes.c_void_p, ctypes.c_void_p,
                ctypes.c_uint32, ctypes.c_uint32,
            )  # fmt: skip
            library.IcmpCloseHandle.argtypes = (ctypes.c_void_p,)
            handle = library.IcmpCreateFile()
        except (OSError, AttributeError):
            return None
        if handle in (None, ctypes.c_void_p(-1).value):
            return None
        try:
            to = struct.unpack("=I", socket.inet_aton(address))[0]
            reply = ctypes.create_string_buffer(ROOM)
            body = secrets.token_bytes(BODY)
            answers = library.IcmpSendEcho(handle, to, body, BODY, None, reply, ROOM, wait_ms)
            sender, status = struct.unpack_from("=II", reply.raw)
            return bool(answers) and status == 0 and sender == to
        finally:
            library.IcmpCloseHandle(handle)

else:

    async def echoes(address: str, wait_s: float, source_ip: str | None = None) -> bool | None:
        """Does the address answer? None where this user may not ask (Linux: net.ipv4.ping_group_range)."""
        sock = _open(address, source_ip)
        if sock is None:
            return None
        body = secrets.token_bytes(BODY)
        with sock:
            loop = asyncio.get_running_loop()
            try:
                sock.connect((address, 0))
                await loop.sock_sendall(sock, _packed(sock, body))
                async with asyncio.timeout(wait_s):
                    while not _is_reply(sock, await loop.sock_recv(sock, 2048), body):
                        pass
            except TimeoutError:
                return False
            except OSError:
                return False
        return True

    def _open(address: str, source_ip: str | None) -> socket.socket | None:
        family = sockets.family(address)
        protocol = socket.IPPROTO_ICMP if family == socket.AF_INET else IPPROTO_ICMPV6
        for kind in (socket.SOCK_DGRAM, socket.SOCK_RAW):
            try:
                sock = socket.socket(family, kind, protocol)
                sock.setblocking(False)
                if source_ip:
                    sock.bind((source_ip, 0))
            except OSError:
                continue
            return sock
        return None

    def _packed(sock: socket.socket, body: bytes) -> bytes:
        """The kernel fills in identifier and checksum of a datagram socket, and the checksum of ICMPv6."""
        kind, own = REQUEST[4 if sock.family == socket.AF_INET else 6], os.getpid() & 0xFFFF
        return HEADER.pack(kind, 0, _checksum(HEADER.pack(kind, 0, 0, own, 1) + body), own, 1) + body

    def _is_reply(sock: socket.socket, packet: bytes, body: bytes) -> bool:
        raw = sock.type == socket.SOCK_RAW and sock.family == socket.AF_INET
        start = (packet[0] & 15) * 4 if raw and packet else 0
        kind = REPLY[4 if sock.family == socket.AF_INET else 6]
        return packet[start : start + 1] == bytes([kind]) and packet[start + HEADER.size :] == body


def _checksum(data: bytes) -> int:
    """RFC 1071, of an even number of bytes."""
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total & 0xFFFF) + (total >> 16)
    return int(~(total + (total >> 16)) & 0xFFFF)
