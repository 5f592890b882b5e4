"""An answer that carries the mark of `portcheck listen` proves the path, and nothing of what it stands in for."""

from __future__ import annotations

from portcheck.model import Facts
from portcheck.probes.probe import Seen
from portcheck.wire import watermark
from portcheck.wire.watermark import Watermark

REASON = f"path proven, answered by {watermark.NAME}"


def facts(found: Watermark) -> Facts:
    """`answered_by`; `stands_in_for`: services that it offers, so that their silence means something."""
    told: Facts = {"answered_by": watermark.NAME}
    return told | ({"stands_in_for": sorted(found.services)} if found.services else {})


def seen(found: Watermark, **more: object) -> Seen:
    return Seen(facts(found) | more, reason=REASON)
