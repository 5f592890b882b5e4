"""How many checks wait for their turn at once: those of a large network are planned, and not yet begun.

A check that is begun holds its coroutines and timers, some 5 KB; one that is planned holds next to nothing.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import field

from portcheck.frozen import dataclass

MOST = 16384  # checks, some 80 MB: many times as many as are asked at once, so that nobody waits for a host to begin


@dataclass(slots=True)
class Crowd:
    """Lets hosts in, first come first served, while their checks together are not too many; one host always fits."""

    most: int = MOST
    inside: int = 0  # checks
    _waiting: deque[tuple[int, asyncio.Future[None]]] = field(default_factory=deque)

    @asynccontextmanager
    async def let_in(self, checks: int) -> AsyncIterator[None]:
        """Wait until a host with so many checks may begin; inside of the context they are asked."""
        await self.enter(checks)
        try:
            yield
        finally:
            self.leave(checks)

    async def enter(self, checks: int = 1) -> None:
        if not self._waiting and self._fits(checks):
            self.inside += checks
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append((checks, turn))
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # let in and told to end at once
                self.leave(checks)
            raise

    def leave(self, checks: int = 1) -> None:
        self.inside -= checks
        while self._waiting and (self._waiting[0][1].done() or self._fits(self._waiting[0][0])):
            wanted, turn = self._waiting.popleft()
            if not turn.done():
                self.inside += wanted
                turn.set_result(None)

    def _fits(self, checks: int) -> bool:
        return not self.inside or self.inside + checks <= self.most
