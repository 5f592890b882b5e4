"""Places and profile rows to checks: which services, on which ports, how badly needed, and what is left out."""

from __future__ import annotations

import pytest

from portcheck.catalogue.profiles import built_in
from portcheck.config import ExtraPort, ForestSpec
from portcheck.model import Check, Expected, Need
from portcheck.model.target import Selection, Target
from portcheck.targets.checks import checks_for, profile_names

HOST = Target("dc1.alpha.test", "10.77.1.10", "srv", "alpha.test")
CLASSIC = {"ldap/tcp", "ldaps/tcp", "kerberos/tcp", "kpasswd/tcp", "kpasswd/udp", "gc/tcp", "gc-tls/tcp", "rpc/tcp"}


def planned(
    forest: ForestSpec | None = None,
    place: Target = HOST,
    selection: Selection | None = None,
    profiles: tuple[str, ...] = ("mim",),
) -> dict[str, Check]:
    chosen = [built_in()[name] for name in profiles]
    checks = checks_for(place, forest or ForestSpec("alpha.test"), chosen, selection or Selection())
    assert len({check.id for check in checks}) == len(checks)
    return {f"{check.name}/{check.port}" if check.service in {"tcp", "udp"} else check.name: check for check in checks}


def test_mim_asks_for_the_classic_list_and_what_it_forgets() -> None:
    assert planned().keys() >= CLASSIC | {"ldap-ping/udp", "smb/tcp", "rpc-netlogon/tcp"}


def test_a_check_carries_its_place_and_the_reason_it_is_asked_for() -> None:
    check = planned()["kpasswd/tcp"]
    assert (check.forest, check.host, check.address, check.domain) == (
        "alpha.test",
        "dc1.alpha.test",
        "10.77.1.10",
        "alpha.test",
    )
    assert (check.port, check.profiles) == (464, ("mim",))
    assert check.why
    assert check.source
    assert check.operations


def test_a_port_behind_the_mapper_is_not_known_yet() -> None:
    assert planned()["rpc-netlogon/tcp"].port is None


def test_two_profiles_ask_once_and_the_stronger_need_wins() -> None:
    both = planned(profiles=("mim", "entra-connect"))
    alone = [planned(profiles=(name,)) for name in ("mim", "entra-connect")]
    assert both.keys() == alone[0].keys() | alone[1].keys()
    order = (Need.OPTIONAL, Need.CONDITIONAL, Need.REQUIRED)
    for name, check in both.items():
        assert check.need is max((plan[name].need for plan in alone if name in plan), key=order.index)


def test_a_host_without_address_is_planned_too() -> None:
    nowhere = planned(place=Target("dc9.alpha.test", None, "srv", "alpha.test"))
    assert {check.address for check in nowhere.values()} == {None}
    assert nowhere.keys() == planned().keys()


def test_a_name_server_that_is_no_known_controller_is_asked_for_dns_alone() -> None:
    forest = ForestSpec("alpha.test", extra=(ExtraPort("pcns", 5000),))
    server = Target("10.77.1.99", "10.77.1.99", "dns-server", "alpha.test", dns_only=True)
    assert {check.service for check in planned(forest, server).values()} == {"dns"}


def test_a_service_on_another_port_keeps_its_name() -> None:
    check = planned(ForestSpec("alpha.test", ports={"kerberos": 10088}))["kerberos/tcp"]
    assert (check.service, check.port) == ("kerberos", 10088)


def test_what_is_expected_closed_says_so_and_nothing_else_does() -> None:
    forest = ForestSpec("alpha.test", expect={"smb": "closed", "domain_sid": "S-1-5-21-1-2-3"})
    closed = {name for name, check in planned(forest).items() if check.expected is Expected.CLOSED}
    assert closed == {"smb/tcp"}


def test_extra_ports_come_last_and_are_required() -> None:
    extra = (ExtraPort("pcns", 5000, "tcp", "PCNS static RPC port"), ExtraPort("old", 3000, "udp"))
    found = planned(ForestSpec("alpha.test", extra=extra, expect={"old": "closed"}))
    assert list(found)[-2:] == ["tcp/tcp/5000", "udp/udp/3000"]
    assert (found["tcp/tcp/5000"].purpose, found["tcp/tcp/5000"].need) == ("PCNS static RPC port", Need.REQUIRED)
    assert (found["udp/udp/3000"].purpose, found["udp/udp/3000"].expected) == ("old", Expected.CLOSED)


def test_the_same_extra_port_under_two_names_is_asked_once() -> None:
    extra = (ExtraPort("one", 5000), ExtraPort("two", 5000))
    assert [name for name in planned(ForestSpec("alpha.test", extra=extra)) if name.startswith("tcp/")] == [
        "tcp/tcp/5000"
    ]


@pytest.mark.parametrize(
    ("only", "skip", "left"),
    [
        ({"kpasswd"}, set(), {"kpasswd/tcp", "kpasswd/udp"}),
        ({"kpasswd/udp"}, set(), {"kpasswd/udp"}),
        ({"464"}, set(), {"kpasswd/tcp", "kpasswd/udp"}),
        ({"464/tcp"}, set(), {"kpasswd/tcp"}),
        ({"kpasswd"}, {"kpasswd/udp"}, {"kpasswd/tcp"}),
        ({"kpasswd"}, {"464"}, set()),
    ],
)
def test_only_and_skip_take_services_transports_and_ports(only: set[str], skip: set[str], left: set[str]) -> None:
    assert planned(selection=Selection(frozenset(only), frozenset(skip))).keys() == left


def test_skip_alone_leaves_everything_else() -> None:
    assert planned(selection=Selection(skip=frozenset({"smb"}))).keys() == planned().keys() - {"smb/tcp"}


def test_the_command_line_s_profiles_come_before_the_forest_s() -> None:
    forest = ForestSpec("alpha.test", profiles=("mim", "pcns"))
    assert profile_names(forest, ["member"]) == ("member",)
    assert profile_names(forest, []) == ("mim", "pcns")
