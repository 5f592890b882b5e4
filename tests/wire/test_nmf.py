""".NET message framing: the preamble of AD Web Services, and the three ways to answer it."""

from __future__ import annotations

import pytest

from portcheck.wire import WireError, nmf

UNSUPPORTED_VERSION = "http://schemas.microsoft.com/ws/2006/05/framing/faults/UnsupportedVersion"


def test_the_preamble_stops_at_the_request_for_negotiate() -> None:
    via = b"net.tcp://dc1.alpha.test:9389/ActiveDirectoryWebServices/Windows/Resource"
    raw = nmf.preamble("dc1.alpha.test")
    assert raw == b"\x00\x01\x00\x01\x02\x02\x49" + via + b"\x03\x08\x09\x15application/negotiate"
    assert nmf.Preamble.unpack(raw) == nmf.Preamble(via.decode())


@pytest.mark.parametrize("upgrade", [nmf.NEGOTIATE, ""])
def test_a_preamble_comes_back_as_it_was_packed(upgrade: str) -> None:
    preamble = nmf.Preamble("net.tcp://" + "x" * 300, upgrade=upgrade)  # its size takes two bytes
    raw = preamble.pack()
    assert nmf.frame_preamble(raw) == len(raw)
    assert nmf.frame_preamble(raw + b"surplus") == len(raw)
    assert nmf.Preamble.unpack(raw) == preamble


def test_the_fault_recorded_from_real_ports_is_read() -> None:
    raw = b"\x08\x49" + UNSUPPORTED_VERSION.encode()
    reply = nmf.unpack_reply(raw)
    assert reply == nmf.NmfReply("fault", UNSUPPORTED_VERSION)
    assert reply.fault_name == "UnsupportedVersion"
    assert reply.pack() == raw
    assert nmf.frame(raw) == len(raw)


@pytest.mark.parametrize(("raw", "kind"), [(b"\x0a", "upgrade"), (b"\x0b", "ack")])
def test_an_upgrade_and_an_ack_are_one_byte(raw: bytes, kind: str) -> None:
    assert nmf.unpack_reply(raw).kind == kind
    assert nmf.unpack_reply(raw).pack() == raw
    assert nmf.frame(raw + b"surplus") == 1


@pytest.mark.parametrize("foreign", [b"HTTP/1.1 400", b"\x16\x03\x01", b"\x00", b"\x08\xff\xff\xff", b"\x08\xff\x7f"])
def test_what_is_no_reply_or_too_long_is_refused(foreign: bytes) -> None:
    with pytest.raises(WireError):
        nmf.frame(foreign)
    with pytest.raises(WireError):
        nmf.unpack_reply(foreign)


def test_a_foreign_preamble_is_refused() -> None:
    with pytest.raises(WireError):
        nmf.frame_preamble(b"GET / HTTP/1.1")
    with pytest.raises(WireError, match="via"):
        nmf.Preamble.unpack(b"\x00\x01\x00\x01\x02\x03\x08\x0c")
