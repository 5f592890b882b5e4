"""ICMP errors as the kernel hands them over with a socket error."""

from __future__ import annotations

import socket
import struct
import sys
from dataclasses import replace

from portcheck.net.icmp import Icmp
from portcheck.net.platform import winsock

IP_RECVERR = 11  # linux/in.h; the socket module lacks these numbers on 3.11
IPV6_RECVERR = 25
ORIGIN_ICMP, ORIGIN_ICMP6 = 2, 3
TTL_OF = {(0, 2), (41, 52)}  # IP_TTL, IPV6_HOPLIMIT: as control data, where IP_RECVTTL asked for it
EXTENDED_ERR = struct.Struct("=IBBBBII")  # struct sock_extended_err, linux/errqueue.h

if sys.platform == "linux":

    def ask_for_errors(sock: socket.socket) -> None:
        """UDP hides several ICMP errors unless asked for; TCP in SYN_SENT queues them anyway (Linux >= 5.9)."""
        if sock.family == socket.AF_INET:
            sock.setsockopt(socket.IPPROTO_IP, IP_RECVERR, 1)
        else:
            sock.setsockopt(socket.IPPROTO_IPV6, IPV6_RECVERR, 1)

    def drain(sock: socket.socket, limit: int = 32) -> list[Icmp]:
        """Empty the error queue; undrained, it wakes the loop for ever."""
        seen: list[Icmp] = []
        for _ in range(limit):
            try:
                _, ancillary, _, _ = sock.recvmsg(0, 512, socket.MSG_ERRQUEUE | socket.MSG_DONTWAIT)
            except OSError:
                break
            ttl = next((_int(body) for level, kind, body in ancillary if (level, kind) in TTL_OF), None)
            told = (_unpack(level, kind, body) for level, kind, body in ancillary)
            seen.extend(replace(icmp, ttl=ttl) for icmp in told if icmp is not None)
        return seen

    def ask_before_connecting(sock: socket.socket, towards: str) -> None:
        """A connect fails on ICMP errors; over IPv4 they are queued anyway, over IPv6 only when asked for."""
        if ":" in towards:
            sock.setsockopt(socket.IPPROTO_IPV6, IPV6_RECVERR, 1)

    def ask_no_more(sock: socket.socket, towards: str) -> None:
        """Once connected: an error that stays queued ("too big") would wake the loop for ever."""
        if ":" in towards:
            sock.setsockopt(socket.IPPROTO_IPV6, IPV6_RECVERR, 0)

elif sys.platform == "win32":

    def ask_for_errors(sock: socket.socket) -> None:
        """Datagrams: refusals still arrive as errors, but the address that sent them only through WSARecvMsg."""

    def ask_before_connecting(sock: socket.socket, towards: str) -> None:
        """A connect ignores ICMP errors unless told otherwise."""
        winsock.ask_for_icmp(sock)

    def ask_no_more(sock: socket.socket, towards: str) -> None:
        """Nothing is queued here."""

    def drain(sock: socket.socket, limit: int = 32) -> list[Icmp]:
        """The one that a connect failed on."""
        seen = winsock.icmp_of(sock)
        return [] if seen is None else [seen]

else:

    def ask_for_errors(sock: socket.socket) -> None:
        """No error queue here: refusals still arrive as errors, but without the address that sent them."""

    def ask_before_connecting(sock: socket.socket, towards: str) -> None:
        """No error queue here."""

    def ask_no_more(sock: socket.socket, towards: str) -> None:
        """No error queue here."""

    def drain(sock: socket.socket, limit: int = 32) -> list[Icmp]:
        """No error queue here."""
        return []


def _int(body: bytes) -> int | None:
    return struct.unpack_from("=i", body)[0] if len(body) >= 4 else None


def _unpack(level: int, kind: int, body: bytes) -> Icmp | None:
    if (level, kind) not in {(0, IP_RECVERR), (41, IPV6_RECVERR)} or len(body) < EXTENDED_ERR.size + 8:
        return None
    _, origin, type_, code, _, info, _ = EXTENDED_ERR.unpack_from(body)
    rest = body[EXTENDED_ERR.size :]
    if origin == ORIGIN_ICMP:
        return Icmp(4, type_, code, socket.inet_ntop(socket.AF_INET, rest[4:8]), info)
    if origin == ORIGIN_ICMP6 and len(rest) >= 24:
        return Icmp(6, type_, code, socket.inet_ntop(socket.AF_INET6, rest[8:24]), info)
    return None  # the kernel's own opinion, not a device's
