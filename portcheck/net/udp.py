"""UDP: several tries from fresh ports within the patience, ICMP errors attributed, answers matched."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from portcheck.model import Stage, State
from portcheck.net.errors import NetError
from portcheck.net.pacing import Pacer
from portcheck.net.timeline import Timeline
from portcheck.net.timeouts import Timeouts

if sys.platform == "win32":
    from portcheck.net.platform.udp_threads import ThreadedPort as DatagramPort
else:
    from portcheck.net.platform.udp_selector import DatagramPort

T = TypeVar("T")
AGAIN_AFTER_S = 0.65  # the same datagram from the same port
MOST_FOREIGN, MOST_NOTED = 256, 8  # datagrams that are no answer: heard out, and told one by one
FRESH_AFTER_S = 1.25  # a fresh port: one of 16,000 is ignored by every KDC, and firewalls forget single flows


@dataclass(frozen=True, slots=True)
class Datagram(Generic[T]):
    """A datagram that was accepted, parsed."""

    value: T
    size: int
    latency_ms: float


@dataclass(slots=True)
class _Asking:
    """The sockets of one check and what came in on them."""

    address: str
    port: int
    source_ip: str | None
    trail: Timeline
    inbox: asyncio.Queue[bytes | NetError] = field(default_factory=asyncio.Queue)
    ports: list[DatagramPort] = field(default_factory=list)
    sent: int = 0  # datagrams of this question; the trail counts those of all
    sent_ms: float = 0.0

    async def send(self, request: Callable[[int], bytes], patience: Timeouts, repeats: Pacer) -> None:
        """All tries, one after the other; ends early when this machine cannot send."""
        try:
            for number in range(patience.attempts):
                if number:
                    await repeats.turn()
                await self._send_twice(request(number))
        except NetError as fault:
            self.inbox.put_nowait(fault)

    async def _send_twice(self, datagram: bytes) -> None:
        port = DatagramPort(self.address, self.port, self.source_ip, self.inbox)
        self.ports.append(port)
        self.trail.facts["local_address"], self.trail.facts["local_port"] = port.local
        for pause in (AGAIN_AFTER_S, FRESH_AFTER_S - AGAIN_AFTER_S):
            self.sent += 1
            self.trail.attempts += 1
            self.sent_ms = self.trail.elapsed_ms()
            self.trail.note("sent", f"request, {len(datagram)} bytes, from port {port.local[1]}")
            port.send(datagram)
            await asyncio.sleep(pause)

    def close(self) -> None:
        for port in self.ports:
            if port.reply_ttl is not None:
                self.trail.facts["reply_ttl"] = port.reply_ttl
            port.close()


async def ask(
    address: str,
    port: int,
    request: Callable[[int], bytes],
    accept: Callable[[bytes], T],
    patience: Timeouts,
    repeats: Pacer,
    trail: Timeline,
    source_ip: str | None,
) -> Datagram[T]:
    """The first datagram that `accept` takes; NetError for silence, refusal, or nothing but foreign datagrams."""
    trail.stage = Stage.REQUEST
    asking = _Asking(address, port, source_ip, trail)
    sender = asyncio.create_task(asking.send(request, patience, repeats))
    foreign: list[str] = []
    try:
        async with asyncio.timeout(patience.connect_s):
            answer = await _accepted(asking, accept, foreign)
    except TimeoutError:
        if foreign:
            reason = f"answered, but not in this protocol: {foreign[0]}"
            raise NetError(State.MISMATCH, reason, Stage.ANSWER) from None
        trail.facts["source_ports"] = len(asking.ports)
        trail.note("timeout", f"no answer to {trail.attempts} requests from {len(asking.ports)} ports")
        reason = f"no answer to {trail.attempts} requests in {patience.connect_s:.1f} s"
        raise NetError(State.FILTERED, reason, Stage.REQUEST) from None
    else:
        sender.cancel()  # nothing more is sent, or its answer would pass for a late one
        await _count_lost(asking)
        return answer
    finally:
        sender.cancel()
        await asyncio.gather(sender, return_exceptions=True)
        asking.close()


async def _accepted(asking: _Asking, accept: Callable[[bytes], T], foreign: list[str]) -> Datagram[T]:
    trail = asking.trail
    while True:
        got = await asking.inbox.get()
        if isinstance(got, NetError):
            if got.state not in (State.ERROR, State.FILTERED):
                trail.answers += 1
            trail.note(got.state, got.reason)
            raise got
        trail.answers += 1
        trail.head = got[:64]
        try:
            value = accept(got)
        except ValueError as error:  # the codec's WireError: a foreign or damaged datagram
            foreign.append(str(error))
            if len(foreign) <= MOST_NOTED:
                trail.note("foreign", f"{len(got)} bytes: {error}")
            if len(foreign) >= MOST_FOREIGN:
                raise TimeoutError from None
            continue
        trail.latency_ms = round(trail.elapsed_ms() - asking.sent_ms, 2)
        trail.stage = Stage.ANSWER
        trail.note("received", f"answer, {len(got)} bytes")
        trail.answered_at = time.time()
        return Datagram(value, len(got), trail.latency_ms)


async def _count_lost(asking: _Asking) -> None:
    """After a repeat: a slow server answers that one too, a lossy path does not. Tells the two apart.

    Outside the patience: an answer that came in its last moment is an answer.
    """
    expected, late = asking.sent - 1, 0
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(AGAIN_AFTER_S if expected else 0):
            while late < expected:
                if isinstance(await asking.inbox.get(), bytes):
                    late += 1
    asking.trail.answers += late
    if late < expected:
        asking.trail.facts["resent"] = expected - late
