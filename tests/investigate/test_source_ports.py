"""One try that was not heard: asked again from its port. Where that is silent too, all kinds of ports are compared."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest
from factories import check, outcome
from investigate.held import Held, cased

from portcheck.investigate import source_ports
from portcheck.investigate.case import Case
from portcheck.model import Outcome, State
from portcheck.net.hops import Fate, Hop
from portcheck.net.pacing import Pacer

HERE = "192.0.2.10"
UNHEARD = 40_008
Dead = Callable[[int], bool]


class Path:
    """Loses what leaves from dead ports; what was asked, and how long an answer was waited for."""

    def __init__(self, dead: Dead) -> None:
        self.dead = dead
        self.asked: Counter[tuple[str, int, int]] = Counter()  # transport, port there, port here
        self.waits: list[float] = []

    async def syn(self, _: str, to: int, ttl: int, wait_s: float, __: str | None, port: int) -> Hop:
        return self._hop("tcp", to, ttl, wait_s, port)

    async def datagram(self, _: str, to: int, __: bytes, ttl: int, wait_s: float, ___: str | None, port: int) -> Hop:
        return self._hop("udp", to, ttl, wait_s, port)

    def _hop(self, transport: str, to: int, ttl: int, wait_s: float, port: int) -> Hop:
        self.asked[transport, to, port] += 1
        self.waits.append(wait_s)
        return Hop(ttl, Fate.LOST if self.dead(port) else Fate.ANSWERED)


@pytest.fixture
def on(monkeypatch: pytest.MonkeyPatch) -> Callable[[Dead], Path]:
    def path(dead: Dead) -> Path:
        one = Path(dead)
        monkeypatch.setattr(source_ports.hops, "send_tcp", one.syn)
        monkeypatch.setattr(source_ports.hops, "send_udp", one.datagram)
        monkeypatch.setattr(source_ports, "random", random.Random(1))
        monkeypatch.setattr(source_ports, "Pacer", lambda _: Pacer(1e6))
        monkeypatch.setattr(source_ports.sockets, "is_free", lambda *_: True)
        return one

    return path


def one_of(name: str, state: State = State.OK, **facts: object) -> Outcome:
    return outcome(replace(check(name), host="dc1.alpha.test", address=HERE), state, facts=facts)


def case_of(*outcomes: Outcome) -> Case:
    async def never(*_: object, **__: object) -> Outcome:
        raise AssertionError("asked again")

    return cased("dc1.alpha.test", HERE, Held(*outcomes), never, payload=lambda _: b"question")


def lost_once(name: str) -> Outcome:
    return one_of(name, answered_on_attempt=2, source_ports_unanswered=[UNHEARD])


@pytest.mark.parametrize("name", ["ldap/tcp", "kerberos/udp"])
async def test_one_try_from_a_dead_port_is_enough_to_compare_ports(name: str, on: Callable[[Dead], Path]) -> None:
    path = on(lambda port: port % 2 == 0)
    case = case_of(one_of("gc/tcp"), one_of("dns/udp"), lost_once(name))
    assert await source_ports.sample(case)
    assert {(to, transport) for transport, to, _ in path.asked} == {(check(name).port, check(name).transport)}
    (told,) = [o for o in case.outcomes if "source_ports_dead" in o.facts]
    dead = told.facts["source_ports_dead"]
    assert isinstance(dead, list)
    assert UNHEARD in dead
    assert all(port % 2 == 0 for port in dead)


@pytest.mark.parametrize("name", ["ldap/tcp", "kerberos/udp"])
async def test_one_lost_packet_costs_one_packet_more(name: str, on: Callable[[Dead], Path]) -> None:
    path = on(lambda _: False)
    assert not await source_ports.sample(case_of(one_of("gc/tcp"), one_of("dns/udp"), lost_once(name)))
    assert path.asked == {(check(name).transport, check(name).port, UNHEARD): 1}


async def test_a_port_that_alone_is_ignored_is_no_filter(on: Callable[[Dead], Path]) -> None:
    on(lambda port: port == UNHEARD)
    case = case_of(lost_once("kerberos/udp"))
    assert not await source_ports.sample(case)
    assert not any("source_ports_dead" in o.facts for o in case.outcomes)


@pytest.mark.parametrize(
    "seen", [one_of("ldap/tcp"), one_of("dns/udp", source_ports_unanswered=[UNHEARD], edns_trouble="dropped")]
)
async def test_where_no_port_is_suspected_none_is_asked(seen: Outcome, on: Callable[[Dead], Path]) -> None:
    path = on(lambda _: True)
    assert not await source_ports.sample(case_of(one_of("gc/tcp"), seen))
    assert not path.asked


async def test_each_transport_with_one_sign_is_looked_at(on: Callable[[Dead], Path]) -> None:
    """The connection's was a lost packet, the datagram's was the port."""
    path = on(lambda port: port % 2 == 0)
    on_time = replace(lost_once("ldap/tcp"), facts={"answered_on_attempt": 2, "source_ports_unanswered": [UNHEARD + 1]})
    case = case_of(on_time, lost_once("kerberos/udp"))
    assert await source_ports.sample(case)
    assert Counter(transport for transport, _, _ in path.asked)["tcp"] == 1


async def test_a_slow_program_is_listened_to_for_longer_than_the_kernel_beside_it(on: Callable[[Dead], Path]) -> None:
    path = on(lambda _: False)
    slow = replace(lost_once("kerberos/udp"), latency_ms=900.0)
    await source_ports.sample(case_of(one_of("gc/tcp"), slow))
    assert min(path.waits) > slow.latency_ms / 1000  # type: ignore[operator]
    path.waits.clear()
    await source_ports.sample(case_of(one_of("gc/tcp"), lost_once("ldap/tcp")))
    assert max(path.waits) < slow.latency_ms / 1000  # type: ignore[operator]


async def test_who_is_asked_first_is_listened_to_until_the_last_has_been(on: Callable[[Dead], Path]) -> None:
    path = on(lambda port: port % 2 == 0)
    await source_ports.sample(case_of(*map(lost_once, ("ldap/tcp", "gc/tcp"))))
    spread_s = source_ports.OF_EACH * len(source_ports.BANDS) / source_ports.PER_SECOND
    assert max(path.waits) > spread_s
