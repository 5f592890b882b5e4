"""The pre-login of Microsoft SQL Server (MS-TDS 2.2.6.5): version and encryption, before any logon."""

from __future__ import annotations

import struct

from portcheck.frozen import dataclass
from portcheck.wire import WireError
from portcheck.wire.cursor import Cursor

PRELOGIN, TABULAR = 0x12, 0x04
END_OF_MESSAGE = 0x01
HEADER = 8
VERSION, ENCRYPTION, TERMINATOR = 0x00, 0x01, 0xFF
MAX_PACKET = 4096
MAX_OPTIONS = 32

ENCRYPTIONS = {0: "off", 1: "on", 2: "not supported", 3: "required"}


def frame(buffer: bytes) -> int | None:
    """Length of the first packet, a pre-login or its answer."""
    if (buffer and buffer[0] not in {PRELOGIN, TABULAR}) or buffer[1:2] > b"\x01":
        raise WireError("not a TDS pre-login")
    if len(buffer) < 4:
        return None
    length = int.from_bytes(buffer[2:4], "big")
    if not HEADER < length <= MAX_PACKET:
        raise WireError(f"a TDS packet of {length} bytes")
    return length


@dataclass(frozen=True, slots=True)
class PreLogin:
    """Either side of the exchange: the answer has the same options in a packet of another type."""

    version: tuple[int, int, int] = (0, 0, 0)  # major, minor, build
    encryption: int = 0
    reply: bool = False

    @property
    def encryption_name(self) -> str:
        return ENCRYPTIONS.get(self.encryption, f"0x{self.encryption:02x}")

    def pack(self) -> bytes:
        # VERSION must be the first option, else the server closes
        version = struct.pack(">BBHH", *self.version, 0)
        start = 2 * 5 + 1
        options = struct.pack(">BHHBHHB", VERSION, start, 6, ENCRYPTION, start + 6, 1, TERMINATOR)
        body = options + version + bytes([self.encryption])
        kind = TABULAR if self.reply else PRELOGIN
        return struct.pack(">BBHHBB", kind, END_OF_MESSAGE, HEADER + len(body), 0, 1 - self.reply, 0) + body

    @classmethod
    def unpack(cls, data: bytes) -> PreLogin:
        length = frame(data)
        if length is None or length > len(data):
            raise WireError("TDS packet ends early")
        options = _options(data[HEADER:length])
        version = options.get(VERSION, b"")
        if len(version) < 6:
            raise WireError("TDS pre-login without a version")
        major, minor, build = struct.unpack_from(">BBH", version)
        return cls((major, minor, build), (options.get(ENCRYPTION) or b"\0")[0], reply=data[0] == TABULAR)

    @classmethod
    def unpack_reply(cls, data: bytes) -> PreLogin:
        """The server's side of it; an echo of the client's is a WireError."""
        answer = cls.unpack(data)
        if not answer.reply:
            raise WireError("a TDS pre-login, but not the server's")
        return answer


def _options(body: bytes) -> dict[int, bytes]:
    options: dict[int, bytes] = {}
    head = Cursor(body, order="big")
    for _ in range(MAX_OPTIONS):
        token = head.integer(1)
        if token == TERMINATOR:
            return options
        start, length = head.integer(2), head.integer(2)
        options[token] = Cursor(body, min(start, len(body))).take(length)
    raise WireError("TDS pre-login options without end")
