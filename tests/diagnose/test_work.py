"""Eightfold hosts are eightfold work for the rules, and a bit: a domain may name thousands. Counted, not timed."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from factories import check, controller, outcome, report
from fuzz.mutating import MOST_GROWTH, TIMES, work

from portcheck.diagnose import diagnose
from portcheck.model import DomainController, ForestReport, Lookup, Outcome, Report, State

FOREST, FEW = "alpha.test", 20
SERVICES = ("ldap/tcp", "ldap-ping/udp", "kerberos/tcp", "kpasswd/tcp", "rpc/tcp", "dns/udp")
Seen = Callable[[int, str], State]
"""The host's number and the service, to the state."""

KINDS: dict[str, Seen] = {
    "all answer": lambda *_: State.OK,
    "all are silent": lambda *_: State.FILTERED,
    "none has an address": lambda *_: State.UNRESOLVED,
    "every second is silent": lambda number, _: (State.OK, State.FILTERED)[number % 2],
    "one service is silent": lambda _, service: State.FILTERED if service == "kpasswd/tcp" else State.OK,
    "each differs": lambda number, service: list(State)[(number + len(service)) % len(State)],
}


def large(hosts: int, seen: Seen) -> Report:
    """A domain whose SRV records name so many hosts, each looked up by name and asked for everything."""
    controllers: list[DomainController] = []
    outcomes: list[Outcome] = []
    names = [f"dc{number}.{FOREST}" for number in range(hosts)]
    srv = tuple(f"0 100 389 {name}" for name in names)
    lookups = [Lookup(f"_ldap._tcp.dc._msdcs.{FOREST}", "SRV", "system", "ok", srv, required=True)]
    for number, name in enumerate(names):
        there = seen(number, "") is not State.UNRESOLVED
        address = f"10.77.{number // 250}.{number % 250 + 1}" if there else None
        lookups.append(Lookup(name, "A", "system", "ok" if there else "nxdomain", (address,) if address else ()))
        controllers.append(controller(name, address))
        for service in SERVICES:
            state = seen(number, service)
            outcomes.append(outcome(check(service, name, forest=FOREST, address=address, domain=FOREST), state))
    return report(*outcomes, forests=(ForestReport(FOREST, ("mim",), tuple(controllers), tuple(lookups)),))


def lines(run: Report) -> int:
    return work(lambda _: diagnose(run), b"")


@pytest.mark.parametrize("kind", KINDS)
def test_the_rules_take_work_in_proportion_to_the_hosts(kind: str) -> None:
    few, many = large(FEW, KINDS[kind]), large(TIMES * FEW, KINDS[kind])
    diagnose(few)  # what is loaded and remembered at the first time
    little, much = lines(few), lines(many)
    assert much <= MOST_GROWTH * little, (little, much)
