"""Which letters a pattern cannot do without: looking for them costs less than compiling the pattern.

Used where the table is made. The parser of regular expressions is Python's own and not public: without it, or where it
is not as expected, a pattern has no needles and is always tried.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from re import _parser  # type: ignore[attr-defined]
from typing import Any

SHORTEST = 2


def needles(pattern: str) -> list[str]:
    """Of these at least one stands in every text that the pattern finds; empty: nothing is known."""
    try:
        return sorted(_of_sequence(list(_parser.parse(pattern))))
    except (ImportError, AttributeError, TypeError, ValueError):
        return []


def _of_sequence(items: Sequence[Any]) -> set[str]:
    """Its longest run of letters, or what one of its parts needs: whichever says most."""
    found = [{run} for run in _runs(items) if len(run) >= SHORTEST]
    found += [needed for item in items if (needed := _of_item(*item))]
    return max(found, key=lambda needed: (min(map(len, needed)), -len(needed)), default=set())


def _runs(items: Iterable[Any]) -> list[str]:
    runs = [""]
    for operation, argument in items:
        if str(operation) == "LITERAL":
            runs[-1] += chr(argument)
        elif str(operation) != "AT":
            runs.append("")
    return runs


def _of_item(operation: object, argument: Any) -> set[str]:
    match str(operation):
        case "SUBPATTERN":
            return _of_sequence(list(argument[3]))
        case "BRANCH":
            each = [_of_sequence(list(branch)) for branch in argument[1]]
            return set().union(*each) if all(each) else set()
        case "MAX_REPEAT" | "MIN_REPEAT" if argument[0] > 0:
            return _of_sequence(list(argument[2]))
        case _:
            return set()
