"""Files and pipes that a user named: never more is read than makes sense, and nobody is waited for for ever."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

PATIENCE_S = 10.0
"""For a pipe's next bytes: whatever writes into it may have to think first."""
CHUNK = 65536
GLANCE_S = 0.1


def read(path: Path, most: int) -> bytes:
    """The content; one byte more than `most` where there is more. Raises OSError, and ValueError for what is no name.

    A pipe that nobody writes into is a TimeoutError.
    """
    if sys.platform != "win32" and path.is_fifo():
        return _read_pipe(path, most)
    with opened(path) as file:
        return file.read(most + 1)


def opened(path: Path, opener: Callable[[str, int], int] | None = None) -> BinaryIO:
    """The file. Raises OSError, and ValueError for what is no name; Windows says EINVAL."""
    try:
        return open(path, "rb", opener=opener)
    except OSError as error:
        if sys.platform == "win32" and error.errno == errno.EINVAL:
            raise ValueError("no file can have that name") from None
        raise


def words(error: Exception) -> str:
    """What went wrong, as the system says it; a ValueError's own words."""
    return (error.strerror or "no reason given") if isinstance(error, OSError) else str(error)


if sys.platform != "win32":
    import select

    def _read_pipe(path: Path, most: int) -> bytes:
        pipe = os.open(path, os.O_RDONLY | os.O_NONBLOCK)  # opened plainly, it would wait for a writer
        try:
            return from_pipe(pipe, most)
        finally:
            os.close(pipe)

    def from_pipe(pipe: int, most: int) -> bytes:
        """As `read`, from a descriptor that does not block."""
        content = bytearray()
        ready = select.poll()
        ready.register(pipe, select.POLLIN)
        while len(content) <= most:
            if not ready.poll(PATIENCE_S * 1000):
                raise TimeoutError(None, "a pipe into which nothing is written")
            chunk = os.read(pipe, min(CHUNK, most + 1 - len(content)))
            if not chunk:
                break
            content += chunk
        return bytes(content)
