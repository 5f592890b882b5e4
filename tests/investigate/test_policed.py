"""Ports that are silent for the company they are asked in: heard when they are asked alone."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from factories import outcome
from investigate.held import Held, cased

from portcheck.investigate import policed, slowly
from portcheck.investigate.case import AT_ONCE, Case
from portcheck.model import Outcome, State
from portcheck.net import hops
from portcheck.net.hops import Fate, Hop
from portcheck.net.timeouts import Timeouts

LATE = [outcome(name, facts={"syn_resent": 1}) for name in ("kerberos/tcp", "rpc/tcp", "smb/tcp")]
SILENT = [outcome(name, State.FILTERED) for name in ("ldap/tcp", "ldaps/tcp", "gc/tcp", "gc-tls/tcp")]


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policed, "QUICK_S", 0.0)
    monkeypatch.setattr(policed, "STEP_S", 0.0)
    monkeypatch.setattr(policed, "GIVE_UP_S", 0.01)
    monkeypatch.setattr(policed, "LONGEST_S", 0.001)
    monkeypatch.setattr(hops, "TCP_WALKS", True)
    monkeypatch.setattr(hops, "send_tcp", passing(AT_ONCE))


def passing(most: int) -> Callable[..., Awaitable[Hop]]:
    """So many connections are answered, the others are not."""
    left = [Fate.ANSWERED] * most

    async def send(_: str, __: int, ttl: int, *___: object) -> Hop:
        return Hop(ttl, left.pop() if left else Fate.LOST)

    return send


def in_bursts(most: int) -> Callable[..., Awaitable[Hop]]:
    """So many of each burst are answered."""
    sent = 0

    async def send(_: str, __: int, ttl: int, *___: object) -> Hop:
        nonlocal sent
        sent += 1
        return Hop(ttl, Fate.ANSWERED if (sent - 1) % AT_ONCE < most else Fate.LOST)

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
    await looked_at([case])
    assert {o.state for o in case.outcomes} == {State.OK}
    assert asked == [o.check.name for o in SILENT]


async def test_a_blocked_port_between_them_does_not_end_it() -> None:
    case, _ = case_of({o.check.name for o in SILENT[2:]}, *LATE, *SILENT)
    await looked_at([case])
    assert {o.check.name for o in case.outcomes if o.state is State.FILTERED} == {o.check.name for o in SILENT[:2]}


async def test_what_is_silent_alone_too_is_not_asked_for_ever() -> None:
    case, asked = case_of(set(), *LATE, *SILENT)
    await looked_at([case])
    assert asked == [o.check.name for o in SILENT]
    assert {o.state for o in case.outcomes if o.check.name in asked} == {State.FILTERED}


async def test_a_port_that_is_silent_alone_on_several_hosts_is_believed_to_be_so_on_the_others() -> None:
    hosts = [case_of(set(), *LATE, *SILENT) for _ in range(20)]
    await looked_at([case for case, _ in hosts])
    assert sum(len(asked) for _, asked in hosts) == len(SILENT) * slowly.WITNESSES


@pytest.mark.parametrize("limited", [True, False])
async def test_a_host_of_which_nothing_was_heard_is_asked_alone_where_a_limit_is_known(
    monkeypatch: pytest.MonkeyPatch, *, limited: bool
) -> None:
    monkeypatch.setattr(hops, "send_tcp", in_bursts(1 if limited else AT_ONCE))
    alive, _ = case_of({o.check.name for o in SILENT}, outcome("dns/tcp"), *SILENT)
    dark, asked = case_of({"ldap/tcp"}, *SILENT)
    monkeypatch.setattr(policed, "SLOW_S", 0.0)
    await looked_at([alive, dark])
    assert ({"ldap/tcp"} <= set(asked)) is limited
    assert (one(dark, "ldap/tcp").state is State.OK) is limited


@pytest.mark.parametrize("passes", [True, False])
async def test_where_all_is_dark_one_connection_after_a_pause_tells_a_limit_from_a_closed_path(
    monkeypatch: pytest.MonkeyPatch, *, passes: bool
) -> None:
    monkeypatch.setattr(policed, "QUIET_S", 0.0)
    monkeypatch.setattr(hops, "send_tcp", passing(1 if passes else 0))
    hosts = [case_of({"ldap/tcp"}, *SILENT) for _ in range(2)]
    await policed.in_the_dark([case for case, _ in hosts], lambda _: None)
    assert all(("ldap/tcp" in asked) is passes for _, asked in hosts)
    assert all((one(case, "ldap/tcp").state is State.OK) is passes for case, _ in hosts)


@pytest.mark.parametrize("heard", [[outcome("dns/tcp")], [outcome("dns/tcp", State.REFUSED)]])
async def test_where_anything_is_heard_no_pause_is_made(monkeypatch: pytest.MonkeyPatch, heard: list[Outcome]) -> None:
    monkeypatch.setattr(hops, "send_tcp", passing(0))
    monkeypatch.setattr(policed, "QUIET_S", None)  # it would fail
    await policed.in_the_dark([case_of(set(), *SILENT)[0], case_of(set(), *heard, *SILENT)[0]], lambda _: None)


async def test_what_there_is_no_time_for_is_said_not_to_have_been_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policed, "TOTAL_S", 0.0)
    monkeypatch.setattr(policed, "SLOW_S", 0.0)
    monkeypatch.setattr(hops, "send_tcp", in_bursts(1))
    case, asked = case_of({o.check.name for o in SILENT}, outcome("dns/tcp"), *SILENT)
    await looked_at([case])
    assert asked == []
    assert all("not asked again" in one(case, o.check.name).reason for o in SILENT)
    assert all(slowly.ONE_IN_S in one(case, o.check.name).facts for o in SILENT)


async def test_what_was_found_silent_alone_is_not_made_unknown_by_what_turns_up_later() -> None:
    untold = outcome("gc/tcp", State.FILTERED, facts={slowly.ONE_IN_S: 2.8})
    known = outcome("ldap/tcp", State.FILTERED, facts={slowly.SILENT_ALONE: True})
    case, asked = case_of({"smb/tcp"}, outcome("dns/tcp"), untold, known, outcome("smb/tcp", State.FILTERED))
    assert await policed.time_was_up([case], lambda _: None)
    assert asked == []
    assert {o.check.name for o in case.outcomes if slowly.ONE_IN_S in o.facts} == {"gc/tcp", "smb/tcp"}
    assert not await policed.time_was_up([case_of(set(), *LATE, *SILENT)[0]], lambda _: None)


async def test_a_lossy_line_that_leaves_no_time_makes_nothing_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policed, "TOTAL_S", 0.0)
    monkeypatch.setattr(policed, "SLOW_S", 0.0)
    monkeypatch.setattr(hops, "send_tcp", passing(100))
    case, _ = case_of(set(), *LATE, *SILENT)
    await looked_at([case])
    assert not any(slowly.ONE_IN_S in o.facts for o in case.outcomes)


async def looked_at(cases: list[Case]) -> None:
    await policed.one_by_one(cases, await policed.ways(cases, lambda _: None), lambda _: None)


def one(case: Case, name: str) -> Outcome:
    return next(o for o in case.outcomes if o.check.name == name)


@pytest.mark.parametrize("late", [LATE[:1], []])
async def test_a_path_that_takes_little_costs_no_packet_more(late: list[Outcome]) -> None:
    case, asked = case_of(set(), *late, outcome("dns/tcp"), *SILENT)
    await looked_at([case])
    assert asked == []


@pytest.mark.parametrize(("answered", "limited"), [(1, True), (3, False), (4, False)])  # 3: half of all, each time
async def test_a_limit_that_the_first_questions_used_up_is_seen_at_a_port_that_has_answered(
    monkeypatch: pytest.MonkeyPatch, answered: int, *, limited: bool
) -> None:
    monkeypatch.setattr(hops, "send_tcp", in_bursts(answered))
    case, asked = case_of({o.check.name for o in SILENT}, outcome("dns/tcp"), *SILENT)
    await looked_at([case])
    assert asked == ([o.check.name for o in SILENT] if limited else [])


@pytest.mark.parametrize("passes", [True, False])
async def test_a_port_that_answers_nothing_any_more_is_a_ban_and_no_limit(
    monkeypatch: pytest.MonkeyPatch, *, passes: bool
) -> None:
    bursts = policed.BURSTS * AT_ONCE
    sent = 0

    async def send(_: str, __: int, ttl: int, *___: object) -> Hop:
        nonlocal sent
        sent += 1
        return Hop(ttl, Fate.ANSWERED if passes and sent > bursts else Fate.LOST)

    monkeypatch.setattr(policed, "QUIET_S", 0.0)
    monkeypatch.setattr(hops, "send_tcp", send)
    case, _ = case_of(set(), outcome("dns/tcp"), *SILENT)
    assert bool(await policed.ways([case], lambda _: None)) is passes


async def test_a_port_that_is_blocked_on_all_hosts_does_not_use_up_the_second_round() -> None:
    """Another port of the last host was silent once, by chance, after the witnesses of the blocked one."""
    once = {"gc-tls/tcp"}

    async def ask(
        old: Outcome, _: Timeouts, __: int | None = None, ___: int | None = None, /, *, loose: bool = False
    ) -> Outcome:
        silent = old.check.name in {"kpasswd/tcp", *once}
        once.discard(old.check.name)
        return outcome(old.check, State.FILTERED if silent else State.OK)

    blocked = [outcome(name, State.FILTERED) for name in ("smb/tcp", "kpasswd/tcp")]
    by_chance = [outcome(name, State.FILTERED) for name in ("gc/tcp", "gc-tls/tcp")]
    hosts = [case_of(set(), *LATE, *silent)[0] for silent in (*[blocked] * slowly.WITNESSES, by_chance)]
    for case in hosts:
        case.page.ask = ask
    await looked_at(hosts)
    assert {o.check.name for case in hosts for o in case.outcomes if o.state is State.FILTERED} == {"kpasswd/tcp"}


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
    await looked_at([case])
    assert {o.state for o in case.outcomes} == {State.OK}
