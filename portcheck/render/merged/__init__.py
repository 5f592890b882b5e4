"""A merged report as text: one file = one format, imported only when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from portcheck.render import late

if TYPE_CHECKING:
    from portcheck.merge.points import Merged
    from portcheck.render.shared.options import Options

MergedRenderer = Callable[["Merged", "Options"], str]


FORMATS: Mapping[str, MergedRenderer] = {
    name: late(f"portcheck.render.merged.{name}") for name in ("table", "json", "csv", "markdown", "html", "prometheus")
}
"""`--format` of `portcheck merge`: the name is the file's name."""
