"""A no that bears the host's own address is not told as a device's, and a forged one not as the host's."""

from __future__ import annotations

from typing import Any

import pytest
from diagnose.scenarios import ADDRESS, report_of

from portcheck.diagnose import diagnose

HOST = {"icmp_from": ADDRESS, "icmp_type": 3, "icmp_code": 13}
DEVICE = {"icmp_from": "10.77.100.2", "icmp_type": 3, "icmp_code": 13}


def told(kpasswd: dict[str, Any], ldap: dict[str, Any] | None = None) -> str:
    rows = {"kpasswd/464/tcp": kpasswd, "ldap/389/tcp": ldap}
    seen = {port: {"state": "rejected", "facts": facts} for port, facts in rows.items() if facts}
    found = diagnose(report_of({"given": {"kerberos/88/tcp": "ok", **seen}}))
    return next(f"{f.title}. {f.explanation}" for f in found if f.code == "explicit-reject")


def test_the_hosts_own_firewall() -> None:
    words = told(HOST)
    assert "its own firewall said so" in words
    assert "on the path" not in words


def test_a_device() -> None:
    assert "The host itself did not say so" in told(DEVICE)


def test_both() -> None:
    words = told(HOST, DEVICE)
    assert "Where the address is the host's own" in words
    assert "a device on the path says no" not in words


def test_the_hosts_address_in_a_forged_no_is_not_named() -> None:
    assert f"{ADDRESS} said" in told(HOST)
    assert f"{ADDRESS} said" not in told(HOST | {"host_ttl": 62})


@pytest.mark.parametrize(("facts", "says"), [({}, "a route"), ({"icmp_from": "10.77.0.10"}, "host is up")])
def test_a_neighbour_that_does_not_answer_is_not_a_missing_route(facts: dict[str, Any], says: str) -> None:
    dead = {"state": "unreachable", "facts": {"local_fault": True, **facts}}
    found = diagnose(report_of({"given": {"ldap/389/tcp": dead, "kerberos/88/tcp": dead}}))
    assert says in found[0].fix.partition(";")[0]
