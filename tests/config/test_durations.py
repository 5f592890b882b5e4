"""Durations: every spelling, the bounds, and that what is written is read back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portcheck.config import ConfigError, format_duration, parse_duration


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("4s", 4.0),
        ("250ms", 0.25),
        ("1m30s", 90.0),
        ("15m", 900.0),
        ("2h", 7200.0),
        ("31d", 2678400.0),
        ("1.5h", 5400.0),
        ("1m1ms", 60.001),
        ("4", 4.0),
        ("2.5", 2.5),
        (" 4S ", 4.0),
        (4, 4.0),
        (2.5, 2.5),
    ],
)
def test_a_duration_in_seconds(written: object, seconds: float) -> None:
    assert parse_duration(written) == seconds


@pytest.mark.parametrize(
    "written",
    [
        "",
        " ",
        "s",
        "4 s",
        "4sec",
        "30s1m",
        "4s4s",
        "1e3s",
        "-4s",
        "+4s",
        "٤s",
        "4s\n5s",
        "1.s",
        ".5s",
        "0x10s",
        "4" * 50,
        None,
        True,
        [],
        {},
        b"4s",
    ],
)
def test_what_is_no_duration(written: object) -> None:
    with pytest.raises(ConfigError, match=r"is not a duration; write it like 4s, 250ms or 1m30s$"):
        parse_duration(written)


@pytest.mark.parametrize("written", [0, "0s", "0.1ms", -1, "32d", 10**400, float("inf"), float("nan")])
def test_what_is_no_reasonable_duration(written: object) -> None:
    with pytest.raises(ConfigError, match=r"is out of range; a duration is between 1ms and 31d$"):
        parse_duration(written)


@given(st.integers(1, 31 * 86_400_000))
def test_what_is_written_is_read_back(milliseconds: int) -> None:
    assert parse_duration(format_duration(milliseconds / 1000)) == pytest.approx(milliseconds / 1000)


@given(st.text(alphabet="0123456789.dhms -"))
def test_any_text_is_a_duration_in_bounds_or_a_complaint(text: str) -> None:
    try:
        seconds = parse_duration(text)
    except ConfigError:
        seconds = 1.0
    assert 0.001 <= seconds <= 31 * 86_400
