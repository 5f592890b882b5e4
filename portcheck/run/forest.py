"""The main job for one forest: who is there, what each of them says, and what that means."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import field, replace
from typing import TYPE_CHECKING

from portcheck.asking.crowd import Crowd
from portcheck.asking.engine import Engine
from portcheck.asking.host import HostRun
from portcheck.asking.knowledge import HostState
from portcheck.asking.ledger import Ledger
from portcheck.asking.shards import Shards
from portcheck.catalogue.profiles import Profile
from portcheck.config import CLOUD, ForestSpec, ProxySpec
from portcheck.frozen import dataclass
from portcheck.model import GOOD, Check, DomainController, Facts, ForestReport, Lookup, State
from portcheck.model.events import ForestFound, Notify
from portcheck.model.target import DC, Pin, Selection, Target
from portcheck.net.dns import Names, NoResolverError
from portcheck.net.platform.machine import is_here, is_loopback
from portcheck.run import bounds
from portcheck.run.again import Looks
from portcheck.run.clients import Clients
from portcheck.run.naming import NamedController, NamesBeside
from portcheck.targets import systems, tunnel, views
from portcheck.targets.checks import checks_for
from portcheck.targets.fallback import Search
from portcheck.targets.known import from_file
from portcheck.targets.srv import Discovery, in_order
from portcheck.targets.tunnel import Tunnel

if TYPE_CHECKING:
    from portcheck.investigate.case import Case


@dataclass(slots=True)
class ForestRun:
    """One forest's run. `ledger` and `hosts` grow while it runs, so that an interrupted run keeps what it has."""

    forest: ForestSpec
    profiles: Sequence[Profile]
    engine: Engine
    names: Names
    notify: Notify
    selection: Selection = field(default_factory=Selection)
    families: tuple[str, ...] = ("A", "AAAA")
    pins: tuple[Pin, ...] = ()  # ask these again, and nobody else
    hosts: list[HostState] = field(default_factory=list)
    ledger: Ledger = field(init=False)
    looks: Looks = field(init=False)
    problem: str | None = None
    trace: bool = True  # will there be a second look?
    facts: Facts = field(default_factory=dict)
    controllers: bool = True  # whether anything is asked of them
    proxy: ProxySpec | None = None  # on the way to the cloud
    crowd: Crowd = field(default_factory=Crowd)  # of the whole run
    shards: Shards | None = None  # the processes that ask beside this one
    lost: Counter[str] = field(default_factory=Counter)  # how many hosts were not asked to the end, by the reason
    left_out: list[int] = field(default_factory=list)  # how many checks of a host were too many for one run
    _asked: set[tuple[str, str | None, str, str]] = field(default_factory=set)
    _search: Search = field(init=False)
    _naming: NamesBeside = field(init=False)
    _clients: Clients = field(init=False)
    _tunnel: Tunnel | None = None  # everything of a forest goes through it
    _pinned: frozenset[str] = frozenset()  # the keys of all pins
    _assumed: set[tuple[str, str | None]] = field(default_factory=set)  # what is asked so: target and address
    _controller_here: bool = False  # this machine is one of the forest's controllers

    def __post_init__(self) -> None:
        self.ledger = Ledger(self.notify)
        self.looks = Looks(self.ledger, self.engine)
        self._look_for_this_machine(from_file(self.forest))
        lookups: list[Lookup] = []
        self._naming = NamesBeside(self.forest, self.names, self.families, lookups, self.facts, self._introduce)
        self._search = Search(
            self.forest, self.names, self.families, self._ask_all, self._introduce, self._naming.beside, lookups
        )
        self._clients = Clients(
            self.forest,
            self.names,
            self.families,
            self.engine,
            self.hosts,
            self.lookups,
            self.facts,
            self._ask_all,
            self._search.too_many,
            self._search.unusable,
            self.selection.takes("ldap", "tcp", 389),
        )

    @property
    def lookups(self) -> list[Lookup]:
        return self._search.lookups

    async def run(self) -> None:
        """Everything but the second look."""
        if self.proxy is not None and self.proxy.socks and self.forest.name != CLOUD:
            try:
                self._tunnel = await tunnel.located(self.proxy, self.families)
            except NoResolverError as error:
                self.problem = f"the proxy {self.proxy}: {error}"
                return
        if self.pins:
            self._pinned = frozenset().union(*(pin.keys for pin in self.pins))
            await self.engine.ready()
            self.hosts.extend(
                HostState(self._by_tunnel(pin.place), self.forest.ca_file, announced=pin.roles, far=pin.far)
                for pin in self.pins
            )
            await self._ask_hosts(self.hosts)
            return
        try:
            await self._search.find_servers()
            searching = [self._search.run()] if self.controllers else []
            if searching and self._reversed():  # whether this machine is a controller, only the search tells
                await searching.pop()
            await asyncio.gather(*searching, self._around())
            if self.controllers:
                await self._naming.afterwards(self._named_controllers())
        finally:
            self.problem = self.problem or self._search.problem
            self._clients.settle()
        if self._tunnel is not None and self.controllers and not any(host.controls for host in self.hosts):
            await self._far_name(self._tunnel)
        if self.problem is None and self.controllers:
            self.problem = self._nobody_there()

    async def _far_name(self, way: Tunnel) -> None:
        place = way.by_name(self.forest)
        if place.route is not None:
            self.problem = None
            await self._ask_all([place], Discovery())

    def _by_tunnel(self, place: Target) -> Target:
        return place if self._tunnel is None else self._tunnel.through(place)

    def _nobody_there(self) -> str | None:
        if not any(host.controls for host in tuple(self.hosts)):
            return "no domain controller is named, and DNS advertises none"
        if any(host.controls and not host.nobody for host in tuple(self.hosts)):
            return None
        return f"at none of {len(self.hosts)} addresses a domain controller answers: none is there, or it is filtered"

    def _reversed(self) -> bool:
        return any(row.opener == DC and row.target != DC for profile in self.profiles for row in profile.rows)

    async def _around(self) -> None:
        """The machines around the forest; of the cloud, its endpoints."""
        wanted = systems.SystemsWanted(self.forest, self.profiles, self.selection, self.families)
        found = await self._search.discovered(systems.places(wanted, self.names, self.proxy))
        await asyncio.gather(self._ask_all(found.places, Discovery()), self._naming.beside(found))

    async def compare_views(self) -> None:
        """The SRV questions again, of the forest's own servers: do they agree with those that are configured here?"""
        own = [host.place.address for host in self.hosts if "dns" in host.announced and host.place.address]
        others = views.views(self.names, sorted(own))
        self.lookups.extend(await views.other_views(self.lookups, self.names, others))

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

    async def _introduce(self, place: Target) -> Facts:
        """What the ping tells of it, over UDP or TCP; nobody waits long."""
        await self.engine.ready()
        host = HostState(self._by_tunnel(place), self.forest.ca_file)
        await self._asking(host).introduced()
        return host.ping

    async def _ask_all(self, places: Iterable[Target], found: Discovery) -> None:
        fresh, told = [], tuple(places)
        self._look_for_this_machine(told)
        for place in map(self._by_tunnel, told):
            what = (place.host, place.address, place.target, place.service)
            if what not in self._asked and not self._assumed_at(place):
                self._asked.add(what)
                fresh.append(self._host(place, found))
        self._assumed |= {(host.place.target, host.place.address) for host in fresh if host.place.assumed}
        self.hosts.extend(fresh)
        if not fresh:
            return
        await self.engine.ready()
        if self.controllers:
            self.notify(ForestFound(self.forest.name, self._controllers()))
        await self._ask_hosts(fresh)

    async def _ask_hosts(self, hosts: Sequence[HostState]) -> None:
        """All are planned before the first is asked."""
        planned = [(host, self._planned(host)) for host in hosts]
        if self.shards is not None:
            await self.shards.begin(planned)
        await asyncio.gather(*(self._ask(host, checks) for host, checks in planned))

    def _look_for_this_machine(self, places: Sequence[Target]) -> None:
        """Among the controllers, where a profile speaks of what controllers open."""
        if not self._controller_here and any(row.opener == DC for profile in self.profiles for row in profile.rows):
            controllers = (place for place in places if place.target == DC and not place.dns_only)
            self._controller_here = any(is_here(place.address) for place in controllers)

    def _assumed_at(self, place: Target) -> bool:
        """It is asked already, as an assumed controller; as a machine around the forest it is asked all the same."""
        return (place.target, place.address) in self._assumed

    def _host(self, place: Target, found: Discovery) -> HostState:
        configured = place.address in self._search.servers
        announced = found.announced(place.host) | ({"dns"} if configured else set())
        if place.source == "resolver":
            announced.add("dns")
        known = found.name_servers is not None and place.host not in found.name_servers
        sid = self.forest.expect.get("domain_sid", "") if place.domain in {"", self.forest.name} else ""
        return HostState(place, self.forest.ca_file, sid, frozenset(announced), no_name_server=known and not configured)

    def _planned(self, host: HostState) -> tuple[Check, ...]:
        mine = self.ledger.own(host, self._checks(host.place))
        wanted = tuple(check for check in mine if not self.pins or check.key in self._pinned)
        return self.ledger.plan(self.engine.within_bounds(wanted, self.left_out))

    async def _ask(self, host: HostState, checks: tuple[Check, ...]) -> None:
        async with self.crowd.let_in(len(checks)):
            if self.pins or self._tunnel is not None:  # beside the checks nothing goes past a tunnel
                await self._everything(host, checks)
                return
            following = asyncio.create_task(self._clients.follow(host))
            try:
                await self._everything(host, checks)
                host.known.set()  # whatever it has not said by now, it will not say
            except BaseException:
                following.cancel()
                await asyncio.gather(following, return_exceptions=True)
                raise
        try:
            await following  # outside: it may lead to hosts that have to be let in
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)

    async def _everything(self, host: HostState, checks: tuple[Check, ...]) -> None:
        """Its checks are asked: here, or by one of the other processes."""
        if self.shards is None or not self.shards.takes(host):
            await self._asking(host).everything(checks)
        elif why := await self.shards.ask(host, self.forest, checks, self.ledger):
            self.lost[why] += 1

    def _asking(self, host: HostState) -> HostRun:
        return HostRun(host, self.forest, self.engine, self.ledger, self.families, second_look=self.trace)

    def _checks(self, place: Target) -> tuple[Check, ...]:
        found = checks_for(place, self.forest, self.profiles, self.selection)
        if not any(check.opener for check in found):
            return found
        return tuple(replace(check, opener="") if check.opener and self._opens(check) else check for check in found)

    def _opens(self, check: Check) -> bool:
        """Whether this machine is one of those that open it: a controller, or not the MIM Service itself."""
        if self.pins or (check.address is not None and is_loopback(check.address)):  # asked before; somebody's trial
            return True
        return self._controller_here if check.opener == DC else not is_here(check.address)

    def cases(self) -> list[Case]:
        """Each host as the second look wants it."""
        return [self.looks.case(host) for host in self.hosts if host.reached_at is not None]

    async def hold_tunnels(self, quiet_s: float) -> None:
        """Of each proxy that works, one tunnel: how long may it be quiet?"""
        from portcheck.investigate import proxy_idle  # late: only for those who ask for it

        landed = ((self.ledger.whose(o), o) for o in self.ledger.outcomes.values())
        working = [(host, o) for host, o in landed if host.tunnels(o)]
        for host, better in await proxy_idle.hold(working, quiet_s, self.engine.source_ip):
            self.ledger.land(host, better)

    async def catch_up(self) -> bool:
        """A mapper that answered on the second look: now its interfaces can be asked. True if any were."""
        waiting = []
        for host in self.hosts:
            here = self.ledger.of(host)
            mapper = next((o for o in here if o.check.service == "rpc" and o.state is State.OK), None)
            behind = [o.check for o in here if o.state is State.SKIPPED and o.facts.get("mapper_silent")]
            if mapper is not None and behind:
                waiting += [self._asking(host).interface(check, mapper) for check in behind]
        await asyncio.gather(*waiting)
        return bool(waiting)

    def report(self) -> ForestReport:
        search, too_many = self._search, sum(self.left_out)
        told = bounds.left_out(search.too_many, search.unusable, too_many, self.engine.max_checks)
        return ForestReport(
            name=self.forest.name,
            profiles=tuple(profile.name for profile in self.profiles),
            domain_controllers=self._controllers(),
            lookups=in_order(self.lookups, self.names.label),
            problem=self.problem or bounds.lost(self.lost),
            facts=self.facts | told | self._kind(),
        )

    def _kind(self) -> Facts:
        """What the part is where it is no forest."""
        kind = "cloud" if self.forest.name == CLOUD else "network" if self.forest.swept else ""
        return {"kind": kind} if kind else {}

    def _controllers(self) -> tuple[DomainController, ...]:
        hosts = sorted(self.hosts, key=HostState.turn)
        return tuple(host.controller() for host in hosts if host.controls and not host.nobody)
