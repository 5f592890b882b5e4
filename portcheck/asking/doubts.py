"""Checks of which nothing has come back for a while: what their silence leads to begins while they are waited for."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import field

from portcheck.asking.knowledge import HostState
from portcheck.frozen import dataclass
from portcheck.model import Check
from portcheck.net.timeline import Timeline

SOON_S = 0.8  # where other answers come at once, it seems to be silence after so long
LAST_S = 0.9
"""So long before the patience ends, what has not been heard of at all is said to be silent, it seems."""
GLANCE_S = 0.02


@dataclass(slots=True)
class Doubt:
    """Whether anything comes back: as long as nothing is heard of a check, that may be its end."""

    host: HostState
    check: Check
    trail: Timeline
    due: float  # on the loop's clock
    last: bool  # it is not put off any more
    over: bool = False

    @property
    def silent(self) -> bool:
        return not self.over and bool(self.trail.attempts) and not self.trail.answers


@dataclass(slots=True)
class Doubts:
    """Those of a run: each falls due soon after its check began, and once more if it is put off."""

    connect_s: float
    _soon: deque[Doubt] = field(default_factory=deque)  # in the order in which they fall due, as the others
    _last: deque[Doubt] = field(default_factory=deque)

    @property
    def _last_s(self) -> float:
        return max(0.0, self.connect_s - LAST_S)

    def begin(self, host: HostState, check: Check, trail: Timeline) -> Doubt:
        after_s = min(SOON_S, self._last_s)
        due = asyncio.get_running_loop().time() + after_s
        doubt = Doubt(host, check, trail, due, last=after_s == self._last_s)
        self._soon.append(doubt)
        return doubt

    def put_off(self, doubt: Doubt) -> None:
        doubt.due += self._last_s - SOON_S
        doubt.last = True
        self._last.append(doubt)

    async def due(self) -> AsyncIterator[Doubt]:
        """As they fall due, those whose checks are not over; without end."""
        loop = asyncio.get_running_loop()
        most_s = max(GLANCE_S, min(SOON_S, self._last_s))  # none that begins meanwhile falls due sooner
        while True:
            first = min((row[0].due for row in (self._soon, self._last) if row), default=loop.time() + most_s)
            await asyncio.sleep(min(max(0.0, first - loop.time()), most_s))
            for row in (self._soon, self._last):
                while row and (row[0].over or row[0].due <= loop.time()):
                    if not (doubt := row.popleft()).over:
                        yield doubt
