"""The order of tests that run side by side: those that mostly wait evenly between those that keep a core busy."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from itertools import groupby
from typing import TypeVar

T = TypeVar("T")


def spread(tests: Sequence[T], file_of: Callable[[T], Hashable], waits: Callable[[T], bool]) -> Iterator[T]:
    """All of them, each file whole: what it prepares is prepared once."""
    files = [list(file) for _, file in groupby(tests, key=file_of)]
    waiting = [file for file in files if waits(file[0])]
    busy = [file for file in files if not waits(file[0])]
    share = sum(map(len, waiting)) / max(1, sum(map(len, busy)))
    owed = 0.0
    for file in busy:
        yield from file
        owed += share * len(file)
        while waiting and owed >= len(waiting[0]) / 2:
            owed -= len(waiting[0])
            yield from waiting.pop(0)
    for file in waiting:
        yield from file
