"""One file = one output: a report to text. A renderer decides nothing, and is imported only when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from portcheck.model import Report
    from portcheck.render.shared.options import Options, Renderer


def late(module: str, name: str = "render") -> Callable[..., Any]:
    """That function of this module, which is imported when it is asked for."""

    def render(*arguments: object) -> Any:
        return getattr(import_module(module), name)(*arguments)

    return render


FORMATS: Mapping[str, Renderer] = {
    name: late(f"portcheck.render.report.{name}")
    for name in ("table", "json", "jsonl", "csv", "markdown", "html", "junit", "nagios", "prometheus")
}
"""`--format`: the name is the file's name."""

IN_PIECES: Mapping[str, Callable[[Report, Options], Iterator[str]]] = {
    name: late(f"portcheck.render.report.{name}", "pieces") for name in ("json", "jsonl")
}
"""Those of FORMATS that nobody needs to hold whole: a report of many checks is larger than all that is known of it."""
