"""A rule is a row: a contrast that proves a fault, and the words for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field

from portcheck.diagnose.view import ForestFacts
from portcheck.frozen import dataclass
from portcheck.model import Need, Outcome, Severity, Verdict

WORST_FIRST = (Severity.ERROR, Severity.WARNING, Severity.INFO)


@dataclass(frozen=True, slots=True)
class Proof:
    """What makes a rule hold: this failed although that worked."""

    outcomes: tuple[Outcome, ...] = ()
    although: tuple[Outcome, ...] = ()
    hosts: tuple[str, ...] = ()  # where the outcomes do not tell
    seen: tuple[str, ...] = ()  # evidence that no outcome tells
    brief: bool = False  # `seen` is the whole evidence
    severity: Severity | None = None  # where need does not decide it
    words: Mapping[str, str] = field(default_factory=dict)  # for the placeholders of the row's texts
    follows: tuple[Outcome, ...] = ()  # explained by the same cause, no proof of it


When = Callable[[ForestFacts], Proof | None]


@dataclass(frozen=True, slots=True)
class Rule:
    """One fault; title, explanation and fix are templates over the placeholders of `words.placeholders`."""

    code: str
    title: str
    explanation: str
    fix: str
    when: When
    at_most: Severity = Severity.ERROR
    beside: bool = False  # stands beside the finding that explains the same outcomes
    disowns: bool = False  # the outcomes belong to another forest: as if they had not been seen

    def severity(self, proof: Proof) -> Severity:
        worst = proof.severity or worst_of(proof.outcomes)
        return max(worst, self.at_most, key=WORST_FIRST.index)


def worst_of(outcomes: tuple[Outcome, ...]) -> Severity:
    return min((severity_of(outcome) for outcome in outcomes), key=WORST_FIRST.index, default=Severity.INFO)


def severity_of(outcome: Outcome) -> Severity:
    """Follows the profile's need."""
    if outcome.verdict is Verdict.FAIL:
        return Severity.ERROR
    return Severity.INFO if outcome.check.need is Need.OPTIONAL else Severity.WARNING
