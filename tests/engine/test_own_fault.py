"""A fault of the program itself is told with its place, so that a report of it is of use."""

from __future__ import annotations

from portcheck.asking import own_fault
from portcheck.wire.ntp import NtpReply


def test_it_is_told_where_it_is_and_in_the_errors_words() -> None:
    try:
        NtpReply.unpack(None)  # type: ignore[arg-type]
    except TypeError as error:
        told = own_fault.told(error)
    assert "please report it" in told
    assert "(at wire/ntp.py:" in told
    assert "TypeError" not in told


def test_it_is_one_printable_line_of_bounded_length() -> None:
    told = own_fault.told(RuntimeError("a\n\x1b[31m" + "b" * 10_000))
    assert told.isprintable()
    assert len(told) < 300


def test_an_error_without_words_or_without_a_line_of_ours_is_told_all_the_same() -> None:
    assert own_fault.told(NotImplementedError()).endswith("at an unknown place")
