"""What needs more packets, or was asked later, is lost more often: only what is lost again each time is dropped.

Asked of one host of each network first; where it is lost each time there, once more of each of the others.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import replace

from portcheck.frozen import dataclass
from portcheck.investigate import alike
from portcheck.investigate.case import Case
from portcheck.model import Outcome, State
from portcheck.net.pacing import Pacer
from portcheck.net.timeouts import Timeouts

CONTRASTS = frozenset({"fragments_lost", "edns_trouble"})
"""What is told of a question that was lost beside one that was not."""
LOST_AGAIN, GAP_S = 2, 1.5  # times, with a pause in which a limit recovers
MOST = 24  # questions of a run


@dataclass(slots=True)
class _Turns:
    """Questions one after the other, each begun a pause after the last, whichever host it goes to."""

    pacer: Pacer
    left: int
    patience: Timeouts

    async def next(self) -> bool:
        """False: that is enough."""
        if self.left <= 0:
            return False
        self.left -= 1
        await self.pacer.turn()
        return True


Contrast = tuple[Case, Outcome]


async def again(cases: Iterable[Case], patience: Timeouts) -> None:
    """Takes back what is not lost again; and what there was no time to ask again, unless its network loses it."""
    groups: dict[object, list[Contrast]] = {}
    for case in cases:
        for outcome in case.answering("udp"):
            if told := CONTRASTS & set(outcome.facts):
                key = alike.network(case.address), outcome.check.service, told
                groups.setdefault(key, []).append((case, outcome))
    if groups:
        await asyncio.sleep(GAP_S)
        turns = _Turns(Pacer(1 / max(GAP_S, 0.001)), MOST, patience)
        await asyncio.gather(*(_of_one_network(found, turns) for found in groups.values()))


async def _of_one_network(found: Sequence[Contrast], turns: _Turns) -> None:
    first, *others = found
    lost = await _lost_each_time(first, LOST_AGAIN, turns)
    times = 1 if lost else LOST_AGAIN
    for other, gone in zip(
        others, await asyncio.gather(*(_lost_each_time(other, times, turns) for other in others)), strict=True
    ):
        if gone is None and not lost:
            _taken_back(*other)


async def _lost_each_time(contrast: Contrast, times: int, turns: _Turns) -> bool | None:
    """None: it was not asked as often as that."""
    case, outcome = contrast
    for _ in range(times):
        if not await turns.next():
            return None
        better = await case.page.ask(outcome, turns.patience)
        if better.state is State.OK and not CONTRASTS & set(better.facts):
            case.improve(outcome, better)
            return False
    return True


def _taken_back(case: Case, outcome: Outcome) -> None:
    """Packets are lost here, and this one was lost once: nothing is said of it."""
    noted = case.note(outcome, "again", "lost once, and not asked again: that may have been chance")
    case.land(replace(noted, facts={key: told for key, told in noted.facts.items() if key not in CONTRASTS}))
