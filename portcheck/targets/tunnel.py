"""A run through a SOCKS proxy: the way that each host gets, and who looks its name up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from portcheck.config import ForestSpec, ProxySpec
from portcheck.frozen import dataclass
from portcheck.model import Lookup
from portcheck.model.target import Route, Target
from portcheck.net.dns import Names, is_address

FAR = "socks5h"


@dataclass(frozen=True, slots=True)
class Tunnel:
    """The proxy and where it is."""

    proxy: ProxySpec
    addresses: tuple[str, ...]

    def through(self, place: Target) -> Target:
        """The place by way of the proxy: asked for by its address, by its name where nobody here looked that up."""
        if place.route is not None or place.unasked:
            return place
        far = place.address or (place.host if self.proxy.scheme == FAR else "")
        if not far:
            return place  # a name without an address: said as ever
        return replace(place, route=route(self.proxy, self.addresses, far))

    def by_name(self, forest: ForestSpec) -> Target:
        """Where DNS tells of no controller here: the domain's own name, which the far end looks up."""
        return self.through(Target(forest.name, None, "argument"))


def route(proxy: ProxySpec, addresses: Sequence[str], far: str = "") -> Route:
    return Route(tuple(addresses), str(proxy), proxy.port, proxy.credentials, proxy.scheme, far)


async def located(proxy: ProxySpec, families: Sequence[str]) -> Tunnel:
    """The proxy's own name is looked up by this machine's resolver, not by a forest's. Raises NoResolverError."""
    if is_address(proxy.host):
        return Tunnel(proxy, (proxy.host,))
    lookups = await Names().addresses(proxy.host, families)
    return Tunnel(proxy, tuple(address for lookup in lookups for address in lookup.answers))


class NamesFar(Names):
    """Records that lead to controllers are asked for here, and may be unknown here; addresses are the far end's."""

    __slots__ = ()

    async def lookup(self, name: str, record: str, *, required: bool = True) -> Lookup:
        del required
        return await super().lookup(name, record, required=False)

    async def addresses(self, host: str, families: Sequence[str]) -> list[Lookup]:
        del host, families
        return []

    async def without_dns(self, host: str, families: Sequence[str]) -> list[Lookup]:
        del host, families
        return []
