"""A conversation that hangs once it grows: if smaller segments get through, the path loses large packets."""

from __future__ import annotations

import asyncio

from portcheck.investigate.case import Case, distinct
from portcheck.model import Outcome, State
from portcheck.net.patience import Patience

SMALL = 1200  # bytes: fits the 1280 that every IPv6 link carries
PATIENCE = Patience(connect_s=1.5, answer_s=2.0, attempts=1)


async def clamp(case: Case) -> None:
    """Ask the mute ones again, with small segments and with usual ones; an answer to the small alone is the proof."""
    mute = [outcome for outcome in distinct(case.having(State.MUTE)) if outcome.check.transport == "tcp"]
    await asyncio.gather(*(_one(case, outcome) for outcome in mute))


async def _one(case: Case, outcome: Outcome) -> None:
    small, usual = await asyncio.gather(case.ask(outcome, PATIENCE, SMALL), case.ask(outcome, PATIENCE))
    if usual.state is State.OK:
        case.improve(outcome, usual)
    elif small.state is State.OK:
        words = f"answered at once with segments of at most {SMALL} bytes, and again not without"
        case.note(outcome, "small segments", words, clamped_answered=True, answers_with_segment_bytes=SMALL)
    elif small.state is not State.ERROR:  # an error of this machine's tells nothing: it may not be able to clamp
        case.note(outcome, "small segments", f"no answer with segments of at most {SMALL} bytes either")
