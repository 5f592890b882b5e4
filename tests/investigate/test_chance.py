"""Silence where much is lost by chance: asked until so many tries in vain would be a wonder."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from factories import outcome
from investigate.held import Held, cased

from portcheck.investigate import chance
from portcheck.investigate.case import AT_ONCE as IN_A_BURST
from portcheck.investigate.case import Case
from portcheck.model import Outcome, State
from portcheck.net import hops
from portcheck.net.hops import Fate, Hop

LATE = outcome("kerberos/tcp", facts={"answered_on_attempt": 2})
AT_ONCE = outcome("kerberos/tcp")
NOBODY = {"icmp_from": "10.77.0.1", "icmp_type": 3, "icmp_code": 1}
SILENT = outcome("ldap/tcp", State.FILTERED)
GONE = outcome("ldap/tcp", State.UNREACHABLE, facts=NOBODY)
REFUSED = outcome("ldap/tcp", State.REFUSED)


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chance, "PER_SECOND", 1e6)
    monkeypatch.setattr(hops, "TCP_WALKS", True)


def heard(*bursts: int) -> Callable[..., Awaitable[Hop]]:
    """So many of each burst are answered."""
    fates = [fate for most in bursts for fate in [Fate.ANSWERED] * most + [Fate.LOST] * (IN_A_BURST - most)]

    async def send(_: str, __: int, ttl: int, *___: object) -> Hop:
        return Hop(ttl, fates.pop(0))

    return send


def case_of(*outcomes: Outcome, again: list[Outcome]) -> Case:
    async def ask(*_: object, **__: object) -> Outcome:
        return again.pop(0)

    return cased("dc1.alpha.test", "10.77.1.1", Held(*outcomes), ask)


@pytest.mark.parametrize(
    ("bursts", "share"),
    [
        ((3, 3, 3, 3), 0.5),
        ((6, 6, 6, 6), 0.0),
        ((6, 5, 6, 6), 1 / 24),
        ((5, 1, 1, 1), 0.0),  # a limit: the first ones pass
        ((6, 6, 1, 1), 0.0),
        ((0, 0, 0, 0), 0.0),
    ],
)
async def test_what_is_lost_by_chance_is_lost_of_the_last_bursts_too(
    monkeypatch: pytest.MonkeyPatch, bursts: tuple[int, ...], share: float
) -> None:
    monkeypatch.setattr(hops, "send_tcp", heard(*bursts))
    assert await chance.share(case_of(LATE, again=[])) == pytest.approx(share)


@pytest.mark.parametrize("silent", [SILENT, GONE])
async def test_what_answers_after_nine_tries_was_lost(monkeypatch: pytest.MonkeyPatch, silent: Outcome) -> None:
    monkeypatch.setattr(hops, "send_tcp", heard(3, 3, 3, 3))
    case = case_of(LATE, silent, again=[*[silent] * 9, outcome("ldap/tcp")])
    await chance.asked_on([case])
    (ldap,) = [o for o in case.outcomes if o.check.name == "ldap/tcp"]
    assert (ldap.state, ldap.facts["answered_on_attempt"]) == (State.OK, 2)


async def test_ten_tries_in_vain_where_half_is_lost_are_a_wonder_and_proof(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hops, "send_tcp", heard(3, 3, 3, 3))
    again = [SILENT] * 12
    case = case_of(LATE, SILENT, again=again)
    await chance.asked_on([case])
    assert ([o.state for o in case.outcomes if o.check.name == "ldap/tcp"], len(again)) == ([State.FILTERED], 2)


@pytest.mark.parametrize(
    ("outcomes", "bursts"),
    [
        ((AT_ONCE, SILENT), (3, 3, 3, 3)),  # no sign of loss: nothing is measured
        ((LATE,), (3, 3, 3, 3)),
        ((LATE, REFUSED), (3, 3, 3, 3)),
        ((LATE, SILENT), (6, 5, 6, 6)),
        ((LATE, SILENT), (5, 0, 0, 0)),
    ],
    ids=str,
)
async def test_otherwise_nothing_is_asked(
    monkeypatch: pytest.MonkeyPatch, outcomes: tuple[Outcome, ...], bursts: tuple[int, ...]
) -> None:
    monkeypatch.setattr(hops, "send_tcp", heard(*bursts))
    case = case_of(*outcomes, again=[])
    await chance.asked_on([case])
    assert case.outcomes == outcomes
