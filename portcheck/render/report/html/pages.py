"""What the HTML page shows, ready for the template: forests, findings, cells; words and order, no markup."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from portcheck.frozen import dataclass
from portcheck.model import Change, Finding, Lookup, Outcome, Report, Severity, State, Verdict
from portcheck.render.report.details import skip_words
from portcheck.render.report.grids import ROWS_IN_FULL
from portcheck.render.report.html.answer import Answer, answer
from portcheck.render.report.html.embedded import (
    LONGEST_NAME,
    Heading,
    anchor,
    embedded,
    headings,
    short,
    verdict_of,
    was,
    words_of,
)
from portcheck.render.report.html.hops import CellHop, path
from portcheck.render.report.html.plots import DOTS, Clocks, Latencies, clocks, latencies
from portcheck.render.report.html.way import WayMap, way_map
from portcheck.render.shared.conclusion import worst_first
from portcheck.render.shared.digest import Digest, Group, SilentHost, by_row, groups, headline, silent_hosts, skipped
from portcheck.render.shared.errors import users_see
from portcheck.render.shared.grid import Column, RowKey, column_key
from portcheck.render.shared.marks import SEVERITIES, VERDICTS, Mark
from portcheck.render.shared.text import listed, shorten_middle
from portcheck.render.shared.words import port_of

HOPS_TOLD = 3
PROOFS = 8
MOST_ROWS = 40
ROOM_FOR_ROWS = 120
"""Rows of the matrix that are there without the script, of one forest and of all."""
MOST_DOTS = 1500


@dataclass(frozen=True, slots=True)
class Book:
    """Where to find a check again: its path by its number, its number by its id."""

    paths: Mapping[int, tuple[CellHop, ...]]
    numbers: Mapping[str, int]
    outcomes: Sequence[Outcome]


@dataclass(frozen=True, slots=True)
class Cell:
    """A check in the matrix that stands on the page before its script runs."""

    verdict: Verdict
    mark: Mark
    words: str


@dataclass(frozen=True, slots=True)
class PageRow:
    short: str
    address: str
    cells: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True, slots=True)
class PageFact:
    """A finding, with the cells that prove it and where the path ends."""

    finding: Finding
    mark: Mark
    rows: tuple[tuple[str, str], ...]
    explanation: tuple[str, ...]
    fix: tuple[str, ...]
    paths: tuple[tuple[CellHop, ...], ...]
    numbers: tuple[int, ...]  # of its checks
    proofs: tuple[tuple[str, str], ...]  # where a check is on the page, and its name


@dataclass(frozen=True, slots=True)
class Forest:
    """`rows`: of a forest in trouble, as many as the page has room for; `more`: how many are left to the script."""

    number: int
    digest: Digest
    verdict: Verdict
    words: str
    shares: tuple[tuple[Verdict, int, float, float], ...]  # verdict, count, start and width in percent
    findings: tuple[PageFact, ...]
    notes: tuple[PageFact, ...]
    keys: tuple[RowKey, ...]
    headings: tuple[Heading, ...]
    rows: tuple[PageRow, ...]
    more: int
    silent: tuple[SilentHost, ...]
    groups: tuple[Group, ...]
    left_out: tuple[str, ...]
    lookups: tuple[Lookup, ...]

    @property
    def name(self) -> str:
        return self.digest.forest.name

    @property
    def mark(self) -> Mark:
        return VERDICTS[self.verdict]

    @property
    def folded(self) -> bool:
        return self.verdict is Verdict.PASS


@dataclass(frozen=True, slots=True)
class Changed:
    """A check that is not as it was; number is None where it is not asked any more."""

    number: int | None
    where: str  # on the page
    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Page:
    report: Report
    answer: Answer
    way: WayMap | None
    forests: tuple[Forest, ...]  # worst first
    findings: tuple[tuple[Forest, PageFact], ...]  # worst first
    changed: tuple[Changed, ...] | None
    states: tuple[tuple[State, int], ...]
    verdicts: tuple[tuple[Verdict, Mark], ...]
    profiles: tuple[str, ...]
    embedded: dict[str, object]
    clocks: Clocks | None
    latencies: tuple[tuple[Forest, Latencies], ...]


def page(report: Report) -> Page:
    paths = {number: path(outcome, report.vantage.called) for number, outcome in enumerate(report.outcomes)}
    book = Book(paths, {outcome.check.id: number for number, outcome in enumerate(report.outcomes)}, report.outcomes)
    room = ROOM_FOR_ROWS
    forests: list[Forest] = []
    judged = worst_first(report)
    for number, (digest, verdict) in enumerate(judged):
        forests.append(_forest(number, digest, verdict, book, room))
        room -= len(forests[-1].rows)
    told = _told_findings(forests)
    verdicts = set(map(verdict_of, report.outcomes))
    states = Counter(outcome.state for outcome in report.outcomes)
    return Page(
        report=report,
        answer=answer(report),
        way=way_map(report.vantage.called, judged),
        forests=tuple(forests),
        findings=told,
        changed=_changed(report, book),
        states=tuple((state, states[state]) for state in State if states[state]),
        verdicts=tuple((verdict, mark) for verdict, mark in VERDICTS.items() if verdict in verdicts),
        profiles=tuple(dict.fromkeys(name for o in report.outcomes for name in o.check.profiles)),
        embedded=embedded(
            report,
            [(forest.digest, forest.keys) for forest in forests],
            [(f"finding-{n}", one.finding, one.numbers) for n, (_, one) in enumerate(told, 1)],
            paths,
        ),
        clocks=clocks(report),
        latencies=tuple(_latencies(forests)),
    )


def _told_findings(forests: Sequence[Forest]) -> tuple[tuple[Forest, PageFact], ...]:
    order = tuple(Severity)
    told = [(forest, one) for forest in forests for one in forest.findings]
    return tuple(sorted(told, key=lambda pair: order.index(pair[1].finding.severity)))


def _latencies(forests: Sequence[Forest]) -> Iterator[tuple[Forest, Latencies]]:
    """Of many forests with fewer dots each."""
    lines = sum(len(forest.headings) for forest in forests)
    dots = max(2, min(DOTS, MOST_DOTS // max(lines, 1)))
    for forest in forests:
        if (drawn := latencies(forest.digest, dots)) is not None:
            yield forest, drawn


def _forest(number: int, digest: Digest, verdict: Verdict, book: Book, room: int) -> Forest:
    told = tuple(_told(finding, book) for finding in digest.findings)
    silent = silent_hosts(digest)
    columns = digest.grid.ordered_columns()
    keys = _ordered(digest)
    shown = keys[: min(room, MOST_ROWS)] if verdict is not Verdict.PASS else ()
    return Forest(
        number=number,
        digest=digest,
        verdict=verdict,
        words=headline(digest)[1],
        shares=tuple(_shares(digest)),
        findings=tuple(one for one in told if one.finding.severity is not Severity.INFO),
        notes=tuple(o for o in told if o.finding.severity is Severity.INFO and o.finding.code != "forest-ok"),
        keys=keys,
        headings=headings(digest),
        rows=tuple(_rows(digest, columns, shown)),
        more=len(keys) - len(shown),
        silent=silent,
        groups=groups(digest, silent=silent),
        left_out=tuple(skip_words(group, digest) for group in skipped(digest)),
        lookups=digest.lookups,
    )


def _shares(digest: Digest) -> Iterator[tuple[Verdict, int, float, float]]:
    """The forest's checks by verdict, as parts of a bar."""
    total, start = len(digest.outcomes), 0.0
    for verdict in (Verdict.FAIL, Verdict.UNKNOWN, Verdict.WARN, Verdict.PASS, Verdict.SKIP):
        if count := digest.count(verdict):
            width = 100 * count / total
            yield verdict, count, round(start, 2), round(width, 2)
            start += width


def _told(finding: Finding, book: Book) -> PageFact:
    numbers = [book.numbers[check] for check in finding.checks if check in book.numbers]
    paths = dict.fromkeys(book.paths[number] for number in numbers if book.paths[number])
    rows = (
        ("Where", listed(finding.hosts, 8)),
        ("Seen", finding.evidence),
        ("Breaks", "; ".join(finding.breaks)),
        ("Users see", users_see(finding.errors)),
    )
    return PageFact(
        finding=finding,
        mark=SEVERITIES[finding.severity],
        rows=tuple((name, words) for name, words in rows if words),
        explanation=tuple(finding.explanation.splitlines()),
        fix=tuple(finding.fix.splitlines()),
        paths=tuple(paths)[:HOPS_TOLD],
        numbers=tuple(numbers) if finding.severity is not Severity.INFO else (),
        proofs=tuple(_proof(book.outcomes[number]) for number in numbers[:PROOFS]),
    )


def _proof(outcome: Outcome) -> tuple[str, str]:
    host = outcome.check.host.removesuffix(f".{outcome.check.forest}") or outcome.check.host
    return anchor(outcome.check), f"{outcome.check.service} {port_of(outcome)} {host}"


def _rows(digest: Digest, columns: Sequence[Column], keys: Sequence[RowKey]) -> Iterator[PageRow]:
    found = by_row(digest)
    for host, address in keys:
        by_column: dict[str, list[Outcome]] = {}
        for outcome in found.get((host, address), ()):
            by_column.setdefault(column_key(outcome.check), []).append(outcome)
        cells = (_cells(by_column.get(column.key, ()), column) for column in columns)
        yield PageRow(short(host, digest), shorten_middle(address or "no address", LONGEST_NAME), tuple(cells))


def _ordered(digest: Digest) -> tuple[RowKey, ...]:
    """As found; of many controllers, those in trouble first."""
    rows = digest.grid.rows
    return tuple(rows) if len(rows) <= ROWS_IN_FULL else tuple(sorted(rows, key=lambda key: rows[key].trouble))


def _cells(outcomes: Iterable[Outcome], column: Column) -> tuple[Cell, ...]:
    order = {name: place for place, name in enumerate(column.slots)}
    found = sorted(outcomes, key=lambda o: (order[o.check.name], o.check.port or 0))
    return tuple(Cell(verdict_of(o), VERDICTS[verdict_of(o)], words_of(o)) for o in found)


def _changed(report: Report, book: Book) -> tuple[Changed, ...] | None:
    if report.compared is None:
        return None
    outcomes = {outcome.check.id: outcome for outcome in report.outcomes}
    return tuple(_change(change, outcomes, book) for change in report.compared.changes)


def _change(change: Change, outcomes: Mapping[str, Outcome], book: Book) -> Changed:
    outcome = outcomes.get(change.check)
    name = change.check if outcome is None else f"{outcome.check.service} {port_of(outcome)} on {outcome.check.host}"
    number = book.numbers.get(change.check)
    where = "" if outcome is None else anchor(outcome.check)
    return Changed(number, where, name, was(change.before), was(change.after))
