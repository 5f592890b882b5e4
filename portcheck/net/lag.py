"""An event loop whose clock runs only while it listens: being busy, or stopped, uses up nobody's patience.

A timer of such a loop ends a wait only after the kernel was asked what came in, and that was dealt with. What the
loop was late by (a slow step, SIGSTOP, a suspended machine) is left out of its time, so all patience is longer by it.
"""

from __future__ import annotations

import asyncio
import selectors
import sys
import time
from typing import Any, cast

from portcheck.net import alarms
from portcheck.net.platform import ready

BEAT_S = 0.1  # the loop looks around at least so often
LATE_S = 0.1  # who comes back later was away
AWAY_S = 1.0  # who missed more cannot say when an answer came, nor trust a clock on the wall
HOLD_S = 0.05  # so long in a row what comes in is dealt with before any timer


class LoopClock:
    """Seconds of listening; never ahead of the real ones."""

    def __init__(self) -> None:
        self.missed_s = 0.0  # what was left out
        self.listened = self.seen = time.monotonic()
        self._asked = 0.0  # waited for the kernel since the clock last moved
        self._holding: float | None = None  # since when something came in at every look

    def now(self) -> float:
        return self.listened + min(time.monotonic() - self.seen, LATE_S)

    def looked(self, asked_s: float, *, heard: bool) -> None:
        """The kernel was asked, for `asked_s` at most; the clock stands still while there is something to read."""
        now = time.monotonic()
        self._asked += asked_s
        if heard:
            self._holding = now if self._holding is None else self._holding
            if now - self._holding < HOLD_S:
                return
        passed = now - self.seen
        counted = min(passed, self._asked + LATE_S)
        self.missed_s += passed - counted
        self.listened += counted
        self.seen, self._asked, self._holding = now, 0.0, None


if sys.platform == "win32":
    _Loop = asyncio.ProactorEventLoop
    _Waiting = asyncio.IocpProactor
else:
    _Loop = asyncio.SelectorEventLoop
    _Waiting = selectors.DefaultSelector


class _Eyes(_Waiting):
    """What the loop waits with."""

    clock: LoopClock

    def select(self, timeout: Any = None) -> Any:
        """What came in within so many seconds; a program that is stopped meanwhile returns without having asked."""
        asked = BEAT_S if timeout is None else max(0.0, min(timeout, BEAT_S))
        found = super().select(cast(Any, asked)) or super().select(0)
        self.clock.looked(asked, heard=bool(found))
        return found


class ListeningLoop(_Loop):
    """The loop in which checks are asked."""

    def __init__(self) -> None:
        self.clock = LoopClock()
        eyes = _Eyes()
        eyes.clock = self.clock
        super().__init__(eyes)

    def close(self) -> None:
        super().close()
        ready.end(self)
        alarms.end(self)

    def time(self) -> float:
        clock = self.clock  # as its `now`, which is asked for too often for a call more
        away = time.monotonic() - clock.seen
        return clock.listened + min(LATE_S, away)


def missed_s() -> float:
    """Seconds for which the running loop was not there to listen, until now; 0 of a loop that does not know."""
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return 0.0
    return loop.clock.missed_s if isinstance(loop, ListeningLoop) else 0.0
