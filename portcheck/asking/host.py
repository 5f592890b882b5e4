"""One host of a forest is asked: the ping, then everything else at once, then what RPC's mapper points to."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

from portcheck.asking.engine import Engine
from portcheck.asking.knowledge import HostState, without_address, without_port
from portcheck.asking.together import together
from portcheck.catalogue.services import GENERIC
from portcheck.config import ForestSpec
from portcheck.frozen import dataclass
from portcheck.model import Check, Need, Outcome, State
from portcheck.model.target import Target
from portcheck.net.dns import is_address
from portcheck.probes.probe import Subject

# The LDAP ping goes first: it tells which services are not there, and who a host is that was given by address only.
HEAD_START_S = 0.2
MORE_FOR_NAMED_S, MORE_FOR_UNNAMED_S = 0.1, 0.5  # for the same question over TCP
PING_PORT = 389


def hidden_ping(place: Target, forest: ForestSpec) -> Check:
    """Asked for what it tells of the host, even where no profile needs it; not reported."""
    port = forest.ports.get("ldap-ping", PING_PORT)
    return Check(forest.name, place.host, place.address, "ldap-ping", "udp", port, Need.OPTIONAL)


class Writing(Protocol):
    """Where what a host's checks end in is written down: the run's ledger, or a line to the run."""

    @property
    def planned(self) -> Mapping[str, Check]: ...

    def land(self, host: HostState, outcome: Outcome, /) -> Outcome: ...

    def replace(self, host: HostState, check: Check, outcome: Outcome, /) -> None: ...


@dataclass(frozen=True, slots=True)
class HostRun:
    """What its checks end in goes into the ledger."""

    host: HostState
    forest: ForestSpec
    engine: Engine
    ledger: Writing
    families: Sequence[str] = ()  # of which addresses were asked for
    second_look: bool = False  # there will be one, and it begins where a check seems to end in silence

    async def run(self, check: Check, subject: Subject) -> Outcome:
        if check.address is None and subject.route is None:
            return without_address(check, self.families, self.host.place)
        return await self.engine.run(check, subject, self.host if self.second_look else None)

    async def everything(self, checks: Sequence[Check]) -> None:
        """All checks of the host."""
        if self.host.route.socks:
            await self._through_tunnel(checks)
            return
        asked = next((check for check in checks if check.service == "ldap-ping"), None)
        learning: list[asyncio.Task[Outcome] | asyncio.Task[None]] = []
        if self.host.controls and self.host.place.address is not None and not self.host.place.dns_only:
            learning.append(asyncio.create_task(self.ping(asked or hidden_ping(self.host.place, self.forest))))
            if not self.host.place.assumed:  # that one has had its time
                learning.extend(await self._head_start(learning[0]))
        elif asked is not None:
            self.ledger.land(self.host, await self.run(asked, self.host.subject()))
        try:
            await self._rest([check for check in checks if check is not asked])
            await asyncio.gather(*learning[:1])
        finally:
            for task in learning:
                task.cancel()
            await asyncio.gather(*learning, return_exceptions=True)

    async def _through_tunnel(self, checks: Sequence[Check]) -> None:
        """Only TCP goes there: what the host is, it tells over TCP while everything else is asked."""
        learning = asyncio.create_task(self._learn_over_tcp()) if self.host.controls else None
        try:
            if learning is not None:
                await asyncio.wait([learning], timeout=MORE_FOR_UNNAMED_S)
            await self._rest(checks)
        finally:
            if learning is not None:
                learning.cancel()
                await asyncio.gather(learning, return_exceptions=True)

    async def introduced(self) -> None:
        """Who is this? What it says of itself by the ping, over UDP or TCP; nobody waits long."""
        if self.host.route.socks:
            await self._learn_over_tcp()
            return
        pinging = asyncio.create_task(self.ping(hidden_ping(self.host.place, self.forest)))
        learning: list[asyncio.Task[None]] = []
        try:
            learning = await self._head_start(pinging)
        finally:
            for task in (pinging, *learning):
                task.cancel()
            await asyncio.gather(pinging, *learning, return_exceptions=True)

    async def _head_start(self, pinging: asyncio.Task[Any]) -> list[asyncio.Task[None]]:
        """Where the ping over UDP is not answered at once, the same question over TCP tells the roles, in its time."""
        await asyncio.wait([pinging], timeout=HEAD_START_S)
        if self.host.ping:
            return []
        learning = asyncio.create_task(self._learn_over_tcp())
        named = self.host.place.domain and not is_address(self.host.place.host)
        await asyncio.wait([learning], timeout=MORE_FOR_NAMED_S if named else MORE_FOR_UNNAMED_S)
        return [learning]

    async def _learn_over_tcp(self) -> None:
        port = self.forest.ports.get("ldap", PING_PORT)
        told = await self.engine.ping_over_tcp(self.host.place.address or "", port, self.host.subject())
        if not self.host.ping:
            self.host.learn_ping(told)

    async def ping(self, check: Check) -> Outcome:
        reported = check.id in self.ledger.planned
        outcome = await self.run(check, self.host.subject())
        self.host.learn(outcome)
        self.host.known.set()
        if reported:
            self.ledger.land(self.host, outcome)
        return outcome

    async def _rest(self, checks: Sequence[Check]) -> None:
        behind = [check for check in checks if check.port is None and check.service not in GENERIC]
        direct = [check for check in checks if check not in behind and check.service != "rpc"]
        mapper = next((check for check in checks if check.service == "rpc"), None)
        rpc = [self._rpc(mapper, behind)] if mapper is not None or behind else []
        await together([*(self._one(check) for check in direct), *rpc])

    async def _one(self, check: Check, subject: Subject | None = None) -> Outcome:
        reason = self.host.not_expected(check)
        if reason is not None:
            return self.ledger.land(self.host, Outcome(check, State.SKIPPED, reason, facts=self.host.unasked(check)))
        if subject is None:
            ports = (check.port,) if check.port is not None and check.service.startswith("rpc-") else ()
            subject = self.host.rpc_subject(check, ports) if ports else self.host.subject()
        if self.host.unsure_of(check):
            outcome = await self._unless_learnt(check, subject)
        else:
            outcome = await self.run(check, subject)
        self.host.learn(outcome)
        return self.ledger.land(self.host, outcome)

    async def _unless_learnt(self, check: Check, subject: Subject) -> Outcome:
        """The ping may yet tell that this is not offered here; then nobody waits for it."""
        asking = asyncio.create_task(self.run(check, subject))
        knowing = asyncio.create_task(self.host.known.wait())
        try:
            await asyncio.wait([asking, knowing], return_when=asyncio.FIRST_COMPLETED)
            if not asking.done() and (reason := self.host.not_expected(check)):
                return Outcome(check, State.SKIPPED, reason)
            return await asking
        finally:
            knowing.cancel()
            asking.cancel()

    async def _rpc(self, mapper: Check | None, behind: Sequence[Check]) -> None:
        """The mapper, then each interface on the port that it names."""
        outcome: Outcome | None = None
        if mapper is not None:
            subject = replace(self.host.subject(), wanted=tuple(check.service for check in behind))
            outcome = await self._one(mapper, subject)
        await asyncio.gather(*(self.interface(check, outcome) for check in behind))

    async def interface(self, check: Check, mapper: Outcome | None) -> None:
        if self.host.place.address is None and self.host.place.route is None:
            self.ledger.land(self.host, await self.run(check, self.host.subject()))
            return
        endpoints = mapper.facts.get("endpoints") if mapper is not None else None
        ports = endpoints.get(check.service) if isinstance(endpoints, dict) else None
        if not ports:
            self.ledger.land(self.host, without_port(check, mapper))
            return
        found = replace(check, port=ports[0])
        subject = self.host.rpc_subject(check, tuple(ports))
        outcome = await self.run(found, subject)
        answered_on = outcome.facts.get("port")
        if isinstance(answered_on, int):
            outcome = replace(outcome, check=replace(outcome.check, port=answered_on))
        self.ledger.replace(self.host, check, outcome)
