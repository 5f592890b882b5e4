"""The second look begun where a port seems silent, while the first one still waits for it: what both take overlaps."""

from __future__ import annotations

from portcheck.investigate import senders, sizes, source_ports, trace
from portcheck.investigate.case import Case
from portcheck.model import Outcome


def begin(case: Case, outcome: Outcome, *, at_once: bool) -> None:
    """What the second look will want if the silence of this outcome lasts.

    `at_once`: other answers of the host came so, and packets more do not make a narrow way narrower.
    """
    trace.ahead(case, outcome)
    if not at_once:
        return
    if outcome.check.transport == "udp" and case.alive:
        senders.ahead(case, outcome)
        sizes.ahead(case, outcome)
    source_ports.ahead(case, outcome)
