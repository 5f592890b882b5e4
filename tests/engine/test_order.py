"""The same network gives the same report, in whatever order its answers come in."""

from __future__ import annotations

import itertools
from dataclasses import replace

from portcheck.asking.knowledge import HostState
from portcheck.asking.ledger import Ledger
from portcheck.model import Check, Lookup, Need, Outcome, State
from portcheck.model.target import Target
from portcheck.targets.srv import in_order

NAMES = ("rpc-netlogon", "rpc-lsarpc", "rpc-samr")


def test_interfaces_keep_their_place_whichever_answers_first() -> None:
    told = set()
    for order in itertools.permutations(range(3)):
        ledger, host = Ledger(lambda _: None), HostState(Target("dc1.alpha.test", "10.77.1.10", "srv"))
        checks = [
            Check("alpha.test", "dc1.alpha.test", "10.77.1.10", name, "tcp", None, Need.REQUIRED) for name in NAMES
        ]
        ledger.plan(ledger.own(host, tuple(checks)))
        for number in order:
            found = replace(checks[number], port=49152 + number)
            ledger.replace(host, checks[number], Outcome(found, State.OK, "answered"))
        told.add(tuple(outcome.check.service for outcome in ledger.settled()))
    assert told == {NAMES}


def test_hosts_and_questions_are_reported_in_one_order() -> None:
    sources = ("explicit", "srv", "dns-server")
    hosts = [HostState(Target(f"dc{n}.alpha.test", f"10.77.1.{n}", source)) for n, source in enumerate(sources)]
    orders = {tuple(h.place.source for h in sorted(some, key=HostState.turn)) for some in itertools.permutations(hosts)}
    assert orders == {sources}
    asked = [Lookup("dc1.alpha.test", "A", "system", "ok"), Lookup("alpha.test", "NS", "system", "ok")]
    asked += [Lookup("_gc._tcp.alpha.test", "SRV", server, "ok") for server in ("10.0.0.2", "system")]
    assert len({in_order(some, "system") for some in itertools.permutations(asked)}) == 1
