"""Making a TCP connection: second and third tries from fresh ports, paced, until the patience ends."""

from __future__ import annotations

import asyncio
import socket
from math import inf
from typing import Protocol

from portcheck.model import Stage, State
from portcheck.net import errors
from portcheck.net.errors import NetError
from portcheck.net.pacing import Pacer
from portcheck.net.platform import error_queue, sockets, tcpinfo
from portcheck.net.pulse import LISTENED_S, QUICK_S, REPEATED_BY_KERNEL_S, SOON_S, Pulse
from portcheck.net.stream import Stream
from portcheck.net.timeline import Timeline
from portcheck.net.timeouts import Timeouts
from portcheck.net.tries import Tries, Try, not_clamped

LOST_SYN_MS = 500.0  # half of the second after which the kernel repeats one
ENOUGH = 2  # tries that make a silence, where more were wanted and no local port was left for them
REPEAT_AFTER_S = 1.25  # after the kernel's first retransmission of the SYN, which comes at 1 s


class Dialling(Protocol):
    """What a connection needs of the check's network."""

    patience: Timeouts
    repeats: Pacer
    source_ip: str | None
    trail: Timeline
    segment: int | None
    nearest_ttl: int | None
    tcp_pulse: Pulse


async def connect(address: str, port: int, net: Dialling) -> Stream:
    """The first of up to `patience.attempts` connections that is made, or what the first refusal said.

    All tries stay open until the patience ends: a dead host behind the last router shows only after 3 s. Where other
    ports of the host answer at once, the tries follow sooner upon each other, and their end upon the last and upon the
    kernel's repetition of the first. The patience begins with the first that is sent: what waits for a local port of
    this machine says nothing of the other.
    """
    patience, trail, delay = net.patience, net.trail, net.repeats.delay
    trail.stage = Stage.CONNECT
    loop = asyncio.get_running_loop()
    number, begun, tries = 0, 0.0, Tries(address, port, net)

    def until() -> float:
        """The next try, or the end of the patience."""
        if not tries.sent_at:
            return inf  # it gives up by itself
        began, sent = tries.sent_at[0], max(begun, tries.sent_at[-1])
        whole, soon = began + patience.connect_s + delay.more_s, net.tcp_pulse.quick and not delay.seconds
        if number < patience.attempts:
            return min(whole, sent + (SOON_S if soon else max(REPEAT_AFTER_S, delay.more_s)))
        if not soon:
            return whole
        return min(whole, max(sent + LISTENED_S, began + REPEATED_BY_KERNEL_S + QUICK_S))

    try:
        for number in range(1, patience.attempts + 1):
            if number > 1:
                await net.repeats.turn()
                trail.note("sent", f"connection attempt {number}, from a fresh port")
            begun = loop.time()
            tries.begin()
            connected = await tries.first(until)
            if connected is not None:
                if connected.number > 1:
                    trail.facts["answered_on_attempt"] = connected.number
                return Stream(_made(connected, address, net), address, trail, patience.answer_s, delay)
            if loop.time() >= tries.sent_at[0] + patience.connect_s + delay.more_s:
                break
    finally:
        tries.drop()
    if len(tries.sent_at) < min(ENOUGH, number):
        raise errors.no_port_left()
    trail.note("timeout", f"no answer to {trail.attempts} connection attempts")
    waited_s = min(patience.connect_s, loop.time() - tries.sent_at[0])
    reason = f"no answer to {trail.attempts} connection attempts in {waited_s:.1f} s"
    raise NetError(State.FILTERED, reason, Stage.CONNECT)


def _made(connected: Try, address: str, net: Dialling) -> socket.socket:
    sock = connected.sock
    assert sock is not None
    error_queue.ask_no_more(sock, address)
    if net.segment is not None and not sockets.clamped(sock, net.segment):
        sock.close()
        raise not_clamped()
    if net.nearest_ttl is not None:
        try:
            sockets.hear_only_near(sock, net.nearest_ttl)
        except OSError as error:
            sock.close()
            raise errors.local(error) from None
        if sockets.ended(sock):
            sock.close()
            raise NetError(State.ERROR, "cut before the question, from wherever", facts={"local_fault": True})
    _connected(sock, net.trail, connected.began_ms, net)
    return sock


def _connected(sock: socket.socket, trail: Timeline, began: float, net: Dialling) -> None:
    trail.answers += 1
    took_ms = trail.elapsed_ms() - began
    seen = tcpinfo.read(sock)
    trail.latency_ms = round(took_ms, 2)
    local = sock.getsockname()
    trail.facts["local_address"], trail.facts["local_port"] = local[0], local[1]
    trail.tried(local[1])
    round_trip, resent = seen.get("rtt_ms"), seen.get("retransmits")
    known = isinstance(round_trip, float) and round_trip > 0
    way_ms = round_trip if isinstance(round_trip, float) and known else took_ms  # ours holds our own lateness
    net.repeats.delay.heard(way_ms / 1000)
    lost = isinstance(resent, int) and resent > 0 and not _was_only_late(took_ms, round_trip if known else None)
    if lost:
        trail.facts["syn_resent"] = resent
    net.tcp_pulse.heard(way_ms / 1000, repeated=lost or trail.attempts > 1)
    trail.note("connected", f"from {local[0]} port {local[1]}")


def _was_only_late(took_ms: float, round_trip_ms: object) -> bool:
    """The kernel sends a SYN again after a second. By its timestamp (RFC 7323) it knows which one was answered."""
    return isinstance(round_trip_ms, float) and took_ms - round_trip_ms < LOST_SYN_MS
