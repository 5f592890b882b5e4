"""The report as one JSON document (contract: `portcheck.report/1`)."""

from __future__ import annotations

from collections.abc import Iterator

from portcheck.model import Report
from portcheck.render.shared.options import Options
from portcheck.report import held


def render(report: Report, _options: Options) -> str:
    return "".join(held.pieces(report))


def pieces(report: Report, _options: Options) -> Iterator[str]:
    return held.pieces(report)
