"""Each network has its own pace; what leaves this machine, and what the user allows, bounds them together."""

from __future__ import annotations

import pytest

from portcheck.asking.engine import REPEATS_PER_SECOND, Engine
from portcheck.model.events import unheard
from portcheck.net import paths
from portcheck.net.pacing import BEGIN_PER_SECOND, DOUBLED_AFTER
from portcheck.net.paths import Paths, RepeatPacer, network
from portcheck.net.timeouts import Timeouts

HERE, BESIDE, ELSEWHERE = "10.1.2.3", "10.1.2.4", "10.1.3.3"


@pytest.fixture
def ways(monkeypatch: pytest.MonkeyPatch) -> Paths:
    monkeypatch.setattr(paths, "source_address", lambda address: "10.9.9.9" if address else None)
    return Paths(None)


def rate(ways: Paths, address: str) -> float:
    return ways._of(address)[0].rate


@pytest.mark.parametrize(
    ("address", "of"), [("10.1.2.3", "10.1.2"), ("2001:db8:1:2::53", "2001:db8:1:2"), ("fe80::1%eth0", "fe80::1%eth0")]
)
def test_the_network_of_an_address(address: str, of: str) -> None:
    assert network(address) == of


async def test_answers_of_a_network_make_it_faster_and_no_other(ways: Paths) -> None:
    for _ in range(DOUBLED_AFTER):
        ways.heard(HERE)
    assert rate(ways, BESIDE) >= 2 * BEGIN_PER_SECOND
    assert rate(ways, ELSEWHERE) == BEGIN_PER_SECOND


async def test_a_network_that_polices_is_slowed_alone(ways: Paths) -> None:
    ways.heard(HERE, repeated=True)
    assert rate(ways, BESIDE) == BEGIN_PER_SECOND / 2
    assert rate(ways, ELSEWHERE) == BEGIN_PER_SECOND
    assert ways._of(HERE)[1].rate > BEGIN_PER_SECOND  # somebody answered


async def test_all_networks_behind_one_way_out_begin_together(ways: Paths, monkeypatch: pytest.MonkeyPatch) -> None:
    assert ways._of(HERE)[1] is ways._of(ELSEWHERE)[1]
    monkeypatch.setattr(paths, "source_address", lambda _: "10.8.8.8")
    assert ways._of("10.7.7.7")[1] is not ways._of(HERE)[1]


async def test_no_answer_lifts_what_the_user_allows() -> None:
    ways = Paths(50.0)
    for _ in range(1000):
        ways.heard("127.0.0.1")
    assert [pacer.rate for pacer in ways._of("127.0.0.1")] == [50.0, 50.0]
    assert ways._all is not None


def repeats(rate: float | None, address: str) -> RepeatPacer:
    pacer = Engine(Timeouts(1, 1, 3), unheard, rate=rate)._repeats_to(address)
    assert isinstance(pacer, RepeatPacer)
    return pacer


@pytest.mark.parametrize(("rate", "most"), [(5.0, 5.0), (100.0, REPEATS_PER_SECOND), (20_000.0, 1_000.0)])
async def test_the_users_rate_bounds_repeats_of_all_networks_and_a_high_one_slows_none(
    rate: float, most: float
) -> None:
    pacer = repeats(rate, HERE)
    assert pacer._of_all is not None
    assert 1 / pacer._of_all._gap == pytest.approx(most)
    assert pacer._least == min(most, REPEATS_PER_SECOND)
    before = pacer._of_all._next
    await pacer.turn()
    assert pacer._of_all._next > before


async def test_without_a_rate_each_network_has_its_own_repeats() -> None:
    assert repeats(None, HERE)._of_all is None
