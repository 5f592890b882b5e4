"""The one verdict on a forest, and on a run: every format, the exit code and the metrics say what is said here."""

from __future__ import annotations

from collections.abc import Iterable

from portcheck.exitcodes import NOT_AS_EXPECTED, OK
from portcheck.model import Finding, ForestReport, Outcome, Report, Severity, Verdict

WORST_FIRST = (Verdict.FAIL, Verdict.UNKNOWN, Verdict.WARN, Verdict.PASS)


def of_forest(report: Report, forest: ForestReport) -> Verdict:
    """The worst of its findings and of what is required of it (contract: pass, warn, fail, unknown)."""
    findings = (finding for finding in report.findings if finding.forest == forest.name)
    return judged(forest, report.of_forest(forest.name), findings)


def judged(forest: ForestReport, outcomes: Iterable[Outcome], findings: Iterable[Finding]) -> Verdict:
    """The same of the forest's own outcomes and findings."""
    seen = {(outcome.verdict, outcome.check.required) for outcome in outcomes}
    verdicts = {verdict for verdict, _ in seen}
    severities = {finding.severity for finding in findings}
    if Verdict.FAIL in verdicts or Severity.ERROR in severities or forest.problem:
        return Verdict.FAIL
    if (Verdict.UNKNOWN, True) in seen or not verdicts & {Verdict.PASS, Verdict.WARN}:
        return Verdict.UNKNOWN  # that all is as expected cannot be said
    return Verdict.WARN if Verdict.WARN in verdicts or Severity.WARNING in severities else Verdict.PASS


def by_forest(report: Report) -> dict[str, Verdict]:
    """Of each forest by its name, in the report's order; in one pass over what may be many checks."""
    outcomes: dict[str, list[Outcome]] = {}
    for outcome in report.outcomes:
        outcomes.setdefault(outcome.check.forest, []).append(outcome)
    findings: dict[str, list[Finding]] = {}
    for finding in report.findings:
        findings.setdefault(finding.forest, []).append(finding)
    return {f.name: judged(f, outcomes.get(f.name, ()), findings.get(f.name, ())) for f in report.forests}


def of_run(report: Report) -> Verdict:
    """The worst of its forests; unknown where it was stopped before its end and nothing worse is known."""
    found = {*by_forest(report).values(), *([Verdict.UNKNOWN] if report.interrupted or not report.forests else [])}
    return min(found, key=WORST_FIRST.index)


BAD = {
    "fail": frozenset({Verdict.FAIL, Verdict.UNKNOWN}),
    "warn": frozenset({Verdict.FAIL, Verdict.UNKNOWN, Verdict.WARN}),
}
"""`--fail-on` to the verdicts that are not as expected."""


def exit_code(report: Report, fail_on: str) -> int:
    """0 or 1: is everything required as expected, at the level the user asked for?"""
    bad = BAD.get(fail_on, frozenset())
    return NOT_AS_EXPECTED if bad.intersection(by_forest(report).values()) else OK
