"""Search filters (RFC 4511, 4.5.1.7), as far as a rootDSE search or an LDAP ping needs them."""

from __future__ import annotations

from portcheck.frozen import dataclass
from portcheck.wire import WireError, ber

AND = 0xA0
EQUALITY = 0xA3
PRESENT = 0x87

MAX_DEPTH = 8


@dataclass(frozen=True, slots=True)
class Present:
    attribute: str


@dataclass(frozen=True, slots=True)
class Equals:
    attribute: str
    value: bytes


@dataclass(frozen=True, slots=True)
class And:
    parts: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class OtherFilter:
    """Any other kind, kept as it came."""

    tag: int
    value: bytes


Filter = Present | Equals | And | OtherFilter

ANY = Present("objectClass")


def pack(filter_: Filter, *, long_form: bool = False) -> bytes:
    match filter_:
        case Present(attribute):
            return ber.octets(attribute, PRESENT)
        case Equals(attribute, value):
            return ber.tlv(EQUALITY, ber.octets(attribute), ber.octets(value), long_form=long_form)
        case And(parts):
            return ber.tlv(AND, *(pack(part, long_form=long_form) for part in parts), long_form=long_form)
        case OtherFilter(tag, value):
            return ber.tlv(tag, value)


def unpack(element: ber.Tlv, depth: int = MAX_DEPTH) -> Filter:
    if depth == 0:
        raise WireError("search filter nested too deeply")
    match element.tag:
        case tag if tag == PRESENT:
            return Present(ber.text(element.value))
        case tag if tag == EQUALITY:
            return _equals(element.value)
        case tag if tag == AND:
            return And(tuple(unpack(part, depth - 1) for part in ber.children(element.value)))
        case tag:
            return OtherFilter(tag, element.value)


def _equals(value: bytes) -> Equals:
    parts = ber.children(value, limit=2)
    if len(parts) != 2:
        raise WireError("assertion without attribute or value")
    attribute, wanted = (ber.inner(part, ber.OCTET_STRING) for part in parts)
    return Equals(ber.text(attribute), wanted)
