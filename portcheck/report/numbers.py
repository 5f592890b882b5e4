"""JSON as it is decoded here: no number that a report can hold is beyond what can be reckoned with."""

from __future__ import annotations

import json
import math
from typing import NoReturn

MOST_DIGITS = 300
"""More of them are beyond the largest float."""


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _whole(digits: str) -> int:
    if len(digits) > MOST_DIGITS:
        raise ValueError(f"a number of {len(digits)} digits")
    return int(digits)


def _real(number: str) -> float:
    value = float(number)
    if not math.isfinite(value):
        raise ValueError("a number that is too large")
    return value


decode = json.JSONDecoder(parse_constant=_no_constant, parse_int=_whole, parse_float=_real).decode
"""Raises ValueError and RecursionError."""
