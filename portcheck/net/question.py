"""One DNS question to one or several servers: asked again, never given up before the patience ends.

A slow server's answer to the first datagram counts, however many were sent after it: every socket stays open. What is
sent again from the same port is to a forwarder the same question: it has room for so many that wait (dnsmasq: 150, of
all that ask it), and what it cannot get answered must not be filled up by us.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import field, replace
from typing import TYPE_CHECKING, Any

from portcheck.frozen import dataclass
from portcheck.net.platform.machine import is_loopback

if TYPE_CHECKING:
    from dns.message import Message

TOLD = frozenset({"ok", "nxdomain", "nodata", "yxdomain"})
TRUNCATED = "truncated"
"""An answer that did not fit a datagram, and nobody gives it over TCP."""
UNHEARD = frozenset({"timeout", "unreachable"})
ONE_TRY_S = 0.8
PORTS = 3  # of this machine, to one server: a path may drop what leaves from some; on this machine itself there is none
TCP_AFTER_S = 0.4  # a path that passes only TCP 53 still finds its controllers

Server = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Reply:
    """What came of a question, and of whom. `ttl_s` and `authoritative` are the answer's; None: there is none."""

    status: str  # ok, nxdomain, nodata, servfail, refused, timeout, error …
    answers: tuple[str, ...] = ()
    server: str = ""  # the address of who answered
    authoritative: bool | None = None
    ttl_s: int | None = None
    over_tcp: bool = False
    elapsed_ms: float = 0.0  # of one that answered: from its own datagram on


@dataclass(slots=True)
class _Asked:
    """One datagram or one TCP conversation under way."""

    server: Server
    over_tcp: bool
    began: float
    again: asyncio.Event = field(default_factory=asyncio.Event)  # the same datagram, from the same port


@dataclass(slots=True)
class DnsQuestion:
    """A question under way: who is being asked, who has refused, whose answer did not fit."""

    name: str
    record: str
    servers: Sequence[Server]
    patience_s: float
    tries: int | None = None  # datagrams at most; None: as many as the patience holds
    tcp: bool = True  # whether it is asked over TCP too
    tcp_alone: bool = False  # UDP has been silent where TCP answered: both are asked at once
    source_ip: str | None = None  # where it can lead to the server
    _running: dict[asyncio.Task[Reply], _Asked] = field(default_factory=dict)
    _out: dict[Server, Reply] = field(default_factory=dict)  # said something that is no answer
    _dead: set[tuple[Server, bool]] = field(default_factory=set)  # this machine could not send there
    _cut: bool = False
    _sent: int = 0

    @staticmethod
    def _now() -> float:
        """Seconds for which the loop has listened: what a busy machine adds to a time is not the server's."""
        return asyncio.get_running_loop().time()

    async def ask(self) -> Reply:
        """The first word of a server; only where nobody gives one, the trouble of the last."""
        began = self._now()
        turns = [(0.0, False), (0.0 if self.tcp_alone else TCP_AFTER_S, True)]  # when next, over TCP?
        try:
            while True:
                now = self._now() - began
                turns = [(self._turn(at, now, over_tcp=tcp), tcp) for at, tcp in turns]
                if now >= self.patience_s or not self._alive():
                    return self._trouble()
                wake = min(self.patience_s, *(at for at, _ in turns)) - now
                if (reply := await self._word(max(0.0, wake))) is not None:
                    return reply
                if self._idle():
                    turns[0] = (0.0, False)  # the next one is asked at once
        finally:
            for task in self._running:
                task.cancel()
            await asyncio.gather(*self._running, return_exceptions=True)

    def source(self, server: Server) -> str | None:
        """The address to send from; None: the system chooses."""
        own = self.source_ip
        fits = own is not None and (":" in own) == (":" in server[0]) and not is_loopback(server[0])
        return own if fits else None

    def _idle(self) -> bool:
        """Nobody is waited for over UDP, and somebody could be asked."""
        return not any(not asked.over_tcp for asked in self._running.values()) and self._may_send()

    def _may_send(self) -> bool:
        more = self.tries is None or self._sent < self.tries
        return more and any(self._may_ask(server, over_tcp=False) for server in self.servers)

    def _turn(self, at: float, now: float, *, over_tcp: bool) -> float:
        """Ask the next server if it is time to; when the turn comes again."""
        if now < at:
            return at
        free = [server for server in self.servers if self._may_ask(server, over_tcp=over_tcp)]
        if free and (over_tcp or self._may_send()):
            self._send(free[0 if over_tcp else self._sent % len(free)], over_tcp=over_tcp)
            return now + ONE_TRY_S
        return self.patience_s

    def _may_ask(self, server: Server, *, over_tcp: bool) -> bool:
        under_way = any((a.server, a.over_tcp) == (server, True) for a in self._running.values())
        if server in self._out or (server, over_tcp) in self._dead:
            return False
        return not over_tcp or (self.tcp and not under_way)

    def _alive(self) -> bool:
        tcp = any(self._may_ask(server, over_tcp=True) for server in self.servers)
        return bool(self._running) or tcp or self._may_send()

    def _send(self, server: Server, *, over_tcp: bool) -> None:
        self._sent += not over_tcp
        waiting = [a for a in self._running.values() if not over_tcp and (a.server, a.over_tcp) == (server, False)]
        if len(waiting) >= (1 if is_loopback(server[0]) else PORTS):
            waiting[self._sent % len(waiting)].again.set()
            return
        asked = _Asked(server, over_tcp, self._now())
        asking = _over_tcp(self, server) if over_tcp else _over_udp(self, server, asked.again)
        self._running[asyncio.create_task(asking)] = asked

    async def _word(self, wait_s: float) -> Reply | None:
        """What ends the question; None where the time is up, or what came is no answer."""
        if not self._running:
            await asyncio.sleep(wait_s)
            return None
        done, _ = await asyncio.wait(self._running, timeout=wait_s, return_when=asyncio.FIRST_COMPLETED)
        told = [(self._running.pop(task), task.result()) for task in done]
        for asked, reply in sorted(told, key=lambda row: row[1].status not in TOLD):
            if reply.status in TOLD or reply.status.startswith("error"):
                return self._timed(asked, reply)
            self._note(asked, reply)
        return None

    def _note(self, asked: _Asked, reply: Reply) -> None:
        if reply.status == TRUNCATED:
            self._cut = True
            self._dead.add((asked.server, False))
            if self._may_ask(asked.server, over_tcp=True):
                self._send(asked.server, over_tcp=True)
        elif reply.status == "unreachable":
            self._dead.add((asked.server, asked.over_tcp))
        elif reply.status != "timeout":
            self._out[asked.server] = self._timed(asked, reply)
            for task, other in list(self._running.items()):
                if other.server == asked.server:
                    task.cancel()
                    del self._running[task]

    def _timed(self, asked: _Asked, reply: Reply) -> Reply:
        taken = self._now() - asked.began
        spent = round(max(0.0, taken) * 1000, 1)
        return replace(reply, server=asked.server[0], over_tcp=asked.over_tcp, elapsed_ms=spent)

    def _trouble(self) -> Reply:
        if self._cut:
            return Reply(TRUNCATED)
        if self._out:
            return list(self._out.values())[-1]
        unsendable = all((server, False) in self._dead for server in self.servers)
        return Reply("unreachable" if unsendable and not self._running else "timeout")


async def _over_udp(question: DnsQuestion, server: Server, again: asyncio.Event) -> Reply:
    import dns.asyncbackend
    import dns.asyncquery
    import dns.inet

    async def send(query: Message) -> Message:
        family = dns.inet.af_for_address(server[0])
        backend: Any = dns.asyncbackend.get_default_backend()
        peer = server if backend.datagram_connection_required() else None
        source = (own, 0) if (own := question.source(server)) else None
        async with await backend.make_socket(family, socket.SOCK_DGRAM, 0, source, peer) as sock:
            where = dns.inet.low_level_address_tuple(server, family)
            repeating = asyncio.create_task(_repeated(sock, query.to_wire(), where, again))
            try:
                return await dns.asyncquery.udp(
                    query, server[0], question.patience_s, server[1],
                    raise_on_truncation=True, ignore_errors=True, ignore_unexpected=True, sock=sock,
                )  # fmt: skip
            finally:
                repeating.cancel()
                await asyncio.gather(repeating, return_exceptions=True)

    return await _conversation(question, send)


async def _repeated(sock: Any, wire: bytes, where: Any, again: asyncio.Event) -> None:
    """Sends it whenever that is asked for; what this machine cannot send counts as lost."""
    while await again.wait():
        again.clear()
        with contextlib.suppress(OSError):
            await sock.sendto(wire, where, None)


async def _over_tcp(question: DnsQuestion, server: Server) -> Reply:
    import dns.asyncquery

    source = question.source(server)
    return await _conversation(
        question, lambda query: dns.asyncquery.tcp(query, server[0], question.patience_s, server[1], source)
    )


async def _conversation(question: DnsQuestion, send: Callable[[Message], Awaitable[Message]]) -> Reply:
    import dns.exception
    import dns.message

    try:
        query = dns.message.make_query(question.name, question.record)
    except (dns.exception.DNSException, ValueError) as error:
        return Reply(f"error: {str(error)[:120]}")
    try:
        return read(await send(query), question.record)
    except dns.message.Truncated:
        return Reply(TRUNCATED)
    except dns.exception.Timeout:
        return Reply("timeout")
    except (OSError, EOFError):
        return Reply("unreachable")
    except (dns.exception.DNSException, ValueError):
        return Reply("malformed")


def read(message: Message, record: str) -> Reply:
    """The word and the rows of a server's message. Raises DNSException for a chain that leads nowhere."""
    import dns.flags
    import dns.message
    import dns.rcode

    code = message.rcode()
    authoritative = bool(message.flags & dns.flags.AA)
    if code not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
        return Reply(dns.rcode.to_text(code).lower(), authoritative=authoritative)
    if not isinstance(message, dns.message.QueryMessage):
        return Reply("malformed")
    rows = message.resolve_chaining().answer
    if rows is None:
        return Reply("nxdomain" if code == dns.rcode.NXDOMAIN else "nodata", authoritative=authoritative)
    return Reply("ok", tuple(_shown(record, row) for row in rows), authoritative=authoritative, ttl_s=rows.ttl)


def _shown(record: str, row: Any) -> str:
    if record == "SRV":
        return f"{row.priority} {row.weight} {row.port} {_host(row.target)}"
    if record in {"NS", "PTR"}:
        return _host(row.target)
    return str(row.address)


def _host(name: Any) -> str:
    return str(name.to_text(omit_final_dot=True)).lower()
