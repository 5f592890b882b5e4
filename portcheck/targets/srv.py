"""A forest's name to the hosts to ask: SRV records, addresses, and the controllers named in the file."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import field, replace
from ipaddress import ip_address

from portcheck.config import ForestSpec, family
from portcheck.config.names import DNS_PORT
from portcheck.frozen import dataclass
from portcheck.model import Lookup
from portcheck.model.target import SWEPT, Target
from portcheck.net.dns import HOSTS_FILE, TOLD, Names, is_address
from portcheck.net.platform.machine import source_address
from portcheck.wire import told_names


@dataclass(slots=True)
class Discovery:
    """What DNS said of one forest."""

    lookups: list[Lookup] = field(default_factory=list)
    places: list[Target] = field(default_factory=list)
    roles: dict[str, set[str]] = field(default_factory=dict)  # host -> roles that a record announces
    name_servers: frozenset[str] | None = None  # hosts of the zone's NS set; None: not known
    too_many: list[str] = field(default_factory=list)  # what was left out, since there was more than makes sense
    unusable: list[str] = field(default_factory=list)  # addresses at which nobody can be

    def announced(self, host: str) -> set[str]:
        return self.roles.get(host, set())


MOST_ADDRESSES = 16  # of one host
MOST_TARGETS = 1500
"""Hosts of one domain. Active Directory is made for up to 1,200 controllers a domain (Microsoft, "Active Directory
maximum limits - scalability")."""
MOST_OTHERS = 32  # records of a large forest name every Global Catalog of all its domains
ALSO_NAMED = ("_ldap._tcp.pdc._msdcs", "_kerberos._tcp", "_kpasswd._tcp")  # of the domain's own controllers
SRV_ROLES = {"_gc._tcp": "gc", "_kerberos._tcp": "kdc", "_kpasswd._tcp": "kdc", "pdc._msdcs": "pdc"}


async def explicit(forest: ForestSpec, names: Names, families: Sequence[str]) -> Discovery:
    """The controllers that the file or the command line names."""
    found = Discovery()
    source = SWEPT if forest.swept else "explicit"
    for controller in forest.domain_controllers:
        domain = domain_of(controller.host, forest)
        if controller.address is not None:
            found.places.append(Target(controller.host, controller.address, source, domain))
        elif is_address(controller.host):
            found.places.append(Target(controller.host, controller.host, source, domain))
    unnamed = [c.host for c in forest.domain_controllers if c.address is None and not is_address(c.host)]
    resolved = await asyncio.gather(*(names.addresses(host, families) for host in unnamed))
    for host, lookups in zip(unnamed, resolved, strict=True):
        found.lookups.extend(lookups)
        found.places.extend(
            places_of(host, lookups, "explicit", domain_of(host, forest), found, here=asked_here(names))
        )
    return found


async def advertised(forest: ForestSpec, names: Names, families: Sequence[str]) -> Discovery:
    """The controllers that DNS advertises for the forest's domains."""
    found = Discovery()
    domains = (forest.name, *forest.domains)
    for lookups in await asyncio.gather(*(_ask(domain, forest, names) for domain in domains)):
        found.lookups.extend(lookups)
    hosts: dict[str, str] = {}
    for domain in domains:
        targets = _targets_of(domain, forest, found.lookups)
        if len(targets) > MOST_TARGETS:
            found.too_many.append(
                f"{len(targets) - MOST_TARGETS} of the {len(targets)} hosts that DNS names for {domain}"
            )
        for host in targets[:MOST_TARGETS]:
            hosts.setdefault(host, domain)
    _note_roles(found)
    resolved = await asyncio.gather(*(names.addresses(host, families) for host in (*hosts, *_others(found, hosts))))
    for lookups in resolved[len(hosts) :]:
        found.lookups.extend(replace(lookup, required=False) for lookup in lookups)
    for (host, domain), lookups in zip(hosts.items(), resolved, strict=False):
        found.lookups.extend(lookups)
        found.places.extend(places_of(host, lookups, "srv", domain, found, here=asked_here(names)))
    return found


def _others(found: Discovery, hosts: Collection[str]) -> list[str]:
    """Named by some record, and not to be asked: only whether they have an address."""
    named = (host for lookup in found.lookups if lookup.record == "SRV" for host in srv_targets(lookup))
    return [host for host in dict.fromkeys(named) if host not in hosts][:MOST_OTHERS]


async def by_name(name: str, names: Names, families: Sequence[str], *, silent: bool = False) -> Discovery:
    """The addresses of the name itself: a host's, or what a domain's own A records point to (its controllers).

    Where DNS has been `silent`, it is not asked again; the system may know the name by other means.
    """
    found = Discovery()
    if not is_address(name):
        told = await (names.without_dns(name, families) if silent else names.addresses(name, families))
        found.lookups.extend(replace(lookup, required=False) for lookup in told)
        places = places_of(name, found.lookups, "argument", "", found, here=asked_here(names), most=MOST_TARGETS)
        found.places.extend(place for place in places if place.address)
    return found


async def named_servers(
    forest: ForestSpec, patience_s: float, families: Sequence[str]
) -> tuple[list[Lookup], list[tuple[str, int]]]:
    """The name servers that the file gives by name: what the system's resolver says, and where they are."""
    asked = Names(patience_s=patience_s)
    lookups: list[Lookup] = []
    servers: list[tuple[str, int]] = []
    for server in forest.dns:
        if not is_address(server.host):
            found = await asked.addresses(server.host, families)
            lookups.extend(found)
            addresses = [address for lookup in found for address in lookup.answers]
            servers.extend((address, server.port) for address in addresses[:1])
    return lookups, servers


def servers_of(names: Names, families: Collection[str]) -> list[str]:
    """Those of the name servers that may be asked as hosts too."""
    return [host for host, _ in names.servers if family(host) in families]


def server_at(address: str, port: int | None, forest: str) -> Target:
    """A name server as a host of its own: its DNS is asked where it was said to be, not on the usual port."""
    return Target(address, address, "dns-server", forest, ports={"dns": port} if port not in {None, DNS_PORT} else {})


def domain_of(host: str, forest: ForestSpec) -> str:
    """The forest's domain that a host name lies in; the forest's own where none fits."""
    fitting = [domain for domain in (forest.name, *forest.domains) if host.endswith(f".{domain}")]
    if fitting:
        return max(fitting, key=len)
    return "" if forest.swept or forest.name == host or is_address(forest.name) else forest.name


def questions(domain: str, forest: ForestSpec) -> list[tuple[str, str, bool]]:
    """Name, record, and whether it must be there: what is asked of DNS for each domain of a forest."""
    asked = [
        (f"_ldap._tcp.dc._msdcs.{domain}", "SRV", True),
        (f"_kerberos._tcp.{domain}", "SRV", True),
        (f"_kpasswd._tcp.{domain}", "SRV", True),
        (f"_ldap._tcp.pdc._msdcs.{domain}", "SRV", True),
        (domain, "NS", False),
    ]
    if domain == forest.name:
        asked.append((f"_gc._tcp.{domain}", "SRV", True))
    if forest.site:
        asked.append((f"_ldap._tcp.{forest.site}._sites.dc._msdcs.{domain}", "SRV", False))
    return asked


async def _ask(domain: str, forest: ForestSpec, names: Names) -> list[Lookup]:
    asked = (names.lookup(name, record, required=needed) for name, record, needed in questions(domain, forest))
    return list(await asyncio.gather(*asked))


def _targets_of(domain: str, forest: ForestSpec, lookups: Iterable[Lookup]) -> list[str]:
    """The site's controllers where the site is named and has any; else all of the domain, by whichever record."""
    by_name = {lookup.name: srv_targets(lookup) for lookup in lookups if lookup.record == "SRV"}
    of_site = by_name.get(f"_ldap._tcp.{forest.site}._sites.dc._msdcs.{domain}", [])
    listed = of_site or by_name.get(f"_ldap._tcp.dc._msdcs.{domain}", [])
    named = (host for record in ALSO_NAMED for host in by_name.get(f"{record}.{domain}", []))
    return sorted(listed or dict.fromkeys(named), key=_by_number)


def _by_number(host: str) -> list[tuple[int, str]]:
    """dc2 before dc10: a DNS server gives its records in another order each time."""
    return [(int(part) if part.isdecimal() else -1, part) for part in re.split(r"(\d+)", host)]


def srv_targets(lookup: Lookup) -> list[str]:
    """The hosts of an SRV answer, once each, in the answer's order; `.` means "no such service" (RFC 2782).

    A target that is no host's name stays in the answer, where it is told, and is never asked.
    """
    hosts = (told_names.dns_name(row.host) for row in lookup.srv)
    return [host for host in dict.fromkeys(hosts) if host is not None]


def _note_roles(found: Discovery) -> None:
    servers: set[str] = set()
    known = False
    for lookup in found.lookups:
        if lookup.record == "NS" and lookup.status == "ok":
            known = True
            servers.update(filter(None, map(told_names.dns_name, lookup.answers)))
        for mark, role in SRV_ROLES.items():
            if lookup.record == "SRV" and mark in lookup.name:
                for host in srv_targets(lookup):
                    found.roles.setdefault(host, set()).add(role)
    found.name_servers = frozenset(servers) if known else None
    for host in servers:
        found.roles.setdefault(host, set()).add("dns")


def places_of(
    host: str,
    lookups: Iterable[Lookup],
    source: str,
    domain: str,
    found: Discovery,
    *,
    here: bool,
    most: int = MOST_ADDRESSES,
) -> list[Target]:
    """A place per address that this machine could send to; one without an address where DNS told none.

    What DNS gives and nobody can be asked at is told, and so is what is beyond `most`.
    """
    own = list(lookups)
    addresses = dict.fromkeys(a for lookup in own if lookup.record in {"A", "AAAA"} for a in lookup.answers)
    here = here or any(lookup.server == HOSTS_FILE for lookup in own)  # which this machine's administrator has written
    whose = {address: nobodys(address, here=here) for address in addresses}
    sendable = [address for address, why in whose.items() if not why]
    usable = [address for address in sendable if ":" not in address or source_address(address) is not None]
    given = tuple(f"DNS gives {address}, which is {why}" for address, why in whose.items() if why)
    if not sendable:
        untold = any(lookup.required and lookup.status not in TOLD for lookup in own)
        return [Target(host, None, source, domain, untold=untold, given=given)]
    found.unusable.extend(f"{host}: {words}" for words in given)
    chosen = usable or sendable
    if len(chosen) > most:
        found.too_many.append(f"{len(chosen) - most} of the {len(chosen)} addresses of {host}")
    return [Target(host, address, source, domain) for address in chosen[:most]]


FAR_V6 = "2000::1"
"""Is there a route? Nothing is sent. A machine without IPv6 does not mind addresses of it."""


def asked_here(names: Names) -> bool:
    """Whether the user named a name server on this machine: its loopback addresses are then the ones that are meant."""
    return any(ip_address(server).is_loopback for server, _ in names.servers)


def nobodys(address: str, *, here: bool) -> str:
    """Why no controller can be asked at what DNS gives; empty where one can. `here`: loopback addresses are meant."""
    parsed = ip_address(address)
    parsed = getattr(parsed, "ipv4_mapped", None) or parsed
    if parsed.is_unspecified:
        return "nobody's"
    if parsed.is_loopback:
        return "" if here else "this machine itself"
    if parsed.is_multicast:
        return "a group's, not a host's (multicast)"
    if parsed.version == 6 and parsed.is_link_local and source_address(FAR_V6) is not None:
        return "of use on its own link only (link-local, RFC 4291)"  # DNS cannot say which link
    return "nobody's (reserved)" if parsed.version == 4 and parsed.is_reserved else ""


def in_order(lookups: Iterable[Lookup], main: str) -> tuple[Lookup, ...]:
    """The same order whoever was asked first: those of the usual server, then by who else was asked."""
    kinds = ("SRV", "NS", "A", "AAAA")

    def turn(lookup: Lookup) -> tuple[object, ...]:
        number = kinds.index(lookup.record) if lookup.record in kinds else len(kinds)
        address = number >= kinds.index("A")
        name = _by_number(lookup.name) if address else []
        return lookup.server != main, lookup.server if lookup.server != main else "", address, name, number

    return tuple(sorted(lookups, key=turn))
