"""Many hosts that are silent alike: the way to a few is walked, the others are told so, and nothing more."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from factories import check, outcome
from investigate.held import Held, cased

from portcheck.diagnose.phrases import ends
from portcheck.investigate import alike, resets, trace
from portcheck.investigate.alike import WALKED_ALIKE
from portcheck.investigate.case import Case
from portcheck.investigate.trace import Around
from portcheck.model import Outcome, State
from portcheck.net import hops
from portcheck.net.hops import Fate, Hop
from portcheck.net.pacing import Pacer

MANY = 3 * WALKED_ALIKE
SILENT = {"ldap/tcp": State.OK, "kpasswd/tcp": State.FILTERED}


def case_of(number: int, states: dict[str, State] = SILENT, network: str = "10.77.1") -> Case:
    async def never(*_: object, loose: bool = False) -> Outcome:
        raise AssertionError(f"asked again, loose: {loose}")

    host, address = f"dc{number}.alpha.test", f"{network}.{number}"
    seen = [outcome(replace(check(name), host=host, address=address), state) for name, state in states.items()]
    return cased(host, address, Held(*seen), never, payload=lambda _: b"question")


@pytest.fixture
def walked(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The addresses walked to: one router speaks, the host answers on 389."""
    addresses: set[str] = set()

    async def send_tcp(address: str, port: int, ttl: int, *_: object) -> Hop:
        addresses.add(address)
        if ttl == 1:
            return Hop(ttl, Fate.EXPIRED, "10.77.100.1")
        return Hop(ttl, Fate.ANSWERED if port == 389 else Fate.LOST, address)

    monkeypatch.setattr(hops, "send_tcp", send_tcp)
    monkeypatch.setattr(hops, "TCP_WALKS", True)
    monkeypatch.setattr(trace, "WALKS", Pacer(1e6))
    return addresses


async def locate(cases: list[Case]) -> list[Outcome]:
    """What became of the silent port of each."""
    around = Around(cases)
    for case in cases:
        await trace.locate(case, around)
    return [o for case in cases for o in case.outcomes if o.state is State.FILTERED]


async def test_the_way_to_a_few_hosts_of_a_network_is_walked(walked: set[str]) -> None:
    found = await locate([case_of(number) for number in range(1, MANY)])
    placed = [o for o in found if o.blocked_at is not None]
    assert len(walked) == len(placed) == WALKED_ALIKE
    assert {o.check.address for o in placed} == walked


@pytest.mark.parametrize("network", ["127.20.1", "127.0.0"])
async def test_to_this_machine_itself_there_is_no_way_to_walk(walked: set[str], network: str) -> None:
    cases = [case_of(number, network=network) for number in range(1, MANY)]
    for case in cases:
        trace.ahead(case, case.having(State.FILTERED)[0])
    found = await locate(cases)
    assert (walked, [case.walks for case in cases]) == (set(), [{}] * len(cases))
    assert {o.blocked_at for o in found} == {None}
    assert {o.evidence[-1].detail for o in found} == {"the address is this machine's own: no router is on the way"}


async def test_where_it_was_not_walked_to_that_is_said_and_no_place_is_claimed(walked: set[str]) -> None:
    found = await locate([case_of(number) for number in range(1, MANY)])
    names = [o.check.host for o in found if o.check.address in walked]
    others = [o for o in found if o.check.address not in walked]
    assert others
    for other in others:
        assert other.blocked_at is None
        assert other.facts["walked_instead"] == names
        assert other.evidence[-1].detail.startswith(f"not walked to: silent like {', '.join(names)}")
    assert ends(found)[-1] == f"walked to {WALKED_ALIKE} of these {len(found)} hosts"


@pytest.mark.parametrize(
    "cases",
    [
        [case_of(1, network=f"10.77.{number}") for number in range(1, MANY)],
        [case_of(number) for number in range(1, WALKED_ALIKE + 1)],
        [case_of(number, SILENT | {"smb/tcp": State.REFUSED}) for number in range(1, MANY)],
    ],
    ids=["of networks of their own", "few", "that say no on another port, each in its own voice"],
)
async def test_hosts_are_all_walked_to(walked: set[str], cases: list[Case], monkeypatch: pytest.MonkeyPatch) -> None:
    async def alike_not_compared(*_: object) -> None:
        return None

    monkeypatch.setattr(resets, "from_nearer", alike_not_compared)
    found = await locate(cases)
    assert len(walked) == len(cases)
    assert all(o.blocked_at is not None for o in found)
    assert ends(found)[-1].startswith("last heard: 10.77.100.1")


async def test_other_ports_that_are_silent_are_another_pattern(walked: set[str]) -> None:
    other = {"ldap/tcp": State.OK, "smb/tcp": State.FILTERED}
    await locate([case_of(number, SILENT if number % 2 else other) for number in range(1, MANY)])
    assert len(walked) == 2 * WALKED_ALIKE


async def test_walks_begun_ahead_are_those_that_count(walked: set[str]) -> None:
    cases, begun = [case_of(number) for number in range(1, MANY)], Counter[tuple[str, tuple[str, int]]]()
    for case in reversed(cases):
        case.begun = begun
        trace.ahead(case, next(o for o in case.outcomes if o.state is State.FILTERED))
    ahead = {case.address for case in cases if case.walks}
    assert len(ahead) == WALKED_ALIKE
    await locate(cases)
    assert walked == ahead


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("10.77.1.200", "10.77.1.0/24"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
    ],
)
def test_the_usual_network_of_an_address(address: str, network: str) -> None:
    assert alike.network(address) == network
