"""The connections of one check that are under way at once: begun without waiting, told of by the first that ends."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
import sys
from collections.abc import Callable
from functools import partial
from typing import Protocol

from portcheck.frozen import dataclass
from portcheck.model import State
from portcheck.net import errors, icmp
from portcheck.net.alarms import Alarm, after
from portcheck.net.errors import NetError
from portcheck.net.platform import error_queue, machine, sockets
from portcheck.net.pulse import GLANCE_S
from portcheck.net.timeline import Timeline

MOST_SHUNNED = 4  # local ports in a row that controllers ignore


class Dialled(Protocol):
    """What a try needs of the check's network."""

    source_ip: str | None
    trail: Timeline
    segment: int | None


@dataclass(slots=True, eq=False)
class Try:
    """One connection from a port of its own."""

    number: int = 0  # of those that were sent, from 1 on; 0: not yet
    sock: socket.socket | None = None
    connecting: sockets.Connecting | None = None
    began_ms: float = 0.0
    pauses: int = 0  # for want of a local port
    again: asyncio.TimerHandle | None = None

    def drop(self) -> None:
        if self.again is not None:
            self.again.cancel()
        if self.connecting is not None:
            self.connecting.forget()
            self.connecting = None
        if self.sock is not None:
            self.sock.close()
            self.sock = None


class Tries:
    """All tries of one check; they stay open until one of them ends or all are dropped.

    A try that waits for a local port was not sent: `sent_at` are the times, by the loop's clock, of those that were.
    """

    __slots__ = ("_address", "_ended", "_net", "_port", "_under_way", "_woken", "sent_at")

    def __init__(self, address: str, port: int, net: Dialled) -> None:
        self._address, self._port, self._net = address, port, net
        self.sent_at: list[float] = []
        self._under_way: list[Try] = []
        self._ended: list[tuple[Try, NetError | None]] = []
        self._woken: asyncio.Future[None] | None = None

    def begin(self) -> None:
        """Send the first packet of one more try."""
        one = Try()
        self._under_way.append(one)
        self._dial(one)

    async def first(self, until: Callable[[], float]) -> Try | None:
        """The first try that connected, of which nobody else takes care then; None if all still wait at the end.

        `until` is asked again and again, for it may come nearer. Raises the NetError that a try ended in.
        """
        loop = asyncio.get_running_loop()
        left_s = until() - loop.time()
        if not self._ended and left_s > 0:
            woken: asyncio.Future[None] = loop.create_future()
            self._woken = woken

            timer: Alarm | asyncio.TimerHandle

            def again(left: float) -> Alarm | asyncio.TimerHandle:
                return after(GLANCE_S, glance) if left >= GLANCE_S else loop.call_later(left, glance)

            def glance() -> None:
                nonlocal timer
                left = until() - loop.time()
                if left <= 0:
                    self._wake()
                else:
                    timer = again(left)

            timer = again(left_s)
            try:
                await woken
            finally:
                timer.cancel()
                self._woken = None
        if not self._ended:
            self._ask_the_kernel()
        return self._winner()

    def drop(self) -> None:
        """Those that still wait had no answer."""
        for one in self._under_way:
            if one.sock is not None:
                self._net.trail.unanswered(sockets.own_port(one.sock))
            one.drop()
        for one, _ in self._ended:
            one.drop()
        self._under_way.clear()
        self._ended.clear()

    def _ask_the_kernel(self) -> None:
        """It may have been told what this loop has not seen yet."""
        for one in tuple(self._under_way):
            if one.connecting is not None:
                one.connecting.look()

    def _winner(self) -> Try | None:
        for ended in sorted(self._ended, key=lambda row: row[0].number):
            if ended[1] is None:
                self._ended.remove(ended)
                return ended[0]
        for _, fault in self._ended:
            if fault is not None:
                raise fault
        return None

    def _wake(self) -> None:
        if self._woken is not None and not self._woken.done():
            self._woken.set_result(None)

    def _dial(self, one: Try) -> None:
        one.again = None
        for _ in range(MOST_SHUNNED):
            with contextlib.suppress(sockets.ShunnedPortError):
                self._send(one)
                return
            one.drop()
        self._end(one, errors.no_port_left())

    def _send(self, one: Try) -> None:
        net, trail = self._net, self._net.trail
        try:
            one.sock = sockets.make(self._address, socket.SOCK_STREAM, net.source_ip)
        except OSError as error:
            self._end(one, errors.local(error))
            return
        try:
            _prepare(one.sock, self._address, net.segment)
        except NetError as fault:
            self._end(one, fault)
            return
        one.began_ms = trail.elapsed_ms()
        try:
            one.connecting = sockets.Connecting(one.sock, self._address, self._port, partial(self._told, one))
        except sockets.ShunnedPortError:
            raise
        except OSError as error:
            self._told(one, error)
            return
        self._left(one)

    def _left(self, one: Try) -> None:
        self.sent_at.append(asyncio.get_running_loop().time())
        self._net.trail.attempts += 1
        one.number = len(self.sent_at)

    def _told(self, one: Try, error: OSError | None) -> None:
        if error is None:
            self._end(one, None)
            return
        assert one.sock is not None
        trail, fault = self._net.trail, _fault(error, one.sock, self._address)
        if fault.state is State.FILTERED:
            trail.unanswered(sockets.own_port(one.sock))
        elif fault.state is not State.ERROR and (port := sockets.own_port(one.sock)):  # a firewall's log has it too
            trail.facts["local_address"], trail.facts["local_port"] = sockets.own_address(one.sock), port
            trail.tried(port)
        one.drop()
        if fault.state not in (State.FILTERED, State.ERROR):
            trail.answers += 1
            trail.latency_ms = round(trail.elapsed_ms() - one.began_ms, 2)
        trail.note(fault.state, fault.reason)
        self._end(one, fault)

    def _end(self, one: Try, fault: NetError | None) -> None:
        """A machine without a free local port may have one a little later; else those that were sent go on alone."""
        exhausted = fault is not None and fault.facts.get("local_ports_exhausted")
        if exhausted and one.pauses < len(errors.PORT_PAUSES_S):
            one.drop()
            pause_s, one.pauses = errors.PORT_PAUSES_S[one.pauses], one.pauses + 1
            self._net.trail.note("waiting", f"no free local port; again in {pause_s} s")
            one.again = asyncio.get_running_loop().call_later(pause_s, self._dial, one)
            return
        self._under_way.remove(one)
        if exhausted and any(other.number for other in self._under_way):
            one.drop()
            return
        self._ended.append((one, fault))
        self._wake()


def _prepare(sock: socket.socket, address: str, segment: int | None) -> None:
    """What has to be asked for before the first packet."""
    error_queue.ask_before_connecting(sock, address)
    if segment is not None:
        try:
            sockets.clamp(sock, segment)
        except OSError:
            raise not_clamped() from None


def not_clamped() -> NetError:
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
