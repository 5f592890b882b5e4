"""What the HTML page shows, ready for the template: forests, findings, cells; words and order, no markup."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from portcheck.model import Change, Finding, Lookup, Outcome, Report, Severity, State, Verdict
from portcheck.render.report.details import skip_words
from portcheck.render.report.evidence import controller_words
from portcheck.render.report.grids import ROWS_IN_FULL
from portcheck.render.report.html.cells import Book, Cell, CellHop, Detail, book
from portcheck.render.report.html.plots import Clocks, Latencies, clocks, latencies
from portcheck.render.shared import matrix
from portcheck.render.shared.digest import (
    Digest,
    Group,
    SilentHost,
    digests,
    groups,
    headline,
    silent_hosts,
    skipped,
)
from portcheck.render.shared.grid import Column, RowKey, column_key
from portcheck.render.shared.marks import SEVERITIES, VERDICTS, Mark
from portcheck.render.shared.text import listed, shorten_middle
from portcheck.render.shared.words import port_of

HOPS_TOLD = 3
LONGEST_NAME = 45  # an IPv6 address and a little


@dataclass(frozen=True, slots=True)
class Heading:
    name: str
    port: str
    parts: str  # what stands beside each other below it
    title: str


@dataclass(frozen=True, slots=True)
class PageRow:
    host: str
    short: str
    address: str
    about: str
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


@dataclass(frozen=True, slots=True)
class Forest:
    number: int
    digest: Digest
    mark: Mark
    words: str
    shares: tuple[tuple[Verdict, int, float, float], ...]  # verdict, count, start and width in percent
    findings: tuple[PageFact, ...]
    notes: tuple[PageFact, ...]
    headings: tuple[Heading, ...]
    rows: tuple[PageRow, ...]
    silent: tuple[SilentHost, ...]
    groups: tuple[Group, ...]
    left_out: tuple[str, ...]
    lookups: tuple[Lookup, ...]

    @property
    def name(self) -> str:
        return self.digest.forest.name


@dataclass(frozen=True, slots=True)
class Changed:
    """A check that is not as it was; number is None where it is not asked any more."""

    number: int | None
    name: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Page:
    report: Report
    mark: Mark
    headline: str
    forests: tuple[Forest, ...]
    findings: tuple[tuple[Forest, PageFact], ...]  # worst first
    changed: tuple[Changed, ...] | None
    states: tuple[State, ...]
    verdicts: tuple[tuple[Verdict, Mark], ...]
    profiles: tuple[str, ...]
    details: tuple[Detail, ...]
    clocks: Clocks | None
    latencies: tuple[tuple[Forest, Latencies], ...]


def page(report: Report) -> Page:
    known = book(report)
    forests = tuple(_forest(number, digest, known) for number, digest in enumerate(digests(report)))
    mark, words = _headline(forests)
    order = tuple(Severity)
    told = [(forest, one) for forest in forests for one in forest.findings]
    verdicts = {cell.verdict for cell in known.cells.values()}
    return Page(
        report=report,
        mark=mark,
        headline=words,
        forests=forests,
        findings=tuple(sorted(told, key=lambda pair: order.index(pair[1].finding.severity))),
        changed=_changed(report, known),
        states=tuple(state for state in State if any(o.state is state for o in report.outcomes)),
        verdicts=tuple((verdict, mark) for verdict, mark in VERDICTS.items() if verdict in verdicts),
        profiles=tuple(dict.fromkeys(name for o in report.outcomes for name in o.check.profiles)),
        details=known.details,
        clocks=clocks(report),
        latencies=tuple((f, drawn) for f in forests if (drawn := latencies(f.digest)) is not None),
    )


def _headline(forests: Sequence[Forest]) -> tuple[Mark, str]:
    """The worst forest's mark, and how many are not well."""
    good, warned = VERDICTS[Verdict.PASS], VERDICTS[Verdict.WARN]
    if not forests:
        return VERDICTS[Verdict.UNKNOWN], "Nothing was asked"
    if all(forest.mark is good for forest in forests):
        return good, f"{forests[0].name}: all well" if len(forests) == 1 else f"All {len(forests)} forests are well"
    order = (VERDICTS[Verdict.FAIL], VERDICTS[Verdict.UNKNOWN], warned)
    worst = next((mark for mark in order if any(forest.mark is mark for forest in forests)), forests[0].mark)
    if len(forests) == 1:
        return worst, f"{forests[0].name}: {forests[0].words}"
    ill = sum(forest.mark is worst for forest in forests)
    verb = "has" if ill == 1 else "have"
    what = {order[0]: f"{verb} faults", order[1]: "could not be told"}.get(worst, f"{verb} minor faults")
    return worst, f"{ill} of {len(forests)} forests {what}"


def _forest(number: int, digest: Digest, known: Book) -> Forest:
    mark, words = headline(digest)
    told = tuple(_told(finding, known) for finding in digest.findings)
    silent = silent_hosts(digest)
    columns = digest.grid.ordered_columns()
    return Forest(
        number=number,
        digest=digest,
        mark=mark,
        words=words,
        shares=tuple(_shares(digest)),
        findings=tuple(one for one in told if one.finding.severity is not Severity.INFO),
        notes=tuple(one for one in told if one.finding.severity is Severity.INFO),
        headings=tuple(_heading(column, digest) for column in columns),
        rows=tuple(_rows(digest, columns, known)),
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


def _told(finding: Finding, known: Book) -> PageFact:
    numbers = [known.numbers[check] for check in finding.checks if check in known.numbers]
    paths = dict.fromkeys(known.paths[number] for number in numbers if known.paths.get(number))
    rows = (
        ("Where", listed(finding.hosts, 8)),
        ("Seen", finding.evidence),
        ("Breaks", "; ".join(finding.breaks)),
        ("Users see", ", ".join(finding.errors)),
    )
    return PageFact(
        finding=finding,
        mark=SEVERITIES[finding.severity],
        rows=tuple((name, words) for name, words in rows if words),
        explanation=tuple(finding.explanation.splitlines()),
        fix=tuple(finding.fix.splitlines()),
        paths=tuple(paths)[:HOPS_TOLD],
        numbers=tuple(numbers) if finding.severity is not Severity.INFO else (),
    )


def _heading(column: Column, digest: Digest) -> Heading:
    name, port = matrix.heading(column, full=True)
    both = len(column.slots) > 1 and column.key != "rpc-*"
    parts = "tcp udp" if both else ""
    purposes = dict.fromkeys(o.check.purpose for o in digest.outcomes if column_key(o.check) == column.key)
    return Heading(name, port, parts, ", ".join(filter(None, purposes)))


def _rows(digest: Digest, columns: Sequence[Column], known: Book) -> Iterator[PageRow]:
    by_place: dict[tuple[RowKey, str], list[Outcome]] = {}
    for outcome in digest.outcomes:
        place = (outcome.check.host, outcome.check.address), column_key(outcome.check)
        by_place.setdefault(place, []).append(outcome)
    about = {(dc.host, dc.address): controller_words(dc).partition(": ")[2] for dc in digest.forest.domain_controllers}
    for key in _ordered(digest):
        cells = (_cells(by_place.get((key, column.key), ()), column, known) for column in columns)
        host, address = key
        short = host.removesuffix(f".{digest.forest.name}") or host
        where = shorten_middle(address or "no address", LONGEST_NAME)
        yield PageRow(host, shorten_middle(short, LONGEST_NAME), where, about.get(key, host), tuple(cells))


def _ordered(digest: Digest) -> list[RowKey]:
    """As found; of many controllers, those in trouble first."""
    rows = digest.grid.rows
    return list(rows) if len(rows) <= ROWS_IN_FULL else sorted(rows, key=lambda key: rows[key].trouble)


def _cells(outcomes: Iterable[Outcome], column: Column, known: Book) -> tuple[Cell, ...]:
    order = {name: place for place, name in enumerate(column.slots)}
    found = sorted(outcomes, key=lambda o: (order[o.check.name], o.check.port or 0))
    return tuple(known.cells[id(outcome)] for outcome in found)


def _changed(report: Report, known: Book) -> tuple[Changed, ...] | None:
    if report.compared is None:
        return None
    outcomes = {outcome.check.id: outcome for outcome in report.outcomes}
    return tuple(_change(change, outcomes, known) for change in report.compared.changes)


def _change(change: Change, outcomes: Mapping[str, Outcome], known: Book) -> Changed:
    outcome = outcomes.get(change.check)
    name = change.check if outcome is None else f"{outcome.check.service} {port_of(outcome)} on {outcome.check.host}"
    return Changed(known.numbers.get(change.check), name, was(change.before), was(change.after))


def was(state: State | None) -> str:
    return "not asked" if state is None else state.value
