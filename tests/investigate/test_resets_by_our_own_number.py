"""Resets that come of how much this machine asks: a limit of sessions, a ban; and the resets of its own firewall."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping

import pytest
from factories import check, outcome
from investigate.held import Held, cased

from portcheck.investigate import ban, limit, redirect
from portcheck.investigate.case import Case
from portcheck.model import Outcome, State
from portcheck.net import hops
from portcheck.net.hops import Fate, Hop
from portcheck.net.platform import sockets
from portcheck.net.timeouts import Timeouts

GOOD = outcome("ldap/tcp")


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (ban, limit):
        monkeypatch.setattr(module, "CLOSED_AFTER_S", 0.0)


REFUSED = (outcome("kerberos/tcp", State.REFUSED), outcome("smb/tcp", State.REFUSED))


def case_of(again: Mapping[str, State], *outcomes: Outcome) -> Case:
    """`again`: what each service answers when it is asked once more."""

    async def ask(
        old: Outcome, _: Timeouts, __: int | None = None, ___: int | None = None, /, *, loose: bool = False
    ) -> Outcome:
        del loose
        return outcome(old.check, again[old.check.service])

    return cased("dc1.alpha.test", "10.77.1.1", Held(*outcomes), ask, payload=lambda _: b"")


def one(case: Case, name: str) -> Outcome:
    return next(o for o in case.outcomes if o.check.id == check(name).id)


class Bounded:
    """A device lets `most` connections pass at a time, and resets the rest; None: it has no bound, by now."""

    def __init__(self, most: int | None, *closed: str, mute: frozenset[str] = frozenset()) -> None:
        self.most, self.closed, self.mute = most, closed, mute
        self.open, self.asked = 0, Counter[str]()

    async def ask(
        self, old: Outcome, _: Timeouts, __: int | None = None, ___: int | None = None, /, *, loose: bool = False
    ) -> Outcome:
        del loose
        self.asked[old.check.service] += 1
        self.open += 1
        refused = (self.most is not None and self.open > self.most) or old.check.service in self.closed
        await asyncio.sleep(0)
        self.open -= 1
        answer = State.MUTE if old.check.service in self.mute else State.OK
        return outcome(old.check, State.REFUSED if refused else answer)

    def case_of(self, *outcomes: Outcome) -> Case:
        return cased("dc1.alpha.test", "10.77.1.1", Held(*outcomes), self.ask, payload=lambda _: b"")


@pytest.mark.parametrize("most", [1, 3])
async def test_what_is_refused_in_company_and_answers_alone_is_answered(most: int) -> None:
    case = Bounded(most).case_of(GOOD, *REFUSED)
    await limit.on_sessions(case)
    for name in ("kerberos/tcp", "smb/tcp"):
        assert one(case, name).state is State.OK
        assert one(case, name).facts["refused_in_company"] is True


@pytest.mark.parametrize("closed", [(), ("smb",)])
async def test_what_was_refused_only_as_long_as_the_host_started_was_not_refused_for_the_company(
    closed: tuple[str, ...],
) -> None:
    case = Bounded(None, *closed).case_of(GOOD, *REFUSED)
    await limit.on_sessions(case)
    assert not any("refused_in_company" in o.facts for o in case.outcomes)


MANY = tuple(outcome(f"{name}/tcp", State.REFUSED) for name in ("rpc", "ldaps", "gc", "gc-tls", "adws", "kpasswd"))


async def test_who_lets_one_after_the_other_wait_is_not_asked_for_all_of_them() -> None:
    slow = Bounded(1, mute=frozenset(o.check.service for o in MANY))
    await limit.on_sessions(case := slow.case_of(GOOD, *REFUSED, *MANY))
    assert {one(case, name).state for name in ("kerberos/tcp", "smb/tcp")} == {State.OK}
    alone = Counter(o.check.service for o in MANY if slow.asked[o.check.service] > sum(limit.TOGETHER))
    assert len(alone) <= limit.MOST_MUTE


async def test_what_is_refused_alone_too_stays_refused() -> None:
    case = case_of({"kerberos": State.REFUSED, "smb": State.OK}, GOOD, *REFUSED)
    await limit.on_sessions(case)
    assert [one(case, name).state for name in ("kerberos/tcp", "smb/tcp")] == [State.REFUSED] * 2


@pytest.mark.parametrize("outcomes", [(GOOD, REFUSED[0]), REFUSED])
async def test_a_single_refusal_and_a_host_of_refusals_alone_are_not_asked_again(outcomes: tuple[Outcome, ...]) -> None:
    case = case_of({}, *outcomes)
    await limit.on_sessions(case)
    assert case.outcomes == outcomes


async def test_a_good_service_that_is_reset_at_the_end_tells_of_a_ban() -> None:
    case = case_of({"ldap": State.REFUSED}, GOOD, *REFUSED)
    assert await ban.turned_silent(case)
    assert one(case, "ldap/tcp").facts["turned_by_reset"] is True


async def test_a_good_service_that_answers_still_tells_of_none() -> None:
    case = case_of({"ldap": State.OK}, GOOD, *REFUSED)
    assert not await ban.turned_silent(case)
    assert one(case, "ldap/tcp") == GOOD


class Closing:
    """One session at a time: what is asked first meets one of ours that is just being closed."""

    def __init__(self, for_so_many: int = 1) -> None:
        self.left, self.asked = for_so_many, 0

    async def ask(
        self, old: Outcome, _: Timeouts, __: int | None = None, ___: int | None = None, /, *, loose: bool = False
    ) -> Outcome:
        del loose
        self.asked += 1
        return outcome(old.check, State.OK if self.asked > self.left else State.REFUSED)

    def case_of(self, *outcomes: Outcome) -> Case:
        return cased("dc1.alpha.test", "10.77.1.1", Held(*outcomes), self.ask, payload=lambda _: b"")


async def test_a_reset_for_a_session_that_is_just_being_closed_is_no_ban() -> None:
    assert not await ban.turned_silent(Closing().case_of(GOOD, *REFUSED))
    assert await ban.turned_silent(Closing(for_so_many=9).case_of(GOOD, *REFUSED))


async def test_what_is_refused_for_a_session_that_is_just_being_closed_is_asked_once_more() -> None:
    closing = Closing()
    await limit.on_sessions(closing.case_of(GOOD, *REFUSED))
    assert closing.asked > limit.STEADY
    always = Closing(for_so_many=9)
    await limit.on_sessions(case := always.case_of(GOOD, *REFUSED))
    assert ([one(case, name).state for name in ("kerberos/tcp", "smb/tcp")], always.asked) == ([State.REFUSED] * 2, 2)


async def test_a_host_that_resets_one_time_and_answers_another_has_banned_nobody() -> None:
    by_turns = Closing(for_so_many=ban.WITNESSES + ban.BY_TURNS - 1)
    assert not await ban.turned_silent(by_turns.case_of(GOOD, *REFUSED))
    always = Closing(for_so_many=ban.WITNESSES + ban.BY_TURNS)
    assert await ban.turned_silent(always.case_of(GOOD, *REFUSED))


async def test_a_single_port_that_is_reset_is_no_reason_to_ask() -> None:
    assert not await ban.turned_silent(case_of({}, GOOD, REFUSED[0]))


@pytest.mark.parametrize(
    ("within_a_hop", "through_loopback", "state"),
    [
        (Fate.ANSWERED, Fate.ANSWERED, State.ERROR),
        (Fate.ANSWERED, Fate.LOST, State.REFUSED),  # a device beside this machine, that looks before it counts hops
        (Fate.EXPIRED, Fate.ANSWERED, State.REFUSED),
    ],
)
async def test_a_reset_that_comes_though_nothing_leaves_is_this_machines(
    monkeypatch: pytest.MonkeyPatch, within_a_hop: Fate, through_loopback: Fate, state: State
) -> None:
    async def send(
        _: str, __: int, ttl: int, ___: float, ____: str | None = None, _____: int = 0, device: str = ""
    ) -> Hop:
        fate = through_loopback if device == "lo" else within_a_hop if ttl == 1 else Fate.ANSWERED
        return Hop(ttl, fate)

    monkeypatch.setattr(hops, "send_tcp", send)
    monkeypatch.setattr(hops, "TCP_WALKS", True)
    monkeypatch.setattr(sockets, "devices", lambda: ("eth0",))
    monkeypatch.setattr(sockets, "can_tie", lambda _: True)
    case = case_of({}, GOOD, REFUSED[0])
    await redirect.by_this_machine(case)
    seen = one(case, "kerberos/tcp")
    assert seen.state is state
    assert seen.facts.get("reset_here") is (True if state is State.ERROR else None)
