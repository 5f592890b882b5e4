"""Is it chance? Where one of several machines or paths behind an address is dead, or a line loses half of everything,
several tries in a row may be lost of a service that is well.

What single connections lose to a port that has answered says how likely that is. Silence, and a router's late word that
nobody is there, are believed once so many tries in vain would be a wonder.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from dataclasses import replace

from portcheck.investigate.case import AT_ONCE, Case
from portcheck.model import GOOD, Outcome, State
from portcheck.model.readings import nobody_there
from portcheck.net import hops
from portcheck.net.pacing import Pacer
from portcheck.net.timeline import repeated
from portcheck.net.timeouts import Timeouts

BURSTS, LAST = 4, 2  # of connections, and those by which a limit has nothing left
FEWEST = 3  # of the last bursts that pass: no limit that matters
LITTLE = 0.2  # of all: what was asked by now has shown enough
WONDER, MOST = 0.001, 16  # tries
ALONE = Timeouts(connect_s=1.5, answer_s=10.0, attempts=1)
PER_SECOND = 8.0


async def share(case: Case) -> float:
    """Of new connections to a port that has answered; 0 where that cannot be asked, and where a limit takes them: the
    first ones of several bursts pass it, and those after them do not."""
    if case.lost_by_chance is None:
        case.lost_by_chance = await _share(case)
    return case.lost_by_chance


async def _share(case: Case) -> float:
    good = case.good_port
    if not hops.TCP_WALKS or good is None:
        return 0.0
    heard = [await case.burst(good) for _ in range(BURSTS)]
    return 0.0 if sum(heard[-LAST:]) < FEWEST else 1 - sum(heard) / (AT_ONCE * BURSTS)


async def asked_on(cases: Sequence[Case]) -> None:
    """Whatever is silent where much is lost by chance, alone and as often as it takes."""
    pacer = Pacer(PER_SECOND)
    await asyncio.gather(*(_host(case, pacer) for case in cases if case.alive and _shaky(case) and _silent(case)))


def _shaky(case: Case) -> bool:
    good = (o for o in case.outcomes if o.state in GOOD)
    return any(repeated(o.facts) or o.facts.get("answered_on_second_look") for o in good)


def _silent(case: Case) -> list[Outcome]:
    """All of it: what seems not offered here may merely have been lost."""
    return [o for o in case.outcomes if _is_silent(o)]


def _is_silent(o: Outcome) -> bool:
    return o.state is State.FILTERED or (o.state is State.UNREACHABLE and nobody_there(o))


async def _host(case: Case, pacer: Pacer) -> None:
    if (lost := await share(case)) >= LITTLE:
        tries = min(MOST, math.ceil(math.log(WONDER) / math.log(lost)))
        await asyncio.gather(*(_port(case, outcome, tries, pacer) for outcome in _silent(case)))


async def _port(case: Case, outcome: Outcome, tries: int, pacer: Pacer) -> None:
    for _ in range(tries):
        await pacer.turn()
        better = await case.page.ask(outcome, ALONE)
        if better.state in GOOD:
            case.improve(outcome, replace(better, facts={**better.facts, "answered_on_attempt": 2}))
            return
        if not _is_silent(better):
            return
    case.note(outcome, "again", f"asked {tries} times more, alone, for much is lost here by chance: still no answer")
