"""A digest of the history as text: one file = one format."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from portcheck.history.digest import PlanDigest

DigestRenderer = Callable[["Sequence[PlanDigest]", str], str]


def _late(name: str) -> DigestRenderer:
    def render(plans: Sequence[PlanDigest], period: str) -> str:
        renderer: DigestRenderer = import_module(f"portcheck.render.digest.{name}").render
        return renderer(plans, period)

    return render


FORMATS: Mapping[str, DigestRenderer] = {name: _late(name) for name in ("markdown", "html")}
"""`--format` of `portcheck history --digest`."""
