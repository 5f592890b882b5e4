"""What opens with a cell of the page: the path, the timeline, the facts. Bounded; what failed keeps its own first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from portcheck.model import Outcome, Verdict
from portcheck.render.report.evidence import fact_words, once
from portcheck.render.report.html.hops import CellHop
from portcheck.render.shared.grid import cell_of
from portcheck.render.shared.text import printable, shorten

STEPS = 40
FACTS = 40
LONGEST = 300
ROOM = 1_900_000
LEAST_ROOM = 300_000
"""Characters of what was seen and of evidence in one page; beyond that it is told where the rest is."""
MENDED = (Verdict.PASS, Verdict.SKIP)

Detail = dict[str, object]


def details(outcomes: Sequence[Outcome], paths: Mapping[int, tuple[CellHop, ...]], taken: int) -> dict[str, Detail]:
    """By the check's number on the page; `taken`: the characters that the checks themselves need."""
    kept = _kept(outcomes, max(ROOM - taken, LEAST_ROOM))
    found = ((str(n), _detail(o, paths.get(n, ()), whole=n in kept)) for n, o in enumerate(outcomes))
    return {number: detail for number, detail in found if detail}


def _kept(outcomes: Sequence[Outcome], room: int) -> set[int]:
    """The checks whose evidence has room: those in trouble first."""
    order = sorted(range(len(outcomes)), key=lambda n: cell_of(outcomes[n]) in MENDED)
    kept = set()
    for number in order:
        room -= _size(outcomes[number])
        if room < 0:
            break
        kept.add(number)
    return kept


def _size(outcome: Outcome) -> int:
    steps = sum(min(len(step.detail), LONGEST) + len(step.event) + 16 for step in outcome.evidence[:STEPS])
    facts = sum(len(key) + min(len(str(outcome.facts[key])), LONGEST) + 8 for key in list(outcome.facts)[:FACTS])
    return steps + facts + 60


def _detail(outcome: Outcome, hops: Sequence[CellHop], *, whole: bool) -> Detail:
    """Keys without a value are left out."""
    found: Detail = {
        "took": _took(outcome) if whole else "",
        "hops": [[hop.kind, hop.name, hop.note] for hop in hops] if whole else [],
        "steps": [list(step) for step in _steps(outcome)] if whole else [],
        "more": max(len(outcome.evidence) - STEPS, 0) if whole else len(outcome.evidence),
        "facts": [list(pair) for pair in _facts(outcome)] if whole else [],
    }
    return {key: _printable(value) for key, value in found.items() if value not in (None, "", [], 0)}


def _printable(value: object) -> object:
    if isinstance(value, list):
        return [_printable(inner) for inner in value]
    return printable(value) if isinstance(value, str) else value


def _steps(outcome: Outcome) -> Iterator[tuple[float, str, str]]:
    for step in outcome.evidence[:STEPS]:
        yield round(step.at_ms, 1), shorten(step.event, 40), shorten(step.detail, LONGEST)


def _facts(outcome: Outcome) -> Iterator[tuple[str, str]]:
    for key, value in list(once(outcome.facts).items())[:FACTS]:
        yield shorten(key, 60), shorten(fact_words(value), LONGEST)


def _took(outcome: Outcome) -> str:
    tries = f"{outcome.attempts} tried, {outcome.answers} answered" if outcome.attempts else ""
    whole = f"{outcome.elapsed_ms:.0f} ms in all" if outcome.elapsed_ms else ""
    return ", ".join(filter(None, (tries, whole)))
