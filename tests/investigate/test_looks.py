"""The smaller questions of the second look: the unused port, small segments, StartTLS for the certificate."""

from __future__ import annotations

import pytest
from factories import outcome
from fake_network import Answer, FakeNetwork
from investigate.held import Held, cased

from portcheck.investigate import middlebox, mtu, starttls
from portcheck.investigate.case import Case
from portcheck.model import Outcome, Stage, State
from portcheck.net import hops
from portcheck.net.errors import NetError
from portcheck.net.hops import Fate, Hop
from portcheck.net.timeouts import Timeouts
from portcheck.wire.ldap import UNAVAILABLE, ExtendedResponse


def case_of(*outcomes: Outcome, by_segment: dict[int | None, State] | None = None) -> Case:
    async def ask(old: Outcome, _: Timeouts, segment: int | None = None, __: int | None = None, /) -> Outcome:
        return outcome(old.check, (by_segment or {}).get(segment, State.MUTE))

    return cased("dc1.alpha.test", "10.77.1.1", Held(*outcomes), ask, payload=lambda _: b"")


def one(case: Case, name: str) -> Outcome:
    return next(o for o in case.outcomes if o.check.name == name)


@pytest.mark.parametrize(
    ("fate", "by", "accepts"),
    [
        (Fate.ANSWERED, "10.77.1.1", True),
        (Fate.ANSWERED, None, False),
        (Fate.EXPIRED, "10.77.100.2", False),
        (Fate.LOST, None, False),
    ],
)
@pytest.mark.parametrize("state", [State.MUTE, State.RESET])
async def test_an_unused_port_that_accepts_is_a_middlebox(
    monkeypatch: pytest.MonkeyPatch, state: State, fate: Fate, by: str | None, *, accepts: bool
) -> None:
    async def send_tcp(_: str, port: int, ttl: int, *__: object) -> Hop:
        assert port == middlebox.UNUSED_PORT
        return Hop(ttl, fate, by)

    monkeypatch.setattr(hops, "send_tcp", send_tcp)
    case = case_of(outcome("ldap/tcp", state), outcome("kpasswd/udp", State.MUTE))
    await middlebox.accepts_everything(case)
    assert one(case, "ldap/tcp").facts == {"control_port_accepts": accepts}
    assert one(case, "kpasswd/udp").facts == {}


@pytest.mark.parametrize(
    "seen", [outcome("ldap/tcp", State.FILTERED), outcome("kpasswd/udp", State.MUTE), outcome("ldap/tcp")], ids=str
)
async def test_an_unused_port_is_asked_only_where_connections_led_nowhere(
    monkeypatch: pytest.MonkeyPatch, seen: Outcome
) -> None:
    async def never(*_: object) -> Hop:
        raise AssertionError("asked")

    monkeypatch.setattr(hops, "send_tcp", never)
    await middlebox.accepts_everything(case_of(seen))


@pytest.mark.parametrize(
    ("usual", "first", "second", "told"),
    [
        (State.MUTE, State.OK, State.OK, 1240),
        (State.MUTE, State.MUTE, State.OK, 536),
        (State.MUTE, State.OK, State.MUTE, 1240),
        (State.MUTE, State.MUTE, State.MUTE, None),
        (State.OK, State.OK, State.OK, None),
    ],
)
async def test_the_largest_segments_that_pass_are_told(
    usual: State, first: State, second: State, told: int | None
) -> None:
    case = case_of(outcome("ldaps/tcp", State.MUTE), by_segment={None: usual, 1240: first, 536: second})
    await mtu.clamp(case)
    assert one(case, "ldaps/tcp").facts.get("answers_with_segment_bytes") == told


CUT = outcome("ldaps/tcp", State.RESET, stage=Stage.TLS)


def start_tls(monkeypatch: pytest.MonkeyPatch, *answers: Answer) -> FakeNetwork:
    net = FakeNetwork(*answers)
    monkeypatch.setattr(starttls, "Net", lambda *_, **__: net)
    return net


@pytest.mark.parametrize(("code", "without"), [(UNAVAILABLE, True), (0, False), (2, False), (53, False)])
async def test_the_plain_twin_tells_whether_there_is_a_certificate(
    monkeypatch: pytest.MonkeyPatch, code: int, *, without: bool
) -> None:
    net = start_tls(monkeypatch, ExtendedResponse(1, code).pack())
    case = case_of(CUT, outcome("ldap/tcp"))
    await starttls.certificate(case)
    assert [(transport, port) for transport, port, _ in net.sent] == [("tcp", 389)]
    assert one(case, "ldaps/tcp").facts == {"start_tls_result": code, "no_certificate": without}
    assert all(stream.closed for stream in net.opened)


@pytest.mark.parametrize("answer", [None, NetError(State.RESET, "cut"), b"HTTP/1.1 400 Bad Request\r\n\r\n"], ids=str)
async def test_a_twin_that_does_not_tell_says_nothing_of_a_certificate(
    monkeypatch: pytest.MonkeyPatch, answer: Answer
) -> None:
    start_tls(monkeypatch, answer)
    case = case_of(CUT, outcome("ldap/tcp"))
    await starttls.certificate(case)
    assert one(case, "ldaps/tcp") == CUT


async def test_what_the_first_pass_told_is_not_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    net = start_tls(monkeypatch)
    case = case_of(CUT, outcome("ldap/tcp", facts={"start_tls_result": UNAVAILABLE}))
    await starttls.certificate(case)
    assert one(case, "ldaps/tcp").facts["no_certificate"] is True
    assert net.sent == []


@pytest.mark.parametrize(
    "cut",
    [
        outcome("ldaps/tcp", State.RESET, stage=Stage.TLS, facts={"tls_alert": "handshake failure"}),
        outcome("ldaps/tcp", State.RESET, stage=Stage.TLS, facts={"tls_error": "wrong version number"}),
        outcome("ldaps/tcp", State.RESET, stage=Stage.CONNECT),
        outcome("ldaps/tcp", State.MUTE, stage=Stage.TLS),
        outcome("https/tcp", State.RESET, stage=Stage.TLS),
    ],
    ids=str,
)
async def test_nothing_is_asked_where_it_is_not_the_question(monkeypatch: pytest.MonkeyPatch, cut: Outcome) -> None:
    net = start_tls(monkeypatch, ExtendedResponse(1, UNAVAILABLE).pack())
    case = case_of(cut, outcome("ldap/tcp"))
    await starttls.certificate(case)
    assert net.sent == []
    assert case.outcomes[0] == cut
