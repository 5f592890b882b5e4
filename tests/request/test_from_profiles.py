"""From the profiles: who opens which connection to whom, before anything was asked."""

from __future__ import annotations

from typing import Any

import pytest

from portcheck.catalogue.profiles import built_in
from portcheck.config import DcSpec, ForestSpec, SystemSpec, parse_server
from portcheck.model.target import Selection
from portcheck.request.flow import Asked, Ports
from portcheck.request.from_profiles import PathWish, Wanting, asked
from portcheck.targets.known import from_file
from portcheck.targets.systems import SystemsWanted, unlocated

DCS = (DcSpec("dc1.alpha.test", "10.77.1.10"), DcSpec("dc2.alpha.test", "10.77.1.11"))
HERE = "10.77.0.10"


def paths(*profiles: str, forest: dict[str, Any] | None = None, **options: Any) -> Asked:
    spec = ForestSpec("alpha.test", **{"domain_controllers": DCS, "discover": False, **(forest or {})})
    chosen = tuple(built_in()[name] for name in profiles)
    machines = unlocated(SystemsWanted(spec, chosen, Selection(), ("A", "AAAA")))
    wish = PathWish(spec, chosen, from_file(spec), machines)
    return asked([wish], Wanting(lambda _: (HERE,), **options))


def opened(found: Asked) -> set[tuple[str, str, str]]:
    return {(flow.source, flow.destination, str(flow.ports)) for flow in found.flows}


def test_everything_that_mim_needs_is_asked_for_at_every_controller() -> None:
    found = opened(paths("mim"))
    for dc in DCS:
        for port in ("389/tcp", "389/udp", "464/tcp", "464/udp", "135/tcp", "49152-65535/tcp", "445/tcp", "3268/tcp"):
            assert (HERE, dc.address, port) in found
    assert {source for source, _, _ in found} == {HERE}


def test_pinned_rpc_ports_take_the_place_of_the_range() -> None:
    found = paths("mim", pinned=(Ports("tcp", 50000, 50001),))
    assert "49152-65535/tcp" not in {port for _, _, port in opened(found)}
    assert not any(flow.dynamic for flow in found.flows)


def test_what_ought_to_be_closed_and_what_is_skipped_is_not_asked_for() -> None:
    found = paths("mim", forest={"expect": {"smb": "closed"}}, selection=Selection(skip=frozenset({"gc"})))
    assert not {"445/tcp", "3268/tcp"} & {port for _, _, port in opened(found)}


def test_name_servers_of_the_file_are_asked_for_on_their_own_port_whatever_the_profile_says() -> None:
    found = opened(paths("ldap-app", forest={"dns": (parse_server("10.77.9.53:5353"),)}))
    assert {(HERE, "10.77.9.53", "5353/udp"), (HERE, "10.77.9.53", "5353/tcp")} <= found


def test_pcns_comes_from_the_controllers_to_the_synchronization_server() -> None:
    found = paths("pcns")
    assert opened(found) == {(dc.address, HERE, port) for dc in DCS for port in ("135/tcp", "49152-65535/tcp")}
    assert {flow.source_host for flow in found.flows} == {"dc1.alpha.test", "dc2.alpha.test"}
    assert "Is the MIM Synchronization server this machine?" in found.questions[0]
    assert "88/tcp" in found.left_out[0]


def test_on_a_controller_pcns_goes_to_the_server_that_is_named() -> None:
    found = opened(paths("pcns", peers={"sync": ("10.77.7.7",)}))
    assert {(HERE, "10.77.7.7", "135/tcp"), (HERE, "10.77.7.7", "49152-65535/tcp")} <= found
    assert (HERE, "10.77.1.10", "88/tcp") in found


def test_mim_and_pcns_together_go_both_ways() -> None:
    found = opened(paths("mim", "pcns"))
    assert (HERE, "10.77.1.10", "88/tcp") in found
    assert ("10.77.1.10", HERE, "135/tcp") in found
    assert ("10.77.1.10", HERE, "88/tcp") not in found


@pytest.mark.parametrize("profile", ["dc-replication", "forest-trust"])
def test_between_controllers_both_directions_are_asked_for_and_that_this_is_one_is_a_question(profile: str) -> None:
    found = paths(profile, forest={"expect": {"smb": "closed"}})
    there = {(port, dc) for own, dc, port in opened(found) if own == HERE}
    back = {(port, dc) for dc, own, port in opened(found) if own == HERE}
    assert there == back
    assert ("389/tcp", "10.77.1.10") in back
    assert "445/tcp" not in {port for port, _ in back}
    (question,) = found.questions
    assert "is this machine a domain controller?" in question
    assert {flow.source_host for flow in found.flows if flow.destination == HERE} == {dc.host for dc in DCS}


@pytest.mark.parametrize("profile", ["member", "rodc", "mim", "linux-member"])
def test_nobody_else_is_reached_by_the_controllers(profile: str) -> None:
    assert {source for source, _, _ in opened(paths(profile))} == {HERE}


def test_what_leads_to_this_machine_itself_is_asked_for_by_those_who_open_it() -> None:
    found = paths("mim-service", peers={"mim": (HERE,)})
    assert HERE not in {destination for _, destination, _ in opened(found)}
    assert any("5725/tcp" in words and "the portals, their clients" in words for words in found.left_out)
    elsewhere = opened(paths("mim-service", peers={"mim": ("10.77.8.8",)}))
    assert (HERE, "10.77.8.8", "5725/tcp") in elsewhere


def test_a_proxy_in_the_perimeter_reaches_the_federation_service_and_is_reached_by_others() -> None:
    found = paths("wap", peers={"adfs": ("10.77.8.4",), "wap": ("10.77.8.5",)})
    assert opened(found) == {(HERE, "10.77.8.4", "443/tcp")}
    assert any("49443/tcp" in words and "opened by users and their devices" in words for words in found.left_out)


def test_pinned_ports_do_not_cover_sysvol_and_the_request_says_so() -> None:
    pinned = (Ports("tcp", 50000, 50001),)
    for profile in ("dc-replication", "rodc"):
        assert any("DFSR" in words for words in paths(profile, pinned=pinned).left_out)
    assert not any("DFSR" in words for words in paths("member", pinned=pinned).left_out)


def test_icmp_echo_is_named_beside_the_rules_where_controllers_are_asked_over_ldap() -> None:
    assert any("ICMP echo" in words for words in paths("member").left_out)
    assert not any("ICMP echo" in words for words in paths("pcns").left_out)


def test_other_machines_are_told_until_their_address_is() -> None:
    assert any("--peer mim=ADDRESS" in words for words in paths("mim-service").left_out)
    found = opened(paths("mim-service", peers={"mim": ("10.77.8.8",)}))
    assert (HERE, "10.77.8.8", "5725/tcp") in found


SYSTEMS = (
    SystemSpec("mim", "mim1.alpha.test", "10.77.8.1"),
    SystemSpec("sql", "sql1.alpha.test", "10.77.8.2", 14330),
    SystemSpec("sync", "sync1.alpha.test", "10.77.8.3", 5001),
)


def test_machines_that_the_forests_file_names_are_asked_for_on_their_ports() -> None:
    found = paths("mim-service", forest={"systems": SYSTEMS})
    assert {(HERE, "10.77.8.1", "5725/tcp"), (HERE, "10.77.8.2", "14330/tcp")} <= opened(found)
    assert (HERE, "10.77.8.2", "1433/tcp") not in opened(found)
    assert {flow.host for flow in found.flows if flow.destination == "10.77.8.2"} == {"sql1.alpha.test"}
    assert [words for words in found.left_out if "its address is not known" in words] == [
        "tcp 25/tcp to the mail server (approval mails): its address is not known; --peer mail=ADDRESS asks for it"
    ]


def test_the_command_line_names_other_machines_than_the_file() -> None:
    found = opened(paths("mim-service", forest={"systems": SYSTEMS}, peers={"mim": ("10.77.8.8",)}))
    assert (HERE, "10.77.8.8", "5725/tcp") in found
    assert not {there for _, there, _ in found} & {"10.77.8.1"}


def test_pcns_comes_from_the_controllers_to_the_server_that_the_file_names() -> None:
    found = paths("pcns", forest={"systems": SYSTEMS})
    assert opened(found) == {(dc.address, "10.77.8.3", port) for dc in DCS for port in ("135/tcp", "5001/tcp")}
    assert found.questions == ()


def test_endpoints_with_a_name_only_are_told_not_asked_for() -> None:
    found = paths("entra-connect")
    assert any("login.microsoftonline.com 443/tcp" in words for words in found.left_out)


def test_a_controller_without_address_is_a_question() -> None:
    found = paths("mim", forest={"domain_controllers": (DcSpec("dc1.alpha.test", None),)})
    assert found.flows == ()
    assert "dc1.alpha.test" in found.questions[0]
