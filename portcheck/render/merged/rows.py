"""What every format shows of a matrix: a row for each check that is not as expected everywhere, a mark a place."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from portcheck.frozen import dataclass
from portcheck.merge.phrases import port
from portcheck.merge.points import Merged, MergedCell
from portcheck.model import Finding, Outcome, Severity, State, Verdict
from portcheck.render.shared.grid import cell_of
from portcheck.render.shared.marks import VERDICTS, Mark

OF_FINDING = {Severity.ERROR: Verdict.FAIL, Severity.WARNING: Verdict.WARN, Severity.INFO: Verdict.PASS}
MOST_ROWS = 400
"""Of a forest, in what people read; programs get all of them."""
WORDS = {
    Verdict.FAIL: "not as expected",
    Verdict.UNKNOWN: "not all of it could be asked",
    Verdict.WARN: "minor faults",
    Verdict.PASS: "as expected from everywhere",
}
"""Of a forest; the worst first."""
UNASKED = Mark("·", ".", "dim", "not among what this place asked")
SILENT = Mark("–", "-", "dim", "not asked or not offered")


@dataclass(frozen=True, slots=True)
class MatrixRow:
    host: str
    address: str
    service: str
    port: str
    cell: MergedCell

    def mark(self, place: str) -> Mark:
        seen = self.cell.seen.get(place)
        if seen is None:
            return UNASKED
        return VERDICTS[verdict(seen)]


@dataclass(frozen=True, slots=True)
class ForestMatrix:
    """One forest: who asked it, the rows worth reading, and how many were as expected from everywhere."""

    name: str
    places: tuple[str, ...]
    rows: tuple[MatrixRow, ...]
    well: int
    more: int  # rows beyond the most that are shown
    findings: tuple[Finding, ...]
    verdict: Verdict  # the worst of what any place saw, and of what comparing tells

    @property
    def mark(self) -> Mark:
        return VERDICTS[self.verdict]

    @property
    def words(self) -> str:
        return WORDS[self.verdict]


def verdict(outcome: Outcome) -> Verdict:
    found = cell_of(outcome)
    return found if isinstance(found, Verdict) else Verdict.UNKNOWN


def matrices(merged: Merged) -> tuple[ForestMatrix, ...]:
    return tuple(_matrix(merged, name, list(merged.of_forest(name))) for name in merged.forests)


def _matrix(merged: Merged, name: str, cells: Sequence[MergedCell]) -> ForestMatrix:
    asked = {place for cell in cells for place in cell.seen}
    concerned = [cell for cell in cells if _is_worth_a_row(cell)]
    concerned.sort(key=lambda cell: (not (cell.fails and cell.works), not cell.fails))
    return ForestMatrix(
        name=name,
        places=tuple(place for place in merged.names if place in asked),
        rows=tuple(map(row, concerned[:MOST_ROWS])),
        well=len(cells) - len(concerned),
        more=max(0, len(concerned) - MOST_ROWS),
        findings=(findings := tuple(finding for finding in merged.findings if finding.forest == name)),
        verdict=_worst(concerned, findings),
    )


def _worst(concerned: Iterable[MergedCell], findings: Iterable[Finding]) -> Verdict:
    """A fault that one place alone can see is no finding of the comparison, and a fault all the same."""
    seen = {verdict(outcome) for cell in concerned for outcome in cell.seen.values()}
    seen |= {OF_FINDING[finding.severity] for finding in findings}
    seen |= {Verdict.WARN for _ in concerned}
    return next((worst for worst in WORDS if worst in seen), Verdict.PASS)


def _is_worth_a_row(cell: MergedCell) -> bool:
    verdicts = {outcome.verdict for outcome in cell.seen.values()}
    return bool(verdicts & {Verdict.FAIL, Verdict.WARN, Verdict.UNKNOWN}) or bool(cell.doubtful and cell.works)


def row(cell: MergedCell) -> MatrixRow:
    check = cell.check
    host = check.host.removesuffix(f".{check.forest}") or check.host
    return MatrixRow(host, check.address or "no address", check.service, port(check), cell)


def sights(one: MatrixRow) -> tuple[tuple[str, Outcome], ...]:
    """What the places saw that did not find it well, in words."""
    seen = ((place, outcome) for place, outcome in one.cell.seen.items() if outcome.verdict is not Verdict.PASS)
    return tuple((place, outcome) for place, outcome in seen if outcome.state is not State.SKIPPED)


def everywhere(merged: Merged) -> tuple[Finding, ...]:
    """Findings of no forest: of the places themselves."""
    return tuple(finding for finding in merged.findings if finding.forest not in merged.forests)
