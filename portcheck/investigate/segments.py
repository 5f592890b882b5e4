"""A conversation that hangs once it grows: if smaller segments get through, the path loses large packets."""

from __future__ import annotations

import asyncio

from portcheck.investigate.case import Case, distinct
from portcheck.model import Outcome, State
from portcheck.net.patience import Patience

SMALL = 1200  # bytes: fits the 1280 that every IPv6 link carries
PATIENCE = Patience(connect_s=1.5, answer_s=2.0, attempts=1)


async def clamp(case: Case) -> None:
    """Ask the mute ones again with a small segment size; an answer proves an MTU black hole."""
    mute = [outcome for outcome in distinct(case.having(State.MUTE)) if outcome.check.transport == "tcp"]
    await asyncio.gather(*(_one(case, outcome) for outcome in mute))


async def _one(case: Case, outcome: Outcome) -> None:
    again = await case.ask(outcome, PATIENCE, SMALL)
    if again.state is State.OK:
        words = f"answered at once with segments of at most {SMALL} bytes"
        case.note(outcome, "small segments", words, clamped_answered=True, answers_with_segment_bytes=SMALL)
    elif again.state is not State.ERROR:  # an error of this machine's tells nothing: it may not be able to clamp
        case.note(outcome, "small segments", f"no answer with segments of at most {SMALL} bytes either")
