"""NTP: the clock of a server, by whatever version it answers."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from scapy.layers.ntp import NTPHeader

from portcheck.wire import WireError, ntp

COOKIE = bytes(range(1, 9))
REPLY = ntp.NtpReply(0, 3, 1, "LOCL", COOKIE, 1_600_000_000.25, 1_600_000_000.5, 0.5, 10.0)


def moment(text: str) -> float:
    whole, fraction = re.fullmatch(r"(.*)\.(\d{9}) UTC", text).groups()
    day = datetime.strptime(re.sub(" +", " ", whole), "%b %d, %Y %H:%M:%S").replace(tzinfo=UTC)
    return day.timestamp() + int(fraction) / 1e9


def test_recorded_answers_say_what_an_independent_dissector_read(recordings) -> None:
    for recorded in recordings("ntp"):
        reply, expected = ntp.NtpReply.unpack(recorded.response), recorded.expected
        assert reply.leap == int(expected["ntp.flags.li"]), recorded.name
        assert reply.version == int(expected["ntp.flags.vn"])
        assert reply.stratum == int(expected["ntp.stratum"])
        assert reply.reference_id.encode().hex() == expected["ntp.refid"]
        assert reply.root_delay_s == int(expected["ntp.rootdelay"]) / 2**16
        assert reply.root_dispersion_s == int(expected["ntp.rootdispersion"]) / 2**16
        assert reply.received == pytest.approx(moment(expected["ntp.rec"]), abs=1e-6)
        assert reply.transmitted == pytest.approx(moment(expected["ntp.xmt"]), abs=1e-6)
        assert reply.synchronized
        assert ntp.NtpReply.unpack(recorded.response, cookie=recorded.request[40:48]) == reply


def test_the_request_is_48_bytes_and_tells_nothing_but_the_cookie() -> None:
    raw = ntp.NtpRequest(COOKIE).pack()
    assert raw == b"\x23" + bytes(39) + COOKIE
    assert ntp.NtpRequest.unpack(raw) == ntp.NtpRequest(COOKIE)
    with pytest.raises(ValueError, match="cookie"):
        ntp.NtpRequest(bytes(8)).pack()


def test_a_reply_comes_back_as_it_was_packed() -> None:
    assert ntp.NtpReply.unpack(REPLY.pack(), COOKIE) == REPLY


def test_scapy_reads_our_reply_as_we_meant_it() -> None:
    packet = NTPHeader(REPLY.pack())
    assert (packet.leap, packet.version, packet.mode, packet.stratum) == (0, 3, 4, 1)
    assert (packet.delay, packet.dispersion, packet.ref_id) == (0.5, 10, b"LOCL")
    assert packet.sent - ntp.EPOCH_1900 == pytest.approx(1_600_000_000.5)


@pytest.mark.parametrize("version", [1, 2, 3, 4])
def test_every_version_up_to_four_is_an_answer(version: int) -> None:
    assert ntp.NtpReply.unpack(replace(REPLY, version=version).pack()).version == version


def test_an_answer_to_another_request_is_refused() -> None:
    with pytest.raises(WireError, match="another request"):
        ntp.NtpReply.unpack(REPLY.pack(), cookie=bytes(8))


@pytest.mark.parametrize("first", [0x23, 0x1B, 0x25, 0x04, 0x2C, 0x26])
def test_a_request_a_broadcast_and_impossible_versions_are_refused(first: int) -> None:
    with pytest.raises(WireError):
        ntp.NtpReply.unpack(bytes([first]) + REPLY.pack()[1:])


@pytest.mark.parametrize(
    ("stratum", "raw", "text"),
    [
        (0, b"INIT", "INIT"),
        (0, b"RATE", "RATE"),
        (1, b"GPS\0", "GPS"),
        (4, b"VMTP", "VMTP"),
        (2, bytes([10, 77, 1, 10]), "10.77.1.10"),
        (0, bytes(4), ""),
        (1, b"\x01\x02\x03\x04", "01020304"),
    ],
)
def test_the_reference_is_a_name_or_the_address_of_the_source(stratum: int, raw: bytes, text: str) -> None:
    packet = replace(REPLY, stratum=stratum).pack()
    assert ntp.NtpReply.unpack(packet[:12] + raw + packet[16:]).reference_id == text


def test_the_address_of_the_source_is_packed_as_four_bytes() -> None:
    assert replace(REPLY, stratum=2, reference_id="10.77.1.10").pack()[12:16] == bytes([10, 77, 1, 10])


@pytest.mark.parametrize(
    ("leap", "stratum", "good"), [(0, 1, True), (1, 15, True), (3, 2, False), (0, 0, False), (0, 16, False)]
)
def test_a_clock_is_set_when_its_leap_and_stratum_both_say_so(leap: int, stratum: int, good: bool) -> None:
    assert ntp.NtpReply.unpack(replace(REPLY, leap=leap, stratum=stratum).pack()).synchronized is good


def test_times_after_february_2036_belong_to_the_next_era() -> None:
    late = datetime(2036, 2, 7, 6, 28, 16, tzinfo=UTC).timestamp()
    reply = ntp.NtpReply.unpack(replace(REPLY, received=late - 1, transmitted=late + 1).pack())
    assert (reply.received, reply.transmitted) == (late - 1, late + 1)


def test_a_time_of_zero_is_not_told() -> None:
    reply = ntp.NtpReply.unpack(replace(REPLY, received=None, transmitted=None).pack())
    assert reply.received is reply.transmitted is None


def test_a_slightly_negative_root_delay_of_version_3_stays_small() -> None:
    assert ntp.NtpReply.unpack(replace(REPLY, root_delay_s=-0.25).pack()).root_delay_s == -0.25
