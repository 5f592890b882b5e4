""".NET message framing (MC-NMF 2.2) up to the security upgrade: enough to know AD Web Services, without credentials."""

from __future__ import annotations

from enum import IntEnum
from typing import Literal

from portcheck.frozen import dataclass
from portcheck.wire import WireError
from portcheck.wire.cursor import Cursor
from portcheck.wire.text import printable

RESOURCE = "ActiveDirectoryWebServices/Windows/Resource"
NEGOTIATE = "application/negotiate"
ADDRESS = ("http://", "https://")  # what a fault is named by (MC-NMF 2.2.3.6)
FAULTS = "http://schemas.microsoft.com/ws/2006/05/framing/faults/"
DUPLEX = 2
BINARY_DICTIONARY = 8
MAX_TEXT = 2048
"""Ours: no via or fault address comes near it."""


class Record(IntEnum):
    """Record types (MC-NMF 2.2.1)."""

    VERSION = 0x00
    MODE = 0x01
    VIA = 0x02
    KNOWN_ENCODING = 0x03
    FAULT = 0x08
    UPGRADE_REQUEST = 0x09
    UPGRADE_RESPONSE = 0x0A
    PREAMBLE_ACK = 0x0B
    PREAMBLE_END = 0x0C


RecordKind = Literal["upgrade", "ack", "fault"]
PLAIN: dict[int, RecordKind] = {Record.UPGRADE_RESPONSE: "upgrade", Record.PREAMBLE_ACK: "ack"}


@dataclass(frozen=True, slots=True)
class Preamble:
    """What a client says first. `upgrade` is empty where it ends the preamble in the clear."""

    via: str
    version: tuple[int, int] = (1, 0)
    mode: int = DUPLEX
    encoding: int = BINARY_DICTIONARY
    upgrade: str = NEGOTIATE

    def pack(self) -> bytes:
        head = bytes([Record.VERSION, *self.version, Record.MODE, self.mode])
        end = _text(Record.UPGRADE_REQUEST, self.upgrade) if self.upgrade else bytes([Record.PREAMBLE_END])
        return head + _text(Record.VIA, self.via) + bytes([Record.KNOWN_ENCODING, self.encoding]) + end

    @classmethod
    def unpack(cls, data: bytes) -> Preamble:
        body = Cursor(data)
        _expect(body, Record.VERSION)
        version = body.integer(1), body.integer(1)
        _expect(body, Record.MODE)
        mode = body.integer(1)
        _expect(body, Record.VIA)
        via = _read_text(body)
        _expect(body, Record.KNOWN_ENCODING)
        encoding = body.integer(1)
        if body.integer(1) == Record.PREAMBLE_END:
            return cls(via, version, mode, encoding, upgrade="")
        body.at -= 1
        _expect(body, Record.UPGRADE_REQUEST)
        return cls(via, version, mode, encoding, _read_text(body))


@dataclass(frozen=True, slots=True)
class NmfReply:
    """Any of the three proves the framing; a fault names what the service did not like."""

    kind: RecordKind
    fault: str = ""  # the fault's address, where kind is "fault"

    @property
    def fault_name(self) -> str:
        """`EndpointNotFound` of the whole address."""
        return self.fault.rpartition("/")[2]

    def pack(self) -> bytes:
        if self.kind == "fault":
            return _text(Record.FAULT, self.fault)
        return bytes([Record.UPGRADE_RESPONSE if self.kind == "upgrade" else Record.PREAMBLE_ACK])


def preamble(host: str, port: int = 9389) -> bytes:
    """The preamble for ADWS up to the request to go on with Negotiate; nothing secret is said before or after it."""
    return Preamble(f"net.tcp://{host}:{port}/{RESOURCE}").pack()


def frame(buffer: bytes) -> int | None:
    """Length of the first reply record."""
    if not buffer:
        return None
    if buffer[0] in PLAIN:
        return 1
    if buffer[0] != Record.FAULT:
        raise WireError("not a reply of .NET message framing")
    sized = _read_size(buffer[1:])
    return None if sized is None else 1 + sum(sized)


def frame_preamble(buffer: bytes) -> int | None:
    """Length of the client's preamble, up to and with its upgrade request or end."""
    if buffer[:1] > b"\0":
        raise WireError("not a preamble of .NET message framing")
    if len(buffer) < 6:
        return None
    via = _read_size(buffer[6:])
    after = None if via is None else 6 + sum(via) + 2  # past the encoding record
    if after is None or len(buffer) <= after:
        return None
    if buffer[after] != Record.UPGRADE_REQUEST:
        return after + 1
    upgrade = _read_size(buffer[after + 1 :])
    return None if upgrade is None else after + 1 + sum(upgrade)


def unpack_reply(data: bytes) -> NmfReply:
    body = Cursor(data)
    kind = body.integer(1)
    if kind in PLAIN:
        return NmfReply(PLAIN[kind])
    if kind != Record.FAULT:
        raise WireError("not a reply of .NET message framing")
    fault = _read_text(body)
    if not fault.startswith(ADDRESS):
        raise WireError("a framing fault without the address of one")
    return NmfReply("fault", fault)


def _read_size(data: bytes) -> tuple[int, int] | None:
    """(bytes of the size, size): seven bits a byte, the lowest first (MC-NMF 2.2.2)."""
    size = 0
    for place, byte in enumerate(data[:3]):
        size |= (byte & 0x7F) << 7 * place
        if byte < 0x80:
            if size > MAX_TEXT:
                raise WireError(f"a framing record of {size} bytes")
            return place + 1, size
    if len(data) >= 3:
        raise WireError("a framing record without end")
    return None


def _read_text(body: Cursor) -> str:
    sized = _read_size(body.data[body.at :])
    if sized is None:
        raise WireError("framing record ends early")
    body.take(sized[0])
    return printable(body.take(sized[1]), limit=MAX_TEXT)


def _text(kind: Record, text: str) -> bytes:
    raw = text.encode()
    size = bytearray()
    left = len(raw)
    while left > 0x7F:
        size.append(left & 0x7F | 0x80)
        left >>= 7
    return bytes([kind, *size, left]) + raw


def _expect(body: Cursor, kind: Record) -> None:
    if body.integer(1) != kind:
        raise WireError(f"framing record {kind.name.lower()} expected")
