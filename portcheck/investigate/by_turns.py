"""Refused one time and answered another: of several machines behind an address, one does not offer the service; of
several firewalls or paths to it, one says no; or a limit says no to what is too much for it.

A load balancer's pool and an address that two machines use look so, a cluster of firewalls of which one lacks the rule,
a path of several that leads in a circle, and a service that is being restarted.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from math import ceil

from portcheck.investigate import limit
from portcheck.investigate.ban import SILENT
from portcheck.investigate.case import Case, distinct
from portcheck.investigate.nobody import late
from portcheck.investigate.policed import QUIET_S
from portcheck.model import GOOD, Outcome, State
from portcheck.net.timeouts import Timeouts

ALONE = Timeouts(connect_s=4.0, answer_s=10.0, attempts=1)
TIMES = 4  # of which each is refused, before the service is not there
MOST = 4  # ports of a host, until one of them is answered
OFTEN = 10  # times, where one is: half of all are refused so often in a row once in a thousand times
ENOUGH = 8  # times that a device says no, to whichever of those ports, before it is a rule
MANY = 4  # ports that it says no to: it may be a limit on what is new
AGAIN_S = (*[0.0] * 8, 0.6, 1.2, QUIET_S)  # pauses before each try, where a device says no by turns
MOST_WAITED = 2  # ports in a row of which nothing is heard: each is waited for to the end
NO = limit.NO | {State.UNREACHABLE}


async def refused(case: Case) -> None:
    """Each of a few refused ports several times more, one connection after the other; all of them where that is so."""
    if case.alive and await _any_answered(case, distinct(case.reset(State.REFUSED))[:MOST], [0.0] * TIMES):
        await _any_answered(case, case.reset(State.REFUSED), [0.0] * OFTEN)


async def objected(case: Case) -> None:
    """The same of what somebody said no to by ICMP; of many ports one once more, after a while without any packet."""
    found = distinct(_objections(case)) if case.alive else []
    if found and (await _at_once(case, found[:MOST]) or await _after_a_while(case, found)):
        await _any_answered(case, _objections(case), AGAIN_S)


async def _at_once(case: Case, found: Sequence[Outcome]) -> bool:
    """A router that limits its ICMP errors soon says nothing: that ends it."""
    return await _any_answered(case, found, [0.0] * ceil(ENOUGH / len(found)), until_silent=True)


async def _after_a_while(case: Case, found: Sequence[Outcome]) -> bool:
    """A few where a limit is known already: the ports that an endpoint mapper named, once that was heard."""
    known = any("rejected_by_turns" in o.facts for o in case.outcomes)
    return (known or len(found) >= MANY) and await _any_answered(case, found[:1], [QUIET_S])


def _objections(case: Case) -> list[Outcome]:
    """Also of what may not be offered there: none of it is told otherwise."""
    said = (o for o in case.outcomes if o.state in NO and o.facts.get("icmp_from") and o.check.port is not None)
    return [o for o in said if not o.facts.get("local_fault") and not late(o)]


async def _any_answered(
    case: Case, found: Sequence[Outcome], pauses_s: Sequence[float], *, until_silent: bool = False
) -> bool:
    """Is one of them answered, asked so often?"""
    some, waited = False, 0
    for outcome in found:
        last = await _last_word(case, outcome, pauses_s)
        if last.state in GOOD:
            case.improve(outcome, last)
            case.note(outcome, "alone", "refused one time and answered another", **_who(case, outcome))
            some = True
        waited = waited + 1 if last.state in SILENT else 0
        if waited == MOST_WAITED or (until_silent and last.state is State.FILTERED):
            break
    return some


def _who(case: Case, outcome: Outcome) -> dict[str, object]:
    """The host itself, or the device that said no."""
    by = outcome.facts.get("icmp_from")
    return {"refused_by_turns": True} if by in {None, case.address} else {"rejected_by_turns": by}


async def _last_word(case: Case, outcome: Outcome, pauses_s: Sequence[float]) -> Outcome:
    """Whatever is no refusal any more, or the last one of so many."""
    last = outcome
    for pause_s in pauses_s:
        await asyncio.sleep(pause_s)
        last = await case.page.ask(outcome, ALONE)
        if last.state not in NO:
            break
    return last
