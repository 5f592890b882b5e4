"""What Winsock hands over, byte by byte as ws2ipdef.h and mstcpip.h lay it out; and options that old builds lack."""

from __future__ import annotations

import ctypes
import errno
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portcheck.net.icmp import Icmp, Said
from portcheck.net.platform import machine, winsock

# ICMP_ERROR_INFO: family, port, address | IPv6 flow, address, scope | protocol, type, code | padding
PROHIBITED = bytes.fromhex("0200 0000 0a4d6402" + "00" * 20 + "01000000 03 0d 0000")
EXPIRED = bytes.fromhex("0200 0000 0a4d6401" + "00" * 20 + "01000000 0b 00 0000")
EXPIRED_V6 = bytes.fromhex("1700 0000 00000000 fd77" + "00" * 13 + "01 00000000 3a000000 03 00 0000")


class TcpInfoV0(ctypes.Structure):
    """TCP_INFO_v0 with the compiler's own padding, which is Windows' too."""

    _fields_ = (
        *((name, ctypes.c_uint32) for name in ("State", "Mss")),
        ("ConnectionTimeMs", ctypes.c_uint64),
        ("TimestampsEnabled", ctypes.c_uint8),
        *((n, ctypes.c_uint32) for n in ("RttUs", "MinRttUs", "BytesInFlight", "Cwnd", "SndWnd", "RcvWnd", "RcvBuf")),
        *((name, ctypes.c_uint64) for name in ("BytesOut", "BytesIn")),
        *((name, ctypes.c_uint32) for name in ("BytesReordered", "BytesRetrans", "FastRetrans", "DupAcksIn")),
        ("TimeoutEpisodes", ctypes.c_uint32),
        ("SynRetrans", ctypes.c_uint8),
    )


class OptionSocket:
    """Answers getsockopt and setsockopt as told, and keeps what it was asked."""

    def __init__(self, answer: bytes | OSError = b"") -> None:
        self.answer = answer
        self.asked: list[tuple[int, int, int]] = []

    def setsockopt(self, level: int, option: int, value: int) -> None:
        self.asked.append((level, option, value))
        if isinstance(self.answer, OSError):
            raise self.answer

    def getsockopt(self, level: int, option: int, room: int) -> bytes:
        self.asked.append((level, option, room))
        if isinstance(self.answer, OSError):
            raise self.answer
        return self.answer


def sock(answer: bytes | OSError = b"") -> socket.socket:
    return OptionSocket(answer)  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("data", "icmp", "said"),
    [
        (PROHIBITED, Icmp(4, 3, 13, "10.77.100.2"), Said.PROHIBITED),
        (EXPIRED, Icmp(4, 11, 0, "10.77.100.1"), Said.TTL),
        (EXPIRED_V6, Icmp(6, 3, 0, "fd77::1"), Said.TTL),
    ],
)
def test_the_router_behind_a_failed_connect_is_read_with_and_without_padding(
    data: bytes, icmp: Icmp, said: Said
) -> None:
    assert len(data) == 36
    assert winsock.unpack_icmp_error_info(data) == winsock.unpack_icmp_error_info(data[:34]) == icmp
    assert winsock.unpack_icmp_error_info(data + bytes(28)) == icmp
    assert icmp.says is said


@pytest.mark.parametrize("data", [b"", PROHIBITED[:33], b"\x09" + PROHIBITED[1:], bytes(64)])
def test_no_icmp_error_and_no_ip_family_name_nobody(data: bytes) -> None:
    assert winsock.unpack_icmp_error_info(data) is None


@given(st.binary(max_size=80))
def test_any_bytes_from_the_system_are_read_without_harm(data: bytes) -> None:
    icmp = winsock.unpack_icmp_error_info(data)
    assert icmp is None or icmp.family in {4, 6}
    assert set(winsock.unpack_tcp_info_v0(data)) <= {"unacked_bytes", "retransmits", "rtt_ms"}


def test_the_error_of_a_connect_is_asked_for_by_number_and_its_absence_is_no_fault() -> None:
    told = sock(PROHIBITED)
    assert winsock.icmp_of(told) == Icmp(4, 3, 13, "10.77.100.2")
    assert told.asked == [(6, 19, 64)]  # type: ignore[attr-defined]
    assert winsock.icmp_of(sock(OSError(11004, "WSANO_DATA"))) is None
    assert winsock.icmp_of(sock(OSError(10042, "WSAENOPROTOOPT"))) is None


def test_what_an_old_build_does_not_know_is_not_asked_in_vain() -> None:
    willing, old = sock(), sock(OSError(10042, "WSAENOPROTOOPT"))
    assert winsock.ask_for_icmp(willing) is True
    assert winsock.ask_for_icmp(old) is False
    winsock.send_one_syn(willing)
    winsock.send_one_syn(old)
    assert willing.asked == old.asked == [(6, 18, 1), (6, 9, 1)]  # type: ignore[attr-defined]


def test_bytes_in_flight_and_repeats_are_told_as_linux_tells_them() -> None:
    info = TcpInfoV0(RttUs=12_500, BytesInFlight=312, BytesRetrans=624, TimeoutEpisodes=2, SynRetrans=1)
    assert len(bytes(info)) == winsock.TCP_INFO_V0.size
    assert winsock.unpack_tcp_info_v0(bytes(info)) == {"unacked_bytes": 312, "retransmits": 3, "rtt_ms": 12.5}


def test_bytes_sent_again_without_a_counted_episode_are_at_least_one() -> None:
    assert winsock.unpack_tcp_info_v0(bytes(TcpInfoV0(BytesRetrans=1)))["retransmits"] == 1


def test_a_round_trip_that_was_never_measured_is_not_told() -> None:
    assert "rtt_ms" not in winsock.unpack_tcp_info_v0(bytes(TcpInfoV0(RttUs=0xFFFFFFFF)))


def test_half_a_structure_tells_nothing() -> None:
    assert winsock.unpack_tcp_info_v0(bytes(TcpInfoV0())[:87]) == {}


@pytest.mark.parametrize(("build", "without_icmp"), [(14393, True), (17763, True), (19041, False), (26100, False)])
def test_a_report_from_windows_says_what_its_build_could_not_tell(build: int, without_icmp: bool) -> None:
    limits = machine.limits_of("win32", build)
    assert any(f"here {build})" in limit for limit in limits) is without_icmp
    assert any("TTL" in limit for limit in limits)
    assert any("UDP" in limit for limit in limits)


def test_linux_has_no_limits_and_others_have() -> None:
    assert machine.limits_of("linux", 0) == ()
    assert machine.limits_of("darwin", 0)


def test_off_windows_the_number_gets_the_system_s_words() -> None:
    assert isinstance(winsock.error(errno.ECONNREFUSED), ConnectionRefusedError)
