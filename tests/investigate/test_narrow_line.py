"""What this run brings fills a narrow line: it is not asked all at once, and what waits behind it is no ban."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from factories import outcome
from investigate.held import Held, cased

from portcheck.investigate import ban, mtu, source_ports
from portcheck.model import Outcome, State
from portcheck.net.timeouts import Timeouts

MUTE = [outcome(name, State.MUTE, latency_ms=60.0) for name in ("ldaps/tcp", "gc-tls/tcp")]
SLOWEST_MS = {"narrow": 5000.0, "quick": 80.0}


def host(way: str, *more: Outcome) -> Held:
    """Its fastest answer and its slowest."""
    seen = replace(outcome("dns/tcp"), latency_ms=60.0), replace(outcome("smb/tcp"), latency_ms=SLOWEST_MS[way])
    return Held(*seen, *more)


class Line:
    """Answers behind all that waits; what was asked at once."""

    def __init__(self, queue_s: float = 0.0) -> None:
        self.queue_s, self.under_way, self.most = queue_s, 0, 0

    async def ask(
        self, old: Outcome, patience: Timeouts, _: int | None = None, __: int | None = None, /, *, loose: bool = False
    ) -> Outcome:
        assert not loose
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        await asyncio.sleep(0)
        self.under_way -= 1
        return outcome(old.check, State.OK if patience.connect_s > self.queue_s else State.FILTERED)


@pytest.mark.parametrize(("way", "at_once"), [("narrow", False), ("quick", True)])
async def test_sizes_are_tried_one_after_the_other_on_a_narrow_line(way: str, at_once: bool) -> None:
    line = Line()
    case = cased("dc1.alpha.test", "10.77.1.1", host(way, *MUTE), line.ask, payload=lambda _: b"")
    await mtu.clamp(case)
    assert (line.most > 1) is at_once
    assert {o.state for o in case.outcomes} == {State.OK}


@pytest.mark.parametrize(("way", "banned"), [("narrow", False), ("quick", True)])
async def test_a_witness_behind_what_this_run_brought_is_waited_for(
    monkeypatch: pytest.MonkeyPatch, way: str, banned: bool
) -> None:
    async def from_no_port(*_: object) -> bool:
        return False

    monkeypatch.setattr(source_ports, "heard", from_no_port)
    case = cased("dc1.alpha.test", "10.77.1.1", host(way, *MUTE), Line(queue_s=9.0).ask, payload=lambda _: b"")
    assert await ban.turned_silent(case) is banned


def test_where_all_is_equally_far_nothing_queues() -> None:
    far = Held(*(replace(outcome(name), latency_ms=1200.0) for name in ("dns/tcp", "smb/tcp")))
    assert not cased("dc1.alpha.test", "10.77.1.1", far, Line().ask, payload=lambda _: b"").queue_s
    nothing = Held(replace(outcome("dns/tcp", State.FILTERED), latency_ms=None))
    assert not cased("dc1.alpha.test", "10.77.1.1", nothing, Line().ask, payload=lambda _: b"").queue_s
