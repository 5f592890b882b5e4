"""An event loop in a thread of its own, and whoever waits for it outside: neither a peer that never stops talking nor
a call that never returns can keep the main thread from hearing Ctrl-C and from ending the run in time."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
from collections.abc import Coroutine
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any

from portcheck.net.lag import ListeningLoop
from portcheck.net.platform import console
from portcheck.net.starved import starved
from portcheck.run.ending import ENDING

GRACE_S = 1.0  # so much after its deadline a loop that still listens has ended by itself
WIND_DOWN_S = 3.0  # and after it was told to end
GLANCE_S = 0.1  # so often it is looked whether the end was told: Windows wakes nobody who waits for a Ctrl-C
SELDOM = (50_000, 20, 50)
"""How many new objects, and rounds, between the searches for circles of garbage: a run makes few, and many objects."""


def attended(work: Coroutine[Any, Any, None], limit_s: float | None) -> bool:
    """Run `work` to its end; it minds `limit_s` and `ENDING` itself. False: it did not, and was left behind.

    Raises what `work` raised. Signals are heard meanwhile.
    """
    news: SimpleQueue[BaseException | None] = SimpleQueue()

    async def to_its_end() -> None:
        await work
        news.put(None)  # now, not after asyncio has waited for its threads

    def live() -> None:
        going = to_its_end()
        try:
            with asyncio.Runner(loop_factory=ListeningLoop) as runner:
                runner.get_loop().set_exception_handler(_only_faults_of_ours)
                runner.run(going)
        except BaseException as error:  # noqa: BLE001 - it is raised again where somebody waits
            news.put(error)
        finally:
            going.close()  # where no loop could be made
            work.close()

    console.keep_when_closed()
    gc.set_threshold(*SELDOM)
    threading.Thread(target=live, name="asking", daemon=True).start()
    return _ended(news, None if limit_s is None else time.monotonic() + limit_s + GRACE_S)


def _only_faults_of_ours(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """What nobody waits for is a head start; where this machine is too full for it, it is done when it is needed."""
    if not starved(context.get("exception")):
        loop.default_exception_handler(context)


def _ended(news: SimpleQueue[BaseException | None], until: float | None) -> bool:
    told = False
    while until is None or time.monotonic() < until:
        if ENDING.told and not told:
            told, latest = True, time.monotonic() + WIND_DOWN_S
            until = latest if until is None else min(until, latest)
        with suppress(Empty):
            if (fault := news.get(timeout=GLANCE_S)) is not None:
                raise fault
            return True
    return False


def pause(seconds: float) -> bool:
    """Wait, unless told to end; False if so."""
    until = time.monotonic() + seconds
    while not ENDING.told and (left := until - time.monotonic()) > 0:
        time.sleep(min(GLANCE_S, left))
    return not ENDING.told
