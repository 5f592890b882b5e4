"""Each check of a report as a cell of the HTML page, and what opens with it: timeline, facts, the path as hops.

Bounded: what failed keeps all it has within a check's limit, what passed shares what is left of the page's.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from portcheck.model import BlockedAt, Change, Outcome, Report, Verdict
from portcheck.render.report.evidence import fact_words
from portcheck.render.shared.grid import cell_of
from portcheck.render.shared.marks import VERDICTS, Mark
from portcheck.render.shared.text import printable, shorten
from portcheck.render.shared.words import port_of, seen

STEPS = 40
FACTS = 40
LONGEST = 300
ROOM = 6_000_000
"""Characters of evidence in one page; beyond that it is told where the rest is."""
MENDED = (Verdict.PASS, Verdict.SKIP)

Detail = dict[str, object]


@dataclass(frozen=True, slots=True)
class CellHop:
    """One station of a path: `kind` is here, suspect, unknown, refuses, cut or host."""

    kind: str
    name: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Cell:
    number: int
    verdict: Verdict
    mark: Mark
    words: str
    changed: str


@dataclass(frozen=True, slots=True)
class Book:
    """Where to find a check again: by its outcome, its id, its number on the page."""

    cells: dict[int, Cell]  # by the outcome's identity
    numbers: dict[str, int]  # by the check's id
    paths: dict[int, tuple[CellHop, ...]]
    details: tuple[Detail, ...]


def book(report: Report) -> Book:
    changes = {change.check: change for change in report.compared.changes} if report.compared else {}
    numbers = {outcome.check.id: number for number, outcome in enumerate(report.outcomes)}
    kept = _kept(report.outcomes)
    cells, paths, details = {}, {}, []
    for number, outcome in enumerate(report.outcomes):
        changed = _changed(changes.get(outcome.check.id))
        cells[id(outcome)] = _cell(number, outcome, changed)
        paths[number] = path(outcome, report.vantage.called)
        details.append(detail(outcome, paths[number], changed, whole=number in kept))
    return Book(cells, numbers, paths, tuple(details))


def _verdict(outcome: Outcome) -> Verdict:
    verdict = cell_of(outcome)
    assert isinstance(verdict, Verdict)
    return verdict


def _cell(number: int, outcome: Outcome, changed: str) -> Cell:
    verdict = _verdict(outcome)
    mark = VERDICTS[verdict]
    what = f"{outcome.check.service} {port_of(outcome)}: {mark.word}, {outcome.state}"
    return Cell(number, verdict, mark, f"{what}; {changed}" if changed else what, changed)


def _changed(change: Change | None) -> str:
    if change is None:
        return ""
    return f"changed: was {'not asked' if change.before is None else change.before}"


def _kept(outcomes: Sequence[Outcome]) -> set[int]:
    """The checks whose evidence has room: those in trouble first."""
    order = sorted(range(len(outcomes)), key=lambda n: _verdict(outcomes[n]) in MENDED)
    room, kept = ROOM, set()
    for number in order:
        room -= _size(outcomes[number])
        if room < 0:
            break
        kept.add(number)
    return kept


def _size(outcome: Outcome) -> int:
    steps = sum(min(len(step.detail), LONGEST) + 30 for step in outcome.evidence[:STEPS])
    return steps + sum(len(key) + 40 for key in outcome.facts)


def detail(outcome: Outcome, hops: Sequence[CellHop], changed: str, *, whole: bool) -> Detail:
    """What the dialog shows; keys without a value are left out."""
    check, verdict = outcome.check, _verdict(outcome)
    found: Detail = {
        "forest": check.forest,
        "host": check.host,
        "address": check.address,
        "what": f"{check.service} {port_of(outcome)}",
        "purpose": check.purpose,
        "verdict": verdict.value,
        "state": outcome.state.value,
        "seen": shorten(seen(outcome), 2 * LONGEST),
        "changed": changed,
        "need": f"{check.need}, expected {check.expected}",
        "profiles": list(check.profiles),
        "operations": "; ".join(check.operations),
        "why": f"{check.why} ({check.source})" if check.why and check.source else check.why,
        "took": _took(outcome),
        "hops": [[hop.kind, hop.name, hop.note] for hop in hops],
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
    for key in list(outcome.facts)[:FACTS]:
        yield shorten(key, 60), shorten(fact_words(outcome.facts[key]), LONGEST)


def _took(outcome: Outcome) -> str:
    latency = f"answered in {outcome.latency_ms:.1f} ms" if outcome.latency_ms is not None else ""
    tries = f"{outcome.attempts} tried, {outcome.answers} answered" if outcome.attempts else ""
    whole = f"{outcome.elapsed_ms:.0f} ms in all" if outcome.elapsed_ms else ""
    return ", ".join(filter(None, (latency, tries, whole)))


def path(outcome: Outcome, here: str) -> tuple[CellHop, ...]:
    """From this machine to where the path ends; nothing where that is not known."""
    blocked = outcome.blocked_at
    if blocked is None:
        return ()
    host = outcome.check.host
    address = outcome.check.address
    end = CellHop("host", host, "" if address in {None, host} else str(address))
    start = CellHop("here", here, "this machine")
    return (start, *_between(blocked), end)


def _between(blocked: BlockedAt) -> Iterator[CellHop]:
    before = (blocked.hop or 1) - 1
    if before > 0:
        yield CellHop("unknown", "1 hop" if before == 1 else f"{before} hops", "passed")
    if blocked.by is not None:
        yield CellHop("refuses", blocked.by, "said no" if blocked.hop is None else f"hop {blocked.hop}, said no")
        return
    if blocked.hop == 0 or (blocked.after is None and blocked.hop is None):
        yield CellHop("cut", "silence", "from this machine on: no router answered")
        return
    yield CellHop(
        "suspect",
        blocked.after or f"hop {blocked.hop}",
        f"hop {blocked.hop}, last heard" if blocked.hop else "last heard",
    )
    yield CellHop("cut", "silence", "it drops the packets itself, or something beyond does")
