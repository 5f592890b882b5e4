"""No UDP passes, or only some of it: one rule of a firewall has one finding, and what is asked for is all of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.lab.program import Run
from tests.lab.rules import chain
from tests.lab.world import Lab


def named(lab: Lab, *more: str) -> Run:
    """Only bravo, by address: no name server stands between the path and its verdict."""
    own = {"domain_controllers": [{"host": lab.bravo.host, "address": lab.bravo.address}], "dns": None}
    return lab.check(*more, config=lab.forests_toml("bravo", defaults={"profiles": ["mim"]}, bravo=own))


def first(run: Run) -> Mapping[str, Any]:
    assert run.report is not None
    return dict(run.report["findings"][0])


@pytest.mark.parametrize("but", ["", "udp dport != 53"])
def test_no_udp_is_one_finding_that_asks_for_all_of_it(lab: Lab, but: str) -> None:
    saved = lab.vantage.home / "no-udp.json"
    with chain(lab.fw1, "forward", f"ip daddr {lab.bravo.address} meta l4proto udp {but} drop"):
        run = named(lab, "--save", str(saved))
    assert (run.code, run.codes("bravo")) == (1, ["dc-locator-blocked"])
    told = first(run)
    assert f"no UDP{' but DNS' if but else ''} passes (389/udp, 88/udp and 464/udp)" in told["title"]
    assert "88/tcp, 389/tcp and 464/tcp of the same host answered" in told["explanation"]
    assert "allow udp 88, 389, 464" in told["fix"]
    assert (run.verdicts("bravo", "ldap-ping"), run.verdicts("bravo", "kpasswd/udp")) == ({"fail"}, {"fail"})
    assert run.of("bravo", "dns/udp")[0]["verdict"] == ("pass" if but else "skip")
    asked = lab.portcheck("request", str(saved)).stdout
    assert "udp 389, 464" in asked
    assert "udp 88" in asked


def test_some_udp_is_told_by_its_services(lab: Lab) -> None:
    with chain(lab.fw1, "forward", f"ip daddr {lab.bravo.address} udp dport {{ 88, 389 }} drop"):
        run = named(lab)
    assert run.codes("bravo") == ["dc-locator-blocked", "kerberos-udp-blocked"]
    assert "389/udp blocked" in first(run)["title"]
    assert "UDP port that was asked" not in first(run)["explanation"]


def test_no_tcp_is_one_finding_too(lab: Lab) -> None:
    with chain(lab.fw1, "forward", f"ip daddr {lab.bravo.address} meta l4proto tcp drop"):
        run = named(lab)
    assert (run.code, run.codes("bravo")) == (1, ["one-way-path"])
    assert "allow tcp 88, 135, 389, 445, 464, 636, 3268, 3269" in first(run)["fix"]


@pytest.mark.parametrize("far", [False, True])
def test_464_udp_beside_88_udp_is_proven_blocked_where_a_router_beyond_never_gets_it(lab: Lab, far: bool) -> None:
    """The near firewall drops it, and the far one tells of what comes so far; dropped at the far one, nobody tells."""
    where = lab.fw2 if far else lab.fw1
    saved = lab.vantage.home / "kdc-udp.json"
    with chain(where, "forward", f"ip daddr {lab.bravo.address} udp dport {{ 88, 464 }} drop"):
        run = named(lab, "--save", str(saved))
    (kpasswd,) = run.of("bravo", "kpasswd/udp")
    assert run.codes("bravo") == ["kpasswd-udp-blocked", "kerberos-udp-blocked"]
    assert (run.code, kpasswd["verdict"]) == ((0, "warn") if far else (1, "fail"))
    assert ("lost_before" in kpasswd["facts"], "udp_unproven" in kpasswd["facts"]) == (not far, far)
    quiet = lab.portcheck("report", str(saved), "-q").stdout
    assert f"464 udp {'silent' if far else 'blocked'} – passwords" in quiet
    asked = lab.portcheck("request", str(saved)).stdout
    assert ("by itself does not prove a block" in asked) is far
