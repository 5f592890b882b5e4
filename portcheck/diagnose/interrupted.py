"""Was a path lossy, or interrupted for a while? The moments at which answers came tell it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import pairwise

from portcheck.model import Outcome

HEARD = frozenset({"connected", "received"})
"""Events of a check's timeline that something came in."""
LEAST_S = 2.0  # no line that loses single packets is mute so long for all that is asked of it
FEWEST = 4  # checks that waited for its end


def seconds(lossy: Sequence[Outcome], heard: Sequence[Outcome]) -> float | None:
    """How long nothing at all was heard, where all that was lost was lost then; None where that is not so.

    `lossy`: outcomes that were answered, but not to the first try; `heard`: all that were answered, these included.
    """
    moments = sorted(moment for o in heard for moment in _moments(o))
    if len(lossy) < FEWEST or len(moments) < 2:
        return None
    last, first = max(pairwise(moments), key=lambda gap: gap[1] - gap[0])
    waited = all((moment := min(_moments(o), default=None)) is not None and moment >= first for o in lossy)
    return first - last if first - last >= LEAST_S and waited else None


def _moments(o: Outcome) -> Iterator[float]:
    """When something of it came in: Unix seconds."""
    try:
        began = datetime.fromisoformat(o.started_at).timestamp()
    except (ValueError, OverflowError, OSError):
        return
    yield from (began + step.at_ms / 1000 for step in o.evidence if step.event in HEARD)
