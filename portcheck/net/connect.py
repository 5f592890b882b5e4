"""Making a TCP connection: second and third tries from fresh ports, paced, until the patience ends."""

from __future__ import annotations

import asyncio
import socket
import sys
from typing import Protocol

from portcheck.model import Stage, State
from portcheck.net import errors, icmp
from portcheck.net.errors import NetError
from portcheck.net.pacing import Pacer
from portcheck.net.platform import error_queue, machine, sockets, tcpinfo
from portcheck.net.stream import Stream
from portcheck.net.timeline import Timeline
from portcheck.net.timeouts import Timeouts

REPEAT_AFTER_S = 1.25  # after the kernel's first retransmission of the SYN, which comes at 1 s


class Dialling(Protocol):
    """What a connection needs of the check's network."""

    patience: Timeouts
    repeats: Pacer
    source_ip: str | None
    trail: Timeline
    segment: int | None
    nearest_ttl: int | None


async def connect(address: str, port: int, net: Dialling) -> Stream:
    """The first of up to `patience.attempts` connections that is made, or what the first refusal said.

    All tries stay open until the patience ends: a dead host behind the last router shows only after 3 s.
    """
    patience, trail = net.patience, net.trail
    trail.stage = Stage.CONNECT
    loop = asyncio.get_running_loop()
    deadline = loop.time() + patience.connect_s
    tries: set[asyncio.Task[socket.socket]] = set()
    try:
        for number in range(patience.attempts):
            if number:
                await net.repeats.turn()
                trail.note("sent", f"connection attempt {number + 1}, from a fresh port")
            tries.add(asyncio.create_task(_try(address, port, net)))
            last = number + 1 == patience.attempts
            until = deadline if last else min(deadline, loop.time() + REPEAT_AFTER_S)
            sock = await _first(tries, until - loop.time())
            if sock is not None:
                if number:
                    trail.facts["answered_on_attempt"] = number + 1
                return Stream(sock, address, trail, patience.answer_s)
            if loop.time() >= deadline:
                break
    finally:
        await _abandon(tries)
    trail.note("timeout", f"no answer to {trail.attempts} connection attempts")
    reason = f"no answer to {trail.attempts} connection attempts in {patience.connect_s:.1f} s"
    raise NetError(State.FILTERED, reason, Stage.CONNECT)


async def _first(tries: set[asyncio.Task[socket.socket]], wait_s: float) -> socket.socket | None:
    """The first try that connected (removed from `tries`); raises what a try ended in; None if all still wait."""
    done, _ = await asyncio.wait(tries, timeout=max(0.0, wait_s), return_when=asyncio.FIRST_COMPLETED)
    for task in done:
        if task.exception() is None:
            tries.discard(task)
            return task.result()
    for task in done:
        tries.discard(task)
        task.result()
    return None


async def _try(address: str, port: int, net: Dialling) -> socket.socket:
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
    except OSError as error:
        fault = _fault(error, sock, address)
        sock.close()
        if fault.state not in (State.FILTERED, State.ERROR):
            trail.answers += 1
            trail.latency_ms = round(trail.elapsed_ms() - began, 2)
        trail.note(fault.state, fault.reason)
        raise fault from None
    except BaseException:
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
    _connected(sock, trail, began)
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
    if seen is None and sys.platform == "win32" and errors.number(error) in errors.UNREACHABLE:
        # Asked for, ICMP errors look like a missing route; where they are not told, the route itself is asked.
        if machine.source_address(address) is not None:
            return errors.unreachable_by_another()
    return errors.while_connecting(error, seen, address, sockets.own_address(sock))


def _connected(sock: socket.socket, trail: Timeline, began: float) -> None:
    trail.answers += 1
    trail.latency_ms = round(trail.elapsed_ms() - began, 2)
    local = sock.getsockname()
    trail.facts["local_address"], trail.facts["local_port"] = local[0], local[1]
    if (resent := tcpinfo.read(sock).get("retransmits")) and isinstance(resent, int):
        trail.facts["syn_resent"] = resent
    trail.note("connected", f"from {local[0]} port {local[1]}")


async def _abandon(tries: set[asyncio.Task[socket.socket]]) -> None:
    for task in tries:
        task.cancel()
    for ended in await asyncio.gather(*tries, return_exceptions=True):
        if isinstance(ended, socket.socket):
            ended.close()
