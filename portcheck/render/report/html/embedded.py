"""Every check once, as the page's script reads it: tables of what repeats, and a short row for each check.

The script draws the cells from this when a forest is opened, so that 1,200 controllers are one small page.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from urllib.parse import quote

from portcheck.catalogue.own_words import own
from portcheck.frozen import dataclass
from portcheck.model import Change, Check, Finding, Outcome, Report, State, Verdict
from portcheck.render.report.evidence import controller_words
from portcheck.render.report.html.evidence import MENDED, details
from portcheck.render.report.html.hops import CellHop
from portcheck.render.shared import matrix
from portcheck.render.shared.digest import Digest
from portcheck.render.shared.grid import Column, RowKey, cell_of, column_key
from portcheck.render.shared.marks import VERDICTS
from portcheck.render.shared.text import printable, shorten, shorten_middle
from portcheck.render.shared.words import port_of, seen

LONGEST_SEEN = 600
LONGEST_SEEN_WELL = 120
LONGEST_NAME = 45  # an IPv6 address and a little
LENGTH_OF_ONE = 24  # characters of a check's row
ORDER = tuple(VERDICTS)
STATES = tuple(State)


Shown = Sequence[tuple[Digest, Sequence[RowKey]]]
"""The forests, and the rows of each in the order in which they are shown."""
Anchored = tuple[str, Finding, Sequence[int]]
"""A finding, where it stands on the page, and the numbers of its checks."""
Paths = Mapping[int, tuple[CellHop, ...]]
PageKey = tuple[int, str, str | None]  # forest's number, host, address
Kind = tuple[str | int | None, ...]


@dataclass(frozen=True, slots=True)
class Heading:
    name: str
    port: str
    parts: str  # what stands beside each other below it
    title: str


@dataclass(slots=True)
class Tables:
    """What repeats, each told once and then known by its number."""

    rows: dict[PageKey, int] = field(default_factory=dict)
    kinds: dict[Kind, int] = field(default_factory=dict)
    strings: dict[str, int] = field(default_factory=dict)


def embedded(report: Report, shown: Shown, findings: Sequence[Anchored], paths: Paths) -> dict[str, object]:
    """Bounded by its caller's rows and by the room that evidence has; the order of `checks` is the report's."""
    tables = Tables({(n, *key): 0 for n, (_, keys) in enumerate(shown) for key in keys})
    tables.rows = {key: number for number, key in enumerate(tables.rows)}
    checks = _checks(report.outcomes, shown, tables)
    known = [_about(digest) for digest, _ in shown]
    changes = {change.check: change for change in report.compared.changes} if report.compared else {}
    return {
        "verdicts": [[verdict.value, mark.sign, mark.word] for verdict, mark in VERDICTS.items()],
        "states": [[state.value, _means(state)] for state in STATES],
        "forests": [_forest(digest) for digest, _ in shown],
        "rows": [_row(row, shown, known) for row in tables.rows],
        "kinds": [printed(kind) for kind in tables.kinds],
        "strings": printed(tables.strings),
        "checks": checks,
        "changed": {str(n): _was(changes[o.check.id]) for n, o in enumerate(report.outcomes) if o.check.id in changes},
        "findings": [[anchor, printable(one.title), list(numbers)] for anchor, one, numbers in findings],
        "details": details(report.outcomes, paths, sum(map(len, tables.strings)) + LENGTH_OF_ONE * len(checks)),
    }


def _checks(outcomes: Sequence[Outcome], shown: Shown, tables: Tables) -> list[list[object]]:
    """Row, column, kind, verdict, state, what was seen, and in how many milliseconds if it answered."""
    places = {digest.forest.name: number for number, (digest, _) in enumerate(shown)}
    columns = [{c.key: n for n, c in enumerate(digest.grid.ordered_columns())} for digest, _ in shown]
    found = []
    for outcome in outcomes:
        check = outcome.check
        forest = places.get(check.forest, -1)
        row = tables.rows.get((forest, check.host, check.address), -1)
        column = columns[forest].get(column_key(check), -1) if forest >= 0 else -1
        kind = _kind(check)
        found.append([row, column, tables.kinds.setdefault(kind, len(tables.kinds)), *_seen(outcome, tables.strings)])
    return found


def _forest(digest: Digest) -> dict[str, object]:
    columns = [printed((one.name, one.port, one.parts, one.title)) for one in headings(digest)]
    return {"name": printable(digest.forest.name), "columns": columns}


def _kind(check: Check) -> Kind:
    """What checks of the same service share."""
    why = f"{check.why} ({check.source})" if check.why and check.source else check.why
    need = f"{check.need}, expected {check.expected}"
    told = (check.purpose, need, ", ".join(check.operations), why)
    return (check.service, check.transport, check.port, *told, *check.profiles)


def _seen(outcome: Outcome, strings: dict[str, int]) -> list[object]:
    verdict = verdict_of(outcome)
    longest = LONGEST_SEEN_WELL if verdict in MENDED else LONGEST_SEEN
    words = shorten(seen(outcome), longest)
    number = strings.setdefault(words, len(strings))
    found: list[object] = [ORDER.index(verdict), STATES.index(outcome.state), number]
    return found if outcome.latency_ms is None else [*found, round(outcome.latency_ms, 1)]


def verdict_of(outcome: Outcome) -> Verdict:
    found = cell_of(outcome)
    assert isinstance(found, Verdict)
    return found


def _row(row: PageKey, shown: Shown, known: Sequence[dict[RowKey, str]]) -> list[object]:
    """Forest, host, address, the host within its forest, and what it is known to be."""
    forest, host, address = row
    told = known[forest].get((host, address), "")
    return [forest, printable(host), printable(address or ""), short(host, shown[forest][0]), printable(told)]


def short(host: str, digest: Digest) -> str:
    return shorten_middle(host.removesuffix(f".{digest.forest.name}") or host, LONGEST_NAME)


def anchor(check: Check) -> str:
    """What stands after the # of a link to a check: its id, so that the link holds for the next run's page too."""
    return f"check={quote(printable(check.id), safe='/:')}"


def words_of(outcome: Outcome) -> str:
    return f"{outcome.check.service} {port_of(outcome)}: {VERDICTS[verdict_of(outcome)].word}, {outcome.state}"


def headings(digest: Digest) -> tuple[Heading, ...]:
    purposes: dict[str, dict[str, None]] = {}
    for outcome in digest.outcomes:
        purposes.setdefault(column_key(outcome.check), {})[outcome.check.purpose] = None
    return tuple(_heading(column, purposes.get(column.key, ())) for column in digest.grid.ordered_columns())


def _heading(column: Column, purposes: Iterable[str]) -> Heading:
    name, port = matrix.heading(column, full=True)
    parts = "tcp udp" if len(column.slots) > 1 and column.key != "rpc-*" else ""
    return Heading(name, port, parts, ", ".join(filter(None, purposes)))


def _means(state: State) -> str:
    return next((word.means for word in own(state.value) if word.kind == "state"), "")


def _was(change: Change) -> str:
    return f"changed: was {was(change.before)}"


def was(state: State | None) -> str:
    return "not asked" if state is None else state.value


def printed(values: Iterable[str | int | None]) -> list[str | int | None]:
    return [printable(value) if isinstance(value, str) else value for value in values]


def _about(digest: Digest) -> dict[RowKey, str]:
    """What each controller is known to be."""
    controllers = digest.forest.domain_controllers
    return {(dc.host, dc.address): controller_words(dc).partition(": ")[2] for dc in controllers}
