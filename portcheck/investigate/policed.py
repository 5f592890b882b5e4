"""A firewall that lets few new connections pass makes whole ports look silent: is one heard when it is asked alone?"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from portcheck.investigate.alone import Turns, in_turn
from portcheck.investigate.case import Case, distinct
from portcheck.model import GOOD, Outcome, State
from portcheck.model.events import Notify
from portcheck.net.timeline import repeated
from portcheck.net.timeouts import Timeouts

GAP_S = 4.0  # one new connection in so long: who lets fewer pass lets nobody work
ALONE = Timeouts(connect_s=2.4, answer_s=10.0, attempts=1)
FEWEST = 3  # answers that came only after another try
SHARE = 4  # and one in so many of all
WITNESSES = 3  # silent ports in a row that are asked alone, before the silence of the rest is believed
MOST = 16


async def one_by_one(cases: Sequence[Case], notify: Notify) -> None:
    """Each silent port of a host on a path that takes so much, once more, after a pause; so many in vain are the end.

    One after the other over all hosts: the limit is this machine's, whomever it asks.
    """
    for case in cases:
        if case.alive and _takes_much(case):
            await _of_one(case, notify)


def _takes_much(case: Case) -> bool:
    good = case.answering("tcp")
    again = [o for o in good if repeated(o.facts)]
    return len(again) >= FEWEST and len(again) * SHARE >= len(good)


async def _of_one(case: Case, notify: Notify) -> None:
    silent = distinct(o for o in case.having(State.FILTERED) if o.check.port is not None)
    silent.sort(key=lambda o: o.check.transport)  # both transports of a port are often of one rule
    why, said = "new connections pass one by one", "asked again, alone after a pause"
    turns = Turns(why, said, ALONE, lambda: asyncio.sleep(GAP_S), WITNESSES, MOST)
    async for _, outcome, better in in_turn([(case, outcome) for outcome in silent], turns, notify):
        await _improve(case, outcome, better)


async def _improve(case: Case, outcome: Outcome, better: Outcome) -> None:
    """It, and what stands behind the same port."""
    case.improve(outcome, better)
    for same in case.sharing(outcome):
        if better.state in GOOD:
            await asyncio.sleep(GAP_S)
            again = await case.ask(same, ALONE)
            if again.state is not State.FILTERED:
                case.improve(same, again)
