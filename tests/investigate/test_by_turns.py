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
