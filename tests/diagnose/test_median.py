"""Our own median is the standard library's."""

import statistics

from hypothesis import given
from hypothesis import strategies as st

from portcheck.diagnose.reader import median


@given(st.lists(st.floats(-1e9, 1e9), min_size=1))
def test_it_is_the_middle_one_or_between_the_two_in_the_middle(numbers: list[float]) -> None:
    assert median(iter(numbers)) == statistics.median(numbers)
