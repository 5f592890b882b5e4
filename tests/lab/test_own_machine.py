"""What this machine, its files and its proxy get wrong, whole runs on the lab; each has its twin."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.lab import faults, records, resolvers
from tests.lab.program import Run
from tests.lab.rules import chain
from tests.lab.test_kinds import byname, finding
from tests.lab.world import Lab

SPARE = "10.77.2.11"
SOCKS = Path(__file__).with_name("socks_proxy.py")


@contextmanager
def resolv_conf(lab: Lab, text: str) -> Iterator[None]:
    file = lab.folder / "resolv.conf"
    before = file.read_text(encoding="utf-8")
    file.write_text(text, encoding="utf-8")
    try:
        yield
    finally:
        file.write_text(before, encoding="utf-8")


@contextmanager
def ip(lab: Lab, do: str, undo: str) -> Iterator[None]:
    lab.client.ip(*do.split())
    try:
        yield
    finally:
        lab.client.ip(*undo.split())


def asked(run: Run, code: str) -> set[str]:
    return {ask["of"] for ask in finding(run, code)["asks"]}


# resolv.conf


@pytest.mark.parametrize(
    "text",
    [
        "nameserver dc1.bravo.test\nnameserver 127.0.0.1\n",
        "search bravo..test\nnameserver 127.0.0.1\n",
        "",
        "\ufeffnameserver 10.77.0.99\n",
    ],
)
def test_names_are_found_where_the_c_library_finds_them(lab: Lab, text: str) -> None:
    with resolv_conf(lab, text):
        run = byname(lab)
    assert (run.code, run.codes("bravo")) == (0, ["forest-ok"])


def test_a_resolver_that_is_named_and_not_there_is_not_passed_over(lab: Lab) -> None:
    with resolv_conf(lab, "nameserver 127.0.0.9\n"):
        run = byname(lab)
    assert (run.code, run.codes("bravo")) == (1, ["dns-blocked"])


# Routes


def test_a_port_that_a_rule_of_this_machine_sends_nowhere_is_asked_of_nobody_else(lab: Lab) -> None:
    rule = f"to {lab.bravo.address} ipproto tcp dport 464 unreachable pref 50"
    with ip(lab, f"rule add {rule}", "rule del pref 50"):
        run = byname(lab)
    assert (run.code, run.codes("bravo")) == (1, ["kpasswd-blocked"])
    assert "Give this machine a route to it first" in finding(run, "kpasswd-blocked")["fix"]
    assert asked(run, "kpasswd-blocked") == {"this-machine"}


def test_a_port_that_a_router_drops_is_asked_of_the_firewall_team(lab: Lab) -> None:
    with faults.drop(lab, lab.bravo, "464/tcp"):
        run = byname(lab)
    assert asked(run, "kpasswd-blocked") == {"firewall"}


def test_without_a_route_to_the_name_server_no_firewall_is_asked(lab: Lab) -> None:
    gateway = "route add default via 10.77.0.1"
    with resolv_conf(lab, f"nameserver {lab.bravo.address}\n"), ip(lab, "route del default", gateway):
        run = byname(lab)
    assert (run.code, run.codes("bravo")) == (1, ["dns-blocked"])
    assert "Give this machine a route to it first" in finding(run, "dns-blocked")["fix"]
    assert asked(run, "dns-blocked") == {"this-machine"}


GONE = tuple(f"10.77.0.{number}" for number in (91, 92, 93))
CLOSED = ("127.0.0.91", "127.0.0.92", "127.0.0.93")


def servers(*addresses: str) -> str:
    return "".join(f"nameserver {address}\n" for address in addresses)


def test_resolvers_that_are_not_there_are_no_controllers_and_no_firewalls_matter(lab: Lab) -> None:
    with resolv_conf(lab, servers(*GONE[:2], resolvers.USUAL)):
        run = byname(lab)
    assert run.codes("bravo") == ["dns-views-differ"]
    assert "firewall team" not in finding(run, "dns-views-differ")["fix"]


@pytest.mark.parametrize("dead", [GONE, CLOSED])
def test_a_fourth_name_server_that_knows_the_forest_is_of_no_use_to_programs(lab: Lab, dead: Sequence[str]) -> None:
    with resolv_conf(lab, servers(*dead, resolvers.USUAL)):
        run = byname(lab)
    assert (run.code, run.codes("bravo")) == (1, ["resolution-differs"])
    told = finding(run, "resolution-differs")
    assert "the first three name servers alone" in told["title"]
    assert "Put 127.0.0.1 among the first three" in told["fix"]
    assert asked(run, "resolution-differs") == {"this-machine"}


def test_a_third_name_server_that_knows_the_forest_is_asked_by_programs_too(lab: Lab) -> None:
    with resolv_conf(lab, servers(*CLOSED[:2], resolvers.USUAL, CLOSED[2])):
        run = byname(lab)
    assert run.codes("bravo") == ["dns-views-differ"]
    assert "turn to the next at once" in finding(run, "dns-views-differ")["explanation"]


@pytest.mark.parametrize("place", [CLOSED[0], "10.77.0.1"])
def test_a_name_server_that_refuses_is_not_waited_for(lab: Lab, place: str) -> None:
    with resolv_conf(lab, servers(place, resolvers.USUAL)):
        run = byname(lab)
    assert (run.code, run.codes("bravo")) == (0, ["dns-views-differ"])
    told = finding(run, "dns-views-differ")
    assert "nobody takes questions there" in told["evidence"]
    assert "wait" not in told["explanation"]


def test_a_name_server_that_is_silent_is_waited_for(lab: Lab) -> None:
    with resolvers.forwarder(lab, drop={"*": True}), resolv_conf(lab, servers(resolvers.USUAL, resolvers.ODD)):
        run = byname(lab)
    told = finding(run, "dns-views-differ")
    assert "wait for it, some seconds with each question" in told["explanation"]
    assert "refuse" not in told["evidence"]


@pytest.mark.parametrize(("rcode", "code"), [("REFUSED", "srv-missing"), ("SERVFAIL", "dns-blocked")])
@pytest.mark.parametrize("routed", [True, False])
def test_a_forwarder_here_that_gets_no_answer_is_held_against_the_routes(
    lab: Lab, rcode: str, code: str, *, routed: bool
) -> None:
    with ExitStack() as undo:
        if not routed:
            undo.enter_context(ip(lab, "route del default", "route add default via 10.77.0.1"))
        undo.enter_context(resolvers.asks_only(lab, rcode={"*": rcode}))
        run = byname(lab)
    assert ("is to have a default route" in finding(run, code)["fix"]) is not routed
    assert asked(run, code) == ({"dns"} if routed else {"this-machine"})


@pytest.mark.parametrize("source", [True, False])
def test_where_another_address_of_this_machine_is_let_through_names_are_asked_from_it_too(
    lab: Lab, *, source: bool
) -> None:
    other, rule = "10.77.0.20", f"ip saddr 10.77.0.10 ip daddr {lab.bravo.address} drop"
    given = ["--source-ip", other] if source else []
    with ip(lab, f"addr add {other}/24 dev eth0", f"addr del {other}/24 dev eth0"), chain(lab.fw1, "forward", rule):
        run = byname(lab, *given, dns=[lab.bravo.address])
    assert run.code == (0 if source else 1)
    assert ("fail" in run.verdicts("bravo")) is not source
    assert "srv-missing" not in run.codes("bravo")


# The forests file


@pytest.mark.parametrize(
    ("ports", "code"), [({"kerberos": 10088}, "service-down"), ({"ldap": 636}, "connection-reset")]
)
def test_a_port_of_the_forests_file_is_in_doubt_before_anybody(lab: Lab, ports: Mapping[str, int], code: str) -> None:
    run = byname(lab, ports=ports)
    assert (run.code, run.codes("bravo")) == (1, [code])
    assert finding(run, code)["fix"].startswith("See first whether the port is right")
    assert asked(run, code) == {"this-machine"}


def test_a_usual_port_is_not_in_doubt(lab: Lab) -> None:
    with faults.reject(lab, lab.bravo, "88/tcp", how="tcp-reset", at=lab.bravo.node):
        run = byname(lab, ports={"ldap": 3268})
    assert "port is right" not in finding(run, "service-down")["fix"]


def test_another_sid_than_the_expected_one_is_told_with_the_sid(lab: Lab) -> None:
    run = byname(lab, expect={"domain_sid": "S-1-5-21-1-2-3"})
    assert (run.code, run.codes("bravo")) == (1, ["wrong-forest"])
    told = finding(run, "wrong-forest")
    assert "has not the SID that the forests file expects" in told["title"]
    assert "S-1-5-21-1-2-3" in told["evidence"]
    assert "another forest" not in told["title"]


@pytest.mark.parametrize("wrong", ["file", "DNS"])
def test_an_address_of_another_forests_controller_is_laid_to_whoever_gave_it(lab: Lab, wrong: str) -> None:
    with ExitStack() as undo:
        own: dict[str, Any] = {"dns": [lab.bravo.address]}
        if wrong == "file":
            own |= {"domain_controllers": [{"host": lab.bravo.host, "address": lab.charlie.address}], "discover": False}
        else:
            undo.enter_context(records.missing(lab.bravo, "bdc1", "A", lab.bravo.address))
            undo.enter_context(records.added(lab.bravo, "bdc1", "A", lab.charlie.address))
        run = byname(lab, **own)
    assert ("in the forests file" in finding(run, "wrong-forest")["fix"]) is (wrong == "file")


# One host, several addresses


@contextmanager
def second_address(lab: Lab) -> Iterator[None]:
    """Of an adapter on which none of the controller's services listens."""
    with records.added(lab.bravo, "bdc1", "A", SPARE):
        lab.bravo.node.ip("addr", "add", f"{SPARE}/24", "dev", "eth0")
        try:
            yield
        finally:
            lab.bravo.node.ip("addr", "del", f"{SPARE}/24", "dev", "eth0")


def test_a_controller_that_refuses_at_one_of_its_addresses_is_up(lab: Lab) -> None:
    with second_address(lab):
        run = byname(lab)
    assert (run.code, run.codes("bravo")) == (1, ["service-down"])
    told = finding(run, "service-down")
    assert f"nothing of a domain controller at bdc1 [{SPARE}]" in told["title"]
    assert f"The same host answers at {lab.bravo.address}, so it is up" in told["explanation"]
    assert "still a domain controller" not in told["fix"]


def test_a_controller_that_answers_at_both_of_its_addresses_is_well(lab: Lab) -> None:
    led = f"ip daddr {SPARE} dnat ip to {lab.bravo.address}"
    with second_address(lab), chain(lab.bravo.node, "prerouting", led, priority=faults.DESTINATION_NAT, kind="nat"):
        run = byname(lab)
    assert (run.code, run.codes("bravo")) == (0, ["forest-ok"])


def test_this_machine_itself_is_no_matter_of_the_ad_team(lab: Lab) -> None:
    run = lab.portcheck("check", "10.77.0.10", "-f", "json")
    assert (run.code, run.codes("10.77.0.10")) == (1, ["service-down"])
    assert finding(run, "service-down")["fix"].startswith("10.77.0.10 is this machine itself")
    assert asked(run, "service-down") == {"this-machine"}


# A SOCKS proxy


@contextmanager
def socks(lab: Lab, *names: str, auth: bool = False) -> Iterator[str]:
    """A proxy on the client that knows these names (`bdc1.bravo.test=10.77.2.10`) and no others."""
    command = lab.client.argv(sys.executable, str(SOCKS), *(["auth"] if auth else []), *names)
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip()
        finally:
            process.kill()


def beyond(lab: Lab, proxy: str) -> Run:
    config = lab.forests_toml("bravo", defaults={"profiles": ["mim"]}, bravo={"dns": None})
    return lab.check("--proxy", f"socks5h://{proxy}", config=config)


def test_a_name_that_the_far_end_does_not_know_is_one_finding(lab: Lab) -> None:
    with socks(lab) as proxy:
        run = beyond(lab, proxy)
    assert (run.code, run.codes("bravo")) == (1, ["host-unreachable"])
    assert "has an address there" in finding(run, "host-unreachable")["fix"]


def test_a_name_that_the_far_end_knows_is_no_stale_record(lab: Lab) -> None:
    with socks(lab, f"{lab.bravo.host}={lab.bravo.address}") as proxy:
        run = beyond(lab, proxy)
    assert (run.code, run.codes("bravo")) == (0, ["forest-ok"])


def test_a_proxy_that_wants_credentials_comes_before_this_machines_firewall(lab: Lab) -> None:
    with socks(lab, auth=True) as proxy:
        run = beyond(lab, proxy)
    assert (run.code, run.codes("bravo")) == (3, ["local-fault"])
    told = finding(run, "local-fault")
    assert told["fix"].startswith(f"Look at the proxy {proxy} first")
    assert "Nothing was sent" not in told["explanation"]
