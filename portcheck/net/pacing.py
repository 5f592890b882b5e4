"""Pacing: the first tries go out at once, repeats are spread, so that no burst of ours makes the fault we report."""

from __future__ import annotations

import asyncio


class Pacer:
    """Hands out turns at a steady rate; a long queue is served faster, within `window_s`, but never in a burst."""

    def __init__(self, rate: float, window_s: float | None = None) -> None:
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
            if at > loop.time():
                await asyncio.sleep(at - loop.time())
        finally:
            self._waiting -= 1
