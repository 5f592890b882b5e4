"""The forest as clients use it: the domain's own names, aliases, a child domain, this machine's site, Kerberos."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.lab import faults, records
from tests.lab.child import child_domain
from tests.lab.program import Run
from tests.lab.rules import count_packets
from tests.lab.twin import second_controller
from tests.lab.world import Lab

APIPA = "169.254.201.143"
OWN_SITE = "DMZ"


def check(lab: Lab, *more: str, **own: Any) -> Run:
    return lab.check(*more, config=lab.forests_toml("bravo", defaults={"profiles": ["mim"]}, bravo=own))


def domain(lab: Lab, *more: str) -> Run:
    return lab.portcheck("check", "bravo.test", "--dns", lab.bravo.address, "-f", "json", *more)


def spare(lab: Lab) -> str:
    return lab.bravo.address.rpartition(".")[0] + f".{records.SPARE_ADDRESS}"


def finding(run: Run, code: str) -> dict[str, Any]:
    assert run.report is not None
    (found,) = [one for one in run.report["findings"] if one["code"] == code]
    return dict(found)


def facts(run: Run) -> dict[str, Any]:
    assert run.report is not None
    return dict(run.report["forests"][0]["facts"])


# The domain's own names

NAMES = {
    "@": "\\\\bravo.test",
    "gc._msdcs": "look for a Global Catalog",
    "DomainDnsZones": "referrals to the DNS partition",
    "ForestDnsZones": "the forest's DNS partition",
}


@pytest.mark.parametrize("name", NAMES)
def test_an_address_of_a_domains_name_that_answers_no_ldap_is_told_with_who_uses_it(lab: Lab, name: str) -> None:
    with records.added(lab.bravo, name, "A", APIPA):
        run = domain(lab)
    told = finding(run, "domain-address-dead")
    assert (run.codes("bravo"), run.code, told["severity"]) == (["domain-address-dead"], 0, "warning")
    assert APIPA in told["title"]
    assert NAMES[name] in told["explanation"]
    assert "RFC 3927" in told["explanation"]


def test_a_domains_address_that_another_forest_answers_at_is_told_as_that(lab: Lab) -> None:
    with records.added(lab.bravo, "@", "A", lab.charlie.address):
        run = domain(lab)
    assert run.codes("bravo") == ["domain-address-dead"]
    assert f"answers as {lab.charlie.host}" in finding(run, "domain-address-dead")["evidence"]


def test_the_domains_address_of_an_unlisted_controller_that_answers_is_no_fault(lab: Lab) -> None:
    with second_controller(lab, lab.bravo) as second, records.added(lab.bravo, "@", "A", second.address):
        run = domain(lab)
    assert (run.codes("bravo"), run.code) == (["forest-ok"], 0)
    assert [row["answers"] for row in facts(run)["domain_addresses"]] == [True]


def test_controllers_own_addresses_are_not_asked_for_it(lab: Lab) -> None:
    """Every SYN is one that a check accounts for."""
    for _ in range(5):  # a busy machine may be late with an answer: then it is asked again
        with count_packets(lab.client) as count:
            run = check(lab)
        over_tcp = [c for c in run.checks if c["transport"] == "tcp"]
        if {c["attempts"] for c in over_tcp} == {1}:
            break
    assert run.codes("bravo") == ["forest-ok"]
    assert count.syns == sum(c["attempts"] for c in over_tcp)


# A name that leads to several machines, or to one by another name


def test_the_domains_name_as_a_host_is_told_apart_by_who_answers(lab: Lab) -> None:
    with records.added(lab.bravo, "@", "A", spare(lab)):
        run = check(lab, "--dc", "bravo.test")
    told = finding(run, "host-unreachable")
    assert "no machine's own name: 10.77.2.10 is bdc1.bravo.test" in told["explanation"]
    assert "The same host" not in told["explanation"]
    assert not any("Netlogon" in one["fix"] for one in run.report["findings"])  # type: ignore[index]


def test_two_controllers_behind_one_name_are_both_asked_and_no_fault(lab: Lab) -> None:
    with (
        second_controller(lab, lab.bravo) as second,
        records.added(lab.bravo, "ldap", "A", lab.bravo.address),
        records.added(lab.bravo, "ldap", "A", second.address),
    ):
        run = lab.portcheck("check", "ldap.bravo.test", "--dns", lab.bravo.address, "-f", "json")
    assert {c["address"] for c in run.checks} == {lab.bravo.address, second.address}
    assert run.states("ldap.bravo.test") == {"ok"}
    assert {"host-unreachable", "wrong-forest", "srv-missing"}.isdisjoint(run.codes("ldap.bravo.test"))


def test_an_alias_as_target_is_a_name_fault_and_nothing_of_netlogon(lab: Lab) -> None:
    with records.added(lab.bravo, "ldap", "CNAME", lab.bravo.host):
        run = lab.portcheck("check", "ldap.bravo.test", "--dns", lab.bravo.address, "-f", "json")
    codes = run.codes("ldap.bravo.test")
    assert (sorted(codes), run.code) == (["certificate-name-mismatch", "kerberos-name-mismatch"], 0)
    told = finding(run, "kerberos-name-mismatch")
    assert "reached as ldap.bravo.test, calls itself bdc1.bravo.test" in told["evidence"]
    assert told["severity"] == "warning"


# Kerberos by name


@contextmanager
def reverse_zone(lab: Lab, says: str) -> Iterator[None]:
    """The forest's DNS serves the reverse zone of the controller's subnet, in which it has this name."""
    records.zone(lab.bravo, "create", "2.77.10.in-addr.arpa")
    try:
        records.in_zone(lab.bravo, "2.77.10.in-addr.arpa", "10", "PTR", says)
        yield
    finally:
        records.zone(lab.bravo, "delete", "2.77.10.in-addr.arpa")


def test_reverse_dns_that_names_another_host_is_told_with_who_minds(lab: Lab) -> None:
    with reverse_zone(lab, "old.bravo.test"):
        run = domain(lab)
    told = finding(run, "kerberos-name-mismatch")
    assert (run.codes("bravo"), run.code, told["severity"]) == (["kerberos-name-mismatch"], 0, "warning")
    assert "calls itself bdc1.bravo.test, PTR of 10.77.2.10 says old.bravo.test" in told["evidence"]
    assert "MIT Kerberos" in told["explanation"]
    assert "PTR record of 10.77.2.10" in told["fix"]


def test_reverse_dns_that_names_the_controller_is_no_fault(lab: Lab) -> None:
    with reverse_zone(lab, lab.bravo.host):
        run = domain(lab)
    assert run.codes("bravo") == ["forest-ok"]


# A child domain


def test_a_child_domain_is_healthy_without_a_catalog_record_and_its_root_is_looked_at(lab: Lab) -> None:
    with child_domain(lab, lab.bravo) as child:
        run = lab.portcheck("check", child.domain, "--dns", lab.bravo.address, "-f", "json")
    assert (run.code, {"forest-ok"} <= set(run.codes(child.domain))) == (0, True), run.codes(child.domain)
    assert facts(run)["forest_root"] == "bravo.test"
    at_root = {c["service"] for c in run.of(child.domain) if c["host"] == lab.bravo.host}
    assert at_root == {"ldap-ping", "kerberos", "gc"}
    assert "restart Netlogon" not in run.stdout


def test_a_root_whose_kerberos_is_blocked_fails_its_child(lab: Lab) -> None:
    with child_domain(lab, lab.bravo) as child, faults.drop(lab, lab.bravo, "88/tcp"):
        run = lab.portcheck("check", child.domain, "--dns", lab.bravo.address, "-f", "json")
    assert (run.code, run.codes(child.domain)[0]) == (1, "kerberos-blocked")
    assert finding(run, "kerberos-blocked")["hosts"] == [lab.bravo.host]
    assert "partial-forest" not in run.codes(child.domain)


def test_a_root_without_its_catalog_record_is_still_a_fault(lab: Lab) -> None:
    with records.missing(lab.bravo, "_gc._tcp", "SRV", records.srv(lab.bravo, 3268)):
        run = check(lab)
    assert (run.code, run.codes("bravo")) == (1, ["srv-missing"])


# This machine's own site


@contextmanager
def own_site(lab: Lab, site: str = OWN_SITE) -> Iterator[None]:
    """This machine's subnet lies in a site of the forest that no controller is in."""
    lab.bravo.samba_tool("sites", "create", site)
    try:
        lab.bravo.samba_tool("sites", "subnet", "create", "10.77.0.0/24", site)
        yield
        lab.bravo.samba_tool("sites", "subnet", "remove", "10.77.0.0/24")
    finally:
        lab.bravo.samba_tool("sites", "remove", site)


@contextmanager
def listed(lab: Lab, host: str, *lists: str, address: str = "") -> Iterator[None]:
    """A controller in these lists of DNS, at an address where nobody is unless another is given."""
    with records.added(lab.bravo, host, "A", address or spare(lab)):
        names = [f"_ldap._tcp.{one}" for one in lists]
        data = records.srv(lab.bravo, 389, f"{host}.bravo.test")
        for name in names:
            records.dns(lab.bravo, "add", name, "SRV", data)
        try:
            yield
        finally:
            for name in names:
                records.dns(lab.bravo, "delete", name, "SRV", data)


OF_SITE = f"{OWN_SITE}._sites.dc._msdcs"
OF_ALL = "dc._msdcs"


def test_a_site_of_this_machine_without_a_controller_is_told(lab: Lab) -> None:
    with own_site(lab):
        run = check(lab)
    told = finding(run, "site-uncovered")
    assert (run.codes("bravo"), run.code, told["severity"]) == (["site-uncovered"], 0, "warning")
    assert "site DMZ" in told["title"]
    assert "bdc1.bravo.test" in told["explanation"]


@pytest.mark.parametrize("lists", [(OF_SITE,), (OF_SITE, OF_ALL)])
def test_a_site_of_this_machine_whose_only_controller_is_dead_is_one_finding(lab: Lab, lists: tuple[str, ...]) -> None:
    with own_site(lab), listed(lab, "dmz1", *lists):
        run = check(lab)
    assert (run.codes("bravo"), run.code) == (["site-uncovered"], 1)
    assert "dmz1.bravo.test" in finding(run, "site-uncovered")["title"]


def test_a_site_of_this_machine_with_a_controller_that_answers_is_covered(lab: Lab) -> None:
    with own_site(lab), listed(lab, "dmz1", OF_SITE, address=lab.bravo.address):
        run = check(lab)
    assert "site-uncovered" not in run.codes("bravo")
    assert run.code == 0


def test_a_dead_controller_of_another_site_weighs_less_than_one_of_this_machines_own(lab: Lab) -> None:
    with listed(lab, "far1", OF_ALL):
        far = check(lab)
    with listed(lab, "near1", OF_ALL, "Default-First-Site-Name._sites.dc._msdcs"):
        near = check(lab)
    assert (far.codes("bravo"), far.code) == (["host-unreachable"], 0)
    assert finding(far, "host-unreachable")["severity"] == "warning"
    assert "own site first" in finding(far, "host-unreachable")["explanation"]
    assert (near.codes("bravo"), near.code) == (["host-unreachable", "partial-forest"], 1)
    assert finding(near, "host-unreachable")["severity"] == "error"


def test_a_site_on_the_command_line_is_asked_for_its_controllers(lab: Lab) -> None:
    with listed(lab, "dmz1", OF_SITE):
        run = domain(lab, "--site", OWN_SITE)
    assert {c["host"] for c in run.checks if c["service"] == "ldap"} == {"dmz1.bravo.test"}
    assert run.code == 1
    wrong = domain(lab, "--site", "")
    assert (wrong.code, "--site" in wrong.stderr) == (2, True)
