"""Many controllers behind one firewall that lets few new connections pass: what is asked alone is told, and what there
was no time for is said to be unknown; no host is called gone and no port blocked for the company it was asked in."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

import pytest

from tests.lab.many import many_controllers
from tests.lab.program import Run
from tests.lab.rules import chain
from tests.lab.world import Lab

NETWORK = "ip daddr 10.77.2.0/24"
LIMIT = "ct state new limit rate over 60/minute burst 5 packets drop"
PATIENCE_S = 400  # on a busy machine


def asked(lab: Lab, count: int, **rules: str) -> Run:
    """So many controllers of bravo by their addresses; `fw1` and `fw2`: a rule of that router."""
    with many_controllers(lab.bravo, count) as rows, ExitStack() as undo:
        for router, rule in rules.items():
            undo.enter_context(chain(getattr(lab, router), "forward", rule))
        own = {"dns": None, "domain_controllers": rows, "discover": False}
        config = lab.forests_toml("bravo", defaults={"profiles": ["mim"]}, bravo=own)
        return lab.portcheck("check", "-4", "-f", "json", config=config, timeout=PATIENCE_S)


def errors(run: Run) -> set[str]:
    assert run.report is not None
    return {found["code"] for found in run.report["findings"] if found["severity"] == "error"}


def failed(run: Run) -> set[str]:
    return {check["service"] for check in run.of("bravo") if check["verdict"] == "fail"}


def ports_asked_for(run: Run) -> set[str]:
    assert run.report is not None
    asks: list[Any] = [ask for found in run.report["findings"] for ask in found["asks"] if ask["of"] == "firewall"]
    return {port for ask in asks for port in (*ask["tcp"], *ask["udp"])}


@pytest.mark.parametrize("count", [2, 6])
def test_behind_a_limit_no_host_is_gone_and_no_port_is_blocked(lab: Lab, count: int) -> None:
    run = asked(lab, count, fw1=LIMIT)
    assert failed(run) == set()
    assert errors(run) <= {"blocked-after-burst"}
    assert ports_asked_for(run) == set()
    unknown = [check for check in run.of("bravo") if check["verdict"] == "unknown"]
    assert bool(unknown) is ("blocked-after-burst" in errors(run)) is (run.code == 1)
    assert all("not asked again" in check["reason"] for check in unknown)


def test_a_port_that_is_blocked_behind_such_a_limit_is_the_only_one_that_is_asked_for(lab: Lab) -> None:
    run = asked(lab, 6, fw1=LIMIT, fw2=f"{NETWORK} th dport 464 drop")
    assert run.code == 1
    assert failed(run) == {"kpasswd"}
    assert errors(run) - {"blocked-after-burst"} == {"kpasswd-blocked"}
    assert ports_asked_for(run) == {"464"}


def test_without_a_limit_ports_that_are_blocked_on_all_hosts_are_blocked(lab: Lab) -> None:
    run = asked(lab, 6, fw2=f"{NETWORK} th dport {{ 464, 445, 636, 3268, 3269 }} drop")
    assert run.verdicts("bravo", "kpasswd/tcp") == {"fail"}
    assert "blocked-after-burst" not in errors(run)


def test_where_all_of_several_hosts_are_dark_for_good_they_are_unreachable(lab: Lab) -> None:
    run = asked(lab, 6, fw2=f"{NETWORK} drop")
    assert errors(run) == {"host-unreachable"}
