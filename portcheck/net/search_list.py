"""A single label to a full name, as this machine's own resolver completes it: by the DNS search list."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from portcheck.frozen import dataclass
from portcheck.net.dns import UNHEARD, Names, NoResolverError

LOCATOR = "_ldap._tcp.dc._msdcs"
MOST_SUFFIXES = 6  # resolvers took no more for decades (resolv.conf(5))


@dataclass(frozen=True, slots=True)
class Completion:
    """What a label stands for: `name` is empty where nothing by that name is known."""

    name: str = ""
    tried: tuple[str, ...] = ()  # the full names, in order
    silent: bool = False  # DNS did not answer for one of them


def suffixes() -> tuple[str, ...]:
    """The machine's DNS search list, in order; empty where it has none or no resolver. Windows keeps it per adapter."""
    from portcheck.net.platform import dns_servers  # late, with the resolver's modules

    try:
        resolver = dns_servers.configured()
    except dns_servers.UNREADABLE:
        return ()
    listed = resolver.search or [resolver.domain]
    names = (name.to_text(omit_final_dot=True).lower() for name in listed)
    return tuple(dict.fromkeys(name for name in names if name not in {"", "."}))[:MOST_SUFFIXES]


def candidates(label: str, listed: Sequence[str]) -> tuple[str, ...]:
    """`corp` below each suffix, and a suffix that begins with it: a domain's short name is mostly its first label."""
    below = [f"{label}.{suffix}" for suffix in listed]
    return tuple(dict.fromkeys((*below, *(suffix for suffix in listed if suffix.partition(".")[0] == label))))


async def complete(label: str, names: Names, listed: Sequence[str]) -> Completion:
    """The first full name under which DNS has domain controllers; else the first that has an address.

    A label that the machine knows by other means (hosts file) stands for itself.
    """
    tried = candidates(label, listed)
    try:
        domains = await asyncio.gather(*(names.lookup(f"{LOCATOR}.{name}", "SRV", required=False) for name in tried))
        hosts = await asyncio.gather(*(names.lookup(name, "A", required=False) for name in tried))
    except NoResolverError:
        domains = hosts = []
    for name, lookup in (*zip(tried, domains, strict=False), *zip(tried, hosts, strict=False)):
        if lookup.answers:
            return Completion(name, tried)
    if await names.without_dns(label, ("A", "AAAA")):
        return Completion(label, tried)
    return Completion(tried=tried, silent=any(lookup.status in UNHEARD for lookup in (*domains, *hosts)))
