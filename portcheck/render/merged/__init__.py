"""A merged report as text: one file = one format, imported only when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from portcheck.merge.points import Merged
    from portcheck.render.shared.options import Options

MergedRenderer = Callable[["Merged", "Options"], str]


def _late(name: str) -> MergedRenderer:
    def render(merged: Merged, options: Options) -> str:
        renderer: MergedRenderer = import_module(f"portcheck.render.merged.{name}").render
        return renderer(merged, options)

    return render


FORMATS: Mapping[str, MergedRenderer] = {
    name: _late(name) for name in ("table", "json", "csv", "markdown", "html", "prometheus")
}
"""`--format` of `portcheck merge`: the name is the file's name."""
