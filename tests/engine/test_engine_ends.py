"""How the engine ends: cancelled, out of patience with resets, in the middle of ten thousand checks."""

from __future__ import annotations

import asyncio
import tracemalloc
from collections.abc import Awaitable, Callable

import pytest

from portcheck.asking import engine as engine_module
from portcheck.asking.engine import Engine
from portcheck.model import Check, Outcome, State
from portcheck.model.events import Started
from portcheck.net.errors import NetError
from portcheck.net.network import Network
from portcheck.net.timeline import Timeline
from portcheck.net.timeouts import Timeouts
from portcheck.probes import registry
from portcheck.probes.exchange import nothing
from portcheck.probes.probe import Probe, Seen, Subject

Run = Callable[[Check, Network, Subject], Awaitable[Seen]]
RESETS = (0.0, 0.0, 0.0)
SUBJECT = Subject("dc.alpha.test")


def check(number: int = 0, transport: str = "tcp") -> Check:
    return Check("alpha.test", f"dc{number}.alpha.test", "127.0.0.1", "ldap", transport, 389)


@pytest.fixture
def make(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Engine]:
    """`make(probe)`: an engine that knows this probe alone, and does not pause between resets."""

    def made(run: Run, concurrency: int = 512, notify: Callable[[object], None] = lambda _: None) -> Engine:
        monkeypatch.setattr(registry, "PROBES", {"ldap": Probe("ldap", run, nothing)})
        monkeypatch.setattr(engine_module, "AFTER_RESET_S", RESETS)
        return Engine(Timeouts(0.1, 0.1, 1), notify, concurrency, rate=1_000_000)

    return made


@pytest.mark.parametrize(("transport", "asked"), [("tcp", len(RESETS) + 1), ("udp", 1)])
async def test_a_reset_that_comes_every_time_is_asked_again_and_then_believed(
    make: Callable[..., Engine], transport: str, asked: int
) -> None:
    times = 0

    async def cut(_: Check, __: Network, ___: Subject) -> Seen:
        nonlocal times
        times += 1
        raise NetError(State.RESET, "cut")

    outcome = await make(cut).run(check(transport=transport), SUBJECT)
    assert (outcome.state, times) == (State.RESET, asked)


@pytest.mark.parametrize("state", [state for state in State if state is not State.RESET])
async def test_nothing_but_a_reset_is_asked_again(make: Callable[..., Engine], state: State) -> None:
    times = 0

    async def fail(_: Check, __: Network, ___: Subject) -> Seen:
        nonlocal times
        times += 1
        raise NetError(state, "once")

    assert (await make(fail).run(check(), SUBJECT)).state is state
    assert times == 1


async def test_a_bug_of_ours_costs_its_own_check_alone(make: Callable[..., Engine]) -> None:
    async def every_third_fails(asked: Check, _: Network, __: Subject) -> Seen:
        if int(asked.host[2]) % 3 == 0:
            raise ZeroDivisionError("ours")
        return Seen({})

    engine = make(every_third_fails)
    outcomes = await asyncio.gather(*(engine.run(check(number), SUBJECT) for number in range(9)))
    assert [outcome.state for outcome in outcomes] == [State.ERROR, State.OK, State.OK] * 3
    assert [outcome.check.host for outcome in outcomes] == [check(number).host for number in range(9)]
    assert "ZeroDivisionError: ours" in outcomes[0].evidence[-1].detail
    assert "ours" not in outcomes[0].reason


async def test_what_landed_before_a_cancellation_stays_and_the_slot_comes_back(make: Callable[..., Engine]) -> None:
    stuck = asyncio.Event()
    landed: list[Outcome] = []

    async def second_hangs(asked: Check, _: Network, __: Subject) -> Seen:
        if asked.host == "dc1.alpha.test":
            stuck.set()
            await asyncio.Event().wait()
        return Seen({})

    engine = make(second_hangs, concurrency=1)

    async def everything() -> None:
        for number in range(3):
            outcome = await engine.run(check(number), SUBJECT)
            landed.append(outcome)

    running = asyncio.create_task(everything())
    await asyncio.wait_for(stuck.wait(), 60)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert [outcome.check.host for outcome in landed] == ["dc0.alpha.test"]
    async with asyncio.timeout(60):
        assert (await engine.run(check(2), SUBJECT)).state is State.OK


async def test_a_check_is_announced_once_and_only_when_its_turn_has_come(make: Callable[..., Engine]) -> None:
    told: list[str] = []
    go = asyncio.Event()

    async def wait(_: Check, __: Network, ___: Subject) -> Seen:
        await go.wait()
        return Seen({})

    def notify(event: object) -> None:
        assert isinstance(event, Started)
        told.append(event.check.host)

    engine = make(wait, concurrency=1, notify=notify)
    running = [asyncio.create_task(engine.run(check(number), SUBJECT)) for number in range(2)]
    for _ in range(10):
        await asyncio.sleep(0)
    assert told == ["dc0.alpha.test"]
    go.set()
    await asyncio.gather(*running)
    assert told == ["dc0.alpha.test", "dc1.alpha.test"]


@pytest.mark.parametrize(
    ("head", "state"), [(b"HTTP/1.1 400 Bad Request\r\n", State.MISMATCH), (b"\x30\x0c\x02", State.MUTE)]
)
async def test_who_greets_in_another_protocol_and_waits_was_never_this_one(
    make: Callable[..., Engine], head: bytes, state: State
) -> None:
    async def greeted(_: Check, net: Network, __: Subject) -> Seen:
        net.trail.head = head
        raise NetError(State.MUTE, "no more")

    assert (await make(greeted).run(check(), SUBJECT)).state is state


async def test_ten_thousand_checks_hold_little_memory_while_they_wait(make: Callable[..., Engine]) -> None:
    async def land(_: Check, net: Network, __: Subject) -> Seen:
        net.trail.note("sent", "question")
        await asyncio.sleep(0)
        return Seen({})

    engine = make(land, concurrency=100)
    landed = 0

    async def one(number: int) -> None:
        nonlocal landed
        outcome = await engine.run(check(number), SUBJECT)
        landed += outcome.state is State.OK

    tracemalloc.start()
    try:
        await asyncio.gather(*(one(number) for number in range(10_000)))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert landed == 10_000
    assert peak < 60_000_000  # 6 kB a check


def pulses(engine: Engine, address: str, *services: str) -> list[object]:
    nets = [engine.net(address, Timeline(), service) for service in services]
    return [net.tcp_pulse for net in nets] + [net.udp_pulse for net in nets]


def test_what_is_known_of_the_way_to_a_host_is_known_to_all_its_checks(make: Callable[..., Engine]) -> None:
    engine = make(None)
    found = pulses(engine, "10.77.1.10", "ldap", "smb")
    assert found[0] is found[1]
    assert found[0] is not pulses(engine, "10.77.1.11", "ldap")[0]


def test_only_services_of_one_program_speak_for_each_others_datagrams(make: Callable[..., Engine]) -> None:
    *_, kerberos, kpasswd, ping, dns = pulses(make(None), "10.77.1.10", "kerberos", "kpasswd", "ldap-ping", "dns")
    assert kerberos is kpasswd is ping
    assert dns is not ping


def test_endpoints_that_are_known_by_name_alone_share_nothing(make: Callable[..., Engine]) -> None:
    first, second = pulses(make(None), "", "https", "https")[:2]
    assert first is not second
