"""Name servers that contradict each other about the controllers: who answers at the addresses that were not asked?

Only what is asked answers that: an LDAP ping to each such address, of a few, and nothing where all servers agree.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Sequence

from portcheck.frozen import dataclass
from portcheck.model import Lookup
from portcheck.net.dns import Names
from portcheck.targets import views
from portcheck.targets.srv import nobodys, srv_targets

MOST_PLACES = 4  # addresses of a forest that are asked who is there


@dataclass(frozen=True, slots=True, order=True)
class Elsewhere:
    """Where another server than the one that the run goes by leads to."""

    host: str
    address: str


async def of_their_hosts(lookups: Sequence[Lookup], names: Names) -> list[Lookup]:
    """The addresses of hosts of which nobody gave an address, of the other servers whose SRV records name them."""
    others = {view.label: view for view in views.views(names)}
    asked = {x.name for x in lookups if x.record in {"A", "AAAA"} and x.answers}
    wanted = {
        (host, x.server): None
        for x in lookups
        if x.record == "SRV" and x.server in others
        for host in srv_targets(x)
        if host not in asked
    }
    few = list(wanted)[: views.MOST_HOSTS]
    return list(await asyncio.gather(*(others[server].lookup(host, "A", required=False) for host, server in few)))


def places(lookups: Iterable[Lookup], names: Names, asked: Collection[str]) -> tuple[Elsewhere, ...]:
    """The controllers' addresses that other servers give, and that the run did not ask."""
    told = list(lookups)
    hosts = {host for x in told if x.record == "SRV" for host in srv_targets(x)}
    of_hosts = [x for x in told if x.record in {"A", "AAAA"} and x.name in hosts and x.server != names.label]
    found = {
        Elsewhere(x.name, address)
        for x in of_hosts
        for address in x.answers
        if address not in asked and not nobodys(address, here=False)
    }
    return tuple(sorted(found)[:MOST_PLACES])
