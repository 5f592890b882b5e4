"""All steps end before the whole does, however it ends."""

from __future__ import annotations

import asyncio

import pytest

from portcheck.asking.together import together


async def test_all_run_at_once_and_all_are_awaited() -> None:
    met, ended = asyncio.Barrier(3), list[int]()

    async def step(number: int) -> None:
        await met.wait()  # nobody passes alone
        ended.append(number)

    await together(step(number) for number in range(3))
    assert sorted(ended) == [0, 1, 2]


async def test_a_step_that_fails_takes_the_others_back_first() -> None:
    ended: list[str] = []

    async def waiting() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("waiting")

    async def failing() -> None:
        raise LookupError

    with pytest.raises(LookupError):
        await together([failing(), waiting()])
    assert ended in ([], ["waiting"])
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_who_is_cancelled_leaves_nothing_running() -> None:
    begun = asyncio.Event()

    async def waiting() -> None:
        begun.set()
        await asyncio.Event().wait()

    whole = asyncio.create_task(together([waiting(), waiting()]))
    await begun.wait()
    whole.cancel()
    with pytest.raises(asyncio.CancelledError):
        await whole
    assert asyncio.all_tasks() == {asyncio.current_task()}
