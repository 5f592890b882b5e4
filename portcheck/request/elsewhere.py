"""What is silent for a reason that no rule for a port cures: a name server leads to nobody, a host is no controller,
only some ports of this machine get through, or the run itself was cut off."""

from __future__ import annotations

from portcheck.model import BLOCKED, AskedOf, Finding, Outcome, Report

THEIRS = frozenset({AskedOf.AD, AskedOf.DNS})
ASKED_HERE = frozenset({"host-unreachable", "kpasswd-udp-blocked"})
"""Findings for which the request has words of its own where they ask for no path."""


def of_others(report: Report) -> dict[str, Finding]:
    """By check: the finding that explains it and asks for no path to it, of whomever.

    What was not asked, because of what the finding explains, is of it too: the ports behind a silent endpoint mapper.
    """
    told: dict[str, list[Finding]] = {}
    for finding in report.findings:
        for check in finding.checks if finding.asks else ():
            told.setdefault(check, []).append(finding)
    silent = [o for o in report.outcomes if o.state in BLOCKED and o.check.id in told]
    found = {o.check.id: told[o.check.id][0] for o in silent if _no_rule(told[o.check.id])}
    by_host = {_host(o): found[o.check.id] for o in silent if o.check.id in found}
    firewalls = {_host(o) for o in silent if o.check.id not in found}
    beside = (o for o in report.outcomes if o.check.id not in told and _host(o) in by_host.keys() - firewalls)
    return found | {o.check.id: by_host[_host(o)] for o in beside}


def _no_rule(findings: list[Finding]) -> bool:
    asks = [ask for finding in findings for ask in finding.asks]
    if {ask.of for ask in asks} <= THEIRS:
        return True
    return not any(ask.is_path for ask in asks) and not ASKED_HERE & {finding.code for finding in findings}


def _host(outcome: Outcome) -> tuple[str, str | None]:
    return outcome.check.host, outcome.check.address
