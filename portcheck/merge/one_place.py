"""A merged report as plain ones again: one place's, for the change request; or all as one, for `diff` and `history`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from portcheck.exitcodes import NOT_AS_EXPECTED, OK
from portcheck.merge.points import Merged, VantagePoint
from portcheck.model import Finding, ForestReport, Outcome, Report, Vantage, Verdict

FROM = " from "
"""`alpha.test from branch`: a forest as one place sees it."""


def report_of(merged: Merged, name: str) -> Report:
    """What this place told, without evidence. KeyError where there is none of the name."""
    point = {point.name: point for point in merged.points}[name]
    outcomes = tuple(cell.seen[name] for cell in merged.cells if name in cell.seen)
    return Report(
        started=point.started,
        duration_s=0.0,
        vantage=replace(point.machine, name=name),
        forests=point.forests,
        outcomes=outcomes,
        findings=point.findings,
        exit_code=_code(outcomes),
        tool_version=point.tool_version,
        interrupted=point.interrupted,
    )


def as_one(merged: Merged) -> Report:
    """All places in one report, each forest once for each place; the findings that compare come first."""
    names = ", ".join(merged.names)
    return Report(
        started=max((point.started for point in merged.points), default=""),
        duration_s=0.0,
        vantage=Vantage(host="merged", platform="merged", name=names[:60]),
        forests=tuple(_forest(point, forest) for point in merged.points for forest in point.forests),
        outcomes=tuple(_outcome(name, o) for cell in merged.cells for name, o in cell.seen.items()),
        findings=tuple(_findings(merged)),
        exit_code=_code(o for cell in merged.cells for o in cell.seen.values()),
        tool_version=max((point.tool_version for point in merged.points), default=""),
    )


def _code(outcomes: Iterable[Outcome]) -> int:
    return NOT_AS_EXPECTED if any(o.verdict is Verdict.FAIL for o in outcomes) else OK


def _seen_from(forest: str, place: str) -> str:
    return f"{forest}{FROM}{place.replace('/', '_')}"


def _forest(point: VantagePoint, forest: ForestReport) -> ForestReport:
    return replace(forest, name=_seen_from(forest.name, point.name), lookups=())


def _outcome(place: str, outcome: Outcome) -> Outcome:
    return replace(outcome, check=replace(outcome.check, forest=_seen_from(outcome.check.forest, place)))


def _findings(merged: Merged) -> Iterator[Finding]:
    """Those that compare stand under the first place that has their forest."""
    first = {f.name: _seen_from(f.name, p.name) for p in reversed(merged.points) for f in p.forests}
    yield from (replace(f, forest=first.get(f.forest, f.forest), checks=()) for f in merged.findings)
    for point in merged.points:
        for finding in point.findings:
            yield replace(finding, forest=_seen_from(finding.forest, point.name), checks=_ids(finding, point.name))


def _ids(finding: Finding, place: str) -> tuple[str, ...]:
    parts = (check.partition("/") for check in finding.checks)
    return tuple(f"{_seen_from(forest, place)}/{rest}" for forest, _, rest in parts)
