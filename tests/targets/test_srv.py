"""A forest's name to the hosts to ask, with DNS as a table: places, domains, roles, families."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from portcheck.asking.asker import ForestAsker
from portcheck.asking.engine import Engine
from portcheck.config import DcSpec, ForestSpec
from portcheck.model import Lookup
from portcheck.model.target import Target
from portcheck.net import dns
from portcheck.net.dns import Names
from portcheck.net.timeouts import Timeouts
from portcheck.run.clients import Clients
from portcheck.targets import srv as discover
from portcheck.targets import views
from portcheck.targets.client_names import ClientAddress, of_site
from portcheck.targets.srv import Discovery

BOTH = ("A", "AAAA")
ZONE = {
    ("_ldap._tcp.dc._msdcs.alpha.test", "SRV"): ("0 100 389 dc1.alpha.test", "0 100 389 dc2.alpha.test"),
    ("_kerberos._tcp.alpha.test", "SRV"): ("0 100 88 dc1.alpha.test",),
    ("_ldap._tcp.pdc._msdcs.alpha.test", "SRV"): ("0 100 389 dc1.alpha.test",),
    ("_gc._tcp.alpha.test", "SRV"): ("0 100 3268 dc2.alpha.test",),
    ("alpha.test", "NS"): ("dc1.alpha.test",),
    ("dc1.alpha.test", "A"): ("127.0.0.1",),
    ("dc2.alpha.test", "A"): ("127.0.0.2", "127.0.0.3"),
}


@dataclass(slots=True)
class Zone(Names):
    """DNS as a table; what it does not hold does not exist."""

    rows: Mapping[tuple[str, str], Sequence[str]] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)

    async def lookup(self, name: str, record: str, *, required: bool = True) -> Lookup:
        self.asked.append((name, record))
        answers = tuple(self.rows.get((name, record), ()))
        return Lookup(name, record, self.label, "ok" if answers else "nxdomain", answers, required=required)


def zone(rows: Mapping[tuple[str, str], Sequence[str]] = ZONE) -> Zone:
    return Zone(servers=[("127.0.0.1", 53)], rows=rows)


async def test_the_controllers_that_dns_advertises_are_places_at_each_address() -> None:
    found = await discover.advertised(ForestSpec("alpha.test"), zone(), BOTH)
    assert [(place.host, place.address) for place in found.places] == [
        ("dc1.alpha.test", "127.0.0.1"),
        ("dc2.alpha.test", "127.0.0.2"),
        ("dc2.alpha.test", "127.0.0.3"),
    ]
    assert {(place.source, place.domain) for place in found.places} == {("srv", "alpha.test")}


async def test_records_announce_roles() -> None:
    found = await discover.advertised(ForestSpec("alpha.test"), zone(), BOTH)
    assert found.announced("dc1.alpha.test") == {"kdc", "pdc", "dns"}
    assert found.announced("dc2.alpha.test") == {"gc"}
    assert found.announced("dc3.alpha.test") == set()
    assert found.name_servers == {"dc1.alpha.test"}


async def test_without_ns_records_nobody_is_said_to_be_no_name_server() -> None:
    rows = {key: value for key, value in ZONE.items() if key[1] != "NS"}
    assert (await discover.advertised(ForestSpec("alpha.test"), zone(rows), BOTH)).name_servers is None


async def test_a_target_without_address_stays_in_the_plan() -> None:
    rows = {key: value for key, value in ZONE.items() if key[0] != "dc2.alpha.test"}
    found = await discover.advertised(ForestSpec("alpha.test"), zone(rows), BOTH)
    assert [place.address for place in found.places if place.host == "dc2.alpha.test"] == [None]


async def test_an_address_of_nobody_is_none() -> None:
    nobody = {**ZONE, ("dc1.alpha.test", "A"): ("0.0.0.0",), ("dc2.alpha.test", "A"): ("0.0.0.0", "127.0.0.2")}
    found = await discover.advertised(ForestSpec("alpha.test"), zone(nobody), BOTH)
    assert [(place.host, place.address) for place in found.places] == [
        ("dc1.alpha.test", None),
        ("dc2.alpha.test", "127.0.0.2"),
    ]


async def test_without_the_list_of_controllers_those_of_other_records_are_asked() -> None:
    rows = {key: answers for key, answers in ZONE.items() if "dc._msdcs" not in key[0]}
    found = await discover.advertised(ForestSpec("alpha.test"), zone(rows), BOTH)
    assert {place.host for place in found.places} == {"dc1.alpha.test"}


async def test_a_host_that_only_another_record_names_is_looked_up_and_not_asked() -> None:
    rows = {**ZONE, ("_gc._tcp.alpha.test", "SRV"): ("0 100 3268 gone.alpha.test",)}
    found = await discover.advertised(ForestSpec("alpha.test"), zone(rows), BOTH)
    assert "gone.alpha.test" not in {place.host for place in found.places}
    assert [(lookup.status, lookup.required) for lookup in found.lookups if lookup.name == "gone.alpha.test"] == [
        ("nxdomain", False),
        ("nxdomain", False),
    ]


async def test_a_dot_as_target_means_that_there_is_no_such_service() -> None:
    rows = {("_ldap._tcp.dc._msdcs.alpha.test", "SRV"): ("0 0 0 .", "0 0 0 ")}
    found = await discover.advertised(ForestSpec("alpha.test"), zone(rows), BOTH)
    assert found.places == []
    assert found.roles == {}


@pytest.mark.parametrize(("families", "asked"), [(("A",), {"A"}), (("AAAA",), {"AAAA"}), (BOTH, {"A", "AAAA"})])
async def test_only_the_wanted_families_are_looked_up(families: tuple[str, ...], asked: set[str]) -> None:
    names = zone()
    await discover.advertised(ForestSpec("alpha.test"), names, families)
    assert {record for name, record in names.asked if name == "dc1.alpha.test"} == asked


async def test_a_site_narrows_the_controllers_where_it_has_any() -> None:
    of_site = {("_ldap._tcp.Hub._sites.dc._msdcs.alpha.test", "SRV"): ("0 100 389 dc2.alpha.test",)}
    forest = ForestSpec("alpha.test", site="Hub")
    narrowed = await discover.advertised(forest, zone(ZONE | of_site), BOTH)
    assert {place.host for place in narrowed.places} == {"dc2.alpha.test"}
    unknown_site = await discover.advertised(forest, zone(), BOTH)
    assert {place.host for place in unknown_site.places} == {"dc1.alpha.test", "dc2.alpha.test"}


async def test_each_domain_is_asked_for_and_a_host_belongs_to_the_first_that_names_it() -> None:
    child = {
        ("_ldap._tcp.dc._msdcs.emea.alpha.test", "SRV"): ("0 1 389 dc5.emea.alpha.test", "0 1 389 dc1.alpha.test"),
        ("dc5.emea.alpha.test", "A"): ("127.0.0.5",),
    }
    names = zone(ZONE | child)
    found = await discover.advertised(ForestSpec("alpha.test", domains=("emea.alpha.test",)), names, BOTH)
    assert {place.host: place.domain for place in found.places} == {
        "dc1.alpha.test": "alpha.test",
        "dc2.alpha.test": "alpha.test",
        "dc5.emea.alpha.test": "emea.alpha.test",
    }
    assert ("_gc._tcp.emea.alpha.test", "SRV") not in names.asked  # global catalogs belong to the forest


async def test_named_controllers_are_looked_up_only_where_no_address_is_given() -> None:
    named = (DcSpec("dc1.alpha.test"), DcSpec("dc7.alpha.test", "127.0.0.7"), DcSpec("127.0.0.8"))
    names = zone()
    found = await discover.explicit(ForestSpec("alpha.test", domain_controllers=named), names, BOTH)
    assert {(place.host, place.address, place.source) for place in found.places} == {
        ("dc1.alpha.test", "127.0.0.1", "explicit"),
        ("dc7.alpha.test", "127.0.0.7", "explicit"),
        ("127.0.0.8", "127.0.0.8", "explicit"),
    }
    assert {name for name, _ in names.asked} == {"dc1.alpha.test"}


async def test_a_named_controller_that_dns_does_not_know_stays_in_the_plan() -> None:
    forest = ForestSpec("alpha.test", domain_controllers=(DcSpec("dc9.alpha.test"),))
    assert [place.address for place in (await discover.explicit(forest, zone(), BOTH)).places] == [None]


@pytest.mark.parametrize(
    ("host", "forest", "domain"),
    [
        ("dc1.alpha.test", ForestSpec("alpha.test"), "alpha.test"),
        ("dc5.emea.alpha.test", ForestSpec("alpha.test", domains=("emea.alpha.test",)), "emea.alpha.test"),
        ("dc1.notalpha.test", ForestSpec("alpha.test"), "alpha.test"),
        ("dc1.alpha.test", ForestSpec("dc1.alpha.test"), ""),
        ("10.0.0.1", ForestSpec("10.0.0.1"), ""),
    ],
)
def test_a_host_is_asked_about_the_closest_domain(host: str, forest: ForestSpec, domain: str) -> None:
    assert discover.domain_of(host, forest) == domain


async def test_a_name_s_own_addresses_are_no_demand_on_dns() -> None:
    found = await discover.by_name("dc1.alpha.test", zone(), BOTH)
    assert [place.address for place in found.places] == ["127.0.0.1"]
    assert not any(lookup.required for lookup in found.lookups)
    assert (await discover.by_name("nobody.test", zone(), BOTH)).places == []
    assert (await discover.by_name("10.0.0.1", zone(), BOTH)).lookups == []


def labels(names: Names, own: Sequence[str] = ()) -> list[str]:
    return [view.label for view in views.views(names, own)]


def test_servers_that_are_asked_in_turn_are_compared_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first that answers is believed, whatever the second would have said."""
    monkeypatch.setattr(views, "system_servers", lambda: (("10.0.0.9", 53),))
    names = Names((("10.0.0.1", 53), ("10.0.0.2", 53)))
    assert labels(names, ["10.0.0.2", "10.0.0.3"]) == ["system", "10.0.0.1", "10.0.0.2", "10.0.0.3"]


def test_those_of_the_system_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "system_servers", lambda: (("10.0.0.1", 53), ("10.0.0.2", 53)))
    assert labels(Names(), ["10.0.0.9"]) == ["10.0.0.1", "10.0.0.2", "10.0.0.9"]
    assert labels(Names([("10.0.0.7", 53)])) == ["10.0.0.1", "10.0.0.2"]
    monkeypatch.setattr(views, "system_servers", lambda: (("10.0.0.1", 53),))
    assert labels(Names()) == []
    assert labels(Names([("10.0.0.7", 53)])) == ["system"]


@pytest.mark.parametrize("beside", ["", "nameserver no-address\n", f"search {'a' * 64}.test a..b\n", "options x:y\n"])
def test_behind_the_address_of_systemd_resolved_its_own_servers_are_asked(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, beside: str
) -> None:
    own = tmp_path / "resolv.conf"
    own.write_text(f"{beside}nameserver 10.0.0.1\nnameserver 10.0.0.2\n")
    monkeypatch.setattr(dns, "RESOLVED_LIST", own)
    monkeypatch.setattr(views, "system_servers", lambda: (("127.0.0.53", 53),))
    assert labels(Names()) == ["10.0.0.1", "10.0.0.2"]
    own.unlink()
    assert labels(Names()) == []


async def test_nobody_is_asked_again_what_it_has_answered() -> None:
    first = Lookup("_gc._tcp.alpha.test", "SRV", "system", "ok", ("0 0 3268 dc1.alpha.test",), answered_from="10.0.0.1")
    one, other = zone(), zone()
    one.servers, other.servers = [("10.0.0.1", 53)], [("10.0.0.2", 53)]
    told = await views.other_views([first], Names(), [one, other])
    assert (one.asked, other.asked) == ([], [("_gc._tcp.alpha.test", "SRV")])
    assert [(lookup.server, lookup.required) for lookup in told] == [("10.0.0.2", False)]
    assert await views.other_views([first, *told], Names(), [one, other]) == []


async def test_controllers_come_in_the_order_of_their_numbers_whatever_dns_gives() -> None:
    hosts = [f"dc{number}.alpha.test" for number in (10, 2, 1)]
    rows = {("_ldap._tcp.dc._msdcs.alpha.test", "SRV"): [f"0 100 389 {host}" for host in hosts]}
    found = await discover.advertised(ForestSpec("alpha.test"), zone(rows), BOTH)
    assert [place.host for place in found.places] == ["dc1.alpha.test", "dc2.alpha.test", "dc10.alpha.test"]


@pytest.mark.parametrize("nobody", ["224.0.0.1", "255.255.255.255", "127.0.0.1", "::1", "ff02::1", "::ffff:127.0.0.1"])
async def test_what_cannot_be_a_controllers_address_is_told_and_not_asked(nobody: str) -> None:
    rows = {**ZONE, ("dc1.alpha.test", "A"): (nobody,), ("dc2.alpha.test", "A"): ("10.77.1.11", nobody)}
    found = await discover.advertised(ForestSpec("alpha.test"), Zone(servers=[("10.77.1.1", 53)], rows=rows), BOTH)
    assert [(place.host, place.address) for place in found.places] == [
        ("dc1.alpha.test", None),
        ("dc2.alpha.test", "10.77.1.11"),
    ]
    assert nobody in found.places[0].given[0]
    assert [nobody in words for words in found.unusable] == [True]


async def test_more_targets_and_addresses_than_make_sense_are_left_out_and_told() -> None:
    srv = ("_ldap._tcp.dc._msdcs.alpha.test", "SRV")
    rows: dict[tuple[str, str], Sequence[str]] = {srv: tuple(f"0 100 389 h{n}.alpha.test" for n in range(2500))}
    rows |= {(f"h{n}.alpha.test", "A"): ("10.77.1.1",) for n in range(1, 2500)}
    rows[("h0.alpha.test", "A")] = tuple(f"10.77.2.{n}" for n in range(1, 41))
    names = zone(rows)
    found = await discover.advertised(ForestSpec("alpha.test"), names, ("A",))
    assert len({place.host for place in found.places}) == discover.MOST_TARGETS
    assert sum(place.host == "h0.alpha.test" for place in found.places) == discover.MOST_ADDRESSES
    assert found.too_many == [
        "1000 of the 2500 hosts that DNS names for alpha.test",
        "24 of the 40 addresses of h0.alpha.test",
    ]


async def test_a_site_of_more_hosts_than_make_sense_is_told_by_who_follows_the_ping() -> None:
    rows: dict[tuple[str, str], Sequence[str]] = {
        (of_site("DMZ", "alpha.test"), "SRV"): tuple(f"0 100 389 h{n}.alpha.test" for n in range(1502)),
        ("h0.alpha.test", "A"): tuple(f"10.77.2.{n}" for n in range(1, 18)),
    }
    asked: list[Target] = []

    class Noting(Clients):
        async def ask(self, places: Iterable[Target], _: Discovery) -> None:
            asked.extend(places)

    forest, too_many = ForestSpec("alpha.test", site="DMZ"), list[str]()
    await Noting(forest, zone(rows), ("A",), [], {}, asker(forest), too_many)._site("DMZ")
    assert len({place.host for place in asked}) == discover.MOST_TARGETS
    assert too_many == [
        "2 of the 1502 hosts that DNS names for the site DMZ of alpha.test",
        "1 of the 17 addresses of h0.alpha.test",
    ]


async def test_addresses_of_the_domains_name_beyond_the_bound_are_told() -> None:
    class Answering(Clients):
        async def _looked_at(self, uses: Sequence[ClientAddress]) -> dict[str, object]:
            return {"address": uses[0].address}

    rows = {("alpha.test", "A"): tuple(f"10.77.3.{n}" for n in range(1, 20))}
    forest, too_many = ForestSpec("alpha.test"), list[str]()
    await Answering(forest, zone(rows), ("A",), [], {}, asker(forest), too_many).domain_addresses()
    assert too_many == ["3 of the 19 addresses of alpha.test that are no controller's"]


def asker(forest: ForestSpec) -> ForestAsker:
    return ForestAsker(forest, (), Engine(Timeouts(), lambda _: None), Names(), lambda _: None)
