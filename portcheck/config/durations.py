"""Durations as people write them: `4s`, `250ms`, `1m30s`, `15m`, or plain seconds."""

from __future__ import annotations

import re

from portcheck.config.words import ConfigError, shown

UNITS_MS = {"d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1000, "ms": 1}
"""Largest first: the order in which they may be written."""

SHORTEST_S = 0.001
LONGEST_S = 31 * 86_400.0
LONGEST_TEXT = 40

WRITTEN = re.compile("".join(rf"(?:([0-9]+(?:\.[0-9]+)?){unit})?" for unit in UNITS_MS))
PLAIN = re.compile(r"[0-9]+(?:\.[0-9]+)?")


def parse_duration(value: object) -> float:
    """Seconds, between a millisecond and 31 days; a plain number is seconds. Raises ConfigError."""
    seconds = _seconds(value)
    if seconds is None:
        raise ConfigError(f"{shown(value)} is not a duration; write it like 4s, 250ms or 1m30s")
    if not SHORTEST_S <= seconds <= LONGEST_S:  # also false for nan
        raise ConfigError(f"{shown(value)} is out of range; a duration is between 1ms and 31d")
    return float(seconds)


def _seconds(value: object) -> float | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return value
    if not isinstance(value, str) or len(value) > LONGEST_TEXT:
        return None
    text = value.strip().lower()
    if PLAIN.fullmatch(text):
        return float(text)
    written = WRITTEN.fullmatch(text)
    if not text or written is None:
        return None
    parts = zip(written.groups(), UNITS_MS.values(), strict=True)
    return sum(float(number) * ms for number, ms in parts if number is not None) / 1000


def format_duration(seconds: float) -> str:
    """The shortest spelling that `parse_duration` reads back, to the millisecond."""
    rest = round(seconds * 1000)
    words = []
    for unit, ms in UNITS_MS.items():
        count, rest = divmod(rest, ms)
        if count:
            words.append(f"{count}{unit}")
    return "".join(words) or "0s"
