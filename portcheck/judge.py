"""State to Verdict: what was seen, held against what the profile needs and what this host is known to offer."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from portcheck.catalogue.services import services
from portcheck.model import BLOCKED, GOOD, Check, Expected, Outcome, Report, Severity, State, Verdict

KERBEROS_SKEW_S = 300.0  # the default limit (RFC 4120, 1.6; Microsoft: SkewTime)
NOT_OFFERED = "not offered here, or filtered"
QUIET = BLOCKED | {State.REFUSED}
LEVELS = {
    "fail": (frozenset({Verdict.FAIL}), frozenset({Severity.ERROR})),
    "warn": (frozenset({Verdict.FAIL, Verdict.WARN}), frozenset({Severity.ERROR, Severity.WARNING})),
}
TLS_SERVICES = frozenset({"ldaps", "gc-tls"})
OF_ITS_ROLE = frozenset({"mim-service", "mim-sts", "mssql", "rpc"})
"""What a machine around the forest has that was named for it, however badly it is needed."""


@dataclass(frozen=True, slots=True)
class Offered:
    """What is proven about one host: the roles it has, and those it is known not to have."""

    roles: frozenset[str] = frozenset()
    lacks: frozenset[str] = frozenset()
    named: bool = False  # a machine around the forest: the user says what it is
    controller: bool = True  # False: taken for one, and it speaks like none

    def has(self, role: str) -> bool:
        return role in self.roles or (role == "dc" and self.controller)


def judge(outcome: Outcome, offered: Offered) -> Outcome:
    """The outcome with its verdict; the reason gains what the verdict rests on."""
    check, state = outcome.check, outcome.state
    if check.expected is Expected.CLOSED:
        return replace(outcome, verdict=_when_closed(outcome))
    match state:
        case State.OK | State.OPEN:
            if outcome.facts.get("tls_intercepted") is True:
                return replace(outcome, verdict=_hurt(outcome))  # clients refuse what is signed by a stranger
            return replace(outcome, verdict=Verdict.WARN if _faulty(outcome) else Verdict.PASS)
        case State.SKIPPED:
            return replace(outcome, verdict=_when_skipped(outcome))
        case State.ERROR:
            return replace(outcome, verdict=Verdict.UNKNOWN)
        case _:
            return _not_good(outcome, offered)


def _not_good(outcome: Outcome, offered: Offered) -> Outcome:
    if outcome.state in QUIET and not _proven(outcome.check, offered) and not outcome.facts.get("local_fault"):
        words = NOT_OFFERED if outcome.state is not State.REFUSED else "not offered here"
        return replace(outcome, verdict=Verdict.SKIP, reason=f"{words} ({outcome.reason})")
    if outcome.check.service == "udp" and outcome.state is State.FILTERED:
        reason = f"{outcome.reason}; silence of an unknown UDP service proves nothing"
        return replace(outcome, verdict=Verdict.SKIP, reason=reason)
    if outcome.check.service in TLS_SERVICES and outcome.facts.get("no_certificate"):
        return replace(outcome, verdict=Verdict.WARN)
    return replace(outcome, verdict=_hurt(outcome))


def _proven(check: Check, offered: Offered) -> bool:
    """Whether the service has to be there, so that silence means something."""
    if offered.named:
        return check.required or check.service in OF_ITS_ROLE
    return offered.has(role_of(check.service))


def role_of(service: str) -> str:
    """The role that must be proven before silence of this service means anything; `dc` for what every DC has."""
    known = services().get(service)
    return known.role if known is not None else "dc"


def _hurt(outcome: Outcome) -> Verdict:
    return Verdict.FAIL if outcome.check.required else Verdict.WARN


def _when_skipped(outcome: Outcome) -> Verdict:
    if outcome.facts.get("interface_missing") is True:
        return _hurt(outcome)
    return Verdict.UNKNOWN if outcome.facts.get("unfinished") else Verdict.SKIP


def _when_closed(outcome: Outcome) -> Verdict:
    state = outcome.state
    if outcome.facts.get("local_fault"):
        return Verdict.UNKNOWN  # nothing left this machine, so nothing is known of the port
    if state in GOOD or state in {State.MUTE, State.RESET, State.MISMATCH}:
        return Verdict.FAIL
    if state in {State.REFUSED, State.FILTERED, State.REJECTED, State.UNREACHABLE}:
        return Verdict.PASS
    return Verdict.SKIP if state is State.SKIPPED else Verdict.UNKNOWN


def _faulty(outcome: Outcome) -> bool:
    """It works, with a fault: the clock, the certificate, another domain's answer, a paused controller."""
    facts = outcome.facts
    skew = facts.get("clock_skew_s")
    return (
        (isinstance(skew, int | float) and math.fabs(skew) > KERBEROS_SKEW_S)
        or facts.get("certificate_expired") is True
        or facts.get("hosts_domain") is False
        or facts.get("wrong_forest") is True
        or facts.get("paused") is True
        or bool(facts.get("fragments_lost"))
        or facts.get("synchronized") is False
        or facts.get("unproven") is True
        or bool(facts.get("addresses_failed"))
        or facts.get("tunnel_lost_s") is not None
    )


def exit_code(report: Report, fail_on: str) -> int:
    """0 or 1: is everything required as expected, at the level the user asked for? Names count as well as ports."""
    verdicts, severities = LEVELS.get(fail_on, (frozenset(), frozenset()))
    bad = any(outcome.verdict in verdicts or (verdicts and _open(outcome)) for outcome in report.outcomes)
    return 1 if bad or any(finding.severity in severities for finding in report.findings) else 0


def _open(outcome: Outcome) -> bool:
    """Needed, and this machine could not ask: that all is as expected cannot be said."""
    return outcome.verdict is Verdict.UNKNOWN and outcome.check.required
