"""The event loop of what serves strangers: no visitor ends the listening, nor is a visitor who left worth a word."""

from __future__ import annotations

import asyncio
import errno
from typing import Any


def runner() -> asyncio.Runner:
    """On every system the loop that Unix has.

    Windows' own ends the listening at a port where one visitor leaves before he is let in (CPython issue 93821), and
    the reading of datagrams where one is not taken any more.
    """
    return asyncio.Runner(loop_factory=_loop)


def _loop() -> asyncio.AbstractEventLoop:
    made = asyncio.SelectorEventLoop()
    made.set_exception_handler(_only_faults_of_ours)
    return made


def _only_faults_of_ours(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    if not _has_left(context.get("exception")):
        loop.default_exception_handler(context)


def _has_left(fault: BaseException | None) -> bool:
    """Whether it only says that a peer is gone: where accept() finds that, asyncio goes on, and prints a traceback."""
    return isinstance(fault, ConnectionError) or (isinstance(fault, OSError) and fault.errno == errno.ENOTCONN)
