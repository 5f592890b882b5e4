"""Timers that are mostly cancelled: all that wait equally long stand in one row, of which only the first needs a timer.

A heap of timers costs a check more than its packets do; a row costs an append.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from weakref import WeakKeyDictionary

NEARLY_S = 1e-4  # what is due so soon is due


class Alarm:
    """What is called once its time has come, unless it is cancelled."""

    __slots__ = ("_call", "due")

    def __init__(self, due: float, call: Callable[[], object]) -> None:
        self.due = due
        self._call: Callable[[], object] | None = call

    @property
    def waits(self) -> bool:
        return self._call is not None

    def cancel(self) -> None:
        self._call = None

    def ring(self) -> None:
        call, self._call = self._call, None
        if call is not None:
            call()


class _Row:
    """Alarms of one delay, in the order in which they fall due."""

    __slots__ = ("_alarms", "_armed")

    def __init__(self) -> None:
        self._alarms, self._armed = deque[Alarm](), False

    def add(self, loop: asyncio.AbstractEventLoop, delay_s: float, call: Callable[[], object]) -> Alarm:
        alarm = Alarm(loop.time() + delay_s, call)
        self._alarms.append(alarm)
        if not self._armed:
            self._arm(loop, alarm)
        return alarm

    def _arm(self, loop: asyncio.AbstractEventLoop, first: Alarm) -> None:
        self._armed = True
        loop.call_at(first.due, self._ring)

    def _ring(self) -> None:
        """Each in a step of its own: a fault in one is not another's."""
        loop = asyncio.get_running_loop()
        now = loop.time() + NEARLY_S
        while self._alarms and (self._alarms[0].due <= now or not self._alarms[0].waits):
            if (alarm := self._alarms.popleft()).waits:
                loop.call_soon(alarm.ring)
        self._armed = False
        if self._alarms:
            self._arm(loop, self._alarms[0])


_rows: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[float, _Row]] = WeakKeyDictionary()


def after(delay_s: float, call: Callable[[], object]) -> Alarm:
    """Call it in the running loop after so many seconds; to be used with few different delays."""
    loop = asyncio.get_running_loop()
    rows = _rows.get(loop)
    if rows is None:
        rows = _rows[loop] = {}
    row = rows.get(delay_s)
    if row is None:
        row = rows[delay_s] = _Row()
    return row.add(loop, delay_s, call)


def end(loop: asyncio.AbstractEventLoop) -> None:
    """The loop is closed: what still waits in its rows is not waited for any longer, and keeps nothing alive."""
    _rows.pop(loop, None)
