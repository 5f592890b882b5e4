"""The second look with the packets' fates given: what it concludes, and what it leaves open where the platform does."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from factories import check, outcome
from investigate.held import Held, cased

from portcheck.investigate import mtu, resets, trace
from portcheck.investigate.case import Case
from portcheck.investigate.trace import Around
from portcheck.model import Outcome, Stage, State
from portcheck.net import hops
from portcheck.net.hops import Fate, Hop
from portcheck.net.timeouts import Timeouts

ROUTERS = {1: "10.77.100.1", 2: "10.77.100.2"}
TARGET = "10.77.1.1"


def case_of(*outcomes: Outcome, again: State = State.FILTERED) -> Case:
    """A host whose checks are these; asked again, each ends in `again`."""

    async def ask(
        old: Outcome, _: Timeouts, __: int | None = None, ___: int | None = None, /, *, loose: bool = False
    ) -> Outcome:
        return outcome(old.check, again)

    return cased(
        host="dc1.alpha.test",
        address=TARGET,
        page=Held(*outcomes),
        ask=ask,
        payload=lambda _: b"question",
    )


def one(case: Case, name: str) -> Outcome:
    return next(o for o in case.outcomes if o.check.id == check(name).id)


def walks(
    monkeypatch: pytest.MonkeyPatch, *, speak: Mapping[int, Mapping[int, str]], answers: Mapping[int, int] | None = None
) -> list[tuple[int, int]]:
    """Routers that speak, by port and hop; from how far on a port answers; the sent packets by port and TTL."""
    sent: list[tuple[int, int]] = []

    async def send_tcp(_: str, port: int, ttl: int, *__: object) -> Hop:
        sent.append((port, ttl))
        if ttl >= (answers or {}).get(port, 256):
            return Hop(ttl, Fate.ANSWERED, TARGET)
        router = speak.get(port, {}).get(ttl)
        return Hop(ttl, Fate.EXPIRED, router) if router else Hop(ttl, Fate.LOST)

    async def send_udp(_: str, port: int, *__: object) -> Hop:
        raise AssertionError(f"a datagram to {port}, and this platform cannot walk over UDP")

    monkeypatch.setattr(hops, "send_tcp", send_tcp)
    monkeypatch.setattr(hops, "send_udp", send_udp)
    monkeypatch.setattr(hops, "TCP_WALKS", True)
    monkeypatch.setattr(hops, "UDP_WALKS", False)
    monkeypatch.setattr(trace, "ROUTER_GAP_S", 0.001)
    return sent


async def test_where_only_tcp_can_walk_the_silent_tcp_port_is_located_and_udp_left_open(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    walks(monkeypatch, speak={389: ROUTERS, 464: {1: ROUTERS[1]}})
    case = case_of(outcome("ldap/tcp"), outcome("kpasswd/tcp", State.FILTERED), outcome("kpasswd/udp", State.FILTERED))
    await trace.locate(case, Around([case]))
    where = one(case, "kpasswd/tcp").blocked_at
    assert where is not None
    assert (where.after, where.hop) == (ROUTERS[1], 1)
    assert one(case, "kpasswd/udp").blocked_at is None


async def test_silence_over_udp_alone_sends_nothing_where_udp_cannot_walk(monkeypatch: pytest.MonkeyPatch) -> None:
    sent = walks(monkeypatch, speak={389: ROUTERS})
    case = case_of(outcome("ldap/tcp"), outcome("kpasswd/udp", State.FILTERED))
    await trace.locate(case, Around([case]))
    assert sent == []


async def test_nothing_walks_where_routers_are_not_named(monkeypatch: pytest.MonkeyPatch) -> None:
    sent = walks(monkeypatch, speak={389: ROUTERS})
    monkeypatch.setattr(hops, "TCP_WALKS", False)
    case = case_of(outcome("ldap/tcp"), outcome("kpasswd/tcp", State.FILTERED))
    await trace.locate(case, Around([case]))
    assert sent == []
    assert one(case, "kpasswd/tcp").blocked_at is None


async def test_routers_that_never_speak_are_no_sign_of_where_it_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    walks(monkeypatch, speak={})
    case = case_of(outcome("ldap/tcp"), outcome("kpasswd/tcp", State.FILTERED))
    await trace.locate(case, Around([case]))
    silent = one(case, "kpasswd/tcp")
    assert silent.blocked_at is None
    assert "cannot be told" in silent.evidence[-1].detail


async def test_no_router_at_all_although_others_hear_them_is_lost_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    walks(monkeypatch, speak={389: ROUTERS})
    case = case_of(outcome("ldap/tcp"), outcome("kpasswd/tcp", State.FILTERED))
    await trace.locate(case, Around([case]))
    where = one(case, "kpasswd/tcp").blocked_at
    assert where is not None
    assert (where.after, where.hop) == (None, 0)


async def test_without_an_answer_to_compare_with_a_port_that_ends_nearer_is_left_open(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    walks(monkeypatch, speak={464: ROUTERS})  # the routers have no error left to spare for the second port
    case = case_of(outcome("kpasswd/tcp", State.FILTERED), outcome("ldap/tcp", State.FILTERED))
    await trace.locate(case, Around([case]))
    placed = [(o.blocked_at.after, o.blocked_at.hop) for o in case.outcomes if o.blocked_at is not None]
    assert placed == [(ROUTERS[2], 2)]


async def test_without_an_answer_to_compare_with_a_router_is_asked_more_than_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its first error is lost on the way."""
    sent = walks(monkeypatch, speak={464: ROUTERS})
    plain = hops.send_tcp

    async def send_tcp(address: str, port: int, ttl: int, *rest: float) -> Hop:
        lost = ttl == 2 and (port, ttl) not in sent
        hop = await plain(address, port, ttl, *rest)
        return Hop(ttl, Fate.LOST) if lost else hop

    monkeypatch.setattr(hops, "send_tcp", send_tcp)
    case = case_of(outcome("kpasswd/tcp", State.FILTERED))
    await trace.locate(case, Around([case]))
    where = one(case, "kpasswd/tcp").blocked_at
    assert where is not None
    assert (where.after, where.hop) == (ROUTERS[2], 2)


FOUR = {hop: f"10.77.10{hop}.1" for hop in range(1, 5)}


async def test_a_way_back_that_is_shorter_than_the_way_there_does_not_end_the_walk(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    walks(monkeypatch, speak={389: FOUR, 464: FOUR}, answers={389: 5})
    near = {"reply_ttl": 63}
    case = case_of(outcome("ldap-ping/udp", facts=near), outcome("ldap/tcp"), outcome("kpasswd/tcp", State.FILTERED))
    await trace.locate(case, Around([case]))
    where = one(case, "kpasswd/tcp").blocked_at
    assert where is not None
    assert (where.after, where.hop) == (FOUR[4], 4)


@pytest.mark.parametrize(("passes", "hop", "before"), [(False, 1, FOUR[3]), (True, 3, FOUR[4])])
async def test_a_router_that_keeps_silent_is_passed_over(
    monkeypatch: pytest.MonkeyPatch, passes: bool, hop: int, before: str
) -> None:
    """The second one never speaks; the third has an error to spare only once it was asked by the walk."""
    asked = 0
    walks(monkeypatch, speak={389: {1: FOUR[1], 3: FOUR[3], 4: FOUR[4]}, 464: {1: FOUR[1]}}, answers={389: 5})
    plain = hops.send_tcp

    async def send_tcp(address: str, port: int, ttl: int, *rest: float) -> Hop:
        nonlocal asked
        asked += (port, ttl) == (464, 3)
        if passes and (port, ttl) == (464, 3) and asked > 1:
            return Hop(ttl, Fate.EXPIRED, FOUR[3])
        return await plain(address, port, ttl, *rest)

    monkeypatch.setattr(hops, "send_tcp", send_tcp)
    case = case_of(outcome("ldap/tcp"), outcome("kpasswd/tcp", State.FILTERED))
    await trace.locate(case, Around([case]))
    found = one(case, "kpasswd/tcp")
    assert found.blocked_at is not None
    assert (found.blocked_at.hop, found.facts["lost_before"]) == (hop, before)
    assert FOUR[int(str(found.facts["lost_before_hop"]))] == before
    assert found.blocked_at.suspects == (FOUR[hop], None, before)  # the last one heard is never cleared
    assert found.facts.get("way") == ([FOUR[1], None, FOUR[3]] if hop == 3 else None)


@pytest.mark.parametrize(
    ("within", "state", "by"), [(3, State.REJECTED, FOUR[2]), (4, State.REJECTED, None), (5, State.REFUSED, None)]
)
async def test_a_refusal_from_nearer_than_the_host_is_not_the_hosts_whatever_its_ttl(
    monkeypatch: pytest.MonkeyPatch, within: int, state: State, by: str | None
) -> None:
    """It arrives with the TTL of a device two hops away; from the last router on it might be the host's as well."""
    walks(monkeypatch, speak={389: FOUR, 464: FOUR}, answers={389: 5, 464: within})
    case = case_of(
        outcome("ldap-ping/udp", facts={"reply_ttl": 63}),
        outcome("ldap/tcp"),
        outcome("kpasswd/tcp", State.REFUSED, facts={"reset_ttl": 63}),
    )
    await trace.locate(case, Around([case]))
    found = one(case, "kpasswd/tcp")
    assert (found.state, found.blocked_at.by if found.blocked_at else None) == (state, by)


@pytest.mark.parametrize(("within", "by"), [(3, FOUR[2]), (5, None)])
async def test_a_device_is_named_by_the_ttl_of_its_reset_only_where_it_stands_there(
    monkeypatch: pytest.MonkeyPatch, within: int, by: str | None
) -> None:
    """The way back of its reset may be shorter than the way to it."""
    walks(monkeypatch, speak={389: FOUR, 464: FOUR}, answers={389: 6, 464: within})
    told = {"reset_ttl": 63, "host_ttl": 60, "reset_from_hop": 2}
    case = case_of(outcome("ldap/tcp"), outcome("kpasswd/tcp", State.REJECTED, facts=told))
    await trace.locate(case, Around([case]))
    where = one(case, "kpasswd/tcp").blocked_at
    assert (where.by if where else None) == by


@pytest.mark.parametrize(
    ("own", "reset", "state", "says"),
    [
        (126, 126, State.REFUSED, "its firewall is off"),
        (62, 62, State.REFUSED, "as the host's own answers do"),
        (126, 62, State.REJECTED, "in the host's place"),
        (126, 254, State.REJECTED, "a device in the path"),
        (62, 63, State.REJECTED, "a device in the path"),
    ],
)
async def test_the_ttl_of_a_reset_tells_whose_it_is(
    monkeypatch: pytest.MonkeyPatch, own: int, reset: int, state: State, says: str
) -> None:
    async def answers_within(_: str, __: int, ttl: int, *___: object) -> bool:
        return ttl <= reset

    monkeypatch.setattr(hops, "answers_within", answers_within)
    monkeypatch.setattr(hops, "ANSWERS_TTL", True)
    case = case_of(outcome("ldap-ping/udp", facts={"reply_ttl": own}), outcome("gc/tcp", State.REFUSED))
    await resets.whose(case)
    found = one(case, "gc/tcp")
    assert (found.state, found.facts["reset_ttl"]) == (state, reset)
    assert says in found.evidence[-1].detail
    assert ("Windows" in found.evidence[-1].detail) is (state is State.REFUSED and own == 126)


async def test_whose_reset_is_not_asked_where_the_ttl_of_answers_is_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(*_: object) -> bool:
        raise AssertionError("asked")

    monkeypatch.setattr(hops, "answers_within", never)
    monkeypatch.setattr(hops, "ANSWERS_TTL", False)
    case = case_of(outcome("ldap-ping/udp", facts={"reply_ttl": 126}), outcome("gc/tcp", State.REFUSED))
    await resets.whose(case)
    assert one(case, "gc/tcp").state is State.REFUSED


async def test_a_link_that_takes_576_bytes_only_is_found() -> None:
    case = case_of(outcome("ldap/tcp", State.MUTE))

    async def ask(
        old: Outcome, _: Timeouts, segment: int | None = None, __: int | None = None, /, *, loose: bool = False
    ) -> Outcome:
        return outcome(old.check, State.OK if segment == 536 else State.MUTE)

    case.page.ask = ask
    await mtu.clamp(case)
    assert one(case, "ldap/tcp").facts["answers_with_segment_bytes"] == 536


@pytest.mark.parametrize(
    ("small", "usual", "state", "black_hole", "told"),
    [
        (State.OK, State.MUTE, State.MUTE, True, "and again not with 1460"),
        (State.OK, State.OK, State.OK, None, "asked again"),  # then it was not the size
        (State.MUTE, State.MUTE, State.MUTE, None, "no answer with"),
        (State.ERROR, State.MUTE, State.MUTE, None, None),  # this machine cannot limit its segments
    ],
)
async def test_small_segments_prove_a_black_hole_only_beside_usual_ones(
    small: State, usual: State, state: State, black_hole: bool | None, told: str | None
) -> None:
    case = case_of(outcome("ldap/tcp", State.MUTE))

    async def ask(
        old: Outcome, _: Timeouts, segment: int | None = None, __: int | None = None, /, *, loose: bool = False
    ) -> Outcome:
        return outcome(old.check, usual if segment is None else small)

    case.page.ask = ask
    await mtu.clamp(case)
    found = one(case, "ldap/tcp")
    assert (found.state, found.facts.get("clamped_answered")) == (state, black_hole)
    assert found.evidence == () if told is None else told in found.evidence[-1].detail


@pytest.mark.parametrize(
    ("own", "icmp", "state", "says"),
    [
        (126, 126, State.REFUSED, "its firewall is off"),
        (62, 62, State.REFUSED, "as the host's answers"),
        (62, 63, State.REJECTED, "a device in the path"),
        (126, 62, State.REJECTED, "in the host's place"),
        (126, 253, State.REJECTED, "in the host's place"),
    ],
)
async def test_the_ttl_of_an_icmp_error_in_the_hosts_name_tells_whose_it_is(
    monkeypatch: pytest.MonkeyPatch, own: int, icmp: int, state: State, says: str
) -> None:
    monkeypatch.setattr(hops, "ANSWERS_TTL", True)
    said = {"icmp_from": TARGET, "icmp_type": 3, "icmp_code": 3, "icmp_ttl": icmp}
    case = case_of(
        outcome("ldap-ping/udp", facts={"reply_ttl": own}), outcome("kpasswd/udp", State.REFUSED, facts=said)
    )
    await resets.whose(case)
    found = one(case, "kpasswd/udp")
    assert (found.state, says in found.evidence[-1].detail) == (state, True)


@pytest.mark.parametrize(
    ("own", "reset", "by_device", "told"),
    [
        (62, 62, False, None),
        (62, 63, True, 63),
        (62, 64, True, 64),
        (62, 255, True, 255),
        (62, 127, True, 127),
        (126, 126, False, None),
        (126, 64, True, 64),  # a Linux router before a Windows host
        (253, 63, True, 63),
        (126, 50, True, None),  # from farther than is looked for
    ],
)
async def test_a_cut_conversation_is_asked_once_more_deaf_to_the_host(
    monkeypatch: pytest.MonkeyPatch, own: int, reset: int, by_device: bool, told: int | None
) -> None:
    async def answers_within(_: str, __: int, ttl: int, *___: object) -> bool:
        return ttl <= own

    monkeypatch.setattr(hops, "answers_within", answers_within)
    monkeypatch.setattr(hops, "ANSWERS_TTL", True)
    cut = outcome("ldap/tcp", State.RESET, stage=Stage.REQUEST)
    case = case_of(outcome("ldap-ping/udp", facts={"reply_ttl": own}), cut)

    async def ask(
        old: Outcome, _: Timeouts, __: int | None = None, nearest: int | None = None, /, *, loose: bool = False
    ) -> Outcome:
        assert nearest is not None
        return outcome(old.check, State.RESET if reset >= nearest else State.MUTE)

    case.page.ask = ask
    await resets.whose(case)
    facts = one(case, "ldap/tcp").facts
    assert (facts.get("reset_by_device"), facts.get("reset_ttl")) == (by_device, told)


async def test_a_router_without_an_error_to_spare_places_nothing_wrongly(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second router speaks about the control walk, then twice about nothing, then about both ports."""
    spoken = {"464": 0, "389": 0}

    async def send_tcp(_: str, port: int, ttl: int, *__: object) -> Hop:
        if ttl != 2:
            return Hop(ttl, Fate.EXPIRED, ROUTERS[1]) if ttl == 1 else Hop(ttl, Fate.LOST)
        spoken[str(port)] += 1
        limited = spoken["464"] <= 5 if port == 464 else 2 <= spoken["389"] <= 3
        return Hop(ttl, Fate.LOST) if limited else Hop(ttl, Fate.EXPIRED, ROUTERS[2])

    walks(monkeypatch, speak={})
    monkeypatch.setattr(hops, "send_tcp", send_tcp)
    case = case_of(outcome("ldap/tcp"), outcome("kpasswd/tcp", State.FILTERED))
    await trace.locate(case, Around([case]))
    where = one(case, "kpasswd/tcp").blocked_at
    assert where is not None
    assert (where.after, where.hop) == (ROUTERS[2], 2)


async def test_a_dead_host_behind_routers_that_never_speak_is_not_placed(monkeypatch: pytest.MonkeyPatch) -> None:
    walks(monkeypatch, speak={})
    case = case_of(outcome("ldap/tcp", State.FILTERED), outcome("kpasswd/tcp", State.FILTERED))
    await trace.locate(case, Around([case]))
    assert one(case, "kpasswd/tcp").blocked_at is None


async def test_a_dead_host_is_placed_at_the_start_where_the_first_router_speaks_to_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    walks(monkeypatch, speak={636: ROUTERS})
    dead, other = case_of(outcome("ldap/tcp", State.FILTERED)), case_of(outcome("ldaps/tcp"))
    await trace.locate(dead, Around([dead, other]))
    where = one(dead, "ldap/tcp").blocked_at
    assert where is not None
    assert (where.after, where.hop) == (None, 0)
