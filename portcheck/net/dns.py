"""DNS questions: of given servers, or of those of the system; every trouble is a word in `status`."""

from __future__ import annotations

import asyncio
import importlib
import socket
import sys
from collections.abc import Sequence
from dataclasses import field, replace
from pathlib import Path

from portcheck.frozen import dataclass
from portcheck.model import Lookup
from portcheck.net.lag import AWAY_S, missed_s
from portcheck.net.own_names import own_addresses
from portcheck.net.platform import name_policy
from portcheck.net.question import TOLD, UNHEARD, DnsQuestion, Reply

__all__ = [
    "TOLD",
    "UNHEARD",
    "Names",
    "NoResolverError",
    "asked_and_passed_over",
    "is_address",
    "system_servers",
    "upstream_servers",
]

HOSTS_FILE = "system (hosts)"
RESOLVER = "dns.asyncresolver"
LONGEST_NAME = 256  # characters; only escapes make a name longer
LATE_MS = 1000.0  # whom a server does not answer, it refuses at once
MORE_TRIES = 1  # with the whole patience
RESOLVED_STUBS = frozenset({"127.0.0.53", "127.0.0.54"})
RESOLVED_LIST = Path("/run/systemd/resolve/resolv.conf")
"""The servers behind systemd-resolved's own address (systemd-resolved.service(8))."""


class NoResolverError(Exception):
    """This machine has no DNS configuration, and no server was named."""


@dataclass(slots=True)
class Names:
    """One place to ask: the servers given as (address, port), or the system's."""

    servers: Sequence[tuple[str, int]] = ()
    patience_s: float = 4.0
    heard: asyncio.Event = field(default_factory=asyncio.Event, repr=False)  # a server said something, even no
    bound: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(32), repr=False)  # questions at once
    tries: int | None = None  # datagrams of one question; None: as many as the patience holds
    over_tcp: bool = True  # where UDP is silent
    source_ip: str | None = None  # of questions to named servers; the system's are asked as programs ask them
    _system: tuple[tuple[str, int], ...] = ()
    _policy: tuple[name_policy.PolicyRule, ...] | None = None
    _tcp_alone: bool = False  # an answer came over TCP while UDP was silent: both are asked at once from then on

    @property
    def label(self) -> str:
        shown = (host if port == 53 else f"{host}:{port}" for host, port in self.servers)
        return ", ".join(shown) or "system"

    async def loaded(self) -> None:
        """Have the resolver's modules loaded aside from the loop: where nothing was asked before, that takes long."""
        if RESOLVER not in sys.modules:
            await asyncio.to_thread(importlib.import_module, RESOLVER)

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
                found = await self._lookup(name, record, required=required)
            return found

    async def _lookup(self, name: str, record: str, *, required: bool) -> Lookup:
        servers = tuple(self.servers) or self._of_the_system(name)
        source = self.source_ip if self.servers else None
        asking = DnsQuestion(name, record, servers, self.patience_s, self.tries, self.over_tcp, self._tcp_alone, source)
        reply = await asking.ask()
        late_no = reply.status == "refused" and reply.elapsed_ms >= LATE_MS  # a forwarder that was not answered itself
        if reply.status not in UNHEARD and not reply.status.startswith("error") and not late_no:
            self.heard.set()
        self._tcp_alone = self._tcp_alone or (reply.status in TOLD and reply.over_tcp)
        return self._told(name, record, reply, required=required)

    def _of_the_system(self, name: str) -> tuple[tuple[str, int], ...]:
        """Those that Windows' policy names for this name, else those that it asks for every name."""
        if self._policy is None:
            self._policy = name_policy.rules()
        if named := tuple((host, 53) for host in name_policy.servers(self._policy, name) if is_address(host)):
            return named
        if not self._system:
            self._system = system_servers()
        return self._system

    def _told(self, name: str, record: str, reply: Reply, *, required: bool) -> Lookup:
        return Lookup(
            name,
            record,
            self.label,
            reply.status,
            reply.answers,
            reply.elapsed_ms,
            required,
            reply.server,
            reply.authoritative,
            reply.ttl_s,
        )

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
        if self.servers:
            return []
        told = await own_addresses(host, families, self.patience_s)
        by_record = {"A": [a for a in told.addresses if ":" not in a], "AAAA": [a for a in told.addresses if ":" in a]}
        return [
            Lookup(host, record, HOSTS_FILE, "ok", tuple(found), told.elapsed_ms)
            for record, found in by_record.items()
            if found and record in families
        ]


def system_servers() -> tuple[tuple[str, int], ...]:
    """The addresses this machine's own resolver asks: resolv.conf, or the adapters' lists of Windows."""
    from portcheck.net.platform import dns_servers  # late, with the resolver's modules

    try:
        found = dns_servers.configured()
    except dns_servers.UNREADABLE as error:  # dnspython's own NoResolverConfiguration among them
        raise NoResolverError(NO_RESOLVER) from error
    servers = dict.fromkeys((address, found.port) for address in _addresses(found.nameservers))
    usable = tuple(server for server in servers if not dns_servers.never_there(server[0]))
    if not usable:
        raise NoResolverError(NO_RESOLVER)
    return usable


def asked_and_passed_over() -> tuple[list[str], list[str]]:
    """Of the system's list: whom programs on this machine ask, and whom they never do, since too many are before."""
    from portcheck.net.platform import dns_servers  # late, with the resolver's modules

    try:
        found = _addresses(dns_servers.configured().nameservers)
    except dns_servers.UNREADABLE:
        return [], []
    asked = found[: dns_servers.PROGRAMS_ASK]
    return list(dict.fromkeys(asked)), list(dict.fromkeys(server for server in found if server not in asked))


def _addresses(nameservers: Sequence[object]) -> list[str]:
    return [str(getattr(server, "address", server)) for server in nameservers]


NO_RESOLVER = "this machine has no DNS resolver configured; name one with --dns or dns = [...]"


def upstream_servers(servers: Sequence[tuple[str, int]]) -> tuple[tuple[str, int], ...]:
    """The servers that are asked in the end: where systemd-resolved stands before them, its own list."""
    from portcheck.net.platform import dns_servers  # late, with the resolver's modules

    if not any(host in RESOLVED_STUBS for host, _ in servers):
        return tuple(servers)
    found = ((address, 53) for address in dns_servers.named_in(RESOLVED_LIST))
    plain = [server for server in servers if server[0] not in RESOLVED_STUBS]
    return tuple(dict.fromkeys([*plain, *found])) or tuple(servers)


def is_address(text: str) -> bool:
    for kind in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(kind, text)
        except (OSError, ValueError):
            continue
        return True
    return False
