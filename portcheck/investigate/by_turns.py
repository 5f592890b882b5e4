"""Refused one time and answered another: of several machines behind an address, one does not offer the service.

A load balancer's pool and an address that two machines use look so, and so does a service that is being restarted.
"""

from __future__ import annotations

from portcheck.investigate.case import Case, distinct
from portcheck.model import GOOD, Outcome, State
from portcheck.net.timeouts import Timeouts

ALONE = Timeouts(connect_s=4.0, answer_s=10.0, attempts=1)
TIMES = 4  # of which each is refused, before the service is not there
MOST = 4  # ports of a host


async def refused(case: Case) -> None:
    """Each of a few refused ports several times more, one connection after the other."""
    if not case.alive:
        return
    found = distinct(o for o in case.having(State.REFUSED) if _by_reset(o))
    for outcome in found[:MOST]:
        if (better := await _answered(case, outcome)) is not None:
            case.improve(outcome, better)
            case.note(outcome, "alone", "refused one time and answered another", refused_by_turns=True)


async def _answered(case: Case, outcome: Outcome) -> Outcome | None:
    for _ in range(TIMES):
        better = await case.page.ask(outcome, ALONE)
        if better.state in GOOD:
            return better
        if better.state is not State.REFUSED:
            return None
    return None


def _by_reset(o: Outcome) -> bool:
    return o.check.transport == "tcp" and o.check.port is not None and "icmp_from" not in o.facts
