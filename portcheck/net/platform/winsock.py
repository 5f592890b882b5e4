"""What Winsock tells beside the socket module: the router behind a failed connect, and a conversation's counters.

The numbers are those of ws2ipdef.h and mstcpip.h; the module loads everywhere, and answers "not told" off Windows.
"""

from __future__ import annotations

import os
import socket
import struct
import sys

from portcheck.model import Facts
from portcheck.net.icmp import Icmp

IPPROTO_TCP = 6
TCP_NOSYNRETRIES = 9
TCP_FAIL_CONNECT_ON_ICMP_ERROR = 18
TCP_ICMP_ERROR_INFO = 19
SIO_TCP_INFO = 0xD8000027  # _WSAIORW(IOC_VENDOR, 39)
FIRST_BUILD_WITH_ICMP = 19041  # Windows 10 2004; Server 2016 (14393) and 2019 (17763) are older
AF_INET, AF_INET6 = 2, 23  # Windows' own number for IPv6, whatever this machine calls it

# ICMP_ERROR_INFO: SOCKADDR_INET (28 bytes: family, port, IPv4 address or flow label, IPv6 address, scope), the
# protocol (4), type and code; padded to 36.
ICMP_ERROR_INFO = struct.Struct("<HH4s16s4xIBB")
ICMP_ERROR_INFO_ROOM = 64
# TCP_INFO_v0 up to SynRetrans: State, Mss, ConnectionTimeMs, TimestampsEnabled, RttUs, MinRttUs, BytesInFlight, Cwnd,
# SndWnd, RcvWnd, RcvBuf, BytesOut, BytesIn, BytesReordered, BytesRetrans, FastRetrans, DupAcksIn, TimeoutEpisodes.
TCP_INFO_V0 = struct.Struct("<IIQB3xIIIIIIIQQIIIIIB3x")
NO_SAMPLE = 0xFFFFFFFF


def build() -> int:
    """The build of this Windows; 0 elsewhere."""
    if sys.platform == "win32":
        return sys.getwindowsversion().build
    return 0


def names_routers() -> bool:
    """Does this Windows tell who sent the ICMP error that a connect ended in?"""
    return build() >= FIRST_BUILD_WITH_ICMP


def ask_for_icmp(sock: socket.socket) -> bool:
    """Have an ICMP error end the connect, which is otherwise ignored; False where the build is too old for it."""
    try:
        sock.setsockopt(IPPROTO_TCP, TCP_FAIL_CONNECT_ON_ICMP_ERROR, 1)
    except OSError:
        return False
    return True


def send_one_syn(sock: socket.socket) -> None:
    """No second SYN, neither after silence nor after a reset (Winsock's habit, KB175523): a refusal shows at once."""
    try:
        sock.setsockopt(IPPROTO_TCP, TCP_NOSYNRETRIES, 1)
    except OSError:
        return  # a refusal then takes two seconds, and is taken for silence


def icmp_of(sock: socket.socket) -> Icmp | None:
    """The ICMP error that the last connect ended in; None where there was none (WSANO_DATA) or it is not told."""
    try:
        return unpack_icmp_error_info(sock.getsockopt(IPPROTO_TCP, TCP_ICMP_ERROR_INFO, ICMP_ERROR_INFO_ROOM))
    except OSError:
        return None


def unpack_icmp_error_info(data: bytes) -> Icmp | None:
    """ICMP_ERROR_INFO; None for an empty one ("none since the last connect") and for a family that is not IP's."""
    if len(data) < ICMP_ERROR_INFO.size:
        return None
    family, _, four, six, _, type_, code = ICMP_ERROR_INFO.unpack_from(data)
    if family == AF_INET:
        return Icmp(4, type_, code, socket.inet_ntop(socket.AF_INET, four))
    if family == AF_INET6:
        return Icmp(6, type_, code, socket.inet_ntop(socket.AF_INET6, six))
    return None


def unpack_tcp_info_v0(data: bytes) -> Facts:
    """`unacked_bytes`, `retransmits`, `rtt_ms` as Linux tells them; Windows counts episodes, so it is "at least"."""
    if len(data) < TCP_INFO_V0.size:
        return {}
    told = TCP_INFO_V0.unpack_from(data)
    rtt_us, in_flight = told[4], told[6]
    bytes_again, fast, timeouts, syn = told[14], told[15], told[17], told[18]
    facts: Facts = {"unacked_bytes": in_flight, "retransmits": max(fast + timeouts + syn, int(bytes_again > 0))}
    return facts if rtt_us == NO_SAMPLE else facts | {"rtt_ms": rtt_us / 1000}


def error(code: int) -> OSError:
    """The error of this number, with the system's own words for it."""
    if sys.platform == "win32":
        return ctypes.WinError(code)
    return OSError(code, os.strerror(code))


if sys.platform == "win32":
    import ctypes
    from ctypes import wintypes

    _ioctl = ctypes.WinDLL("ws2_32").WSAIoctl
    _ioctl.restype = ctypes.c_int
    _ioctl.argtypes = (
        ctypes.c_size_t,  # SOCKET is as wide as a pointer
        wintypes.DWORD,
        ctypes.c_void_p,
        wintypes.DWORD,
        ctypes.c_void_p,
        wintypes.DWORD,
        ctypes.POINTER(wintypes.DWORD),
        ctypes.c_void_p,
        ctypes.c_void_p,
    )

    def tcp_info(sock: socket.socket) -> bytes:
        """TCP_INFO_v0 as the system hands it over (Windows 10 1703 and later); empty where it does not."""
        version, written = wintypes.DWORD(0), wintypes.DWORD(0)
        room = ctypes.create_string_buffer(TCP_INFO_V0.size)
        if sock.fileno() < 0:
            return b""
        failed = _ioctl(
            sock.fileno(),
            SIO_TCP_INFO,
            ctypes.byref(version),
            ctypes.sizeof(version),
            room,
            len(room),
            ctypes.byref(written),
            None,
            None,
        )
        return b"" if failed else room.raw[: written.value]

else:

    def tcp_info(sock: socket.socket) -> bytes:
        """Not known here."""
        return b""
