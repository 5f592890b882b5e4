"""A port that is refused one time and answered another: of several machines behind an address, one refuses."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from factories import outcome
from investigate.held import asked_again

from portcheck.investigate import by_turns, limit
from portcheck.investigate.case import Case
from portcheck.model import Outcome, State

GOOD = outcome("ldap/tcp")
REFUSED = (outcome("kerberos/tcp", State.REFUSED), outcome("smb/tcp", State.REFUSED))


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(by_turns, "QUIET_S", 0.0)
    monkeypatch.setattr(by_turns, "AGAIN_S", [0.0] * len(by_turns.AGAIN_S))


def case_of(states: Iterable[State], *outcomes: Outcome) -> tuple[Case, list[str]]:
    """Asked again, these are the answers, whatever is asked; and what was asked."""
    left = iter(states)
    return asked_again(lambda old: outcome(old.check, next(left)), *outcomes)


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


def said_no(check: str, state: State = State.REJECTED, by: str = "10.77.100.2", **facts: object) -> Outcome:
    return outcome(check, state, facts={"icmp_from": by, **facts})


@pytest.mark.parametrize("state", [State.REJECTED, State.UNREACHABLE, State.REFUSED])
@pytest.mark.parametrize("times", range(by_turns.ENOUGH))
async def test_what_a_device_says_no_to_one_time_and_not_another_is_told_with_the_device(
    state: State, times: int
) -> None:
    case, _ = case_of([*[state] * times, State.OK], GOOD, said_no("kerberos/udp", state))
    await by_turns.objected(case)
    (told,) = [o for o in case.outcomes if o.check.name == "kerberos/udp"]
    assert (told.state, told.facts.get("rejected_by_turns")) == (State.OK, "10.77.100.2")


async def test_a_no_of_the_host_itself_that_it_does_not_say_again_is_one_of_several_machines() -> None:
    case, _ = case_of([State.OK], GOOD, said_no("kerberos/udp", State.REFUSED, "10.77.1.1"))
    await by_turns.objected(case)
    assert told(case)["kerberos/udp"] == (State.OK, True)


@pytest.mark.parametrize("ports", [1, 2, 3, 4, 6])
async def test_what_a_device_says_no_to_each_time_stays_so_after_a_few_tries(ports: int) -> None:
    names = [o.check.name for o in SIX][:ports]
    case, asked = case_of([State.REJECTED] * 99, GOOD, *map(said_no, names))
    await by_turns.objected(case)
    assert {o.state for o in case.outcomes} == {State.OK, State.REJECTED}
    assert by_turns.ENOUGH <= len(asked) < 2 * by_turns.ENOUGH


@pytest.mark.parametrize("ports", [by_turns.MANY - 1, by_turns.MANY, 6])
async def test_of_many_ports_one_is_asked_after_a_while_for_it_may_be_a_limit(
    monkeypatch: pytest.MonkeyPatch, ports: int
) -> None:
    waited: list[float] = []

    async def sleep(pause_s: float) -> None:
        waited.append(pause_s)

    monkeypatch.setattr(by_turns, "QUIET_S", 2.4)
    monkeypatch.setattr(by_turns.asyncio, "sleep", sleep)
    names = [o.check.name for o in SIX][:ports]
    case, _ = case_of([*[State.REJECTED] * 8, *[State.OK] * 9], GOOD, *map(said_no, names))
    if ports < by_turns.MANY:
        case, _ = case_of([State.REJECTED] * 9, GOOD, *map(said_no, names))
    await by_turns.objected(case)
    assert (2.4 in waited) is (ports >= by_turns.MANY)
    assert {o.state for o in case.outcomes} == ({State.OK} if ports >= by_turns.MANY else {State.OK, State.REJECTED})


async def test_a_router_that_has_said_enough_is_not_asked_on() -> None:
    case, asked = case_of([State.FILTERED], GOOD, *map(said_no, ("kerberos/tcp", "smb/tcp")))
    await by_turns.objected(case)
    assert (asked, {o.state for o in case.outcomes}) == (["kerberos/tcp"], {State.OK, State.REJECTED})


async def test_a_router_that_has_said_enough_is_not_asked_on_after_a_mute_port_either() -> None:
    names = ("kerberos/tcp", "smb/tcp", "rpc/tcp")
    case, asked = case_of([State.MUTE, State.FILTERED], GOOD, *map(said_no, names))
    await by_turns.objected(case)
    assert asked == [*names[:2]]


@pytest.mark.parametrize(
    "no", [said_no("kerberos/tcp", local_fault=True), outcome("kerberos/tcp", State.REJECTED, facts={})]
)
async def test_what_this_machine_forbids_or_a_reset_refuses_is_not_asked_so(no: Outcome) -> None:
    case, asked = case_of([], GOOD, no)
    await by_turns.objected(case)
    assert asked == []


@pytest.mark.parametrize("steady", [True, False])
async def test_who_refuses_alone_as_well_has_no_limit_on_sessions(
    monkeypatch: pytest.MonkeyPatch, *, steady: bool
) -> None:
    monkeypatch.setattr(limit, "CLOSED_AFTER_S", 0.0)
    alone = [State.OK, *[State.OK if steady else State.REFUSED] * limit.STEADY]
    case, _ = case_of([*alone, State.REFUSED, *[State.OK] * 9], GOOD, *REFUSED)
    await limit.on_sessions(case)
    assert any("refused_in_company" in o.facts for o in case.outcomes) is steady


@pytest.mark.parametrize("state", [State.MUTE, State.FILTERED])
async def test_who_says_nothing_more_is_not_waited_for_at_every_port(state: State) -> None:
    case, asked = case_of([State.OK, *[state] * 99], GOOD, *SIX)
    await by_turns.refused(case)
    assert len(asked) == 1 + 2 * by_turns.MOST_WAITED
    assert told(case)["kerberos/tcp"] == (State.OK, True)
