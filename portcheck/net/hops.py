"""One packet with a short life, or one that only near senders may answer: how far it gets, from how far it is answered.

Works without privileges. On Linux an expired TCP SYN or datagram leaves the router's address in the socket's error
queue, and IP_MINTTL (RFC 5082) hides answers that come from further away than asked. Windows tells the router that an
expired SYN ended at; for datagrams and for the TTL of answers it has nothing.
"""

from __future__ import annotations

import asyncio
import errno
import socket
import sys
from enum import StrEnum
from functools import partial

from portcheck.frozen import dataclass
from portcheck.net import errors
from portcheck.net.icmp import Icmp, Said
from portcheck.net.platform import error_queue, machine, sockets, winsock

UDP_WALKS = sys.platform == "linux"
LARGEST = 65535  # a datagram that does not fit is an error on Windows
ANSWERS_TTL = machine.TELLS_TTL
TCP_WALKS = sys.platform == "linux" or winsock.names_routers()


class Fate(StrEnum):
    """What became of one packet."""

    EXPIRED = "expired"  # a router said that its time was up
    ANSWERED = "answered"  # connected, a datagram, or refused: the address, or a device in its place
    OBJECTED = "objected"  # another ICMP error
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Hop:
    """The fate of one packet with a given number of hops to live."""

    ttl: int
    fate: Fate
    by: str | None = None
    back: int | None = None  # the TTL with which a router's word arrived


async def send_tcp(
    address: str,
    port: int,
    ttl: int,
    wait_s: float,
    source_ip: str | None = None,
    from_port: int = 0,
    device: str = "",
) -> Hop:
    """A SYN that lives for `ttl` hops; `from_port` is free again afterwards, whatever came of it.

    `device`: what does not come in through this network device is not heard (Linux). Where this machine has no local
    port left, it is sent a little later.
    """
    send = partial(_send_syn, address, port, ttl, wait_s, source_ip, from_port, device)
    hop = await send()
    for pause_s in () if from_port else errors.PORT_PAUSES_S:
        if hop is not None:
            break
        await asyncio.sleep(pause_s)
        hop = await send()
    return hop or Hop(ttl, Fate.LOST)


async def _send_syn(
    address: str, port: int, ttl: int, wait_s: float, source_ip: str | None, from_port: int, device: str
) -> Hop | None:
    """None where no local port was left."""
    try:
        sock = sockets.make(address, socket.SOCK_STREAM, source_ip, from_port)
    except OSError as error:
        return None if errors.number(error) == errno.EADDRINUSE else Hop(ttl, Fate.LOST)
    with sock:
        try:
            _live(sock, ttl)
            _once(sock, address)
            if device:
                sockets.only_through(sock, device)
            if from_port:
                sockets.end_with_reset(sock)
            async with asyncio.timeout(wait_s):
                await sockets.connect(sock, address, port)
        except TimeoutError:
            return Hop(ttl, Fate.LOST)
        except OSError as error:
            code = errors.number(error)
            if code == errno.ECONNRESET:
                return Hop(ttl, Fate.ANSWERED, address)  # accepted, and cut before we could look: a SYN proxy does that
            if code == errno.EADDRNOTAVAIL:
                return None
            return _fate(ttl, error_queue.drain(sock), refused=code == errno.ECONNREFUSED)
        return Hop(ttl, Fate.ANSWERED, address)


async def send_udp(
    address: str,
    port: int,
    datagram: bytes,
    ttl: int,
    wait_s: float,
    source_ip: str | None = None,
    from_port: int = 0,
) -> Hop:
    """A datagram that lives for `ttl` hops; any datagram that comes back is an answer."""
    try:
        sock = sockets.make(address, socket.SOCK_DGRAM, source_ip, from_port)
    except OSError:
        return Hop(ttl, Fate.LOST)
    with sock:
        try:
            error_queue.ask_for_errors(sock)
            _live(sock, ttl)
            sock.connect(sockets.peer(address, port))
            sock.send(datagram)
            async with asyncio.timeout(wait_s):
                await sockets.readable(sock)
            if seen := error_queue.drain(sock):
                return _fate(ttl, seen, refused=False)
            sock.recv(LARGEST)
        except TimeoutError:
            return Hop(ttl, Fate.LOST)
        except OSError as error:
            return _failed_datagram(ttl, error, error_queue.drain(sock))
        return Hop(ttl, Fate.ANSWERED, address)


async def answers_within(address: str, port: int, ttl: int, wait_s: float, source_ip: str | None = None) -> bool:
    """Does anything answer a SYN with a TTL of at least `ttl` left on arrival? SYN-ACK and RST alike."""
    try:
        sock = sockets.make(address, socket.SOCK_STREAM, source_ip)
    except OSError:
        return False
    with sock:
        try:
            sockets.hear_only_near(sock, ttl)
            error_queue.ask_before_connecting(sock, address)
            async with asyncio.timeout(wait_s):
                await sockets.connect(sock, address, port)
        except TimeoutError:
            return False
        except OSError:
            return not error_queue.drain(sock)  # an ICMP error is not what was asked about
        return True


def _live(sock: socket.socket, ttl: int) -> None:
    if sock.family == socket.AF_INET:
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, ttl)
    else:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, ttl)


def _once(sock: socket.socket, address: str) -> None:
    """One SYN, and to be told what it met, and from how far."""
    error_queue.ask_before_connecting(sock, address)
    sockets.ask_for_ttl(sock)
    if sys.platform == "win32":
        winsock.send_one_syn(sock)


def _failed_datagram(ttl: int, error: OSError, seen: list[Icmp]) -> Hop:
    """Without an error queue the number alone says what an earlier datagram met, and not whose word it was."""
    if not seen and errors.number(error) in {errno.ECONNREFUSED, errno.ECONNRESET}:
        return Hop(ttl, Fate.OBJECTED)
    if not seen and errors.WSAENETRESET in {error.errno, getattr(error, "winerror", None)}:
        return Hop(ttl, Fate.EXPIRED)
    return _fate(ttl, seen, refused=False)


def _fate(ttl: int, seen: list[Icmp], *, refused: bool) -> Hop:
    if not seen:
        return Hop(ttl, Fate.ANSWERED if refused else Fate.LOST)
    first = seen[0]
    return Hop(ttl, Fate.EXPIRED if first.says is Said.TTL else Fate.OBJECTED, first.offender, first.ttl)
