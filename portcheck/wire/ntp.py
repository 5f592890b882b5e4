"""The client exchange of NTP (RFC 5905 section 7.3), as chrony, ntpd and the Windows time service answer it.

Windows answers a version 4 client with version 3 and ignores any length but 48, 68 and 120 bytes (MS-SNTP 3.2.5.1).
"""

from __future__ import annotations

import math
import struct

from portcheck.frozen import dataclass
from portcheck.wire import WireError

LENGTH = 48
CLIENT, SERVER = 3, 4
UNSYNCHRONIZED = 3
"""The leap indicator of a clock that is not set."""

EPOCH_1900 = 2_208_988_800
ERA = 2**32
MAX_STRATUM = 15

# the root delay is signed in version 3 (RFC 1305, 3.2.1)
LAYOUT = "!BBbbiI4s8s8s8s8s"


@dataclass(frozen=True, slots=True)
class NtpRequest:
    """The cookie stands where the client's clock would: the server echoes it, and learns nothing."""

    cookie: bytes  # 8 random bytes, not all zero
    version: int = 4

    def pack(self) -> bytes:
        if len(self.cookie) != 8 or not any(self.cookie):
            raise ValueError("the cookie is 8 bytes, not all zero")
        return bytes([self.version << 3 | CLIENT]) + bytes(39) + self.cookie

    @classmethod
    def unpack(cls, data: bytes) -> NtpRequest:
        _check(data, CLIENT)
        return cls(cookie=data[40:48], version=data[0] >> 3 & 0b111)


@dataclass(frozen=True, slots=True)
class NtpReply:
    leap: int
    version: int
    stratum: int
    reference_id: str  # LOCL, VMTP, INIT …, or the IPv4 address of its source
    origin: bytes  # our cookie
    received: float | None  # Unix seconds
    transmitted: float | None
    root_delay_s: float = 0.0
    root_dispersion_s: float = 0.0

    @property
    def synchronized(self) -> bool:
        return self.leap != UNSYNCHRONIZED and 1 <= self.stratum <= MAX_STRATUM

    def pack(self) -> bytes:
        return struct.pack(
            LAYOUT,
            self.leap << 6 | self.version << 3 | SERVER,
            self.stratum,
            6,  # poll: 64 s
            -20,  # precision: about 1 µs
            round(self.root_delay_s * 2**16),
            round(self.root_dispersion_s * 2**16),
            _pack_reference(self.reference_id),
            _pack_time(self.received),
            self.origin,
            _pack_time(self.received),
            _pack_time(self.transmitted),
        )

    @classmethod
    def unpack(cls, data: bytes, cookie: bytes | None = None) -> NtpReply:
        """`cookie`: what we sent; an answer to another question is a WireError."""
        _check(data, SERVER)
        first, stratum, _, _, delay, dispersion, reference, _, origin, received, transmitted = struct.unpack_from(
            LAYOUT, data
        )
        if cookie is not None and origin != cookie:
            raise WireError("an NTP reply to another request")
        return cls(
            leap=first >> 6,
            version=first >> 3 & 0b111,
            stratum=stratum,
            reference_id=_reference(reference, stratum),
            origin=origin,
            received=_unix(received),
            transmitted=_unix(transmitted),
            root_delay_s=delay / 2**16,
            root_dispersion_s=dispersion / 2**16,
        )


def _check(data: bytes, mode: int) -> None:
    if len(data) < LENGTH:
        raise WireError(f"an NTP message has {LENGTH} bytes, not {len(data)}")
    if data[0] & 0b111 != mode or not 1 <= data[0] >> 3 & 0b111 <= 4:
        raise WireError("not NTP, or not this side of it")


def _unix(stamp: bytes) -> float | None:
    """Unix seconds; None for the zero that means "not known". A clear top bit is era 1, from 2036 on (RFC 4330, 3)."""
    seconds, fraction = struct.unpack("!II", stamp)
    if seconds == fraction == 0:
        return None
    era = 0 if seconds & 0x80000000 else ERA
    return float(era + seconds - EPOCH_1900 + fraction / ERA)


def _pack_time(unix: float | None) -> bytes:
    if unix is None:
        return bytes(8)
    fraction, seconds = math.modf(unix + EPOCH_1900)
    return struct.pack("!II", int(seconds) % ERA, int(fraction * ERA))


def _reference(raw: bytes, stratum: int) -> str:
    text = raw.rstrip(b"\0")
    if text and all(0x20 < byte < 0x7F for byte in text):
        return text.decode("ascii")
    return ".".join(map(str, raw)) if stratum >= 2 else raw.hex() if text else ""


def _pack_reference(text: str) -> bytes:
    if text.count(".") == 3:
        return bytes(int(part) for part in text.split("."))
    return text.encode("ascii").ljust(4, b"\0")[:4]
