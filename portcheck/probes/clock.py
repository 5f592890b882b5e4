"""A server's clock against ours, corrected for half the way there and back."""

from __future__ import annotations

import math
import time

from portcheck.net.lag import AWAY_S
from portcheck.net.timeline import Timeline


def skew_s(server: float | None, trail: Timeline, resolution_s: float = 0.0) -> float | None:
    """Server minus ours, now, in seconds; `resolution_s` is the unit the server rounds down to.

    What can be off is left out where this machine did not see when the answer came; None where nothing is left.
    """
    if server is None:
        return None
    one_way_s = (trail.latency_ms or 0.0) / 2000
    came = time.time() if trail.answered_at is None else trail.answered_at
    return certain(server + resolution_s / 2 + one_way_s - came, trail)


def certain(skew: float, trail: Timeline) -> float | None:
    """The part of it that holds although this machine may have been away: the least that the clocks can differ by."""
    away_s = trail.away_s
    if away_s <= AWAY_S:
        return round(skew, 3)
    return round(math.copysign(abs(skew) - away_s, skew), 3) if abs(skew) > away_s else None
