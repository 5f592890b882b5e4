"""What a run did not ask, in words: since it has its bounds, or since a process that asked was lost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from portcheck.model import Facts
from portcheck.model.folding import counted


def left_out(too_many: Sequence[str], unusable: Sequence[str], checks: int, most: int) -> Facts:
    """`too_many`: what DNS gave beyond what makes sense; `checks`: how many were too many for one run of `most`."""
    told = [*too_many]
    if checks:
        told.append(f"{counted(checks, 'check')} beyond the {most} of one run (--max-checks)")
    return {key: value for key, value in {"left_out": told, "unusable_addresses": [*unusable]}.items() if value}


def lost(hosts: Mapping[str, int]) -> str | None:
    """How many hosts were not asked to the end, by the reason."""
    told = (f"of {counted(number, 'host')} not all was asked: {why}" for why, number in hosts.items())
    return "; ".join(told) or None
