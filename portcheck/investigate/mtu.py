"""A conversation that hangs once it grows: if smaller segments get through, the path loses large packets."""

from __future__ import annotations

import asyncio

from portcheck.investigate.case import Case, distinct
from portcheck.model import Facts, Outcome, State
from portcheck.net.timeouts import Timeouts

SMALL = (1200, 536)  # bytes: fit the 1280 that every IPv6 link carries, and the 576 of IPv4 (RFC 791)
PATIENCE = Timeouts(connect_s=1.5, answer_s=2.0, attempts=1)


async def clamp(case: Case) -> None:
    """Ask the mute ones again, with small segments and with usual ones; an answer to small ones alone is the proof."""
    mute = [outcome for outcome in distinct(case.having(State.MUTE)) if outcome.check.transport == "tcp"]
    await asyncio.gather(*(_one(case, outcome) for outcome in mute))


async def _one(case: Case, outcome: Outcome) -> None:
    usual, *small = await asyncio.gather(
        case.ask(outcome, PATIENCE), *(case.ask(outcome, PATIENCE, size) for size in SMALL)
    )
    answered = [size for size, again in zip(SMALL, small, strict=True) if again.state is State.OK]
    if usual.state is State.OK:
        case.improve(outcome, usual)
    elif answered:
        words = f"answered at once with segments of at most {answered[0]} bytes, and again not without"
        told: Facts = {"clamped_answered": True, "answers_with_segment_bytes": answered[0]}
        case.note(outcome, "small segments", words, **told)
    elif all(again.state is not State.ERROR for again in small):
        words = f"no answer with segments of at most {SMALL[-1]} bytes either"
        case.note(outcome, "small segments", words)
    # an error of this machine's tells nothing: it may not be able to clamp
