"""The forest as its clients use it: whatever goes beyond the controllers' own names, asked beside the rest."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import field, replace

from portcheck.asking.asker import ForestAsker
from portcheck.asking.knowledge import HostState
from portcheck.asking.together import together
from portcheck.config import ForestSpec
from portcheck.frozen import dataclass
from portcheck.model import GOOD, Check, Facts, Lookup, Need, Outcome, State
from portcheck.model.target import Target
from portcheck.net.dns import Names, NoResolverError, is_address
from portcheck.probes.probe import Subject
from portcheck.targets import client_names
from portcheck.targets.client_names import GC_NAME, MOST_ADDRESSES, ClientAddress
from portcheck.targets.srv import Discovery, srv_targets

OF_THE_ROOT = frozenset({"ldap-ping", "kerberos", "gc"})
"""What a child domain's members need of the forest's root: the locator, referred tickets, forest-wide searches."""

MOST_REVERSED = 64  # addresses of a forest, of which the names are looked up

LDAP, GC = ("ldap", 389), ("gc", 3268)
WHO_SAYS = ("dns_host_name", "domain", "forest")


@dataclass(slots=True)
class Clients:
    """Bound to one forest's run; `lookups`, `facts` and `hosts` are the run's own and grow."""

    forest: ForestSpec
    names: Names
    families: Sequence[str]
    lookups: list[Lookup]
    facts: Facts
    asker: ForestAsker
    too_many: list[str] = field(default_factory=list)  # what was left out, since DNS gave more than makes sense
    unusable: list[str] = field(default_factory=list)  # addresses at which nobody can be
    asks_ldap: bool = True  # whether the run's selection takes LDAP
    _done: set[str] = field(default_factory=set)  # what was looked at once
    _reversed: set[str] = field(default_factory=set)  # addresses

    def _first(self, kind: str) -> bool:
        fresh = kind not in self._done
        self._done.add(kind)
        return fresh

    async def ask(self, places: Iterable[Target], found: Discovery) -> None:
        """All that are not asked yet, and whoever they lead to; beside the checks nothing goes past a tunnel."""
        if fresh := self.asker.fresh(places, found):
            following = [] if self.asker.tunnel is not None else [self._follow(host) for host in fresh]
            await together([self.asker.ask(fresh), *following])

    # The domain's own name, and those that referrals lead to

    async def domain_addresses(self) -> None:
        """Each address that is no controller's own: does it answer LDAP?"""
        if not self.asks_ldap or not self._first("addresses"):
            return
        told, found = await client_names.addresses(self.forest, self.names, self.families)
        self.lookups.extend(told)
        known = self._controllers_own()
        strange: dict[str, list[ClientAddress]] = {}
        for one in found:
            if one.address not in known:
                strange.setdefault(one.address, []).append(one)
        asked = list(strange.items())[:MOST_ADDRESSES]
        if left := len(strange) - len(asked):
            self.too_many.append(
                f"{left} of the {len(strange)} addresses of {self.forest.name} that are no controller's"
            )
        if rows := list(await asyncio.gather(*(self._looked_at(uses) for _, uses in asked))):
            self.facts["domain_addresses"] = rows

    async def _looked_at(self, uses: Sequence[ClientAddress]) -> dict[str, object]:
        """A row of the forest's facts; at this machine's own address, or a group's, nobody is asked."""
        if why := uses[0].nobodys:
            return {"address": uses[0].address, "names": _names(uses), "state": "nobodys", "reason": why}
        return _row(uses, await self._answers(uses))

    def _controllers_own(self) -> set[str]:
        asked = {host.place.address for host in self.asker.hosts if host.place.address and not host.place.dns_only}
        named = {dc.address for dc in self.forest.domain_controllers if dc.address}
        return asked | named | client_names.of_controllers(self.lookups)

    async def _answers(self, uses: Sequence[ClientAddress]) -> Outcome:
        catalog = all(one.name.startswith(GC_NAME) for one in uses)
        service, port = GC if catalog else LDAP
        port = self.forest.ports.get(service, port)
        name, address = uses[0].name, uses[0].address
        check = Check(self.forest.name, name, address, service, "tcp", port, Need.OPTIONAL, domain=uses[0].domain)
        subject = Subject(host="", domain=uses[0].domain, start_tls=False)
        return await self.asker.engine.run(check, subject)

    # What a controller's ping tells: this machine's site, the forest's root

    async def _follow(self, host: HostState) -> None:
        """What becomes known once this controller has said who it is."""
        if not host.controls or host.place.address is None or host.place.dns_only:
            return
        await host.known.wait()  # first things first: what comes beside must not delay the ping's answer
        await asyncio.gather(self._reverse(host.place.address), self._told_by(host))

    async def _told_by(self, host: HostState) -> None:
        own = host.place.domain in {self.forest.name, *self.forest.domains}
        if not self.forest.discover or not own:
            return
        told = host.ping if host.ping.get("hosts_domain") else {}
        site, root = str(told.get("client_site") or ""), str(told.get("forest") or "")
        await asyncio.gather(self.domain_addresses(), self._site(self.forest.site or site), self._root(root))

    async def _site(self, site: str) -> None:
        if not site or not self._first("site"):
            return
        lookup, found = await client_names.site_controllers(
            site, self.forest.name, self.lookups, self.names, self.families
        )
        self.lookups.extend(found.lookups)
        self.facts["own_site"] = site
        self.facts["own_site_from"] = "the run's settings" if self.forest.site else "the LDAP ping"
        if lookup.status in {"ok", "nxdomain", "nodata"}:
            self.facts["own_site_controllers"] = sorted(srv_targets(lookup))
        await self._ask(found, found.places)

    async def _root(self, root: str) -> None:
        if not root or root in {self.forest.name, *self.forest.domains} or not self._first("root"):
            return
        self.facts["forest_root"] = root
        self._no_catalog_of_its_own()
        found = await client_names.root_controllers(root, self.forest, self.names, self.families)
        self.lookups.extend(found.lookups)
        await self._ask(found, [replace(place, only=OF_THE_ROOT) for place in found.places])

    async def _ask(self, found: Discovery, places: Sequence[Target]) -> None:
        self.too_many.extend(found.too_many)
        self.unusable.extend(found.unusable)
        await self.ask(places, found)

    def _no_catalog_of_its_own(self) -> None:
        """_gc._tcp is registered under the forest's root only (MS-ADTS 6.3.2.3)."""
        own = f"_gc._tcp.{self.forest.name}"
        self.lookups[:] = [replace(seen, required=False) if seen.name == own else seen for seen in self.lookups]

    # Reverse names: resolvers are asked, never the host

    async def _reverse(self, address: str) -> None:
        if len(self._reversed) >= MOST_REVERSED or not is_address(address) or address in self._reversed:
            return
        self._reversed.add(address)
        try:
            await self.names.loaded()
            self.lookups.append(await client_names.reverse(address, self.names))
        except NoResolverError:
            return

    # At the end

    def settle(self) -> None:
        """Which hosts a client of this site turns to only when its own site's fail."""
        own = self.facts.get("own_site_controllers")
        here = frozenset(own) if isinstance(own, list) else frozenset()
        if not any(host.place.host in here and host.speaks for host in self.asker.hosts):
            return
        for host in self.asker.hosts:
            elsewhere = host.place.host not in here and host.ping.get("site") != self.facts["own_site"]
            host.far = host.controls and host.place.domain == self.forest.name and elsewhere


def _names(uses: Sequence[ClientAddress]) -> list[str]:
    return [one.name for one in uses]


def _row(uses: Sequence[ClientAddress], outcome: Outcome) -> dict[str, object]:
    says = {key: outcome.facts[key] for key in WHO_SAYS if key in outcome.facts}
    return {
        "address": uses[0].address,
        "names": _names(uses),
        "port": outcome.check.port,
        "state": outcome.state.value,
        "reason": outcome.reason,
        "local_fault": bool(outcome.facts.get("local_fault")) or outcome.state is State.ERROR,
        "answers": outcome.state in GOOD,
        **says,
    }
