"""Tests that wait stand evenly between the others, no file is torn, and none is lost."""

from __future__ import annotations

from itertools import groupby, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from spreading import spread

FILES = st.lists(st.tuples(st.booleans(), st.integers(1, 30)), max_size=30)
Test = tuple[int, bool, int]
"""Its file's number, whether it waits, and its place there."""


def made_of(files: list[tuple[bool, int]]) -> list[Test]:
    return [(number, waits, place) for number, (waits, size) in enumerate(files) for place in range(size)]


def spread_out(tests: list[Test]) -> list[Test]:
    return list(spread(tests, lambda test: test[0], lambda test: test[1]))


@given(FILES)
def test_none_is_lost_and_each_file_stays_whole_and_in_its_order(files: list[tuple[bool, int]]) -> None:
    tests = made_of(files)
    ordered = spread_out(tests)
    assert sorted(ordered) == tests
    files_met = [number for number, _ in groupby(ordered, key=lambda test: test[0])]
    assert len(files_met) == len(set(files_met))
    assert all(one < other for one, other in pairwise(ordered) if one[0] == other[0])
    assert [test for test in ordered if not test[1]] == [test for test in tests if not test[1]]


@pytest.mark.parametrize("parts", [2, 4])
def test_each_part_has_its_share_of_those_that_wait(parts: int) -> None:
    tests = made_of([(False, 20)] * 100 + [(True, 5)] * 20)
    ordered = spread_out(tests)
    size = len(ordered) // parts
    shares = [sum(test[1] for test in ordered[part * size : (part + 1) * size]) for part in range(parts)]
    assert max(shares) - min(shares) <= 10
    assert sum(test[1] for test in tests[:size]) == 0, "the twin: without spreading the first has none"
