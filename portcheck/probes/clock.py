"""A server's clock against ours, corrected for half the way there and back."""

from __future__ import annotations

import time

from portcheck.net.timeline import Timeline


def skew_s(server: float | None, trail: Timeline, resolution_s: float = 0.0) -> float | None:
    """Server minus ours, now, in seconds; `resolution_s` is the unit the server rounds down to.

    None also where this machine did not see when the answer came.
    """
    if server is None or trail.away:
        return None
    one_way_s = (trail.latency_ms or 0.0) / 2000
    came = time.time() if trail.answered_at is None else trail.answered_at
    return round(server + resolution_s / 2 + one_way_s - came, 3)
