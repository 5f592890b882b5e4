"""Runs that are shared: whoever asks for a forest that is being asked waits for the same run, and few run at once.

A run outlives the scrape that began it: who comes too early gets nothing, and the next one joins, so that a forest
which takes longer than a scrape may wait is told all the same.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import field

from portcheck.frozen import dataclass
from portcheck.model import Report

Key = tuple[str, str]
"""Forest and profile; an empty profile: those of the file."""
FRESH_S = 60.0
"""So long a result that nobody waited for is good for the next one who asks."""


class QueueFullError(Exception):
    """More wait already than may."""


class LateError(Exception):
    """The run is not done within the time that the scrape has; it goes on."""


@dataclass(slots=True)
class _Running:
    task: asyncio.Task[Report]
    waiters: int = 0


@dataclass(slots=True)
class Asker:
    """`done` hears of every run that came to an end, with how long it took in seconds; `failed` of one that did not."""

    done: Callable[[Key, Report, float], None]
    failed: Callable[[Key], None] = lambda _: None
    at_once: int = 2
    most: int = 18  # running and waiting
    clock: Callable[[], float] = time.monotonic
    running: dict[Key, _Running] = field(default_factory=dict)
    _untaken: dict[Key, tuple[Report, float]] = field(default_factory=dict)
    _pool: ThreadPoolExecutor = field(init=False)
    _places: asyncio.Semaphore = field(init=False)

    def __post_init__(self) -> None:
        self._pool = ThreadPoolExecutor(self.at_once, thread_name_prefix="run")
        self._places = asyncio.Semaphore(self.at_once)

    async def report(self, key: Key, ask: Callable[[], Report], patience_s: float) -> Report:
        """The report of the run that is going on, or of a new one. Raises QueueFullError, LateError."""
        if (kept := self._untaken.pop(key, None)) is not None and self.clock() - kept[1] < FRESH_S:
            return kept[0]
        one = self.running.get(key)
        if one is None:
            if len(self.running) >= self.most:
                raise QueueFullError
            one = self.running[key] = _Running(asyncio.create_task(self._run(key, ask)))
            one.task.add_done_callback(lambda task: self._ended(key, task))
        one.waiters += 1
        try:
            await asyncio.wait([one.task], timeout=max(patience_s, 0.0))
        finally:
            one.waiters -= 1
        if not one.task.done():
            raise LateError
        return one.task.result()

    async def _run(self, key: Key, ask: Callable[[], Report]) -> Report:
        async with self._places:
            began = self.clock()
            report = await asyncio.get_running_loop().run_in_executor(self._pool, ask)
            self.done(key, report, self.clock() - began)
            return report

    def _ended(self, key: Key, task: asyncio.Task[Report]) -> None:
        one = self.running.pop(key, None)
        if task.cancelled() or task.exception() is not None:
            self.failed(key)
        elif one is not None and one.waiters == 0:
            self._untaken = {k: v for k, v in self._untaken.items() if self.clock() - v[1] < FRESH_S}
            self._untaken[key] = (task.result(), self.clock())

    @property
    def waiting(self) -> int:
        return max(0, len(self.running) - self.at_once)

    def close(self) -> None:
        for one in self.running.values():
            one.task.cancel()
        self._pool.shutdown(wait=False, cancel_futures=True)
