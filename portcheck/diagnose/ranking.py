"""In which order findings are told: the worst first; of two alike, the cause before what may follow from it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from portcheck.diagnose.rule import WORST_FIRST
from portcheck.model import Finding


def ranked(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """`findings` come in the order of the rules, which is that of causes; sorting keeps it among equals."""
    return tuple(sorted(findings, key=lambda finding: WORST_FIRST.index(finding.severity)))


def leading(findings: Iterable[Finding]) -> Mapping[str, Finding]:
    """The one finding per forest to begin with."""
    first: dict[str, Finding] = {}
    for finding in findings:
        first.setdefault(finding.forest, finding)
    return first
