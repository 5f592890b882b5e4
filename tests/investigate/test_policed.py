"""Ports that are silent for the company they are asked in: heard when they are asked alone."""

from __future__ import annotations

import pytest
from factories import outcome
from investigate.held import Held

from portcheck.investigate import policed
from portcheck.investigate.case import Case
from portcheck.model import Outcome, State
from portcheck.net.timeouts import Timeouts

LATE = [outcome(name, facts={"syn_resent": 1}) for name in ("kerberos/tcp", "rpc/tcp", "smb/tcp")]
SILENT = [outcome(name, State.FILTERED) for name in ("ldap/tcp", "ldaps/tcp", "gc/tcp", "gc-tls/tcp")]


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policed, "GAP_S", 0.0)


def case_of(heard: set[str], *outcomes: Outcome) -> tuple[Case, list[str]]:
    """Asked again, these are heard; and what was asked."""
    asked: list[str] = []

    async def ask(
        old: Outcome, _: Timeouts, __: int | None = None, ___: int | None = None, /, *, loose: bool = False
    ) -> Outcome:
        asked.append(old.check.name)
        return outcome(old.check, State.OK if old.check.name in heard else State.FILTERED)

    case = Case(
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


@pytest.mark.parametrize("late", [LATE[:2], []])
async def test_a_path_that_takes_little_costs_no_packet_more(late: list[Outcome]) -> None:
    case, asked = case_of(set(), *late, outcome("dns/tcp"), *SILENT)
    await policed.one_by_one([case], lambda _: None)
    assert asked == []
