"""Stale name servers, hosts that are no controllers any more, or may not write, a part of a port range; and twins."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest

from tests.lab import faults, records, resolvers
from tests.lab.domain_controller import DomainController
from tests.lab.joined import joined_controller
from tests.lab.program import Run
from tests.lab.rules import chain
from tests.lab.twin import second_controller
from tests.lab.world import Lab

GONE = "10.77.2.99"
OLD_ADDRESS = {"names": {"bdc1.": {"records": {"A": [GONE]}}}}
OLD_RECORDS = {
    "names": {
        "_ldap._tcp.": {"records": {"SRV": ["0 100 389 old.bravo.test."]}},
        "_kerberos._tcp.": {"records": {"SRV": ["0 100 88 old.bravo.test."]}},
        "old.": {"records": {"A": [GONE]}},
    }
}


def byname(lab: Lab, *more: str, profile: str = "mim", **own: Any) -> Run:
    """Bravo, found by this machine's own resolver."""
    named = {"dns": None, **own}
    return lab.check(*more, config=lab.forests_toml("bravo", defaults={"profiles": [profile]}, bravo=named))


def listed(lab: Lab, *controllers: DomainController, profile: str = "mim", saved: str = "") -> Run:
    """These controllers by their addresses."""
    hosts = [{"host": dc.host, "address": dc.address} for dc in controllers]
    more = ("--save", saved) if saved else ()
    return byname(lab, *more, profile=profile, domain_controllers=hosts, discover=False)


def finding(run: Run, code: str) -> Mapping[str, Any]:
    assert run.report is not None
    (found,) = [found for found in run.report["findings"] if found["code"] == code]
    return dict(found)


def asked_of(run: Run) -> set[str]:
    assert run.report is not None
    return {ask["of"] for found in run.report["findings"] for ask in found["asks"]}


# A name server that is behind


@contextmanager
def servers(lab: Lab, *order: str, **habits: Any) -> Iterator[None]:
    with resolvers.forwarder(lab, **habits), resolvers.asks(lab, *order):
        yield


@pytest.mark.parametrize(
    "habits",
    [
        OLD_ADDRESS,
        OLD_RECORDS,
        {"names": {"bdc1.": {"records": {"A": ["0.0.0.0"]}}}},
        {"names": {"bdc1.": {"rcode": {"*": "NXDOMAIN"}}}},
    ],
    ids=str,
)
@pytest.mark.parametrize("silent", [False, True])
def test_a_stale_server_that_comes_first_is_the_fault_and_no_host_or_firewall(
    lab: Lab, habits: dict[str, Any], silent: bool
) -> None:
    saved = str(lab.vantage.home / "stale.json")
    quiet = chain(lab.fw2, "forward", f"ip daddr {GONE if silent else '10.77.2.98'} drop")
    with servers(lab, resolvers.ODD, resolvers.USUAL, **habits), quiet:
        run = byname(lab, "--save", saved)
    assert (run.code, run.codes("bravo")) == (1, ["dns-views-differ"])
    told = finding(run, "dns-views-differ")
    assert f"({resolvers.ODD}) {'gives no address' if 'NXDOMAIN' in str(habits) else 'leads to'}" in told["title"]
    assert f"--dns {resolvers.USUAL}" in told["fix"]
    assert asked_of(run) == {"dns"}
    assert "Nothing is asked for" in lab.portcheck("request", saved).stdout


@pytest.mark.parametrize("habits", [OLD_ADDRESS, OLD_RECORDS], ids=str)
def test_a_stale_server_that_comes_last_is_named_and_the_others_are_not(lab: Lab, habits: dict[str, Any]) -> None:
    with servers(lab, resolvers.USUAL, resolvers.ODD, **habits):
        run = byname(lab)
    assert (run.code, run.codes("bravo")) == (0, ["dns-views-differ"])
    title = finding(run, "dns-views-differ")["title"]
    assert (resolvers.ODD in title, resolvers.USUAL in title) == (True, False)


def test_servers_that_give_two_addresses_at_which_the_controller_answers_are_both_right(lab: Lab) -> None:
    with second_controller(lab, lab.bravo) as second:
        other = {"names": {"bdc1.": {"records": {"A": [second.address]}}}}
        with servers(lab, resolvers.USUAL, resolvers.ODD, **other):
            run = byname(lab)
    assert (run.code, run.codes("bravo")) == (0, ["dns-views-differ"])
    assert "does not give" not in finding(run, "dns-views-differ")["title"]


def test_where_no_controller_answers_at_either_address_no_server_is_blamed(lab: Lab) -> None:
    dark = chain(lab.fw2, "forward", f"ip daddr {lab.bravo.address} th dport != 53 drop")
    with servers(lab, resolvers.ODD, resolvers.USUAL, **OLD_ADDRESS), dark:
        run = byname(lab)
    assert run.codes("bravo") == ["host-unreachable", "dns-views-differ"]
    assert "leads to" not in finding(run, "dns-views-differ")["title"]
    assert f"{resolvers.USUAL}: {lab.bravo.address}): clear up first" in finding(run, "host-unreachable")["fix"]


# No controller any more

OF_A_CONTROLLER = ("53", "88", "389", "464", "636/tcp", "3268/tcp", "3269/tcp", "49152-65535/tcp")


@contextmanager
def unregistered(dc: DomainController) -> Iterator[None]:
    """Its endpoint mapper knows no replication service, as a member server's."""
    dc.stop()
    try:
        dc.start(services="\n    dcerpc endpoint servers = -drsuapi")
        dc.wait_until_ready()
        yield
    finally:
        dc.restart()


def test_a_member_server_that_was_a_controller_is_no_firewalls_matter(lab: Lab) -> None:
    saved = str(lab.vantage.home / "demoted.json")
    with unregistered(lab.bravo), faults.drop(lab, lab.bravo, *OF_A_CONTROLLER, at=lab.bravo.node):
        run = listed(lab, lab.bravo, saved=saved)
    assert (run.code, run.codes("bravo")) == (1, ["service-down"])
    assert "still a domain controller" in finding(run, "service-down")["fix"]
    assert asked_of(run) == {"ad"}
    assert "Nothing is asked for" in lab.portcheck("request", saved).stdout
    table = lab.portcheck("report", saved, "-f", "table").stdout
    assert "silent – the service does not run" in " ".join(table.split())


def test_a_controller_behind_a_firewall_that_lets_135_and_445_pass_is_the_firewalls_matter(lab: Lab) -> None:
    with faults.drop(lab, lab.bravo, *OF_A_CONTROLLER, at=lab.fw2):
        run = listed(lab, lab.bravo)
    assert "service-down" not in run.codes("bravo")
    assert asked_of(run) == {"firewall"}


# A read-only controller


def test_a_read_only_controller_stands_in_for_a_writable_one_to_read_alone(lab: Lab) -> None:
    with joined_controller(lab, lab.bravo) as only:
        alone = listed(lab, only)
        both = listed(lab, lab.bravo, only)
        with faults.drop(lab, lab.bravo, "389/tcp"):
            writing = listed(lab, lab.bravo, only)
            reading = listed(lab, lab.bravo, only, profile="mim-import")
    assert (alone.code, alone.codes("bravo")) == (1, ["read-only-dc"])
    assert (both.code, "forest-ok" in both.codes("bravo")) == (0, True)
    assert writing.codes("bravo") == ["ldap-blocked", "read-only-dc"]
    assert reading.codes("bravo") == ["ldap-blocked", "partial-forest"]
    assert "It works through bdc3" in finding(reading, "partial-forest")["explanation"]


# An address of the other family


def test_an_ipv6_address_at_which_nobody_is_is_no_firewalls_matter(lab: Lab) -> None:
    with records.added(lab.bravo, "bdc1", "AAAA", "fd77:0:0:12::99"):
        run = byname(lab)
    assert run.codes("bravo") == ["ipv6-blocked"]
    assert "finds nobody at that address" in finding(run, "ipv6-blocked")["fix"]
    assert asked_of(run) == {"ad"}


def test_an_ipv6_address_that_a_firewall_drops_is_the_firewalls_matter(lab: Lab) -> None:
    dropped = chain(lab.fw1, "forward", f"ip6 daddr {lab.bravo.address6} drop")
    with records.published_ipv6(lab.bravo), dropped:
        run = byname(lab)
    assert run.codes("bravo") == ["ipv6-blocked"]
    assert asked_of(run) == {"firewall"}


# A part of the dynamic ports


@pytest.mark.parametrize(
    ("closed", "words"),
    [
        ("49153/tcp", "135 was opened, and so was 49152/tcp and 49154/tcp behind it"),
        ("49152-65535/tcp", "135 was opened and the ports behind it were not"),
    ],
)
def test_a_part_of_the_dynamic_ports_is_told_from_all_of_them(lab: Lab, closed: str, words: str) -> None:
    with faults.drop(lab, lab.bravo, closed, at=lab.fw1):
        run = listed(lab, lab.bravo)
    assert run.codes("bravo") == ["rpc-dynamic-blocked"]
    told = finding(run, "rpc-dynamic-blocked")
    assert words in told["explanation"]
    assert ("drsuapi and lsarpc" in told["title"]) is (closed == "49153/tcp")


# The directory's datagrams


@pytest.mark.parametrize(("refused", "runs"), [(("389/udp",), True), (("389",), False)])
def test_a_ping_that_is_refused_where_ldap_answers_is_no_service_to_start(
    lab: Lab, refused: tuple[str, ...], runs: bool
) -> None:
    with faults.reject(lab, lab.bravo, *refused, how="port-unreachable", at=lab.bravo.node):
        run = listed(lab, lab.bravo)
    told = finding(run, "service-down")
    assert ("over TCP the same services answer" in told["title"]) is runs
    assert ("not running" in told["title"]) is not runs
    assert ("start" in told["fix"]) is not runs


# A limit on new connections


def test_a_limit_that_lets_one_connection_in_two_seconds_pass_is_no_blocked_port(lab: Lab) -> None:
    with chain(lab.fw1, "forward", "ct state new limit rate over 30/minute burst 5 packets drop"):
        run = listed(lab, lab.bravo)
    assert (run.code, run.codes("bravo")) == (0, ["packet-loss"])


def test_a_blocked_port_behind_such_a_limit_is_still_found(lab: Lab) -> None:
    limit = "ct state new limit rate over 30/minute burst 5 packets drop"
    with chain(lab.fw1, "forward", limit), faults.drop(lab, lab.bravo, "464", at=lab.fw2):
        run = listed(lab, lab.bravo)
    assert run.code == 1
    assert run.codes("bravo")[0] == "kpasswd-blocked"
    assert {check["service"] for check in run.of("bravo") if check["verdict"] == "fail"} == {"kpasswd"}
