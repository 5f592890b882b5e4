"""Who is there: DNS, the file, and, where those say nothing, the name servers themselves. Asks only who somebody is."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Iterable, Sequence
from dataclasses import replace

from portcheck.asking.asker import ForestAsker
from portcheck.asking.knowledge import FAMILIES
from portcheck.config import ForestSpec
from portcheck.frozen import dataclass
from portcheck.model import Facts, Lookup
from portcheck.model.target import Target
from portcheck.net.dns import UNHEARD, Names, NoResolverError, system_servers
from portcheck.run.clients import Clients
from portcheck.run.naming import NamesBeside
from portcheck.targets import srv, views
from portcheck.targets.srv import Discovery

DNS_HEAD_START_S = 0.3
SILENT_DNS_S = 1.2  # more; a resolver far away has answered by then: what DNS has not told is asked without it


@dataclass(slots=True)
class Search:
    """One forest's hosts, asked as they are found; what else the names found are held against is asked beside."""

    forest: ForestSpec
    names: Names
    families: Sequence[str]
    lookups: list[Lookup]
    asker: ForestAsker
    clients: Clients
    naming: NamesBeside
    problem: str | None = None

    async def run(self) -> None:
        """Named controllers are asked at once; those that DNS advertises follow when it has answered."""
        await asyncio.gather(self._named(), self._advertised())

    async def find_servers(self) -> None:
        """Name servers that the file gives by name: their addresses, from the system's resolver."""
        found, servers = await srv.named_servers(self.forest, self.names.patience_s, self.families)
        self.lookups.extend(found)
        self.names.servers = (*self.names.servers, *servers)
        if self.forest.dns and not self.names.servers:
            told = ", ".join(server.host for server in self.forest.dns)
            self.problem = f"none of the forest's name servers has an address: {told}"

    async def _named(self) -> None:
        if self.forest.domain_controllers:
            found = await self.discovered(srv.explicit(self.forest, self.names, self.families))
            await asyncio.gather(self.clients.ask(found.places, found), self.naming.beside(found))

    async def _advertised(self) -> None:
        if not self.forest.discover:
            await self._ask_servers(Discovery(), self.servers)
            return
        discovering = asyncio.create_task(self.discovered(srv.advertised(self.forest, self.names, self.families)))
        heard = asyncio.create_task(self.names.heard.wait())
        try:
            await asyncio.wait([discovering, heard], timeout=DNS_HEAD_START_S, return_when=asyncio.FIRST_COMPLETED)
            silent = not self.names.heard.is_set() and self.problem is None
            await asyncio.gather(self._told_by_dns(discovering), *([self._without_dns(discovering)] if silent else []))
        finally:
            heard.cancel()
            discovering.cancel()

    async def _told_by_dns(self, discovering: Awaitable[Discovery]) -> None:
        found = await discovering
        if not found.places and self.names.heard.is_set():
            found = await self._of_another_server(found)
        if found.places or self.forest.domain_controllers:
            at = {place.address for place in found.places} | {c.address for c in self.forest.domain_controllers}
            others = [address for address in self.servers if address not in at]
            await asyncio.gather(
                self.clients.ask(found.places, found), self._ask_servers(found, others), self.naming.beside(found)
            )
        elif self.names.heard.is_set():
            resolvers = [] if self.servers or not _no_word(found) else [self._ask_resolvers()]
            await asyncio.gather(self._last_resort(found, self.servers), self.naming.beside(found), *resolvers)

    async def _of_another_server(self, found: Discovery) -> Discovery:
        """Of several servers the first that answers is believed. Where it knows no controller, another one may."""
        if self.forest.domain_controllers:
            return found
        others = views.views(self.names)
        knowing = await views.of(others, f"_ldap._tcp.dc._msdcs.{self.forest.name}")
        if knowing is None:
            return found
        asked = Names(knowing.servers, self.names.patience_s, bound=self.names.bound, source_ip=knowing.source_ip)
        other = await srv.advertised(self.forest, asked, self.families)
        told = [replace(lookup, required=lookup.required and lookup.record != "SRV") for lookup in other.lookups]
        self.lookups.extend(told)
        return replace(other, lookups=[*found.lookups, *told])

    async def discovered(self, asking: Awaitable[Discovery]) -> Discovery:
        try:
            found = await asking
        except NoResolverError as error:
            self.problem = str(error)
            return Discovery()
        self.lookups.extend(found.lookups)
        self.clients.too_many.extend(found.too_many)
        self.clients.unusable.extend(found.unusable)
        return found

    def _server(self, address: str) -> Target:
        """One of the name servers, as a host."""
        return srv.server_at(address, dict(self.names.servers).get(address), self.forest.name)

    @property
    def servers(self) -> list[str]:
        """Those of the name servers that may be asked as hosts too."""
        return srv.servers_of(self.names, self.families)

    async def _ask_servers(self, found: Discovery, addresses: Iterable[str]) -> None:
        """Name servers that the file names and that are no known controllers: only DNS is asked of them."""
        named = {c.address for c in self.forest.domain_controllers}
        places = [replace(self._server(address), dns_only=True) for address in addresses if address not in named]
        await self.clients.ask(places, found)

    async def _without_dns(self, discovering: asyncio.Task[Discovery]) -> None:
        """DNS says nothing. A forest's own name servers are nearly always its controllers: they are asked as such."""
        if self.forest.domain_controllers:
            return
        if self.servers:
            await asyncio.gather(*(self._ask_assumed(address) for address in self.servers))
            return
        await asyncio.gather(self._ask_silent_resolvers(), self._ask_by_name(discovering))

    async def _still_silent(self) -> bool:
        """Whether DNS has said nothing after a while; a slow one has by then."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.names.heard.wait(), SILENT_DNS_S)
        return not self.names.heard.is_set()

    async def _ask_assumed(self, address: str) -> None:
        place = self._server(address)
        ping, silent = await asyncio.gather(self.asker.introduce(place), self._still_silent())
        if silent and not self.names.heard.is_set():
            told = str(ping.get("dns_host_name") or "")
            place = replace(place, host=told) if told else replace(place, assumed=True)
            await self.clients.ask([place], Discovery())

    async def _ask_silent_resolvers(self) -> None:
        if await self._still_silent():
            await self._ask_resolvers()

    async def _ask_resolvers(self) -> None:
        """Is it the system's own name server that says nothing, or one behind it?"""
        places = [Target(address, address, "resolver", dns_only=True) for address, _ in system_servers()]
        await self.clients.ask(places, Discovery())

    async def _ask_by_name(self, discovering: asyncio.Task[Discovery]) -> None:
        """The hosts file may know the name. Who does not say which host it is may be any: DNS is waited for first."""
        own = await srv.by_name(self.forest.name, self.names, self.families, silent=True)
        pings = await asyncio.gather(
            *(self.asker.introduce(Target(p.host, p.address, "dns-server")) for p in own.places)
        )
        if not (own.places and all(ping.get("dns_host_name") for ping in pings)):
            await asyncio.wait([discovering])
        if not self.names.heard.is_set():
            self.lookups.extend(own.lookups)
            places = (replace(place, host=place.address or "", source="dns-server") for place in own.places)
            known = [self._recognised(p, ping, by_name=True) for p, ping in zip(places, pings, strict=True)]
            await self.clients.ask(known, own)

    async def _last_resort(self, found: Discovery, servers: Sequence[str]) -> None:
        """DNS told nobody. The name may be a host's, or lead to controllers itself; name servers often are some."""
        own = await self.discovered(srv.by_name(self.forest.name, self.names, self.families))
        candidates = [place.address for place in own.places] or servers
        named = bool(own.places)
        if not candidates and own.lookups and all(lookup.status == "nodata" for lookup in own.lookups):
            self._note_other_family()
        asking = (self._ask_candidate(address, found, by_name=named) for address in candidates)
        await asyncio.gather(*asking, self.naming.beside(own))

    def _note_other_family(self) -> None:
        """The name exists. If addresses of one family only were asked for, it may well be a host with the other."""
        if missing := FAMILIES.get(tuple(self.families)):
            self.problem = f"{self.forest.name} has no {missing}, and DNS advertises no domain controller under it"
            self.lookups[:] = [replace(lookup, required=False) for lookup in self.lookups]

    async def _ask_candidate(self, address: str | None, found: Discovery, *, by_name: bool) -> None:
        known = Target(address or "", address, "dns-server")
        place = known if by_name or address is None else replace(self._server(address), domain="")
        ping = await self.asker.introduce(place)
        await self.clients.ask([self._recognised(place, ping, by_name=by_name)], found)

    @property
    def _is_domain(self) -> bool:
        """The forests file says so, or name servers of its own do."""
        own = (x for x in self.lookups if x.name == self.forest.name and x.record == "NS")
        return self.forest.named_forest or any(x.status == "ok" and x.answers for x in own)

    def _unrelated(self, ping: Facts) -> bool:
        """Who answers is of another tree of names: no alias for a machine of the same."""
        other = str(ping.get("domain") or "")
        return (
            bool(other)
            and not f".{self.forest.name}".endswith(f".{other}")
            and not other.endswith(f".{self.forest.name}")
        )

    def _recognised(self, place: Target, ping: Facts, *, by_name: bool) -> Target:
        """The place as what its ping says it is: the host that was named, a controller of the domain, or unknown.

        A name without its end, which the system's search list completed, is the host's too; so is an alias, and a name
        with several machines' addresses behind it, unless it is the domain's own.
        """
        told = str(ping.get("dns_host_name") or "")
        # Of another domain: the name is an alias of a machine, or of several, and each says which.
        alias = bool(told) and ping.get("domain") not in {None, "", self.forest.name}
        if by_name and told != self.forest.name and self._is_domain and (not told or self._unrelated(ping)):
            return replace(place, host=self.forest.name, source="argument", domain=self.forest.name)
        if by_name and (not told or alias or told == self.forest.name or told.startswith(f"{self.forest.name}.")):
            self.lookups[:] = [replace(lookup, required=False) for lookup in self.lookups]  # a host has no SRV records
            return replace(place, host=self.forest.name, source="argument")
        if told:
            return replace(place, host=told, source="address" if by_name else "dns-server", domain=self.forest.name)
        return replace(place, dns_only=True, domain=self.forest.name)


def _no_word(found: Discovery) -> bool:
    """A forwarder with too many questions waiting refuses some, and answers none: as silent as if it refused none."""
    statuses = {lookup.status for lookup in found.lookups}
    return bool(statuses & UNHEARD) and statuses <= UNHEARD | {"refused", "servfail"}
