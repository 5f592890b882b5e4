"""The nouns every other part speaks in: targets, checks, what was seen, what it means, and the report."""

from __future__ import annotations

from portcheck.model.check import Check, Expected, Need
from portcheck.model.outcome import BLOCKED, GOOD, BlockedAt, Facts, Outcome, Stage, State, Trace, Verdict
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
from portcheck.model.request import AskedOf, Destination, Request

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
