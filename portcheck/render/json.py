"""The report as one JSON document (contract: `portcheck.report/1`)."""

from __future__ import annotations

from portcheck import store
from portcheck.model import Report
from portcheck.render.options import Options


def render(report: Report, _options: Options) -> str:
    return store.dumps(store.to_json(report))
