"""A digest of the history as text: one file = one format."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from portcheck.render import late

if TYPE_CHECKING:
    from portcheck.history.digest import PlanDigest

DigestRenderer = Callable[["Sequence[PlanDigest]", str], str]


FORMATS: Mapping[str, DigestRenderer] = {name: late(f"portcheck.render.digest.{name}") for name in ("markdown", "html")}
"""`--format` of `portcheck history --digest`; each takes the words for its time: `the last 7d`."""
