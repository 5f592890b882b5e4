"""KDC-PROXY-MESSAGE, both ways (MS-KKDCP 2.2.2)."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portcheck.wire import WireError
from portcheck.wire.kkdcp import KdcProxyMessage


def test_the_bytes_are_those_of_the_document() -> None:
    # SEQUENCE { [0] OCTET STRING of length and message, [1] GeneralString }
    packed = KdcProxyMessage(b"\x6a\x00", "A.B").pack()
    assert packed == bytes.fromhex("3011a0080406000000026a00a1051b03412e42")
    assert KdcProxyMessage.unpack(packed) == KdcProxyMessage(b"\x6a\x00", "A.B")


def test_an_answer_names_no_realm() -> None:
    assert KdcProxyMessage.unpack(bytes.fromhex("300aa0080406000000027e00")) == KdcProxyMessage(b"\x7e\x00")


@pytest.mark.parametrize("cut", range(12))
def test_what_is_cut_short_is_none(cut: int) -> None:
    with pytest.raises(WireError):
        KdcProxyMessage.unpack(bytes.fromhex("300aa0080406000000027e00")[:cut])


@pytest.mark.parametrize("foreign", ["3000", "300aa0080406000000037e00", "300aa0080406000000017e00", "0400"])
def test_a_foreign_or_torn_message_is_none(foreign: str) -> None:
    with pytest.raises(WireError):
        KdcProxyMessage.unpack(bytes.fromhex(foreign))


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_random_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        found = KdcProxyMessage.unpack(data)
    except WireError:
        return
    assert KdcProxyMessage.unpack(KdcProxyMessage(found.message, "").pack()).message == found.message
