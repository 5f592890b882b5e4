"""DNS over TCP: two bytes of length before each message (RFC 1035, 4.2.2). What is inside, dnspython reads."""

from __future__ import annotations

from portcheck.wire import WireError

LENGTH = 2
HEADER = 12  # RFC 1035, 4.1.1


def tcp(message: bytes) -> bytes:
    return len(message).to_bytes(LENGTH, "big") + message


def frame(buffer: bytes) -> int | None:
    """The size of the first framed message, in bytes; None until it is known. Raises WireError."""
    if len(buffer) < LENGTH:
        return None
    length = int.from_bytes(buffer[:LENGTH], "big")
    if length < HEADER:
        raise WireError("not a DNS message")
    return LENGTH + length
