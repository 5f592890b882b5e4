"""The machines around a forest and the cloud: who is asked what, once, by which way, and what is said of the others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from portcheck.catalogue.profiles import Profile, built_in
from portcheck.config import CLOUD, DIRECT, ForestSpec, ProxySpec, SystemSpec
from portcheck.model import Lookup, Need
from portcheck.model.target import UNNAMED, Selection, Target
from portcheck.targets import systems as around
from portcheck.targets.checks import checks_for

ALPHA = ForestSpec("alpha.test")
PROXY = ProxySpec("proxy.corp", 3128, "svc:secret")


@dataclass
class Dns:
    """Knows these names and no others; remembers what it was asked."""

    known: dict[str, tuple[str, ...]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    servers: tuple[tuple[str, int], ...] = ()

    async def addresses(self, host: str, families: Sequence[str]) -> list[Lookup]:
        assert families == ("A",)
        self.asked.append(host)
        found = self.known.get(host, ())
        return [Lookup(host, "A", "system", "ok" if found else "nxdomain", found)]


@pytest.mark.parametrize(
    ("profile", "only", "skip", "named", "may"),
    [
        ("mim", "", "", "kpasswd", True),
        ("mim", "", "", "464/udp", True),
        ("mim", "", "", "winrm", False),
        ("mim", "", "", "49667/tcp", True),
        ("mim", "", "", "10636/tcp", True),
        ("all", "", "", "winrm", True),
        ("mim", "gc", "", "kpasswd", False),
        ("mim", "gc", "", "gc", True),
        ("mim", "", "kpasswd/tcp", "kpasswd", True),
        ("mim", "", "464", "kpasswd", False),
        ("entra-connect", "", "", "cloud", True),
        ("mim-service", "", "", "mim-sts", True),
    ],
)
def test_what_a_run_may_ask_anything_of(profile: str, only: str, skip: str, named: str, may: bool) -> None:
    selection = Selection(frozenset(only.split()), frozenset(skip.split()))
    part = (ALPHA, profiles(profile))
    assert around.may_ask((part,), (), selection, Selection(frozenset({named}))) is may


def profiles(*names: str) -> tuple[Profile, ...]:
    return tuple(built_in()[name] for name in names)


def wanted(forest: ForestSpec, *names: str, **selected: frozenset[str]) -> around.SystemsWanted:
    return around.SystemsWanted(forest, profiles(*names), Selection(**selected), ("A",))


async def cloud_places(forest: ForestSpec, dns: Dns, proxy: ProxySpec | None, *names: str) -> dict[str, Target]:
    found = await around.places(wanted(forest, *names), dns, proxy)  # type: ignore[arg-type]
    return {place.host: place for place in found.places}


def test_a_profile_that_asks_nothing_of_controllers_or_machines_leaves_the_forest_alone() -> None:
    assert not around.asks(ALPHA, profiles("graph"), Selection())
    assert around.asks(ALPHA, profiles("mim"), Selection())
    assert around.asks_systems(ALPHA, profiles("pcns"), Selection())
    assert not around.asks_systems(ALPHA, profiles("mim"), Selection())
    assert around.asks_others_only(ALPHA, profiles("adfs"), Selection(only=frozenset({"mssql"})))


def test_the_cloud_is_one_part_for_all_forests_with_the_profiles_that_ask_it() -> None:
    relay = SystemSpec(CLOUD, "x.servicebus.windows.net")
    named = ForestSpec("bravo.test", systems=(relay, SystemSpec("sql", "sql1")))
    part = around.cloud([(ALPHA, profiles("mim", "graph")), (named, profiles("entra-connect"))], (), Selection())
    assert part is not None
    forest, asking = part
    assert (forest.name, forest.systems, forest.discover) == (CLOUD, (relay,), False)
    assert [profile.name for profile in asking] == ["graph", "entra-connect"]


@pytest.mark.parametrize("selection", [Selection(skip=frozenset({"cloud"})), Selection(only=frozenset({"ldap"}))])
def test_no_cloud_where_it_is_skipped_or_something_else_is_wanted(selection: Selection) -> None:
    assert around.cloud([(ALPHA, profiles("mim", "entra-connect"))], (), selection) is None


async def test_a_named_machine_is_looked_up_and_a_port_of_its_own_goes_to_its_role() -> None:
    systems = (SystemSpec("mim", "mim1"), SystemSpec("sql", "10.0.0.7", "10.0.0.7", 14330))
    forest = ForestSpec("alpha.test", systems=systems)
    asked = wanted(forest, "mim-service")
    found = await around.systems(asked, Dns({"mim1": ("10.0.0.6",)}))  # type: ignore[arg-type]
    mim, sql = found.places[:2]
    assert (mim.host, mim.address, mim.target) == ("mim1", "10.0.0.6", "mim")
    checks = {check.name: check for check in checks_for(sql, forest, asked.profiles, Selection())}
    assert (checks["mssql/tcp"].port, checks["udp/udp"].port) == (14330, 1434)
    assert checks["mssql/tcp"].need is Need.REQUIRED


async def test_a_role_that_nobody_named_is_one_place_that_says_so() -> None:
    found = await around.systems(wanted(ALPHA, "mim-service"), Dns())  # type: ignore[arg-type]
    assert [(place.host, place.source) for place in found.places] == [
        (role, UNNAMED) for role in ("mim", "sql", "sync", "mail")
    ]
    assert all(f"--system {place.host}=HOST" in place.unasked for place in found.places)


async def test_what_the_selection_leaves_out_is_not_looked_up() -> None:
    forest = ForestSpec("alpha.test", systems=(SystemSpec("mim", "mim1"), SystemSpec("sql", "sql1")))
    dns = Dns()
    await around.systems(wanted(forest, "mim-service", only=frozenset({"mssql"})), dns)  # type: ignore[arg-type]
    assert dns.asked == ["sql1"]


async def test_behind_a_proxy_only_its_own_name_is_looked_up() -> None:
    dns = Dns({"proxy.corp": ("10.0.0.5",)})
    places = await cloud_places(ForestSpec(CLOUD), dns, PROXY, "graph")
    assert dns.asked == ["proxy.corp"]
    route = places["graph.microsoft.com"].route
    assert route is not None
    assert (route.addresses, route.proxy, route.proxy_port) == (("10.0.0.5",), "proxy.corp:3128", 3128)
    assert "secret" not in repr(route)


async def test_straight_out_each_endpoint_has_its_addresses_ipv4_first() -> None:
    dns = Dns({"graph.microsoft.com": ("::1", "127.0.0.1")})
    places = await cloud_places(ForestSpec(CLOUD), dns, DIRECT, "graph")
    route = places["graph.microsoft.com"].route
    assert route is not None
    assert (route.addresses, route.direct) == (("127.0.0.1", "::1"), True)
    assert places["login.microsoftonline.com"].route == around.Route(())


async def test_a_wildcard_is_asked_by_the_files_host_else_the_documents_else_not_at_all() -> None:
    relay = "*.servicebus.windows.net"
    documented = around.asked_for(relay)
    dns = Dns({documented: ("192.0.2.1",)})
    places = await cloud_places(ForestSpec(CLOUD), dns, DIRECT, "entra-connect")
    assert places[documented].endpoint == relay
    assert "wildcard" in places["*.graph.windows.net"].unasked
    own = SystemSpec(CLOUD, "x.servicebus.windows.net", "192.0.2.9", 10443)
    places = await cloud_places(ForestSpec(CLOUD, systems=(own,)), Dns(), DIRECT, "entra-connect")
    assert documented not in places
    place = places["x.servicebus.windows.net"]
    assert (place.route, dict(place.ports)) == (around.Route(("192.0.2.9",)), {"https": 10443})


async def test_a_stand_in_without_an_address_proves_nothing_and_is_not_asked() -> None:
    places = await cloud_places(ForestSpec(CLOUD), Dns(), DIRECT, "entra-connect")
    assert "has no address" in places[around.asked_for("*.servicebus.windows.net")].unasked


async def test_amqp_goes_straight_unless_the_file_says_otherwise_of_the_host() -> None:
    relay = SystemSpec(CLOUD, "x.servicebus.windows.net", "192.0.2.9")
    for own, direct in ((None, True), (PROXY, False)):
        forest = ForestSpec(CLOUD, systems=(SystemSpec(CLOUD, relay.host, relay.address, proxy=own),))
        places = await cloud_places(forest, Dns({"proxy.corp": ("10.0.0.5",)}), PROXY, "mim-service")
        route = places[relay.host].route
        assert route is not None
        assert route.direct is direct
