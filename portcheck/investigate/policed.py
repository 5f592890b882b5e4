"""A firewall that lets few new connections pass makes whole ports look silent: is one heard when it is asked alone?"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from portcheck.investigate.case import Case, distinct
from portcheck.model import GOOD, Outcome, State
from portcheck.model.events import Notify, Phase
from portcheck.net.timeline import REPEATED
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
    repeated = [o for o in good if any(isinstance(n := o.facts.get(key), int) and n > 0 for key in REPEATED)]
    return len(repeated) >= FEWEST and len(repeated) * SHARE >= len(good)


async def _of_one(case: Case, notify: Notify) -> None:
    silent, in_vain = distinct(o for o in case.having(State.FILTERED) if o.check.port is not None), 0
    silent.sort(key=lambda o: o.check.transport)  # both transports of a port are often of one rule
    for number, outcome in enumerate(silent[:MOST]):
        notify(Phase(f"new connections pass one by one: {len(silent) - number} to go"))
        await asyncio.sleep(GAP_S)
        better = await case.ask(outcome, ALONE)
        if better.state is State.FILTERED:
            case.note(outcome, "again", "asked again, alone after a pause: still no answer")
            in_vain += 1
            if in_vain == WITNESSES:
                return
            continue
        in_vain = 0
        await _improve(case, outcome, better)


async def _improve(case: Case, outcome: Outcome, better: Outcome) -> None:
    """It, and what stands behind the same port."""
    case.improve(outcome, better)
    for same in [o for o in case.having(State.FILTERED) if _alike(o, outcome)]:
        if better.state in GOOD:
            await asyncio.sleep(GAP_S)
            again = await case.ask(same, ALONE)
            if again.state is not State.FILTERED:
                case.improve(same, again)


def _alike(o: Outcome, other: Outcome) -> bool:
    return (o.check.port, o.check.transport) == (other.check.port, other.check.transport)
