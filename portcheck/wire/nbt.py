"""NetBIOS over TCP/IP: the node status of 137/udp (RFC 1002 4.2.17) and the session request of 139/tcp (4.3.2)."""

from __future__ import annotations

import struct
from typing import Literal

from portcheck.frozen import dataclass
from portcheck.wire import WireError
from portcheck.wire.cursor import Cursor
from portcheck.wire.text import printable

NBSTAT, INTERNET = 0x21, 1
RESPONSE, AUTHORITATIVE = 0x8000, 0x0400
GROUP, ACTIVE = 0x8000, 0x0400
WILDCARD = b"*" + bytes(15)
MAX_LABELS = 16
STATISTICS = 46
"""Bytes after the names (RFC 1002 4.2.18), the first six the hardware address."""

SESSION_REQUEST, POSITIVE, NEGATIVE, RETARGET = 0x81, 0x82, 0x83, 0x84
SERVER, WORKSTATION = 0x20, 0x00
ENCODED = 34
"""Bytes of one encoded name without scope: its length, 32 letters, the root."""

SESSION_ERRORS = {
    0x80: "not listening on called name",
    0x81: "not listening for calling name",
    0x82: "called name not present",
    0x83: "called name present, but insufficient resources",
    0x8F: "unspecified error",
}


@dataclass(frozen=True, slots=True)
class NodeStatus:
    transaction_id: int
    names: tuple[tuple[str, int, bool], ...]  # name, suffix, whether it is a group's
    mac: str | None = None

    def pack(self) -> bytes:
        names = b"".join(_pack_name(*entry) for entry in self.names)
        mac = bytes.fromhex(self.mac.replace(":", "")) if self.mac else bytes(6)
        body = bytes([len(self.names)]) + names + mac + bytes(STATISTICS - 6)
        head = struct.pack(">HHHHHH", self.transaction_id, RESPONSE | AUTHORITATIVE, 0, 1, 0, 0)
        return head + _encode(WILDCARD) + struct.pack(">HHIH", NBSTAT, INTERNET, 0, len(body)) + body


def nbstat_request(transaction_id: int) -> bytes:
    """Ask a host for its table of names."""
    head = struct.pack(">HHHHHH", transaction_id, 0, 1, 0, 0, 0)
    return head + _encode(WILDCARD) + struct.pack(">HH", NBSTAT, INTERNET)


def unpack_nbstat_request(data: bytes) -> int:
    """The transaction id of a question for the table of names."""
    body = Cursor(data, order="big")
    transaction_id, flags, questions = body.integer(2), body.integer(2), body.integer(2)
    body.take(6)
    _skip_name(body)
    if flags & RESPONSE or questions != 1 or body.integer(2) != NBSTAT:
        raise WireError("not a node status request")
    body.take(2)
    return transaction_id


def unpack_nbstat(data: bytes) -> NodeStatus:
    body = Cursor(data, order="big")
    transaction_id, flags, questions, answers = (body.integer(2) for _ in range(4))
    body.take(4)
    if not flags & RESPONSE or flags & 0xF or answers != 1 or questions > 1:
        raise WireError("not a node status response")
    for _ in range(questions):
        _skip_name(body)
        body.take(4)
    _skip_name(body)
    if body.integer(2) != NBSTAT:
        raise WireError("an answer of another type than NBSTAT")
    body.take(6)
    inside = Cursor(body.take(body.integer(2)), order="big")
    names = tuple(_read_name(inside) for _ in range(inside.integer(1)))
    mac = inside.take(6)
    return NodeStatus(transaction_id, names, mac.hex(":") if any(mac) else None)


@dataclass(frozen=True, slots=True)
class SessionRequest:
    called: str
    calling: str

    def pack(self) -> bytes:
        names = _encode(_padded(self.called, SERVER)) + _encode(_padded(self.calling, WORKSTATION))
        return bytes([SESSION_REQUEST]) + len(names).to_bytes(3, "big") + names

    @classmethod
    def unpack(cls, data: bytes) -> SessionRequest:
        if data[:1] != bytes([SESSION_REQUEST]):
            raise WireError("not a NetBIOS session request")
        body = Cursor(_packet(data))
        called, calling = _decode(body.take(ENCODED)), _decode(body.take(ENCODED))
        return cls(_text(called[:15]), _text(calling[:15]))


@dataclass(frozen=True, slots=True)
class SessionReply:
    """Each of the three proves NetBIOS; only a positive one lets SMB follow."""

    kind: Literal["positive", "negative", "retarget"]
    code: int | None = None  # of a negative one, see SESSION_ERRORS
    address: str | None = None  # of a retarget, with its port
    port: int | None = None

    @property
    def accepted(self) -> bool:
        return self.kind == "positive"

    def pack(self) -> bytes:
        match self.kind:
            case "positive":
                return bytes([POSITIVE, 0, 0, 0])
            case "negative":
                return bytes([NEGATIVE, 0, 0, 1, self.code or 0x8F])
            case "retarget":
                octets = bytes(int(part) for part in (self.address or "0.0.0.0").split("."))  # noqa: S104
                return bytes([RETARGET, 0, 0, 6]) + octets + struct.pack(">H", self.port or 0)

    @classmethod
    def unpack(cls, data: bytes) -> SessionReply:
        packet = _packet(data)
        body = Cursor(packet, order="big")
        match data[0], len(packet):  # RFC 1002, 4.3.3 to 4.3.5: each has its one length
            case (0x82, 0):
                return cls("positive")
            case (0x83, 1):
                return cls("negative", code=body.integer(1))
            case (0x84, 6):
                return cls("retarget", address=".".join(map(str, body.take(4))), port=body.integer(2))
            case _:
                raise WireError("NetBIOS, but no answer to a session request")


def session_request(called: str = "*SMBSERVER", calling: str = "PORTCHECK") -> bytes:
    """Windows wants it on 139/tcp before SMB; `*SMBSERVER` stands for whoever listens."""
    return SessionRequest(called, calling).pack()


def frame(buffer: bytes) -> int | None:
    """Length of the first session request or reply; the session messages after it are framed by `smb`."""
    if buffer and not SESSION_REQUEST <= buffer[0] <= RETARGET:
        raise WireError("not a NetBIOS session packet")
    if len(buffer) < 4:
        return None
    length = int.from_bytes(buffer[1:4], "big")
    if length > 2 * 255:
        raise WireError(f"a NetBIOS session packet of {length} bytes")
    return 4 + length


def _packet(data: bytes) -> bytes:
    length = frame(data)
    if length is None or length > len(data):
        raise WireError("NetBIOS session packet ends early")
    return data[4:length]


def _encode(name: bytes) -> bytes:
    """First level encoding (RFC 1001 14.1): each half byte a letter from A on."""
    letters = bytes(ord("A") + half for byte in name for half in (byte >> 4, byte & 0xF))
    return bytes([len(letters)]) + letters + b"\0"


def _decode(encoded: bytes) -> bytes:
    letters = [letter - ord("A") for letter in encoded[1:33]]
    if encoded[0] != 32 or not all(0 <= half <= 0xF for half in letters):
        raise WireError("not an encoded NetBIOS name")
    return bytes(high << 4 | low for high, low in zip(letters[::2], letters[1::2], strict=True))


def _padded(name: str, suffix: int) -> bytes:
    return name.upper().encode("cp437", "replace")[:15].ljust(15) + bytes([suffix])


def _pack_name(name: str, suffix: int, group: bool) -> bytes:  # noqa: FBT001  # a name entry as it is
    return _padded(name, suffix) + struct.pack(">H", ACTIVE | GROUP * group)


def _read_name(body: Cursor) -> tuple[str, int, bool]:
    name, suffix, flags = body.take(15), body.integer(1), body.integer(2)
    return _text(name), suffix, bool(flags & GROUP)


def _text(name: bytes) -> str:
    return printable(name.rstrip(b" \0"), "cp437")


def _skip_name(body: Cursor) -> None:
    """Labels up to the root, or a pointer (RFC 1002 4.2.1), whose target does not matter here."""
    for _ in range(MAX_LABELS):
        length = body.integer(1)
        if length >= 0xC0:
            body.take(1)
            return
        if length == 0:
            return
        body.take(length)
    raise WireError("a NetBIOS name without end")
