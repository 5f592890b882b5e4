"""The protocol header of AMQP 1.0 (OASIS AMQP 1.0, part 2 section 2.2 and part 5 section 5.3.1): all that is said
before the other side knows who asks."""

from __future__ import annotations

from portcheck.frozen import dataclass
from portcheck.wire import WireError

MAGIC = b"AMQP"
LENGTH = 8
PLAIN, TLS, SASL = 0, 2, 3
FRAME_HEADER, SASL_FRAME, MAX_FRAME = 8, 1, 512  # 5.3.3: no SASL frame is larger than 512 bytes
MECHANISMS = (b"\0\x53\x40", b"\0\x80\0\0\0\0\0\0\0\x40", b"\0\xa3\x19amqp:sasl-mechanisms:list")
"""How the offer is described: by its number, short or long, or by its name (part 1, 1.6)."""


@dataclass(frozen=True, slots=True)
class ProtocolHeader:
    """Either side's first bytes; a server that wants another layer answers with that one's header and closes."""

    layer: int = SASL
    version: tuple[int, int, int] = (1, 0, 0)

    def pack(self) -> bytes:
        return MAGIC + bytes([self.layer, *self.version])

    @classmethod
    def unpack(cls, data: bytes) -> ProtocolHeader:
        length = frame(data)
        if length is None or len(data) < length:
            raise WireError("AMQP header ends early")
        layer, major, minor, revision = data[4:LENGTH]
        return cls(layer, (major, minor, revision))


def mechanisms_frame(buffer: bytes) -> int | None:
    """Length of the frame in which a SASL server offers its mechanisms, right after the header (5.3.2, 5.3.3.1).

    No client sends one, so it is no echo. WireError for any other frame.
    """
    if len(buffer) < FRAME_HEADER:
        return None
    length, offset, kind = int.from_bytes(buffer[:4], "big"), buffer[4] * 4, buffer[5]
    if kind != SASL_FRAME or not FRAME_HEADER <= offset < length <= MAX_FRAME:
        raise WireError("AMQP, but no SASL frame")
    if len(buffer) < length:
        return None
    if not buffer[offset:length].startswith(MECHANISMS):
        raise WireError("an AMQP SASL frame, but no offer of mechanisms")
    return length


def frame(buffer: bytes) -> int | None:
    """Length of the header, once it can only be one."""
    if not MAGIC.startswith(buffer[:4]):
        raise WireError("not AMQP")
    return LENGTH if len(buffer) >= LENGTH else None
