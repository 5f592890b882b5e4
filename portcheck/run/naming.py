"""Names beside the checks: what other servers say, what programs here get; and, where something is missing, why."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Sequence
from dataclasses import field

from portcheck.asking.asker import ForestAsker
from portcheck.config import ForestSpec
from portcheck.frozen import dataclass
from portcheck.model import Facts, Lookup
from portcheck.model.target import Target
from portcheck.net import own_names
from portcheck.net.dns import HOSTS_FILE, TOLD, UNHEARD, Names, NoResolverError, is_address
from portcheck.run import contradictions, name_servers
from portcheck.targets import views
from portcheck.targets.srv import Discovery, asked_here, nobodys, srv_targets

DENIED = frozenset({"nxdomain", "nodata"})
NOBODYS_ADDRESS = "192.0.2.53"
"""TEST-NET-1 (RFC 5737): no server can be there. Who answers from there answers in the place of any server."""
CONTROL_PATIENCE_S = 1.5
MOST_NAMES = 64  # of a forest, asked of this machine's own resolution
AT_ONCE = 8
MOST_STRANGE = 4  # addresses of a name that are asked who they are
MOST_AUTHORITIES = 2
SLOW_MS = 500.0
TURNS, MOST_TURNS = 6, 4  # times that a name is asked for again, and names


@dataclass(frozen=True, slots=True)
class NamedController:
    """What the checks learnt of a controller, as far as names go."""

    host: str
    address: str
    speaks: bool  # as a controller does
    serves_dns: bool  # it answers the DNS check, or the zone's NS records name it
    by_name: bool = False  # known by the forest's own name alone


@dataclass(slots=True)
class NamesBeside:
    """Of one forest. `lookups` and `facts` are the run's own and grow."""

    forest: ForestSpec
    names: Names
    families: Sequence[str]
    lookups: list[Lookup]
    facts: Facts
    asker: ForestAsker
    _asked: set[str] = field(default_factory=set)
    _at_once: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))
    _rows: list[dict[str, object]] = field(default_factory=list)

    # Beside the checks

    async def beside(self, found: Discovery) -> None:
        """While the controllers are asked; each question once, and never longer than the patience."""
        if asked_here(self.names):
            return  # a forest that lives on this machine: nobody else has to know it
        await asyncio.gather(self._other_servers(found), self._programs(found))

    async def _other_servers(self, found: Discovery) -> None:
        """The SRV questions and the addresses behind them, of every name server that is configured here."""
        if any(lookup.record == "SRV" for lookup in found.lookups) and self.names.heard.is_set():
            others = views.views(self.names)
            told = await views.other_views(found.lookups, self.names, others)
            told += await views.other_addresses([*found.lookups, *told], self.names, others)
            self.lookups.extend(told)
            self.facts |= await name_servers.refusing(told, others) | name_servers.unasked(self.names)

    async def _programs(self, found: Discovery) -> None:
        """What programs on this machine get for the controllers' names and the domains' own."""
        expected: dict[str, set[str]] = {}
        for place in found.places:
            if place.address is not None and not is_address(place.host):
                expected.setdefault(place.host, set()).add(place.address)
                if place.source == "srv":
                    expected.setdefault(place.domain, set()).add(place.address)
        fresh = [name for name in expected if name not in self._asked][:MOST_NAMES]
        self._asked.update(fresh)
        await asyncio.gather(*(self._program(name, expected[name]) for name in fresh))
        if self._rows:
            self.facts["resolution"] = sorted(self._rows, key=lambda row: str(row["name"]))

    async def _program(self, name: str, expected: set[str]) -> None:
        async with self._at_once:
            told = await own_names.own_addresses(name, self.families, self.names.patience_s)
        strange = [address for address in told.addresses if address not in expected]
        if told.status == "late" or (told.status == "ok" and not strange):
            return
        try:
            given = await self._given(name)
        except NoResolverError:  # this machine asks no DNS: there is nothing to hold it against
            return
        strange = [address for address in strange if address not in given]
        if strange or (told.status == "none" and given):  # a name that DNS does not know either is no difference
            who = await asyncio.gather(*(self._who(name, address) for address in strange[:MOST_STRANGE]))
            row: dict[str, object] = {
                "name": name,
                "programs": list(told.addresses),
                "dns": sorted(given),
                "asked_at": sorted(expected),
                "answered_by": dict(who),
            }
            if turns := await self._by_turns(name, strange):
                row["dns_by_turns"] = turns
            self._rows.append(row)

    async def _by_turns(self, name: str, strange: Sequence[str]) -> list[str]:
        """Those of the programs' addresses that DNS gives too, another time: it is no matter of this machine."""
        given: set[str] = set()
        records = dict.fromkeys("AAAA" if ":" in address else "A" for address in strange)
        for _ in range(TURNS if len(self._rows) < MOST_TURNS else 0):
            if given.issuperset(strange):
                break
            told = await asyncio.gather(*(self.names.lookup(name, record, required=False) for record in records))
            given |= {address for lookup in told for address in lookup.answers if address in strange}
        return sorted(given)

    async def _given(self, name: str) -> set[str]:
        """All addresses that DNS gives for the name."""
        known = [lookup for lookup in self.lookups if lookup.name == name and lookup.record in {"A", "AAAA"}]
        if not any(lookup.server == self.names.label for lookup in known):
            asked = (self.names.lookup(name, record, required=False) for record in self.families)
            told = list(await asyncio.gather(*asked))
            self.lookups.extend(told)
            known += told
        return {address for lookup in known if lookup.server != HOSTS_FILE for address in lookup.answers}

    async def _who(self, name: str, address: str) -> tuple[str, str]:
        """The address, and who is there: a controller's name, a domain's own (which is as good), or nothing."""
        ping = await self.asker.introduce(Target(name, address, "program", self.forest.name))
        told = str(ping.get("dns_host_name") or "").lower()
        return address, name if name == str(ping.get("domain") or "").lower() else told

    # Afterwards, and only where something is amiss

    async def afterwards(self, controllers: Sequence[NamedController]) -> None:
        """Whose fault it is that a name is missing, or leads to nobody."""
        if asked_here(self.names):
            return  # a forest that lives on this machine: nobody else has to know it
        try:
            self.facts |= name_servers.confined(self.lookups, self.names, self.families)
            await asyncio.gather(
                self._of_authorities(controllers),
                self._elsewhere(controllers),
                self._intercepted(controllers),
                self._wildcard(controllers),
                self._slow(),
                self._unheard(),
            )
        except NoResolverError:
            return

    async def _elsewhere(self, controllers: Sequence[NamedController]) -> None:
        """Where the other servers lead to, if not to what was asked: does a controller answer there?"""
        if not any(x.server != self.names.label and x.answers for x in self.lookups):
            return
        self.lookups.extend(await contradictions.of_their_hosts(self.lookups, self.names))
        elsewhere = contradictions.places(self.lookups, self.names, {c.address for c in controllers})
        if elsewhere:
            told = await asyncio.gather(*(self._who(place.host, place.address) for place in elsewhere))
            self.facts["elsewhere"] = [
                {"host": place.host, "address": place.address, "answered_by": name}
                for place, (_, name) in zip(elsewhere, told, strict=True)
            ]

    async def _of_authorities(self, controllers: Sequence[NamedController]) -> None:
        """What one resolver does not give, or leads to nobody: what does the forest's own server say?"""
        missing = [(lookup.name, lookup.record) for lookup in self._denied()] + await self._addressless()
        missing += self._in_vain(controllers)
        asked_already = {lookup.answered_from for lookup in self.lookups if lookup.server == self.names.label}
        serving = dict.fromkeys(c.address for c in controllers if c.serves_dns and c.speaks)
        own = [address for address in serving if {address} != asked_already][:MOST_AUTHORITIES]
        patience_s, source = self.names.patience_s, self.names.source_ip
        servers = [Names(((address, 53),), patience_s, tries=views.TRIES, source_ip=source) for address in own]
        asked = (
            view.lookup(name, record, required=False) for view in servers for name, record in dict.fromkeys(missing)
        )
        self.lookups.extend(await asyncio.gather(*asked))

    def _in_vain(self, controllers: Sequence[NamedController]) -> list[tuple[str, str]]:
        """Names with an address at which no controller speaks, and the SRV records that name such a host."""
        dead = {(c.host, c.address): None for c in controllers if not c.speaks and self._by_dns(c)}
        rows = self.facts.get("domain_addresses")
        gone = [row for row in rows if not row.get("answers")] if isinstance(rows, list) else []
        few = [*list(dead)[: views.MOST_HOSTS], *((used, row["address"]) for row in gone for used in row["names"])]
        hosts = {host for host, _ in few}
        naming = [(x.name, "SRV") for x in self._srv() if hosts.intersection(srv_targets(x))]
        own = [(c.host, c.address) for c in controllers if few and c.serves_dns and c.speaks and self._by_dns(c)]
        asked = [
            *few,
            *own[:MOST_AUTHORITIES],
        ]  # its own address too: does it give others than clients here are to use?
        return naming + [(host, "AAAA" if ":" in address else "A") for host, address in asked]

    async def _addressless(self) -> list[tuple[str, str]]:
        """Hosts of SRV records without an address, and those records; if all are without, the domain's name as well.

        Then of the family that the run leaves out too: a host with addresses of that one alone is kept back by nobody.
        """
        hosts = dict.fromkeys(host for lookup in self._srv() for host in srv_targets(lookup))
        given = [(x.name, at) for x in self.lookups if x.record in {"A", "AAAA"} for at in x.answers]
        have = {host for host, at in given if is_address(at) and not nobodys(at, here=False)}
        without = [host for host in hosts if host not in have]
        if without and len(without) == len(hosts):
            await self._given(self.forest.name)
            other = [record for record in ("A", "AAAA") if record not in self.families]
            asked = (self.names.lookup(h, record, required=False) for h in without[:MOST_NAMES] for record in other)
            self.lookups.extend(await asyncio.gather(*asked))
        naming = [x.name for x in self._srv() if set(srv_targets(x)) & set(without)]
        return [(name, "SRV") for name in naming] + [(host, record) for host in without for record in self.families]

    async def _intercepted(self, controllers: Sequence[NamedController]) -> None:
        """An answer that is not the server's own, or none at all: does anybody answer where nobody can be?"""
        if not (self._foreign(controllers) or self._denied()):
            return
        control = Names(((NOBODYS_ADDRESS, 53),), CONTROL_PATIENCE_S, tries=views.TRIES, over_tcp=False)
        told = await control.lookup(f"_ldap._tcp.dc._msdcs.{self.forest.name}", "SRV", required=False)
        if told.status in TOLD or told.authoritative is not None:
            row: dict[str, object] = {"address": NOBODYS_ADDRESS, "status": told.status}
            self.facts["dns_intercepted"] = row | {"foreign": self._foreign(controllers)}

    def _foreign(self, controllers: Sequence[NamedController]) -> list[str]:
        """The forest's own servers whose answers about their own zone lack the AA flag."""
        own = {c.address for c in controllers if c.serves_dns}
        zone = {f"_kerberos._tcp.{domain}" for domain in (self.forest.name, *self.forest.domains)}
        told = (x for x in self.lookups if x.name in zone and x.answered_from in own and x.authoritative is False)
        return sorted({lookup.answered_from for lookup in told})

    async def _wildcard(self, controllers: Sequence[NamedController]) -> None:
        """No controller speaks at the addresses that DNS gave: does it give them for a name that nobody has?"""
        speaking = any(c.speaks and not c.by_name for c in controllers)
        if not controllers or speaking or not self.names.heard.is_set():
            return
        named = next((c for c in controllers if not is_address(c.host) and self._by_dns(c)), None)
        if named is None:
            return
        for above in dict.fromkeys((named.host.partition(".")[2], self.forest.name)):
            nobody = f"portcheck-{secrets.token_hex(6)}.{above}"
            told = await self.names.lookup(nobody, "A", required=False)
            if alike := sorted({c.address for c in controllers} & set(told.answers)):
                self.facts["wildcard"] = {"addresses": alike, "server": told.answered_from or told.server}
                return

    async def _unheard(self) -> None:
        """A needed record that was not given beside others: asked for once more, now that this machine is quiet.

        Where nothing was said and that is answered, the first was lost; where it is not, it is kept back. What was
        denied and is given now was asked of several servers behind one address.
        """
        records = self._srv()
        if any(map(srv_targets, records)):
            silent = dict.fromkeys(x.name for x in records if x.required and x.status in UNHEARD)
            denied = dict.fromkeys(x.name for x in records if x.required and x.status in DENIED)
            again = (self.names.lookup(name, "SRV", required=False) for name in [*silent, *denied])
            self.lookups.extend(await asyncio.gather(*again))

    async def _slow(self) -> None:
        """Late answers are asked for once more, now that this machine is quiet: was it DNS, or we?"""
        fastest: dict[str, Lookup] = {}
        for lookup in (x for x in self.lookups if x.server == self.names.label and x.status in TOLD):
            known = fastest.setdefault(lookup.record, lookup)
            fastest[lookup.record] = min(known, lookup, key=lambda x: x.elapsed_ms)
        for lookup in (x for x in fastest.values() if x.elapsed_ms >= SLOW_MS):
            spent_ms = 0.0
            while spent_ms < self.names.patience_s * 250:
                again = await self.names.lookup(lookup.name, lookup.record, required=False)
                self.lookups.append(again)
                spent_ms += max(again.elapsed_ms, SLOW_MS)
                if again.elapsed_ms < SLOW_MS:
                    break

    def _by_dns(self, controller: NamedController) -> bool:
        return any(x.name == controller.host and controller.address in x.answers for x in self.lookups)

    def _srv(self) -> list[Lookup]:
        return [x for x in self.lookups if x.record == "SRV" and x.server == self.names.label]

    def _denied(self) -> list[Lookup]:
        """The needed SRV records that whoever is asked first does not give."""
        return [lookup for lookup in self._srv() if lookup.required and not srv_targets(lookup)]
