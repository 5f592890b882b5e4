"""Runs that are shared, a queue that is bounded, and results that nobody waited for."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest
from factories import outcome, report

from portcheck.exporter.asking import FRESH_S, Asker, Key, LateError, QueueFullError
from portcheck.exporter.board import ForestBoard
from portcheck.model import Report

KEY = ("alpha.test", "")


class Gate:
    """A run that ends when it is let, and how often one began."""

    def __init__(self) -> None:
        self.open, self.begun, self.count = threading.Event(), threading.Event(), 0

    def ask(self) -> Report:
        self.count += 1
        self.begun.set()
        assert self.open.wait(60)
        return report(outcome())


@contextmanager
def asker(**fields: object) -> Iterator[tuple[Asker, list[Key]]]:
    told: list[Key] = []
    one = Asker(lambda key, *_: told.append(key), **fields)
    try:
        yield one, told
    finally:
        one.close()


async def test_whoever_asks_meanwhile_waits_for_the_same_run() -> None:
    gate = Gate()
    with asker() as (one, told):
        first = asyncio.create_task(one.report(KEY, gate.ask, 60))
        await asyncio.to_thread(gate.begun.wait)
        second = asyncio.create_task(one.report(KEY, gate.ask, 60))
        await asyncio.sleep(0)
        gate.open.set()
        assert await first is await second
        assert (gate.count, told, one.running) == (1, [KEY], {})


async def test_who_is_late_gets_nothing_and_the_next_one_what_became_of_it() -> None:
    gate, now = Gate(), [0.0]
    with asker(clock=lambda: now[0]) as (one, _):
        for _ in range(2):
            with pytest.raises(LateError):
                await one.report(KEY, gate.ask, 0.0)
        running = one.running[KEY].task
        gate.open.set()
        await running
        await asyncio.sleep(0)
        assert (await one.report(KEY, gate.ask, 0.0)).outcomes
        assert gate.count == 1
        await one.report(KEY, gate.ask, 60)
        assert gate.count == 2


async def test_a_result_that_has_grown_old_is_nobodys() -> None:
    gate, now = Gate(), [0.0]
    with asker(clock=lambda: now[0]) as (one, _):
        with pytest.raises(LateError):
            await one.report(KEY, gate.ask, 0.0)
        running = one.running[KEY].task
        gate.open.set()
        await running
        await asyncio.sleep(0)
        now[0] = FRESH_S
        await one.report(KEY, gate.ask, 60)
        assert gate.count == 2


async def test_the_queue_is_bounded_and_few_run_at_once() -> None:
    gates = [Gate() for _ in range(4)]
    with asker(at_once=1, most=3) as (one, _):
        asked = [asyncio.create_task(one.report((str(n), ""), gate.ask, 60)) for n, gate in enumerate(gates[:3])]
        await asyncio.to_thread(gates[0].begun.wait)
        assert (len(one.running), one.waiting) == (3, 2)
        with pytest.raises(QueueFullError):
            await one.report(("3", ""), gates[3].ask, 60)
        for gate in gates:
            gate.open.set()
        await asyncio.gather(*asked)
        assert [gate.count for gate in gates] == [1, 1, 1, 0]


async def test_a_run_that_breaks_is_told_to_all_and_forgotten() -> None:
    failed: list[Key] = []

    def broken() -> Report:
        raise RuntimeError

    with asker(failed=failed.append) as (one, _):
        with pytest.raises(RuntimeError):
            await one.report(KEY, broken, 60)
        await asyncio.sleep(0)
        assert (one.running, failed) == ({}, [KEY])


async def test_many_rounds_leave_nothing_behind() -> None:
    """Hand-made time: scrapes come, some too early, and come again; nothing piles up."""
    now = [0.0]
    with asker(clock=lambda: now[0]) as (one, _):
        answer = report(outcome())
        for number in range(2000):
            now[0] += 1
            with suppress(LateError):
                await one.report((f"forest-{number % 7}", ""), lambda: answer, 60.0 if number % 3 else 0.0)
        await asyncio.gather(*(running.task for running in one.running.values()))
        await asyncio.sleep(0)
        assert one.running == {}
        assert len(asyncio.all_tasks()) == 1


async def test_a_change_wakes_whoever_looks_and_silence_does_not() -> None:
    board = ForestBoard()
    looking = asyncio.create_task(board.after(0, 60))
    await asyncio.sleep(0)
    board.put("alpha.test", report(outcome()))
    assert await looking == 1
    assert await board.after(1, 0.0) == 1
    for _ in range(99):
        board.put("alpha.test", report(outcome()))
    assert len(board.strips["alpha.test"]) == 24
    board.keep_only(["bravo.test"])
    assert (board.reports, board.strips) == ({}, {})
