"""One host with trouble: what its walks showed, and what landing an outcome keeps."""

from __future__ import annotations

from dataclasses import replace

import pytest
from factories import check, outcome
from investigate.held import Held, cased

from portcheck.investigate.case import Case, Walk, distinct, hops_away
from portcheck.model import Outcome, State, Trace
from portcheck.net.hops import Fate, Hop


def case_of(*outcomes: Outcome) -> Case:
    async def never(*_: object) -> Outcome:
        raise AssertionError("asked again")

    return cased("dc1.alpha.test", "10.77.1.1", Held(*outcomes), never, payload=lambda _: b"")


HOPS = Walk(
    {
        1: Hop(1, Fate.EXPIRED, "a"),
        2: Hop(2, Fate.LOST),
        3: Hop(3, Fate.EXPIRED, "c"),
        4: Hop(4, Fate.ANSWERED, "host"),
        5: Hop(5, Fate.ANSWERED, "host"),
    }
)


def test_a_walk_tells_routers_from_the_host() -> None:
    assert [HOPS.router(ttl) for ttl in range(1, 7)] == ["a", None, "c", None, None, None]
    assert (HOPS.last_router, HOPS.reached) == (3, 4)
    assert [HOPS.beyond(ttl) for ttl in (0, 1, 2, 3)] == [1, 3, 3, None]


def test_an_empty_walk_tells_nothing() -> None:
    assert (Walk({}).last_router, Walk({}).reached, Walk({}).beyond(0)) == (0, None, None)


def test_what_is_joined_to_a_walk_counts_instead() -> None:
    joined = HOPS.joined(Hop(2, Fate.EXPIRED, "b"), Hop(4, Fate.LOST))
    assert (joined.router(2), joined.router(1), joined.reached) == ("b", "a", 5)


@pytest.mark.parametrize(
    ("ttl", "away"), [(64, 1), (63, 2), (1, 64), (128, 1), (127, 2), (65, 64), (255, 1), (129, 127)]
)
def test_how_far_away_an_arriving_ttl_began(ttl: int, away: int) -> None:
    assert hops_away(ttl) == away


@pytest.mark.parametrize(
    ("state", "alive"),
    [
        (State.OK, True),
        (State.OPEN, True),
        (State.MUTE, True),
        (State.MISMATCH, True),
        (State.REFUSED, False),
        (State.FILTERED, False),
        (State.RESET, False),
        (State.REJECTED, False),
    ],
)
def test_a_host_that_spoke_lives(state: State, *, alive: bool) -> None:
    assert case_of(outcome("ldap/tcp", state), outcome("gc/tcp", State.FILTERED)).alive is alive


@pytest.mark.parametrize(
    ("state", "told", "ttl"),
    [(State.OK, 63, 63), (State.MISMATCH, 63, None), (State.REFUSED, 63, None), (State.OK, "63", None)],
)
def test_the_hosts_own_ttl_is_that_of_an_answer(state: State, told: object, ttl: int | None) -> None:
    assert case_of(outcome("ldap/tcp"), outcome("ldap-ping", state, facts={"reply_ttl": told})).reply_ttl == ttl


@pytest.mark.parametrize(
    ("latencies", "wait_s"), [((), 0.6), ((None,), 0.6), ((25.0, 100.0), 0.35), ((0.0,), 0.25), ((5000.0,), 4.0)]
)
def test_an_answer_may_take_several_round_trips(latencies: tuple[float | None, ...], wait_s: float) -> None:
    names = ("ldap/tcp", "gc/tcp")
    seen = [outcome(name, latency_ms=latency) for name, latency in zip(names, latencies, strict=False)]
    assert case_of(*seen).wait_s == pytest.approx(wait_s)


def test_what_a_later_try_saw_has_everything_before_it() -> None:
    first = outcome(
        "ldap/tcp", State.FILTERED, attempts=3, answers=0, elapsed_ms=4000.0,
        facts={"source_ports": 3}, evidence=(Trace(0.0, "sent", "SYN"),),
    )  # fmt: skip
    later = outcome(
        "ldap/tcp", attempts=1, answers=1, elapsed_ms=5.0, facts={"roles": ["kdc"]},
        evidence=(Trace(1.0, "sent", "question"), Trace(4.0, "received", "answer")),
    )  # fmt: skip
    case = case_of(first)
    case.improve(first, later)
    (landed,) = case.outcomes
    assert (landed.state, landed.attempts, landed.answers, landed.elapsed_ms) == (State.OK, 4, 1, 4005.0)
    assert landed.facts == {"roles": ["kdc"], "answered_on_second_look": True}
    assert [(step.at_ms, step.event) for step in landed.evidence] == [
        (0.0, "sent"), (4000.0, "again"), (4001.0, "sent"), (4004.0, "received"),
    ]  # fmt: skip


def test_a_note_is_added_to_what_has_landed_meanwhile() -> None:
    """Several questions about one outcome are asked at once: none loses what another saw."""
    stale = outcome("ldap/tcp", State.MUTE, facts={"unacked_bytes": 0})
    case = case_of(stale)
    case.note(stale, "ttl", "first", handshake_by_device=True)
    noted = case.note(stale, "control", "second", control_port_accepts=False)
    assert case.outcomes == (noted,)
    assert [step.event for step in noted.evidence] == ["ttl", "control"]
    assert noted.facts == {"unacked_bytes": 0, "handshake_by_device": True, "control_port_accepts": False}


def test_interfaces_that_share_a_port_are_walked_to_once() -> None:
    one, two = (outcome(check(name, port=49664)) for name in ("rpc-samr/tcp", "rpc-lsarpc/tcp"))
    over_udp = replace(one, check=replace(one.check, transport="udp"))
    assert distinct([one, two, over_udp]) == [two, over_udp]
