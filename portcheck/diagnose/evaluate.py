"""Which of an error's causes hold in a report, which are ruled out and by what, and which it cannot tell."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from portcheck.catalogue.conditions import SIGNS, Condition, Sign
from portcheck.catalogue.errors import CataloguedError, Cause
from portcheck.diagnose import diagnose
from portcheck.diagnose.facts import FAULTY, hosts, named
from portcheck.diagnose.told import printable
from portcheck.diagnose.words import evidence, listed, ports, some
from portcheck.model import GOOD, Finding, Outcome, Report, State, Verdict


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
    return tuple(_weigh(cause, report, findings) for cause in error.causes)


def _weigh(cause: Cause, report: Report, findings: Sequence[Finding]) -> WeighedCause:
    sign = SIGNS[cause.condition]
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
    """The same service on another controller of the forest: the error may well come and go."""
    what = {(o.check.forest, o.check.name) for o in seen}
    gone = set(hosts(seen))
    same = [o for o in report.outcomes if o.state in GOOD and (o.check.forest, o.check.name) in what]
    return [o for o in same if o.check.host not in gone]


def _counts(o: Outcome) -> bool:
    """A silence where nothing is expected is no fault; a question this machine could not ask counts as that."""
    return o.verdict in FAULTY or o.state is State.ERROR


def _about(finding: Finding, cause: Cause, report: Report) -> bool:
    """A finding with outcomes speaks for their services only."""
    if not cause.services or not finding.checks:
        return True
    proven = set(finding.checks)
    return any(o.check.id in proven and named(o, cause.services) for o in report.outcomes)


def _ruled_out(cause: Cause, sign: Sign, report: Report) -> WeighedCause | None:
    """Only where every check that could have shown it was asked and showed something else."""
    if cause.condition in SHOWN_BY:
        witness = SHOWN_BY[cause.condition](report)
        return WeighedCause(cause, Standing.RULED_OUT, witness) if witness else None
    asked = _asked(cause, report)
    if not sign.states or not asked or _missing(cause, asked) or _unclear(sign, asked):
        return None
    checks = tuple(o.check.id for o in asked)
    here = sign.states == {State.ERROR}
    why = f"this machine sent all {len(asked)} questions" if here else _instead(asked)
    return WeighedCause(cause, Standing.RULED_OUT, why, checks=checks)


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
    if sign.look:
        return WeighedCause(cause, Standing.UNTOLD, f"this run does not show it; look at {sign.look}")
    return WeighedCause(cause, Standing.UNTOLD, "this run did not collect what would show it")


def _missing(cause: Cause, asked: Sequence[Outcome]) -> list[str]:
    return [name for name in cause.services if not any(named(o, (name,)) for o in asked)]


def _unclear(sign: Sign, asked: Sequence[Outcome]) -> list[Outcome]:
    """Not asked, or seen so where nothing was expected: neither proof nor disproof."""
    return [o for o in asked if o.verdict in {Verdict.SKIP, Verdict.UNKNOWN} or o.state in sign.states]


# What shows that a condition was looked for and is not there


def _fact(*keys: str, says: str) -> Callable[[Report], str]:
    def witness(report: Report) -> str:
        told = [o for o in report.outcomes if any(key in o.facts for key in keys) and o.verdict is not Verdict.SKIP]
        everyone = {o.check.forest for o in told} >= {forest.name for forest in report.forests}
        return f"{some(map(printable, hosts(told)))}: {says}" if told and everyone else ""

    return witness


def _records(report: Report) -> str:
    found = [lookup for forest in report.forests for lookup in forest.lookups if lookup.record == "SRV"]
    needed = [lookup for lookup in found if lookup.required]
    complete = needed and all(lookup.status == "ok" for lookup in needed)
    return f"{len(needed)} SRV questions, all of them answered" if complete else ""


def _addresses(report: Report) -> str:
    known = [dc for forest in report.forests for dc in forest.domain_controllers]
    return f"all {len(known)} controllers have addresses" if known and all(dc.address for dc in known) else ""


def _several(report: Report) -> str:
    per_forest = [{dc.host for dc in forest.domain_controllers} for forest in report.forests]
    enough = per_forest and all(len(found) > 1 for found in per_forest)
    return f"{sum(map(len, per_forest))} controllers were asked, none differs from the others" if enough else ""


def _tcp_answers(report: Report) -> str:
    good = [o for o in report.outcomes if o.check.transport == "tcp" and o.state in GOOD]
    everyone = {o.check.host for o in good} >= {o.check.host for o in report.outcomes}
    return f"TCP answers on {some(map(printable, hosts(good)))}" if good and everyone else ""


def _signed_in(report: Report) -> str:
    good = [o for o in report.outcomes if o.facts.get("signed_in") is True]
    everyone = {o.check.forest for o in good} >= {forest.name for forest in report.forests}
    return f"signed in to {some(map(printable, hosts(good)))}" if good and everyone else ""


SHOWN_BY: Mapping[Condition, Callable[[Report], str]] = {
    Condition.SRV_MISSING: _records,
    Condition.UNRESOLVED: _addresses,
    Condition.PARTIAL: _several,
    Condition.ONE_WAY: _tcp_answers,
    Condition.WRONG_HOST: _fact("forest", "domain", "realm_proven", says="answers for the domain it was asked for"),
    Condition.SKEW: _fact("clock_skew_s", says="the clock agrees with this machine's"),
    Condition.NOT_A_GC: _fact("roles", says="the LDAP ping names a Global Catalog, or none was wanted"),
    Condition.READ_ONLY: _fact("roles", says="the LDAP ping names no read-only controller"),
    Condition.PAUSED: _fact("roles", says="the LDAP ping does not say paused"),
    Condition.INTERFACE_MISSING: _fact("endpoints", says="the mapper knows the interfaces"),
    Condition.CERTIFICATE: _fact("certificate_not_after", says="the certificate is in order"),
    Condition.INSPECTION: _fact("certificate_key_sha256", says="the same certificate on all TLS ports"),
    Condition.INTERCEPT: _fact("control_port_accepts", says="a port that nobody uses does not accept"),
    Condition.MTU: _fact("clamped_answered", says="small packets fare no better than large ones"),
    Condition.FRAGMENTS: _fact("fragments_lost", says="fragmented datagrams are answered"),
    Condition.ACCOUNT: _signed_in,
    Condition.RIGHTS: _fact("replicating_changes", says="the account may replicate changes"),
    Condition.IDLE: _fact("idle_lost_s", "idle_held_s", says="idle connections are kept"),
}
