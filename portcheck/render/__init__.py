"""One file = one output: a report to text. A renderer decides nothing, and is imported only when it is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from portcheck.model import Report
    from portcheck.render.shared.options import Options, Renderer


def _late(name: str) -> Renderer:
    def render(report: Report, options: Options) -> str:
        renderer: Renderer = import_module(f"portcheck.render.report.{name}").render
        return renderer(report, options)

    return render


FORMATS: Mapping[str, Renderer] = {
    name: _late(name) for name in ("table", "json", "jsonl", "csv", "markdown", "html", "junit", "nagios", "prometheus")
}
"""`--format`: the name is the file's name."""
