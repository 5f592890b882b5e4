"""Silent checks asked again, one after the other with time between, until so many in a row are asked in vain."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

from portcheck.frozen import dataclass
from portcheck.investigate.case import Case
from portcheck.model import Outcome, State
from portcheck.model.events import Notify, Phase
from portcheck.net.timeouts import Timeouts


@dataclass(frozen=True, slots=True)
class Turns:
    """How each is asked, and when there is no point in asking more."""

    why: str  # for who waits
    said: str  # how one was asked that stays silent
    patience: Timeouts
    pause: Callable[[], Awaitable[object]]  # before each
    in_vain: int  # in a row
    most: int


async def in_turn(
    silent: Sequence[tuple[Case, Outcome]], turns: Turns, notify: Notify
) -> AsyncIterator[tuple[Case, Outcome, Outcome]]:
    """Those that are heard now: as they were, and as they are."""
    in_vain = 0
    for number, (case, outcome) in enumerate(silent[: turns.most]):
        notify(Phase(f"{turns.why}: {len(silent) - number} to go"))
        await turns.pause()
        better = await case.page.ask(outcome, turns.patience)
        if better.state is State.FILTERED:
            case.note(outcome, "again", f"{turns.said}: still no answer")
            in_vain += 1
            if in_vain == turns.in_vain:
                return
        else:
            in_vain = 0
            yield case, outcome, better
