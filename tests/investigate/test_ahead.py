"""What of the second look begins while the first still waits: only where it is worth it, and nothing is asked twice."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace

import pytest
from factories import check, outcome
from investigate.held import Held, cased

from portcheck.investigate import ahead, senders, source_ports, trace
from portcheck.investigate.case import Case
from portcheck.model import Outcome, State
from portcheck.net.hops import Fate, Hop
from portcheck.net.pacing import Pacer

HERE = "192.0.2.10"
SILENT = ("gc/tcp", "ldaps/tcp")


class Asked:
    """What was asked: from which local ports, and with an ear for everybody."""

    def __init__(self) -> None:
        self.ports: Counter[int] = Counter()
        self.loose: list[str] = []
        self.dead: frozenset[int] = frozenset()

    async def syn(self, _: str, port: int, ttl: int, __: float, ___: str | None, from_port: int) -> Hop:
        assert port == 389
        self.ports[from_port] += 1
        return Hop(ttl, Fate.LOST if from_port in self.dead else Fate.ANSWERED)

    async def again(self, silent: Outcome, *_: object, loose: bool = False) -> Outcome:
        assert loose
        self.loose.append(silent.check.service)
        return silent


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    one = Asked()
    monkeypatch.setattr(source_ports.hops, "send_tcp", one.syn)
    monkeypatch.setattr(source_ports.sockets, "is_free", lambda *_: True)  # whatever else runs on this machine
    monkeypatch.setattr(source_ports, "Pacer", lambda _: Pacer(1e6))
    monkeypatch.setattr(trace, "ahead", lambda *_: None)
    return one


def case_of(asked: Asked, *silent: str, sampled: set[str] | None = None) -> tuple[Case, list[Outcome]]:
    seen = [outcome(replace(check("ldap/tcp"), host="dc1.alpha.test", address=HERE), State.OK)]
    seen += [outcome(replace(check(name), host="dc1.alpha.test", address=HERE), State.FILTERED) for name in silent]
    case = cased("dc1.alpha.test", HERE, Held(*seen), asked.again, payload=lambda _: b"question")
    if sampled is not None:
        case.sampled = sampled
    return case, seen[1:]


async def test_ports_are_compared_once_two_seem_silent_and_the_first_round_is_kept(asked: Asked) -> None:
    case, silent = case_of(asked, *SILENT)
    for one in silent:
        ahead.begin(case, one, at_once=True)
    assert case.ahead.ports is not None
    assert all(times == [True] for times in (await case.ahead.ports).values())
    begun = Counter(asked.ports)
    assert not await source_ports.sample(case, mixed=True)
    assert begun
    assert asked.ports == begun  # all behave alike: one round is enough, and it has been


@pytest.mark.parametrize(("names", "at_once"), [(SILENT[:1], True), (SILENT[:1] * 2, True), (SILENT, False)])
async def test_ports_are_not_compared_ahead(asked: Asked, names: tuple[str, ...], at_once: bool) -> None:
    case, silent = case_of(asked, *names)
    for one in silent:
        ahead.begin(case, one, at_once=at_once)
    assert (case.ahead.ports, asked.ports) == (None, {})


async def test_ports_are_compared_ahead_with_few_hosts(asked: Asked) -> None:
    sampled: set[str] = {f"192.0.2.{number}" for number in range(100, 100 + source_ports.MOST_MIXED)}
    case, silent = case_of(asked, *SILENT, sampled=sampled)
    for one in silent:
        ahead.begin(case, one, at_once=True)
    assert case.ahead.ports is None


async def test_what_only_some_ports_get_is_told_from_a_round_begun_ahead(asked: Asked) -> None:
    case, silent = case_of(asked, *SILENT)
    asked.dead = frozenset(range(32768, 65536))
    for one in silent:
        ahead.begin(case, one, at_once=True)
    assert await source_ports.sample(case, mixed=True)
    dead = {port for o in case.outcomes for port in o.facts.get("source_ports_dead", [])}  # type: ignore[attr-defined]
    assert dead == {port for port in asked.ports if port in asked.dead}
    assert {asked.ports[port] for port in asked.ports} == {source_ports.ROUNDS}


async def test_prime_suspects_are_asked_for_the_first_time_afterwards(asked: Asked) -> None:
    case, silent = case_of(asked, *SILENT)
    for one in silent:
        ahead.begin(case, one, at_once=True)
    case.land(replace(silent[0], facts={"source_ports_unanswered": [40001, 40002]}))
    asked.dead = frozenset({40001, 40002})
    assert await source_ports.sample(case, mixed=True)
    assert asked.ports[40001] == asked.ports[40002] == source_ports.ROUNDS


async def test_other_ears_begun_ahead_are_those_that_count(asked: Asked) -> None:
    case, silent = case_of(asked, "kpasswd/udp")
    ahead.begin(case, silent[0], at_once=True)
    await asyncio.sleep(0)
    assert asked.loose == ["kpasswd"]
    await senders.others(case)
    assert asked.loose == ["kpasswd"]
    await senders.others(case)  # in another round, anew
    assert asked.loose == ["kpasswd"] * 2


@pytest.mark.parametrize(("name", "at_once"), [("kpasswd/udp", False), ("gc/tcp", True)])
async def test_other_ears_are_not_lent_ahead(asked: Asked, name: str, at_once: bool) -> None:
    case, silent = case_of(asked, name)
    ahead.begin(case, silent[0], at_once=at_once)
    assert case.ahead.ears == {}
