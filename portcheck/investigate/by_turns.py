"""Refused one time and answered another: of several machines behind an address, one does not offer the service; of
several firewalls or paths to it, one says no.

A load balancer's pool and an address that two machines use look so, a cluster of firewalls of which one lacks the rule,
a path of several that leads in a circle, and a service that is being restarted.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

from portcheck.investigate.case import Case, distinct
from portcheck.investigate.nobody import late
from portcheck.model import GOOD, Outcome, State
from portcheck.net.timeouts import Timeouts

ALONE = Timeouts(connect_s=4.0, answer_s=10.0, attempts=1)
TIMES = 4  # of which each is refused, before the service is not there
MOST = 4  # ports of a host, until one of them is answered
OFTEN = 10  # times, where one is: half of all are refused so often in a row once in a thousand times
ENOUGH = 8  # times that a device says no, to whichever of those ports, before it is a rule
NO = frozenset({State.REFUSED, State.REJECTED, State.UNREACHABLE})


async def refused(case: Case) -> None:
    """Each of a few refused ports several times more, one connection after the other; all of them where that is so."""
    if case.alive and await _any_answered(case, distinct(case.reset(State.REFUSED))[:MOST], TIMES):
        await _any_answered(case, case.reset(State.REFUSED), OFTEN)


async def objected(case: Case) -> None:
    """The same of what somebody said no to by ICMP. A router that limits its ICMP errors soon says nothing: that ends
    it.
    """
    first = distinct(_objections(case))[:MOST] if case.alive else []
    if first and await _any_answered(case, first, ceil(ENOUGH / len(first)), until_silent=True):
        await _any_answered(case, _objections(case), OFTEN)


def _objections(case: Case) -> list[Outcome]:
    """Also of what may not be offered there: none of it is told otherwise."""
    said = (o for o in case.outcomes if o.state in NO and o.facts.get("icmp_from") and o.check.port is not None)
    return [o for o in said if not o.facts.get("local_fault") and not late(o)]


async def _any_answered(case: Case, found: Sequence[Outcome], times: int, *, until_silent: bool = False) -> bool:
    some = False
    for outcome in found:
        last = await _last_word(case, outcome, times)
        if last.state in GOOD:
            case.improve(outcome, last)
            case.note(outcome, "alone", "refused one time and answered another", **_who(case, outcome))
            some = True
        elif until_silent and last.state is State.FILTERED:
            break
    return some


def _who(case: Case, outcome: Outcome) -> dict[str, object]:
    """The host itself, or the device that said no."""
    by = outcome.facts.get("icmp_from")
    return {"refused_by_turns": True} if by in {None, case.address} else {"rejected_by_turns": by}


async def _last_word(case: Case, outcome: Outcome, times: int) -> Outcome:
    """Whatever is no refusal any more, or the last one of so many."""
    last = outcome
    for _ in range(times):
        last = await case.page.ask(outcome, ALONE)
        if last.state not in NO:
            break
    return last
