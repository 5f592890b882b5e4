"""Making a TCP connection: second and third tries from fresh ports, paced, until the patience ends."""

from __future__ import annotations

import asyncio
import errno
import socket
import sys
from collections.abc import Callable
from typing import Protocol

from portcheck.model import Stage, State
from portcheck.net import errors, icmp
from portcheck.net.errors import NetError
from portcheck.net.pacing import Pacer
from portcheck.net.platform import error_queue, machine, sockets, tcpinfo
from portcheck.net.pulse import GLANCE_S, LISTENED_S, SOON_S, Pulse
from portcheck.net.stream import Stream
from portcheck.net.timeline import Timeline
from portcheck.net.timeouts import Timeouts

LOST_SYN_MS = 500.0  # half of the second after which the kernel repeats one
PORT_PAUSES_S = (0.25, 0.5, 1.0)
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
    ports of the host answer at once, the tries follow sooner upon each other, and their end upon the last.
    """
    patience, trail, delay = net.patience, net.trail, net.repeats.delay
    trail.stage = Stage.CONNECT
    loop = asyncio.get_running_loop()
    began = sent = loop.time()
    number, tries = 0, dict[asyncio.Task[socket.socket], int]()

    def until() -> float:
        """The next try, or the end of the patience."""
        whole, soon = began + patience.connect_s + delay.more_s, net.tcp_pulse.quick and not delay.seconds
        if number < patience.attempts:
            return min(whole, sent + (SOON_S if soon else max(REPEAT_AFTER_S, delay.more_s)))
        return min(whole, sent + LISTENED_S) if soon else whole

    try:
        for number in range(1, patience.attempts + 1):
            if number > 1:
                await net.repeats.turn()
                trail.note("sent", f"connection attempt {number}, from a fresh port")
            tries[asyncio.create_task(_try(address, port, net))] = number
            sent = loop.time()
            connected = await _first(tries, until)
            if connected is not None:
                sock, which = connected
                if which > 1:
                    trail.facts["answered_on_attempt"] = which
                return Stream(sock, address, trail, patience.answer_s, delay)
            if loop.time() >= began + patience.connect_s + delay.more_s:
                break
    finally:
        await _abandon(tries)
    trail.note("timeout", f"no answer to {trail.attempts} connection attempts")
    waited_s = min(patience.connect_s, loop.time() - began)
    reason = f"no answer to {trail.attempts} connection attempts in {waited_s:.1f} s"
    raise NetError(State.FILTERED, reason, Stage.CONNECT)


async def _first(
    tries: dict[asyncio.Task[socket.socket], int], until: Callable[[], float]
) -> tuple[socket.socket, int] | None:
    """The first try that connected (removed from `tries`); raises what a try ended in; None if all still wait."""
    done: set[asyncio.Task[socket.socket]] = set()
    while not done and (left := until() - asyncio.get_running_loop().time()) > 0:
        done, _ = await asyncio.wait(tries, timeout=min(left, GLANCE_S), return_when=asyncio.FIRST_COMPLETED)
    for task in sorted(done, key=lambda task: tries[task]):
        if task.exception() is None:
            return task.result(), tries.pop(task)
    for task in done:
        del tries[task]
        task.result()
    return None


async def _try(address: str, port: int, net: Dialling) -> socket.socket:
    """One connection; where this machine has no local port left, or a shunned one, another go a little later."""
    for pause_s in PORT_PAUSES_S:
        try:
            return await _once(address, port, net)
        except sockets.ShunnedPortError:
            continue
        except NetError as fault:
            if not fault.facts.get("local_ports_exhausted"):
                raise
        net.trail.note("waiting", f"no free local port; again in {pause_s} s")
        await asyncio.sleep(pause_s)
    return await _once(address, port, net)


async def _once(address: str, port: int, net: Dialling) -> socket.socket:
    trail = net.trail
    try:
        sock = sockets.make(address, socket.SOCK_STREAM, net.source_ip)
    except OSError as error:
        raise errors.local(error) from None
    _prepare(sock, net.segment)
    began = trail.elapsed_ms()
    trail.attempts += 1
    try:
        await sockets.connect(sock, address, port)
    except sockets.ShunnedPortError:
        sock.close()
        raise
    except OSError as error:
        fault = _fault(error, sock, address)
        if fault.state is State.FILTERED:
            trail.unanswered(sockets.own_port(sock))
        sock.close()
        if fault.state not in (State.FILTERED, State.ERROR):
            trail.answers += 1
            trail.latency_ms = round(trail.elapsed_ms() - began, 2)
        trail.note(fault.state, fault.reason)
        raise fault from None
    except BaseException:
        trail.unanswered(sockets.own_port(sock))
        sock.close()
        raise
    error_queue.ask_no_more(sock)
    if net.segment is not None and not sockets.clamped(sock, net.segment):
        sock.close()
        raise _not_clamped()
    if net.nearest_ttl is not None:
        try:
            sockets.hear_only_near(sock, net.nearest_ttl)
        except OSError as error:
            sock.close()
            raise errors.local(error) from None
        if sockets.ended(sock):
            sock.close()
            raise NetError(State.ERROR, "cut before the question, from wherever", facts={"local_fault": True})
    _connected(sock, trail, began, net)
    return sock


def _prepare(sock: socket.socket, segment: int | None) -> None:
    """What has to be asked for before the first packet."""
    error_queue.ask_before_connecting(sock)
    if segment is not None:
        try:
            sockets.clamp(sock, segment)
        except OSError:
            sock.close()
            raise _not_clamped() from None


def _not_clamped() -> NetError:
    return NetError(State.ERROR, "this machine cannot limit the size of its TCP segments", facts={"local_fault": True})


def _fault(error: OSError, sock: socket.socket, address: str) -> NetError:
    seen = icmp.first_terminal(error_queue.drain(sock))
    if seen is None and errors.number(error) == errno.EADDRNOTAVAIL and _has_source(address):
        return errors.no_port_left()
    if seen is None and sys.platform == "win32" and errors.number(error) in errors.UNREACHABLE:
        # Asked for, ICMP errors look like a missing route; where they are not told, the route itself is asked.
        if machine.source_address(address) is not None:
            return errors.unreachable_by_another()
    return errors.while_connecting(error, seen, address, sockets.own_address(sock))


def _has_source(address: str) -> bool:
    """Without an address of its own in the family a machine cannot ask either; IPv4 then has no route at all."""
    return ":" not in address or machine.source_address(address) is not None


def _connected(sock: socket.socket, trail: Timeline, began: float, net: Dialling) -> None:
    trail.answers += 1
    took_ms = trail.elapsed_ms() - began
    seen = tcpinfo.read(sock)
    trail.latency_ms = round(took_ms, 2)
    local = sock.getsockname()
    trail.facts["local_address"], trail.facts["local_port"] = local[0], local[1]
    round_trip, resent = seen.get("rtt_ms"), seen.get("retransmits")
    known = isinstance(round_trip, float) and round_trip > 0
    net.repeats.delay.heard((round_trip if isinstance(round_trip, float) and known else took_ms) / 1000)
    lost = isinstance(resent, int) and resent > 0 and not _was_only_late(took_ms, round_trip if known else None)
    if lost:
        trail.facts["syn_resent"] = resent
    net.tcp_pulse.heard(took_ms / 1000, repeated=lost or trail.attempts > 1)
    trail.note("connected", f"from {local[0]} port {local[1]}")


def _was_only_late(took_ms: float, round_trip_ms: object) -> bool:
    """The kernel sends a SYN again after a second. By its timestamp (RFC 7323) it knows which one was answered."""
    return isinstance(round_trip_ms, float) and took_ms - round_trip_ms < LOST_SYN_MS


async def _abandon(tries: dict[asyncio.Task[socket.socket], int]) -> None:
    for task in tries:
        task.cancel()
    for ended in await asyncio.gather(*tries, return_exceptions=True):
        if isinstance(ended, socket.socket):
            ended.close()
