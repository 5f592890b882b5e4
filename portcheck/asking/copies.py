"""Copies of this process, made before it has a second thread or an event loop: they will ask, and have all loaded that
another Python would have to load first. On Linux; elsewhere, and where it is too late, there are none.

A copy holds nothing of the run's but its own two pipes, hears no signal, and ends when the one it is told through does.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import signal
import sys
import threading
from dataclasses import field
from io import FileIO

from portcheck.frozen import dataclass

STREAMS = 3  # stdin, stdout, stderr
KILL = 9  # SIGKILL, which Python knows by name where there is one


@dataclass(slots=True)
class Copy:
    """One of them, and this side's ends of its pipes; once `listened`, it is told and heard as asyncio's processes."""

    pid: int
    into: FileIO
    out: FileIO
    returncode: int | None = None
    stdin: asyncio.WriteTransport = field(init=False)
    stdout: asyncio.StreamReader = field(init=False)

    async def listened(self) -> Copy:
        """In the running loop."""
        loop, reader = asyncio.get_running_loop(), asyncio.StreamReader()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), self.out)
        writing, _ = await loop.connect_write_pipe(asyncio.BaseProtocol, self.into)
        self.stdin, self.stdout = writing, reader
        return self

    async def wait(self) -> int:
        """Its exit code, negative for a signal."""
        if self.returncode is None:
            _, status = await asyncio.to_thread(os.waitpid, self.pid, 0)
            self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode

    def kill(self) -> None:
        os.kill(self.pid, KILL)

    def forget(self) -> None:
        """Nobody needs it."""
        self.into.close()
        self.out.close()


if sys.platform == "linux":

    def made(count: int) -> list[Copy]:
        """So many, or as many as this machine has room for; none where this process is more than one thread."""
        if not count or threading.active_count() > 1:
            return []

        gc.freeze()
        found: list[Copy] = []
        with contextlib.suppress(OSError):
            while len(found) < count:
                found.append(_made())
        return found

    def _made() -> Copy:
        """No signal finds the copy with the handlers of this process."""
        theirs_in, into = os.pipe()
        out, theirs_out = os.pipe()
        blocked = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        try:
            pid = os.fork()
            if not pid:
                _live(theirs_in, theirs_out, blocked)
        except OSError:
            for end in (into, out):
                os.close(end)
            raise
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
            for end in (theirs_in, theirs_out):
                os.close(end)
        return Copy(pid, FileIO(into, "wb"), FileIO(out, "rb"))

    def _live(incoming: int, outgoing: int, blocked: set[int]) -> None:
        """The copy's own life: it never returns."""
        try:
            from portcheck.asking import worker

            worker.hear_no_signals()
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
            nowhere = os.open(os.devnull, os.O_WRONLY)
            for own, number in ((incoming, 0), (outgoing, 1), (nowhere, 2)):
                os.dup2(own, number)
            os.closerange(STREAMS, os.sysconf("SC_OPEN_MAX"))
            worker.main()
        finally:
            os._exit(1)

else:

    def made(count: int) -> list[Copy]:  # noqa: ARG001 - as above
        """None."""
        return []
