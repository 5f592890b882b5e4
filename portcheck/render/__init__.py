"""One file = one output: a report to text. A renderer decides nothing, and is imported only when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from portcheck.render.shared.options import Renderer


def late(module: str) -> Callable[..., Any]:
    """`render` of this module, which is imported when it is asked for."""

    def render(*arguments: object) -> Any:
        return import_module(module).render(*arguments)

    return render


FORMATS: Mapping[str, Renderer] = {
    name: late(f"portcheck.render.report.{name}")
    for name in ("table", "json", "jsonl", "csv", "markdown", "html", "junit", "nagios", "prometheus")
}
"""`--format`: the name is the file's name."""
