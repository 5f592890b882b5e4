"""The main job for one forest: who is there, what each of them says, and what that means."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from portcheck import around, discover
from portcheck.catalogue.profiles import Profile
from portcheck.catalogue.services import GENERIC
from portcheck.config import CLOUD, ForestSpec, ProxySpec
from portcheck.discover import Discovery
from portcheck.engine import Engine
from portcheck.events import ForestFound, Landed, Notify, Planned
from portcheck.host import Host, without_port
from portcheck.investigate import Case, tunnels
from portcheck.judge import judge
from portcheck.model import Check, DomainController, ForestReport, Lookup, Need, Outcome, State, Verdict
from portcheck.net.patience import Patience
from portcheck.net.resolver import Names, NoResolverError, is_address, system_servers
from portcheck.plan import Place, Selection, checks_for
from portcheck.probes import datagram_of
from portcheck.probes.base import Subject

# The LDAP ping goes first: it tells which services are not there. Nobody waits long for it.
HEAD_START_S = 0.3
TCP_HEAD_START_S = 0.5
ROLES_S = 1.5  # more, for a service that only the ping announces
PING_PORT = 389
MOST_VIEWS = 4


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
    controllers: bool = True  # whether anything is asked of them
    proxy: ProxySpec | None = None  # on the way to the cloud
    _whose: dict[str, Host] = field(default_factory=dict)  # by the check's id
    _asked: set[tuple[str, str | None, str, str]] = field(default_factory=set)

    async def run(self) -> None:
        """Named controllers start at once; those that DNS advertises follow when it has answered."""
        await self._find_servers()
        found = (self._named(), self._advertised()) if self.controllers else ()
        await asyncio.gather(*found, self._around())
        if self.controllers and not any(host.controls for host in self.hosts) and self.problem is None:
            self.problem = "no domain controller is named, and DNS advertises none"

    async def compare_views(self) -> None:
        """The SRV questions again, of the system's resolver and of the forest's own servers: do they agree?"""
        asked = {lookup.name: lookup for lookup in self.lookups if lookup.record == "SRV"}
        own = [host.place.address for host in self.hosts if "dns" in host.announced and host.place.address]
        views = [Names((), self.names.patience_s)] if self.names.servers else []
        views += [Names(((address, 53),), self.names.patience_s) for address in dict.fromkeys(own[:MOST_VIEWS])]
        for view in views:
            if view.label != self.names.label:
                with contextlib.suppress(NoResolverError):
                    again = (view.lookup(name, "SRV", required=False) for name in asked)
                    self.lookups.extend(await asyncio.gather(*again))

    async def _find_servers(self) -> None:
        """Name servers that the file gives by name: their addresses, from the system's resolver."""
        named = [server for server in self.forest.dns if not is_address(server.host)]
        if not named:
            return
        asked = Names(patience_s=self.names.patience_s)
        for server in named:
            found = await asked.addresses(server.host, self.families)
            self.lookups.extend(found)
            addresses = [address for lookup in found for address in lookup.answers]
            self.names.servers = (*self.names.servers, *((address, server.port) for address in addresses[:1]))
        if not self.names.servers:
            self.problem = f"none of the forest's name servers has an address: {', '.join(s.host for s in named)}"

    async def _named(self) -> None:
        if self.forest.domain_controllers:
            found = await self._discovered(discover.explicit(self.forest, self.names, self.families))
            await self._ask_all(found.places, found)

    async def _advertised(self) -> None:
        if not self.forest.discover:
            await self._ask_servers(Discovery(), self._servers())
            return
        found = await self._discovered(discover.advertised(self.forest, self.names, self.families))
        servers = self._servers()
        if found.places or self.forest.domain_controllers:
            at = {place.address for place in found.places} | {c.address for c in self.forest.domain_controllers}
            others = [address for address in servers if address not in at]
            await asyncio.gather(self._ask_all(found.places, found), self._ask_servers(found, others))
        else:
            await self._last_resort(found, servers)

    async def _around(self) -> None:
        """The machines around the forest; of the cloud, its endpoints."""
        wanted = around.Wanted(self.forest, self.profiles, self.selection, self.families)
        found = await self._discovered(around.places(wanted, self.names, self.proxy))
        await self._ask_all(found.places, Discovery())

    async def _discovered(self, asking: Awaitable[Discovery]) -> Discovery:
        try:
            found = await asking
        except NoResolverError as error:
            self.problem = str(error)
            return Discovery()
        self.lookups.extend(found.lookups)
        return found

    def _servers(self) -> list[str]:
        return [host for host, _ in self.names.servers]

    async def _ask_servers(self, found: Discovery, addresses: Iterable[str]) -> None:
        """Name servers that the file names and that are no known controllers: only DNS is asked of them."""
        named = {c.address for c in self.forest.domain_controllers}
        places = [
            Place(address, address, "dns-server", self.forest.name, dns_only=True)
            for address in addresses
            if address not in named
        ]
        await self._ask_all(places, found)

    async def _last_resort(self, found: Discovery, servers: Sequence[str]) -> None:
        """DNS told nobody. The name may be a host's, or lead to controllers itself; name servers often are some."""
        own = await self._discovered(discover.by_name(self.forest.name, self.names, self.families))
        candidates = [place.address for place in own.places] or servers
        for address in candidates:
            host = Host(Place(address or "", address, "dns-server"), self.forest.ca_file)
            await self._ping(host, self._hidden_ping(host.place))
            await self._ask_all([self._recognised(host, by_name=bool(own.places))], found)
        if not candidates and self.problem is None and all(lookup.status == "timeout" for lookup in found.lookups):
            places = [Place(address, address, "resolver", dns_only=True) for address, _ in system_servers()]
            await self._ask_all(places, found)

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
            if (what := (place.host, place.address, place.target, place.service)) not in self._asked:
                self._asked.add(what)
                fresh.append(self._host(place, found))
        self.hosts.extend(fresh)
        if not fresh:
            return
        if self.controllers:
            self.notify(ForestFound(self.forest.name, self._controllers()))
        await asyncio.gather(*(self._ask(host) for host in fresh))

    def _host(self, place: Place, found: Discovery) -> Host:
        configured = place.address in self._servers()
        announced = found.announced(place.host) | ({"dns"} if configured else set())
        if place.source == "resolver":
            announced.add("dns")
        known = found.name_servers is not None and place.host not in found.name_servers
        return Host(place, self.forest.ca_file, frozenset(announced), no_name_server=known and not configured)

    async def _ask(self, host: Host) -> None:
        """All checks of one host: the ping, then everything else at once, then what RPC's mapper points to."""
        checks = self._own(host, checks_for(host.place, self.forest, self.profiles, self.selection))
        self.planned.update((check.id, check) for check in checks)
        self.notify(Planned(checks))
        asked = next((check for check in checks if check.service == "ldap-ping"), None)
        pinging: asyncio.Task[Outcome] | None = None
        if host.controls and host.place.address is not None and not host.place.dns_only:
            pinging = asyncio.create_task(self._ping(host, asked or self._hidden_ping(host.place)))
            await asyncio.wait([pinging], timeout=HEAD_START_S)
            await self._learn_over_tcp(host)
        elif asked is not None:
            self._land(host, await self.engine.run(asked, host.subject()))
        try:
            await self._ask_rest(host, [check for check in checks if check is not asked])
            if pinging is not None:
                await pinging
        finally:
            if pinging is not None:
                pinging.cancel()

    def _own(self, host: Host, checks: Iterable[Check]) -> tuple[Check, ...]:
        """A controller may be a machine around the forest too: what is asked of it as either is asked once."""
        mine = tuple(c for c in checks if host.controls or c.id not in self._whose)
        self._whose.update((check.id, host) for check in mine)
        return mine

    async def _learn_over_tcp(self, host: Host) -> None:
        """Where the ping over UDP is not answered at once, the same question over TCP tells the roles."""
        if host.ping or host.place.dns_only or host.place.address is None:
            return
        port = self.forest.ports.get("ldap", PING_PORT)
        asking = asyncio.create_task(self.engine.ping_over_tcp(host.place.address, port, host.subject()))
        done, _ = await asyncio.wait([asking], timeout=TCP_HEAD_START_S)
        asking.cancel()
        if done and not host.ping:
            host.learn_ping(asking.result())

    async def _ping(self, host: Host, check: Check) -> Outcome:
        outcome = await self.engine.run(check, host.subject())
        host.learn(outcome)
        host.known.set()
        if check.id in self.planned:
            self._land(host, outcome)
        return outcome

    def _hidden_ping(self, place: Place) -> Check:
        """Asked for what it tells of the host, even where no profile needs it; not reported."""
        port = self.forest.ports.get("ldap-ping", PING_PORT)
        return Check(self.forest.name, place.host, place.address, "ldap-ping", "udp", port, Need.OPTIONAL)

    async def _ask_rest(self, host: Host, checks: Sequence[Check]) -> None:
        behind = [check for check in checks if check.port is None and check.service not in GENERIC]
        direct = [check for check in checks if check not in behind and check.service != "rpc"]
        mapper = next((check for check in checks if check.service == "rpc"), None)
        await asyncio.gather(*(self._ask_one(host, check) for check in direct), self._ask_rpc(host, mapper, behind))

    async def _ask_one(self, host: Host, check: Check, subject: Subject | None = None) -> Outcome:
        if host.unsure_of(check):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(ROLES_S):
                    await host.known.wait()
        reason = host.not_expected(check)
        if reason is not None:
            return self._land(host, Outcome(check, State.SKIPPED, reason, facts=host.unnamed))
        if subject is None:
            ports = (check.port,) if check.port is not None and check.service.startswith("rpc-") else ()
            subject = host.rpc_subject(check, ports) if ports else host.subject()
        outcome = await self.engine.run(check, subject)
        host.learn(outcome)
        return self._land(host, outcome)

    async def _ask_rpc(self, host: Host, mapper: Check | None, behind: Sequence[Check]) -> None:
        """The mapper, then each interface on the port that it names."""
        outcome: Outcome | None = None
        if mapper is not None:
            subject = replace(host.subject(), wanted=tuple(check.service for check in behind))
            outcome = await self._ask_one(host, mapper, subject)
        await asyncio.gather(*(self._ask_interface(host, check, outcome) for check in behind))

    async def _ask_interface(self, host: Host, check: Check, mapper: Outcome | None) -> None:
        if host.place.address is None:
            self._land(host, Outcome(check, State.UNRESOLVED, f"{check.host} has no address"))
            return
        endpoints = mapper.facts.get("endpoints") if mapper is not None else None
        ports = endpoints.get(check.service) if isinstance(endpoints, dict) else None
        if not ports:
            self._land(host, without_port(check, mapper))
            return
        outcome = await self.engine.run(replace(check, port=ports[0]), host.rpc_subject(check, tuple(ports)))
        answered_on = outcome.facts.get("port")
        if isinstance(answered_on, int):
            outcome = replace(outcome, check=replace(outcome.check, port=answered_on))
        self.planned.pop(check.id, None)
        self.outcomes.pop(check.id, None)
        self.planned[outcome.check.id] = outcome.check
        self._whose[outcome.check.id] = host
        self._land(host, outcome)

    def _land(self, host: Host, outcome: Outcome) -> Outcome:
        self.outcomes[outcome.check.id] = outcome
        self.notify(Landed(judge(outcome, host.offered)))
        return outcome

    def cases(self) -> list[Case]:
        """Each host as the second look wants it."""
        return [self._case(host) for host in self.hosts if host.reached_at is not None]

    def _case(self, host: Host) -> Case:
        address = host.reached_at
        assert address is not None

        def outcomes() -> tuple[Outcome, ...]:
            return tuple(o for o in self.outcomes.values() if self._whose.get(o.check.id) is host)

        async def ask(outcome: Outcome, patience: Patience, segment: int | None) -> Outcome:
            return await self.engine.again(outcome.check, host.subject_again(outcome), patience, segment)

        def land(outcome: Outcome) -> None:
            self._land(host, outcome)

        def payload(outcome: Outcome) -> bytes:
            return datagram_of(outcome.check.service, host.subject())

        def matters(outcome: Outcome) -> bool:
            return judge(outcome, host.offered).verdict in {Verdict.FAIL, Verdict.WARN}

        return Case(host.place.host, address, outcomes, ask, land, payload, matters, self.engine.source_ip)

    async def hold_tunnels(self, quiet_s: float) -> None:
        """Of each proxy that works, one tunnel: how long may it be quiet?"""
        landed = ((self._whose[o.check.id], o) for o in self.outcomes.values())
        working = [(host, o) for host, o in landed if host.tunnels(o)]
        for host, better in await tunnels.hold(working, quiet_s, self.engine.source_ip):
            self._land(host, better)

    async def catch_up(self) -> bool:
        """A mapper that answered on the second look: now its interfaces can be asked. True if any were."""
        waiting = []
        for host in self.hosts:
            here = [o for o in self.outcomes.values() if (o.check.host, o.check.address) == host.where]
            mapper = next((o for o in here if o.check.service == "rpc" and o.state is State.OK), None)
            behind = [o.check for o in here if o.state is State.SKIPPED and o.facts.get("mapper_silent")]
            if mapper is not None and behind:
                waiting += [self._ask_interface(host, check, mapper) for check in behind]
        await asyncio.gather(*waiting)
        return bool(waiting)

    def settled(self) -> tuple[Outcome, ...]:
        """Everything in the order it was planned, judged with all that is known at the end."""
        found = []
        for check in self.planned.values():
            left = Outcome(check, State.SKIPPED, "the run ended before it was answered", facts={"unfinished": True})
            outcome = self.outcomes.get(check.id, left)
            found.append(judge(outcome, self._whose[check.id].offered))
        return tuple(found)

    def report(self) -> ForestReport:
        return ForestReport(
            name=self.forest.name,
            profiles=tuple(profile.name for profile in self.profiles),
            domain_controllers=self._controllers(),
            lookups=tuple(self.lookups),
            problem=self.problem,
            facts={"kind": "cloud"} if self.forest.name == CLOUD else {},
        )

    def _controllers(self) -> tuple[DomainController, ...]:
        return tuple(host.controller() for host in self.hosts if host.controls)
