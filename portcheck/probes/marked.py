"""An answer that carries the mark of `portcheck listen` proves the path, and nothing of what it stands in for."""

from __future__ import annotations

from portcheck.model import Facts
from portcheck.probes.base import Seen
from portcheck.wire import mark
from portcheck.wire.mark import Mark

REASON = f"path proven, answered by {mark.NAME}"


def facts(found: Mark) -> Facts:
    """`answered_by`; `stands_in_for`: services that it offers, so that their silence means something."""
    told: Facts = {"answered_by": mark.NAME}
    return told | ({"stands_in_for": sorted(found.services)} if found.services else {})


def seen(found: Mark, **more: object) -> Seen:
    return Seen(facts(found) | more, reason=REASON)
