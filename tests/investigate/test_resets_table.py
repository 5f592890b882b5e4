"""Whose reset: what a TTL proves, where tries contradict each other, and what it does not prove."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from factories import check, outcome
from investigate.held import Held, cased

from portcheck.investigate import resets
from portcheck.investigate.case import Case, Walk
from portcheck.model import Outcome, Stage, State
from portcheck.net import hops
from portcheck.net.hops import Fate, Hop
from portcheck.net.timeouts import Timeouts

TARGET, DEVICE = "10.77.1.1", "10.77.100.2"
Answers = Callable[[int, int], bool]  # is a SYN to this port answered with at least this TTL?


def case_of(*outcomes: Outcome, again: Callable[[int | None], State] = lambda _: State.RESET) -> Case:
    async def ask(old: Outcome, _: Timeouts, __: int | None = None, nearest: int | None = None, /) -> Outcome:
        return outcome(old.check, again(nearest))

    return cased("dc1.alpha.test", TARGET, Held(*outcomes), ask, payload=lambda _: b"")


def one(case: Case, name: str) -> Outcome:
    return next(o for o in case.outcomes if o.check.name == name)


@pytest.fixture
def ttls(monkeypatch: pytest.MonkeyPatch) -> Callable[[Answers], list[tuple[int, int]]]:
    """`ttls(answers)`: what arrives with which TTL; gives what was asked, by port and TTL."""

    def made(answers: Answers) -> list[tuple[int, int]]:
        asked: list[tuple[int, int]] = []

        async def answers_within(_: str, port: int, ttl: int, *__: object) -> bool:
            asked.append((port, ttl))
            return answers(port, ttl)

        monkeypatch.setattr(hops, "answers_within", answers_within)
        monkeypatch.setattr(hops, "ANSWERS_TTL", True)
        return asked

    return made


def ping(ttl: int) -> Outcome:
    return outcome("ldap-ping/udp", facts={"reply_ttl": ttl})


async def test_a_refusal_whose_first_packets_were_lost_is_not_called_a_devices(
    ttls: Callable[[Answers], list[tuple[int, int]]],
) -> None:
    heard = iter([False] * 4)  # twice for each of the two questions; what comes after is heard

    def answers(_: int, ttl: int) -> bool:
        return ttl <= 62 and next(heard, True)

    ttls(answers)
    case = case_of(ping(62), outcome("gc/tcp", State.REFUSED))
    await resets.whose(case)
    assert one(case, "gc/tcp").state is State.REFUSED
    assert one(case, "gc/tcp").facts["reset_ttl"] == 62


async def test_a_routers_icmp_error_is_not_compared_with_the_hosts_ttl(
    ttls: Callable[[Answers], list[tuple[int, int]]],
) -> None:
    asked = ttls(lambda *_: True)
    said = {"icmp_from": DEVICE, "icmp_ttl": 254}
    case = case_of(ping(62), outcome("kpasswd/udp", State.REFUSED, facts=said))
    await resets.whose(case)
    assert one(case, "kpasswd/udp").state is State.REFUSED
    assert one(case, "kpasswd/udp").evidence == ()
    assert asked == []


@pytest.mark.parametrize(("stage", "told"), [(Stage.CONNECT, False), (Stage.REQUEST, True), (Stage.TLS, True)])
async def test_only_a_conversation_can_be_asked_once_more(
    ttls: Callable[[Answers], list[tuple[int, int]]], stage: Stage, *, told: bool
) -> None:
    ttls(lambda _, ttl: ttl <= 62)
    cut = outcome("ldap/tcp", State.RESET, stage=stage)
    case = case_of(ping(62), cut, again=lambda near: State.RESET if (near or 0) <= 62 else State.MUTE)
    await resets.whose(case)
    assert ("reset_by_device" in one(case, "ldap/tcp").facts) is told


async def test_tries_that_contradict_each_other_tell_nothing(
    ttls: Callable[[Answers], list[tuple[int, int]]],
) -> None:
    ttls(lambda _, ttl: ttl <= 62)
    ends = iter([State.RESET, State.MUTE] * 20)
    case = case_of(ping(62), outcome("ldap/tcp", State.RESET, stage=Stage.REQUEST), again=lambda _: next(ends))
    await resets.whose(case)
    assert "reset_by_device" not in one(case, "ldap/tcp").facts


@pytest.mark.parametrize("end", [State.FILTERED, State.OK, State.ERROR])
async def test_a_try_that_ends_otherwise_tells_nothing(
    ttls: Callable[[Answers], list[tuple[int, int]]], end: State
) -> None:
    ttls(lambda _, ttl: ttl <= 62)
    case = case_of(ping(62), outcome("ldap/tcp", State.RESET, stage=Stage.REQUEST), again=lambda _: end)
    await resets.whose(case)
    assert "reset_by_device" not in one(case, "ldap/tcp").facts


@pytest.mark.parametrize(("arrives", "by_device"), [(62, None), (63, True), (64, True)])
@pytest.mark.parametrize("state", [State.MUTE, State.RESET])
async def test_a_handshake_from_nearer_than_the_host_is_a_devices(
    ttls: Callable[[Answers], list[tuple[int, int]]], state: State, arrives: int, by_device: bool | None
) -> None:
    ttls(lambda _, ttl: ttl <= arrives)
    case = case_of(ping(62), outcome("ldap/tcp", state, stage=Stage.CONNECT))
    await resets.whose(case)
    assert one(case, "ldap/tcp").facts.get("handshake_by_device") is by_device


@pytest.mark.parametrize(("ttl", "windows"), [(64, False), (65, True), (128, True), (129, False), (62, False)])
async def test_windows_firewall_is_spoken_of_only_where_the_host_may_be_windows(
    ttls: Callable[[Answers], list[tuple[int, int]]], ttl: int, *, windows: bool
) -> None:
    ttls(lambda _, least: least <= ttl)
    case = case_of(ping(ttl), outcome("gc/tcp", State.REFUSED))
    await resets.whose(case)
    assert ("Windows" in one(case, "gc/tcp").evidence[-1].detail) is windows


async def test_the_hosts_ttl_is_taken_from_a_handshake_where_no_datagram_told_it(
    ttls: Callable[[Answers], list[tuple[int, int]]],
) -> None:
    ttls(lambda port, ttl: ttl <= {389: 125, 3268: 126}[port])
    case = case_of(outcome("ldap/tcp"), outcome("gc/tcp", State.REFUSED))
    await resets.whose(case)
    refused = one(case, "gc/tcp")
    assert (refused.state, refused.facts["host_ttl"], refused.facts["reset_ttl"]) == (State.REJECTED, 125, 126)
    assert refused.facts["reset_from_hop"] == 3


async def test_interfaces_that_share_a_port_share_what_is_found(
    ttls: Callable[[Answers], list[tuple[int, int]]],
) -> None:
    ttls(lambda _, ttl: ttl <= 63)
    shared = [outcome(check(name, port=49664), State.REFUSED) for name in ("rpc-samr/tcp", "rpc-lsarpc/tcp")]
    case = case_of(ping(62), *shared)
    await resets.whose(case)
    assert {o.state for o in case.outcomes if o.check.port == 49664} == {State.REJECTED}


WALK = Walk({1: Hop(1, Fate.EXPIRED, "a"), 2: Hop(2, Fate.EXPIRED, "b"), 3: Hop(3, Fate.EXPIRED, "c")})


@pytest.mark.parametrize(
    ("life", "state", "hop"),
    [(4, State.REFUSED, None), (3, State.REJECTED, 2), (2, State.REJECTED, 2), (1, State.REJECTED, None)],
)
async def test_a_refusal_within_the_last_routers_distance_is_not_the_hosts(
    monkeypatch: pytest.MonkeyPatch, life: int, state: State, hop: int | None
) -> None:
    """The host is four hops away, and its reset has come two: from a SYN of one or two, or of three and back."""

    async def send_tcp(_: str, __: int, ttl: int, *___: object) -> Hop:
        return Hop(ttl, Fate.ANSWERED if ttl >= life else Fate.LOST, TARGET)

    monkeypatch.setattr(hops, "send_tcp", send_tcp)
    case = case_of(outcome("ldap/tcp"), outcome("gc/tcp", State.REFUSED, facts={"reset_ttl": 63}))
    await resets.from_nearer(case, WALK)
    found = one(case, "gc/tcp")
    assert (found.state, found.facts.get("reset_from_hop")) == (state, hop)
