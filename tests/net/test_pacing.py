"""How long the path takes at the moment decides how patient a question is."""

from __future__ import annotations

import asyncio

import pytest

from portcheck.net import connect, pacing
from portcheck.net.pacing import Delay, patiently


def test_a_quick_path_gets_no_more_patience_and_a_slow_one_twice_its_latency() -> None:
    delay = Delay()
    delay.heard(0.3)
    assert delay.more_s == 0
    delay.heard(1.2)
    delay.heard(0.9)
    assert delay.more_s == pytest.approx(2.4)


def test_what_was_slow_long_ago_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(pacing.time, "monotonic", lambda: now[0])
    delay = Delay()
    delay.heard(3.0)
    now[0] += 5
    delay.heard(0.8)
    assert delay.seconds == 3.0
    now[0] += 5
    assert delay.seconds == 0.8
    now[0] += 5
    assert delay.seconds == 0


def test_nobody_can_make_a_run_wait_for_ever() -> None:
    delay = Delay()
    delay.heard(10_000.0)
    assert delay.seconds == pacing.MOST_DELAY_S


async def test_a_limit_that_moves_while_it_is_waited_for_counts_as_moved() -> None:
    loop = asyncio.get_running_loop()
    done = asyncio.Event()
    limit = [loop.time() + 0.05]

    async def step() -> str:
        await done.wait()
        return "answer"

    def moving() -> float:
        if loop.time() >= limit[0] and not done.is_set():
            limit[0] = loop.time() + 30
            done.set()
        return limit[0]

    assert await patiently(step(), moving) == "answer"
    with pytest.raises(TimeoutError):
        await patiently(asyncio.Event().wait(), lambda: loop.time())


@pytest.mark.parametrize(
    ("took_ms", "round_trip_ms", "late"),
    [(1210.0, 1200.0, True), (1020.0, 20.0, False), (3200.0, 1200.0, False), (1210.0, None, False)],
    ids=["the first was answered", "the second was", "the third was", "no timestamps"],
)
def test_a_syn_that_the_kernel_sent_again_was_lost_only_if_the_later_one_was_answered(
    took_ms: float, round_trip_ms: float | None, late: bool
) -> None:
    assert connect._was_only_late(took_ms, round_trip_ms) is late


async def test_an_answer_that_came_with_the_end_of_the_patience_is_heard() -> None:
    """Both fall due at one look of the loop: what came in is handed over before the time is said to be up."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[str] = loop.create_future()
    due = loop.time() + 0.01
    loop.call_at(due - 1e-9, answer.set_result, "answer")
    assert await patiently(_of(answer), lambda: due) == "answer"


async def test_who_is_cancelled_while_the_time_is_up_is_cancelled() -> None:
    loop, begun = asyncio.get_running_loop(), asyncio.Event()

    async def waiting() -> None:
        begun.set()
        await patiently(asyncio.Event().wait(), lambda: loop.time() + 30)

    task = asyncio.create_task(waiting())
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert task.cancelled()


async def test_once_the_time_was_up_the_next_step_is_not_cancelled_for_it() -> None:
    loop = asyncio.get_running_loop()
    with pytest.raises(TimeoutError):
        await patiently(asyncio.Event().wait(), loop.time)
    assert await patiently(asyncio.sleep(0, "next"), lambda: loop.time() + 30) == "next"
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0


async def _of(answer: asyncio.Future[str]) -> str:
    return await answer
