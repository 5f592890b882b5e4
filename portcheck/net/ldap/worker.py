"""Blocking work in a thread of its own. A thread cannot be cancelled, so it is left behind when the patience ends."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


async def aside(work: Callable[[], T], limit_s: float, cut: Callable[[], None]) -> T:
    """What `work` returns or raises; TimeoutError after `limit_s`. `cut` ends what the thread then still waits for.

    The thread is a daemon: nobody waits for it at the end of the run.
    """
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[T] = loop.create_future()

    def tell(settle: Callable[[], None]) -> None:
        if not ended.done():
            settle()

    def run() -> None:
        try:
            value = work()
        except BaseException as error:  # noqa: BLE001 - it is raised again where it is awaited
            caught = error
            _call(loop, lambda: tell(lambda: ended.set_exception(caught)))
        else:
            _call(loop, lambda: tell(lambda: ended.set_result(value)))

    threading.Thread(target=run, name="sign-in", daemon=True).start()
    try:
        async with asyncio.timeout(limit_s):
            return await ended
    finally:
        if not ended.done() or ended.cancelled():
            cut()


def _call(loop: asyncio.AbstractEventLoop, tell: Callable[[], None]) -> None:
    with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
        loop.call_soon_threadsafe(tell)
