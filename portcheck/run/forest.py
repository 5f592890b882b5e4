"""The main job for one forest: who is there, what each of them says, and what that means."""

from __future__ import annotations

import asyncio
from dataclasses import field
from typing import TYPE_CHECKING

from portcheck.asking.asker import ForestAsker
from portcheck.asking.knowledge import HostState
from portcheck.asking.ledger import Ledger
from portcheck.asking.page import HostPage
from portcheck.config import CLOUD, ForestSpec, ProxySpec
from portcheck.frozen import dataclass
from portcheck.model import GOOD, Check, Facts, ForestReport, Lookup, Outcome, State
from portcheck.model.target import DC
from portcheck.net.dns import NoResolverError
from portcheck.run import bounds
from portcheck.run.clients import Clients
from portcheck.run.naming import NamedController, NamesBeside
from portcheck.run.search import Search
from portcheck.targets import systems, tunnel, views
from portcheck.targets.srv import Discovery, in_order
from portcheck.targets.tunnel import Tunnel

if TYPE_CHECKING:
    from portcheck.investigate.case import Ahead, Case


@dataclass(slots=True)
class ForestRun:
    """One forest's run: who is there, and, through its `asker`, what they say."""

    asker: ForestAsker
    proxy: ProxySpec | None = None  # on the way to the cloud
    problem: str | None = None
    facts: Facts = field(default_factory=dict)
    lookups: list[Lookup] = field(default_factory=list)
    _search: Search = field(init=False)
    _naming: NamesBeside = field(init=False)
    _clients: Clients = field(init=False)
    _ahead: dict[str, Ahead] = field(default_factory=dict)  # what of the second look was begun ahead, by address

    def __post_init__(self) -> None:
        asker, lookups = self.asker, self.lookups
        named = asker.forest, asker.names, asker.families
        self._naming = NamesBeside(*named, lookups, self.facts, asker)
        self._clients = Clients(*named, lookups, self.facts, asker, asks_ldap=asker.selection.takes("ldap", "tcp", 389))
        self._search = Search(*named, lookups, asker, self._clients, self._naming)

    @property
    def forest(self) -> ForestSpec:
        return self.asker.forest

    @property
    def hosts(self) -> list[HostState]:
        return self.asker.hosts

    @property
    def ledger(self) -> Ledger:
        return self.asker.ledger

    async def run(self) -> None:
        """Everything but the second look."""
        asker = self.asker
        if self.proxy is not None and self.proxy.socks and self.forest.name != CLOUD:
            try:
                asker.tunnel = await tunnel.located(self.proxy, asker.families)
            except NoResolverError as error:
                self.problem = f"the proxy {self.proxy}: {error}"
                return
        if asker.pins:
            await asker.ask(asker.pinned())
            return
        try:
            await self._search.find_servers()
            searching = [self._search.run()] if asker.controllers else []
            if searching and self._reversed():  # whether this machine is a controller, only the search tells
                await searching.pop()
            await asyncio.gather(*searching, self._around())
            if asker.controllers:
                await self._naming.afterwards(self._named_controllers())
        finally:
            self.problem = self.problem or self._search.problem
            self._clients.settle()
        if asker.tunnel is not None and asker.controllers and not any(host.controls for host in self.hosts):
            await self._far_name(asker.tunnel)
        if self.problem is None and asker.controllers:
            self.problem = self._nobody_there()

    async def _far_name(self, way: Tunnel) -> None:
        place = way.by_name(self.forest)
        if place.route is not None:
            self.problem = None
            await self._clients.ask([place], Discovery())

    def _nobody_there(self) -> str | None:
        if not any(host.controls for host in tuple(self.hosts)):
            return "no domain controller is named, and DNS advertises none"
        if any(host.controls and not host.nobody for host in tuple(self.hosts)):
            return None
        return f"at none of {len(self.hosts)} addresses a domain controller answers: none is there, or it is filtered"

    def _reversed(self) -> bool:
        return any(row.opener == DC and row.target != DC for profile in self.asker.profiles for row in profile.rows)

    async def _around(self) -> None:
        """The machines around the forest; of the cloud, its endpoints."""
        asker = self.asker
        wanted = systems.SystemsWanted(asker.forest, asker.profiles, asker.selection, asker.families)
        found = await self._search.discovered(systems.places(wanted, asker.names, self.proxy))
        await asyncio.gather(self._clients.ask(found.places, Discovery()), self._naming.beside(found))

    async def compare_views(self) -> None:
        """The SRV questions again, of the forest's own servers: do they agree with those that are configured here?"""
        own = [host.place.address for host in self.hosts if "dns" in host.announced and host.place.address]
        others = views.views(self.asker.names, sorted(own))
        self.lookups.extend(await views.other_views(self.lookups, self.asker.names, others))

    def _named_controllers(self) -> tuple[NamedController, ...]:
        hosts = [host for host in self.hosts if host.controls and host.place.source != "resolver"]
        return tuple(
            NamedController(
                host.place.host,
                host.place.address,
                host.speaks,
                self._serves_dns(host),
                by_name=host.place.source == "argument",
            )
            for host in hosts
            if host.place.address is not None
        )

    def _serves_dns(self, host: HostState) -> bool:
        told = (o.state in GOOD for o in self.ledger.of(host) if o.check.service == "dns")
        return any(told) or "dns" in host.announced

    def cases(self) -> list[Case]:
        """Each host as the second look wants it."""
        return [self._case(host) for host in self.hosts if host.reached_at is not None]

    def look_ahead(self, host: HostState, check: Check) -> None:
        """The check seems to end in silence: the walk towards it begins, where that would hurt."""
        if host.reached_at is not None:
            from portcheck.investigate import ahead  # late: only for what failed

            case, silent = self._case(host), Outcome(check, State.FILTERED, "no answer yet")
            if case.matters(silent):
                ahead.begin(case, silent, at_once=self.asker.engine.answers_at_once(check))

    def _case(self, host: HostState) -> Case:
        """Of a host that packets go to."""
        from portcheck.investigate.case import Ahead, Case

        address, engine = host.reached_at, self.asker.engine
        assert address is not None
        return Case(
            host.place.host,
            address,
            HostPage(self.ledger, host, engine),
            engine.source_ip,
            self._ahead.setdefault(address, Ahead()),
            engine.walks_begun,
            engine.walking,
            engine.sampled,
        )

    async def hold_tunnels(self, quiet_s: float) -> None:
        """Of each proxy that works, one tunnel: how long may it be quiet?"""
        from portcheck.investigate import proxy_idle  # late: only for those who ask for it

        landed = ((self.ledger.whose(o), o) for o in self.ledger.outcomes.values())
        working = [(host, o) for host, o in landed if host.tunnels(o)]
        for host, better in await proxy_idle.hold(working, quiet_s, self.asker.engine.source_ip):
            self.ledger.land(host, better)

    def report(self) -> ForestReport:
        asker, clients = self.asker, self._clients
        told = bounds.left_out(clients.too_many, clients.unusable, sum(asker.left_out), asker.engine.max_checks)
        return ForestReport(
            name=self.forest.name,
            profiles=tuple(profile.name for profile in asker.profiles),
            domain_controllers=asker.told(),
            lookups=in_order(self.lookups, asker.names.label),
            problem=self.problem or bounds.lost(asker.lost),
            facts=self.facts | told | self._kind(),
        )

    def _kind(self) -> Facts:
        """What the part is where it is no forest."""
        kind = "cloud" if self.forest.name == CLOUD else "network" if self.forest.swept else ""
        return {"kind": kind} if kind else {}
