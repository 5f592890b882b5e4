"""The same questions of every name server that this machine may ask: each by itself, each question once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence

from portcheck.model import Lookup
from portcheck.net.dns import Names, NoResolverError, system_servers, upstream_servers
from portcheck.targets.srv import srv_targets

MOST_VIEWS = 8
MOST_OWN = 4  # of the forest's own servers
MOST_HOSTS = 8  # of a forest, whose addresses are asked of everybody too
TRIES = 2  # datagrams of a question that is not answered

Server = tuple[str, int]


def configured(servers: Sequence[Server]) -> list[tuple[Server, ...]]:
    """Whom this machine is set up to ask beside the `servers` of a forest; () stands for the system's one resolver."""
    try:
        system = system_servers()
    except NoResolverError:
        system = ()
    behind = [server for server in upstream_servers(system) if server not in system]
    alone: list[tuple[Server, ...]] = [()] if servers and len(system) == 1 else []
    lists = [system if len(system) > 1 else (), behind, servers if len(servers) > 1 else ()]
    return list(dict.fromkeys([*alone, *((server,) for each in lists for server in each)]))[:MOST_VIEWS]


def views(names: Names, own: Sequence[str] = ()) -> list[Names]:
    """Everybody else who may be asked; `own`: addresses of the forest's own servers."""
    asked = [*configured(tuple(names.servers)), *(((address, 53),) for address in dict.fromkeys(own[:MOST_OWN]))]
    named = set(names.servers)  # the system's are asked as programs ask them
    others = (
        Names(
            each,
            names.patience_s,
            bound=names.bound,
            tries=TRIES,
            source_ip=names.source_ip if named & set(each) else None,
        )
        for each in dict.fromkeys(asked)
    )
    return [view for view in others if view.label != names.label]


async def other_views(lookups: Iterable[Lookup], names: Names, others: Sequence[Names]) -> list[Lookup]:
    """The SRV questions again, of those who have not been asked them already."""
    told = list(lookups)
    asked = {lookup.name: lookup.answered_from for lookup in told if _main(lookup, names)}
    before = {(lookup.name, lookup.server) for lookup in told}
    again = (
        view.lookup(name, "SRV", required=False)
        for view in others
        for name, known in sorted(asked.items())
        if known not in {host for host, _ in view.servers} and (name, view.label) not in before
    )
    try:
        return list(await asyncio.gather(*again))
    except NoResolverError:
        return []


async def other_addresses(lookups: Iterable[Lookup], names: Names, others: Sequence[Names]) -> list[Lookup]:
    """The addresses of the hosts that SRV records name, of those who gave such records: one may keep them back."""
    told = list(lookups)
    hosts = {host for lookup in told if lookup.record == "SRV" for host in srv_targets(lookup)}
    known = {x.name: x for x in told if x.name in hosts and x.record == "A" and x.server == names.label and x.answers}
    giving = {lookup.server for lookup in told if lookup.record == "SRV" and lookup.answers}
    again = (
        view.lookup(host, "A", required=False)
        for view in others
        if view.label in giving
        for host in sorted(known)[:MOST_HOSTS]
        if known[host].answered_from not in {server for server, _ in view.servers}
    )
    return list(await asyncio.gather(*again))


def _main(lookup: Lookup, names: Names) -> bool:
    return lookup.record == "SRV" and lookup.server == names.label


async def of(others: Sequence[Names], name: str) -> Names | None:
    """The first of the others, in their order, that gives this SRV record."""
    told = await asyncio.gather(*(view.lookup(name, "SRV", required=False) for view in others))
    return next((view for view, lookup in zip(others, told, strict=True) if _gives(lookup)), None)


def _gives(lookup: Lookup) -> bool:
    return any(answer.rpartition(" ")[2] not in {"", "."} for answer in lookup.answers)
