"""Who is asked, and when: DNS that answers, that knows nobody, that says nothing, and hosts that say who they are."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import pytest

from portcheck.config import ForestSpec, Server
from portcheck.model import Facts, Lookup
from portcheck.model.target import Target
from portcheck.net.dns import Names
from portcheck.run import search
from portcheck.run.search import Search
from portcheck.targets.known import from_file
from portcheck.targets.srv import Discovery

SRV = "_ldap._tcp.dc._msdcs.alpha.test"


@dataclass(slots=True)
class Dns(Names):
    """Answers from a table; `after`: only when this has happened."""

    rows: dict[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    after: asyncio.Event | None = None

    async def lookup(self, name: str, record: str, *, required: bool = True) -> Lookup:
        if self.after is not None:
            await self.after.wait()
        answers = self.rows.get((name, record), ())
        if self.rows:
            self.heard.set()
        status = "ok" if answers else "nxdomain" if self.rows else "timeout"
        return Lookup(name, record, self.label, status, answers, required=required)


@dataclass(slots=True)
class World:
    """Keeps who was asked; `names`: what hosts say they are called, by address."""

    names: dict[str | None, str] = field(default_factory=dict)
    asked: list[Target] = field(default_factory=list)
    somebody: asyncio.Event = field(default_factory=asyncio.Event)
    too_many: list[str] = field(default_factory=list)
    unusable: list[str] = field(default_factory=list)

    async def ask(self, places: Iterable[Target], _: Discovery) -> None:
        self.asked += places
        if self.asked:
            self.somebody.set()

    async def introduce(self, place: Target) -> Facts:
        if place.address not in self.names:
            return {}
        return {"dns_host_name": self.names[place.address], "domain": self.names[place.address].partition(".")[2]}

    async def beside(self, _: Discovery) -> None:
        """Nothing is asked beside."""

    def search(self, dns: Names, **forest: Any) -> Search:
        return Search(ForestSpec("alpha.test", **forest), dns, ("A",), [], self, self, self)  # type: ignore[arg-type]

    @property
    def told(self) -> list[tuple[str, str | None, bool]]:
        return [(place.host, place.address, place.assumed) for place in self.asked]


ZONE = {(SRV, "SRV"): ("0 100 389 dc1.alpha.test",), ("dc1.alpha.test", "A"): ("127.0.0.1",)}


@pytest.fixture(autouse=True)
def in_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "DNS_HEAD_START_S", 0.01)
    monkeypatch.setattr(search, "SILENT_DNS_S", 0.01)


async def test_what_dns_advertises_is_asked_and_nobody_else() -> None:
    world = World()
    await world.search(Dns([("127.0.0.1", 53)], rows=ZONE)).run()
    assert world.told == [("dc1.alpha.test", "127.0.0.1", False)]


async def test_silent_name_servers_are_asked_as_controllers_before_dns_gives_up() -> None:
    world = World({"127.0.0.9": "dc9.alpha.test"})
    # DNS gives up only after somebody was asked: were they asked in turn, this would wait for ever.
    dns = Dns([("127.0.0.9", 53), ("127.0.0.8", 53)], after=world.somebody)
    async with asyncio.timeout(60):
        await world.search(dns).run()
    assert sorted(world.told) == [("127.0.0.8", "127.0.0.8", True), ("dc9.alpha.test", "127.0.0.9", False)]


async def test_a_server_that_knows_no_controller_is_asked_whether_it_is_one() -> None:
    world = World({"127.0.0.9": "dc9.alpha.test"})
    await world.search(Dns([("127.0.0.9", 53)], rows={("other.test", "A"): ("127.0.0.3",)})).run()
    assert world.told == [("dc9.alpha.test", "127.0.0.9", False)]


async def test_a_name_that_is_a_host_is_asked_as_that_host_and_misses_no_records() -> None:
    world = World()
    found = world.search(Dns(rows={("alpha.test", "A"): ("10.77.0.5",)}))
    await found.run()
    assert world.told == [("alpha.test", "10.77.0.5", False)]
    assert not any(lookup.required for lookup in found.lookups)


async def test_a_name_that_a_search_list_completed_is_the_hosts() -> None:
    world = World({"10.77.0.5": "alpha.test.example"})
    found = world.search(Dns(rows={("alpha.test", "A"): ("10.77.0.5",)}))
    await found.run()
    assert [(place.host, place.source, place.domain) for place in world.asked] == [("alpha.test", "argument", "")]
    assert not any(lookup.required for lookup in found.lookups)


async def test_an_alias_is_asked_as_a_host_at_each_address_and_misses_no_records() -> None:
    world = World({"127.0.0.5": "dc5.other.test", "127.0.0.6": "dc6.other.test"})
    found = world.search(Dns([("127.0.0.1", 53)], rows={("alpha.test", "A"): ("127.0.0.5", "127.0.0.6")}))
    await found.run()
    assert sorted(world.told) == [("alpha.test", "127.0.0.5", False), ("alpha.test", "127.0.0.6", False)]
    assert {(place.source, place.domain) for place in world.asked} == {("argument", "")}
    assert not any(lookup.required for lookup in found.lookups)


async def test_a_domain_whose_own_addresses_lead_to_its_controllers_misses_its_records() -> None:
    world = World({"127.0.0.5": "dc5.alpha.test"})
    found = world.search(Dns([("127.0.0.1", 53)], rows={("alpha.test", "A"): ("127.0.0.5",)}))
    await found.run()
    assert world.told == [("dc5.alpha.test", "127.0.0.5", False)]
    assert any(lookup.required and lookup.record == "SRV" for lookup in found.lookups)


WAYS: dict[str, dict[tuple[str, str], tuple[str, ...]]] = {
    "beside controllers": ZONE,
    "where DNS knows nobody": {("other.test", "A"): ("127.0.0.5",)},
    "where DNS is silent": {},
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(("port", "ports"), [(10053, {"dns": 10053}), (53, {})])
async def test_a_name_server_is_asked_on_the_port_that_was_given(port: int, ports: dict[str, int], way: str) -> None:
    world = World()
    await world.search(Dns([("127.0.0.9", port)], rows=WAYS[way])).run()
    assert [place.ports for place in world.asked if place.address == "127.0.0.9"] == [ports]


async def test_a_host_at_the_address_of_the_name_server_is_asked_on_the_usual_ports() -> None:
    world = World({"127.0.0.9": "dc9.alpha.test"})
    await world.search(Dns([("127.0.0.9", 10053)], rows={("alpha.test", "A"): ("127.0.0.9",)})).run()
    assert [(place.host, place.ports) for place in world.asked] == [("dc9.alpha.test", {})]


@pytest.mark.parametrize(("port", "ports"), [(10053, {"dns": 10053}), (53, {})])
def test_a_name_server_of_the_file_is_planned_on_the_port_that_was_given(port: int, ports: dict[str, int]) -> None:
    forest = ForestSpec("alpha.test", dns=(Server("127.0.0.9", port), Server("ns.alpha.test", port)))
    assert [(place.address, place.dns_only, place.ports) for place in from_file(forest)] == [("127.0.0.9", True, ports)]


async def test_a_silent_resolver_of_the_system_is_asked_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "system_servers", lambda: (("127.0.0.53", 53),))
    world = World()
    await world.search(Dns()).run()
    assert [(place.address, place.source, place.dns_only) for place in world.asked] == [
        ("127.0.0.53", "resolver", True)
    ]


@dataclass(slots=True)
class FullForwarder(Names):
    """`refused`: these records; the others get `otherwise`."""

    refused: frozenset[str] = frozenset()
    otherwise: str = "timeout"

    async def lookup(self, name: str, record: str, *, required: bool = True) -> Lookup:
        status = "refused" if name.split(".", maxsplit=1)[0] in self.refused else self.otherwise
        if status != "timeout":
            self.heard.set()
        return Lookup(name, record, self.label, status, (), required=required)


@pytest.mark.parametrize(("refused", "otherwise", "asked"), [
    ({"_gc"}, "timeout", ["127.0.0.53"]),
    ({"_gc", "_ldap"}, "servfail", []),
    ({"_gc"}, "nxdomain", []),
    (set(), "refused", []),
])  # fmt: skip
async def test_a_resolver_that_refuses_some_questions_and_leaves_the_others_is_asked_itself(
    refused: set[str], otherwise: str, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """dnsmasq with its table full: which of the questions it refuses differs from run to run."""
    monkeypatch.setattr(search, "system_servers", lambda: (("127.0.0.53", 53),))
    world = World()
    await world.search(FullForwarder(refused=frozenset(refused), otherwise=otherwise)).run()
    assert [place.address for place in world.asked] == asked
