"""The main job for one forest: who is there, what each of them says, and what that means."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from portcheck import discover
from portcheck.asking import Asking, hidden_ping
from portcheck.catalogue.profiles import Profile
from portcheck.config import ForestSpec, family
from portcheck.discover import Discovery
from portcheck.engine import Engine
from portcheck.events import ForestFound, Landed, Notify, Planned
from portcheck.host import FAMILIES, Host, without_address
from portcheck.judge import judge
from portcheck.model import Check, ForestReport, Lookup, Outcome, State, Verdict
from portcheck.net.patience import Patience
from portcheck.net.resolver import Names, NoResolverError, is_address, system_servers
from portcheck.plan import Place, Selection, checks_for
from portcheck.probes.base import Subject

if TYPE_CHECKING:
    from portcheck.investigate.case import Case, Walks

SLOW_DNS_S = 0.6  # name servers that take longer are asked meanwhile what they will be asked if they stay silent


@dataclass(slots=True)
class Survey:
    """One forest's run. `outcomes` and `hosts` grow while it runs, so that an interrupted run keeps what it has."""

    forest: ForestSpec
    profiles: Sequence[Profile]
    engine: Engine
    names: Names
    notify: Notify
    selection: Selection = field(default_factory=Selection)
    families: tuple[str, ...] = ("A", "AAAA")
    hosts: list[Host] = field(default_factory=list)
    lookups: list[Lookup] = field(default_factory=list)
    outcomes: dict[str, Outcome] = field(default_factory=dict)  # as seen; judged when the run settles
    planned: dict[str, Check] = field(default_factory=dict)
    problem: str | None = None
    trace: bool = True  # will there be a second look?
    _asked: set[tuple[str, str | None]] = field(default_factory=set)
    _early: dict[str, asyncio.Task[Outcome]] = field(default_factory=dict)  # begun before it was sure to be asked
    _walks: dict[str, Walks] = field(default_factory=dict)  # by address

    async def run(self) -> None:
        """Named controllers start at once; those that DNS advertises follow when it has answered."""
        await self._find_servers()
        await asyncio.gather(self._named(), self._advertised())
        if not self.hosts and self.problem is None:
            self.problem = "no domain controller is named, and DNS advertises none"

    async def compare_views(self) -> None:
        """The SRV questions again, of the system's resolver and of the forest's own servers: do they agree?"""
        own = [host.place.address for host in self.hosts if "dns" in host.announced and host.place.address]
        self.lookups.extend(await discover.views(self.names, self.lookups, dict.fromkeys(own)))

    async def _find_servers(self) -> None:
        """Name servers that the file gives by name: their addresses, from the system's resolver."""
        named = [server for server in self.forest.dns if not is_address(server.host)]
        found = await discover.servers(named, self.families, self.names.patience_s)
        self.lookups.extend(found.lookups)
        self.names.servers = (*self.names.servers, *((place.host, place.ports["dns"]) for place in found.places))
        if named and not self.names.servers:
            self.problem = f"none of the forest's name servers has an address: {', '.join(s.host for s in named)}"

    async def _named(self) -> None:
        if self.forest.domain_controllers:
            found = await self._discovered(discover.explicit(self.forest, self.names, self.families))
            await self._ask_all(found.places, found)

    async def _advertised(self) -> None:
        if not self.forest.discover:
            await self._ask_servers(Discovery(), self._servers())
            return
        meanwhile = asyncio.create_task(self._ask_early())
        try:
            found = await self._discovered(discover.advertised(self.forest, self.names, self.families))
            await self._follow(found, self._servers())
        finally:
            for early in (meanwhile, *self._early.values()):
                early.cancel()

    async def _ask_early(self) -> None:
        """DNS keeps silent: its servers will be asked themselves, in the end. That need not wait for the end."""
        await asyncio.sleep(SLOW_DNS_S)
        await self.engine.ready()
        for address in () if self.names.heard else self._servers():
            place = self._server_place(address)
            host = self._host(place, Discovery())
            for check in (hidden_ping(place, self.forest), *self._checks(place)):
                self._early[check.id] = asyncio.create_task(self._start(host, check, host.subject()))

    async def _follow(self, found: Discovery, servers: Sequence[str]) -> None:
        if found.places or self.forest.domain_controllers:
            at = {place.address for place in found.places} | {c.address for c in self.forest.domain_controllers}
            others = [address for address in servers if address not in at]
            await asyncio.gather(self._ask_all(found.places, found), self._ask_servers(found, others))
        else:
            await self._last_resort(found, servers)

    async def _discovered(self, asking: Awaitable[Discovery]) -> Discovery:
        try:
            found = await asking
        except NoResolverError as error:
            self.problem = str(error)
            return Discovery()
        self.lookups.extend(found.lookups)
        return found

    def _servers(self) -> list[str]:
        """Those of them that may be asked as hosts too."""
        return [host for host, _ in self.names.servers if family(host) in self.families]

    async def _ask_servers(self, found: Discovery, addresses: Iterable[str]) -> None:
        """Name servers that the file names and that are no known controllers: only DNS is asked of them."""
        named = {c.address for c in self.forest.domain_controllers}
        await self._ask_all([self._server_place(address) for address in addresses if address not in named], found)

    def _server_place(self, address: str) -> Place:
        return Place(address, address, "dns-server", self.forest.name, dns_only=True)

    async def _last_resort(self, found: Discovery, servers: Sequence[str]) -> None:
        """DNS told nobody. The name may be a host's, or lead to controllers itself; name servers often are some."""
        silent = bool(found.lookups) and all(lookup.status == "timeout" for lookup in found.lookups)
        own = await self._discovered(discover.by_name(self.forest.name, self.names, self.families, silent=silent))
        candidates = [place.address for place in own.places] or list(servers)

        async def ask(address: str | None) -> None:
            host = Host(Place(address or "", address, "dns-server"), self.forest.ca_file)
            await self._asking(host).ping(hidden_ping(host.place, self.forest))
            await self._ask_all([self._recognised(host, by_name=bool(own.places))], found)

        await asyncio.gather(*(ask(address) for address in candidates))
        if not candidates and own.lookups and all(lookup.status == "nodata" for lookup in own.lookups):
            self._note_other_family()
        if not candidates and self.problem is None and silent:
            places = [Place(address, address, "resolver", dns_only=True) for address, _ in system_servers()]
            await self._ask_all(places, found)

    def _note_other_family(self) -> None:
        """The name exists. If addresses of one family only were asked for, it may well be a host with the other."""
        if missing := FAMILIES.get(tuple(self.families)):
            self.problem = f"{self.forest.name} has no {missing}, and DNS advertises no domain controller under it"
            self.lookups = [replace(lookup, required=False) for lookup in self.lookups]

    def _recognised(self, host: Host, *, by_name: bool) -> Place:
        """The place as what its ping says it is: the host that was named, a controller of the domain, or unknown."""
        told = str(host.ping.get("dns_host_name") or "")
        if by_name and (not told or told == self.forest.name):
            self.lookups = [replace(lookup, required=False) for lookup in self.lookups]  # a host has no SRV records
            return replace(host.place, host=self.forest.name, source="argument")
        if told:
            return replace(
                host.place, host=told, source="address" if by_name else "dns-server", domain=self.forest.name
            )
        return replace(host.place, dns_only=True, domain=self.forest.name)

    async def _ask_all(self, places: Iterable[Place], found: Discovery) -> None:
        fresh = []
        for place in places:
            if (place.host, place.address) not in self._asked:
                self._asked.add((place.host, place.address))
                fresh.append(self._host(place, found))
        self.hosts.extend(fresh)
        if not fresh:
            return
        await self.engine.ready()
        self.notify(ForestFound(self.forest.name, tuple(host.controller() for host in self.hosts)))
        await asyncio.gather(*(self._ask(host) for host in fresh))

    def _host(self, place: Place, found: Discovery) -> Host:
        configured = place.address in self._servers()
        announced = found.announced(place.host) | ({"dns"} if configured else set())
        if place.source == "resolver":
            announced.add("dns")
        known = found.name_servers is not None and place.host not in found.name_servers
        return Host(place, self.forest.ca_file, frozenset(announced), no_name_server=known and not configured)

    async def _ask(self, host: Host) -> None:
        checks = self._checks(host.place)
        self.planned.update((check.id, check) for check in checks)
        self.notify(Planned(checks))
        await self._asking(host).everything(checks)

    def _asking(self, host: Host) -> Asking:
        return Asking(host, self.forest, self.engine, self._run, self._land, self.planned, self.outcomes)

    def _checks(self, place: Place) -> tuple[Check, ...]:
        return checks_for(place, self.forest, self.profiles, self.selection)

    async def _run(self, host: Host, check: Check, subject: Subject) -> Outcome:
        """Ask, or take what was asked early. If it seems to end in silence, the second look's walk begins."""
        if check.address is None:
            return without_address(check, self.families)
        begun = self._early.pop(check.id, None)
        return replace(await begun, check=check) if begun is not None else await self._start(host, check, subject)

    async def _start(self, host: Host, check: Check, subject: Subject) -> Outcome:
        return await self.engine.run(check, subject, lambda: self._unheard(host, check))

    def _unheard(self, host: Host, check: Check) -> None:
        if self.trace and host.place.address is not None:
            from portcheck.investigate import path

            case, silent = self._case(host), Outcome(check, State.FILTERED, "no answer yet")
            if case.matters(silent):
                path.ahead(case, silent)

    def _land(self, host: Host, outcome: Outcome) -> Outcome:
        self.outcomes[outcome.check.id] = outcome
        self.notify(Landed(judge(outcome, host.offered)))
        return outcome

    def cases(self) -> list[Case]:
        """Each host as the second look wants it."""
        return [self._case(host) for host in self.hosts if host.place.address is not None]

    def _case(self, host: Host) -> Case:
        from portcheck.investigate.case import Case  # late: only for what failed
        from portcheck.probes.registry import datagram_of

        address = host.place.address
        assert address is not None

        def outcomes() -> tuple[Outcome, ...]:
            return tuple(o for o in self.outcomes.values() if (o.check.host, o.check.address) == host.where)

        async def ask(outcome: Outcome, patience: Patience, segment: int | None) -> Outcome:
            return await self.engine.again(outcome.check, self._subject(host, outcome), patience, segment)

        def land(outcome: Outcome) -> None:
            self._land(host, outcome)

        def payload(outcome: Outcome) -> bytes:
            return datagram_of(outcome.check.service, host.subject())

        def matters(outcome: Outcome) -> bool:
            return judge(outcome, host.offered).verdict in {Verdict.FAIL, Verdict.WARN}

        walks = self._walks.setdefault(address, {})
        return Case(host.place.host, address, outcomes, ask, land, payload, matters, self.engine.source_ip, walks)

    async def catch_up(self) -> bool:
        """A mapper that answered on the second look: now its interfaces can be asked. True if any were."""
        waiting = []
        for host in self.hosts:
            here = [o for o in self.outcomes.values() if (o.check.host, o.check.address) == host.where]
            mapper = next((o for o in here if o.check.service == "rpc" and o.state is State.OK), None)
            behind = [o.check for o in here if o.state is State.SKIPPED and o.facts.get("mapper_silent")]
            if mapper is not None and behind:
                waiting += [self._asking(host).interface(check, mapper) for check in behind]
        await asyncio.gather(*waiting)
        return bool(waiting)

    def _subject(self, host: Host, outcome: Outcome) -> Subject:
        if not outcome.check.service.startswith("rpc-"):
            return host.subject()
        ports = outcome.facts.get("port_candidates")
        usable = tuple(ports) if isinstance(ports, list) else ()
        return host.rpc_subject(outcome.check, usable or ((outcome.check.port,) if outcome.check.port else ()))

    def settled(self) -> tuple[Outcome, ...]:
        """Everything in the order it was planned, judged with all that is known at the end."""
        hosts = {host.where: host for host in self.hosts}
        found = []
        for check in self.planned.values():
            left = Outcome(check, State.SKIPPED, "the run ended before it was answered", facts={"unfinished": True})
            host = hosts[(check.host, check.address)]
            found.append(judge(host.in_hindsight(self.outcomes.get(check.id, left)), host.offered))
        return tuple(found)

    def report(self) -> ForestReport:
        return ForestReport(
            name=self.forest.name,
            profiles=tuple(profile.name for profile in self.profiles),
            domain_controllers=tuple(host.controller() for host in self.hosts),
            lookups=tuple(self.lookups),
            problem=self.problem,
        )
