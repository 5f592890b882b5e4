"""Reads the facts of an outcome: a saved run may hold anything under a key, and what does not fit was not told."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import UTC, datetime

from portcheck.model import Facts, Outcome

LONGEST = 120


def median(numbers: Iterable[float]) -> float:
    """Of at least one; the standard library's takes longer to load than all rules together."""
    ranked = sorted(numbers)
    return (ranked[(len(ranked) - 1) // 2] + ranked[len(ranked) // 2]) / 2


def text(outcome: Outcome, key: str) -> str | None:
    """Made printable and short: the other side chose these bytes."""
    value = outcome.facts.get(key)
    return printable(value) if isinstance(value, str) and value else None


def texts(outcome: Outcome, key: str) -> tuple[str, ...]:
    return texts_in(outcome.facts, key)


def texts_in(facts: Facts, key: str) -> tuple[str, ...]:
    """As `texts`, of a forest's facts."""
    value = facts.get(key)
    if not isinstance(value, list | tuple):
        return ()
    return tuple(printable(entry) for entry in value if isinstance(entry, str))


def number(outcome: Outcome, key: str) -> float | None:
    value = outcome.facts.get(key)
    if value is None or isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if abs(value) < 1e12 and math.isfinite(value) else None


def flag(outcome: Outcome, key: str) -> bool | None:
    value = outcome.facts.get(key)
    return value if isinstance(value, bool) else None


def moment(value: object) -> datetime | None:
    """UTC from ISO 8601."""
    if not isinstance(value, str):
        return None
    try:
        when = datetime.fromisoformat(value)
        return when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def name(value: str | None) -> str:
    """A DNS name as it is compared: lower case, no trailing dot."""
    return (value or "").strip().rstrip(".").lower()


def printable(value: str) -> str:
    if len(value) <= LONGEST and value.isprintable():
        return value
    shown = "".join(c if c.isprintable() else "?" for c in value[: LONGEST + 1])
    return shown if len(shown) <= LONGEST else shown[: LONGEST - 1] + "…"
