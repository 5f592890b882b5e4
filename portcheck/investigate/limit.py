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
TOGETHER = (1, 2)  # connections to each at once: what has only just begun to answer is refused no more
MOST_MUTE = 2  # in a row: each is waited for to the end
CLOSED_AFTER_S = 1.0  # a session that we have ended counts as long as the other side has not ended it too
NO = frozenset({State.REFUSED, State.REJECTED})


def may_be(case: Case) -> bool:
    """Are several ports refused, and others open?"""
    return len(_refused(case)) >= FEWEST and bool(case.answering("tcp"))


def _refused(case: Case) -> list[Outcome]:
    return distinct(case.reset(*NO))


async def on_sessions(case: Case) -> None:
    """Each of the refused once more, alone; what answers then was refused for the company it was in."""
    if not may_be(case):
        return
    limited, mute = False, 0
    for number, outcome in enumerate(_refused(case)):
        better = await _alone(case, outcome)
        mute = mute + 1 if better.state is State.MUTE else 0
        if better.state in GOOD:
            limited = limited or (await _always(case, outcome) and await _in_company(case, outcome))
            if not limited:
                return  # refused alone as well, or no more in company: not for the company
            for same in case.same_port(outcome):
                case.improve(same, better if same is outcome else await case.page.ask(same, ALONE))
                case.note(same, "alone", "refused beside other connections, answered alone", refused_in_company=True)
        elif number < WITNESSES or mute == MOST_MUTE:
            return  # refused whatever else is open


async def _always(case: Case, outcome: Outcome) -> bool:
    """Answered each time, as long as nothing else is open?"""
    for _ in range(STEADY):
        await asyncio.sleep(CLOSED_AFTER_S)
        if (await case.page.ask(outcome, ALONE)).state not in GOOD:
            return False
    return True


async def _in_company(case: Case, outcome: Outcome) -> bool:
    """Asked at once with all others, is it refused again, or one of those that answered? Else it was refused for a
    while only, as by a host that starts."""
    answering = distinct([outcome, *(o for o in case.answering("tcp") if o.check.port is not None)])
    others = [o for o in _refused(case) if o.check.id != outcome.check.id]
    known = {o.check.id for o in answering}
    for times in TOGETHER:
        seen = await asyncio.gather(*(case.page.ask(o, ALONE) for o in (answering + others) * times))
        if any(o.state in NO and o.check.id in known for o in seen):
            return True
    return False


async def _alone(case: Case, outcome: Outcome) -> Outcome:
    """Once more if it is refused: what was asked just before may still count."""
    better = await case.page.ask(outcome, ALONE)
    if better.state not in NO:
        return better
    await asyncio.sleep(CLOSED_AFTER_S)
    return await case.page.ask(outcome, ALONE)
