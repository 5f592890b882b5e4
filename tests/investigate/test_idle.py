"""Sessions held idle against real sockets that keep, close or reset them: whose end is called what."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from factories import check, outcome
from investigate.held import Held, cased
from net import servers

from portcheck.investigate import idle
from portcheck.investigate.case import Case
from portcheck.model import Outcome, State
from portcheck.model.events import Event, Phase
from portcheck.net.timeouts import Timeouts
from portcheck.wire.ldap import SearchDone

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
LONGEST_S = 0.8


async def answering(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while await reader.read(4096):
        writer.write(SearchDone(1, 0).pack())
    writer.close()


def ending(after_s: float, *, reset: bool) -> Serve:
    """Answers, and ends a session that was quiet for so long, as a controller with its idle limit does."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await asyncio.wait_for(reader.read(4096), after_s):
                writer.write(SearchDone(1, 0).pack())
        except TimeoutError:
            if reset:
                servers.cut(writer)
        writer.close()

    return serve


@asynccontextmanager
async def host(serve: Serve) -> AsyncIterator[Case]:
    """A host on loopback whose LDAP was found to answer."""
    talks: list[asyncio.StreamWriter] = []

    async def remembered(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talks.append(writer)
        await serve(reader, writer)

    server = await asyncio.start_server(remembered, "127.0.0.1", 0)
    found = outcome(replace(check("ldap/tcp"), address="127.0.0.1", port=server.sockets[0].getsockname()[1]))

    async def ask(
        old: Outcome, _: Timeouts, __: int | None = None, ___: int | None = None, /, *, loose: bool = False
    ) -> Outcome:
        return old

    yield cased(
        host="dc1.alpha.test",
        address="127.0.0.1",
        page=Held(found),
        ask=ask,
        payload=lambda _: b"",
    )
    for writer in talks:
        writer.close()
    server.close()


async def held(case: Case, longest_s: float = LONGEST_S) -> Outcome:
    await idle.hold([case], longest_s, lambda _: None)
    (found,) = case.outcomes
    return found


async def test_what_still_answers_after_the_whole_time_was_held() -> None:
    async with host(answering) as case:
        facts = (await held(case)).facts
    assert (facts["idle_held_s"], "idle_lost_s" in facts) == (LONGEST_S, False)


async def test_a_reset_within_the_controllers_limit_is_a_loss_between_two_times() -> None:
    async with host(ending(0.3, reset=True)) as case:
        facts = (await held(case)).facts
    assert 0.1 <= facts["idle_held_s"] <= facts["idle_lost_s"]
    assert facts["idle_lost_s"] == pytest.approx(0.3, abs=0.15)
    assert facts["idle_end"] == "reset"


@pytest.mark.parametrize("reset", [True, False])
async def test_an_end_at_the_controllers_own_limit_is_not_the_firewalls(
    monkeypatch: pytest.MonkeyPatch, reset: bool
) -> None:
    monkeypatch.setattr(idle, "CONTROLLER_HANGS_UP_S", 0.02)  # the clock stands still while a machine is busy
    async with host(ending(0.3, reset=reset)) as case:
        found = await held(case, 60.0)  # the host ends them all long before, on a busy machine too
    assert "idle_lost_s" not in found.facts
    assert any("the controller's own limit" in step.detail for step in found.evidence)


async def test_a_polite_end_is_no_loss() -> None:
    async with host(ending(0.3, reset=False)) as case:
        facts = (await held(case)).facts
    assert "idle_lost_s" not in facts
    assert facts["idle_held_s"] == pytest.approx(0.2)


async def test_a_host_that_serves_nobody_any_more_did_not_forget() -> None:
    """The sessions are reset because the host goes down: a new one is not served either."""
    closing = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if closing.is_set():
            servers.cut(writer)
            return
        await ending(0.3, reset=True)(reader, writer)
        closing.set()

    async with host(serve) as case:
        found = await held(case)
    assert "idle_lost_s" not in found.facts
    assert any("not its age" in step.detail for step in found.evidence)


async def test_nothing_is_held_where_ldap_does_not_answer() -> None:
    told: list[Event] = []
    async with host(answering) as case:
        case.land(replace(case.outcomes[0], state=State.FILTERED))
        await idle.hold([case], LONGEST_S, told.append)
    assert [event for event in told if isinstance(event, Phase)] == told
    assert "389" in told[0].text


async def test_an_interruption_keeps_what_was_found() -> None:
    async with host(answering) as case:
        first, page = asyncio.Event(), case.page

        class Watched(Held):
            def land(self, outcome: Outcome) -> None:
                super().land(outcome)
                first.set()

        case.page = Watched(*page.outcomes)
        holding = asyncio.create_task(idle.hold([case], 8 * LONGEST_S, lambda _: None))
        await first.wait()
        holding.cancel()
        with pytest.raises(asyncio.CancelledError):
            await holding
        assert case.outcomes[0].facts["idle_held_s"] == pytest.approx(LONGEST_S / 2)
