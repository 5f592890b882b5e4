"""The main job for one forest: who is there, what each of them says, and what that means."""

from __future__ import annotations

import asyncio
import functools
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from portcheck import around, discover
from portcheck.asking import Asking
from portcheck.catalogue.profiles import Profile
from portcheck.config import CLOUD, ForestSpec, ProxySpec
from portcheck.discover import Discovery
from portcheck.engine import Engine
from portcheck.events import ForestFound, Landed, Notify, Planned
from portcheck.host import Host, without_address, without_port
from portcheck.judge import judge, settle
from portcheck.model import Check, DomainController, Facts, ForestReport, Lookup, Outcome, State, Verdict
from portcheck.net.patience import Patience
from portcheck.net.resolver import Names
from portcheck.plan import Pin, Place, Selection, checks_for
from portcheck.probes.base import Subject
from portcheck.search import Search

if TYPE_CHECKING:
    from portcheck.investigate.case import Case, Walks


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
    pins: tuple[Pin, ...] = ()  # ask these again, and nobody else
    hosts: list[Host] = field(default_factory=list)
    outcomes: dict[str, Outcome] = field(default_factory=dict)  # as seen; judged when the run settles
    planned: dict[str, Check] = field(default_factory=dict)
    problem: str | None = None
    trace: bool = True  # will there be a second look?
    facts: Facts = field(default_factory=dict)
    controllers: bool = True  # whether anything is asked of them
    proxy: ProxySpec | None = None  # on the way to the cloud
    left_out: list[int] = field(default_factory=list)  # how many checks of a host were too many for one run
    _whose: dict[str, Host] = field(default_factory=dict)  # by the check's id
    _asked: set[tuple[str, str | None, str, str]] = field(default_factory=set)
    _of_host: dict[int, dict[str, None]] = field(default_factory=dict)  # ids of its checks, by the host's identity
    _began: dict[str, float] = field(default_factory=dict)  # check id to monotonic seconds
    _walks: dict[str, Walks] = field(default_factory=dict)  # by address
    _search: Search = field(init=False)

    def __post_init__(self) -> None:
        self._search = Search(self.forest, self.names, self.families, self._ask_all, self._introduce)

    @property
    def lookups(self) -> list[Lookup]:
        return self._search.lookups

    async def run(self) -> None:
        """Everything but the second look."""
        if self.pins:
            await self.engine.ready()
            self.hosts.extend(Host(pin.place, self.forest.ca_file, announced=pin.roles) for pin in self.pins)
            await asyncio.gather(*(self._ask(host) for host in self.hosts))
            return
        try:
            await self._search.find_servers()
            await asyncio.gather(*([self._search.run()] if self.controllers else []), self._around())
        finally:
            self.problem = self.problem or self._search.problem
        if self.controllers and not any(host.controls for host in tuple(self.hosts)) and self.problem is None:
            self.problem = "no domain controller is named, and DNS advertises none"

    async def _around(self) -> None:
        """The machines around the forest; of the cloud, its endpoints."""
        wanted = around.Wanted(self.forest, self.profiles, self.selection, self.families)
        found = await self._search.discovered(around.places(wanted, self.names, self.proxy))
        await self._ask_all(found.places, Discovery())

    async def compare_views(self) -> None:
        """The SRV questions again, of the system's resolver and of the forest's own servers: do they agree?"""
        own = [host.place.address for host in self.hosts if "dns" in host.announced and host.place.address]
        self.lookups.extend(await discover.other_views(self.lookups, self.names, own))

    async def _introduce(self, place: Place) -> Host:
        """What the ping tells of it, over UDP or TCP; nobody waits long."""
        await self.engine.ready()
        host = Host(place, self.forest.ca_file)
        await self._asking(host).introduced()
        return host

    async def _ask_all(self, places: Iterable[Place], found: Discovery) -> None:
        fresh = []
        for place in places:
            what = (place.host, place.address, place.target, place.service)
            if what not in self._asked and not self._assumed_at(place):
                self._asked.add(what)
                fresh.append(self._host(place, found))
        self.hosts.extend(fresh)
        if not fresh:
            return
        await self.engine.ready()
        if self.controllers:
            self.notify(ForestFound(self.forest.name, self._controllers()))
        await asyncio.gather(*(self._ask(host) for host in fresh))

    def _assumed_at(self, place: Place) -> bool:
        """It is asked already, as an assumed controller; as a machine around the forest it is asked all the same."""
        alike = (host.place for host in self.hosts if host.place.target == place.target)
        return any(other.assumed and other.address == place.address for other in alike)

    def _host(self, place: Place, found: Discovery) -> Host:
        configured = place.address in self._search.servers
        announced = found.announced(place.host) | ({"dns"} if configured else set())
        if place.source == "resolver":
            announced.add("dns")
        known = found.name_servers is not None and place.host not in found.name_servers
        sid = self.forest.expect.get("domain_sid", "") if place.domain in {"", self.forest.name} else ""
        return Host(place, self.forest.ca_file, sid, frozenset(announced), no_name_server=known and not configured)

    async def _ask(self, host: Host) -> None:
        checks = self._own(host, self._checks(host.place))
        if self.pins:
            checks = tuple(check for check in checks if any(check.key in pin.keys for pin in self.pins))
        checks = self.engine.within_bounds(checks, self.left_out)
        self.planned.update((check.id, check) for check in checks)
        self.notify(Planned(checks))
        await self._asking(host).everything(checks)

    def _own(self, host: Host, checks: Iterable[Check]) -> tuple[Check, ...]:
        """A controller may be a machine around the forest too: what is asked of it as either is asked once."""
        mine = tuple(c for c in checks if host.controls or c.id not in self._whose)
        for check in mine:
            self._belongs(check.id, host)
        return mine

    def _belongs(self, id_: str, host: Host) -> None:
        if (before := self._whose.get(id_)) is not None:
            self._of_host[id(before)].pop(id_, None)
        self._whose[id_] = host
        self._of_host.setdefault(id(host), {})[id_] = None

    def _asking(self, host: Host) -> Asking:
        return Asking(host, self.forest, self.engine, self._run, self._land, self.planned, self.outcomes)

    def _checks(self, place: Place) -> tuple[Check, ...]:
        return checks_for(place, self.forest, self.profiles, self.selection)

    async def _run(self, host: Host, check: Check, subject: Subject) -> Outcome:
        """Ask. If it seems to end in silence, the second look's walk begins."""
        if check.address is None and subject.route is None:
            return without_address(check, self.families, host.place)
        return await self.engine.run(check, subject, lambda: self._unheard(host, check))

    def _unheard(self, host: Host, check: Check) -> None:
        if self.trace and host.reached_at is not None:
            from portcheck.investigate import path

            case, silent = self._case(host), Outcome(check, State.FILTERED, "no answer yet")
            if case.matters(silent):
                path.ahead(case, silent)

    def _land(self, host: Host, outcome: Outcome) -> Outcome:
        host.hear(outcome)
        if outcome.check.id not in self._whose:
            self._belongs(outcome.check.id, host)
        before, judged = self.outcomes.get(outcome.check.id), judge(outcome, host.offered)
        self.outcomes[outcome.check.id] = outcome
        self._began.setdefault(outcome.check.id, time.monotonic() - outcome.elapsed_ms / 1000)
        if before is None or _shown(judge(before, host.offered)) != _shown(judged):
            self.notify(Landed(judged))  # more evidence for the same is nothing new on the screen
        return outcome

    def cases(self) -> list[Case]:
        """Each host as the second look wants it."""
        return [self._case(host) for host in self.hosts if host.reached_at is not None]

    def _case(self, host: Host) -> Case:
        from portcheck.investigate.case import Case  # late: only for what failed
        from portcheck.probes.registry import datagram_of

        address = host.reached_at
        assert address is not None

        async def ask(
            outcome: Outcome, patience: Patience, segment: int | None = None, nearest_ttl: int | None = None
        ) -> Outcome:
            return await self.engine.again(outcome.check, self._subject(host, outcome), patience, segment, nearest_ttl)

        def land(outcome: Outcome) -> None:
            self._land(host, outcome)

        def payload(outcome: Outcome) -> bytes:
            return datagram_of(outcome.check.service, host.subject())

        def matters(outcome: Outcome) -> bool:
            return judge(outcome, host.offered).verdict in {Verdict.FAIL, Verdict.WARN}

        def elapsed_ms(outcome: Outcome) -> float:
            now = time.monotonic()
            return round((now - self._began.get(outcome.check.id, now)) * 1000, 1)

        return Case(
            host.place.host,
            address,
            functools.partial(self.outcomes_of, host),
            ask,
            land,
            payload,
            matters,
            self.engine.source_ip,
            elapsed_ms,
            self._walks.setdefault(address, {}),
            self.engine.walking,
        )

    def add(self, host: Host, outcome: Outcome) -> None:
        """An outcome that no profile planned."""
        self.planned[outcome.check.id] = outcome.check
        self._land(host, outcome)

    def outcomes_of(self, host: Host) -> tuple[Outcome, ...]:
        known = self.outcomes
        return tuple(known[id_] for id_ in self._of_host.get(id(host), ()) if id_ in known)

    async def hold_tunnels(self, quiet_s: float) -> None:
        """Of each proxy that works, one tunnel: how long may it be quiet?"""
        from portcheck.investigate import tunnels  # late: only for those who ask for it

        landed = ((self._whose[o.check.id], o) for o in self.outcomes.values())
        working = [(host, o) for host, o in landed if host.tunnels(o)]
        for host, better in await tunnels.hold(working, quiet_s, self.engine.source_ip):
            self._land(host, better)

    async def catch_up(self) -> bool:
        """A mapper that answered on the second look: now its interfaces can be asked. True if any were."""
        waiting = []
        for host in self.hosts:
            here = self.outcomes_of(host)
            mapper = next((o for o in here if o.check.service == "rpc" and o.state is State.OK), None)
            behind = [o.check for o in here if o.state is State.SKIPPED and o.facts.get("mapper_silent")]
            if mapper is not None and behind:
                waiting += [self._asking(host).interface(check, mapper) for check in behind]
        await asyncio.gather(*waiting)
        return bool(waiting)

    def _subject(self, host: Host, outcome: Outcome) -> Subject:
        if outcome.check.service == "rpc":
            behind = (self.planned[id_].service for id_ in self._of_host[id(host)] if id_ in self.planned)
            return replace(host.subject(), wanted=tuple(name for name in behind if name.startswith("rpc-")))
        return host.subject_again(outcome)

    def settled(self) -> tuple[Outcome, ...]:
        """Everything in the order it was planned, judged with all that is known at the end."""
        found = []
        seen = dict(self.outcomes)  # the asking may still go on in its own thread
        mappers = {(o.check.host, o.check.address): o for o in reversed(seen.values()) if o.check.service == "rpc"}
        for check in tuple(self.planned.values()):
            outcome = seen.get(check.id, _left(check))
            if outcome.facts.get("mapper_silent"):  # the second look may have seen more of it
                outcome = without_port(check, mappers.get((check.host, check.address)))
            found.append(self._whose[check.id].in_hindsight(outcome))
        return settle(found, {outcome.check.id: self._whose[outcome.check.id].offered for outcome in found})

    def report(self) -> ForestReport:
        return ForestReport(
            name=self.forest.name,
            profiles=tuple(profile.name for profile in self.profiles),
            domain_controllers=self._controllers(),
            lookups=tuple(self.lookups),
            problem=self.problem,
            facts=self.facts | self._bounds() | ({"kind": "cloud"} if self.forest.name == CLOUD else {}),
        )

    def _bounds(self) -> Facts:
        """What was not asked, since a run has its bounds, or since DNS gave addresses at which nobody is."""
        too_many = [*self._search.too_many]
        if self.left_out:
            words = f"{sum(self.left_out)} checks beyond the {self.engine.max_checks} of one run (--max-checks)"
            too_many.append(words)
        told = {"left_out": too_many, "unusable_addresses": [*self._search.unusable]}
        return {key: value for key, value in told.items() if value}

    def _controllers(self) -> tuple[DomainController, ...]:
        return tuple(host.controller() for host in tuple(self.hosts) if host.controls)


def _left(check: Check) -> Outcome:
    return Outcome(check, State.SKIPPED, "the run ended before it was answered", facts={"unfinished": True})


def _shown(outcome: Outcome) -> tuple[object, ...]:
    return outcome.state, outcome.verdict, outcome.reason
