"""The forecast for programs: `portcheck.plan/1`."""

from __future__ import annotations

import json

from portcheck import __version__
from portcheck.plan.line import Cost, Forecast, ForecastLine
from portcheck.render.plan.words import COUNTED, Sums, sums
from portcheck.render.shared.options import Options

SCHEMA = "portcheck.plan/1"
Json = dict[str, object]


def render(forecast: Forecast, _: Options) -> str:
    return json.dumps(as_json(forecast), indent=2) + "\n"


def as_json(forecast: Forecast) -> Json:
    return {
        "schema": SCHEMA,
        "tool": {"name": "portcheck", "version": __version__},
        "counted": COUNTED,
        "totals": _sums(sums(forecast.known)),
        "totals_each_further_controller": _sums(sums(forecast.each)) if forecast.each else None,
        "notes": list(forecast.notes),
        "lines": [_line(line) for line in forecast.lines],
    }


def _sums(sums: Sums) -> Json:
    return {"answered": _cost(sums.answered), "silent": _cost(sums.silent), "at_most": _cost(sums.at_most)}


def _cost(cost: Cost) -> Json:
    return {"packets": cost.packets, "bytes": cost.bytes, "connections": cost.connections}


def _line(line: ForecastLine) -> Json:
    return {
        "kind": line.kind.value,
        "forest": line.forest,
        "host": line.host,
        "address": line.address,
        "each_controller": line.each,
        "service": line.service,
        "transport": line.transport,
        "port": line.port,
        "need": line.need or None,
        "purpose": line.purpose,
        "operations": list(line.operations),
        "source": line.document or None,
        "when": line.when or None,
        "questions": [{"what": question.what, "bytes": question.size} for question in line.questions],
        "answered": _cost(line.answered),
        "silent": _cost(line.silent),
        "at_most": _cost(line.at_most),
    }
