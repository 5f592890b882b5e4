"""A router that looks for a host in vain says so only after seconds, and not of every packet: what it said of one port
holds for the address.

Linux says "host unreachable" once three ARP requests were not answered (neighbour discovery: the same), limits its ICMP
errors, and forgets what waits for the address when one more packet comes in that moment. A firewall that says the same
of single ports says it at once.
"""

from __future__ import annotations

from dataclasses import replace

from portcheck.investigate.case import Case
from portcheck.model import GOOD, Outcome, State, Trace
from portcheck.model.readings import nobody_there
from portcheck.net.timeouts import Timeouts

LOOKED_FOR_MS = 900.0  # RFC 4861, 10: RETRANS_TIMER is a second; so is ARP's in Linux (retrans_time_ms)
AGAIN, TIMES = Timeouts(connect_s=4.0, answer_s=4.0, attempts=1), 3
IN_VAIN = 3  # ports in a row
TOLD = ("icmp_from", "icmp_type", "icmp_code", "icmp_ttl", "local_fault")


def at_the_address(case: Case) -> None:
    """Where one silent check heard late that nobody is there, and none of them heard anything else, all of them did."""
    heard = [o for o in case.outcomes if o.state not in {State.FILTERED, State.SKIPPED, State.ERROR, State.UNRESOLVED}]
    if not heard or not all(map(nobody_there, heard)):
        return
    word = max(heard, key=lambda o: o.elapsed_ms)
    if word.elapsed_ms >= LOOKED_FOR_MS:
        for outcome in [o for o in case.outcomes if o.state is State.FILTERED]:
            case.land(_of_the_address(outcome, word))


def may_be_there(case: Case) -> bool:
    """Of a host that lives, was a port said late to be nobody's?"""
    return case.alive and any(map(late, _not_found(case)))


def late(outcome: Outcome) -> bool:
    """After having looked for the host."""
    return nobody_there(outcome) and outcome.elapsed_ms >= LOOKED_FOR_MS


def _not_found(case: Case) -> list[Outcome]:
    return [o for o in case.having(State.UNREACHABLE) if nobody_there(o)]


async def asked_again(case: Case) -> None:
    """Of a host of which other ports answer, nobody can say that it is not there: one of several behind the address is
    gone, or it was gone for a moment. A rule that says so says it at once, and each time.
    """
    if not may_be_there(case):
        return
    in_vain = 0
    for outcome in _not_found(case):
        in_vain = 0 if await _heard_again(case, outcome) else in_vain + 1
        if in_vain == IN_VAIN:
            return


async def _heard_again(case: Case, outcome: Outcome) -> bool:
    for _ in range(TIMES):
        better = await case.page.ask(outcome, AGAIN)
        if better.state in GOOD:
            case.improve(outcome, replace(better, facts={**better.facts, "answered_on_attempt": 2}))
            return True
        if not nobody_there(better) and better.state is not State.FILTERED:
            return False
    return False


def _of_the_address(outcome: Outcome, word: Outcome) -> Outcome:
    port = f"{word.check.port}/{word.check.transport}"
    step = Trace(outcome.elapsed_ms, "unreachable", f"{word.reason}: to the question at {port} of the same address")
    said = {key: word.facts[key] for key in TOLD if key in word.facts}
    return replace(
        outcome,
        state=State.UNREACHABLE,
        reason=word.reason,
        stage=word.stage,
        facts={**outcome.facts, **said},
        evidence=(*outcome.evidence, step),
        blocked_at=word.blocked_at,
    )
