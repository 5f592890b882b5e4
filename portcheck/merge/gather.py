"""Reports to one matrix: who each place is, which of its reports counts, and of each outcome what comparing needs.

What is kept of an outcome is little and mostly shared: a hundred places see the same two hundred controllers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from statistics import median

from portcheck.frozen import dataclass
from portcheck.merge.lean import LeanReader
from portcheck.merge.moments import is_ahead, moment
from portcheck.merge.points import CellKey, LeftOut, Merged, MergedCell, VantagePoint, key_of
from portcheck.model import DomainController, ForestReport, Lookup, Outcome, Report

TOLD = frozenset({"ok", "nxdomain", "nodata"})
"""What a resolver says of a name, as against that it says nothing."""
LONG_AGO = datetime.min.replace(tzinfo=UTC)
LONGEST_NAME = 64
UNNAMED = "unnamed"


@dataclass(frozen=True, slots=True)
class Sourced:
    """A report and where it was read."""

    report: Report
    source: str
    lean: bool = False  # what comparing does not need is gone already


def gathered(given: Iterable[Sourced | LeftOut], now: datetime | None = None) -> Merged:
    """Each place once, with the newest that it says of each forest; of a report little is kept. No findings yet.

    `now`: a report from beyond it is no newer than one that is not.
    """
    cells: dict[CellKey, MergedCell] = {}
    reader = LeanReader()
    left_out: list[LeftOut] = []
    reports: list[Sourced] = []
    for one in given:
        if isinstance(one, LeftOut):
            left_out.append(one)
        else:
            reports.append(replace(one, report=_lean_report(one, reader)))
    points = [_point(name, mine, cells) for name, mine in _by_place(reports, now).items()]
    return Merged(tuple(points), tuple(cells.values()), left_out=tuple(left_out))


def _by_place(reports: Iterable[Sourced], now: datetime | None) -> dict[str, list[Sourced]]:
    """By name, newest first. One name on addresses that have nothing in common is two machines, and told apart."""
    machines: list[tuple[str, set[str], list[Sourced]]] = []
    for one in sorted(reports, key=lambda one: _recency(one.report, now), reverse=True):
        called, own = _called(one.report.vantage.called), set(one.report.vantage.addresses)
        for name, addresses, mine in machines:
            if name == called and (not own or not addresses or own & addresses or not _overlap(one, mine)):
                mine.append(one)
                addresses |= own
                break
        else:
            machines.append((called, own, [one]))
    named: dict[str, list[Sourced]] = {}
    for name, addresses, mine in sorted(machines, key=lambda machine: machine[0]):
        alone = sum(other == name for other, _, _ in machines) == 1
        named[_unique(name if alone else f"{name} ({min(addresses, default='?')})", named)] = mine
    return named


def _recency(report: Report, now: datetime | None) -> tuple[bool, bool, datetime]:
    """The newest last: before all a report that names no time, then one from beyond `now`, whose clock was wrong."""
    at = moment(report.started)
    return at is not None, at is not None and not is_ahead(at, now), at or LONG_AGO


def _called(name: str) -> str:
    """A name that a line can hold: who wrote the file may have put anything there."""
    told = name.strip()
    return UNNAMED if not told else told if len(told) <= LONGEST_NAME else f"{told[: LONGEST_NAME - 1]}…"


def _overlap(one: Sourced, others: Sequence[Sourced]) -> bool:
    """Asked of the same forest: towards others a machine may use another of its addresses."""
    mine = {forest.name for forest in one.report.forests}
    return any(mine & {forest.name for forest in other.report.forests} for other in others)


def _unique(name: str, taken: Mapping[str, object]) -> str:
    number = 2
    while (found := name if number == 2 and name not in taken else f"{name} #{number}") in taken:
        number += 1
    return found


def _put(cells: dict[CellKey, MergedCell], name: str, outcome: Outcome) -> None:
    cell = cells.setdefault(key_of(outcome.check), MergedCell(outcome.check))
    if cell.check.port is None and outcome.check.port is not None:
        cell.check = outcome.check
    cell.seen[name] = outcome


def _point(name: str, mine: Sequence[Sourced], cells: dict[CellKey, MergedCell]) -> VantagePoint:
    newest = mine[0].report
    forests: dict[str, ForestReport] = {}
    findings = []
    clocks: dict[str, list[float]] = {}
    for one in mine:
        new = {forest.name: forest for forest in one.report.forests if forest.name not in forests}
        findings += [finding for finding in one.report.findings if finding.forest in new]
        for outcome in one.report.outcomes:
            if outcome.check.forest in new:
                _put(cells, name, outcome)
                _note_clock(clocks, outcome)
        forests |= new
    addresses = dict.fromkeys(address for one in mine for address in one.report.vantage.addresses)
    machine = replace(newest.vantage, addresses=tuple(addresses))
    return VantagePoint(
        name=name,
        machine=machine,
        started=newest.started,
        source=mine[0].source,
        tool_version=newest.tool_version,
        forests=tuple(forests.values()),
        findings=tuple(findings),
        clocks={address: median(skews) for address, skews in clocks.items()},
        interrupted=newest.interrupted,
    )


def _note_clock(clocks: dict[str, list[float]], outcome: Outcome) -> None:
    skew = outcome.facts.get("clock_skew_s")
    if isinstance(skew, int | float) and not isinstance(skew, bool) and outcome.check.address is not None:
        clocks.setdefault(outcome.check.address, []).append(float(skew))


def _lean_report(one: Sourced, reader: LeanReader) -> Report:
    report = one.report
    outcomes = report.outcomes if one.lean else tuple(map(reader.spare, report.outcomes))
    return replace(report, forests=tuple(map(_lean, report.forests)), outcomes=outcomes)


def _lean(forest: ForestReport) -> ForestReport:
    return replace(
        forest,
        domain_controllers=tuple(_lean_controller(dc) for dc in forest.domain_controllers),
        lookups=tuple(
            Lookup(q.name, q.record, q.server, q.status, q.answers) for q in forest.lookups if q.status in TOLD
        ),
        facts={name: value for name, value in forest.facts.items() if name == "kind"},
    )


def _lean_controller(dc: DomainController) -> DomainController:
    return replace(dc, facts={})
