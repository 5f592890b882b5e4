"""Which of an error's causes hold in a report, which are ruled out and by what, and which it cannot tell."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from portcheck.catalogue.conditions import SIGNS, Condition, Sign
from portcheck.catalogue.errors import CataloguedError, Cause
from portcheck.diagnose import diagnose
from portcheck.diagnose.phrases import evidence, listed, ports, some
from portcheck.diagnose.reader import printable
from portcheck.diagnose.view import FAULTY, hosts, named
from portcheck.model import BLOCKED, GOOD, DomainController, Finding, ForestReport, Outcome, Report, State, Verdict
from portcheck.model.target import DC

OF_THE_WAY = frozenset({Condition.BLOCKED, Condition.REFUSED, Condition.MUTE, Condition.RESET, Condition.SERVICE_DOWN})
NOT_SERVED = BLOCKED | {State.REFUSED, State.MUTE, State.RESET, State.MISMATCH, State.UNRESOLVED}
"""Each keeps a program from being served; which of them it was seldom shows in its error."""


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
    return _holds(cause, sign, report, findings) or _ruled_out(cause, sign, report) or _untold(cause, sign, report)


def _holds(cause: Cause, sign: Sign, report: Report, findings: Sequence[Finding]) -> WeighedCause | None:
    seen = [o for o in _asked(cause, report) if o.state in sign.states and _counts(o)]
    told = [finding for finding in findings if finding.code in sign.codes and _about(finding, cause, report)]
    if not seen and not told:
        return None
    forests = dict.fromkeys([*(o.check.forest for o in seen), *(finding.forest for finding in told)])
    why = (
        evidence(seen, _good_elsewhere(seen, report)) if seen else some((f"{f.title} ({f.evidence})" for f in told), 3)
    )
    checks = dict.fromkeys([*(o.check.id for o in seen), *(check for finding in told for check in finding.checks)])
    return WeighedCause(cause, Standing.HOLDS, why, tuple(forests), tuple(checks))


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
    asked = _asked(cause, report)
    if not sign.states or not asked or _missing(cause, asked) or _unclear(sign, asked) or _left_out(cause, report):
        return None
    checks = tuple(o.check.id for o in asked)
    here = sign.states == {State.ERROR}
    why = f"this machine let portcheck send all {len(asked)} questions" if here else _instead(asked)
    return WeighedCause(cause, Standing.RULED_OUT, why, checks=checks)


def _left_out(cause: Cause, report: Report) -> list[str]:
    """Controllers that were not asked for the cause's services: it may hold there."""
    asked = set(hosts(_asked(cause, report)))
    return [host for host in _whom(cause, report) if host not in asked] if cause.services else []


def _asked(cause: Cause, report: Report) -> list[Outcome]:
    return [o for o in report.outcomes if named(o, cause.services)]


def _instead(asked: Sequence[Outcome]) -> str:
    good = [o for o in asked if o.state in GOOD]
    if len(good) < len(asked):
        return evidence([o for o in asked if o.state not in GOOD])
    return f"{ports(good)} answered on {some(map(printable, hosts(good)))}"


def _untold(cause: Cause, sign: Sign, report: Report) -> WeighedCause:
    asked = _asked(cause, report)
    if missing := _missing(cause, asked):
        return WeighedCause(cause, Standing.UNTOLD, f"{listed(missing)} not asked in this run")
    if cause.condition not in SHOWN_BY and (unclear := _unclear(sign, asked)):
        return WeighedCause(cause, Standing.UNTOLD, evidence(unclear[:1]))
    if cause.condition not in SHOWN_BY and asked and (left := _left_out(cause, report)):
        return WeighedCause(cause, Standing.UNTOLD, f"{some(map(printable, left))} was not asked for it")
    if sign.look:
        return WeighedCause(cause, Standing.UNTOLD, f"this run does not show it; {sign.look}")
    return WeighedCause(cause, Standing.UNTOLD, "this run did not collect what would show it")


def _missing(cause: Cause, asked: Sequence[Outcome]) -> list[str]:
    return [name for name in cause.services if not any(named(o, (name,)) for o in asked)]


def _unclear(sign: Sign, asked: Sequence[Outcome]) -> list[Outcome]:
    """Not asked, or seen so where nothing was expected: neither proof nor disproof."""
    return [o for o in asked if o.verdict in {Verdict.SKIP, Verdict.UNKNOWN} or o.state in sign.states]


# What shows that a condition was looked for and is not there

Witness = Callable[[Cause, Report], str]
"""The words of what rules the condition out; empty: nothing does."""

AGREES_S = 60.0
"""Clocks that differ by less have no finding."""


def _always(value: object) -> bool:
    return value is not None


def _fact(*keys: str, says: str, shows: Callable[[object], bool] = _always, of_host: bool = False) -> Witness:
    """Every host that the cause is about told one of these facts, and each time so that `shows` is content.

    `of_host`: it speaks for the whole host, whichever service it was told by.
    """

    def witness(cause: Cause, report: Report) -> str:
        asked = report.outcomes if of_host else _asked(cause, report)
        told = [o for o in asked if any(key in o.facts for key in keys) and o.verdict is not Verdict.SKIP]
        content = all(shows(o.facts[key]) for o in told for key in keys if key in o.facts)
        everyone = set(_whom(cause, report)) <= set(hosts(told))
        return f"{some(map(printable, hosts(told)))}: {says}" if told and content and everyone else ""

    return witness


def _whom(cause: Cause, report: Report) -> list[str]:
    """The hosts of which all must be known: the controllers, or the machines that were asked for the service."""
    if cause.target != DC:
        return list(hosts(_asked(cause, report)))
    return [dc.host for forest in _forests(report) for dc in forest.domain_controllers]


def _forests(report: Report) -> list[ForestReport]:
    """Those with controllers: the part of the report about the cloud has none."""
    return [forest for forest in report.forests if forest.facts.get("kind") != "cloud"]


def _records(_: Cause, report: Report) -> str:
    needed = [[x for x in forest.lookups if x.record == "SRV" and x.required] for forest in _forests(report)]
    complete = needed and all(needed) and all(lookup.status == "ok" for asked in needed for lookup in asked)
    return f"{sum(map(len, needed))} SRV questions, all of them answered" if complete else ""


def _addresses(_: Cause, report: Report) -> str:
    """An address that the forests file gives says nothing about DNS."""
    known = [(forest, dc) for forest in _forests(report) for dc in forest.domain_controllers]
    resolved = known and all(_in_dns(forest, dc) for forest, dc in known)
    return f"DNS has addresses of all {len({dc.host for _, dc in known})} controllers" if resolved else ""


def _in_dns(forest: ForestReport, dc: DomainController) -> bool:
    asked = any(x.name == dc.host and x.record in {"A", "AAAA"} and x.answers for x in forest.lookups)
    return bool(dc.address) and (asked or dc.source == "srv")


def _several(_: Cause, report: Report) -> str:
    per_forest = [{dc.host for dc in forest.domain_controllers} for forest in _forests(report)]
    enough = per_forest and all(len(found) > 1 for found in per_forest)
    return f"{sum(map(len, per_forest))} controllers were asked, none differs from the others" if enough else ""


def _all_answer(cause: Cause, report: Report) -> str:
    answer = hosts(o for o in report.outcomes if o.state in GOOD)
    wanted = set(_whom(cause, report))
    everyone = wanted and wanted <= set(answer)
    return f"{some(printable(host) for host in answer if host in wanted)} can be reached" if everyone else ""


def _tcp_answers(cause: Cause, report: Report) -> str:
    good = [o for o in report.outcomes if o.check.transport == "tcp" and o.state in GOOD]
    everyone = set(hosts(good)) >= set(_whom(cause, report))
    return f"TCP answers on {some(map(printable, hosts(good)))}" if good and everyone else ""


def _signed_in(_: Cause, report: Report) -> str:
    good = [o for o in report.outcomes if o.facts.get("signed_in") is True]
    everyone = {o.check.forest for o in good} >= {forest.name for forest in _forests(report)}
    return f"signed in to {some(map(printable, hosts(good)))}" if good and everyone else ""


def _may_replicate(_: Cause, report: Report) -> str:
    """Password hash synchronisation needs the second right too."""
    rights = ("replicating_changes", "replicating_changes_all")
    good = [o for o in report.outcomes if all(o.facts.get(right) is True for right in rights)]
    everyone = {o.check.forest for o in good} >= {forest.name for forest in _forests(report)}
    words = "the account may replicate changes, also all of them"
    return f"{some(map(printable, hosts(good)))}: {words}" if good and everyone else ""


def _idle_kept(cause: Cause, report: Report) -> str:
    told = [o for o in _asked(cause, report) if o.verdict is not Verdict.SKIP and "idle_held_s" in o.facts]
    held = [s for o in told if isinstance(s := o.facts["idle_held_s"], int | float) and "idle_lost_s" not in o.facts]
    everyone = set(_whom(cause, report)) <= set(hosts(told))
    if not held or len(held) < len(told) or not everyone or min(held) < LONG_QUIET_S:
        return ""
    return f"{some(map(printable, hosts(told)))}: idle connections were kept for {min(held):.0f} s"


LONG_QUIET_S = 900.0
"""After so much a domain controller itself closes LDAP: what is kept for less may still be lost later."""


SHOWN_BY: Mapping[Condition, Witness] = {
    Condition.SRV_MISSING: _records,
    Condition.UNRESOLVED: _addresses,
    Condition.PARTIAL: _several,
    Condition.UNREACHABLE: _all_answer,
    Condition.ONE_WAY: _tcp_answers,
    Condition.WRONG_HOST: _fact("forest", "domain", "realm_proven", says="answers for the domain it was asked for"),
    Condition.SKEW: _fact(
        "clock_skew_s",
        says="the clock is within a minute of this machine's",
        shows=lambda skew: isinstance(skew, int | float) and abs(skew) <= AGREES_S,
    ),
    Condition.NOT_A_GC: _fact("roles", says="the LDAP ping names a Global Catalog, or none was wanted"),
    Condition.READ_ONLY: _fact("roles", says="the LDAP ping names no read-only controller"),
    Condition.PAUSED: _fact("roles", says="the LDAP ping does not say paused"),
    Condition.INTERFACE_MISSING: _fact("endpoints", says="the mapper knows the interfaces"),
    Condition.CERTIFICATE: _fact("certificate_not_after", says="the certificate is in order"),
    Condition.INSPECTION: _fact("certificate_key_sha256", says="the same certificate on all TLS ports"),
    Condition.INTERCEPT: _fact(
        "control_port_accepts",
        says="a port that nobody uses does not accept",
        shows=lambda accepts: accepts is False,
        of_host=True,
    ),
    Condition.ACCOUNT: _signed_in,
    Condition.REPLICATING_CHANGES: _may_replicate,
    Condition.IDLE: _idle_kept,
}
