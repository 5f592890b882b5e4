"""Alarms of one delay share a timer: each rings in its order, once, unless it is cancelled."""

from __future__ import annotations

import asyncio
import gc
import weakref
from functools import partial

from portcheck.net.alarms import after
from portcheck.net.lag import ListeningLoop


async def test_they_ring_in_their_order_and_the_cancelled_ones_never() -> None:
    rung: list[str] = []
    last = asyncio.Event()
    alarms = [after(0.01, lambda name=name: rung.append(name)) for name in "abcd"]  # type: ignore[misc]
    after(0.01, last.set)
    alarms[0].cancel()
    alarms[2].cancel()
    await last.wait()
    assert rung == ["b", "d"]
    assert [alarm.waits for alarm in alarms] == [False] * 4


async def test_a_row_that_has_run_empty_begins_anew() -> None:
    for _ in range(3):
        rung = asyncio.Event()
        after(0.001, rung.set)
        await rung.wait()


async def test_none_rings_before_its_time() -> None:
    loop, rung = asyncio.get_running_loop(), dict[str, float]()
    for name in ("first", "second"):
        began, both = loop.time(), asyncio.Event()
        after(0.02, lambda name=name, began=began: rung.update({name: loop.time() - began}))
        after(0.03, both.set)
        await asyncio.sleep(0.01)
    await both.wait()
    assert all(waited_s >= 0.02 for waited_s in rung.values())
    assert [*rung] == ["first", "second"]


async def test_a_fault_in_one_is_not_another_s() -> None:
    loop, faults, rung = asyncio.get_running_loop(), list[object](), asyncio.Event()
    loop.set_exception_handler(lambda _, context: faults.append(context["exception"]))
    after(0.001, lambda: 1 // 0)
    after(0.001, rung.set)
    await rung.wait()
    assert [type(fault) for fault in faults] == [ZeroDivisionError]


def test_a_loop_that_is_closed_is_kept_alive_by_none_that_still_waits() -> None:
    async def leave() -> None:
        after(60.0, asyncio.Event().set)
        after(60.0, partial(asyncio.get_running_loop().call_soon, print))  # as a future does, it knows its loop

    with asyncio.Runner(loop_factory=ListeningLoop) as runner:
        runner.run(leave())
        known = weakref.ref(runner.get_loop())
    del runner
    gc.collect()
    assert known() is None
