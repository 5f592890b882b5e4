"""Which of an error's causes hold in a report, which are ruled out and by what, and which it cannot tell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum

from portcheck.catalogue.conditions import SIGNS, Condition, Sign
from portcheck.catalogue.errors import CataloguedError, Cause
from portcheck.diagnose import diagnose
from portcheck.diagnose.phrases import evidence, listed, ports, some
from portcheck.diagnose.reader import printable
from portcheck.diagnose.view import hosts, named
from portcheck.diagnose.witnesses import SHOWN_BY, asked, unanswered, whom
from portcheck.frozen import dataclass
from portcheck.model import BLOCKED, FAULTY, GOOD, Finding, Outcome, Report, Severity, State, Verdict

OF_THE_WAY = frozenset({Condition.BLOCKED, Condition.REFUSED, Condition.MUTE, Condition.RESET, Condition.SERVICE_DOWN})
NOT_SERVED = BLOCKED | {State.REFUSED, State.MUTE, State.RESET, State.MISMATCH, State.UNRESOLVED}
"""Each keeps a program from being served; which of them it was seldom shows in its error."""


OF_NAMES = frozenset({Condition.SRV_MISSING, Condition.UNRESOLVED, Condition.PARTIAL})
"""Shown by what DNS says, whoever answers at the addresses."""
NOBODY_FOUND = frozenset({"dns-blocked", "srv-missing"})


class Standing(StrEnum):
    """How a cause stands against the evidence."""

    HOLDS = "holds"
    RULED_OUT = "ruled out"
    UNTOLD = "cannot be told"


@dataclass(frozen=True, slots=True)
class WeighedCause:
    """One cause of the catalogue, held against a report."""

    cause: Cause
    standing: Standing
    because: str  # the evidence, or what is missing to tell
    forests: tuple[str, ...] = ()  # where it holds
    checks: tuple[str, ...] = ()  # ids of the outcomes behind it


def weigh(error: CataloguedError, report: Report) -> tuple[WeighedCause, ...]:
    """The causes in the catalogue's order, likeliest first."""
    findings = diagnose(report)
    return tuple(_weigh(cause, _sign(cause, error), report, findings) for cause in error.causes)


def _sign(cause: Cause, error: CataloguedError) -> Sign:
    """What shows the cause. Whatever else keeps its services from being used counts for it, unless another cause of
    the error speaks of that: a refused 88 is as bad as a silent one where only silence is in the catalogue."""
    sign = SIGNS[cause.condition]
    if cause.condition not in OF_THE_WAY or not cause.services:
        return sign
    told = {s for c in error.causes if c is not cause and _alike(c, cause) for s in SIGNS[c.condition].states}
    return replace(sign, states=sign.states | (NOT_SERVED - told))


def _alike(one: Cause, other: Cause) -> bool:
    return not one.services or bool(set(one.services) & set(other.services))


def _weigh(cause: Cause, sign: Sign, report: Report, findings: Sequence[Finding]) -> WeighedCause:
    if not sign.visible:
        return WeighedCause(cause, Standing.UNTOLD, f"the network does not show it; {sign.look}")
    return (
        _holds(cause, sign, report, findings)
        or _contradicted(cause, report, findings)
        or _ruled_out(cause, sign, report)
        or _untold(cause, sign, report)
    )


def _holds(cause: Cause, sign: Sign, report: Report, findings: Sequence[Finding]) -> WeighedCause | None:
    seen = [o for o in asked(cause, report) if o.state in sign.states and _counts(o)]
    told = [finding for finding in findings if finding.code in sign.codes and _about(finding, cause, report)]
    if not seen and not told:
        return None
    forests = dict.fromkeys([*(o.check.forest for o in seen), *(finding.forest for finding in told)])
    why = (
        evidence(seen, _good_elsewhere(seen, report)) if seen else some((f"{f.title} ({f.evidence})" for f in told), 3)
    )
    checks = dict.fromkeys([*(o.check.id for o in seen), *(check for finding in told for check in finding.checks)])
    return WeighedCause(cause, Standing.HOLDS, why, tuple(forests), tuple(checks))


def _contradicted(cause: Cause, report: Report, findings: Sequence[Finding]) -> WeighedCause | None:
    """An answer rules nothing out where it is another forest's, or where DNS answers, and nothing of the forest."""
    if cause.condition in OF_NAMES:
        return None
    strange = {check for finding in findings if finding.code == "wrong-forest" for check in finding.checks}
    if led := [o for o in asked(cause, report) if o.check.id in strange]:
        why = f"what answers at {some(map(printable, hosts(led)))} is another forest's"
        return WeighedCause(cause, Standing.UNTOLD, f"{why}: it says nothing of the forest that is meant")
    gone = [f for f in findings if f.code in NOBODY_FOUND and f.severity is Severity.ERROR]
    if gone and any(service.partition("/")[0] == "dns" for service in cause.services):
        return WeighedCause(cause, Standing.UNTOLD, some((f"{f.title} ({f.evidence})" for f in gone), 2))
    return None


def _good_elsewhere(seen: Sequence[Outcome], report: Report) -> list[Outcome]:
    """The same service on another controller or address of the forest: the error may well come and go."""
    what = {(o.check.forest, o.check.name) for o in seen}
    gone = {(o.check.host, o.check.address) for o in seen}
    same = [o for o in report.outcomes if o.state in GOOD and (o.check.forest, o.check.name) in what]
    return [o for o in same if (o.check.host, o.check.address) not in gone]


def _counts(o: Outcome) -> bool:
    """A silence where nothing is expected is no fault; a question this machine could not ask counts as that."""
    return o.verdict in FAULTY or o.state is State.ERROR


def _about(finding: Finding, cause: Cause, report: Report) -> bool:
    """A finding with outcomes speaks for their services only."""
    if cause.condition is Condition.PARTIAL and finding.code == "host-unreachable":
        return _leaves_others(finding, report)
    if not cause.services or not finding.checks:
        return True
    proven = set(finding.checks)
    return any(o.check.id in proven and named(o, cause.services) for o in report.outcomes)


def _leaves_others(finding: Finding, report: Report) -> bool:
    """One unreachable controller makes a forest half reachable only where another one answers."""
    return any(o.state in GOOD and o.check.host not in finding.hosts for o in report.of_forest(finding.forest))


def _ruled_out(cause: Cause, sign: Sign, report: Report) -> WeighedCause | None:
    """Only where every check that could have shown it was asked and showed something else."""
    if cause.condition in SHOWN_BY:
        witness = SHOWN_BY[cause.condition](cause, report)
        return WeighedCause(cause, Standing.RULED_OUT, witness) if witness else None
    seen = asked(cause, report)
    if not sign.states or not seen or _missing(cause, seen) or _unclear(sign, seen) or _left_out(cause, report):
        return None
    checks = tuple(o.check.id for o in seen)
    here = sign.states == {State.ERROR}
    why = f"this machine let portcheck send all {len(seen)} questions" if here else _instead(seen)
    return WeighedCause(cause, Standing.RULED_OUT, why, checks=checks)


def _left_out(cause: Cause, report: Report) -> list[str]:
    """Controllers that were not asked for the cause's services: it may hold there."""
    known = set(hosts(asked(cause, report)))
    return [host for host in whom(cause, report) if host not in known] if cause.services else []


def _instead(seen: Sequence[Outcome]) -> str:
    good = [o for o in seen if o.state in GOOD]
    if len(good) < len(seen):
        return evidence([o for o in seen if o.state not in GOOD])
    return f"{ports(good)} answered on {some(map(printable, hosts(good)))}"


def _untold(cause: Cause, sign: Sign, report: Report) -> WeighedCause:
    seen = asked(cause, report)
    if missing := _missing(cause, seen):
        return WeighedCause(cause, Standing.UNTOLD, f"{listed(missing)} not asked in this run")
    if cause.condition not in SHOWN_BY and (unclear := _unclear(sign, seen)):
        return WeighedCause(cause, Standing.UNTOLD, evidence(unclear[:1]))
    if cause.condition not in SHOWN_BY and seen and (left := _left_out(cause, report)):
        return WeighedCause(cause, Standing.UNTOLD, f"{some(map(printable, left))} was not asked for it")
    if cause.condition is Condition.SRV_MISSING and (silent := unanswered(report)):
        return WeighedCause(cause, Standing.UNTOLD, silent)
    if sign.look:
        return WeighedCause(cause, Standing.UNTOLD, f"this run does not show it; {sign.look}")
    return WeighedCause(cause, Standing.UNTOLD, "this run did not collect what would show it")


def _missing(cause: Cause, seen: Sequence[Outcome]) -> list[str]:
    return [name for name in cause.services if not any(named(o, (name,)) for o in seen)]


def _unclear(sign: Sign, seen: Sequence[Outcome]) -> list[Outcome]:
    """Not asked, or seen so where nothing was expected: neither proof nor disproof."""
    return [o for o in seen if o.verdict in {Verdict.SKIP, Verdict.UNKNOWN} or o.state in sign.states]
