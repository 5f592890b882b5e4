"""What one resolver says and the forest's own server does not; addresses and names that nobody can mean."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.lab import records, resolvers
from tests.lab.program import Run
from tests.lab.rules import chain
from tests.lab.twin import second_controller
from tests.lab.world import Lab

GONE = "10.77.2.99"
APIPA = "169.254.10.20"
DNS64 = "64:ff9b::a4d:20a"


def byname(lab: Lab, *more: str, **own: Any) -> Run:
    """Bravo, found by this machine's own resolver."""
    named = {"dns": None, **own}
    return lab.check(*more, config=lab.forests_toml("bravo", defaults={"profiles": ["mim"]}, bravo=named))


def finding(run: Run, code: str) -> Mapping[str, Any]:
    assert run.report is not None
    (found,) = [found for found in run.report["findings"] if found["code"] == code]
    return dict(found)


def asked_of(run: Run) -> set[str]:
    assert run.report is not None
    return {ask["of"] for found in run.report["findings"] for ask in found["asks"]}


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
