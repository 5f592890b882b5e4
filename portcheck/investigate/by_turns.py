"""Refused one time and answered another: of several machines behind an address, one does not offer the service.

A load balancer's pool and an address that two machines use look so, and so does a service that is being restarted.
"""

from __future__ import annotations

from collections.abc import Sequence

from portcheck.investigate.case import Case, distinct
from portcheck.model import GOOD, Outcome, State
from portcheck.net.timeouts import Timeouts

ALONE = Timeouts(connect_s=4.0, answer_s=10.0, attempts=1)
TIMES = 4  # of which each is refused, before the service is not there
MOST = 4  # ports of a host, until one of them is answered
OFTEN = 10  # times, where one is: half of all are refused so often in a row once in a thousand times


async def refused(case: Case) -> None:
    """Each of a few refused ports several times more, one connection after the other; all of them where that is so."""
    if case.alive and await _any_answered(case, distinct(case.reset(State.REFUSED))[:MOST], TIMES):
        await _any_answered(case, case.reset(State.REFUSED), OFTEN)


async def _any_answered(case: Case, found: Sequence[Outcome], times: int) -> bool:
    some = False
    for outcome in found:
        if (better := await _answered(case, outcome, times)) is not None:
            case.improve(outcome, better)
            case.note(outcome, "alone", "refused one time and answered another", refused_by_turns=True)
            some = True
    return some


async def _answered(case: Case, outcome: Outcome, times: int) -> Outcome | None:
    for _ in range(times):
        better = await case.page.ask(outcome, ALONE)
        if better.state in GOOD:
            return better
        if better.state is not State.REFUSED:
            return None
    return None
