"""Names beside the checks, with DNS and this machine's own resolution as tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import cast

import pytest

from portcheck.config import ForestSpec
from portcheck.model import Facts, Lookup
from portcheck.model.target import Target
from portcheck.net import own_names
from portcheck.net.dns import Names, NoResolverError
from portcheck.net.own_names import OwnAnswer
from portcheck.net.refusal import PortRefusal
from portcheck.run import name_servers
from portcheck.run.naming import NamedController, NamesBeside
from portcheck.targets import views
from portcheck.targets.srv import Discovery

HOST, ADDRESS = "dc1.alpha.test", "10.77.1.10"
SRV = "_ldap._tcp.dc._msdcs.alpha.test"


@dataclass(slots=True)
class Zone(Names):
    rows: dict[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    every: str = ""  # an address for every name

    async def lookup(self, name: str, record: str, *, required: bool = True) -> Lookup:
        self.asked.append((name, record))
        answers = self.rows.get((name, record), (self.every,) if self.every and record == "A" else ())
        status = "ok" if answers else "nxdomain"
        return Lookup(name, record, self.label, status, answers, required=required, answered_from="10.0.0.1")


@dataclass(slots=True)
class Here:
    """What programs get, and who is at which address."""

    own: dict[str, OwnAnswer] = field(default_factory=dict)
    hosts: dict[str | None, Facts] = field(default_factory=dict)
    facts: Facts = field(default_factory=dict)

    async def resolve(self, name: str, _: Sequence[str], __: float) -> OwnAnswer:
        return self.own.get(name, OwnAnswer("ok", (ADDRESS,)))

    async def introduce(self, place: Target) -> Facts:
        return self.hosts.get(place.address, {})

    def naming(self, zone: Names, lookups: list[Lookup] | None = None) -> NamesBeside:
        known = lookups if lookups is not None else []
        own_names.own_addresses = self.resolve  # type: ignore[assignment]
        return NamesBeside(ForestSpec("alpha.test"), zone, ("A",), known, self.facts, self)  # type: ignore[arg-type]


KNOWN = {(HOST, "A"): (ADDRESS,)}
FOUND = Discovery(places=[Target(HOST, ADDRESS, "srv", "alpha.test")])


@pytest.fixture(autouse=True)
def one_resolver(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "system_servers", lambda: (("10.0.0.1", 53),))
    monkeypatch.setattr(own_names, "own_addresses", None)  # each test puts its own there


@pytest.mark.parametrize("turns", [True, False])
async def test_an_address_that_dns_gives_another_time_is_no_matter_of_this_machine(turns: bool) -> None:
    class Pool(Zone):
        """Every second answer is another server's."""

        async def lookup(self, name: str, record: str, *, required: bool = True) -> Lookup:
            told = await Zone.lookup(self, name, record, required=required)
            other = turns and len(self.asked) % 2 == 0 and name == HOST
            return replace(told, answers=("10.77.1.99",)) if other else told

    here = Here({HOST: OwnAnswer("ok", ("10.77.1.99",))})
    await here.naming(Pool(rows=KNOWN)).beside(FOUND)
    (row,) = cast("list[dict[str, object]]", here.facts["resolution"])
    assert row.get("dns_by_turns") == (["10.77.1.99"] if turns else None)


async def test_a_record_that_is_denied_beside_others_is_asked_for_once_more() -> None:
    zone = Zone(rows={(SRV, "SRV"): ("0 100 389 dc1.alpha.test",)})
    lookups = [await zone.lookup(SRV, "SRV"), await zone.lookup("_gc._tcp.alpha.test", "SRV")]
    await Here().naming(zone, lookups).afterwards([])
    assert zone.asked.count(("_gc._tcp.alpha.test", "SRV")) > 1
    assert zone.asked.count((SRV, "SRV")) == 1


async def test_what_agrees_is_not_told_and_asks_nobody() -> None:
    here, zone = Here(), Zone()
    await here.naming(zone).beside(FOUND)
    assert (here.facts, zone.asked) == ({}, [])


@pytest.mark.parametrize(
    ("ping", "who"),
    [({}, ""), ({"dns_host_name": "DC1.alpha.test"}, HOST), ({"dns_host_name": "dc9.beta.test"}, "dc9.beta.test")],
)
async def test_another_address_is_asked_who_it_is(ping: Facts, who: str) -> None:
    here = Here({HOST: OwnAnswer("ok", ("10.77.1.99",))}, {"10.77.1.99": ping})
    await here.naming(Zone(rows=KNOWN)).beside(FOUND)
    assert here.facts["resolution"] == [
        {
            "name": HOST,
            "programs": ["10.77.1.99"],
            "dns": [ADDRESS],
            "asked_at": [ADDRESS],
            "answered_by": {"10.77.1.99": who},
        }
    ]


@pytest.mark.parametrize(("status", "told"), [("late", False), ("none", True)])
async def test_no_answer_in_time_proves_nothing_and_no_such_name_does(status: str, told: bool) -> None:
    here = Here({HOST: OwnAnswer(status)})
    await here.naming(Zone(rows=KNOWN)).beside(FOUND)
    assert ("resolution" in here.facts) is told


@pytest.mark.parametrize("found", [FOUND, Discovery(places=[Target(HOST, ADDRESS, "explicit", "alpha.test")])])
async def test_a_name_that_neither_programs_nor_dns_know_is_no_difference(found: Discovery) -> None:
    """Whatever the forests file gives, and wherever the domain's controllers are."""
    here = Here({HOST: OwnAnswer("none"), "alpha.test": OwnAnswer("none")})
    await here.naming(Zone()).beside(found)
    assert here.facts == {}


async def test_of_hosts_without_an_address_the_family_that_the_run_leaves_out_is_asked_too() -> None:
    zone = Zone(servers=[("10.0.0.1", 53)], rows={(HOST, "AAAA"): ("fd77::10",)})
    known = [Lookup(SRV, "SRV", "10.0.0.1", "ok", (f"0 100 389 {HOST}",))]
    await Here().naming(zone, known).afterwards([])
    assert ("fd77::10",) in [x.answers for x in known if (x.name, x.record) == (HOST, "AAAA")]


async def test_the_domain_s_own_name_may_lead_to_what_dns_gives_for_it_too() -> None:
    zone = Zone(rows={("alpha.test", "A"): (ADDRESS, "10.77.1.12")})
    here = Here({"alpha.test": OwnAnswer("ok", ("10.77.1.12",))})
    await here.naming(zone).beside(FOUND)
    assert here.facts == {}


async def test_an_address_of_every_name_is_told_only_where_no_controller_speaks() -> None:
    known = [Lookup("alpha.test", "A", "10.0.0.1", "ok", ("10.66.6.6",))]
    for speaks in (False, True):
        here, zone = Here(), Zone(servers=[("10.0.0.1", 53)], every="10.66.6.6")
        zone.heard.set()
        await here.naming(zone, list(known)).afterwards([NamedController("alpha.test", "10.66.6.6", speaks, False)])
        assert ("wildcard" in here.facts) is not speaks


async def test_a_name_that_nobody_has_and_that_dns_does_not_know_is_no_wildcard() -> None:
    here, zone = Here(), Zone(servers=[("10.0.0.1", 53)])
    zone.heard.set()
    known = [Lookup("alpha.test", "A", "10.0.0.1", "ok", ("10.66.6.6",))]
    await here.naming(zone, known).afterwards([NamedController("alpha.test", "10.66.6.6", False, False)])
    assert here.facts == {}


async def test_where_all_is_well_nothing_is_asked_afterwards() -> None:
    here, zone = Here(), Zone(servers=[("10.0.0.1", 53)])
    zone.heard.set()
    known = [
        Lookup(SRV, "SRV", "10.0.0.1", "ok", (f"0 100 389 {HOST}",), authoritative=True),
        Lookup(HOST, "A", "10.0.0.1", "ok", (ADDRESS,), authoritative=True),
    ]
    await here.naming(zone, known).afterwards([NamedController(HOST, ADDRESS, True, True)])
    assert (here.facts, zone.asked) == ({}, [])


@dataclass(slots=True)
class NoDns(Names):
    async def lookup(self, *_: object, **__: object) -> Lookup:
        raise NoResolverError("this machine has no DNS resolver configured")


@pytest.mark.parametrize("own", [OwnAnswer("none"), OwnAnswer("ok", ("10.77.1.99",))])
async def test_a_machine_without_dns_holds_nothing_against_it_and_does_not_stop(own: OwnAnswer) -> None:
    here = Here({HOST: own})
    await here.naming(NoDns()).beside(FOUND)
    assert here.facts == {}


# Servers that contradict each other

OTHER = "10.0.0.2"
CONTROLLER = NamedController(HOST, ADDRESS, speaks=False, serves_dns=False)


def contradicting(other: str) -> list[Lookup]:
    return [
        Lookup(SRV, "SRV", "10.0.0.1", "ok", (f"0 100 389 {HOST}",)),
        Lookup(HOST, "A", "10.0.0.1", "ok", (ADDRESS,)),
        Lookup(HOST, "A", OTHER, "ok", (other,), required=False),
    ]


@pytest.mark.parametrize(("other", "told"), [("10.77.1.99", True), (ADDRESS, False), ("0.0.0.0", False)])
async def test_an_address_that_only_another_server_gives_is_asked_who_is_there(other: str, told: bool) -> None:
    here = Here(hosts={other: {"dns_host_name": HOST}})
    await here.naming(Zone(servers=[("10.0.0.1", 53)]), contradicting(other)).afterwards([CONTROLLER])
    rows = [{"host": HOST, "address": other, "answered_by": HOST}]
    assert here.facts.get("elsewhere") == (rows if told else None)


OWN = NamedController("dc2.alpha.test", "10.77.1.12", speaks=True, serves_dns=True)
NAMED = (f"0 100 389 {HOST}", "0 100 389 dc2.alpha.test")


@pytest.fixture
def own_asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, str]]:
    """What name servers are asked, of whom; they know none of it."""
    asked: list[tuple[str, str, str]] = []

    async def lookup(view: Names, name: str, record: str, *, required: bool = True) -> Lookup:
        asked.append((view.label, name, record))
        return Lookup(name, record, view.label, "nxdomain", required=required)

    monkeypatch.setattr(Names, "lookup", lookup)
    return asked


@pytest.mark.parametrize("speaks", [False, True])
async def test_where_nobody_speaks_the_forests_own_server_is_asked_the_same(
    speaks: bool, own_asked: list[tuple[str, str, str]]
) -> None:
    known = [
        Lookup(SRV, "SRV", "10.0.0.1", "ok", NAMED, answered_from="10.0.0.1"),
        Lookup(HOST, "A", "10.0.0.1", "ok", (ADDRESS,)),
        Lookup("dc2.alpha.test", "A", "10.0.0.1", "ok", (OWN.address,)),
    ]
    here = Here()
    await here.naming(Zone(servers=[("10.0.0.1", 53)]), known).afterwards([replace(CONTROLLER, speaks=speaks), OWN])
    told = [(OWN.address, SRV, "SRV"), (OWN.address, HOST, "A"), (OWN.address, OWN.host, "A")]
    assert own_asked == ([] if speaks else told)


@pytest.mark.parametrize("answers", [False, True])
async def test_what_the_domains_name_leads_to_is_held_against_the_forests_own_server(
    answers: bool, own_asked: list[tuple[str, str, str]]
) -> None:
    here = Here()
    here.facts["domain_addresses"] = [{"address": "10.9.9.9", "names": ["alpha.test"], "answers": answers}]
    known = [Lookup("dc2.alpha.test", "A", "10.0.0.1", "ok", (OWN.address,))]
    await here.naming(Zone(servers=[("10.0.0.1", 53)]), known).afterwards([OWN])
    assert own_asked == ([] if answers else [(OWN.address, "alpha.test", "A"), (OWN.address, OWN.host, "A")])


# This machine's own list of name servers


@dataclass(slots=True)
class Silent(Names):
    async def lookup(self, name: str, record: str, *, required: bool = True) -> Lookup:
        return Lookup(name, record, self.label, "timeout", required=required)


@pytest.mark.parametrize("said", [PortRefusal("127.0.0.2", ""), None])
async def test_a_silent_server_of_the_list_is_asked_whether_it_refuses(
    monkeypatch: pytest.MonkeyPatch, said: PortRefusal | None
) -> None:
    async def refusal(*_: object) -> PortRefusal | None:
        return said

    monkeypatch.setattr(name_servers, "refusal", refusal)
    silent = Silent(servers=[("127.0.0.2", 53)])
    told = await name_servers.refusing([await silent.lookup(SRV, "SRV")], [silent])
    rows = [{"server": "127.0.0.2", "by": ""}]
    assert told == ({} if said is None else {"name_servers_refusing": rows})


async def test_a_server_that_answered_is_not_asked_whether_it_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(name_servers, "refusal", None)
    zone = Zone(servers=[("10.0.0.1", 53)])
    assert await name_servers.refusing([await zone.lookup(SRV, "SRV")], [zone]) == {}


@pytest.mark.parametrize(
    ("resolver", "status", "routes", "told"),
    [
        ("127.0.0.53", "refused", (), ["IPv4", "IPv6"]),
        ("127.0.0.53", "servfail", ("AAAA",), ["IPv4"]),
        ("127.0.0.53", "servfail", ("A",), None),
        ("127.0.0.53", "nxdomain", (), None),
        ("10.0.0.53", "refused", (), None),
    ],
)
def test_a_resolver_here_without_an_answer_and_without_a_default_route(
    monkeypatch: pytest.MonkeyPatch, resolver: str, status: str, routes: Sequence[str], told: list[str] | None
) -> None:
    ways = {name_servers.FAR[record]: "10.77.0.10" for record in routes}
    monkeypatch.setattr(name_servers, "source_address", ways.get)
    monkeypatch.setattr(name_servers, "system_servers", lambda: ((resolver, 53),))
    found = name_servers.confined([Lookup(SRV, "SRV", "system", status)], Names(), ("A", "AAAA"))
    assert found == ({} if told is None else {"no_default_route": told})
