"""A report's document made once for all who want it: the history, and whoever reads the output."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from portcheck.model import Report
from portcheck.report import to_json

MOST_HELD = 10_000
"""Checks of a report whose document is held: some 12 MB."""
_held: dict[int, list[str]] = {}  # the pieces, by the report's identity


@contextmanager
def made_once(report: Report) -> Iterator[None]:
    """Within it the document is held from the first time on; a long one is made anew each time."""
    if len(report.outcomes) <= MOST_HELD:
        _held[id(report)] = []
    try:
        yield
    finally:
        _held.pop(id(report), None)


def pieces(report: Report) -> Iterator[str]:
    """As `to_json.pieces`."""
    held = _held.get(id(report))
    if held is None:
        return to_json.pieces(report)
    if not held:
        held.extend(to_json.pieces(report))
    return iter(held)
