"""The nouns every other part speaks in: targets, checks, what was seen, what it means, and the report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portcheck.model.check import Check, Expected, Need
from portcheck.model.outcome import BLOCKED, GOOD, BlockedAt, Facts, Outcome, Stage, State, Trace, Verdict
from portcheck.model.request import AskedOf, Destination, Request

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
        Turn,
        Vantage,
        count_by,
    )

__all__ = [
    "BLOCKED",
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
    "Stage",
    "State",
    "Trace",
    "Turn",
    "Vantage",
    "Verdict",
    "count_by",
]


def __getattr__(name: str) -> object:
    """The report's nouns, when they are first wanted: `explain` answers without them."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from portcheck.model import report

    return getattr(report, name)
