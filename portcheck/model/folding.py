"""Words that all rooms say alike: many names in few (`d100–d139 (40)`), how many of a thing, how a sentence begins."""

from __future__ import annotations

import re
from collections.abc import Iterable

NUMBERED = re.compile(r"([^.]*?)([0-9]{1,9})([^0-9.]*(?:\..*)?)", re.DOTALL)
"""A number in a name's first label: d100, f04.example."""
FOLDED_FROM = 3
MOST = 4


def folded(names: Iterable[str], most: int = MOST) -> str:
    """Neighbours in a row as a range with their number, the others by name; of too many parts the first, and a count.

    The order is the same whatever order the names come in.
    """
    parts = _parts(dict.fromkeys(names))
    shown = ", ".join(words for words, _ in parts[:most])
    left = sum(count for _, count in parts[most:])
    return f"{shown} and {left} more" if left else shown


def counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def capital(words: str) -> str:
    """As they stand at the beginning of a sentence."""
    return words[:1].upper() + words[1:]


def _parts(names: Iterable[str]) -> list[tuple[str, int]]:
    """Words and how many names they stand for, in natural order."""
    runs: list[list[str]] = []
    for name in sorted(names, key=_natural):
        if runs and _follows(runs[-1][-1], name):
            runs[-1].append(name)
        else:
            runs.append([name])
    parts: list[tuple[str, int]] = []
    for run in runs:
        if len(run) < FOLDED_FROM:
            parts += [(name, 1) for name in run]
        else:
            parts.append((f"{run[0]}–{run[-1]} ({len(run)})", len(run)))
    return parts


def _natural(name: str) -> tuple[str, str, int, str]:
    found = NUMBERED.fullmatch(name)
    return (found[1], found[3], int(found[2]), name) if found else (name, "", -1, name)


def _follows(before: str, name: str) -> bool:
    one, two = NUMBERED.fullmatch(before), NUMBERED.fullmatch(name)
    if one is None or two is None or (one[1], one[3]) != (two[1], two[3]):
        return False
    padded = one[2].startswith("0") or two[2].startswith("0")
    return int(two[2]) == int(one[2]) + 1 and (not padded or len(one[2]) == len(two[2]))
