"""Who asks what: how many processes, which of them gets which way, and what they tell each other."""

from __future__ import annotations

import asyncio
import io
import socket
import sys
from collections import Counter

import pytest
from factories import check
from hypothesis import HealthCheck, given, settings
from strategies import reports

from portcheck.asking import shards, worker
from portcheck.asking.crowd import Crowd
from portcheck.asking.frames import LENGTH, AskHost, Begun, Done, Share, Told, outcome_of, packed, told, unpacked
from portcheck.config import ForestSpec, Settings
from portcheck.model import Report
from portcheck.model.target import Target
from portcheck.net.pacing import BEGIN_PER_SECOND, DOUBLED_AFTER, AdaptivePacer
from portcheck.net.paths import network


def test_few_checks_are_asked_by_one_process_and_many_by_as_many_as_there_are_cores() -> None:
    shards_cores = shards._cores
    try:
        shards._cores = lambda: 4  # type: ignore[assignment]
        assert [shards.wanted(Settings(), checks) for checks in (1, 3999, 4000, 200_000)] == [1, 1, 2, 4]
        assert shards.wanted(Settings(rate=50.0), 200_000) == 1
        assert shards.wanted(Settings(workers=3), 1) == 3
    finally:
        shards._cores = shards_cores


def test_each_way_is_one_processs_and_they_are_even() -> None:
    found = shards._spread(Counter({"a": 50, "b": 30, "c": 20}), 2)
    assert found["a"] != found["b"] == found["c"]


def test_a_way_is_kept_whole_where_that_is_even_else_a_network_else_nothing() -> None:
    def way(address: str) -> str:
        return address.partition(".")[0]

    two_ways = {"10.0.0.1": 50, "10.0.1.1": 50, "172.16.0.1": 100}
    group, found, whole = shards._grouped(two_ways, (way, network), 2)
    assert (group, whole) == (way, True)
    assert found["10"] != found["172"]
    one_way = {"10.0.0.1": 50, "10.0.0.2": 50, "10.0.1.1": 100}
    group, found, whole = shards._grouped(one_way, (way, network), 2)
    assert (group, whole) == (network, False)
    assert found["10.0.0"] != found["10.0.1"]
    assert shards._grouped({"10.0.0.1": 50, "10.0.0.2": 50}, (way, network), 2) == (str, {}, False)


async def test_who_shares_a_way_goes_twice_as_fast_after_its_part_of_the_answers() -> None:
    """All of them together after as many answers as one alone."""
    alone, sharing = AdaptivePacer(None), AdaptivePacer(None, 4)
    for _ in range(DOUBLED_AFTER // 4):
        sharing.faster()
    for _ in range(DOUBLED_AFTER):
        alone.faster()
    assert 2 * BEGIN_PER_SECOND <= sharing.rate * 4 <= alone.rate


def test_the_pace_of_a_way_is_shared_by_who_asks_over_it() -> None:
    assert AdaptivePacer(None, 4).rate * 4 == AdaptivePacer(None).rate
    assert AdaptivePacer(100.0, 2).rate == 50.0
    assert shards.parts_here(Settings(rate=100.0, workers=3)) == 4
    assert shards.parts_here(Settings(workers=3)) == shards.parts_here(Settings(rate=100.0)) == 1


async def test_nothing_is_said_to_a_process_that_has_ended(caplog: pytest.LogCaptureFixture) -> None:
    """The loop would print a warning for each host that it was to ask."""
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", "", stdin=asyncio.subprocess.PIPE)
    await process.wait()
    asking = shards.Shards(Settings(), lambda _: None)
    for number in range(20):
        asking._say(shards._AskingProcess(process), number)
    assert not caplog.records


@given(reports)
@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_an_outcome_comes_out_of_the_pipe_as_it_went_in(run: Report) -> None:
    for place, outcome in enumerate(run.outcomes):
        stream = io.BytesIO(packed((told(7, place, outcome),)))
        (size,) = LENGTH.unpack(stream.read(LENGTH.size))
        (word,) = unpacked(stream.read(size))  # type: ignore[misc]
        assert isinstance(word, Told)
        assert (word.number, word.check) == (7, place)
        assert outcome_of(word, outcome.check) == outcome


def test_hosts_are_let_in_in_their_turn_and_never_too_many() -> None:
    async def asked() -> tuple[list[int], int]:
        crowd, began, most = Crowd(most=10), list[int](), 0

        async def host(number: int, checks: int) -> None:
            nonlocal most
            async with crowd.let_in(checks):
                began.append(number)
                most = max(most, crowd.inside)
                await asyncio.sleep(0)

        await asyncio.gather(*(host(number, 4) for number in range(20)))
        assert crowd.inside == 0
        return began, most

    began, most = asyncio.run(asked())
    assert began == list(range(20))
    assert most == 8


def test_a_host_of_more_checks_than_fit_is_let_in_alone_and_who_gives_up_leaves_no_hole() -> None:
    async def asked() -> list[str]:
        crowd, told = Crowd(most=3), list[str]()
        leaving = asyncio.Event()

        async def host(name: str, checks: int) -> None:
            async with crowd.let_in(checks):
                told.append(name)
                await leaving.wait()

        first = asyncio.create_task(host("huge", 5))
        await asyncio.sleep(0)
        gone, last = asyncio.create_task(host("gone", 3)), asyncio.create_task(host("last", 3))
        await asyncio.sleep(0)
        assert told == ["huge"]
        gone.cancel()
        await asyncio.sleep(0)
        leaving.set()
        await asyncio.gather(first, last)
        assert crowd.inside == 0
        return told

    assert asyncio.run(asked()) == ["huge", "last"]


@pytest.mark.parametrize("watched", [True, False])
async def test_what_begins_is_told_only_where_somebody_wants_to_know(watched: bool) -> None:
    """Most of what the processes would say to each other is that."""
    asking = worker.Worker()
    asking.begin(Share(Settings(timeout_s=0.1, attempts=1), 8, 1, networks_too=False, watched=watched))
    with socket.socket() as gone:
        gone.bind(("127.0.0.1", 0))
        one = check("tcp/tcp", address="127.0.0.1", port=gone.getsockname()[1])
    place = Target(one.host, "127.0.0.1", "file", target="mim")
    asking.take(AskHost(1, ForestSpec("alpha.test"), "alpha.test", place, None, "", frozenset(), False, (one,)))
    await asyncio.gather(*asking._asking)
    kinds = [type(word) for word in asking.saying]
    assert (kinds.count(Begun), kinds.count(Told), kinds.count(Done)) == (int(watched), 1, 1)
