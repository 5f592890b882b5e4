"""The nouns every other part speaks in: targets, checks, what was seen, what it means, and the report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portcheck.model.check import Check, Expected, Need
from portcheck.model.outcome import BLOCKED, FAULTY, GOOD, BlockedAt, Facts, Outcome, Stage, State, Trace, Verdict

if TYPE_CHECKING:
    from portcheck.model.report import (
        Change,
        Comparison,
        ControllerChange,
        DomainController,
        Finding,
        FindingChange,
        ForestReport,
        Lookup,
        Report,
        Severity,
        SrvRecord,
        Turn,
        Vantage,
        count_by,
    )
    from portcheck.model.request import AskedOf, Destination, Request


__all__ = [
    "BLOCKED",
    "FAULTY",
    "GOOD",
    "AskedOf",
    "BlockedAt",
    "Change",
    "Check",
    "Comparison",
    "ControllerChange",
    "Destination",
    "DomainController",
    "Expected",
    "Facts",
    "Finding",
    "FindingChange",
    "ForestReport",
    "Lookup",
    "Need",
    "Outcome",
    "Report",
    "Request",
    "Severity",
    "SrvRecord",
    "Stage",
    "State",
    "Trace",
    "Turn",
    "Vantage",
    "Verdict",
    "count_by",
]


def __getattr__(name: str) -> object:
    """The nouns of reports and requests, when they are first wanted: `explain` answers without them."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from portcheck.model import report, request

    return getattr(report if hasattr(report, name) else request, name)
