"""ICMP errors as the kernel hands them over with a socket error: who said what (RFC 792, RFC 1812, RFC 4443)."""

from __future__ import annotations

import socket
import struct
import sys
from dataclasses import dataclass, replace
from enum import StrEnum

IP_RECVERR = 11  # linux/in.h; the socket module lacks these numbers on 3.11
IPV6_RECVERR = 25
ORIGIN_ICMP, ORIGIN_ICMP6 = 2, 3
TTL_OF = {(0, 2), (41, 52)}  # IP_TTL, IPV6_HOPLIMIT: as control data, where IP_RECVTTL asked for it
EXTENDED_ERR = struct.Struct("=IBBBBII")  # struct sock_extended_err, linux/errqueue.h


class Said(StrEnum):
    """The kind of objection."""

    PORT = "port"
    PROTOCOL = "protocol"
    PROHIBITED = "prohibited"
    UNREACHABLE = "unreachable"
    TTL = "ttl"
    TOO_BIG = "too-big"
    OTHER = "other"


V4 = {
    (3, 0): (Said.UNREACHABLE, "network unreachable"),
    (3, 1): (Said.UNREACHABLE, "host unreachable"),
    (3, 2): (Said.PROTOCOL, "protocol unreachable"),
    (3, 3): (Said.PORT, "port unreachable"),
    (3, 4): (Said.TOO_BIG, "fragmentation needed"),
    (3, 5): (Said.UNREACHABLE, "source route failed"),
    (3, 6): (Said.UNREACHABLE, "network unknown"),
    (3, 7): (Said.UNREACHABLE, "host unknown"),
    (3, 9): (Said.PROHIBITED, "network administratively prohibited"),
    (3, 10): (Said.PROHIBITED, "host administratively prohibited"),
    (3, 11): (Said.UNREACHABLE, "network unreachable for this type of service"),
    (3, 12): (Said.UNREACHABLE, "host unreachable for this type of service"),
    (3, 13): (Said.PROHIBITED, "administratively prohibited"),
    (11, 0): (Said.TTL, "time to live exceeded"),
    (11, 1): (Said.TTL, "fragment reassembly time exceeded"),
}
V6 = {
    (1, 0): (Said.UNREACHABLE, "no route to destination"),
    (1, 1): (Said.PROHIBITED, "administratively prohibited"),
    (1, 2): (Said.UNREACHABLE, "beyond scope of source address"),
    (1, 3): (Said.UNREACHABLE, "address unreachable"),
    (1, 4): (Said.PORT, "port unreachable"),
    (1, 5): (Said.PROHIBITED, "source address failed policy"),
    (1, 6): (Said.PROHIBITED, "reject route to destination"),
    (2, 0): (Said.TOO_BIG, "packet too big"),
    (3, 0): (Said.TTL, "hop limit exceeded"),
    (3, 1): (Said.TTL, "fragment reassembly time exceeded"),
}


@dataclass(frozen=True, slots=True)
class Icmp:
    """One ICMP error about our own packet."""

    family: int  # 4 or 6
    type: int
    code: int
    offender: str  # the address that sent it
    info: int = 0  # next-hop MTU for "too big"
    ttl: int | None = None  # what it had left on arrival, where the socket asked for that

    @property
    def says(self) -> Said:
        return self._known()[0]

    @property
    def words(self) -> str:
        return self._known()[1]

    @property
    def terminal(self) -> bool:
        """Does it end the exchange? "Too big" only asks for smaller packets."""
        return self.says is not Said.TOO_BIG

    def _known(self) -> tuple[Said, str]:
        table = V4 if self.family == 4 else V6
        return table.get((self.type, self.code), (Said.OTHER, f"ICMP type {self.type} code {self.code}"))


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

    def ask_before_connecting(sock: socket.socket) -> None:
        """A connect fails on ICMP errors; over IPv4 they are queued anyway, over IPv6 only when asked for."""
        if sock.family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, IPV6_RECVERR, 1)

    def ask_no_more(sock: socket.socket) -> None:
        """Once connected: an error that stays queued ("too big") would wake the loop for ever."""
        if sock.family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, IPV6_RECVERR, 0)

elif sys.platform == "win32":

    def ask_for_errors(sock: socket.socket) -> None:
        """Datagrams: refusals still arrive as errors, but the address that sent them only through WSARecvMsg."""

    def ask_before_connecting(sock: socket.socket) -> None:
        """A connect ignores ICMP errors unless told otherwise."""
        from portcheck.net.platform import winsock  # late: it speaks in terms of Icmp

        winsock.ask_for_icmp(sock)

    def ask_no_more(sock: socket.socket) -> None:
        """Nothing is queued here."""

    def drain(sock: socket.socket, limit: int = 32) -> list[Icmp]:
        """The one that a connect failed on."""
        from portcheck.net.platform import winsock

        seen = winsock.icmp_of(sock)
        return [] if seen is None else [seen]

else:

    def ask_for_errors(sock: socket.socket) -> None:
        """No error queue here: refusals still arrive as errors, but without the address that sent them."""

    def ask_before_connecting(sock: socket.socket) -> None:
        """No error queue here."""

    def ask_no_more(sock: socket.socket) -> None:
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


def first_terminal(seen: list[Icmp]) -> Icmp | None:
    return next((icmp for icmp in seen if icmp.terminal), None)
