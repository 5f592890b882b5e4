"""DNS questions through dnspython's asynchronous resolver, against given servers or the system's."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from portcheck.model import Lookup
from portcheck.net.lag import AWAY_S, missed_s

if TYPE_CHECKING:
    from dns.asyncresolver import Resolver
    from dns.message import Message, QueryMessage
    from dns.nameserver import Nameserver

TOLD = frozenset({"ok", "nxdomain", "nodata"})
LONGEST_NAME = 256  # characters; only escapes make a name longer
TRUNCATED = "truncated"
"""An answer that did not fit a datagram, and nobody gives it over TCP."""
UNHEARD = frozenset({"timeout", "unreachable"})
HOSTS_FILE = "system (hosts)"
ONE_TRY_S = 0.8
MORE_TRIES = 2  # each with the whole patience
TCP_AFTER_S = 0.4  # a path that passes only TCP 53 still finds its controllers


class NoResolverError(Exception):
    """This machine has no DNS configuration, and no server was named."""


@dataclass(slots=True)
class Names:
    """One place to ask: the servers given as (address, port), or the system's."""

    servers: Sequence[tuple[str, int]] = ()
    patience_s: float = 4.0
    heard: asyncio.Event = field(default_factory=asyncio.Event, repr=False)  # a server said something, even no
    bound: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(32), repr=False)  # questions at once
    _resolver: Resolver | None = field(default=None, repr=False)
    _cut: set[tuple[str, str]] = field(default_factory=set, repr=False)  # questions whose answer did not fit a datagram
    _tcp_alone: bool = False  # an answer came over TCP while UDP was silent: both are asked at once from then on

    @property
    def label(self) -> str:
        shown = (host if port == 53 else f"{host}:{port}" for host, port in self.servers)
        return ", ".join(shown) or "system"

    async def lookup(self, name: str, record: str, *, required: bool = True) -> Lookup:
        """Trouble is a word in `status`, never an exception (but NoResolverError).

        Silence is believed of a server that says nothing at all. Where it has answered something else, what is needed
        is asked again: the path may be lossy, or police the burst that a run begins with. The resolver's patience is by
        the clock on the wall: where this program was away meanwhile, its silence is not believed either.
        """
        async with self.bound:
            missed = missed_s() + AWAY_S
            found = await self._lookup(name, record, required=required)
            for _ in range(MORE_TRIES if required or missed_s() > missed else 0):
                if found.status not in UNHEARD or not (self.heard.is_set() or missed_s() > missed):
                    break
                missed = missed_s() + AWAY_S
                again = await self._lookup(name, record, required=required)
                found = replace(again, elapsed_ms=round(found.elapsed_ms + again.elapsed_ms, 1))
            return found

    async def _lookup(self, name: str, record: str, *, required: bool) -> Lookup:
        resolver = self._get()
        began, listened = time.monotonic(), asyncio.get_running_loop().time()
        asking = [asyncio.create_task(self._ask(resolver, name, record, tcp=False))]
        try:
            done, _ = await asyncio.wait(asking, timeout=0 if self._tcp_alone else TCP_AFTER_S)
            if not done:
                asking.append(asyncio.create_task(self._ask(resolver, name, record, tcp=True)))
            status, answers = await _best(asking, self.patience_s - (asyncio.get_running_loop().time() - listened))
            if status in UNHEARD and (name.lower().rstrip("."), record) in self._cut:
                status = TRUNCATED
            if status not in UNHEARD and not status.startswith("error"):
                self.heard.set()
            self._tcp_alone = self._tcp_alone or (status in TOLD and not asking[0].done())
        finally:
            for task in asking:
                task.cancel()
            await asyncio.gather(*asking, return_exceptions=True)
        elapsed = round((time.monotonic() - began) * 1000, 1)
        return Lookup(name, record, self.label, status, answers, elapsed, required)

    async def addresses(self, host: str, families: Sequence[str]) -> list[Lookup]:
        """A and AAAA of a host, as far as wanted; the system's own ways (hosts file) where DNS knows nothing.

        Where one family has addresses, the other need not have any.
        """
        records = [record for record in ("A", "AAAA") if record in families]
        asked = (self.lookup(host, record, required=record == "A" or len(records) == 1) for record in records)
        found = list(await asyncio.gather(*asked))
        if not any(lookup.answers for lookup in found):
            found.extend(await self.without_dns(host, records))
            return found
        return [replace(lookup, required=lookup.required and lookup.status != "nodata") for lookup in found]

    async def without_dns(self, host: str, families: Sequence[str]) -> list[Lookup]:
        """What the system knows of the name by other means; nothing where servers of our own are asked."""
        return [] if self.servers else await _system_lookup(host, families, self.patience_s)

    def _get(self) -> Resolver:
        if self._resolver is None:
            self._resolver = _make(self.servers, self.patience_s, self._cut)
        return self._resolver

    async def _ask(self, resolver: Resolver, name: str, record: str, *, tcp: bool) -> tuple[str, tuple[str, ...]]:
        import dns.exception
        import dns.resolver

        try:
            answer = await resolver.resolve(name, record, tcp=tcp, search=False, raise_on_no_answer=True)
        except dns.resolver.NXDOMAIN:
            return "nxdomain", ()
        except dns.resolver.YXDOMAIN:
            return "yxdomain", ()
        except dns.resolver.NoAnswer:
            return "nodata", ()
        except dns.resolver.NoNameservers as error:
            return _refusal(error), ()
        except dns.exception.Timeout:
            return "timeout", ()
        except (dns.exception.DNSException, ValueError) as error:
            return f"error: {str(error)[:120]}", ()
        except OSError as error:
            return f"error: {error.strerror or error}", ()
        return "ok", tuple(_shown(record, row) for row in answer)


def _make(servers: Sequence[tuple[str, int]], patience_s: float, cut: set[tuple[str, str]]) -> Resolver:
    import dns.asyncresolver
    import dns.resolver

    try:
        resolver = dns.asyncresolver.Resolver(configure=not servers)
    except (dns.resolver.NoResolverConfiguration, OSError) as error:
        raise NoResolverError(
            "this machine has no DNS resolver configured; name one with --dns or dns = [...]"
        ) from error
    own = [(str(getattr(server, "address", server)), resolver.port) for server in resolver.nameservers]
    resolver.nameservers = [_noting(host, port, cut) for host, port in servers or own]
    if not resolver.nameservers:
        raise NoResolverError("this machine has no DNS resolver configured; name one with --dns or dns = [...]")
    resolver.timeout = ONE_TRY_S
    resolver.lifetime = patience_s
    resolver.cache = None
    return resolver


def _noting(host: str, port: int, cut: set[tuple[str, str]]) -> Nameserver:
    """A server that notes what it wants to be asked over TCP: where TCP fails, the resolver keeps that to itself."""
    import dns.message
    import dns.nameserver
    import dns.rdatatype

    class Noting(dns.nameserver.Do53Nameserver):
        async def async_query(self, request: QueryMessage, *details: Any, **more: Any) -> Message:
            try:
                return await super().async_query(request, *details, **more)
            except dns.message.Truncated:
                asked = request.question[0]
                cut.add((asked.name.to_text(omit_final_dot=True).lower(), dns.rdatatype.to_text(asked.rdtype)))
                raise

    return Noting(host, port)


def system_servers() -> tuple[tuple[str, int], ...]:
    """The addresses this machine's own resolver asks."""
    resolver = _make((), 1.0, set())
    found = (getattr(server, "address", server) for server in resolver.nameservers)
    return tuple((str(address), 53) for address in found)


async def _best(asking: list[asyncio.Task[tuple[str, tuple[str, ...]]]], wait_s: float) -> tuple[str, tuple[str, ...]]:
    """The first word of a server; only when nobody answers, the trouble of the last."""
    last: tuple[str, tuple[str, ...]] = ("timeout", ())
    try:
        for next_done in asyncio.as_completed(asking, timeout=max(0.0, wait_s)):
            status, answers = await next_done
            if status in TOLD:
                return status, answers
            last = status, answers
    except TimeoutError:
        return "timeout", ()
    return last


def _refusal(error: Any) -> str:
    """The rcode of the last server that answered; where none did, `malformed`, `unreachable` or `timeout`."""
    import dns.exception
    import dns.message

    troubles = [row[3] for row in error.kwargs.get("errors", ())]  # rcodes as text, or what the asking ended in
    rcodes = [trouble.lower() for trouble in troubles if isinstance(trouble, str)]
    if rcodes:
        return rcodes[-1]
    read = (trouble for trouble in troubles if isinstance(trouble, dns.exception.DNSException))
    if any(not isinstance(trouble, dns.exception.Timeout | dns.message.Truncated) for trouble in read):
        return "malformed"
    return "unreachable" if any(isinstance(trouble, OSError) for trouble in troubles) else "timeout"


def _shown(record: str, row: Any) -> str:
    if record == "SRV":
        return f"{row.priority} {row.weight} {row.port} {_host(row.target)}"
    if record in {"NS", "PTR"}:
        return _host(row.target)
    return str(row.address)


def _host(name: Any) -> str:
    shown = str(name.to_text(omit_final_dot=True)).lower()
    return shown if len(shown) <= LONGEST_NAME else f"{shown[: LONGEST_NAME - 1]}…"


async def _system_lookup(host: str, records: Sequence[str], patience_s: float) -> list[Lookup]:
    """getaddrinfo, which also knows the hosts file and what the platform adds."""
    began = time.monotonic()
    try:
        async with asyncio.timeout(patience_s):
            rows = await _getaddrinfo(host)
    except (TimeoutError, OSError, ValueError):
        return []
    elapsed = round((time.monotonic() - began) * 1000, 1)
    by_record: dict[str, list[str]] = {}
    for wanted, _, _, _, where in rows:
        record = "AAAA" if wanted == socket.AF_INET6 else "A"
        if record in records and str(where[0]) not in by_record.setdefault(record, []):
            by_record[record].append(str(where[0]))
    return [Lookup(host, record, HOSTS_FILE, "ok", tuple(found), elapsed) for record, found in by_record.items()]


def _getaddrinfo(host: str) -> asyncio.Future[list[Any]]:
    """In a thread that nobody waits for: with silent servers it may take half a minute, and cannot be cancelled."""
    loop = asyncio.get_running_loop()
    told: asyncio.Future[list[Any]] = loop.create_future()

    def settle(rows: list[Any] | None, error: Exception | None) -> None:
        if told.done():
            return
        if error is not None:
            told.set_exception(error)
        else:
            told.set_result(rows or [])

    def ask() -> None:
        rows: list[Any] | None = None
        error: Exception | None = None
        try:
            rows = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        except (OSError, ValueError) as fault:  # ValueError: a name that no resolver can be asked for
            error = fault
        with contextlib.suppress(RuntimeError):  # the run is over
            loop.call_soon_threadsafe(settle, rows, error)

    threading.Thread(target=ask, daemon=True).start()
    return told


def is_address(text: str) -> bool:
    for kind in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(kind, text)
        except (OSError, ValueError):
            continue
        return True
    return False
