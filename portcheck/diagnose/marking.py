"""A finding marks what it is about: what a fault spoils is no pass, in whichever format it is read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from portcheck.diagnose.rule import WORST_FIRST
from portcheck.diagnose.verdict import Offered, verdict_of
from portcheck.model import GOOD, Finding, Outcome, Severity, Verdict

MARK = "marked_by"
OF_CERTIFICATES = frozenset({
    "tls-intercepted", "certificate-expired", "certificate-expiring", "certificate-name-mismatch",
    "certificate-untrusted", "certificate-no-san", "certificate-incomplete", "tls-outdated", "tls-failed",
})  # fmt: skip
"""LDAP in clear works whatever StartTLS on the same connection shows."""


def marked(outcomes: Iterable[Outcome], findings: Iterable[Finding]) -> tuple[Outcome, ...]:
    """What answered, and yet a finding tells of: warn; fail, where it is required and the finding is an error."""
    by_check: dict[str, list[Finding]] = {}
    for finding in findings:
        for check in finding.checks if finding.severity is not Severity.INFO else ():
            by_check.setdefault(check, []).append(finding)
    return tuple(_marked(unmarked(outcome), by_check.get(outcome.check.id, ())) for outcome in outcomes)


def unmarked(outcome: Outcome) -> Outcome:
    """As it was seen: an earlier mark is of findings that are made anew."""
    if MARK not in outcome.facts or outcome.state not in GOOD:
        return outcome
    seen = replace(outcome, facts={key: told for key, told in outcome.facts.items() if key != MARK})
    return replace(seen, verdict=verdict_of(seen, Offered()))


def _marked(outcome: Outcome, told: Iterable[Finding]) -> Outcome:
    clear = "start_tls_result" in outcome.facts
    about = [finding for finding in told if not (clear and finding.code in OF_CERTIFICATES)]
    if not about or outcome.state not in GOOD or outcome.verdict not in {Verdict.PASS, Verdict.WARN}:
        return outcome
    worst = min(about, key=lambda finding: WORST_FIRST.index(finding.severity))
    grave = worst.severity is Severity.ERROR and outcome.check.required
    verdict = Verdict.FAIL if grave else Verdict.WARN
    if verdict is outcome.verdict:
        return outcome
    return replace(outcome, verdict=verdict, facts={**outcome.facts, MARK: worst.code})
