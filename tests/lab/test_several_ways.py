"""Several firewalls or paths to a controller that do not treat traffic alike, and what no rule for a port cures: said
once, and no rule is asked for. In each twin it is a rule for a port, and that one is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager

import pytest

from tests.lab import faults
from tests.lab.program import Run
from tests.lab.rules import chain
from tests.lab.test_further_kinds import asked_of_rules
from tests.lab.test_more_kinds import finding, listed
from tests.lab.world import Lab

TABLE, MARK = "98", "7"
HALF = "numgen {} mod 2 == 1"
NOTHING = "Nothing is asked for."


def asked(lab: Lab, *made: AbstractContextManager[None], name: str) -> tuple[Run, str]:
    """A run of bravo, and the change request of it."""
    saved = str(lab.vantage.home / f"ways-{name}.json")
    with ExitStack() as undo:
        for fault in made:
            undo.enter_context(fault)
        run = listed(lab, lab.bravo, saved=saved)
    return run, lab.portcheck("request", saved).stdout


@contextmanager
def circle(lab: Lab, *selector: str) -> Iterator[None]:
    """The far router sends this part of what is for bravo back to the near one."""
    node = lab.fw2
    rule = ("to", lab.bravo.address, *selector, "lookup", TABLE)
    node.ip("route", "add", f"{lab.bravo.address}/32", "via", "10.77.100.1", "table", TABLE)
    node.ip("rule", "add", *rule)
    try:
        yield
    finally:
        node.ip("rule", "del", *rule)
        node.ip("route", "flush", "table", TABLE)


@contextmanager
def circle_by_turns(lab: Lab) -> Iterator[None]:
    to = f"ip daddr {lab.bravo.address}"
    lines = (f"{to} ct state new {HALF.format('random')} ct mark set {MARK}", f"{to} meta mark set ct mark")
    with chain(lab.fw2, "prerouting", *lines, priority=-150), circle(lab, "fwmark", MARK):
        yield


def half_rejected(lab: Lab, chosen: str, what: str) -> AbstractContextManager[None]:
    rule = f"ip daddr {lab.bravo.address} ct state new {HALF.format(chosen)} reject with icmpx {what}"
    return chain(lab.fw2, "forward", rule)


# A device says no to every second connection, whichever port it is for


@pytest.mark.parametrize("chosen", ["inc", "random"])
@pytest.mark.parametrize("what", ["admin-prohibited", "no-route", "circle"])
def test_a_device_that_says_no_to_half_of_all_connections_blocks_no_port(lab: Lab, chosen: str, what: str) -> None:
    fault = circle_by_turns(lab) if what == "circle" else half_rejected(lab, chosen, what)
    run, request = asked(lab, fault, name=f"half-{what}-{chosen}")
    assert (run.code, run.codes("bravo")) == (0, ["rejected-by-turns"])
    assert run.states("bravo") == {"ok"}
    assert "10.77.100.2 says no" in finding(run, "rejected-by-turns")["title"]
    assert (asked_of_rules(run), NOTHING in request) == ([], True)


def test_a_limit_that_says_no_to_what_is_too_much_for_it_blocks_no_port(lab: Lab) -> None:
    new = f"ip daddr {lab.bravo.address} ct state new limit rate over 4/second burst 5 packets"
    limit = chain(lab.fw1, "forward", f"{new} reject with icmpx admin-prohibited")
    run, request = asked(lab, limit, name="limit")
    assert (run.code, run.codes("bravo")) == (0, ["rejected-by-turns"])
    assert "limits new connections" in finding(run, "rejected-by-turns")["fix"]
    assert NOTHING in request


def test_many_ports_that_are_rejected_each_time_are_no_limit(lab: Lab) -> None:
    ports = ("88", "464", "636/tcp", "3268/tcp", "3269/tcp")
    run, request = asked(lab, faults.reject(lab, lab.bravo, *ports), name="many-rejected")
    assert (run.code, "rejected-by-turns" in run.codes("bravo")) == (1, False)
    assert "tcp 88, 464, 636, 3268-3269" in request


def test_a_port_that_is_rejected_each_time_beside_is_the_only_one_that_is_asked_for(lab: Lab) -> None:
    steady = faults.reject(lab, lab.bravo, "464/tcp", at=lab.fw1)
    run, request = asked(lab, half_rejected(lab, "random", "admin-prohibited"), steady, name="half-464")
    assert {c["service"] for c in run.of("bravo") if c["verdict"] == "fail"} == {"kpasswd"}
    assert run.codes("bravo")[:1] == ["kpasswd-blocked"]
    assert "| tcp 464 |" in request


@pytest.mark.parametrize("how", ["admin-prohibited", "net-unreachable", "port-unreachable"])
def test_what_a_device_says_no_to_each_time_is_its_rule(lab: Lab, how: str) -> None:
    run, request = asked(lab, faults.reject(lab, lab.bravo, "464", how=how), name=f"steady-{how}")
    assert (run.code, run.codes("bravo")) == (1, ["kpasswd-blocked", "explicit-reject"])
    assert "tcp 464<br>udp 464" in request


# A part of the traffic goes round


@pytest.mark.parametrize("part", [("ipproto", "udp"), ("ipproto", "tcp", "dport", "464")])
def test_a_part_of_the_traffic_that_goes_round_is_the_routes_matter(lab: Lab, part: tuple[str, ...]) -> None:
    run, request = asked(lab, circle(lab, *part), name=f"circle-{part[-1]}")
    assert (run.code, run.codes("bravo")) == (1, ["routing-loop"])
    assert "lead in a circle" in finding(run, "routing-loop")["fix"]
    assert (asked_of_rules(run), NOTHING in request) == ([], True)


# What no rule for a port cures


def test_ports_of_this_machine_that_do_not_pass_ask_for_no_rule(lab: Lab) -> None:
    to = f"ip daddr {lab.bravo.address}"
    filtered = chain(lab.fw1, "forward", f"{to} tcp sport 5000-65535 drop", f"{to} udp sport 5000-65535 drop")
    run, request = asked(lab, filtered, name="source-ports")
    assert run.codes("bravo") == ["source-ports-filtered"]
    assert NOTHING in request
    assert request.count("source-ports-filtered") == 1


def test_answers_from_another_address_ask_for_no_rule_and_a_blocked_port_beside_does(lab: Lab) -> None:
    other = chain(lab.bravo.node, "output", f"ip saddr {lab.bravo.address} meta l4proto udp ip saddr set 10.77.2.11")
    run, request = asked(lab, other, faults.drop(lab, lab.bravo, "464/tcp"), name="other-address")
    assert run.codes("bravo") == ["answer-from-other-address", "kpasswd-blocked"]
    assert "| tcp 464 |" in request
    assert "udp 464" not in request
