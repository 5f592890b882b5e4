"""What users reported and what looks like it: other places in the list, both families, two faults at once."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import nullcontext
from typing import Any

import pytest

from tests.bench.steady import shape
from tests.lab import faults, records, resolvers
from tests.lab.program import Run
from tests.lab.relay import Line, relay
from tests.lab.rules import chain
from tests.lab.twin import second_controller
from tests.lab.world import Lab

FW1, FW2 = "10.77.0.1", "10.77.100.2"


def byname(lab: Lab, *more: str, profile: str = "mim", **own: Any) -> Run:
    """Bravo, found by this machine's own resolver."""
    named = {"dns": None, **own}
    return lab.check(*more, config=lab.forests_toml("bravo", defaults={"profiles": [profile]}, bravo=named))


def named(lab: Lab, *more: str, profile: str = "mim") -> Run:
    """Only bravo, by address: no name server stands between the path and its verdict."""
    own = {"domain_controllers": [{"host": lab.bravo.host, "address": lab.bravo.address}], "dns": None}
    return lab.check(*more, config=lab.forests_toml("bravo", defaults={"profiles": [profile]}, bravo=own))


def finding(run: Run, code: str) -> Mapping[str, Any]:
    assert run.report is not None
    (found,) = [found for found in run.report["findings"] if found["code"] == code]
    return dict(found)


# Profiles


def test_a_join_needs_464_and_is_told_so_in_its_own_words(lab: Lab) -> None:
    with faults.drop(lab, lab.bravo, "464"):
        run = named(lab, profile="domain-join")
    assert (run.code, run.codes("bravo")) == (1, ["kpasswd-blocked"])
    told = finding(run, "kpasswd-blocked")
    assert "adcli, realmd and Samba" in told["explanation"]
    assert not [word for word in ("MIM", "export", "KB2443871") if word in json.dumps(told)]


@pytest.mark.parametrize(("alive", "code"), [("636, 3269", 0), ("389, 3268", 0), ("3268, 3269", 1)])
def test_an_application_needs_one_of_389_and_636(lab: Lab, alive: str, code: int) -> None:
    host = f"ip daddr {lab.bravo.address}"
    rules = (f"{host} tcp dport != {{ 53, {alive} }} drop", f"{host} udp dport != 53 drop")
    with chain(lab.fw2, "forward", *rules):
        run = named(lab, profile="ldap-app")
    assert run.code == code
    assert ("fail" in run.verdicts("bravo")) is bool(code)


# An error held against a run


@pytest.mark.parametrize(
    ("error", "port", "service"), [("win32-64", "88/tcp", "kerberos/tcp"), ("win32-53", "445/tcp", "smb/tcp")]
)
def test_a_refused_port_is_a_cause_of_the_errors_it_makes(lab: Lab, error: str, port: str, service: str) -> None:
    saved = lab.vantage.home / "refused.json"

    def standing() -> list[str]:
        told = lab.portcheck("explain", error, "--report", str(saved), "--json")
        causes = [c for e in json.loads(told.stdout)["errors"] if e["name"] == error for c in e["weighed"]]
        return [c["standing"] for c in causes if c["services"] == [service]]

    with faults.reject(lab, lab.bravo, port, how="tcp-reset", at=lab.bravo.node):
        named(lab, "--save", str(saved))
    assert "holds" in standing()
    named(lab, "--save", str(saved))
    assert set(standing()) == {"ruled out"}


# This machine


@pytest.mark.parametrize(("kind", "code"), [("unreachable", "host-unreachable"), ("throw", "host-unreachable")])
def test_without_a_route_of_this_machine_nothing_is_said_of_the_host(lab: Lab, kind: str, code: str) -> None:
    with faults.misroute(lab, lab.bravo, kind, at=lab.client):
        run = named(lab)
    assert (run.code, run.codes("bravo")) == (1, [code])
    told = finding(run, code)
    assert "Nothing was sent, so nothing is known of the host" in told["explanation"]
    assert "Give this machine a route" in told["fix"]
    assert "firewall team" not in told["fix"]


def test_a_route_that_a_device_lacks_is_asked_of_that_device(lab: Lab) -> None:
    with faults.misroute(lab, lab.bravo, "unreachable", at=lab.fw1):
        run = named(lab)
    assert run.codes("bravo")[0] == "host-unreachable"
    assert FW1 in finding(run, "host-unreachable")["fix"]


# Whose reset


TTLS = [("fw2", 255, FW2), ("fw2", 128, FW2), ("fw1", 255, FW1), ("fw1", 32, None)]


@pytest.mark.parametrize(("at", "ttl", "by"), TTLS)
def test_a_device_that_begins_with_another_ttl_is_told_by_how_far_its_reset_came(
    lab: Lab, at: str, ttl: int, by: str | None
) -> None:
    node = getattr(lab, at)
    own = f"ip saddr {lab.bravo.address} tcp flags & rst == rst ip ttl set {ttl}"
    with faults.reject(lab, lab.bravo, "464/tcp", how="tcp-reset", at=node), chain(node, "postrouting", own):
        (seen,) = named(lab).of("bravo", "kpasswd/tcp")
    assert (seen["state"], (seen["blocked_at"] or {}).get("by")) == ("rejected", by)


@pytest.mark.parametrize(
    ("ttl", "at", "state"), [(128, "host", "refused"), (255, "host", "refused"), (128, "fw2", "rejected")]
)
def test_a_host_of_another_system_refuses_in_its_own_name(lab: Lab, ttl: int, at: str, state: str) -> None:
    node = lab.bravo.node if at == "host" else lab.fw2
    theirs = f"ip daddr 10.77.0.0/24 ip ttl set {ttl}"
    with (
        chain(lab.bravo.node, "postrouting", theirs),
        faults.reject(lab, lab.bravo, "464/tcp", how="tcp-reset", at=node),
    ):
        (seen,) = named(lab).of("bravo", "kpasswd/tcp")
    assert seen["state"] == state


# Names


@pytest.mark.parametrize("address", ["fd77:0:0:12::99", "fe80::99"])
def test_a_dead_address_of_the_other_family_is_told_too(lab: Lab, address: str) -> None:
    with records.added(lab.bravo, "@", "AAAA", address):
        run = byname(lab, dns=[lab.bravo.address])
    assert (run.codes("bravo"), run.code) == (["domain-address-dead"], 0)
    assert address in finding(run, "domain-address-dead")["title"]


def test_a_name_that_only_the_forests_file_knows_is_no_difference(lab: Lab) -> None:
    own = {"domain_controllers": [{"host": "nobody.bravo.test", "address": lab.bravo.address}], "dns": None}
    run = lab.check(config=lab.forests_toml("bravo", defaults={"profiles": ["mim"]}, bravo=own | {"discover": False}))
    assert "resolution-differs" not in run.codes("bravo")


def test_a_silent_controller_is_a_record_too_many_only_on_the_forests_own_word(lab: Lab) -> None:
    """Its records are in the forest's own zone, which is asked too; of one that the file alone names, nothing."""
    gone = "its DNS records have to go"
    with (
        second_controller(lab, lab.bravo) as second,
        records.added(lab.bravo, "bdc12", "A", second.address),
        records.added(lab.bravo, "_ldap._tcp.dc._msdcs", "SRV", records.srv(lab.bravo, 389, "bdc12.bravo.test")),
        faults.drop(lab, second),
    ):
        hosts = [{"host": dc.host, "address": dc.address} for dc in (lab.bravo, second)]
        by_file = {"domain_controllers": hosts, "discover": False}
        ways: tuple[dict[str, Any], ...] = ({}, {"dns": [lab.bravo.address]}, by_file)
        told = [finding(byname(lab, **way), "host-unreachable")["explanation"] for way in ways]
    assert [gone in explanation for explanation in told] == [True, True, False]


# Two faults at once


def test_a_slow_resolver_beside_a_blocked_port(lab: Lab) -> None:
    with faults.drop(lab, lab.bravo, "464"), resolvers.asks_only(lab, delay_s={"*": 1.0}):
        run = byname(lab)
    assert (run.code, run.codes("bravo")) == (1, ["kpasswd-blocked", "dns-slow"])


def test_an_old_address_in_the_hosts_file_beside_a_blocked_port(lab: Lab) -> None:
    with faults.drop(lab, lab.bravo, "389/tcp"), resolvers.hosts_file(lab, f"10.77.2.99 {lab.bravo.host}"):
        run = byname(lab)
    assert (run.code, run.codes("bravo")) == (1, ["resolution-differs", "ldap-blocked"])


def test_the_last_of_three_resolvers_is_the_wrong_one_beside_a_blocked_port(lab: Lab) -> None:
    with (
        faults.drop(lab, lab.bravo, "88"),
        resolvers.forwarder(lab, rcode={"*": "NXDOMAIN"}),
        resolvers.forwarder(lab, resolvers.OTHER),
        resolvers.asks(lab, resolvers.USUAL, resolvers.OTHER, resolvers.ODD),
    ):
        run = byname(lab)
    assert (run.code, run.codes("bravo")) == (1, ["kerberos-blocked", "dns-views-differ"])
    assert resolvers.ODD in finding(run, "dns-views-differ")["title"]
    assert resolvers.OTHER not in finding(run, "dns-views-differ")["title"]


def test_loss_beside_a_blocked_port(lab: Lab) -> None:
    with faults.lose(lab, 10), faults.drop(lab, lab.bravo, "464"):
        run = named(lab)
    assert run.codes("bravo")[0] == "kpasswd-blocked"
    assert {c["service"] for c in run.of("bravo") if c["state"] != "ok"} == {"kpasswd"}


# Steady

SAME = {
    "healthy": nullcontext,
    "dark": lambda lab: faults.drop(lab, lab.bravo),
    "far": lambda lab: relay(lab, Line(delay_ms=350)),
    "464 blocked": lambda lab: faults.drop(lab, lab.bravo, "464"),
}


@pytest.mark.parametrize("network", SAME)
def test_the_same_network_gives_the_same_checks_and_findings(lab: Lab, network: str) -> None:
    """`tests.bench.steady` asks twenty times."""
    with SAME[network](lab):
        told = [shape(byname(lab)) for _ in range(3)]
    assert told[1:] == told[:-1]
