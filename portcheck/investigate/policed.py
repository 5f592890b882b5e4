"""A firewall that lets few new connections pass makes whole ports look silent: is one heard when it is asked alone?"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from portcheck.investigate.alone import Turns, in_turn
from portcheck.investigate.case import Case, distinct
from portcheck.model import GOOD, Outcome, State
from portcheck.model.events import Notify
from portcheck.net import hops
from portcheck.net.hops import Fate
from portcheck.net.timeline import repeated
from portcheck.net.timeouts import Timeouts

GAPS_S = (4.0, 7.0)  # one new connection in so long, first and then: who lets fewer pass lets nobody work
ALONE = Timeouts(connect_s=2.4, answer_s=10.0, attempts=1)
FEWEST = 2  # answers that came only after another try
SHARE = 4  # and one in so many of all
MANY_SILENT, AT_ONCE = 4, 6  # ports, connections
FAR = 64  # hops, as systems begin with
WITNESSES = 3  # silent ports in a row that are asked alone, before the silence of the rest is believed
MOST = 16


async def one_by_one(cases: Sequence[Case], notify: Notify) -> None:
    """Each silent port of a host on a path that takes so much, once more, after a pause; so many in vain are the end.

    One after the other over all hosts: the limit is this machine's, whomever it asks.
    """
    for case in cases:
        if case.alive and (_takes_much(case) or await _limits(case)):
            await _of_one(case, notify)


async def _limits(case: Case) -> bool:
    """Of several connections at once to a port that has answered, does it let pass the fewer?

    A limit that is spent by the first few of a run leaves answers at first try, and silence after them.
    """
    good = next((o.check.port for o in case.answering("tcp") if o.check.port is not None), None)
    if not hops.TCP_WALKS or good is None or len(distinct(case.having(State.FILTERED))) < MANY_SILENT:
        return False
    heard = await asyncio.gather(*(case.syn(good, FAR) for _ in range(AT_ONCE)))
    return 2 * sum(hop.fate is Fate.ANSWERED for hop in heard) <= AT_ONCE


def _takes_much(case: Case) -> bool:
    good = case.answering("tcp")
    again = [o for o in good if repeated(o.facts)]
    return len(again) >= FEWEST and len(again) * SHARE >= len(good)


async def _of_one(case: Case, notify: Notify) -> None:
    """A second, slower round only where the first one brought answers."""
    left = MOST
    for gap_s in GAPS_S:
        silent = distinct(o for o in case.having(State.FILTERED) if o.check.port is not None)
        silent.sort(key=lambda o: o.check.transport)  # both transports of a port are often of one rule
        heard = await _round([(case, outcome) for outcome in silent], gap_s, left, notify)
        left -= len(silent)
        if not heard or left <= 0:
            return


async def _round(silent: Sequence[tuple[Case, Outcome]], gap_s: float, most: int, notify: Notify) -> bool:
    """Was any of them heard?"""
    why, said = "new connections pass one by one", "asked again, alone after a pause"
    turns = Turns(why, said, ALONE, lambda: asyncio.sleep(gap_s), WITNESSES, most)
    heard = False
    async for case, outcome, better in in_turn(silent, turns, notify):
        heard = True
        await _improve(case, outcome, better, gap_s)
    return heard


async def _improve(case: Case, outcome: Outcome, better: Outcome, gap_s: float) -> None:
    """It, and what stands behind the same port."""
    case.improve(outcome, better)
    for same in case.sharing(outcome):
        if better.state in GOOD:
            await asyncio.sleep(gap_s)
            again = await case.page.ask(same, ALONE)
            if again.state is not State.FILTERED:
                case.improve(same, again)
