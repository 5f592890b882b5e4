"""The findings of a whole report, forest by forest: what each rule proves, in its words."""

from __future__ import annotations

from collections.abc import Sequence

from portcheck.diagnose import phrases, symptoms
from portcheck.diagnose.asking import asks
from portcheck.diagnose.marking import marked
from portcheck.diagnose.ranking import leading, ranked
from portcheck.diagnose.reader import printable
from portcheck.diagnose.remedy import MOST_TARGETS, allow
from portcheck.diagnose.rule import Proof, Rule
from portcheck.diagnose.rules import RULES
from portcheck.diagnose.rules.looking import own_first
from portcheck.diagnose.view import ForestFacts, hosts
from portcheck.model import Finding, Outcome, Report, Severity

__all__ = ["RULES", "diagnose", "leading", "marked"]


def diagnose(report: Report, rules: Sequence[Rule] = RULES) -> tuple[Finding, ...]:
    """The findings of all forests in the report's order, within a forest the worst first."""
    found: list[Finding] = []
    for facts in ForestFacts.each(report):
        found.extend(_of_forest(facts, rules))
    return tuple(found)


def _of_forest(f: ForestFacts, rules: Sequence[Rule]) -> tuple[Finding, ...]:
    found = []
    for rule in rules:
        proof = rule.when(f)
        if proof is None:
            continue
        finding = _finding(rule, proof, f)
        found.append(finding)
        f = _after(f, rule, proof, finding)
    return ranked(found)


def _after(f: ForestFacts, rule: Rule, proof: Proof, finding: Finding) -> ForestFacts:
    """What later rules see: a fault is explained once."""
    if not rule.beside or finding.severity is not Severity.INFO:
        f = f.in_trouble()
    if rule.disowns:
        return f.without((*proof.outcomes, *proof.follows))
    return f if rule.beside else f.explaining((*proof.outcomes, *proof.follows))


def _finding(rule: Rule, proof: Proof, f: ForestFacts) -> Finding:
    where = proof.hosts or hosts(proof.outcomes)
    severity = rule.severity(proof)
    hurt = proof.outcomes if severity is not Severity.INFO else None  # what hurts nobody breaks nothing
    told = _placeholders(proof, where, f)
    shown = () if proof.brief else proof.outcomes
    fix = own_first(rule.fix.format_map(told), proof.outcomes, f)
    return Finding(
        code=rule.code,
        severity=severity,
        forest=f.forest.name,
        title=rule.title.format_map(told),
        explanation=rule.explanation.format_map(told),
        hosts=where,
        evidence=phrases.evidence(shown, proof.although, proof.seen),
        breaks=() if hurt is None else symptoms.breaks(rule.code, hurt),
        errors=() if hurt is None else symptoms.errors(rule.code, hurt),
        fix=fix,
        checks=tuple(dict.fromkeys(o.check.id for o in (*proof.outcomes, *proof.follows))),
        asks=() if hurt is None else asks(rule.code, fix, proof.outcomes, f),
    )


def _placeholders(proof: Proof, where: tuple[str, ...], f: ForestFacts) -> dict[str, str]:
    """What the texts of a rule may name; `proof.words` adds to it."""
    proven: tuple[Outcome, ...] = proof.outcomes
    return {
        "forest": printable(f.forest.name),
        "hosts": phrases.short_hosts(where, f) if proof.hosts or not proven else phrases.whereabouts(proven, f),
        "names": phrases.many(map(printable, where), MOST_TARGETS),
        "ports": phrases.ports(proven),
        "services": phrases.services(proven),
        "purposes": phrases.listed(printable(o.check.purpose or o.check.service) for o in proven),
        "allow": allow(f, proven),
        **proof.words,
    }
