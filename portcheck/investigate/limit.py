"""Refused only while others were open? A device that lets so many connections of one machine pass resets the rest."""

from __future__ import annotations

import asyncio

from portcheck.investigate.case import Case, distinct
from portcheck.model import GOOD, Outcome, State
from portcheck.net.timeouts import Timeouts

ALONE = Timeouts(connect_s=4.0, answer_s=10.0, attempts=1)
FEWEST = 2  # ports refused: of a single one more is known by whose reset it is
WITNESSES = 2  # of them, that have to answer when each is asked alone
STEADY = 5  # times that one of them answers: of several machines behind an address, one may refuse every second time
CLOSED_AFTER_S = 1.0  # a session that we have ended counts as long as the other side has not ended it too


def may_be(case: Case) -> bool:
    """Are several ports refused, and others open?"""
    return len(_refused(case)) >= FEWEST and bool(case.answering("tcp"))


def _refused(case: Case) -> list[Outcome]:
    return distinct(case.reset(State.REFUSED, State.REJECTED))


async def on_sessions(case: Case) -> None:
    """Each of the refused once more, alone; what answers then was refused for the company it was in."""
    if not may_be(case):
        return
    alone_always = False
    for number, outcome in enumerate(_refused(case)):
        better = await _alone(case, outcome)
        if better.state in GOOD:
            if not alone_always and not (alone_always := await _always(case, outcome)):
                return  # refused alone as well: not for the company
            for same in case.same_port(outcome):
                case.improve(same, better if same is outcome else await case.page.ask(same, ALONE))
                case.note(same, "alone", "refused beside other connections, answered alone", refused_in_company=True)
        elif number < WITNESSES:
            return  # refused whatever else is open


async def _always(case: Case, outcome: Outcome) -> bool:
    """Answered each time, as long as nothing else is open?"""
    for _ in range(STEADY):
        await asyncio.sleep(CLOSED_AFTER_S)
        if (await case.page.ask(outcome, ALONE)).state not in GOOD:
            return False
    return True


async def _alone(case: Case, outcome: Outcome) -> Outcome:
    """Once more if it is refused: what was asked just before may still count."""
    better = await case.page.ask(outcome, ALONE)
    if better.state in GOOD:
        return better
    await asyncio.sleep(CLOSED_AFTER_S)
    return await case.page.ask(outcome, ALONE)
