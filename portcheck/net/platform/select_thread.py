"""Waiting for sockets with select() in a thread beside the loop, for what the Proactor loop of Windows cannot tell.

Its datagram transport loses ICMP errors (CPython issues 91227, 127057), and whether its connect leaves the ICMP error
readable is not known; after select() it is. The thread only waits: the loop does the reading, the sending, the closing.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import select
import socket
import threading
from collections.abc import Callable
from dataclasses import field

from portcheck.frozen import dataclass
from portcheck.net.platform import winsock

MOST = 500  # select() takes 512 sockets on Windows (CPython's FD_SETSIZE), the bell included
LINGER_S = 2.0  # a thread without sockets waits so long for new ones
NAME = "select"
UNDER_WAY = {errno.EINPROGRESS, errno.EWOULDBLOCK}
Peer = tuple[str, int] | tuple[str, int, int, int]


@dataclass(frozen=True, slots=True)
class _Wait:
    sock: socket.socket
    connecting: bool
    ready: Callable[[], None]
    loop: asyncio.AbstractEventLoop


@dataclass(slots=True)
class _Thread:
    """One thread, and the sockets that it waits for; it ends when it has had none for a while."""

    _lock: threading.Lock = field(default_factory=threading.Lock)
    _waits: dict[socket.socket, _Wait] = field(default_factory=dict)
    _bell: socket.socket | None = None  # a byte on it wakes the thread

    def take(self, wait: _Wait) -> bool:
        """False when this thread has all that select() takes."""
        with self._lock:
            if len(self._waits) >= MOST:
                return False
            self._waits[wait.sock] = wait
            if self._bell is None:
                self._start()
            else:
                self._ring()
            return True

    def drop(self, sock: socket.socket) -> None:
        with self._lock:
            if self._waits.pop(sock, None) is not None:
                self._ring()

    def _start(self) -> None:
        self._bell, heard = socket.socketpair()
        self._bell.setblocking(False)
        heard.setblocking(False)
        threading.Thread(target=self._run, args=(heard,), name=NAME, daemon=True).start()

    def _ring(self) -> None:
        if self._bell is not None:
            with contextlib.suppress(BlockingIOError):  # full: it wakes anyway
                self._bell.send(b"\0")

    def _run(self, heard: socket.socket) -> None:
        with heard:
            while True:
                waits = self._now()
                woken = _select(heard, waits)
                if not woken and not waits and self._ended():
                    return
                for wait in woken:
                    self._tell(wait)

    def _now(self) -> list[_Wait]:
        with self._lock:
            for sock in [sock for sock in self._waits if sock.fileno() < 0]:
                del self._waits[sock]  # closed without a word
            return list(self._waits.values())

    def _ended(self) -> bool:
        with self._lock:
            if self._waits or self._bell is None:
                return False
            self._bell.close()
            self._bell = None
            return True

    def _tell(self, wait: _Wait) -> None:
        """Once: who wants more asks again."""
        with self._lock:
            if self._waits.get(wait.sock) is not wait:
                return
            del self._waits[wait.sock]
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            wait.loop.call_soon_threadsafe(wait.ready)


def _select(heard: socket.socket, waits: list[_Wait]) -> list[_Wait]:
    """Those that are ready; a connect that failed shows among the exceptions on Windows, as writable elsewhere."""
    reading = [wait.sock for wait in waits if not wait.connecting]
    connecting = [wait.sock for wait in waits if wait.connecting]
    try:
        ready = select.select([heard, *reading], connecting, connecting, None if waits else LINGER_S)
        if heard in ready[0]:
            heard.recv(4096)
    except (OSError, ValueError):
        return []  # one was closed meanwhile: it is not among those of the next round
    woken = {sock for found in ready for sock in found}
    return [wait for wait in waits if wait.sock in woken]


_threads = [_Thread()]


def when_readable(sock: socket.socket, ready: Callable[[], None]) -> None:
    """Call `ready` in the running loop, once, when there is something to receive."""
    _watch(_Wait(sock, False, ready, asyncio.get_running_loop()))


def forget(sock: socket.socket) -> None:
    """Wait for it no longer; to be called before closing it."""
    for thread in _threads:
        thread.drop(sock)


async def connect(sock: socket.socket, peer: Peer) -> None:
    """Connect a non-blocking socket; raises OSError with the number that SO_ERROR tells."""
    code = sock.connect_ex(peer)
    if code in UNDER_WAY:
        await _connected_or_failed(sock)
        code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if code:
        raise winsock.error(code)


async def _connected_or_failed(sock: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    woken = asyncio.Event()
    _watch(_Wait(sock, True, woken.set, loop))
    try:
        await woken.wait()
    finally:
        forget(sock)


def _watch(wait: _Wait) -> None:
    if not any(thread.take(wait) for thread in _threads):
        _threads.append(_Thread())
        _threads[-1].take(wait)
