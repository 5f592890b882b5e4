"""The names that clients use beside the controllers' own: the domain's, the own site's, the root's, reverse ones."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import replace
from ipaddress import ip_address

from portcheck.config import ForestSpec
from portcheck.frozen import dataclass
from portcheck.model import Lookup
from portcheck.net.dns import Names
from portcheck.net.platform.machine import source_address
from portcheck.targets import srv
from portcheck.targets.srv import Discovery

GC_NAME = "gc._msdcs"
OF_A_DOMAIN = ("DomainDnsZones",)
OF_A_FOREST = (GC_NAME, "ForestDnsZones")
NEEDED_OF_THE_ROOT = ("_ldap._tcp.dc._msdcs.", "_kerberos._tcp.", "_gc._tcp.")
MOST_ADDRESSES = 16


@dataclass(frozen=True, slots=True)
class ClientAddress:
    """An address that a name of the domain leads to."""

    name: str
    address: str
    domain: str
    nobodys: str = ""  # why nobody can be asked there


def names_of(domain: str, forest: str) -> tuple[str, ...]:
    """Names whose addresses every controller registers (MS-ADTS 6.3.2.3, 6.3.2.4): searched, referred to, mounted."""
    more = (*OF_A_DOMAIN, *OF_A_FOREST) if domain == forest else OF_A_DOMAIN
    return (domain, *(f"{label}.{domain}" for label in more))


async def addresses(
    forest: ForestSpec, names: Names, families: Sequence[str]
) -> tuple[list[Lookup], list[ClientAddress]]:
    """What DNS gives for them, each question once; only addresses that this machine could send to."""
    wanted = [(name, domain) for domain in (forest.name, *forest.domains) for name in names_of(domain, forest.name)]
    asked = [(name, domain, record) for name, domain in wanted for record in families]
    told = await asyncio.gather(*(names.lookup(name, record, required=False) for name, _, record in asked))
    here = srv.asked_here(names)
    found = [
        ClientAddress(name, address, domain, why)
        for (name, domain, _), lookup in zip(asked, told, strict=True)
        for address in lookup.answers
        if (why := srv.nobodys(address, here=here)) or ":" not in address or source_address(address) is not None
    ]
    return list(told), found


def of_controllers(lookups: Iterable[Lookup]) -> set[str]:
    """The addresses of all hosts that an SRV record names: controllers' own."""
    told = list(lookups)
    hosts = {host for lookup in told if lookup.record == "SRV" for host in srv.srv_targets(lookup)}
    return {address for lookup in told if lookup.name in hosts for address in lookup.answers}


def of_site(site: str, domain: str) -> str:
    """The name of the SRV record that lists a site's controllers (MS-ADTS 6.3.2.3)."""
    return f"_ldap._tcp.{site}._sites.dc._msdcs.{domain}"


async def site_controllers(
    site: str, domain: str, known: Sequence[Lookup], names: Names, families: Sequence[str]
) -> tuple[Lookup, Discovery]:
    """The site's controllers; those whose addresses are known already are looked up no more."""
    asked = of_site(site, domain)
    lookup = next((seen for seen in known if seen.name == asked), None)
    found = Discovery()
    if lookup is None:
        lookup = await names.lookup(asked, "SRV", required=False)
        found.lookups.append(lookup)
    looked_up = {seen.name for seen in known}
    named = [host for host in srv.srv_targets(lookup) if host not in looked_up]
    fresh = named[: srv.MOST_TARGETS]
    if len(named) > len(fresh):
        found.too_many.append(
            f"{len(named) - len(fresh)} of the {len(named)} hosts that DNS names for the site {site} of {domain}"
        )
    for host, told in zip(fresh, await asyncio.gather(*(names.addresses(h, families) for h in fresh)), strict=True):
        found.lookups.extend(told)
        found.places.extend(srv.places_of(host, told, "srv", domain, found, here=srv.asked_here(names)))
    return lookup, found


async def root_controllers(root: str, forest: ForestSpec, names: Names, families: Sequence[str]) -> Discovery:
    """The controllers of a child domain's forest root, as DNS advertises them."""
    found = await srv.advertised(replace(forest, name=root, domains=(), site=None), names, families)
    found.lookups[:] = [
        replace(seen, required=seen.required and (seen.record != "SRV" or seen.name.startswith(NEEDED_OF_THE_ROOT)))
        for seen in found.lookups
    ]
    return found


async def reverse(address: str, names: Names) -> Lookup:
    """The name that reverse DNS gives for an address (RFC 1035, 3.5; RFC 3596, 2.5)."""
    return await names.lookup(ip_address(address).reverse_pointer, "PTR", required=False)
