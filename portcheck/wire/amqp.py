"""The protocol header of AMQP 1.0 (OASIS AMQP 1.0, part 2 section 2.2 and part 5 section 5.3.1): all that is said
before the other side knows who asks."""

from __future__ import annotations

from dataclasses import dataclass

from portcheck.wire import WireError

MAGIC = b"AMQP"
LENGTH = 8
PLAIN, TLS, SASL = 0, 2, 3


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


def frame(buffer: bytes) -> int | None:
    """Length of the header, once it can only be one."""
    if not MAGIC.startswith(buffer[:4]):
        raise WireError("not AMQP")
    return LENGTH if len(buffer) >= LENGTH else None
