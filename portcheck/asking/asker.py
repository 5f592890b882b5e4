"""The hosts of one forest: targets become hosts, their checks are planned, and all of them are asked."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import field, replace

from portcheck.asking.crowd import Crowd
from portcheck.asking.engine import Engine
from portcheck.asking.host import HostRun
from portcheck.asking.knowledge import HostState
from portcheck.asking.ledger import Ledger
from portcheck.asking.shards import Shards
from portcheck.catalogue.profiles import Profile
from portcheck.config import ForestSpec
from portcheck.frozen import dataclass
from portcheck.model import Check, DomainController, Facts, State
from portcheck.model.events import ForestFound, Notify
from portcheck.model.target import DC, Pin, Selection, Target
from portcheck.net.dns import Names
from portcheck.net.platform.machine import is_here, is_loopback
from portcheck.targets.checks import checks_for
from portcheck.targets.known import from_file
from portcheck.targets.srv import Discovery, servers_of
from portcheck.targets.tunnel import Tunnel


@dataclass(slots=True)
class ForestAsker:
    """Of one forest's run. `ledger` and `hosts` grow while it runs, so that an interrupted run keeps what it has."""

    forest: ForestSpec
    profiles: Sequence[Profile]
    engine: Engine
    names: Names
    notify: Notify
    selection: Selection = field(default_factory=Selection)
    families: tuple[str, ...] = ("A", "AAAA")
    pins: tuple[Pin, ...] = ()  # ask these again, and nobody else
    trace: bool = True  # will there be a second look?
    controllers: bool = True  # whether anything is asked of them
    crowd: Crowd = field(default_factory=Crowd)  # of the whole run
    shards: Shards | None = None  # the processes that ask beside this one
    tunnel: Tunnel | None = None  # everything of a forest goes through it
    hosts: list[HostState] = field(default_factory=list)
    ledger: Ledger = field(init=False)
    lost: Counter[str] = field(default_factory=Counter)  # how many hosts were not asked to the end, by the reason
    left_out: list[int] = field(default_factory=list)  # how many checks of a host were too many for one run
    _asked: set[tuple[str, str | None, str, str]] = field(default_factory=set)
    _assumed: set[tuple[str, str | None]] = field(default_factory=set)  # what is asked so: target and address
    _pinned: frozenset[str] = frozenset()  # the keys of all pins
    _controller_here: bool = False  # this machine is one of the forest's controllers

    def __post_init__(self) -> None:
        self.ledger = Ledger(self.notify)
        self._pinned = frozenset().union(*(pin.keys for pin in self.pins))
        self._look_for_this_machine(from_file(self.forest))

    # Who is asked

    def fresh(self, places: Iterable[Target], found: Discovery) -> list[HostState]:
        """Those that are not asked yet, as hosts: they are the caller's to ask."""
        fresh, told = [], tuple(places)
        self._look_for_this_machine(told)
        for place in map(self._by_tunnel, told):
            what = (place.host, place.address, place.target, place.service)
            if what not in self._asked and not self._assumed_at(place):
                self._asked.add(what)
                fresh.append(self._host(place, found))
        self._assumed |= {(host.place.target, host.place.address) for host in fresh if host.place.assumed}
        self.hosts.extend(fresh)
        return fresh

    def pinned(self) -> list[HostState]:
        """The hosts of the pins."""
        self.hosts.extend(
            HostState(self._by_tunnel(pin.place), self.forest.ca_file, announced=pin.roles, far=pin.far)
            for pin in self.pins
        )
        return self.hosts

    def _by_tunnel(self, place: Target) -> Target:
        return place if self.tunnel is None else self.tunnel.through(place)

    def _look_for_this_machine(self, places: Sequence[Target]) -> None:
        """Among the controllers, where a profile speaks of what controllers open."""
        if not self._controller_here and any(row.opener == DC for profile in self.profiles for row in profile.rows):
            controllers = (place for place in places if place.target == DC and not place.dns_only)
            self._controller_here = any(is_here(place.address) for place in controllers)

    def _assumed_at(self, place: Target) -> bool:
        """It is asked already, as an assumed controller; as a machine around the forest it is asked all the same."""
        return (place.target, place.address) in self._assumed

    def _host(self, place: Target, found: Discovery) -> HostState:
        configured = place.address in servers_of(self.names, self.families)
        announced = found.announced(place.host) | ({"dns"} if configured else set())
        if place.source == "resolver":
            announced.add("dns")
        known = found.name_servers is not None and place.host not in found.name_servers
        sid = self.forest.expect.get("domain_sid", "") if place.domain in {"", self.forest.name} else ""
        return HostState(place, self.forest.ca_file, sid, frozenset(announced), no_name_server=known and not configured)

    def told(self) -> tuple[DomainController, ...]:
        """The controllers, as a report names them."""
        hosts = sorted(self.hosts, key=HostState.turn)
        return tuple(host.controller() for host in hosts if host.controls and not host.nobody)

    # Asking

    async def introduce(self, place: Target) -> Facts:
        """What the ping tells of it, over UDP or TCP; nobody waits long."""
        await self.engine.ready()
        host = HostState(self._by_tunnel(place), self.forest.ca_file)
        await self._run_of(host).introduced()
        return host.ping

    async def ask(self, hosts: Sequence[HostState]) -> None:
        """All are planned before the first is asked."""
        await self.engine.ready()
        if self.controllers and not self.pins:
            self.notify(ForestFound(self.forest.name, self.told()))
        planned = [(host, self._planned(host)) for host in hosts]
        if self.shards is not None:
            await self.shards.begin(planned)
        await asyncio.gather(*(self._ask(host, checks) for host, checks in planned))

    async def catch_up(self) -> bool:
        """A mapper that answered on the second look: now its interfaces can be asked. True if any were."""
        waiting = []
        for host in self.hosts:
            here = self.ledger.of(host)
            mapper = next((o for o in here if o.check.service == "rpc" and o.state is State.OK), None)
            behind = [o.check for o in here if o.state is State.SKIPPED and o.facts.get("mapper_silent")]
            if mapper is not None and behind:
                waiting += [self._run_of(host).interface(check, mapper) for check in behind]
        await asyncio.gather(*waiting)
        return bool(waiting)

    def _planned(self, host: HostState) -> tuple[Check, ...]:
        mine = self.ledger.own(host, self._checks(host.place))
        wanted = tuple(check for check in mine if not self.pins or check.key in self._pinned)
        return self.ledger.plan(self.engine.within_bounds(wanted, self.left_out))

    async def _ask(self, host: HostState, checks: tuple[Check, ...]) -> None:
        async with self.crowd.let_in(len(checks)):
            if self.shards is None or not self.shards.takes(host):
                await self._run_of(host).everything(checks)
            elif why := await self.shards.ask(host, self.forest, checks, self.ledger):
                self.lost[why] += 1
        host.known.set()  # whatever it has not said by now, it will not say

    def _run_of(self, host: HostState) -> HostRun:
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
