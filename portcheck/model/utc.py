"""Moments as data keep them; people are shown the time on their wall (render.shared.times)."""

from __future__ import annotations

from datetime import datetime


def written(at: datetime, timespec: str = "seconds") -> str:
    """`2026-11-28T15:12:03Z` of a time in UTC: ISO 8601. `timespec` as `datetime.isoformat` takes it."""
    return at.isoformat(timespec=timespec).replace("+00:00", "Z")
