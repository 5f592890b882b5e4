"""Threshold ranges of the Monitoring Plugins guidelines: `10`, `10:`, `~:10`, `10:20`, `@10:20`."""

from __future__ import annotations

import re

NUMBER = r"-?[0-9]{1,12}(?:\.[0-9]{1,6})?"
RANGE = re.compile(rf"(?P<inside>@)?(?:(?P<low>{NUMBER}|~)?:)?(?P<high>{NUMBER})?")


class RangeError(Exception):
    """What was given is no range; one line for the user."""


def is_range(text: str) -> bool:
    return bool(text.strip("@")) and RANGE.fullmatch(text) is not None


def alerts(value: float, text: str) -> bool:
    """Outside of the range, or with `@` within it, ends included. `10` is 0 to 10."""
    found = RANGE.fullmatch(text)
    if found is None:
        raise RangeError(f"{text!r} is no range")
    low = float("-inf") if found["low"] == "~" else float(found["low"] or 0)
    high = float("inf") if found["high"] is None else float(found["high"])
    return (low <= value <= high) is bool(found["inside"])
