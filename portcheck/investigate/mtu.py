"""A conversation that hangs once it grows: if smaller packets get through, the path loses large ones."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from portcheck.investigate.case import Case, distinct
from portcheck.model import Facts, Outcome, State
from portcheck.net.timeouts import Timeouts

SMALL = (1240, 536)  # bytes: fit the 1280 that every IPv6 link carries, and the 576 of IPv4 (RFC 791)
BETWEEN = {1240: (1440, 1400, 1360, 1300), 536: (1200, 1000, 800, 700)}  # where the border may be, largest first
USUAL = 1460
PATIENCE = Timeouts(connect_s=1.5, answer_s=2.0, attempts=1)
V4_HEADERS, V6_HEADERS = 40, 60  # of IP and TCP; TCP's options count as data here


@dataclass(frozen=True, slots=True)
class Border:
    """The largest segment with which a question was answered, and the smallest known to be lost; in bytes."""

    passes: int
    lost: int


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
        _tell(case, outcome, usual, await _border(case, outcome, answered[0]))
    elif all(again.state is not State.ERROR for again in small):
        words = f"no answer with segments of at most {SMALL[-1]} bytes either"
        case.note(outcome, "small segments", words)
    # an error of this machine's tells nothing: it may not be able to clamp


async def _border(case: Case, outcome: Outcome, passes: int) -> Border:
    sizes = BETWEEN[passes]
    seen = await asyncio.gather(*(case.ask(outcome, PATIENCE, size) for size in sizes))
    best = max([size for size, again in zip(sizes, seen, strict=True) if again.state is State.OK], default=passes)
    return Border(best, min([size for size in (USUAL, *SMALL, *sizes) if size > best], default=USUAL))


def _tell(case: Case, outcome: Outcome, usual: Outcome, border: Border) -> None:
    headers = V6_HEADERS if ":" in case.address else V4_HEADERS
    ours = bool(usual.facts.get("unacked_bytes"))
    words = f"answered at once with segments of at most {border.passes} bytes, and again not with {border.lost}: "
    words += "what this machine sent was not acknowledged" if ours else "the question arrived, and its answer did not"
    told: Facts = {
        "clamped_answered": True,
        "answers_with_segment_bytes": border.passes,
        "large_packets_lost": "to" if ours else "from",
        "largest_packet_bytes": border.passes + headers,
        "lost_packet_bytes": border.lost + headers,
    }
    case.note(outcome, "small segments", words, **told)
