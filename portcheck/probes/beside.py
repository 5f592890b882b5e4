"""A question beside the check's own: what goes wrong in it is a line in the timeline, and never costs the answer."""

from __future__ import annotations

from collections.abc import Awaitable

from portcheck.model import Facts
from portcheck.net.errors import NetError
from portcheck.net.timeline import Timeline
from portcheck.wire import WireError


async def beside(look: Awaitable[Facts], trail: Timeline, what: str) -> Facts:
    """What the extra look told; empty where it came to nothing. Only cancellation passes through.

    The one place in the probes that catches everything: what was asked first has been answered by now, and stands.
    """
    before = trail.stage, trail.latency_ms, trail.answered_at
    try:
        return await look
    except (NetError, WireError) as error:
        trail.note("beside", f"{what}: {error}")
    except Exception as error:  # noqa: BLE001 - a fault of ours in an extra look must not take the answer with it
        trail.note("fault", f"{what}: {error.__class__.__name__}: {error}")
    trail.stage, trail.latency_ms, trail.answered_at = before
    return {}
