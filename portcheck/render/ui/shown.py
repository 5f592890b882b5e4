"""What the interactive board knows and shows at each of its levels: forests, controllers, checks, one check.

Pure: events and reports in, rows and lines out; nothing here decides how a check stands, or draws.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import field, replace

from rich.text import Text

from portcheck.frozen import dataclass
from portcheck.model import Check, Finding, Outcome, Report, Verdict
from portcheck.model.events import Event, Landed, Planned
from portcheck.model.folding import counted
from portcheck.render.live.board import Board
from portcheck.render.report import evidence
from portcheck.render.shared.grid import RANK, Cell, GridRow, Pending, RowKey, cell_of
from portcheck.render.shared.layout import hang
from portcheck.render.shared.marks import SEVERITIES
from portcheck.render.shared.matrix import mark_of
from portcheck.render.shared.options import Options
from portcheck.render.shared.text import plain, printable
from portcheck.render.shared.words import seen
from portcheck.report.asks import telling

NOT_WELL = frozenset({Verdict.FAIL, Verdict.UNKNOWN, Verdict.WARN, *Pending})


@dataclass(frozen=True, slots=True)
class Path:
    """Where the user stands: in everything, in a forest, at a controller, or at one check of it."""

    forest: str = ""
    row: RowKey | None = None  # host and address
    check: str = ""  # its key

    def into(self, key: str) -> Path:
        """One level deeper; `key` is that of the row."""
        if not self.forest:
            return Path(key)
        if self.row is None:
            host, _, address = key.partition("\n")
            return replace(self, row=(host, address or None))
        return replace(self, check=key)

    def out(self) -> Path:
        if self.check:
            return replace(self, check="")
        return replace(self, row=None) if self.row else Path()

    @property
    def words(self) -> str:
        host, address = self.row or ("", None)
        at = f"{host} {address}" if address not in {None, host} else host
        check = " ".join(self.check.split("/")[3:])
        return " › ".join(printable(part) for part in ("all forests", self.forest, at, check) if part)


@dataclass(frozen=True, slots=True)
class BoardRow:
    """One row of a table; `key` leads deeper."""

    key: str
    cell: Cell
    cells: tuple[str, ...]


@dataclass(slots=True)
class Shown:
    """Everything that is known, new words over old ones."""

    board: Board = field(default_factory=Board)
    checks: dict[str, dict[RowKey, dict[str, Check | Outcome]]] = field(default_factory=dict)
    report: Report | None = None
    ascii: bool = False

    def take(self, event: Event) -> None:
        self.board.take(event)
        match event:
            case Planned(checks):
                for check in checks:
                    self._of(check).setdefault(check.key, check)
            case Landed(outcome):
                self._of(outcome.check)[outcome.check.key] = outcome

    def judge(self, report: Report) -> None:
        """The report of all that was asked: its word counts from here on."""
        self.report = report
        self.board = Board(now=self.board.now, started_at=self.board.started_at, finished=True)
        self.checks = {}
        for outcome in report.outcomes:
            self.board.put(outcome.check, cell_of(outcome))
            self._of(outcome.check)[outcome.check.key] = outcome

    def _of(self, check: Check) -> dict[str, Check | Outcome]:
        return self.checks.setdefault(check.forest, {}).setdefault((check.host, check.address), {})

    def lines(self, path: Path, *, failures: bool = False, search: str = "") -> list[BoardRow]:
        """The rows at this level, the worst first; those of the same standing in their own order."""
        if not path.forest:
            found: Iterable[BoardRow] = self._forests()
        elif path.row is None:
            found = self._controllers(path.forest)
        else:
            found = self._checks(path.forest, path.row)
        wanted = search.casefold()
        kept = (line for line in found if not failures or line.cell in NOT_WELL)
        told = (line for line in kept if not wanted or any(wanted in cell.casefold() for cell in line.cells))
        return sorted(told, key=lambda line: RANK[line.cell])

    def _forests(self) -> Iterator[BoardRow]:
        for name, grid in self.board.grids.items():
            tally = _added(grid.rows.values())
            yield BoardRow(name, _worst(tally), (printable(name), self._counts(tally), self._headline(name)))

    def _headline(self, forest: str) -> str:
        if self.report is None:
            return ""
        problem = next((f.problem for f in self.report.forests if f.name == forest and f.problem), "")
        told = telling(finding for finding in self._findings() if finding.forest == forest)
        return printable(problem or (told[0].title if told else ""))

    def _controllers(self, forest: str) -> Iterator[BoardRow]:
        grid = self.board.grids.get(forest)
        for (host, address), row in grid.rows.items() if grid is not None else ():
            entries = self._entries(forest, (host, address)) if row.count(*NOT_WELL) else ()
            bad = [entry for entry in entries if _cell(self.board, entry) in NOT_WELL]
            ports = ", ".join(dict.fromkeys(_port(_check(entry)) for entry in bad))
            cells = (printable(host), printable(address or "no address"), self._counts(row.tally), ports)
            yield BoardRow(f"{host}\n{address or ''}", _worst(row.tally), cells)

    def _checks(self, forest: str, row: RowKey) -> Iterator[BoardRow]:
        for entry in self._entries(forest, row):
            check = _check(entry)
            words = (str(entry.state), _latency(entry), seen(entry)) if isinstance(entry, Outcome) else ("", "", "")
            cells = (check.service, _port(check), *map(printable, words))
            yield BoardRow(check.key, _cell(self.board, entry), cells)

    def _counts(self, tally: dict[Cell, int]) -> str:
        """`✖ 3  ✔ 12`, worst first."""
        told = [(mark_of(cell), tally[cell]) for cell in RANK if tally.get(cell) and cell is not Verdict.SKIP]
        return "  ".join(f"{mark.drawn(ascii_only=self.ascii)} {count}" for mark, count in told)

    def _entries(self, forest: str, row: RowKey) -> Iterable[Check | Outcome]:
        return self.checks.get(forest, {}).get(row, {}).values()

    def keys(self, path: Path) -> set[str]:
        """The checks of all that lies at or below the path."""
        return {
            key
            for forest, rows in self.checks.items()
            for row, entries in rows.items()
            for key in entries
            if path.forest in {"", forest} and path.row in {None, row} and path.check in {"", key}
        }

    def entry(self, path: Path) -> Check | Outcome | None:
        return self.checks.get(path.forest, {}).get(path.row or ("", None), {}).get(path.check)

    def account(self, path: Path, options: Options) -> list[Text]:
        """All that is known of one check: what follows from it first, then its own evidence."""
        entry = self.entry(path)
        if entry is None:
            return [plain("nothing is known of it")]
        if not isinstance(entry, Outcome):
            return [plain("not answered yet")]
        told = [line for finding in self._findings() if entry.check.id in finding.checks
                for line in _finding(finding, options)]  # fmt: skip
        return [*told, *evidence.check(entry, options)]

    def _findings(self) -> tuple[Finding, ...]:
        return self.report.findings if self.report is not None else ()

    def part(self, path: Path) -> Report | None:
        """The report of what lies below the path alone: what is asked for there."""
        report = self.report
        if report is None or not path.forest:
            return report
        findings = [finding for finding in report.findings if finding.forest == path.forest]
        if path.row is not None:
            findings = [finding for finding in findings if path.row[0] in finding.hosts]
        forests = tuple(forest for forest in report.forests if forest.name == path.forest)
        outcomes = report.of_forest(path.forest)
        return replace(report, forests=forests, outcomes=outcomes, findings=tuple(findings))

    @property
    def status(self) -> str:
        """How far it is, in a line."""
        board = self.board
        if not board.planned:
            return board.phase or "asking DNS which controllers there are"
        failed = f", {board.failed} failed" if board.failed else ""
        end = "" if board.finished else f"  {board.phase}"
        return f"{board.landed} of {counted(board.planned, 'check')} answered or given up{failed}{end}"


def _added(rows: Iterable[GridRow]) -> dict[Cell, int]:
    total: dict[Cell, int] = {}
    for row in rows:
        for cell, count in row.tally.items():
            total[cell] = total.get(cell, 0) + count
    return total


def _worst(tally: dict[Cell, int]) -> Cell:
    return min((cell for cell, count in tally.items() if count), key=RANK.__getitem__, default=Verdict.SKIP)


def _cell(board: Board, entry: Check | Outcome) -> Cell:
    if isinstance(entry, Outcome):
        return cell_of(entry)
    return board.stands(entry) or Pending.WAITING


def _check(entry: Check | Outcome) -> Check:
    return entry.check if isinstance(entry, Outcome) else entry


def _port(check: Check) -> str:
    return f"{'dynamic' if check.port is None else check.port}/{check.transport}"


def _latency(outcome: Outcome) -> str:
    return "" if outcome.latency_ms is None else f"{outcome.latency_ms:.0f} ms"


def _finding(finding: Finding, options: Options) -> Iterator[Text]:
    mark = SEVERITIES[finding.severity]
    lead = Text(f"{mark.drawn(ascii_only=options.ascii)} ", mark.style)
    yield from hang(lead, plain(finding.title, "bold"), options.width)
    for words in (finding.explanation, finding.evidence and f"seen: {finding.evidence}", finding.fix):
        if words:
            yield from hang("  ", plain(words), options.width)
    yield Text()
