"""A port that is refused one time and answered another: of several machines behind an address, one refuses."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from factories import outcome
from investigate.held import Held, cased

from portcheck.investigate import by_turns, limit
from portcheck.investigate.case import Case
from portcheck.model import Outcome, State
from portcheck.net.timeouts import Timeouts

GOOD = outcome("ldap/tcp")
REFUSED = (outcome("kerberos/tcp", State.REFUSED), outcome("smb/tcp", State.REFUSED))


def case_of(states: Iterable[State], *outcomes: Outcome) -> tuple[Case, list[str]]:
    """Asked again, these are the answers, whatever is asked; and what was asked."""
    asked: list[str] = []
    left = iter(states)

    async def ask(
        old: Outcome, _: Timeouts, __: int | None = None, ___: int | None = None, /, *, loose: bool = False
    ) -> Outcome:
        asked.append(old.check.name)
        return outcome(old.check, next(left))

    return cased("dc1.alpha.test", "10.77.1.1", Held(*outcomes), ask), asked


def told(case: Case) -> dict[str, tuple[State, bool]]:
    return {o.check.name: (o.state, "refused_by_turns" in o.facts) for o in case.outcomes}


@pytest.mark.parametrize("times", range(by_turns.TIMES))
async def test_a_refused_port_that_answers_another_time_is_told_as_that(times: int) -> None:
    case, _ = case_of([*[State.REFUSED] * times, State.OK], GOOD, REFUSED[0])
    await by_turns.refused(case)
    assert told(case)["kerberos/tcp"] == (State.OK, True)


async def test_a_port_that_is_refused_each_time_stays_refused() -> None:
    case, asked = case_of([State.REFUSED] * by_turns.TIMES, GOOD, REFUSED[0])
    await by_turns.refused(case)
    assert told(case)["kerberos/tcp"] == (State.REFUSED, False)
    assert len(asked) == by_turns.TIMES


SIX = tuple(outcome(f"{name}/tcp", State.REFUSED) for name in ("kerberos", "smb", "rpc", "ldaps", "gc", "gc-tls"))


async def test_where_one_port_is_answered_all_are_asked_more_often() -> None:
    few = [State.REFUSED] * by_turns.TIMES * (by_turns.MOST - 1) + [State.OK]
    many = [*[State.REFUSED] * (by_turns.OFTEN - 1), State.OK] * (len(SIX) - 1)
    case, _ = case_of([*few, *many], GOOD, *SIX)
    await by_turns.refused(case)
    assert {state for state, _ in told(case).values()} == {State.OK}


async def test_where_none_is_answered_a_few_ports_are_enough() -> None:
    case, asked = case_of([State.REFUSED] * by_turns.TIMES * by_turns.MOST, GOOD, *SIX)
    await by_turns.refused(case)
    assert len(asked) == by_turns.TIMES * by_turns.MOST
    assert {state for state, _ in told(case).values()} == {State.OK, State.REFUSED}


async def test_a_host_of_which_nothing_else_is_heard_is_left_alone() -> None:
    case, asked = case_of([], *REFUSED)
    await by_turns.refused(case)
    assert asked == []


@pytest.mark.parametrize("steady", [True, False])
async def test_who_refuses_alone_as_well_has_no_limit_on_sessions(
    monkeypatch: pytest.MonkeyPatch, *, steady: bool
) -> None:
    monkeypatch.setattr(limit, "CLOSED_AFTER_S", 0.0)
    answers = [State.OK, State.OK, State.OK if steady else State.REFUSED, *[State.OK] * 9]
    case, _ = case_of(answers, GOOD, *REFUSED)
    await limit.on_sessions(case)
    assert any("refused_in_company" in o.facts for o in case.outcomes) is steady
