"""BER as LDAP and Kerberos use it (X.690): tag, definite length, value. Peers may use longer lengths than needed."""

from __future__ import annotations

from datetime import UTC, datetime

from portcheck.frozen import dataclass
from portcheck.wire import WireError
from portcheck.wire.text import UNSHOWN

INTEGER = 0x02
BIT_STRING = 0x03
OCTET_STRING = 0x04
ENUMERATED = 0x0A
GENERALIZED_TIME = 0x18
GENERAL_STRING = 0x1B
SEQUENCE = 0x30
SET = 0x31

MAX_ELEMENTS = 4096


@dataclass(frozen=True, slots=True)
class Tlv:
    """One element; `tag` is the whole identifier octet, class and constructed bit included."""

    tag: int
    value: bytes


def _header(data: bytes, offset: int) -> tuple[int, int, int] | None:
    """Tag, where the value starts, its length; None: more bytes are needed."""
    if len(data) < offset + 1:
        return None
    tag = data[offset]
    if tag & 0x1F == 0x1F:
        raise WireError(f"BER tag 0x{tag:02x} of more than one octet")
    if len(data) < offset + 2:
        return None
    length = data[offset + 1]
    start = offset + 2
    if length >= 0x80:
        size = length & 0x7F
        # X.690 8.1.3.6: 0x80 is the indefinite form, which neither LDAP (RFC 4511, 5.1) nor DER allows
        if not 1 <= size <= 4:
            raise WireError(f"BER length octet 0x{length:02x}")
        if len(data) < start + size:
            return None
        length = int.from_bytes(data[start : start + size], "big")
        start += size
    return tag, start, length


def read(data: bytes, offset: int = 0) -> tuple[Tlv, int]:
    """The element at `offset`, and where the next one starts."""
    header = _header(data, offset)
    if header is None:
        raise WireError("BER element cut short")
    tag, start, length = header
    end = start + length
    if end > len(data):
        raise WireError(f"BER element of {length} bytes where {len(data) - start} are left")
    return Tlv(tag, data[start:end]), end


def frame(buffer: bytes, offset: int = 0) -> int | None:
    """Length of the element at `offset` with its header; None: the header is not complete yet."""
    header = _header(buffer, offset)
    return None if header is None else header[1] + header[2] - offset


def children(data: bytes, limit: int = MAX_ELEMENTS) -> tuple[Tlv, ...]:
    """All elements of a constructed value."""
    found: list[Tlv] = []
    offset = 0
    while offset < len(data):
        if len(found) == limit:
            raise WireError(f"more than {limit} BER elements")
        element, offset = read(data, offset)
        found.append(element)
    return tuple(found)


def whole(data: bytes, tag: int) -> bytes:
    """The value of the one element that `data` must consist of."""
    element, end = read(data)
    if element.tag != tag or end != len(data):
        raise WireError(f"not a single BER element 0x{tag:02x}")
    return element.value


def inner(element: Tlv, tag: int) -> bytes:
    """The value of an element that must have this tag."""
    if element.tag != tag:
        raise WireError(f"BER tag 0x{element.tag:02x} instead of 0x{tag:02x}")
    return element.value


def number(value: bytes) -> int:
    """An INTEGER, ENUMERATED or its implicitly tagged kin, two's complement."""
    if not 1 <= len(value) <= 8:
        raise WireError(f"integer of {len(value)} bytes")
    return int.from_bytes(value, "big", signed=True)


def text(value: bytes) -> str:
    """Safe to print: what a peer could steer a terminal with becomes `?`; AD's messages do hold line breaks."""
    decoded = value.decode("utf-8", "replace")
    return (
        decoded if decoded.isprintable() else "".join(c if c.isprintable() or c in "\n\t" else UNSHOWN for c in decoded)
    )


def moment(value: bytes) -> float:
    """A GeneralizedTime in UTC (`20261122213559Z`, `20261122213559.0Z`) as Unix seconds."""
    seconds, _, fraction = value.decode("ascii", "replace").removesuffix("Z").partition(".")
    if not value.endswith(b"Z") or len(seconds) != 14 or not (seconds + fraction).isdigit():
        raise WireError("not a GeneralizedTime in UTC")
    month, day, hour, minute, second = (int(seconds[i : i + 2]) for i in range(4, 14, 2))
    try:
        whole_second = datetime(int(seconds[:4]), month, day, hour, minute, second, tzinfo=UTC)
    except ValueError as error:
        raise WireError("no such time") from error
    return whole_second.timestamp() + float(f"0.{fraction[:9] or 0}")


def tlv(tag: int, *parts: bytes, long_form: bool = False) -> bytes:
    """One element; `long_form` spends four octets on the length, as Windows does."""
    value = b"".join(parts)
    size = len(value)
    if long_form:
        return bytes((tag, 0x84)) + size.to_bytes(4, "big") + value
    if size < 0x80:
        return bytes((tag, size)) + value
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + value


def integer(value: int, tag: int = INTEGER) -> bytes:
    size = (value if value >= 0 else ~value).bit_length() // 8 + 1
    return tlv(tag, value.to_bytes(size, "big", signed=True))


def enumerated(value: int) -> bytes:
    return integer(value, ENUMERATED)


def boolean(value: bool) -> bytes:  # noqa: FBT001
    return tlv(0x01, b"\xff" if value else b"\x00")


def octets(value: bytes | str, tag: int = OCTET_STRING, *, long_form: bool = False) -> bytes:
    """A string; in Windows' manner too, a short one has a length of one octet."""
    raw = value.encode() if isinstance(value, str) else value
    return tlv(tag, raw, long_form=long_form and len(raw) >= 0x80)


def generalized_time(seconds: float) -> bytes:
    """Whole seconds; the fraction travels elsewhere (Kerberos) or nowhere."""
    return octets(datetime.fromtimestamp(int(seconds), UTC).strftime("%Y%m%d%H%M%SZ"), GENERALIZED_TIME)
