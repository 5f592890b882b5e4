"""Checks that seem to end in silence are told while they are still asked: soon where others of the host answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from factories import check

from portcheck.asking import doubts
from portcheck.asking.doubts import LAST_S, Doubt
from portcheck.asking.engine import Engine
from portcheck.asking.knowledge import HostState
from portcheck.model import Check
from portcheck.model.target import Target
from portcheck.net.network import Network
from portcheck.net.timeline import Timeline
from portcheck.net.timeouts import Timeouts
from portcheck.probes import registry
from portcheck.probes.exchange import nothing
from portcheck.probes.probe import Probe, Seen, Subject

LDAP, GC = check("ldap/tcp"), check("gc/tcp")
HOST = HostState(Target(LDAP.host, LDAP.address, "srv"))
AT_LAST_S = 0.05  # so long after its beginning a check is doubted at last


def engine(connect_s: float = LAST_S + AT_LAST_S) -> Engine:
    return Engine(Timeouts(connect_s=connect_s), lambda _: None)


def trail(attempts: int = 1, answers: int = 0) -> Timeline:
    one = Timeline()
    one.attempts, one.answers = attempts, answers
    return one


async def first(silences: AsyncIterator[Doubt]) -> Check:
    async with asyncio.timeout(20):
        return (await anext(silences)).check


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> list[Check]:
    """Others of the hosts of these checks answer at once. Soon is now, as far as tests go."""
    quick: list[Check] = []
    monkeypatch.setattr(Engine, "answers_at_once", lambda _, asked: asked in quick)
    monkeypatch.setattr(doubts, "SOON_S", 0.0)
    return quick


@pytest.mark.parametrize(("attempts", "answers"), [(0, 0), (1, 1)], ids=["unsent", "heard"])
async def test_only_what_was_asked_and_is_silent_is_doubted(attempts: int, answers: int) -> None:
    asking = engine(connect_s=0.0)
    asking.doubts.begin(HOST, LDAP, trail(attempts, answers))
    asking.doubts.begin(HOST, GC, trail())
    assert await first(asking.silences()) == GC


async def test_where_others_answer_at_once_the_doubt_comes_before_one_that_waits_for_the_patience(
    at_once: list[Check],
) -> None:
    at_once.append(GC)
    asking = engine()
    asking.doubts.begin(HOST, LDAP, trail())
    asking.doubts.begin(HOST, GC, trail())
    silences = asking.silences()
    assert [await first(silences), await first(silences)] == [GC, LDAP]


@pytest.mark.parametrize("put_off", [False, True])
async def test_nothing_is_told_of_a_check_that_is_over(at_once: list[Check], put_off: bool) -> None:
    at_once.append(GC)
    asking = engine()
    over = asking.doubts.begin(HOST, LDAP, trail())
    if put_off:
        asking.doubts.put_off(asking.doubts._soon.popleft())
    over.over = True
    await asyncio.sleep(2 * AT_LAST_S)  # it has fallen due
    asking.doubts.begin(HOST, GC, trail())
    assert await first(asking.silences()) == GC


@pytest.mark.parametrize("doubted", [HOST, None])
async def test_the_engine_doubts_those_whose_host_it_is_given_and_only_until_they_end(
    monkeypatch: pytest.MonkeyPatch, doubted: HostState | None
) -> None:
    seen: list[Doubt] = []

    async def run(_: Check, net: Network, __: Subject) -> Seen:
        net.trail.attempts = 1
        seen.extend(asking.doubts._soon)
        assert [doubt.silent for doubt in seen] == [True] * len(seen)
        return Seen({})

    monkeypatch.setattr(registry, "PROBES", {"ldap": Probe("ldap", run, nothing)})
    asking = engine()
    await asking.run(LDAP, Subject(LDAP.host), doubted)
    assert [(doubt.host, doubt.check) for doubt in seen] == ([(HOST, LDAP)] if doubted else [])
    assert not any(doubt.silent for doubt in seen)
