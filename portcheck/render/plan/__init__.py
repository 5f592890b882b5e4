"""A forecast as text: one file = one format, imported only when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from portcheck.render import late

if TYPE_CHECKING:
    from portcheck.plan.line import Forecast
    from portcheck.render.shared.options import Options

Renderer = Callable[["Forecast", "Options"], str]


FORMATS: Mapping[str, Renderer] = {
    name: late(f"portcheck.render.plan.{name}") for name in ("table", "json", "csv", "markdown")
}
"""`--format` of `portcheck plan`: the name is the file's name."""
