"""UDP: several tries from fresh ports within the patience, ICMP errors attributed, answers matched."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
from collections.abc import Callable
from dataclasses import field, replace
from math import inf
from typing import Generic, TypeVar

from portcheck.frozen import dataclass
from portcheck.model import Facts, Stage, State
from portcheck.net.errors import PORT_PAUSES_S, NetError
from portcheck.net.pacing import NOTICED_S, Delay, Pacer, patiently
from portcheck.net.pulse import LISTENED_S, Pulse
from portcheck.net.timeline import Timeline
from portcheck.net.timeouts import Timeouts

if sys.platform == "win32":
    from portcheck.net.platform.udp_threads import ThreadedPort as DatagramPort
else:
    from portcheck.net.platform.udp_selector import DatagramPort

T = TypeVar("T")
SOON_AGAIN_S = 0.15  # between all datagrams, where answers come at once
GLANCE_S = 0.15  # so often it is looked whether others have; there are fewer datagrams to wait for than connections
AGAIN_AFTER_S = 0.65  # the same datagram from the same port
LATER_BY = 1.5  # the answer to a repeat may take so many times as long as the first one took
QUEUED_BY = 3.0  # on a line that may be filling up with what this run sends: nobody else has told of it yet
LONGEST_WAIT_S = 4.0
LONGEST_QUEUE_S = 8.0  # of packets that wait for a narrow line
MOST_FOREIGN, MOST_NOTED = 256, 8  # datagrams that are no answer: heard out, and told one by one
FRESH_AFTER_S = 1.25  # a fresh port: one of 16,000 is ignored by every KDC, and firewalls forget single flows
SILENCE = NetError(State.FILTERED, "nothing more is waited for")


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
    pulse: Pulse
    loose: bool = False
    from_port: int = 0
    inbox: asyncio.Queue[bytes | NetError] = field(default_factory=asyncio.Queue)
    ports: list[DatagramPort] = field(default_factory=list)
    sends_ms: list[float] = field(default_factory=list)  # of this question; the trail counts those of all
    heard_ms: float = 0.0  # the latest answer
    sent_at: float | None = None  # by the loop's clock: the first datagram

    async def send(self, request: Callable[[int], bytes], patience: Timeouts, repeats: Pacer) -> None:
        """All tries, one after the other; ends early when this machine cannot send."""
        try:
            for number in range(patience.attempts):
                if number:
                    await repeats.turn()
                await self._send_twice(request(number), repeats)
            await self._listened(repeats.delay)
            self.inbox.put_nowait(SILENCE)
        except NetError as fault:
            self.inbox.put_nowait(fault)

    async def _send_twice(self, datagram: bytes, repeats: Pacer) -> None:
        port = self.ports[0] if self.ports and self.from_port else await self._open()
        if port not in self.ports:
            self.ports.append(port)
        self.trail.facts["local_address"], self.trail.facts["local_port"] = port.local
        for pause in (AGAIN_AFTER_S, FRESH_AFTER_S - AGAIN_AFTER_S):
            self.trail.attempts += 1
            self.sent_at = self.sent_at or asyncio.get_running_loop().time()
            self.sends_ms.append(self.trail.elapsed_ms())
            self.trail.note("sent", f"request, {len(datagram)} bytes, from port {port.local[1]}")
            port.send(datagram)
            await self._pause(pause, repeats.delay)
            await self._no_sooner_than(repeats.delay)

    def _soon(self, delay: Delay) -> bool:
        return self.pulse.quick and not delay.seconds

    async def _pause(self, usual_s: float, delay: Delay) -> None:
        await self._until(lambda: SOON_AGAIN_S if self._soon(delay) else usual_s)

    async def _until(self, after_s: Callable[[], float]) -> None:
        """Until so long after the last datagram; that may change meanwhile."""
        loop = asyncio.get_running_loop()
        sent = loop.time()
        while (left := sent + after_s() - loop.time()) > 0:  # noqa: ASYNC110 - whose answers count is not known here
            await asyncio.sleep(min(left, GLANCE_S))

    async def _listened(self, delay: Delay) -> None:
        """Returns only where the other services of the host's program answer at once."""
        await self._until(lambda: LISTENED_S - SOON_AGAIN_S if self._soon(delay) else inf)

    async def _open(self) -> DatagramPort:
        """Where this machine has no local port left, another go a little later; a later try takes the last one's."""
        for pause_s in PORT_PAUSES_S:
            try:
                return self._from_here()
            except NetError as fault:
                if not fault.facts.get("local_ports_exhausted"):
                    raise
                if self.ports:
                    return self.ports[-1]
            await asyncio.sleep(pause_s)
        return self._from_here()

    def _from_here(self) -> DatagramPort:
        return DatagramPort(
            self.address, self.port, self.source_ip, self.inbox, loose=self.loose, from_port=self.from_port
        )

    async def _no_sooner_than(self, delay: Delay) -> None:
        """Where answers take long, another question only adds to the queue."""
        left_ms = self.sends_ms[-1] + delay.more_s * 1000 - self.trail.elapsed_ms()
        await asyncio.sleep(max(0.0, left_ms / 1000))

    def round_trip_ms(self, first_ms: float) -> float:
        """Where all were answered, the first answer is the first one's; else the last answer is the last one's."""
        lossless = "resent" not in self.trail.facts
        took = first_ms - self.sends_ms[0] if lossless else self.heard_ms - self.sends_ms[-1]
        return round(max(took, 0.0), 2)

    def close(self) -> None:
        others = [port.other_sender for port in self.ports if port.other_sender]
        if others:
            sender, its_port = others[0]
            told: Facts = {"answered_from_port": its_port} if sender == self.address else {"answered_from": sender}
            self.trail.facts |= told
        heard = [port.local for port in self.ports if port.heard]
        if heard:
            self.trail.facts["local_address"], self.trail.facts["local_port"] = heard[0]
        for port in self.ports:
            (self.trail.tried if port.heard else self.trail.unanswered)(port.local[1])
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
    pulse: Pulse,
    *,
    loose: bool = False,
    from_port: int = 0,
) -> Datagram[T]:
    """The first datagram that `accept` takes; NetError for silence, refusal, or nothing but foreign datagrams.

    `from_port`: all tries leave from this local port; 0: each from one of its own.
    """
    trail.stage = Stage.REQUEST
    asking = _Asking(address, port, source_ip, trail, pulse, loose, from_port)
    sender = asyncio.create_task(asking.send(request, patience, repeats))
    foreign: list[str] = []
    loop = asyncio.get_running_loop()

    def limit() -> float:
        """The patience begins with the first datagram: what waits for a local port says nothing of the other side."""
        return (asking.sent_at or loop.time()) + patience.connect_s + repeats.delay.more_s

    try:
        answer = await patiently(_accepted(asking, accept, foreign), limit)
    except TimeoutError:
        if foreign:
            reason = f"answered, but not in this protocol: {foreign[0]}"
            raise NetError(State.MISMATCH, reason, Stage.ANSWER) from None
        trail.note("timeout", f"no answer to {trail.attempts} requests from {len(asking.ports)} ports")
        waited_s = min(patience.connect_s, loop.time() - (asking.sent_at or loop.time()))
        reason = f"no answer to {trail.attempts} requests in {waited_s:.1f} s"
        raise NetError(State.FILTERED, reason, Stage.REQUEST) from None
    else:
        sender.cancel()  # nothing more is sent, or its answer would pass for a late one
        first_ms = asking.heard_ms
        await _count_lost(asking, repeats.delay)
        trail.latency_ms = asking.round_trip_ms(first_ms)
        repeats.delay.heard(trail.latency_ms / 1000)
        pulse.heard(trail.latency_ms / 1000, repeated=len(asking.sends_ms) > 1)
        return replace(answer, latency_ms=trail.latency_ms)
    finally:
        sender.cancel()
        await asyncio.gather(sender, return_exceptions=True)
        asking.close()


async def _accepted(asking: _Asking, accept: Callable[[bytes], T], foreign: list[str]) -> Datagram[T]:
    trail = asking.trail
    while True:
        got = await asking.inbox.get()
        if got is SILENCE:
            raise TimeoutError
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
        asking.heard_ms = trail.elapsed_ms()
        trail.latency_ms = round(asking.heard_ms - asking.sends_ms[0], 2)
        trail.stage = Stage.ANSWER
        trail.note("received", f"answer, {len(got)} bytes")
        trail.answered_at = time.time()
        return Datagram(value, len(got), trail.latency_ms)


async def _count_lost(asking: _Asking, delay: Delay) -> None:
    """After a repeat: a slow server or a long path answers that one too, a lossy path does not. Tells them apart.

    Outside the patience: an answer that came in its last moment is an answer. The wait is as long as the answer to the
    last datagram may take, if the first answer was to the first one; longer where other answers take longer, since
    what this run sends meanwhile may fill a narrow line.
    """
    loop, trail, expected, late = asyncio.get_running_loop(), asking.trail, len(asking.sends_ms) - 1, 0
    took_ms, last_ms = asking.heard_ms - asking.sends_ms[0], asking.sends_ms[-1]
    later_by = QUEUED_BY if took_ms >= NOTICED_S * 1000 else LATER_BY
    usual_ms = max(
        asking.heard_ms + AGAIN_AFTER_S * 1000,
        min(last_ms + later_by * took_ms, asking.heard_ms + LONGEST_WAIT_S * 1000),
    )
    began = loop.time() - trail.elapsed_ms() / 1000

    def limit() -> float:
        return began + max(usual_ms, last_ms + min(delay.more_s, LONGEST_QUEUE_S) * 1000) / 1000

    with contextlib.suppress(TimeoutError):
        while late < expected:
            if isinstance(await patiently(asking.inbox.get(), limit), bytes):
                late += 1
                asking.heard_ms = trail.elapsed_ms()
    trail.answers += late
    if late < expected:
        trail.facts["resent"] = expected - late
