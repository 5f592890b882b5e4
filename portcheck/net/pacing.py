"""Pacing: the first tries go out at once, repeats are spread, so that no burst of ours makes the fault we report."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from portcheck.net.lag import missed_s

T = TypeVar("T")
NOTICED_S = 0.5  # answers that take longer need more patience than the usual
REMEMBERED_S = 8.0
MOST_DELAY_S = 10.0


class Delay:
    """How long answers take at the moment: a far or narrow path answers late, and what is late is not lost."""

    def __init__(self) -> None:
        self._heard: list[tuple[float, float]] = []  # when, and after how many seconds; both falling to the end

    def heard(self, latency_s: float) -> None:
        """An answer took so long."""
        now = time.monotonic()
        while self._heard and self._heard[-1][1] <= latency_s:
            self._heard.pop()
        self._heard.append((now, latency_s))

    @property
    def seconds(self) -> float:
        """The longest of late; 0 on a path that nobody would call slow."""
        now = time.monotonic()
        while self._heard and now - self._heard[0][0] > REMEMBERED_S:
            self._heard.pop(0)
        longest = self._heard[0][1] if self._heard else 0.0
        return min(longest, MOST_DELAY_S) if longest >= NOTICED_S else 0.0

    @property
    def more_s(self) -> float:
        """So much more patience than usual."""
        return 2 * self.seconds


async def patiently(step: Coroutine[Any, Any, T], limit: Callable[[], float]) -> T:
    """The step's end, or TimeoutError once the loop's clock has passed the limit, which may move meanwhile."""
    if limit() <= asyncio.get_running_loop().time():
        step.close()  # who always finds something to read has no more time for it than others
        raise TimeoutError
    alarm = _Alarm(limit)
    try:
        return await step
    except asyncio.CancelledError:
        if alarm.rang_alone():
            raise TimeoutError from None
        raise
    finally:
        alarm.off()


class _Alarm:
    """Cancels the running task once the limit has passed."""

    __slots__ = ("_before", "_limit", "_loop", "_next", "_rang", "_task")

    def __init__(self, limit: Callable[[], float]) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._limit, self._task, self._loop = limit, task, asyncio.get_running_loop()
        self._rang, self._before = False, task.cancelling()
        self._next: asyncio.Handle = self._loop.call_at(limit(), self._look)

    def _look(self) -> None:
        """What came in at the same look at the kernel is handed over first."""
        when = self._limit()
        late = when <= self._loop.time()
        self._next = self._loop.call_soon(self._ring) if late else self._loop.call_at(when, self._look)

    def _ring(self) -> None:
        self._rang = True
        self._task.cancel()

    def rang_alone(self) -> bool:
        """Was it this, and nobody else, that cancelled the task? Takes that back."""
        return self._rang and self._task.uncancel() <= self._before

    def off(self) -> None:
        self._next.cancel()


BEGIN_PER_SECOND = 400.0
LEAST_PER_SECOND = 20.0  # a firewall that polices new connections seldom lets fewer pass
MOST_PER_SECOND = 10_000.0
DOUBLED_AFTER = 64  # answers, before anything was too much
MORE_A_SECOND = 20.0  # for each second of answers, afterwards
SLOWER_EVERY_S = 1.0  # one burst that was too much shows itself in many answers
TOO_MANY = 0.25  # of the answers not to the first try: more than a lossy path takes, so it is the pace
MADE_UP_S = 0.05
AT_ONCE_S = 0.0005  # a turn that comes so soon is now


class Pacer:
    """Hands out turns at a steady rate; a long queue is served faster, within `window_s`, but never in a burst."""

    def __init__(self, rate: float, window_s: float | None = None) -> None:
        self.delay = Delay()  # of all that shares this pacer
        self._gap = 1.0 / rate
        self._window = window_s
        self._next = 0.0
        self._waiting = 0

    async def turn(self) -> None:
        """Wait for the next turn."""
        loop = asyncio.get_running_loop()
        self._waiting += 1
        try:
            gap = self._gap
            if self._window is not None:
                gap = min(gap, self._window / self._waiting)
            at = max(loop.time(), self._next)
            self._next = at + gap
            if (wait_s := at - loop.time()) > AT_ONCE_S:
                await asyncio.sleep(wait_s)
        finally:
            self._waiting -= 1


class AdaptivePacer(Pacer):
    """For first tries: faster while they are answered, half as fast when repeats are needed or the loop is late."""

    def __init__(self, most: float | None, parts: int = 1) -> None:
        """`parts`: so many processes share the pace of one way, and each hears its part of the answers."""
        self._most = (most or MOST_PER_SECOND) / parts
        self._begun_at = self.rate = min(BEGIN_PER_SECOND / parts, self._most)
        self._least = min(LEAST_PER_SECOND / parts, self._most)
        self._doubled_after = DOUBLED_AFTER / parts
        self._slowed = float("-inf")
        self._too_fast = False  # ever
        self._heard = self._late = 0  # answers since it was last slowed, and those of them not to the first try
        self._missed = missed_s()
        self._queue: deque[asyncio.Future[None]] = deque()
        super().__init__(self.rate)

    async def turn(self) -> None:
        """Wait for the next turn; who waits goes sooner when the rate rises meanwhile."""
        if missed_s() > self._missed:
            self._missed = missed_s()
            if self.rate > self._begun_at:
                self._halve(self._begun_at)
        loop = asyncio.get_running_loop()
        if not self._queue and self._next <= (now := loop.time()) + AT_ONCE_S:
            self._next = max(now, self._next) + self._gap
            return
        waiting: asyncio.Future[None] = loop.create_future()
        self._queue.append(waiting)
        if len(self._queue) == 1:
            loop.call_at(self._next, self._release)
        await waiting

    def _release(self) -> None:
        """Everybody whose turn has come; of what a late loop has missed, only a little is made up for."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        self._next = max(self._next, now - MADE_UP_S)
        while self._queue and self._next <= now + AT_ONCE_S:
            waiting = self._queue.popleft()
            if not waiting.done():  # else it has been given up
                waiting.set_result(None)
                self._next += self._gap
        if self._queue:
            loop.call_at(max(self._next, now + AT_ONCE_S), self._release)

    def faster(self) -> None:
        """A first try was answered."""
        self._heard += 1
        more = MORE_A_SECOND / self.rate if self._too_fast else self.rate / self._doubled_after
        self._set(min(self._most, self.rate + more))

    def slower(self) -> None:
        """What is there was not heard at first."""
        self._heard += 1
        self._late += 1
        if self._late > TOO_MANY * self._heard and self._halve(self._least):
            self._too_fast, self._heard, self._late = True, 0, 0

    def _halve(self, least: float) -> bool:
        now = asyncio.get_running_loop().time()
        if now - self._slowed < SLOWER_EVERY_S:
            return False
        self._slowed = now
        self._set(max(least, self.rate / 2))
        return True

    def _set(self, rate: float) -> None:
        self.rate, self._gap = rate, 1.0 / rate
