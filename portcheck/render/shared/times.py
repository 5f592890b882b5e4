"""Moments for people: the time on the wall of whoever reads, with its offset. Data keep UTC."""

from __future__ import annotations

from datetime import UTC, datetime


def local(moment: str, *, seconds: bool = False) -> str:
    """`2026-11-28 15:12 +01:00` of an ISO 8601 time; a text that is none as it is."""
    at = wall(moment)
    if at is None:
        return moment
    return f"{at:%Y-%m-%d %H:%M:%S} {offset(at)}" if seconds else f"{at:%Y-%m-%d %H:%M} {offset(at)}"


def clock(moment: str) -> str:
    """`15:12:03 +01:00`"""
    at = wall(moment)
    return moment if at is None else f"{at:%H:%M:%S} {offset(at)}"


def wall(moment: str) -> datetime | None:
    """In this machine's zone; what names no zone is UTC."""
    try:
        found = datetime.fromisoformat(moment)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone()
    except (ValueError, OverflowError, OSError):
        return None


def offset(at: datetime) -> str:
    """`+01:00`"""
    return at.isoformat()[-6:] if at.utcoffset() is not None else ""
