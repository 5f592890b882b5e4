"""A forecast as text: one file = one format, imported only when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from portcheck.plan.line import Forecast
    from portcheck.render.shared.options import Options

Renderer = Callable[["Forecast", "Options"], str]


def _late(name: str) -> Renderer:
    def render(forecast: Forecast, options: Options) -> str:
        renderer: Renderer = import_module(f"portcheck.render.plan.{name}").render
        return renderer(forecast, options)

    return render


FORMATS: Mapping[str, Renderer] = {name: _late(name) for name in ("table", "json", "csv", "markdown")}
"""`--format` of `portcheck plan`: the name is the file's name."""
