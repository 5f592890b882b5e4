"""DNS over TCP: the length goes before (RFC 1035, 4.2.2)."""

from __future__ import annotations

import pytest

from portcheck.wire import WireError, dns_frame

HEADER = "1234 8180 0001 0000 0000 0000"


def test_a_message_is_framed_by_its_length() -> None:
    message = bytes.fromhex(HEADER)
    framed = dns_frame.tcp(message)
    assert framed == b"\x00\x0c" + message
    assert dns_frame.frame(framed + b"the next one") == len(framed)


@pytest.mark.parametrize("begun", [b"", b"\x00"])
def test_of_a_length_that_is_not_complete_nothing_is_known(begun: bytes) -> None:
    assert dns_frame.frame(begun) is None


@pytest.mark.parametrize(("length", "good"), [(b"\x00\x0b", False), (b"\x00\x0c", True), (b"\xff\xff", True)])
def test_what_is_shorter_than_a_header_is_no_message(length: bytes, good: bool) -> None:
    if good:
        assert dns_frame.frame(length) == 2 + int.from_bytes(length, "big")
    else:
        with pytest.raises(WireError, match="not a DNS message"):
            dns_frame.frame(length)
