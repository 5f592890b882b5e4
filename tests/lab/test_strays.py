"""What one resolver says and the forest's own server does not; addresses and names that nobody can mean."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.lab import faults, records, resolvers
from tests.lab.rules import chain
from tests.lab.test_more_kinds import GONE, asked_of, byname, finding
from tests.lab.twin import second_controller
from tests.lab.world import Lab

APIPA = "169.254.10.20"
DNS64 = "64:ff9b::a4d:20a"


def says(name: str, record: str, *data: str) -> dict[str, Any]:
    return {name: {"records": {record: list(data)}}}


OLD_COPY = says("_ldap._tcp.dc._msdcs.", "SRV", "0 100 389 bdc1.bravo.test.", "0 100 389 old.bravo.test.")
STRAYS = {
    "an old address beside the right one": (says("bdc1.", "A", GONE, "10.77.2.10"), 1),
    "a controller of former days": (OLD_COPY | says("old.", "A", GONE), 0),
    "a public web site": (says("bravo.test.", "A", GONE), 0),
}


@pytest.mark.parametrize("silent", [False, True])
@pytest.mark.parametrize("kind", STRAYS)
def test_what_the_only_resolver_says_alone_is_the_resolvers_matter(lab: Lab, kind: str, silent: bool) -> None:
    names, code = STRAYS[kind]
    saved = str(lab.vantage.home / "stray.json")
    quiet = chain(lab.fw2, "forward", f"ip daddr {GONE if silent else '10.77.2.98'} drop")
    with resolvers.asks_only(lab, names=names) as server, quiet:
        run = byname(lab, "--save", saved)
    assert (run.codes("bravo"), run.code) == (["dns-views-differ"], code)
    told = finding(run, "dns-views-differ")
    assert f"({server}) leads" in told["title"]
    assert GONE in told["title"]
    assert f"DNS server {lab.bravo.address} says" in told["evidence"]
    assert asked_of(run) == {"dns"}
    assert "Nothing is asked for" in lab.portcheck("request", saved).stdout


@pytest.mark.parametrize("name", ["bdc1", "@"])
def test_what_the_forests_own_server_says_too_is_no_resolvers_matter(lab: Lab, name: str) -> None:
    with resolvers.asks_only(lab), records.added(lab.bravo, name, "A", GONE):
        run = byname(lab)
    assert run.codes("bravo") == (["host-unreachable"] if name == "bdc1" else ["domain-address-dead"])


def test_where_a_controller_answers_all_the_same_the_resolver_is_not_wrong(lab: Lab) -> None:
    with second_controller(lab, lab.bravo) as second:
        names = says("bdc1.", "A", lab.bravo.address, second.address)
        with resolvers.asks_only(lab, names=names):
            run = byname(lab)
    assert (run.code, "dns-views-differ" in run.codes("bravo")) == (0, False)


def test_an_ipv6_address_that_the_resolver_makes_up_is_no_record_of_the_forest(lab: Lab) -> None:
    with resolvers.asks_only(lab, names={"bdc1.": {"records": {"A": [lab.bravo.address], "AAAA": [DNS64]}}}):
        run = byname(lab)
    told = finding(run, "dns-views-differ")
    assert (run.codes("bravo"), told["severity"]) == (["dns-views-differ"], "warning")
    assert "DNS64" in told["explanation"]
    assert "AD team" not in told["fix"]


def test_the_domains_name_whose_only_address_is_dead_leads_nowhere(lab: Lab) -> None:
    own = records.missing(lab.bravo, "@", "A", lab.bravo.address)
    with records.added(lab.bravo, "@", "A", GONE), own:
        run = byname(lab)
    told = finding(run, "domain-address-dead")
    assert f"bravo.test leads to {GONE}" in told["title"]
    assert "They fail" in told["explanation"]


# Addresses and names that nobody can mean


@pytest.mark.parametrize("name", ["bdc1", "@"])
def test_no_rule_is_asked_for_to_an_address_that_a_network_card_gave_itself(lab: Lab, name: str) -> None:
    saved = str(lab.vantage.home / "apipa.json")
    with records.added(lab.bravo, name, "A", APIPA):
        run = byname(lab, "--save", saved)
    assert run.codes("bravo") == (["host-unreachable"] if name == "bdc1" else ["domain-address-dead"])
    told = finding(run, run.codes("bravo")[0])
    assert "firewall" not in told["fix"]
    assert "RFC 3927" in f"{told['explanation']} {told['fix']}"
    assert asked_of(run) == {"ad"}
    assert "Nothing is asked for" in lab.portcheck("request", saved).stdout


def test_a_target_with_the_domains_name_twice_is_not_called_by_the_right_one(lab: Lab) -> None:
    twice = "bdc1.bravo.test.bravo.test"
    with records.added(lab.bravo, "_ldap._tcp.dc._msdcs", "SRV", records.srv(lab.bravo, 389, twice)):
        run = byname(lab)
    told = finding(run, "srv-stale")
    assert (run.codes("bravo"), told["title"].rpartition(" ")[2]) == (["srv-stale"], twice)
    assert "bdc1.bravo.test is meant" in told["fix"]
    assert "metadata" not in told["fix"]


@contextmanager
def second_address(lab: Lab) -> Iterator[str]:
    """An address of the controller's network card on which its services do not listen, in DNS beside the right one."""
    address = "10.77.2.12"
    lab.bravo.node.run("ip", "addr", "add", f"{address}/24", "dev", "eth0")
    try:
        with records.added(lab.bravo, lab.bravo.site.host, "A", address):
            yield address
    finally:
        lab.bravo.node.run("ip", "addr", "del", f"{address}/24", "dev", "eth0")


def test_a_controller_that_refuses_at_a_second_address_is_not_retired(lab: Lab) -> None:
    with second_address(lab) as address:
        run = byname(lab)
    told = finding(run, "service-down")
    assert (run.codes("bravo"), run.code) == (["service-down"], 1)
    assert f"[{address}]" in told["title"]
    assert f"answers at {lab.bravo.address}, so it is up" in told["explanation"]
    assert "retired" not in told["fix"]


def test_a_controller_that_refuses_at_its_only_address_may_be_retired(lab: Lab) -> None:
    shut = ("53", "88", "135/tcp", "389", "445/tcp", "464", "636/tcp", "3268/tcp", "3269/tcp")
    with faults.reject(lab, lab.bravo, *shut, how="port-unreachable", at=lab.bravo.node):
        run = byname(lab, domain_controllers=[{"host": lab.bravo.host, "address": lab.bravo.address}], discover=False)
    assert "still a domain controller" in finding(run, "service-down")["fix"]


# A zone below, and a name in the wrong list

BELOW = ("dc", "pdc", "gc", "default-first-site-name._sites.dc")


@pytest.mark.parametrize("code", ["SERVFAIL", "NXDOMAIN"])
def test_a_resolver_that_knows_all_but_the_zone_below_is_asked_about_that(lab: Lab, code: str) -> None:
    names = {f"_ldap._tcp.{one}._msdcs.": {"rcode": {"*": code}} for one in BELOW} | {"gc.": {"rcode": {"*": code}}}
    with resolvers.asks_only(lab, names=names):
        run = byname(lab)
    told = finding(run, "srv-missing")
    assert (run.codes("bravo"), run.code) == (["srv-missing"], 1)
    assert "how it comes by _msdcs.bravo.test" in told["fix"]


def test_a_single_record_below_is_no_zone(lab: Lab) -> None:
    with resolvers.asks_only(lab, names={"_ldap._tcp.pdc._msdcs.": {"rcode": {"*": "NXDOMAIN"}}}):
        run = byname(lab)
    assert "how it comes by" not in finding(run, "srv-missing")["fix"]


def test_a_record_that_names_another_forests_controller_by_its_own_name_is_the_record_s_matter(lab: Lab) -> None:
    both = says("_ldap._tcp.dc._msdcs.bravo.", "SRV", f"0 100 389 {lab.bravo.host}.", f"0 100 389 {lab.alpha.host}.")
    with resolvers.asks_only(lab, names=both):
        run = byname(lab)
    told = finding(run, "wrong-forest")
    assert "an SRV record" in told["fix"]
    assert "address translation" not in f"{told['explanation']} {told['fix']}"


def test_a_name_that_leads_to_another_forests_controller_is_still_the_records_or_a_translations(lab: Lab) -> None:
    with resolvers.asks_only(lab, names=says("bdc1.", "A", lab.alpha.address)):
        run = byname(lab)
    assert "address translation" in finding(run, "wrong-forest")["fix"]
