"""The engine's promises: whatever a probe does is an outcome, the bounds hold, nothing is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from portcheck.asking import engine as engine_module
from portcheck.asking.engine import Engine
from portcheck.config import Settings
from portcheck.model import Check, Outcome, State
from portcheck.net.errors import NetError
from portcheck.net.network import Network
from portcheck.net.timeouts import Timeouts
from portcheck.probes import registry
from portcheck.probes.exchange import nothing
from portcheck.probes.probe import Probe, Seen, Subject
from portcheck.wire import WireError

Run = Callable[[Check, Network, Subject], Awaitable[Seen]]


def check(number: int = 0, service: str = "ldap") -> Check:
    return Check("alpha.test", f"dc{number}.alpha.test", "127.0.0.1", service, "tcp", 389)


def engine(monkeypatch: pytest.MonkeyPatch, run: Run, concurrency: int = 512) -> Engine:
    monkeypatch.setattr(registry, "PROBES", {"ldap": Probe("ldap", run, nothing)})
    monkeypatch.setattr(engine_module, "AFTER_RESET_S", (0.0, 0.0))
    return Engine(Timeouts(0.1, 0.1, 1), lambda _: None, concurrency, rate=1_000_000)


async def once(monkeypatch: pytest.MonkeyPatch, error: Exception) -> Outcome:
    async def fail(_: Check, __: Network, ___: Subject) -> Seen:
        raise error

    return await engine(monkeypatch, fail).run(check(), Subject("dc"))


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (NetError(State.FILTERED, "silence"), State.FILTERED),
        (NetError(State.RESET, "cut"), State.RESET),
        (WireError("foreign"), State.MISMATCH),
        (RuntimeError("a bug of ours"), State.ERROR),
        (RecursionError(), State.ERROR),
    ],
)
async def test_every_failure_is_an_outcome(monkeypatch: pytest.MonkeyPatch, error: Exception, state: State) -> None:
    assert (await once(monkeypatch, error)).state is state


async def test_a_probe_sees_the_settings_of_its_run_the_first_time_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    async def look(_: Check, __: Network, subject: Subject) -> Seen:
        seen.append(subject.settings.source_ip)
        return Seen({})

    asking = engine(monkeypatch, look)
    asking.settings = Settings(source_ip="127.0.0.7")
    await asking.run(check(), Subject("dc"))
    await asking.again(check(), Subject("dc"), Timeouts(0.1, 0.1, 1), None)
    assert seen == ["127.0.0.7", "127.0.0.7"]


async def test_a_reset_that_does_not_come_again_is_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    tries = iter([NetError(State.RESET, "cut"), None])

    async def sometimes(_: Check, __: Network, ___: Subject) -> Seen:
        if (fault := next(tries)) is not None:
            raise fault
        return Seen({})

    outcome = await engine(monkeypatch, sometimes).run(check(), Subject("dc"))
    assert (outcome.state, outcome.facts["resets_before_answer"]) == (State.OK, 1)


async def test_ten_thousand_checks_stay_within_the_bound_and_all_land(monkeypatch: pytest.MonkeyPatch) -> None:
    now = most = 0

    async def count(_: Check, __: Network, ___: Subject) -> Seen:
        nonlocal now, most
        now += 1
        most = max(most, now)
        await asyncio.sleep(0)
        now -= 1
        return Seen({})

    runner = engine(monkeypatch, count, concurrency=40)
    outcomes = await asyncio.gather(*(runner.run(check(number), Subject("dc")) for number in range(10_000)))
    assert len({outcome.check.id for outcome in outcomes}) == 10_000
    assert most <= 40


async def test_a_name_without_address_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(_: Check, __: Network, ___: Subject) -> Seen:
        raise AssertionError("asked")

    nowhere = Check("alpha.test", "dc.alpha.test", None, "ldap", "tcp", 389)
    assert (await engine(monkeypatch, never).run(nowhere, Subject("dc"))).state is State.UNRESOLVED
