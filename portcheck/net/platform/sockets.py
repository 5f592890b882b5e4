"""Sockets as every probe needs them: non-blocking, from a source port that no domain controller ignores."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import struct
import sys
from collections.abc import Callable
from functools import partial

from portcheck.net import errors
from portcheck.net.alarms import after
from portcheck.net.platform import ready, select_thread

# The KDC drops clients on 88 and 464, and by a byte-order bug those on 22528 and 53249 (Microsoft KB2000061).
FORBIDDEN_SOURCE_PORTS = frozenset({88, 464, 22528, 53249})
IP_RECVTTL, IP_TTL = 12, 2
IPV6_RECVHOPLIMIT, IPV6_HOPLIMIT = 51, 52
IP_BIND_ADDRESS_NO_PORT = 24  # linux/in.h
SO_BINDTODEVICE = 25  # asm-generic/socket.h
IP_MINTTL, IPV6_MINHOPCOUNT = 21, 73  # linux/in.h, linux/in6.h
UNDER_WAY = frozenset({errno.EINPROGRESS, errno.EALREADY, errno.EWOULDBLOCK, errno.EINTR})
Told = Callable[[OSError | None], None]


def family(address: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def make(address: str, kind: socket.SocketKind, source_ip: str | None = None, port: int = 0) -> socket.socket:
    """A bound, non-blocking socket for talking to `address`; raises OSError where this machine cannot.

    `port`: the local one; 0 for any.
    """
    wanted = family(address)
    any_address = source_ip or ("::" if wanted == socket.AF_INET6 else "0.0.0.0")  # noqa: S104
    shunned: list[socket.socket] = []
    try:
        for _ in range(16):
            sock = socket.socket(wanted, kind)
            sock.setblocking(False)
            try:
                if _chooses_late(sock, kind, port):
                    if source_ip:
                        sock.bind((source_ip, 0))
                    return sock
                sock.bind((any_address, port))
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


def _chooses_late(sock: socket.socket, kind: socket.SocketKind, port: int) -> bool:
    """The port is taken at connecting, so that many connections to different ends share few ports (Linux, TCP)."""
    if sys.platform != "linux" or port or kind != socket.SOCK_STREAM:
        return False
    try:
        sock.setsockopt(socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
    except OSError:
        return False
    return True


class ShunnedPortError(OSError):
    """The system chose a local port that domain controllers ignore."""


def _nothing(_: socket.socket) -> None:
    return


def datagrams(
    address: str,
    port: int,
    source_ip: str | None,
    from_port: int = 0,
    *,
    loose: bool,
    ask: Callable[[socket.socket], None] = _nothing,
) -> tuple[socket.socket, select_thread.Peer | None]:
    """A UDP socket, connected; `loose`: not, and whom to send to. `ask`: of it, before. Raises NetError."""
    try:
        sock = make(address, socket.SOCK_DGRAM, source_ip, from_port)
    except OSError as error:
        raise errors.local(error) from None
    to = peer(address, port)
    try:
        ask(sock)
        if not loose:
            sock.connect(to)
    except OSError as error:
        sock.close()
        raise errors.local(error) from None
    return sock, to if loose else None


def peer(address: str, port: int) -> select_thread.Peer:
    """The address as connect wants it: Windows' overlapped one takes a pair for IPv4, whatever the socket's family."""
    return (address, port, 0, 0) if family(address) == socket.AF_INET6 else (address, port)


if sys.platform == "win32":

    async def connect(sock: socket.socket, address: str, port: int) -> None:
        """Connect, or raise OSError; the ICMP error behind it can then be asked for."""
        await select_thread.connect(sock, peer(address, port))

    class Connecting:
        """A connection under way: `told` is called in the loop once, with what it ended in; None: it is made."""

        def __init__(self, sock: socket.socket, address: str, port: int, told: Told) -> None:
            self._told = told
            self._task = asyncio.create_task(connect(sock, address, port))
            self._task.add_done_callback(self._ended)

        def _ended(self, task: asyncio.Task[None]) -> None:
            if not task.cancelled():
                error = task.exception()
                self._told(error if error is None or isinstance(error, OSError) else OSError(None, str(error)))

        def look(self) -> None:
            """Nothing to ask here: the thread beside the loop has told what it knows."""

        def forget(self) -> None:
            """Nobody waits for it any longer; to be called before closing the socket."""
            self._task.cancel()

    async def readable_within(sock: socket.socket, within_s: float) -> bool:
        """Does anything come in within so many seconds, be it the end?"""
        try:
            async with asyncio.timeout(within_s):
                await readable(sock)
        except TimeoutError:
            return False
        return True

    async def readable(sock: socket.socket) -> None:
        """Until there is something to receive, an error too."""
        woken = asyncio.Event()
        select_thread.when_readable(sock, woken.set)
        try:
            await woken.wait()
        finally:
            select_thread.forget(sock)

else:

    async def connect(sock: socket.socket, address: str, port: int) -> None:
        """Connect, or raise OSError; the ICMP error behind it can then be asked for."""
        loop = asyncio.get_running_loop()
        ended: asyncio.Future[OSError | None] = loop.create_future()

        def told(error: OSError | None) -> None:
            if not ended.done():  # who waited may have been called off in this very turn of the loop
                ended.set_result(error)

        connecting = Connecting(sock, address, port, told)
        try:
            error = await ended
        finally:
            connecting.forget()
        if error is not None:
            raise error

    class Connecting:
        """A connection under way: `told` is called in the loop once, with what it ended in; None: it is made.

        Raises ShunnedPortError, and OSError where nothing can be sent.
        """

        __slots__ = ("_fd", "_peer", "_sock", "_told", "_waiting")

        def __init__(self, sock: socket.socket, address: str, port: int, told: Told) -> None:
            self._sock, self._peer, self._told, self._fd = sock, peer(address, port), told, sock.fileno()
            self._waiting = True
            code = sock.connect_ex(self._peer)
            if own_port(sock) in FORBIDDEN_SOURCE_PORTS:
                raise ShunnedPortError(None, "a local port that domain controllers ignore")
            if code == errno.EADDRNOTAVAIL:
                raise OSError(code, os.strerror(code))
            if code in UNDER_WAY:
                ready.when_writable(self._fd, self._ready)
            else:
                asyncio.get_running_loop().call_soon(self._end, code)

        def _ready(self) -> None:
            self._end(self._sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))

        def look(self) -> None:
            """Ask the kernel now how it stands (Linux: connecting once more tells)."""
            if self._waiting and sys.platform == "linux":
                code = self._sock.connect_ex(self._peer)
                if code not in UNDER_WAY:
                    self._end(0 if code == errno.EISCONN else code)

        def _end(self, code: int) -> None:
            if self._waiting:
                self.forget()
                self._told(OSError(code, os.strerror(code)) if code else None)

        def forget(self) -> None:
            """Nobody waits for it any longer; to be called before closing the socket."""
            if self._waiting:
                self._waiting = False
                ready.forget(self._fd)

    async def readable_within(sock: socket.socket, within_s: float) -> bool:
        """Does anything come in within so many seconds, be it the end? The kernel has the last word."""
        loop, fd = asyncio.get_running_loop(), sock.fileno()
        woken: asyncio.Future[bool] = loop.create_future()
        timer = after(within_s, partial(_wake, woken))
        ready.when_readable(fd, partial(_wake, woken))
        try:
            await woken
        finally:
            timer.cancel()
            ready.forget(fd)
        return _has_something(sock)

    def _wake(woken: asyncio.Future[bool]) -> None:
        if not woken.done():
            woken.set_result(True)

    def _has_something(sock: socket.socket) -> bool:
        try:
            sock.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return False
        except OSError:
            return True
        return True

    async def readable(sock: socket.socket) -> None:
        """Until there is something to receive, an error too."""
        woken = asyncio.Event()
        ready.when_readable(sock.fileno(), woken.set)
        try:
            await woken.wait()
        finally:
            ready.forget(sock.fileno())


def clamp(sock: socket.socket, segment: int) -> None:
    """Agree to no larger TCP segment than this; raises OSError where that cannot be set (Windows, it seems)."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, segment)


def clamped(sock: socket.socket, segment: int) -> bool:
    """Was it agreed? To be asked of a connected socket."""
    try:
        return sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG) <= segment
    except OSError:
        return False


def segment(sock: socket.socket) -> int | None:
    """The most bytes of data that a packet of this connection carries; None where that is not told."""
    try:
        return sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG) if hasattr(socket, "TCP_MAXSEG") else None
    except OSError:
        return None


def ask_for_ttl(sock: socket.socket) -> None:
    """Have received datagrams tell the TTL they arrived with (Linux)."""
    if sys.platform == "linux":
        if sock.family == socket.AF_INET:
            sock.setsockopt(socket.IPPROTO_IP, IP_RECVTTL, 1)
        else:
            sock.setsockopt(socket.IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1)


def hear_only_near(sock: socket.socket, ttl: int) -> None:
    """Packets that arrive with a smaller TTL are not heard (RFC 5082); raises OSError where that cannot be set."""
    if sock.family == socket.AF_INET:
        sock.setsockopt(socket.IPPROTO_IP, IP_MINTTL, ttl)
    else:
        sock.setsockopt(socket.IPPROTO_IPV6, IPV6_MINHOPCOUNT, ttl)


def devices() -> tuple[str, ...]:
    """The network devices through which packets come in from elsewhere, where a socket can be tied to one."""
    if sys.platform != "linux":
        return ()
    return tuple(name for _, name in socket.if_nameindex() if name != "lo")


def only_through(sock: socket.socket, device: str) -> None:
    """Tie the socket to the device; allowed to all users since Linux 5.7, else an OSError."""
    sock.setsockopt(socket.SOL_SOCKET, SO_BINDTODEVICE, device.encode() + b"\0")


def can_tie(device: str) -> bool:
    """May this user tie a socket to the device?"""
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as sock:
            only_through(sock, device)
    except OSError:
        return False
    return True


def is_free(towards: str, port: int, source_ip: str | None = None) -> bool:
    """Can this local port be used, for TCP and UDP?"""
    try:
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            make(towards, kind, source_ip, port).close()
    except OSError:
        return False
    return True


def end_with_reset(sock: socket.socket) -> None:
    """Have closing it reset the connection, so that its local port does not wait for minutes."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0))


def ended(sock: socket.socket) -> bool:
    """Has the other side closed or reset it already?"""
    try:
        return sock.recv(1, socket.MSG_PEEK) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


def own_port(sock: socket.socket) -> int:
    """The local port; 0 where there is none."""
    try:
        return int(sock.getsockname()[1])
    except OSError:
        return 0


def own_address(sock: socket.socket) -> str | None:
    """The local address of a connected socket."""
    try:
        return str(sock.getsockname()[0])
    except OSError:
        return None
