"""Pacing by a clock of our own, and how many sockets this machine allows."""

from __future__ import annotations

import asyncio
import itertools
import sys
from collections.abc import Callable, Iterator

import pytest

from portcheck.net import pacing
from portcheck.net.pacing import AdaptivePacer, Pacer
from portcheck.net.platform import machine


class Clock:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    def time(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def create_future(self) -> asyncio.Future[None]:
        return asyncio.get_running_loop().create_future()

    def call_at(self, when: float, call: Callable[[], None]) -> None:
        """Nothing else happens until then."""

        def then() -> None:
            self.slept.append(when - self.now)
            self.now = when
            call()

        asyncio.get_running_loop().call_soon(then)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    clock = Clock()

    class Twin:
        get_running_loop = staticmethod(lambda: clock)
        sleep = staticmethod(clock.sleep)

    monkeypatch.setattr(pacing, "asyncio", Twin)
    return clock


async def test_turns_come_at_the_rate(clock: Clock) -> None:
    pacer, turns = Pacer(10.0), []
    for _ in range(5):
        await pacer.turn()
        turns.append(clock.now)
    assert turns == pytest.approx([100.0, 100.1, 100.2, 100.3, 100.4])


async def test_time_that_passed_is_not_saved_up_for_a_burst(clock: Clock) -> None:
    pacer = Pacer(10.0)
    await pacer.turn()
    clock.now += 50
    before = len(clock.slept)
    for _ in range(3):
        await pacer.turn()
    assert clock.slept[before:] == pytest.approx([0.1, 0.1])


class Parked(Clock):
    """A clock on which everybody waits until the test lets them go."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await self.gate.wait()


async def waits_of(pacer: Pacer, how_many: int, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    parked = Parked()

    class Twin:
        get_running_loop = staticmethod(lambda: parked)
        sleep = staticmethod(parked.sleep)

    monkeypatch.setattr(pacing, "asyncio", Twin)
    waiting = [asyncio.create_task(pacer.turn()) for _ in range(how_many)]
    await asyncio.sleep(0)
    parked.gate.set()
    await asyncio.gather(*waiting)
    return parked.slept


async def test_a_long_queue_is_served_faster_but_never_in_a_burst(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = await waits_of(Pacer(20.0), 200, monkeypatch)
    assert max(plain) == pytest.approx(199 / 20.0)
    hurried = await waits_of(Pacer(20.0, window_s=1.2), 200, monkeypatch)
    assert max(hurried) < max(plain)
    gaps = [after - before for before, after in itertools.pairwise(hurried)]
    assert min(gaps) >= 1.2 / 200 - 1e-9
    assert max(gaps) <= 1 / 20.0 + 1e-9


async def test_who_gives_up_waiting_no_longer_counts_as_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    pacer = Pacer(0.001)
    await pacer.turn()
    waiting = asyncio.create_task(pacer.turn())
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    assert pacer._waiting == 0


async def test_first_tries_go_twice_as_fast_after_so_many_answers(clock: Clock) -> None:
    pacer = AdaptivePacer(None)
    for _ in range(pacing.DOUBLED_AFTER):
        pacer.faster()
    assert 2 * pacing.BEGIN_PER_SECOND <= pacer.rate <= 3 * pacing.BEGIN_PER_SECOND
    await pacer.turn()
    await pacer.turn()
    assert clock.slept == pytest.approx([1 / pacer.rate])


async def test_what_is_not_heard_at_first_slows_them_once_a_second_and_never_to_a_halt(clock: Clock) -> None:
    pacer = AdaptivePacer(None)
    for _ in range(1000):
        pacer.faster()
    assert pacer.rate == pacing.MOST_PER_SECOND
    for _ in range(1000):
        pacer.slower()
    assert pacer.rate == pacing.MOST_PER_SECOND / 2
    for _ in range(20):
        clock.now += 2
        pacer.slower()
    assert pacer.rate == pacing.LEAST_PER_SECOND


async def test_who_waits_for_a_turn_goes_sooner_when_answers_come_meanwhile(clock: Clock) -> None:
    pacer = AdaptivePacer(None)
    before = clock.now
    waiting = [asyncio.create_task(pacer.turn()) for _ in range(401)]
    await asyncio.sleep(0)
    for _ in range(5 * pacing.DOUBLED_AFTER):
        pacer.faster()
    await asyncio.gather(*waiting)
    assert pacer.rate == pacing.MOST_PER_SECOND
    assert clock.now - before < 400 / pacing.BEGIN_PER_SECOND / 10


async def test_who_gives_up_waiting_takes_nobodys_turn(clock: Clock) -> None:
    pacer = AdaptivePacer(None)
    first, gone, last = (asyncio.create_task(pacer.turn()) for _ in range(3))
    await first
    gone.cancel()
    await asyncio.gather(gone, return_exceptions=True)
    before = clock.now
    await last
    assert clock.now - before <= 1 / pacing.BEGIN_PER_SECOND + 1e-9


async def test_what_a_late_loop_has_missed_is_made_up_for_only_a_little(clock: Clock) -> None:
    pacer, gone = AdaptivePacer(None), list[float]()

    async def one() -> None:
        await pacer.turn()
        gone.append(clock.now)

    waiting = [asyncio.create_task(one()) for _ in range(400)]
    await asyncio.sleep(0)
    clock.now += 100
    pacer._release()
    await asyncio.sleep(0)
    burst = len(gone)
    await asyncio.gather(*waiting)
    assert 1 < burst <= 2 + pacing.MADE_UP_S * pacing.BEGIN_PER_SECOND


async def test_what_a_lossy_path_loses_does_not_slow_it(clock: Clock) -> None:
    pacer = AdaptivePacer(None)
    for number in range(1000):
        pacer.slower() if number % 10 == 9 else pacer.faster()
    assert pacer.rate == pacing.MOST_PER_SECOND


async def test_after_it_was_too_fast_once_it_goes_faster_by_small_steps(clock: Clock) -> None:
    pacer = AdaptivePacer(None)
    pacer.slower()
    slow = pacer.rate
    for _ in range(int(slow)):
        pacer.faster()
    assert slow < pacer.rate <= slow + pacing.MORE_A_SECOND


@pytest.mark.parametrize("most", [5.0, 1000.0])
async def test_no_answer_lifts_the_rate_that_the_user_allows(clock: Clock, most: float) -> None:
    pacer = AdaptivePacer(most)
    for _ in range(1000):
        pacer.faster()
    assert pacer.rate == most
    await pacer.turn()
    await pacer.turn()
    assert clock.slept == pytest.approx([1 / most])


async def test_a_loop_that_was_away_begins_less(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    pacer = AdaptivePacer(None)
    for _ in range(1000):
        pacer.faster()
    before = pacer.rate
    monkeypatch.setattr(pacing, "missed_s", lambda: 3.0)
    await pacer.turn()
    assert pacer.rate == before / 2


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
class TestFiles:
    """Open files, with the kernel's two limits as the test says."""

    @pytest.fixture
    def limits(self, monkeypatch: pytest.MonkeyPatch) -> dict[str, tuple[int, int]]:
        import resource

        limits = {"now": (1024, 4096)}

        def change(_: int, wanted: tuple[int, int]) -> None:
            if wanted[0] > limits["now"][1] >= 0:
                raise ValueError("current limit exceeds maximum limit")
            limits["now"] = wanted

        monkeypatch.setattr(resource, "getrlimit", lambda _: limits["now"])
        monkeypatch.setattr(resource, "setrlimit", change)
        return limits

    def test_what_fits_is_left_alone(self, limits: dict[str, tuple[int, int]]) -> None:
        assert machine.socket_limit(512) == 512
        assert limits["now"] == (1024, 4096)

    def test_the_soft_limit_is_raised_as_far_as_needed(self, limits: dict[str, tuple[int, int]]) -> None:
        assert machine.socket_limit(2000) == 2000
        assert limits["now"] == (2000 + machine.SPARE_FILES, 4096)

    def test_the_hard_limit_is_respected(self, limits: dict[str, tuple[int, int]]) -> None:
        assert machine.socket_limit(100_000) == 4096 - machine.SPARE_FILES
        assert limits["now"] == (4096, 4096)

    def test_a_limit_that_cannot_be_raised_is_lived_with(
        self, limits: dict[str, tuple[int, int]], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        import resource

        def refuse(*_: object) -> None:
            raise OSError(1, "not permitted")

        monkeypatch.setattr(resource, "setrlimit", refuse)
        assert machine.socket_limit(2000) == 1024 - machine.SPARE_FILES
        assert limits["now"] == (1024, 4096)

    def test_the_tightest_limit_still_allows_one(self, limits: dict[str, tuple[int, int]]) -> None:
        limits["now"] = (10, 10)
        assert machine.socket_limit(2000) == 1

    def test_no_limit_is_no_limit(self, limits: dict[str, tuple[int, int]]) -> None:
        import resource

        limits["now"] = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
        assert machine.socket_limit(100_000) == 100_000


def test_the_address_we_would_send_from_is_known_without_sending() -> None:
    assert machine.source_address("127.0.0.1") == "127.0.0.1"
    assert machine.source_address("not an address") is None
    assert "127.0.0.1" in machine.vantage(("127.0.0.1", "127.0.0.2")).addresses
