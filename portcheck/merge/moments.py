"""When a report was made, as its own clock said; and whether that clock can have been right."""

from __future__ import annotations

from datetime import datetime, timedelta

AHEAD = timedelta(minutes=5)
"""As much may two clocks differ that are not called wrong: what Kerberos forgives."""


def moment(told: str) -> datetime | None:
    """A report's time; None where it names none that has a zone."""
    try:
        found = datetime.fromisoformat(told)
        return found if found.tzinfo and found.utcoffset() is not None else None
    except ValueError:
        return None


def is_ahead(at: datetime, now: datetime | None) -> bool:
    """No report is made after it is read."""
    return now is not None and at - now > AHEAD
