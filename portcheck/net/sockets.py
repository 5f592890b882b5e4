"""Sockets as every probe needs them: non-blocking, from a source port that no domain controller ignores."""

from __future__ import annotations

import socket
import sys

# The KDC drops clients on 88 and 464, and by a byte-order bug those on 22528 and 53249 (Microsoft KB2000061).
FORBIDDEN_SOURCE_PORTS = frozenset({88, 464, 22528, 53249})
IP_RECVTTL, IP_TTL = 12, 2
IPV6_RECVHOPLIMIT, IPV6_HOPLIMIT = 51, 52


def family(address: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def make(address: str, kind: socket.SocketKind, source_ip: str | None = None) -> socket.socket:
    """A bound, non-blocking socket for talking to `address`; raises OSError where this machine cannot."""
    wanted = family(address)
    any_address = source_ip or ("::" if wanted == socket.AF_INET6 else "0.0.0.0")  # noqa: S104
    shunned: list[socket.socket] = []
    try:
        for _ in range(16):
            sock = socket.socket(wanted, kind)
            sock.setblocking(False)
            try:
                sock.bind((any_address, 0))
            except OSError:
                sock.close()
                raise
            if sock.getsockname()[1] not in FORBIDDEN_SOURCE_PORTS:
                return sock
            shunned.append(sock)  # held until the end, so that the next one gets another port
    finally:
        for sock in shunned:
            sock.close()
    raise OSError(None, "no usable local port: the range of ephemeral ports is too narrow")


def ask_for_ttl(sock: socket.socket) -> None:
    """Have received datagrams tell the TTL they arrived with (Linux)."""
    if sys.platform == "linux":
        if sock.family == socket.AF_INET:
            sock.setsockopt(socket.IPPROTO_IP, IP_RECVTTL, 1)
        else:
            sock.setsockopt(socket.IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1)


def own_address(sock: socket.socket) -> str | None:
    """The local address of a connected socket."""
    try:
        return str(sock.getsockname()[0])
    except OSError:
        return None
