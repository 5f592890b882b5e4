"""A merged report to JSON and back (contract: `portcheck.merged/1`)."""

from __future__ import annotations

from collections.abc import Iterator

from portcheck import __version__
from portcheck.merge.points import LeftOut, Merged, MergedCell, VantagePoint, key_of
from portcheck.model import Outcome, Report, State, Verdict
from portcheck.report import to_json as report_json
from portcheck.report.from_json import read_finding, read_outcome, read_report
from portcheck.report.json_object import JsonObject, ReadingError
from portcheck.report.to_json import Json, StoreError

SCHEMA = "portcheck.merged/1"
OF_CHECK = (
    *("forest", "host", "address", "domain", "service", "transport", "port", "required", "need", "expected"),
    *("purpose", "operations", "profiles", "why", "source"),
)
OF_SIGHT = ("port", "reason", "stage", "attempts", "answers", "latency_ms", "elapsed_ms", "facts", "blocked_at")


def to_json(merged: Merged) -> Json:
    return {
        "schema": SCHEMA,
        "tool": {"name": "portcheck", "version": __version__},
        "vantages": [_point(point) for point in merged.points],
        "cells": [_cell(cell) for cell in merged.cells],
        "findings": [report_json.finding_to_json(finding) for finding in merged.findings],
        "left_out": [{"source": one.source, "why": one.why} for one in merged.left_out],
    }


def _point(point: VantagePoint) -> Json:
    whole = report_json.to_json(
        Report(point.started, 0.0, point.machine, point.forests, (), point.findings, tool_version=point.tool_version)
    )
    return {
        "name": point.name,
        "host": point.machine.host,
        "platform": point.machine.platform,
        "addresses": list(point.machine.addresses),
        "limits": list(point.machine.limits),
        "started": point.started,
        "report": point.source,
        "version": point.tool_version,
        "interrupted": point.interrupted,
        "forests": whole["forests"],
        "findings": whole["findings"],
    }


def _cell(cell: MergedCell) -> Json:
    whole = report_json.check_to_json(Outcome(cell.check, State.SKIPPED, ""))
    of_check = {name: whole[name] for name in OF_CHECK}
    return {
        **of_check,
        "states": {name: outcome.state.value for name, outcome in cell.seen.items()},
        "verdicts": {name: outcome.verdict.value for name, outcome in cell.seen.items()},
        "seen": {name: sight for name, outcome in cell.seen.items() if (sight := _sight(outcome, cell))},
    }


def _sight(outcome: Outcome, cell: MergedCell) -> Json:
    """What is told beside state and verdict; nothing where all is well."""
    if not outcome.reason and not outcome.facts and outcome.check.port == cell.check.port:
        return {}
    whole = report_json.check_to_json(outcome)
    return {name: whole[name] for name in OF_SIGHT if whole[name] not in (None, "", {}, 0, 0.0)}


def is_merged(document: object) -> bool:
    named = document.get("schema") if isinstance(document, dict) else None
    return isinstance(named, str) and named.startswith("portcheck.merged/")


def from_json(document: object) -> Merged:
    """Raises StoreError where the document is no merged report, with the place that is wrong."""
    try:
        root = JsonObject.of(document, "merged")
        report_json.require_known_schema(root, SCHEMA)
        return _read(root)
    except ReadingError as error:
        raise StoreError(f"not a merged report: {error}") from None


def _read(root: JsonObject) -> Merged:
    points = tuple(_read_point(place) for place in root.places("vantages"))
    names = {point.name for point in points}
    if not points:
        raise ReadingError(f"{root.where}.vantages: names no place")
    if len(names) < len(points):
        raise ReadingError(f"{root.where}.vantages: a name is given twice")
    cells = {key_of(cell.check): cell for cell in (_read_cell(place, names) for place in root.places("cells"))}
    return Merged(
        points=points,
        cells=tuple(cells.values()),
        findings=tuple(read_finding(place) for place in root.places("findings")),
        left_out=tuple(LeftOut(place.text("source"), place.text("why", "")) for place in root.places("left_out")),
    )


def _read_point(place: JsonObject) -> VantagePoint:
    whole = {
        "started": place.text("started"),
        "duration_s": 0.0,
        "vantage": {"platform": "", **place.values, "name": None},
        "forests": place.values.get("forests"),
        "findings": place.values.get("findings"),
    }
    report = read_report(JsonObject(place.where, whole))
    return VantagePoint(
        name=place.text("name"),
        machine=report.vantage,
        started=report.started,
        source=place.text("report", ""),
        tool_version=place.text("version", ""),
        forests=report.forests,
        findings=report.findings,
        interrupted=place.flag("interrupted", default=False),
    )


def _read_cell(place: JsonObject, names: set[str]) -> MergedCell:
    cell = MergedCell(read_outcome(_with(place, {"state": "skipped", "reason": ""})).check)
    states, verdicts = (JsonObject.of(place.values.get(key), f"{place.where}.{key}") for key in ("states", "verdicts"))
    seen = place.maybe_place("seen")
    alike: dict[tuple[State, Verdict], Outcome] = {}
    for name in states.values:
        if name not in names:
            raise ReadingError(f"{states.where}: {name[:40]!r} is none of the vantages")
        state, verdict = states.word(name, State), verdicts.word(name, Verdict, Verdict.UNKNOWN)
        sight = seen.maybe_place(name) if seen is not None else None
        if sight is None:
            cell.seen[name] = alike.setdefault((state, verdict), Outcome(cell.check, state, "", verdict))
        else:
            told = {"reason": "", **dict(_known(sight)), "state": state, "verdict": verdict}
            cell.seen[name] = read_outcome(_with(place, told))
    return cell


def _known(sight: JsonObject) -> Iterator[tuple[str, object]]:
    return ((name, value) for name, value in sight.values.items() if name in OF_SIGHT)


def _with(place: JsonObject, more: Json) -> JsonObject:
    return JsonObject(place.where, {**place.values, **more})
