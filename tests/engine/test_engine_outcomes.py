"""What the engine makes of each ending, field by field; and the second look and the bounds it allows."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from fake_network import FakeNetwork

from portcheck.asking import engine as engine_module
from portcheck.asking.engine import LONGEST_LINE, Engine, once
from portcheck.model import BlockedAt, Check, Outcome, Stage, State
from portcheck.model.target import Route
from portcheck.net.errors import NetError
from portcheck.net.network import Net, Network
from portcheck.net.proxy import Reach
from portcheck.net.timeouts import Timeouts
from portcheck.probes import registry
from portcheck.probes.exchange import nothing
from portcheck.probes.probe import Probe, Seen, Subject
from portcheck.wire import WireError

CHECK = Check("alpha.test", "dc1.alpha.test", "127.0.0.1", "ldap", "tcp", 389)
SUBJECT = Subject("dc1.alpha.test")
HTTP, LDAP = b"HTTP/1.1 400 Bad Request\r\n", b"\x30\x0c\x02\x01\x01"
Act = Callable[[Network], Seen]


async def ended(act: Act, check: Check = CHECK) -> Outcome:
    """One run of a probe that does this on a network without packets."""

    async def run(_: Check, net: Network, __: Subject) -> Seen:
        return act(net)

    return await once(Probe("ldap", run, nothing), check, FakeNetwork(), SUBJECT)


def raising(error: Exception, head: bytes = b"", **facts: object) -> Act:
    def act(net: Network) -> Seen:
        net.trail.head = head
        net.trail.facts.update(facts)
        raise error

    return act


@pytest.mark.parametrize(
    ("error", "head", "state", "peer"),
    [
        (NetError(State.MUTE, "x"), HTTP, State.MISMATCH, "HTTP"),
        (NetError(State.RESET, "x"), HTTP, State.MISMATCH, "HTTP"),
        (NetError(State.RESET, "x"), b"SSH-2.0-OpenSSH_9.2\r\n", State.MISMATCH, "SSH"),
        (NetError(State.RESET, "x"), LDAP, State.RESET, None),
        (NetError(State.RESET, "x"), b"\x16\x03\x03\x00\x31", State.RESET, None),  # TLS may well be meant
        (NetError(State.FILTERED, "x"), HTTP, State.FILTERED, None),
        (NetError(State.MUTE, "x"), b"", State.MUTE, None),
        (WireError("odd"), HTTP, State.MISMATCH, "HTTP"),
        (WireError("odd"), b"", State.MISMATCH, None),
        (ValueError("ours"), HTTP, State.ERROR, None),
    ],
    ids=str,
)
async def test_what_was_said_before_the_end_tells_another_protocol(
    error: Exception, head: bytes, state: State, peer: str | None
) -> None:
    seen = await ended(raising(error, head))
    assert (seen.state, seen.facts.get("peer_protocol")) == (state, peer)
    assert ("it looks like" in seen.reason) is (isinstance(error, WireError) and peer is not None)


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({}, "answered, but not in this protocol"),
        ({"proxy": "proxy.corp:8080"}, "the proxy proxy.corp:8080: answered, but not in this protocol"),
        ({"proxy": "proxy.corp:8080", "proxy_status": 200}, "answered, but not in this protocol"),
    ],
)
async def test_until_it_lets_something_through_it_is_the_proxy_that_spoke(
    facts: dict[str, object], reason: str
) -> None:
    assert (await ended(raising(NetError(State.MUTE, "x"), HTTP, **facts))).reason == reason


async def test_a_failure_keeps_who_said_it_where_and_when() -> None:
    told = {"icmp_from": "10.77.100.2"}
    fault = NetError(State.REJECTED, "prohibited", Stage.CONNECT, BlockedAt(by="10.77.100.2"), dict(told))

    def act(net: Network) -> Seen:
        net.trail.stage, net.trail.attempts, net.trail.answers = Stage.REQUEST, 2, 1
        net.trail.note("sent", "a question")
        raise fault

    seen = await ended(act)
    assert (seen.state, seen.reason, seen.stage) == (State.REJECTED, "prohibited", Stage.CONNECT)
    assert (seen.facts, seen.blocked_at) == (told, fault.blocked_at)
    assert (seen.attempts, seen.answers, [step.event for step in seen.evidence]) == (2, 1, ["sent"])


async def test_a_failure_without_a_stage_has_that_of_the_conversation() -> None:
    def act(net: Network) -> Seen:
        net.trail.stage = Stage.TLS
        raise NetError(State.MUTE, "silent")

    seen = await ended(act)
    assert (seen.stage, seen.blocked_at) == (Stage.TLS, None)


async def test_a_good_answer_keeps_what_it_told_and_names_no_foreign_protocol() -> None:
    def act(net: Network) -> Seen:
        net.trail.head, net.trail.latency_ms = HTTP, 3.0
        return Seen({"roles": ["kdc"]}, reason="answered")

    seen = await ended(act)
    assert (seen.state, seen.reason, seen.latency_ms, seen.facts) == (State.OK, "answered", 3.0, {"roles": ["kdc"]})


@pytest.mark.parametrize("kind", [NetError, WireError, Seen])
async def test_no_server_fills_a_report(kind: type) -> None:
    much = "x" * 10_000

    def act(net: Network) -> Seen:
        net.trail.note("received", much)
        net.trail.facts["server"] = much
        if kind is Seen:
            return Seen({}, reason=much)
        raise NetError(State.MUTE, much) if kind is NetError else WireError(much)

    seen = await ended(act)
    texts = (seen.reason, str(seen.facts["server"]), *(step.detail for step in seen.evidence))
    assert all(len(told) <= LONGEST_LINE for told in texts)
    assert all(told.endswith("…") for told in texts)


@pytest.fixture
def make(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Engine]:
    """`make(run)`: an engine that knows this probe alone, and does not pause between resets."""

    def made(run: object, connect_s: float = 60.0, **fields: object) -> Engine:
        monkeypatch.setattr(registry, "PROBES", {"ldap": Probe("ldap", run, nothing)})  # type: ignore[arg-type]
        monkeypatch.setattr(engine_module, "AFTER_RESET_S", (0.0, 0.0))
        return Engine(Timeouts(connect_s, 0.1, 1), lambda _: None, rate=1_000_000, **fields)  # type: ignore[arg-type]

    return made


async def test_several_resets_before_an_answer_are_counted(make: Callable[..., Engine]) -> None:
    faults = [NetError(State.RESET, "cut"), NetError(State.RESET, "cut")]

    async def run(_: Check, __: Network, ___: Subject) -> Seen:
        if faults:
            raise faults.pop()
        return Seen({})

    seen = await make(run).run(CHECK, SUBJECT)
    assert (seen.state, seen.facts["resets_before_answer"]) == (State.OK, 2)
    assert [step.event for step in seen.evidence] == ["again", "again"]


async def test_what_a_proxy_looks_up_needs_no_address_here(make: Callable[..., Engine]) -> None:
    nets: list[Network] = []

    async def run(_: Check, net: Network, __: Subject) -> Seen:
        nets.append(net)
        return Seen({})

    nowhere = Check("cloud", "login.microsoftonline.com", None, "ldap", "tcp", 443)
    way = Route(proxy="proxy.corp:8080", proxy_port=8080)
    engine = make(run)
    assert (await engine.run(nowhere, Subject(nowhere.host, route=way))).state is State.OK
    again = await engine.again(nowhere, Subject(nowhere.host, route=way), Timeouts(1.0, 1.0, 1), None)
    assert again.state is State.OK
    assert [type(net) for net in nets] == [Reach, Reach]
    assert (await engine.run(nowhere, Subject(nowhere.host))).state is State.UNRESOLVED


async def test_a_second_look_asks_as_it_is_told_and_nothing_beside(make: Callable[..., Engine]) -> None:
    asked: list[tuple[Network, Subject]] = []

    async def run(_: Check, net: Network, subject: Subject) -> Seen:
        asked.append((net, subject))
        return Seen({})

    patience = Timeouts(1.5, 2.5, 1)
    await make(run).again(CHECK, SUBJECT, patience, 536, 63)
    ((net, subject),) = asked
    assert isinstance(net, Net)
    assert (net.address, net.patience, net.segment, net.nearest_ttl) == ("127.0.0.1", patience, 536, 63)
    assert SUBJECT.start_tls
    assert not subject.start_tls


def test_a_run_asks_no_more_checks_than_its_bound_and_says_how_many_it_leaves_out(
    make: Callable[..., Engine],
) -> None:
    engine, left_out = make(None, max_checks=5), list[int]()
    assert len(engine.within_bounds((CHECK,) * 3, left_out)) == 3
    assert left_out == []
    assert len(engine.within_bounds((CHECK,) * 3, left_out)) == 2
    assert left_out == [1]
    assert engine.within_bounds((CHECK,) * 2, left_out) == ()
    assert left_out == [1, 2]
