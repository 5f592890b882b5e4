"""The questions a rule may ask about one forest of a run. Nothing here sends a packet: a saved run answers the same."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import field, replace
from typing import NamedTuple, TypeVar, cast

from portcheck.diagnose.reader import flag, name, texts
from portcheck.frozen import dataclass
from portcheck.model import (
    BLOCKED,
    FAULTY,
    GOOD,
    DomainController,
    ForestReport,
    Lookup,
    Outcome,
    Report,
    State,
    Verdict,
)

K = TypeVar("K")
V = TypeVar("V")
ADDRESS_RECORDS = frozenset({"A", "AAAA"})
NOT_ASKED = frozenset({State.SKIPPED, State.ERROR, State.UNRESOLVED})
"""Nothing was sent."""


REVERSE = "PTR"
"""Few networks have these records, and nothing is found by them: only who asks for them gets them."""


class Endpoint(NamedTuple):
    """A host at one of its addresses: what everything is looked up by."""

    host: str
    address: str


@dataclass(frozen=True, slots=True)
class ForestFacts:
    """One forest's outcomes, less those that an earlier rule has explained."""

    report: Report
    forest: ForestReport
    outcomes: tuple[Outcome, ...]
    by_endpoint: Mapping[Endpoint, tuple[Outcome, ...]]
    by_address: Mapping[str, tuple[Endpoint, ...]]
    by_host: Mapping[str, tuple[Outcome, ...]]
    places: Mapping[str, tuple[Endpoint, ...]]  # by host
    ordered: tuple[Lookup, ...]  # all questions to DNS, in a stable order
    addresses: Mapping[str, tuple[Lookup, ...]]  # by the name whose addresses were asked for
    controllers: Mapping[str, DomainController]
    explained: frozenset[str] = frozenset()  # ids of the outcomes that have their finding
    troubled: bool = False  # a finding tells of a fault
    foreign: frozenset[str] = frozenset()  # addresses at which another forest answers
    whole: dict[object, object] = field(default_factory=dict, compare=False, repr=False)  # see `of_run`
    own: dict[object, object] = field(default_factory=dict, compare=False, repr=False)  # see `once`

    @classmethod
    def each(cls, report: Report) -> Iterator[ForestFacts]:
        """One of each forest, in the report's order; what is found in the whole run is found once for all."""
        own, whole = grouped((o.check.forest, o) for o in report.outcomes), dict[object, object]()
        for forest in report.forests:
            facts = cls._over(report, forest, sorted(own.get(forest.name, ()), key=_place))
            yield replace(facts, whole=whole)

    @classmethod
    def _over(cls, report: Report, forest: ForestReport, outcomes: Iterable[Outcome]) -> ForestFacts:
        kept = tuple(outcomes)
        at = grouped((endpoint(o), o) for o in kept)
        by_host = grouped((o.check.host, o) for o in kept)
        ordered = tuple(sorted(forest.lookups, key=_order))
        asked = grouped((name(row.name), row) for row in ordered if row.record in ADDRESS_RECORDS)
        known: dict[str, DomainController] = {}
        for dc in sorted(forest.domain_controllers, key=lambda dc: (dc.address is None, dc.address or "")):
            known.setdefault(dc.host, dc)
        here = {where: found for where, found in at.items() if where is not None}
        by_address = grouped((where.address, where) for where in here)
        places = grouped((where.host, where) for where in here)
        return cls(report, forest, kept, here, by_address, by_host, places, ordered, asked, known)

    def without(self, outcomes: Iterable[Outcome]) -> ForestFacts:
        """As if these had not been seen: what another forest's machine answers says nothing about this forest."""
        gone = {outcome.check.id for outcome in outcomes}
        rest = self._over(self.report, self.forest, (o for o in self.outcomes if o.check.id not in gone))
        foreign = {where.address for where in self.by_endpoint if where not in rest.by_endpoint}
        rest = replace(rest, foreign=self.foreign | foreign, whole=self.whole)
        return replace(rest, explained=self.explained, troubled=self.troubled)

    def of_run(self, find: Callable[[Report], V]) -> V:
        """What this function, one of a module's, finds in the whole run."""
        if find not in self.whole:
            self.whole[find] = find(self.report)
        return cast(V, self.whole[find])

    def once(self, find: Callable[[ForestFacts], V]) -> V:
        """What this function, one of a module's, finds in this forest whatever is explained by then."""
        if find not in self.own:
            self.own[find] = find(self)
        return cast(V, self.own[find])

    def explaining(self, outcomes: Iterable[Outcome]) -> ForestFacts:
        """These have their finding; no later rule takes them for a fault of their own."""
        return replace(self, explained=self.explained | {outcome.check.id for outcome in outcomes})

    def in_trouble(self) -> ForestFacts:
        """A finding tells of a fault: this forest is not all well."""
        return replace(self, troubled=True)

    # What went wrong

    def faults(self, *names: str) -> tuple[Outcome, ...]:
        """Not as the profile expects, and not explained yet; `names` are services or service/transport."""
        return tuple(o for o in self.every_fault(*names) if o.check.id not in self.explained)

    def every_fault(self, *names: str) -> tuple[Outcome, ...]:
        """Also those that an earlier rule has explained."""
        return tuple(o for o in self._of(names) if o.verdict in FAULTY)

    def seen(self, state: State, *names: str) -> tuple[Outcome, ...]:
        return tuple(o for o in self.faults(*names) if o.state is state)

    def blocked(self, *names: str) -> tuple[Outcome, ...]:
        """The path or a device in it stood in the way; never a silence that no role speaks against."""
        return tuple(o for o in self.faults(*names) if o.state in BLOCKED)

    # What works, and what was told

    def answered(self, *names: str) -> tuple[Outcome, ...]:
        return tuple(o for o in self._of(names) if o.state in GOOD)

    def _of(self, names: tuple[str, ...]) -> tuple[Outcome, ...]:
        """All that are named so, in their order; without a name all there are."""
        if not names:
            return self.outcomes
        places = self.once(_places_by_name)
        return tuple(self.outcomes[n] for n in sorted({n for name in names for n in places.get(name, ())}))

    def told(self, key: str) -> tuple[Outcome, ...]:
        """Outcomes with this fact, whatever it says; not what is explained already, nor what is not expected here."""
        known = (o for o in self.outcomes if key in o.facts and o.state not in NOT_ASKED)
        return tuple(o for o in known if o.verdict is not Verdict.SKIP and o.check.id not in self.explained)

    def at(self, where: Endpoint, *names: str) -> tuple[Outcome, ...]:
        there = self.by_endpoint.get(where, ())
        return tuple(o for o in there if named(o, names)) if names else there

    def faults_at(self, where: Endpoint) -> tuple[Outcome, ...]:
        """Not as the profile expects, and not explained yet."""
        return tuple(o for o in self.at(where) if o.verdict in FAULTY and o.check.id not in self.explained)

    def asked(self, where: Endpoint) -> tuple[Outcome, ...]:
        return self.once(_asked).get(where, ())

    def beside(self, outcomes: Iterable[Outcome], *names: str) -> tuple[Outcome, ...]:
        """What answers on the same addresses, the named services first: the contrast that makes a proof."""
        places = dict.fromkeys(where for o in outcomes if (where := endpoint(o)) is not None)
        good = [o for where in places for o in self.by_endpoint.get(where, ()) if o.state in GOOD]
        return tuple(sorted(good, key=lambda o: not named(o, names or ("",))))

    # Hosts

    def places_of(self, host: str) -> tuple[Endpoint, ...]:
        """Where it was asked."""
        return self.places.get(host, ())

    def silent(self, where: Endpoint) -> bool:
        """Nothing of this host was heard, on two ports or more: one port alone cannot tell the host from the port.

        Unless a router says that there is no way to the host.
        """
        asked = self.asked(where)
        no_way = all(o.state is State.UNREACHABLE and not local(o) and o.check.service != "dns" for o in asked)
        return (
            all(o.state in BLOCKED for o in asked)
            and any(o.verdict in FAULTY for o in asked)
            and (no_way or len({o.check.port for o in asked}) > 1)
        )

    def hollow(self, where: Endpoint) -> bool:
        """It refuses, and nothing else is heard of it: the silent ports are part of the same."""
        asked = self.asked(where)
        refuses = any(o.state is State.REFUSED and o.verdict in FAULTY for o in asked)
        return refuses and all(o.state in BLOCKED or o.state is State.REFUSED for o in asked)

    def roles(self, where: Endpoint) -> frozenset[str] | None:
        """What the LDAP ping says the host is; None where it said nothing."""
        return self.once(_roles).get(where)

    def controller(self, host: str) -> DomainController | None:
        """The entry of the list of controllers; the one with an address where there are several."""
        return self.controllers.get(host)

    # Names

    def asked_for_addresses(self, host: str) -> tuple[Lookup, ...]:
        """The questions for its addresses, less those that another forest answered."""
        return tuple(row for row in self.addresses.get(name(host), ()) if not servers(row) <= self.foreign)

    def lookups(self, *records: str) -> tuple[Lookup, ...]:
        """The DNS questions of the discovery in a stable order, less those that another forest answered."""
        wanted = (x for x in self.ordered if (x.record in records if records else x.record != REVERSE))
        return tuple(lookup for lookup in wanted if not servers(lookup) <= self.foreign)


def _places_by_name(f: ForestFacts) -> Mapping[str, tuple[int, ...]]:
    """Where among the outcomes each service is, by its name and with its transport."""
    numbered = [(o.check, number) for number, o in enumerate(f.outcomes)]
    return grouped((word, number) for check, number in numbered for word in (check.service, check.name))


def _asked(f: ForestFacts) -> Mapping[Endpoint, tuple[Outcome, ...]]:
    return {where: tuple(o for o in here if o.state not in NOT_ASKED) for where, here in f.by_endpoint.items()}


def _roles(f: ForestFacts) -> Mapping[Endpoint, frozenset[str]]:
    pings = ((endpoint(o), texts(o, "roles")) for o in reversed(f.answered("ldap-ping")))
    return {where: frozenset(told) for where, told in pings if where is not None and told}


def _order(lookup: Lookup) -> tuple[str, ...]:
    return lookup.name, lookup.record, lookup.server, lookup.status


def grouped(pairs: Iterable[tuple[K, V]]) -> dict[K, tuple[V, ...]]:
    found: dict[K, list[V]] = {}
    for key, value in pairs:
        found.setdefault(key, []).append(value)
    return {key: tuple(values) for key, values in found.items()}


def endpoint(outcome: Outcome) -> Endpoint | None:
    return Endpoint(outcome.check.host, outcome.check.address) if outcome.check.address else None


def endpoints(outcomes: Iterable[Outcome]) -> tuple[Endpoint, ...]:
    return tuple(dict.fromkeys(where for o in outcomes if (where := endpoint(o)) is not None))


def hosts(outcomes: Iterable[Outcome]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(o.check.host for o in outcomes))


def servers(lookup: Lookup) -> frozenset[str]:
    """The addresses behind the label of who was asked; several may share one."""
    return frozenset(lookup.server.replace(",", " ").split())


def named(outcome: Outcome, names: tuple[str, ...]) -> bool:
    return not names or outcome.check.service in names or outcome.check.name in names


def local(outcome: Outcome) -> bool:
    """This machine's own firewall, route or limit stood in the way."""
    return flag(outcome, "local_fault") is True


def _place(outcome: Outcome) -> tuple[str, str, int, str, str]:
    check = outcome.check
    return (check.host, check.address or "", check.port or 65536, check.transport, check.id)
