"""Ports that are silent for the company they are asked in: heard when they are asked alone."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from factories import outcome
from investigate.held import Held, cased

from portcheck.investigate import policed
from portcheck.investigate.case import Case
from portcheck.model import Outcome, State
from portcheck.net import hops
from portcheck.net.hops import Fate, Hop
from portcheck.net.timeouts import Timeouts

LATE = [outcome(name, facts={"syn_resent": 1}) for name in ("kerberos/tcp", "rpc/tcp", "smb/tcp")]
SILENT = [outcome(name, State.FILTERED) for name in ("ldap/tcp", "ldaps/tcp", "gc/tcp", "gc-tls/tcp")]


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policed, "GAPS_S", (0.0, 0.0))
    monkeypatch.setattr(hops, "TCP_WALKS", True)
    monkeypatch.setattr(hops, "send_tcp", passing(policed.AT_ONCE))


def passing(most: int) -> Callable[..., Awaitable[Hop]]:
    """So many connections are answered, the others are not."""
    left = [Fate.ANSWERED] * most

    async def send(_: str, __: int, ttl: int, *___: object) -> Hop:
        return Hop(ttl, left.pop() if left else Fate.LOST)

    return send


def case_of(heard: set[str], *outcomes: Outcome) -> tuple[Case, list[str]]:
    """Asked again, these are heard; and what was asked."""
    asked: list[str] = []

    async def ask(
        old: Outcome, _: Timeouts, __: int | None = None, ___: int | None = None, /, *, loose: bool = False
    ) -> Outcome:
        asked.append(old.check.name)
        return outcome(old.check, State.OK if old.check.name in heard else State.FILTERED)

    case = cased(
        host="dc1.alpha.test", address="10.77.1.1", page=Held(*outcomes), ask=ask, payload=lambda _: b"question"
    )
    return case, asked


async def test_what_answers_alone_is_not_called_silent() -> None:
    case, asked = case_of({o.check.name for o in SILENT}, *LATE, *SILENT)
    await policed.one_by_one([case], lambda _: None)
    assert {o.state for o in case.outcomes} == {State.OK}
    assert asked == [o.check.name for o in SILENT]


async def test_a_blocked_port_between_them_does_not_end_it() -> None:
    case, _ = case_of({o.check.name for o in SILENT[2:]}, *LATE, *SILENT)
    await policed.one_by_one([case], lambda _: None)
    assert {o.check.name for o in case.outcomes if o.state is State.FILTERED} == {o.check.name for o in SILENT[:2]}


async def test_what_is_silent_alone_too_is_not_asked_for_ever() -> None:
    case, asked = case_of(set(), *LATE, *SILENT)
    await policed.one_by_one([case], lambda _: None)
    assert len(asked) == policed.WITNESSES < len(SILENT)
    assert {o.state for o in case.outcomes if o.check.name in asked} == {State.FILTERED}


@pytest.mark.parametrize("late", [LATE[:1], []])
async def test_a_path_that_takes_little_costs_no_packet_more(late: list[Outcome]) -> None:
    case, asked = case_of(set(), *late, outcome("dns/tcp"), *SILENT)
    await policed.one_by_one([case], lambda _: None)
    assert asked == []


@pytest.mark.parametrize(("answered", "limited"), [(3, True), (4, False)])
async def test_a_limit_that_the_first_questions_used_up_is_seen_at_a_port_that_has_answered(
    monkeypatch: pytest.MonkeyPatch, answered: int, *, limited: bool
) -> None:
    monkeypatch.setattr(hops, "send_tcp", passing(answered))
    case, asked = case_of({o.check.name for o in SILENT}, outcome("dns/tcp"), *SILENT)
    await policed.one_by_one([case], lambda _: None)
    assert asked == ([o.check.name for o in SILENT] if limited else [])


async def test_what_passes_only_after_a_longer_pause_is_heard_in_a_second_round() -> None:
    """Every second one is silent the first time."""
    turns = {o.check.name: number % 2 for number, o in enumerate(SILENT)}

    async def ask(
        old: Outcome, _: Timeouts, __: int | None = None, ___: int | None = None, /, *, loose: bool = False
    ) -> Outcome:
        turns[old.check.name] -= 1
        return outcome(old.check, State.OK if turns[old.check.name] < 0 else State.FILTERED)

    case, _ = case_of(set(), *LATE, *SILENT)
    case.page.ask = ask
    await policed.one_by_one([case], lambda _: None)
    assert {o.state for o in case.outcomes} == {State.OK}
