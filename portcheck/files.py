"""Files and pipes that a user named: never more is read than makes sense, and nobody is waited for for ever."""

from __future__ import annotations

import os
import sys
from pathlib import Path

PATIENCE_S = 10.0
"""For a pipe's next bytes: whatever writes into it may have to think first."""
CHUNK = 65536
GLANCE_S = 0.1


def read(path: Path, most: int) -> bytes:
    """The content; one byte more than `most` where there is more. Raises OSError, and ValueError for a NUL in the name.

    A pipe that nobody writes into is a TimeoutError.
    """
    if sys.platform != "win32" and path.is_fifo():
        return _read_pipe(path, most)
    with path.open("rb") as file:
        return file.read(most + 1)


def write_through(path: Path, content: bytes) -> None:
    """Write to what cannot be replaced: a device, or a pipe, for whose reader nobody waits for ever. Raises OSError."""
    if sys.platform != "win32" and path.is_fifo():
        with os.fdopen(_pipe_with_reader(path), "wb") as pipe:
            pipe.write(content)
    else:
        path.write_bytes(content)


if sys.platform != "win32":
    import errno
    import select
    import time

    def _pipe_with_reader(path: Path) -> int:
        until = time.monotonic() + PATIENCE_S
        while True:
            try:
                pipe = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
            except OSError as error:
                if error.errno != errno.ENXIO:
                    raise
            else:
                os.set_blocking(pipe, True)  # who reads slowly reads
                return pipe
            if time.monotonic() > until:
                raise TimeoutError(None, "a pipe that nobody reads")
            time.sleep(GLANCE_S)

    def _read_pipe(path: Path, most: int) -> bytes:
        content = b""
        pipe = os.open(path, os.O_RDONLY | os.O_NONBLOCK)  # opened plainly, it would wait for a writer
        try:
            ready = select.poll()
            ready.register(pipe, select.POLLIN)
            while len(content) <= most:
                if not ready.poll(PATIENCE_S * 1000):
                    raise TimeoutError(None, "a pipe into which nothing is written")
                chunk = os.read(pipe, min(CHUNK, most + 1 - len(content)))
                if not chunk:
                    break
                content += chunk
        finally:
            os.close(pipe)
        return content
