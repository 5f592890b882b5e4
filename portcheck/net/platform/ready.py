"""Being told once when a socket can be read or written: on Linux by an epoll of our own inside the loop's.

The loop's own readers and writers cost several times what a connect costs, and every check needs two of them.
"""

from __future__ import annotations

import asyncio
import select
import sys
from collections.abc import Callable
from weakref import WeakKeyDictionary

if sys.platform == "linux":
    MOST_AT_ONCE = 1024  # between two looks of the loop at everything else

    class _Watch:
        """The sockets that are waited for in one loop."""

        __slots__ = ("_calls", "_epoll")

        def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
            self._epoll, self._calls = select.epoll(), dict[int, Callable[[], object]]()
            loop.add_reader(self._epoll.fileno(), self._look)

        def add(self, fd: int, mask: int, call: Callable[[], object]) -> None:
            self._calls[fd] = call
            self._epoll.register(fd, mask | select.EPOLLONESHOT)

        def forget(self, fd: int) -> None:
            if self._calls.pop(fd, None) is not None:
                self._epoll.unregister(fd)

        def close(self) -> None:
            self._calls.clear()
            self._epoll.close()

        def _look(self) -> None:
            for fd, _ in self._epoll.poll(0, MOST_AT_ONCE):
                call = self._calls.pop(fd, None)
                if call is not None:
                    self._epoll.unregister(fd)
                    call()

    _watches: WeakKeyDictionary[asyncio.AbstractEventLoop, _Watch] = WeakKeyDictionary()

    def _watch() -> _Watch:
        loop = asyncio.get_running_loop()
        watch = _watches.get(loop)
        if watch is None:
            watch = _watches[loop] = _Watch(loop)
        return watch

    def when_writable(fd: int, call: Callable[[], object]) -> None:
        """Call it in the running loop once the socket is connected, or has failed; it must return at once."""
        _watch().add(fd, select.EPOLLOUT, call)

    def when_readable(fd: int, call: Callable[[], object]) -> None:
        """Call it in the running loop once something has come in, be it the end; it must return at once."""
        _watch().add(fd, select.EPOLLIN, call)

    def forget(fd: int) -> None:
        """Nobody waits for it any longer; to be called before the socket is closed."""
        _watch().forget(fd)

    def end(loop: asyncio.AbstractEventLoop) -> None:
        """The loop is closed: what was kept for it is given back now, and not when somebody looks for what is left."""
        if watch := _watches.pop(loop, None):
            watch.close()

else:

    def when_writable(fd: int, call: Callable[[], object]) -> None:
        """Call it in the running loop once the socket is connected, or has failed; it must return at once."""
        loop = asyncio.get_running_loop()
        loop.add_writer(fd, lambda: (loop.remove_writer(fd), call()))

    def when_readable(fd: int, call: Callable[[], object]) -> None:
        """Call it in the running loop once something has come in, be it the end; it must return at once."""
        loop = asyncio.get_running_loop()
        loop.add_reader(fd, lambda: (loop.remove_reader(fd), call()))

    def forget(fd: int) -> None:
        """Nobody waits for it any longer; to be called before the socket is closed."""
        loop = asyncio.get_running_loop()
        loop.remove_writer(fd)
        loop.remove_reader(fd)

    def end(loop: asyncio.AbstractEventLoop) -> None:
        """Nothing is kept for a loop here."""
